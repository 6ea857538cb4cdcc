# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What this microphone was over days, and whether it is less than that now.

A microphone that is covered, has lost its high sounds, or loses gain hour by hour goes on moving
by its own noise: from minute to minute it is a room that falls quiet. Over days it is not. Three
figures of each hour are kept: its quietest level, the quietest of what is high, and the loudest of
that. Nobody can tell them from a house on holiday; so this is a remark, and a reason for the
self-test, which can.

Hours are counted as they are listened to, by no clock that somebody may set.

It is kept in a small file, so that one that was muted overnight is known in the morning too:
levels, one a minute of the last day and three an hour of two weeks; never sound.
"""

from collections import deque
from dataclasses import dataclass
import math
from typing import (Any, Callable, Deque, Dict, List, NamedTuple, Optional, Sequence, Tuple,
                    TYPE_CHECKING)

from baby_cry_detector.kept_state import KeptState
from baby_cry_detector.stream.verdict import FINE, Verdict, WARN
import numpy as np

if TYPE_CHECKING:
    from baby_cry_detector.stream.reception import Reception

HOUR_S, DAY_HOURS, KEPT_HOURS = 3600, 24, 14 * 24
# Known after so long; the last day is what is judged, so that a slow loss is not learned.
LEAST_HOURS = 2 * DAY_HOURS
# Quieter than any day before it by so much, in its quietest hour and its quietest high sounds;
# or than the usual one, for what is lost little by little.
QUIETER_DB, LOST_DB = 6.0, 10.0
# Nothing high was as loud in a whole day as the loudest of each day before it, by so much.
MUFFLED_DB = 12.0
# So often what is high is looked at, s; high is above this.
HIGH_EVERY_S, HIGH_HZ = 5, 2000.0
FLOOR_PERCENTILE = 10.0
SILENT_DBFS = -120.0


class Hour(NamedTuple):
    """What an hour was, dBFS: its quietest tenth, that of what is high, and the loudest of it."""

    floor_db: float
    high_floor_db: float
    high_peak_db: float


@dataclass(frozen=True)
class Reference:
    """What the quietest hours of days were: of the quietest day, and of the usual one."""

    floor_db: float
    usual_floor_db: float
    high_floor_db: float
    usual_high_floor_db: float
    least_high_peak_db: float
    days: int


class EarHistory:
    """
    Follow what a microphone gives, second by second.

    :ivar verdict: what is to be said.
    """

    def __init__(self) -> None:
        self._hours: Deque[Hour] = deque(maxlen=KEPT_HOURS)
        self._reference: Optional[Reference] = None
        self.verdict = FINE
        self.forget()

    def forget(self) -> None:
        """Know nothing: it is another microphone, or stands elsewhere."""
        self._hours.clear()
        self._reference = None
        self.verdict = FINE
        self._restart_hour()

    def _restart_hour(self) -> None:
        self._levels: List[float] = []
        self._highs: List[float] = []
        self._parts: List[np.ndarray] = []
        self._gathered = 0

    def resume(self, hours: Sequence[Sequence[float]]) -> None:
        """
        Know what `kept` returned in a process before this one.

        :raises ValueError: if it makes no sense.
        """
        try:
            known = [Hour(*(float(value) for value in hour)) for hour in hours[-KEPT_HOURS:]]
        except (TypeError, ValueError):
            raise ValueError('what was kept of the microphone makes no sense') from None
        if not all(math.isfinite(value) and SILENT_DBFS <= value <= 20.0
                   for hour in known for value in hour):
            raise ValueError('what was kept of the microphone makes no sense')
        self._hours.extend(known)
        self._judge()

    def kept(self) -> List[List[float]]:
        """Return what is known, to be given to the next process."""
        return [[round(value, 1) for value in hour] for hour in self._hours]

    def accept(self) -> None:
        """Take what it is now for usual: it was just proven to hear."""
        if not self._hours:
            return
        newest = self._hours[-1]
        peak_db = max(hour.high_peak_db for hour in list(self._hours)[-DAY_HOURS:])
        accepted = [Hour(min(hour.floor_db, newest.floor_db),
                         min(hour.high_floor_db, newest.high_floor_db),
                         min(hour.high_peak_db, peak_db)) for hour in self._hours]
        self._hours.clear()
        self._hours.extend(accepted)
        self._judge()

    @property
    def is_unusual(self) -> bool:
        """Return whether it is less than it was, so that a self-test is worth its chirp."""
        return self.verdict is not FINE

    def update(self, samples: np.ndarray, sample_rate: int, is_trusted: bool) -> None:
        """
        Take a block.

        :param samples: ``(n,)`` mono, 1.0 is full scale.
        :param is_trusted: whether it is the room at all; else it is no part of what it was.
        """
        if not is_trusted:
            self._parts, self._gathered = [], 0
            return
        self._parts.append(samples)
        self._gathered += len(samples)
        if self._gathered < sample_rate:
            return
        second = np.concatenate(self._parts)
        self._parts, self._gathered = [], 0
        self._levels.append(_decibels(float(second.var())))
        if len(self._levels) % HIGH_EVERY_S == 0:
            self._highs.append(high_level_dbfs(second, sample_rate))
        if len(self._levels) >= HOUR_S:
            self._end_hour()

    def _end_hour(self) -> None:
        self._hours.append(Hour(
            float(np.percentile(self._levels, FLOOR_PERCENTILE)),
            float(np.percentile(self._highs, FLOOR_PERCENTILE)), max(self._highs)))
        self._restart_hour()
        self._judge()

    def _judge(self) -> None:
        hours = list(self._hours)
        self._reference = _reference(hours[:-DAY_HOURS])
        found = () if self._reference is None else _findings(hours[-DAY_HOURS:], self._reference)
        if not found:
            self.verdict = FINE
        elif self.verdict.kind != found[0]:        # said once, not each hour with other figures
            self.verdict = Verdict(WARN, found[0], found[1])


def _reference(hours: Sequence[Hour]) -> Optional[Reference]:
    """Return what whole days were like, the newest hours in the newest day."""
    days = [hours[end - DAY_HOURS:end] for end in range(len(hours), DAY_HOURS - 1, -DAY_HOURS)]
    if len(days) * DAY_HOURS < LEAST_HOURS:
        return None
    floors = [min(hour.floor_db for hour in day) for day in days]
    highs = [min(hour.high_floor_db for hour in day) for day in days]
    return Reference(min(floors), float(np.median(floors)), min(highs), float(np.median(highs)),
                     min(max(hour.high_peak_db for hour in day) for day in days), len(days))


def _findings(today: Sequence[Hour], before: Reference) -> Tuple[Any, ...]:
    """Return (kind, sentence) of what the last day was less, or nothing."""
    newest = today[-1]
    what = ('is it covered, turned down, or failing? The self-test tells '
            '(~/self_test of feature_extractor); if it is meant to be so: ~/forget_microphone')
    lower = before.floor_db - newest.floor_db
    slowly = before.usual_floor_db - newest.floor_db
    if lower > QUIETER_DB or slowly > LOST_DB:
        return ('quieter', f'for an hour the microphone was {max(lower, slowly):.0f} dB quieter '
                f'than in the quietest hours of the {before.days} days before: {what}')
    lower = before.high_floor_db - newest.high_floor_db
    slowly = before.usual_high_floor_db - newest.high_floor_db
    if lower > QUIETER_DB or slowly > LOST_DB:
        return ('dull', f'for an hour the microphone gave {max(lower, slowly):.0f} dB less above '
                f'{HIGH_HZ / 1000:.0f} kHz than in the quietest hours of the {before.days} days '
                f'before: {what}')
    muffled = before.least_high_peak_db - max(hour.high_peak_db for hour in today)
    if len(today) == DAY_HOURS and muffled > MUFFLED_DB:
        return ('muffled', f'in a day nothing above {HIGH_HZ / 1000:.0f} kHz was as loud as on '
                f'each of the {before.days} days before, by {muffled:.0f} dB: {what}')
    return ()


def high_level_dbfs(samples: np.ndarray, sample_rate: int) -> float:
    """Return the level above 2 kHz, dBFS, of about a second."""
    # Of half of it: that is as good for a quietest tenth, and costs half.
    part = samples[:max(2, len(samples) // 2)]
    spectrum = np.fft.rfft((part - part.mean()) * np.hanning(len(part)))
    high = spectrum[math.ceil(HIGH_HZ * len(part) / sample_rate):]
    power = float((high.real ** 2 + high.imag ** 2).sum())
    return _decibels(2.0 * power / (0.375 * len(part) ** 2))


def _decibels(power: float) -> float:
    return max(SILENT_DBFS, 10.0 * math.log10(power)) if power > 1e-12 else SILENT_DBFS


class EarMemory:
    """
    The file of one node.

    :param name: full name of the node; the domain is added.
    :raises OSError: if the file can't be had, or another process of that name has it.
    """

    def __init__(self, name: str) -> None:
        self._file = KeptState(name, '.microphone')

    def read(self) -> Tuple[List[float], Dict[str, Any], List[List[float]]]:
        """
        Return what `Reception.kept` said: levels, self-test, hours; nothing without.

        :raises OSError: if there is a file that can't be read.
        :raises ValueError: if its contents make no sense.
        """
        document = self._file.read()
        if document is None:
            return [], {}, []
        levels, self_test = document.get('floors_db'), document.get('self_test', {})
        hours = document.get('hours_db', [])       # of a file that is older: none
        if not isinstance(levels, list) or not isinstance(self_test, dict) or not isinstance(
                hours, list) or not all(isinstance(level, (int, float)) for level in levels):
            raise ValueError(f'{self._file.path} holds no levels')
        return [float(level) for level in levels], self_test, hours

    def keep(self, floors_db: List[float], self_test: Dict[str, Any],
             hours_db: Sequence[Sequence[float]] = ()) -> None:
        """Write; OSError if that fails."""
        self._file.keep({'floors_db': floors_db, 'self_test': self_test,
                         'hours_db': [list(hour) for hour in hours_db]})

    def close(self) -> None:
        """Give the lock back; the file stays as it is."""
        self._file.close()


class EarKeeper:
    """
    Keeps what a `Reception` has learnt as far as that is possible, and says where it is not.

    :param name: as of `EarMemory`.
    :param reception: goes on from what was kept.
    :param report: told ``(kind, sentence)``.
    """

    def __init__(self, name: str, reception: 'Reception',
                 report: Callable[[str, str], None]) -> None:
        self._reception, self._report = reception, report
        self._memory: Optional[EarMemory] = None
        try:
            self._memory = EarMemory(name)
            reception.resume(*self._memory.read())
        except (ValueError, OSError) as error:
            report('microphone_not_kept', f'what the microphone was is not known: {error}')

    def keep(self) -> None:
        """Write what is known now."""
        if self._memory is None:
            return
        try:
            self._memory.keep(*self._reception.kept())
        except OSError as error:
            self._report('microphone_not_kept', f'what the microphone is is not kept: {error}')

    def close(self) -> None:
        """Give the lock back; the file stays as it is."""
        if self._memory is not None:
            self._memory.close()
