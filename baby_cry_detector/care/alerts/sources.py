# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Do those who speak on `cry_need` agree? Two that do not would begin and end alerts all night.

Pure: told the stamps and, for what stamps can not tell, a clock that nobody sets.
"""

from collections import deque
from typing import Deque, Optional, Tuple

from baby_cry_detector.cry_state import CryState
from baby_cry_detector.units import SECOND_NS

# One detector does not change its mind so often in so little of its own time: a cry lasts for
# min_cry_duration_s at least, and a pause for hold_s.
MOST_CHANGES, WINDOW_NS = 5, 2 * SECOND_NS
# Nor do its stamps go back again and again.
STEP_BACK_NS = 2 * SECOND_NS
MOST_STEPS_BACK, STEPS_WINDOW_NS = 4, 10 * SECOND_NS
# So long it must be quiet before they are believed again.
CALM_NS = 30 * SECOND_NS


class Disagreement:
    """Notices two detectors that contradict each other."""

    def __init__(self) -> None:
        """Nothing was heard."""
        self._said: Optional[Tuple[str, int, bool, str]] = None
        self._stamp_ns = 0
        self._changes: Deque[int] = deque(maxlen=MOST_CHANGES)
        self._steps_back: Deque[int] = deque(maxlen=MOST_STEPS_BACK)
        self._until_ns = 0

    def note(self, state: CryState, steady_ns: int) -> None:
        """Take a state that comes at ``steady_ns``."""
        said = (state.crib_id, state.status, state.crying,
                state.episode_id if state.crying else '')
        seen = False          # by this state: what was noted before does not go on counting
        if self._said is not None and state.stamp_ns < self._stamp_ns - STEP_BACK_NS:
            self._steps_back.append(steady_ns)
            seen = _all_within(self._steps_back, MOST_STEPS_BACK, STEPS_WINDOW_NS)
        if said != self._said:
            self._said = said
            self._changes.append(state.stamp_ns)
            seen = seen or _all_within(self._changes, MOST_CHANGES, WINDOW_NS)
        self._stamp_ns = state.stamp_ns
        if seen:
            self._until_ns = steady_ns + CALM_NS

    def is_seen(self, steady_ns: int) -> bool:
        """Return whether they have disagreed lately."""
        return steady_ns < self._until_ns


def _all_within(times: Deque[int], number: int, window_ns: int) -> bool:
    return len(times) == number and max(times) - min(times) <= window_ns
