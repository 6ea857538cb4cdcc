# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How much sound a baby's ear got: equivalent level and minutes of the last hour and day.

Minutes of the clock are added up, so a day is 1,440 small numbers; time comes in with the data.
"""

import math
from typing import Any, Dict, Iterator, Tuple

from baby_cry_detector.units import MINUTE_NS

HOUR_MINUTES, DAY_MINUTES = 60, 1440
SILENT_DBA = 0.0


class DoseLog:
    """Minute by minute, for a day; serialisable."""

    def __init__(self) -> None:
        """Nothing was heard."""
        self._minutes: Dict[int, Tuple[float, float]] = {}     # minute: (energy, seconds)

    def add(self, now_ns: int, level_dba: float, duration_s: float) -> None:
        """
        Note that a sound was played.

        :param now_ns: when it ended.
        :param level_dba: equivalent level at the ear.
        """
        minute = now_ns // MINUTE_NS
        energy, seconds = self._minutes.get(minute, (0.0, 0.0))
        self._minutes[minute] = (energy + 10.0 ** (level_dba / 10.0) * duration_s,
                                 seconds + duration_s)
        self._forget(minute)

    def _forget(self, minute: int) -> None:
        # What lies ahead was noted before the clock was set back, and counts as recent; what
        # lies more than a day ahead came from a wrong clock.
        for old in [m for m in self._minutes if abs(minute - m) >= DAY_MINUTES]:
            del self._minutes[old]

    def _window(self, now_ns: int, minutes: int) -> Iterator[Tuple[float, float]]:
        now = now_ns // MINUTE_NS
        return (value for minute, value in self._minutes.items()
                if now - minutes < minute < now + DAY_MINUTES)

    def leq_dba(self, now_ns: int, minutes: int) -> float:
        """Return the equivalent level of the last minutes, silence included; 0 if none."""
        energy = sum(value[0] for value in self._window(now_ns, minutes))
        mean = energy / (minutes * 60.0)
        return max(SILENT_DBA, 10.0 * math.log10(mean)) if mean > 0.0 else SILENT_DBA

    def played_s(self, now_ns: int, minutes: int) -> float:
        """Return for how many seconds sounds played during the last so many minutes."""
        return sum(value[1] for value in self._window(now_ns, minutes))

    def figures(self, now_ns: int) -> Dict[str, float]:
        """Return what to show."""
        return {'leq_hour_dba': round(self.leq_dba(now_ns, HOUR_MINUTES), 1),
                'leq_day_dba': round(self.leq_dba(now_ns, DAY_MINUTES), 1),
                'played_hour_s': round(self.played_s(now_ns, HOUR_MINUTES), 1),
                'played_day_s': round(self.played_s(now_ns, DAY_MINUTES), 1)}

    def as_dict(self) -> Dict[str, Any]:
        """Return what `from_dict` takes."""
        return {'minutes': [[minute, round(energy, 3), round(seconds, 3)]
                            for minute, (energy, seconds) in sorted(self._minutes.items())]}

    @classmethod
    def from_dict(cls, document: Dict[str, Any]) -> 'DoseLog':
        """
        Return a log that was kept.

        :raises ValueError: if it is none.
        """
        log = cls()
        try:
            for minute, energy, seconds in document['minutes']:
                energy, seconds = float(energy), float(seconds)
                if type(minute) is not int or not (0.0 <= energy < 1e15 and 0.0 <= seconds <= 120):
                    raise ValueError(f'minute {minute!r} holds {energy!r}, {seconds!r}')
                log._minutes[minute] = (energy, seconds)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f'no dose log: {error!r}') from None
        if len(log._minutes) > 3 * DAY_MINUTES:
            raise ValueError('no dose log: it holds more than a day')
        return log
