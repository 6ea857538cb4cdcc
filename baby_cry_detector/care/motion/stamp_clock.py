# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Whether clocks were set or slewed, against those that can't be; pure."""

from collections import deque
import math
from typing import Deque, Tuple

# Two clocks that part by more than that within a second were not just read badly, nor differ in
# pace as clocks do that are kept right (0.05 %): one was set, or is slewed.
PARTED_S, MOST_PACE, WINDOW_S = 2e-3, 2e-3, 1.0
# For so long it may be set again, and a stop counts from when it arrives, not from its stamp.
DOUBT_S = 2.0
# The clock of the motion itself is slewed with the machine's (by up to 10 %): faster by that, what
# is executed is still within the limits. Seen over so long.
MOST_SLEW, SLEW_WINDOW_S = 0.03, 2.0


class StampClock:
    """
    Both clocks as they were read within the last second.

    :ivar read_s: when they were read last, -infinity: never.
    """

    def __init__(self) -> None:
        """Nothing was read."""
        self.read_s = self._set_s = -math.inf
        self._readings: Deque[Tuple[float, float]] = deque()     # when, how far apart

    def read(self, now_s: float, stamp_s: float) -> bool:
        """Take a reading of both; return whether one was set since the last one, or is slewed."""
        readings, apart_s = self._readings, stamp_s - now_s
        while len(readings) > 1 and readings[0][0] < now_s - WINDOW_S:
            readings.popleft()
        self.read_s = now_s
        is_set = bool(readings) and any(
            abs(apart_s - before) > PARTED_S + MOST_PACE * (now_s - before_s)
            for before_s, before in (readings[0], readings[-1]))
        if is_set:
            self._set_s = now_s
            readings.clear()
        readings.append((now_s, apart_s))
        return is_set

    def is_in_doubt(self, now_s: float) -> bool:
        """Return whether it was set so lately that it may be set again."""
        return now_s < self._set_s + DOUBT_S


class MachineClock:
    """The clock of the motion against one that nobody can slew."""

    def __init__(self) -> None:
        """Nothing was read."""
        self._readings: Deque[Tuple[float, float]] = deque()     # the clock, and that one

    def slew(self, now_s: float, raw_s: float) -> float:
        """
        Take a reading of both; return how much faster the clock goes where that is much, or 0.

        :param now_s: of the clock of the motion, ``raw_s`` of the one that nobody can slew.
        """
        readings = self._readings
        readings.append((now_s, raw_s))
        while len(readings) > 2 and readings[1][1] <= raw_s - SLEW_WINDOW_S:
            readings.popleft()
        span_s = raw_s - readings[0][1]
        if span_s < 0.5 * SLEW_WINDOW_S:
            return 0.0
        pace = (now_s - readings[0][0]) / span_s - 1.0
        return pace if abs(pace) > MOST_SLEW else 0.0
