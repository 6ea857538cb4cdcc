# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Where in its cycle a joint that rocks is, from its positions.

A cycle begins where the joint passes the middle of its way upwards. Nothing is assumed of the
curve but that one cycle is like the one before.
"""

from collections import deque
from typing import Deque, List, Optional, Tuple

from baby_cry_detector.units import SECOND_NS
import numpy as np

#: What counts as rocking: periods, and how much one may differ from the one before.
SHORTEST_S, LONGEST_S, SAME_PERIOD = 0.5, 5.0, 0.08
#: And how the strokes of two motions may differ that still are the same one.
SAME_STROKE = 0.15
KEPT_S = 2.2 * LONGEST_S
#: Positions are asked for up to so long after the newest one.
MOST_AHEAD_S = 0.5
#: A joint within this share of its stroke for so long stands still; a joint without a stroke too.
STILL_S, STILL_SHARE, LEAST_STROKE = 1.0, 0.05, 1e-3
_LEAST_APART_NS = 8_000_000            # denser positions say nothing more


class MotionPhase:
    """
    The newest seconds of one joint.

    :ivar period_s: of the motion; 0 while it is none that repeats.
    :ivar stroke: from end to end, in the joint's units.
    """

    def __init__(self) -> None:
        self._samples: Deque[Tuple[int, float]] = deque()
        self._crossings: List[int] = []        # when the middle was passed upwards
        self._was_below = False
        self.period_s = self.stroke = 0.0

    def add(self, time_ns: int, position: float) -> None:
        """Take a position, in any unit; what is no number, or not newer, is not taken."""
        if not np.isfinite(position):
            return
        if self._samples and time_ns - self._samples[-1][0] < _LEAST_APART_NS:
            if time_ns > self._samples[-1][0] - SECOND_NS:
                return
            self.clear()                       # the clock was set back
        if self._samples and time_ns - self._samples[-1][0] > MOST_AHEAD_S * SECOND_NS:
            self.clear()
        self._samples.append((time_ns, float(position)))
        while time_ns - self._samples[0][0] > KEPT_S * SECOND_NS:
            self._samples.popleft()
        self._update_phase(time_ns, position)

    def clear(self) -> None:
        """Forget what was measured."""
        self._samples.clear()
        self._crossings.clear()
        self._was_below, self.period_s, self.stroke = False, 0.0, 0.0

    def _update_phase(self, time_ns: int, position: float) -> None:
        span_s = 1.1 * (self.period_s or LONGEST_S)
        recent = [place for then_ns, place in self._samples
                  if time_ns - then_ns <= span_s * SECOND_NS]
        low, high = min(recent), max(recent)
        middle, stroke = 0.5 * (low + high), high - low
        if stroke < LEAST_STROKE:
            self._crossings.clear()
            self.period_s = self.stroke = 0.0
            return
        if position < middle - 0.1 * stroke:
            self._was_below = True
        elif position >= middle and self._was_below:
            self._was_below = False
            self._crossings.append(self._passed_ns(middle))
            del self._crossings[:-3]
            self._judge(stroke)
        elif self._crossings and time_ns - self._crossings[-1] > 1.25 * SECOND_NS * (
                self.period_s or LONGEST_S):
            self._crossings.clear()
            self.period_s = 0.0

    def _passed_ns(self, middle: float) -> int:
        """Return when the middle was passed, between the newest two positions."""
        if len(self._samples) < 2:
            return self._samples[-1][0]
        (before_ns, before), (after_ns, after) = self._samples[-2], self._samples[-1]
        share = (middle - before) / (after - before) if after > before else 1.0
        return before_ns + round(min(1.0, max(0.0, share)) * (after_ns - before_ns))

    def _judge(self, stroke: float) -> None:
        self.period_s = 0.0
        if len(self._crossings) < 3:
            return
        before, now = np.diff(self._crossings) / SECOND_NS
        if SHORTEST_S <= now <= LONGEST_S and abs(now - before) < SAME_PERIOD * now:
            self.period_s, self.stroke = float(now), stroke

    def at(self, time_ns: int) -> Optional[float]:
        """Return the phase at a time, 0 to 1; ``None``: it does not rock, or nobody says so."""
        if not self.period_s or not self._is_measured(time_ns):
            return None
        cycles = (time_ns - self._crossings[-1]) / (self.period_s * SECOND_NS)
        return float(cycles % 1.0) if -2.0 < cycles < 1.5 else None

    def is_still(self, time_ns: int) -> bool:
        """Return whether the joint is known to stand still at about a time."""
        if not self._is_measured(time_ns):
            return False
        recent = [place for then_ns, place in self._samples
                  if self._samples[-1][0] - then_ns <= STILL_S * SECOND_NS]
        return len(recent) > 3 and max(recent) - min(recent) < max(
            LEAST_STROKE, STILL_SHARE * self.stroke)

    def is_known(self, time_ns: int) -> bool:
        """Return whether anybody says at about a time where the joint is."""
        return bool(self._samples) and (
            abs(time_ns - self._samples[-1][0]) < KEPT_S * SECOND_NS)

    def _is_measured(self, time_ns: int) -> bool:
        return bool(self._samples) and (
            self._samples[0][0] <= time_ns <= self._samples[-1][0] + MOST_AHEAD_S * SECOND_NS)
