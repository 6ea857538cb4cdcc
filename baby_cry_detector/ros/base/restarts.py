# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A node that dies again and again waits longer and longer before it starts."""

import time

from baby_cry_detector.kept_state import KeptState

# A start that comes so long after another is none of a series.
SERIES_S = 120.0
# The first so many of a series do not wait: one crash must not cost hearing.
FREE_STARTS = 3
LONGEST_WAIT_S = 60.0


def wait_s(starts: int) -> float:
    """Return how long the start after so many others of a series waits: 0, then 1, 2, 4 … 60 s."""
    if starts < FREE_STARTS:
        return 0.0
    return min(LONGEST_WAIT_S, 2.0 ** min(starts - FREE_STARTS, 10))


class Restarts:
    """
    The series of starts of one node, on the clock that nobody sets.

    :param name: full name of the node.
    :param say: is given a sentence.
    """

    def __init__(self, name: str, say):
        """Remember the name."""
        self._name, self._say = name, say

    def wait(self, sleep=time.sleep) -> float:
        """Note this start, wait if it is one of a series, and return how long it waited."""
        try:
            delay_s = self._note(time.clock_gettime(time.CLOCK_BOOTTIME))
        except (OSError, ValueError) as error:
            self._say(f'a series of crashes would not be noticed: {error}')
            return 0.0
        if delay_s:
            self._say(f'it was started again and again: waiting {delay_s:g} s')
            sleep(delay_s)
        return delay_s

    def _note(self, now_s: float) -> float:
        kept = KeptState(self._name, '.starts')
        try:
            try:
                document = kept.read() or {}
                starts, last_s = int(document['starts']), float(document['last_s'])
            except (KeyError, TypeError, ValueError, OverflowError):
                starts, last_s = 0, now_s
            # Waiting is part of the series; a boot begins another.
            if not 0 <= now_s - last_s <= SERIES_S + LONGEST_WAIT_S or starts < 0:
                starts = 0
            delay_s = wait_s(starts)
            kept.keep({'starts': starts + 1, 'last_s': now_s})
            return delay_s
        finally:
            kept.close()
