# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How much was rocked in the last hour; what a node keeps over restarts."""

from typing import Any, Dict, List, Mapping, Tuple

from baby_cry_detector.care.hard_limits import HARD_DUTY_S
from baby_cry_detector.units import HOUR_NS, SECOND_NS

MOST_ENTRIES = 5000


class DutyLog:
    """
    Times of motion on one clock that never goes back while the machine runs.

    :param limit_s: most motion within any hour, in seconds; at most `HARD_DUTY_S`.
    """

    def __init__(self, limit_s: float = 900.0) -> None:
        """Nothing has moved."""
        self.limit_ns = round(min(limit_s, HARD_DUTY_S) * SECOND_NS)
        self._entries: List[Tuple[int, int]] = []

    def used_ns(self, now_ns: int) -> int:
        """Return how much motion the hour before ``now_ns`` holds; what is to come counts too."""
        oldest = now_ns - HOUR_NS
        return sum(end - max(start, oldest) for start, end in self._entries if end > oldest)

    def left_ns(self, now_ns: int) -> int:
        """Return how much more motion may begin now."""
        return max(0, self.limit_ns - self.used_ns(now_ns))

    def note(self, from_ns: int, until_ns: int) -> None:
        """Write down motion; what lies within the last entry's time is not counted twice."""
        if until_ns <= from_ns:
            return
        if self._entries and from_ns <= self._entries[-1][1]:
            start, end = self._entries[-1]
            # A plan replaces what was to come; what has been can't be taken back.
            self._entries[-1] = (start, max(until_ns, from_ns, start))
        else:
            self._entries.append((from_ns, until_ns))
        oldest = until_ns - HOUR_NS
        while len(self._entries) > 1 and (
                self._entries[0][1] < oldest or len(self._entries) > MOST_ENTRIES):
            self._entries.pop(0)

    def extend(self, from_ns: int, until_ns: int) -> None:
        """Write down motion that was seen; what was planned already is not counted twice."""
        if until_ns <= from_ns:
            return
        if self._entries and from_ns <= self._entries[-1][1]:
            start, end = self._entries[-1]
            self._entries[-1] = (start, max(end, until_ns))
        else:
            self.note(from_ns, until_ns)

    def add(self, other: 'DutyLog') -> None:
        """Take over what another log holds; what both hold counts once."""
        entries: List[Tuple[int, int]] = []
        for start, end in sorted(self._entries + other._entries):
            if entries and start <= entries[-1][1]:
                entries[-1] = (entries[-1][0], max(end, entries[-1][1]))
            else:
                entries.append((start, end))
        self._entries = entries[-MOST_ENTRIES:]

    def document(self, clock_id: str) -> Dict[str, Any]:
        """Return what is to be kept; ``clock_id`` names this run of the clock."""
        return {'clock_id': clock_id, 'entries': [list(entry) for entry in self._entries]}

    def restore(self, document: Mapping[str, Any], now_ns: int, clock_id: str) -> None:
        """
        Take over what was kept.

        Times of another run of the clock count as if the last motion had ended just now.

        :raises ValueError: if it is no document of a duty log; all duty then counts as used.
        """
        try:
            entries = [(start, end) for start, end in document['entries']]
            if not all(type(start) is int and type(end) is int and start < end
                       for start, end in entries):
                raise ValueError('times must be integers that go forward')
            if any(one[1] > other[0] for one, other in zip(entries, entries[1:])):
                raise ValueError('times are out of order')
            same = document['clock_id'] == clock_id
        except (KeyError, TypeError, ValueError) as error:
            self._entries = [(now_ns - self.limit_ns, now_ns)]
            raise ValueError(f'this is no log of motion: {error!r}') from None
        if entries and not (same and entries[-1][1] <= now_ns):
            shift = now_ns - entries[-1][1]
            if not same or shift < -HOUR_NS:
                entries = [(start + shift, end + shift) for start, end in entries]
        self._entries = entries[-MOST_ENTRIES:]
