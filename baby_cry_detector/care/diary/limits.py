# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How much others may fill the diary: so much at once from one source, so much from all together.

Pure: the time comes in. A source is who says that it did something; since anybody may say any
name, all names together have a bound too, and what a caregiver enters has its own.
"""

from collections import Counter
from typing import Dict

from baby_cry_detector.care.diary.rows import CARE_KINDS
from baby_cry_detector.units import MINUTE_NS

MOST_SOURCES = 500
# (at once, a minute). A robot does some things a minute, a person some an hour; a bag that is
# played at a thousand times its speed says a week in a few minutes.
ONE_SOURCE = (1000, 6.0)
ALL_OF_A_GROUP = (2000, 12.0)
PERSONS_KINDS = (*CARE_KINDS, 'labelled', 'acknowledged', 'snoozed')


class Bucket:
    """So many tokens at once, so many more a minute."""

    def __init__(self, size: float, per_minute: float, now_ns: int):
        """Begin full."""
        self._size, self._per_minute = size, per_minute
        self._tokens, self._then_ns = float(size), now_ns

    def has(self, now_ns: int) -> bool:
        """Return whether there is a token."""
        since_ns = max(0, now_ns - self._then_ns)
        self._tokens = min(self._size, self._tokens + since_ns / MINUTE_NS * self._per_minute)
        self._then_ns = now_ns
        return self._tokens >= 1

    def take(self) -> None:
        """Take one."""
        self._tokens -= 1


class FloodGate:
    """
    Admits entries, and counts those that it refuses.

    :ivar refused: how many, by source.
    """

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._sources: Dict[str, Bucket] = {}
        self._groups: Dict[str, Bucket] = {}
        self.refused: Counter[str] = Counter()

    def admits(self, group: str, source: str, now_ns: int) -> bool:
        """
        Return whether another entry may come in.

        :param group: ``'events'``, ``'alerts'``, ``'episodes'``: each has its own bound.
        :param now_ns: of a clock that nobody sets.
        """
        name = f'{group} of {source[:60]!r}' if source else group
        if name not in self._sources and len(self._sources) >= MOST_SOURCES:
            full = [key for key, bucket in self._sources.items() if bucket.has(now_ns)]
            if full:
                del self._sources[full[0]]
            else:
                name = f'{group} of others'
        buckets = (self._sources.setdefault(name, Bucket(*ONE_SOURCE, now_ns)),
                   self._groups.setdefault(group, Bucket(*ALL_OF_A_GROUP, now_ns)))
        if all(bucket.has(now_ns) for bucket in buckets):
            for bucket in buckets:
                bucket.take()
            return True
        self.refused[name if name in self.refused or len(self.refused) < 20 else group] += 1
        return False

    def admits_event(self, kind: str, who: str, now_ns: int) -> bool:
        """Return whether another care event may come in."""
        return self.admits('care events by persons' if kind in PERSONS_KINDS else 'care events',
                           who, now_ns)
