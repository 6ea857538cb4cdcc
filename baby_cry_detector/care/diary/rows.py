# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the diary remembers: one row per episode of crying, and everything that was done about it.

Pure: `EpisodeBook` turns what is heard into rows, `CareEntry` and `AlertEntry` are what others
tell. Who writes them down is in `diary/store.py`.
"""

from dataclasses import dataclass, field, replace
import math
from typing import Any, Dict, List, Optional
import uuid

from baby_cry_detector.cry_state import CryState
from baby_cry_detector.needs import (CONFIRMATION_CONFIRMED, CONFIRMATION_NAMES,
                                     CONFIRMATION_NONE, CONFIRMATION_PENDING, CONFIRMATION_REFUSED,
                                     KIND_NAMES, PHASE_NAMES)
from baby_cry_detector.units import SECOND_NS

# One point a second for the first ten minutes; then neighbours are joined, again and again.
MOST_POINTS = 600
FIRST_STEP_NS = SECOND_NS
# What is heard is written at its beginning and end, and meanwhile this often.
WRITE_PERIOD_NS = SECOND_NS
LONGEST_TEXT = 500
MOST_CRIBS = 64                 # that are followed at the same time

# What a caregiver may enter.
CARE_KINDS = ('fed', 'slept', 'changed', 'burped', 'comforted', 'note')
SOOTHING_KINDS = ('rocking', 'sound')


Point = List[float]             # probability, intensity, weight


@dataclass
class Curve:
    """
    Probability and intensity over time, each point the mean of its step.

    :ivar step_ns: time between points; doubles whenever there would be more than `MOST_POINTS`.
    :ivar points: ``[probability, intensity, weight]`` of each step since the onset; ``None``
        where nothing was heard.
    """

    step_ns: int = FIRST_STEP_NS
    points: List[Optional[Point]] = field(default_factory=list)

    def add(self, offset_ns: int, probability: float, intensity: float) -> None:
        """Note a moment; what lies before the onset is left out."""
        if offset_ns < 0 or not (math.isfinite(probability) and math.isfinite(intensity)):
            return
        while offset_ns >= MOST_POINTS * self.step_ns:
            self._join()
        index = offset_ns // self.step_ns
        self.points += [None] * (index + 1 - len(self.points))
        point = self.points[index]
        if point is None:
            self.points[index] = [probability, intensity, 1]
        else:
            point[2] += 1
            point[0] += (probability - point[0]) / point[2]
            point[1] += (intensity - point[1]) / point[2]

    def _join(self) -> None:
        self.step_ns *= 2
        pairs = zip(self.points[::2], [*self.points[1::2], None])
        self.points = [_mean(a, b) for a, b in pairs]

    def to_document(self) -> Dict[str, Any]:
        """Return what is stored: thousandths, ``None`` for silence."""
        return {'step_s': self.step_ns / SECOND_NS,
                'points': [None if point is None else
                           [round(1000 * point[0]), round(1000 * point[1])]
                           for point in self.points]}

    @classmethod
    def from_document(cls, document: Dict[str, Any]) -> 'Curve':
        """
        Return a stored curve.

        :raises ValueError: if it is none.
        """
        try:
            step_ns = round(document['step_s'] * SECOND_NS)
            points = [None if point is None else [point[0] / 1000, point[1] / 1000, 1]
                      for point in document['points'][:MOST_POINTS]]
        except (TypeError, KeyError, IndexError, OverflowError):
            raise ValueError('this is no curve') from None
        doublings = step_ns // FIRST_STEP_NS
        if step_ns != doublings * FIRST_STEP_NS or doublings & (doublings - 1) or not doublings:
            raise ValueError(f'a curve has no steps of {step_ns} ns')
        return cls(step_ns, points)

    def snapshot(self) -> 'Curve':
        """Return a copy that does not change with this one."""
        return Curve(self.step_ns, [point and list(point) for point in self.points])

    def filled(self, other: 'Curve') -> 'Curve':
        """Return this curve with the other's points where it has none itself."""
        one, two = self.snapshot(), other.snapshot()
        while one.step_ns < two.step_ns:
            one._join()
        while two.step_ns < one.step_ns:
            two._join()
        length = max(len(one.points), len(two.points))
        for curve in (one, two):
            curve.points += [None] * (length - len(curve.points))
        one.points = [mine or theirs for mine, theirs in zip(one.points, two.points)]
        return one


def _mean(a: Optional[Point], b: Optional[Point]) -> Optional[Point]:
    if a is None or b is None:
        return a or b
    weight = a[2] + b[2]
    return [(a[0] * a[2] + b[0] * b[2]) / weight, (a[1] * a[2] + b[1] * b[2]) / weight, weight]


@dataclass
class EpisodeRow:
    """
    One episode as it sounded; who did what about it stands in the events of the same episode.

    :ivar end_ns: end of its newest crying.
    :ivar open: whether it may still go on.
    :ivar need: the newest need that was named, else ``'UNKNOWN'``; ``confidence`` belongs to it.
    :ivar confirmation: what the second listener said of it, one of `CONFIRMATION_NAMES`: that it
        is crying, if it ever said so.
    :ivar labels: the model's labels and probabilities when it was last heard crying.
    """

    episode_id: str
    crib_id: str
    onset_ns: int
    end_ns: int
    open: bool = True  # noqa: A003  # as the diary's column
    need: str = 'UNKNOWN'
    confidence: float = 0.0
    labels: Dict[str, float] = field(default_factory=dict)
    curve: Curve = field(default_factory=Curve)
    confirmation: str = CONFIRMATION_NAMES[CONFIRMATION_NONE]

    @property
    def intensity_mean(self) -> Optional[float]:
        """Return the mean over the time that was heard; ``None`` if none was."""
        heard = [point for point in self.curve.points if point]
        weight = sum(point[2] for point in heard)
        return sum(point[1] * point[2] for point in heard) / weight if weight else None

    @property
    def intensity_peak(self) -> Optional[float]:
        """Return the largest point of the curve; ``None`` if nothing was heard."""
        return max((point[1] for point in self.curve.points if point), default=None)

    def snapshot(self) -> 'EpisodeRow':
        """Return a copy that does not change with this one."""
        return replace(self, labels=dict(self.labels), curve=self.curve.snapshot())

    def joined(self, stored: 'EpisodeRow') -> 'EpisodeRow':
        """Return this row with what a stored one of the same episode knows besides."""
        named = self if self.need not in ('UNKNOWN', 'NONE') else stored
        return replace(
            self, onset_ns=stored.onset_ns, end_ns=max(self.end_ns, stored.end_ns),
            need=named.need, confidence=named.confidence, labels=self.labels or stored.labels,
            curve=self.curve.filled(stored.curve),
            confirmation=more_certain(stored.confirmation, self.confirmation))


def more_certain(before: str, now: str) -> str:
    """
    Return which of two words of the second listener about one episode is kept.

    What it once took for crying was crying; it may say "not confirmed" and confirm later, and
    after a restart it begins anew. Whatever is none of its words is the least.
    """
    order = CERTAINTY.get
    return max(before, now, key=lambda word: (order(word, -1), word == now))


CERTAINTY = {CONFIRMATION_NAMES[number]: rank for rank, number in enumerate((
    CONFIRMATION_NONE, CONFIRMATION_PENDING, CONFIRMATION_REFUSED, CONFIRMATION_CONFIRMED))}


@dataclass(frozen=True)
class CareEntry:
    """
    Something that was done, by robot or person; the fields of CareEvent, named and in nanoseconds.

    :raises ValueError: if it has no name, or kind or phase are none of the message's.
    """

    event_id: str
    stamp_ns: int
    kind: str
    crib_id: str = ''
    phase: str = 'moment'
    action_id: str = ''
    who: str = ''
    episode_id: str = ''
    text: str = ''
    label: str = ''
    until_ns: int = 0
    cry_share_before: Optional[float] = None
    cry_share_after: Optional[float] = None
    intensity_before: Optional[float] = None
    intensity_after: Optional[float] = None

    def __post_init__(self) -> None:
        """Check what the storage relies on, and shorten what is too long to keep."""
        if not self.event_id:
            raise ValueError('a care event needs an event_id: the same event is kept once')
        if self.kind not in KIND_NAMES:
            raise ValueError(f'kind: expected one of {", ".join(KIND_NAMES)}, got {self.kind!r}')
        if self.phase not in PHASE_NAMES:
            raise ValueError(f'phase: expected one of {", ".join(PHASE_NAMES)}, '
                             f'got {self.phase!r}')
        for name in ('event_id', 'crib_id', 'action_id', 'who', 'episode_id', 'text', 'label'):
            object.__setattr__(self, name, getattr(self, name)[:LONGEST_TEXT])
        for name in ('cry_share_before', 'cry_share_after', 'intensity_before',
                     'intensity_after'):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                object.__setattr__(self, name, None)


@dataclass(frozen=True)
class AlertEntry:
    """One alert as it stands: from its START on, ``end_ns`` once its END was said."""

    alert_id: str
    crib_id: str
    episode_id: str
    stamp_ns: int
    sequence: int
    priority: int
    text: str
    ended: bool = False
    acknowledged_by: str = ''


def request_id(key: str, *content: str) -> str:
    """
    Return the ``event_id`` of what somebody asks to be entered.

    :param key: of the request; the same content that is sent again with the same key is the same
        event. ``''``: each is one of its own.
    """
    if not key:
        return uuid.uuid4().hex
    return uuid.uuid5(REQUESTS, '\0'.join([key, *content])).hex


REQUESTS = uuid.UUID('8f0c9cf0-5bcb-4c5c-9a83-0d2c8a5d4f5e')


class EpisodeBook:
    """
    Rows from what is heard, of any number of cribs.

    An episode is known by its name: if it goes on after audio was lost, it is the same row; after
    a restart the storage joins what both have heard.
    """

    def __init__(self) -> None:
        """Nothing has been heard."""
        self._rows: Dict[str, EpisodeRow] = {}
        self._written_ns: Dict[str, int] = {}

    def open_row(self, crib_id: str) -> Optional[EpisodeRow]:
        """Return the newest episode of a crib that this book knows."""
        return self._rows.get(crib_id)

    def observe(self, state: CryState) -> List[EpisodeRow]:
        """Return the rows that have to be written now."""
        row = self._rows.get(state.crib_id)
        changed: List[EpisodeRow] = []
        if not state.episode_id:
            return changed
        if row is None or row.episode_id != state.episode_id:
            if row is not None and not state.crying and state.onset_ns < row.onset_ns:
                return changed             # old news that came late
            if row is not None and row.open:
                row.open = False
                changed.append(row)
            row = EpisodeRow(state.episode_id, state.crib_id, state.onset_ns, state.onset_ns)
            self._rows.pop(state.crib_id, None)
            self._rows[state.crib_id] = row
            while len(self._rows) > MOST_CRIBS:
                oldest = next(iter(self._rows))
                del self._rows[oldest]
                self._written_ns.pop(oldest, None)
            row.open = state.crying
            self._take(row, state)
            changed.append(row)
        elif state.crying or row.open or (
                state.onset_ns + state.duration_ns > row.end_ns):
            # Without audio nothing says that it has ended: then it is over until it goes on.
            ended = row.open and not state.crying
            began = state.crying and not row.open
            row.open = state.crying
            self._take(row, state)
            since_ns = state.stamp_ns - self._written_ns.get(state.crib_id, 0)
            if not (ended or began) and 0 <= since_ns < WRITE_PERIOD_NS:
                return changed
            changed.append(row)
        if changed:
            self._written_ns[state.crib_id] = state.stamp_ns
        return changed

    @staticmethod
    def _take(row: EpisodeRow, state: CryState) -> None:
        row.end_ns = max(row.end_ns, state.onset_ns + max(0, state.duration_ns))
        if not state.crying:
            return
        row.curve.add(state.stamp_ns - row.onset_ns, state.cry_probability, state.intensity)
        row.confirmation = more_certain(row.confirmation,
                                        CONFIRMATION_NAMES[state.confirmation])
        if state.labels:
            row.labels = {label: round(value, 4)
                          for label, value in zip(state.labels, state.probabilities)}
        if state.is_need_named:
            row.need, row.confidence = state.need.name, state.confidence
