# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Whether the wall clock may be believed, before anything is deleted by it.

A small computer without a battery starts in 1970, one whose battery is old anywhere, and either
may be set right, or wrong, at any moment. Pure: the times come in.
"""

from dataclasses import asdict, dataclass
from typing import Any, Dict, List, Optional

from baby_cry_detector.units import DAY_NS, HOUR_NS, SECOND_NS

# There was no such program before this day (2026-01-01), and there is none after ten years of it.
FIRST_NS = 1_767_225_600 * SECOND_NS
LAST_NS = FIRST_NS + 20 * 365 * DAY_NS
# A family goes on a journey; it does not come back after half a year with the same crib.
LONGEST_ABSENCE_NS = 31 * DAY_NS
BACK_STEP_NS = DAY_NS
# A clock that was doubted and has gone on evenly for this long is believed.
PROBATION_NS = 72 * HOUR_NS
STEP_NS = 60 * SECOND_NS
MOST_STEPS = 50


@dataclass
class ClockRecord:
    """
    What is kept between looks.

    :ivar trusted_ns: the latest time at which the clock was believed; 0 before the first.
    :ivar doubted_ns: at which it was doubted last; 0 while it is believed.
    :ivar even_ns: for how long it has gone on evenly since it was doubted first.
    """

    trusted_ns: int = 0
    doubted_ns: int = 0
    even_ns: int = 0

    @classmethod
    def from_document(cls, document: Any) -> 'ClockRecord':
        """Return what was kept; one that is broken is as good as none."""
        try:
            record = cls(**document)
        except TypeError:
            return cls()
        values = asdict(record).values()
        return record if all(type(v) is int and 0 <= v < 2**63 for v in values) else cls()

    def to_document(self) -> Dict[str, int]:
        """Return what is to be kept."""
        return asdict(self)


def first_trust(stamps_ns: List[int]) -> int:
    """
    Return the latest time that the entries of a diary speak for; 0 if there is none.

    :param stamps_ns: of all entries, in any order. What lies beyond a gap that is longer than any
        absence may have been made by a clock that was wrong.
    """
    believed = 0
    for stamp_ns in sorted(stamp for stamp in stamps_ns if FIRST_NS <= stamp <= LAST_NS):
        if believed and stamp_ns - believed > LONGEST_ABSENCE_NS:
            break
        believed = stamp_ns
    return believed


def judge(record: ClockRecord, now_ns: int, since_ns: int) -> str:
    """
    Return why the clock is doubted, ``''`` if it is believed; ``record`` is brought up to date.

    :param now_ns: what it says.
    :param since_ns: for how long it has gone on without a step, since the last look at most.
    """
    why = ''
    if now_ns < FIRST_NS:
        why = 'it stands before this program was made'
    elif now_ns > LAST_NS:
        why = 'it stands far beyond the time of this program'
    elif record.trusted_ns and now_ns > record.trusted_ns + LONGEST_ABSENCE_NS:
        why = f'it stands {_days(now_ns - record.trusted_ns)} after the newest entry'
    elif now_ns < record.trusted_ns - BACK_STEP_NS:
        why = f'it stands {_days(record.trusted_ns - now_ns)} before the newest entry'
    if why:
        # The same doubt goes on evenly, or it begins anew.
        evenly = record.doubted_ns and abs(now_ns - record.doubted_ns - since_ns) < DAY_NS
        record.even_ns = record.even_ns + max(0, since_ns) if evenly else 0
        record.doubted_ns = now_ns
        if record.even_ns < PROBATION_NS or not FIRST_NS <= now_ns <= LAST_NS:
            return why
        record.trusted_ns = now_ns
    record.doubted_ns = record.even_ns = 0
    record.trusted_ns = max(record.trusted_ns, now_ns)
    return ''


def is_doubtful(record: ClockRecord, stamp_ns: int) -> bool:
    """Return whether a stamp was made by a clock that is not believed."""
    if not FIRST_NS <= stamp_ns <= LAST_NS:
        return True
    if record.doubted_ns and abs(stamp_ns - record.doubted_ns) < DAY_NS + 2 * HOUR_NS:
        return True
    return bool(record.trusted_ns) and stamp_ns > record.trusted_ns + LONGEST_ABSENCE_NS


class StepWatch:
    """Notices when the wall clock was set: it and the steady clock have parted."""

    def __init__(self) -> None:
        """Nothing was seen."""
        self._offset_ns: Optional[int] = None

    def look(self, wall_ns: int, steady_ns: int) -> int:
        """Return by how much the clock was set since the last look; 0 if it was not."""
        offset_ns = wall_ns - steady_ns
        step_ns = 0 if self._offset_ns is None else offset_ns - self._offset_ns
        self._offset_ns = offset_ns
        return step_ns if abs(step_ns) > STEP_NS else 0


def _days(duration_ns: int) -> str:
    days = duration_ns // DAY_NS
    return f'{days} days' if days < 700 else f'{days / 365.25:.0f} years'
