# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How long after the first audio something was, whatever clocks were set meanwhile."""

from typing import List

from baby_cry_detector.units import SECOND_NS

# Nobody records on after so long a gap: times that leap so far were told by another clock.
CLOCK_SET_NS, MOST_CLOCKS = 86_400 * SECOND_NS, 100


class Elapsed:
    """Follows when audio was captured, by one clock after the other."""

    def __init__(self) -> None:
        self._clocks: List[List[int]] = []     # begin, end, and when it began since the start

    def note(self, begin_ns: int, end_ns: int, furthest_ns: int = CLOCK_SET_NS) -> None:
        """
        Take a block.

        :param furthest_ns: from the end of what came before; further is another clock's time.
        """
        if self._clocks and abs(begin_ns - self._clocks[-1][1]) <= furthest_ns:
            self._clocks[-1][1] = max(end_ns, self._clocks[-1][1])
        elif len(self._clocks) < MOST_CLOCKS:
            elapsed_ns = self.since_start(self._clocks[-1][1]) if self._clocks else 0
            self._clocks.append([begin_ns, end_ns, elapsed_ns])

    def since_start(self, time_ns: int) -> int:
        """Return how long after the first audio a time is; 0 before any."""
        if not self._clocks:
            return 0
        first, _, elapsed = min(self._clocks, key=lambda clock: max(
            clock[0] - time_ns, time_ns - clock[1], 0))
        return time_ns - first + elapsed
