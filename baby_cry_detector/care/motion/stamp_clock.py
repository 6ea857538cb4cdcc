# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the clock of the stamps was set, against the one that does not go back; pure."""

import math

# Two clocks that part by more than that were not just read badly, nor differ in pace: one was set.
PARTED_S, MOST_PACE = 2e-3, 2e-3
# For so long it may be set again, and a stop counts from when it arrives, not from its stamp.
DOUBT_S = 2.0


class StampClock:
    """
    Both clocks as they were read last.

    :ivar read_s: when, -infinity: never.
    """

    def __init__(self) -> None:
        """Nothing was read."""
        self.read_s = self._set_s = -math.inf
        self._apart_s = 0.0

    def read(self, now_s: float, stamp_s: float) -> bool:
        """Take a reading of both; return whether one was set since the last one."""
        before_s, before = self.read_s, self._apart_s
        self.read_s, self._apart_s = now_s, stamp_s - now_s
        if before_s == -math.inf or abs(self._apart_s - before) <= (
                PARTED_S + MOST_PACE * (now_s - before_s)):
            return False
        self._set_s = now_s
        return True

    def is_in_doubt(self, now_s: float) -> bool:
        """Return whether it was set so lately that it may be set again."""
        return now_s < self._set_s + DOUBT_S
