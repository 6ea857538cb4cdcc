# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
One crib while it is watched: from what `cry_need` and the care events say to what is to be said.

Pure: stamps decide. An episode is learnt from once it is over; while it goes on, what is believed
of it is asked anew every few seconds, and changes nothing.
"""

from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple, Union

from baby_cry_detector.care.need import journal
from baby_cry_detector.care.need.context import is_just_fed
from baby_cry_detector.care.need.from_diary import cry_of
from baby_cry_detector.care.need.labels import Cry, Fact
from baby_cry_detector.care.need.record import Figures, Record, wilson
from baby_cry_detector.care.need.replay import OneBaby
from baby_cry_detector.care.need.words import sentence, silent_sentence
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.decision.episode_sound import EpisodeSound
from baby_cry_detector.needs import BASIS_NAMES
from baby_cry_detector.units import DAY_NS, HOUR_NS, SECOND_NS

ASK_EVERY_NS = 10 * SECOND_NS
SET_BACK_NS = HOUR_NS
WEEKS = 8
# A learnt label that is younger than this is told, so that it can be taken back with a tap.
NOTED_NS = DAY_NS // 8


class Week(NamedTuple):
    """How often it was right in a week."""

    right: int = 0
    of: int = 0
    base_right: int = 0


@dataclass(frozen=True)
class Estimate:
    """
    What is to be said; the fields of a `NeedEstimate` message.

    :ivar episode_id: what it speaks of; '' while nobody cries.
    :ivar need: 'unknown' where none may be named.
    :ivar weeks: the last eight, oldest first.
    :ivar noted_need: of the newest label that was derived, and of which episode.
    """

    stamp_ns: int = 0
    crib_id: str = ''
    episode_id: str = ''
    need: str = 'unknown'
    confidence: float = 0.0
    basis: int = 0
    right: int = 0
    of: int = 0
    base_right: int = 0
    base: str = ''
    reason: str = ''
    names_needs: bool = False
    probability_better: float = 0.0
    calibration_error: float = 0.0
    weeks: Tuple[Week, ...] = ()
    noted_episode_id: str = ''
    noted_need: str = ''
    is_ready: bool = False

    @property
    def interval(self) -> Tuple[float, float]:
        """Return between which shares of right answers it lies with 95 %."""
        return wilson(min(self.right, self.of), self.of)

    def without_time(self) -> 'Estimate':
        """Return it without its stamp: whether there is anything new to be said."""
        return replace(self, stamp_ns=0)


def weeks_of(record: Record, now_ns: int) -> Tuple[Week, ...]:
    """Return the last `WEEKS` weeks, oldest first."""
    rows = [[0, 0, 0] for _ in range(WEEKS)]
    for outcome in record.outcomes:
        back = (now_ns - outcome.stamp_ns) // (7 * DAY_NS)
        if 0 <= back < WEEKS:
            row = rows[WEEKS - 1 - back]
            row[0] += outcome.is_right
            row[1] += 1
            row[2] += outcome.is_base_right
    return tuple(Week(*row) for row in rows)


class CribWatch:
    """
    See the module.

    :param crib_id: whose baby; what others' cribs say is left out.
    :param items: what happened before.
    """

    def __init__(self, crib_id: str, items: Iterable[Union[Cry, Fact]] = (),
                 birth_ns: Optional[int] = None, since_ns: int = 0,
                 utc_offset_h: Callable[[int], float] = lambda stamp_ns: 0.0,
                 threshold: float = 0.95, use_sound: bool = False) -> None:
        """Know what happened, and take it in piece by piece."""
        self.crib_id, self.since_ns = crib_id, since_ns
        self.baby = OneBaby(birth_ns, utc_offset_h, threshold, use_sound)
        self._now_ns = 0
        self._open: Optional[CryState] = None
        self._intensity: Tuple[float, int] = (0.0, 0)       # sum and count, of the open episode
        self._ready = False
        self._asked_ns, self._of_episode = 0, Estimate()
        self.changes = 0                                    # of what is kept
        self.add(items)

    # --- what happens ----------------------------------------------------------------------------
    def add(self, items: Iterable[Union[Cry, Fact]], is_meant: bool = False) -> int:
        """
        Take what happened, from the diary or a topic; return how much of it is new.

        :param is_meant: somebody has brought it here to be learnt: what is older than when it was
            forgotten too.
        """
        count = self.baby.add(
            item for item in items if is_meant or (
                item.onset_ns if isinstance(item, Cry) else item.stamp_ns) >= self.since_ns)
        if count:
            self.changes += 1
            self._ready, self._asked_ns = False, 0
        return count

    def hear(self, sounds: Iterable[EpisodeSound]) -> None:
        """Take how episodes sounded, all that is known of that; `OneBaby.hear`."""
        if self.baby.hear({sound.episode_id: sound.values for sound in sounds
                           if sound.onset_ns >= self.since_ns}):
            self._ready, self._asked_ns = False, 0

    def on_state(self, state: CryState) -> None:
        """Take a `cry_need`."""
        if state.crib_id != self.crib_id or not state.is_heard:
            return
        # Messages overtake each other by seconds; by more than that a clock was set back.
        if state.stamp_ns > self._now_ns - SET_BACK_NS:
            self._now_ns = max(self._now_ns, state.stamp_ns)
        else:
            self._now_ns, self._asked_ns = state.stamp_ns, 0
        before = self._open
        if before is not None and (not state.crying or state.episode_id != before.episode_id):
            self._end(before if state.episode_id != before.episode_id else state)
        if state.crying and state.episode_id:
            if self._open is None:
                self._intensity, self._asked_ns = (0.0, 0), 0
            self._open = state
            total, count = self._intensity
            self._intensity = total + state.intensity, count + 1

    def _end(self, state: CryState) -> None:
        total, count = self._intensity
        self._open = None
        self._of_episode = Estimate()
        self.add([cry_of(state.episode_id, state.onset_ns, state.onset_ns + state.duration_ns,
                         total / count if count else None)])

    def forget(self, since_ns: int) -> None:
        """Forget what happened before a time."""
        self.since_ns = since_ns
        self.baby.forget()
        self.changes += 1
        self._ready, self._asked_ns = False, 0

    def take_settings(self, settings: Mapping[str, Any], now_ns: int) -> str:
        """
        Take what was set: a birth, what is forgotten, what happened elsewhere.

        :param settings: {since_ns, items}, and birth_ns where something is set (``None``: that
            it is not to be known); without, what is known stays.
        :return: what of it is refused, in a sentence; '' if nothing is.
        """
        # Earlier than before too: it was forgotten anew after a clock that was ahead was set back.
        if settings['since_ns'] not in (0, self.since_ns):
            self.forget(settings['since_ns'])
        self.add(settings['items'], is_meant=True)
        birth_ns = settings.get('birth_ns', self.baby.birth_ns)
        if birth_ns is not None and birth_ns > now_ns:
            return 'the date of birth lies in the future; it is not used'
        if birth_ns != self.baby.birth_ns:
            # What is usual at the age is where it begins.
            self.baby.birth_ns = birth_ns
            self.baby.restart()
            self.changes += 1
            self._ready, self._asked_ns = False, 0
        return ''

    @property
    def now_ns(self) -> int:
        """Return the newest stamp that was heard."""
        return self._now_ns

    @property
    def open_episode(self) -> str:
        """Return the episode that goes on; '' if none does."""
        return '' if self._open is None else self._open.episode_id

    # --- what is said ----------------------------------------------------------------------------
    def step(self, most: int = 8) -> bool:
        """Learn up to the present, in pieces; return whether it is reached."""
        until_ns = self._now_ns
        if self._open is not None:
            # What it is about is not known before it is over.
            until_ns = min(until_ns, self._open.onset_ns - 1)
        self._ready = self.baby.advance(until_ns, most)
        return self._ready

    def estimate(self) -> Estimate:
        """Return what is to be said now."""
        record = self.baby.record
        figures = record.figures(self._now_ns)
        said = self._of_open(figures)
        answered = self.baby.answered
        noted = self._noted()
        return Estimate(
            self._now_ns, self.crib_id, said.episode_id, said.need, said.confidence, said.basis,
            figures.right, figures.of, figures.base_right,
            answered[-1].answer.base if answered else '',
            said.reason or silent_sentence(record, figures), record.is_open,
            figures.probability_better, record.calibration_error(),
            weeks_of(record, self._now_ns), *noted, self._ready)

    def _of_open(self, figures: Figures) -> Estimate:
        """Return what is believed of the episode that goes on, asked every few seconds."""
        state = self._open
        if state is None:
            return Estimate()
        if not self._ready:
            return Estimate(episode_id=state.episode_id,
                            reason='not known yet (the diary is still being read)')
        if state.stamp_ns - self._asked_ns >= ASK_EVERY_NS or not self._asked_ns:
            self._asked_ns = state.stamp_ns
            total, count = self._intensity
            answer, context = self.baby.why(state.onset_ns, state.stamp_ns, total / count,
                                            state.episode_id)
            named = (answer.may_name and answer.basis != 'none'
                     and not (answer.need == 'hungry' and is_just_fed(context)))
            self._of_episode = Estimate(
                episode_id=state.episode_id, need=answer.need if named else 'unknown',
                confidence=answer.probabilities[answer.need] if named else 0.0,
                basis=BASIS_NAMES.index(answer.basis) if named else 0,
                reason=sentence(answer._replace(may_name=named), context, figures))
        return self._of_episode

    def _noted(self) -> Tuple[str, str]:
        for answered in reversed(self.baby.answered[-3:]):
            label = answered.label
            if label is not None and label.source == 'derived' and (
                    0 <= self._now_ns - label.known_ns < NOTED_NS):
                return answered.cry.episode_id, label.need or ''
        return '', ''

    def document(self, now_ns: int) -> Dict[str, Any]:
        """Return what is to be kept."""
        cries, facts = self.baby.items
        return journal.to_document(cries, facts, self.baby.birth_ns, self.since_ns, now_ns)

    def cry_names(self) -> List[str]:
        """Return the episodes that can be labelled, newest first, the open one too."""
        names = [cry.episode_id for cry in reversed(self.baby.items[0])]
        return names if self._open is None else [self._open.episode_id, *names]
