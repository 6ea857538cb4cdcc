# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
One baby: what happened goes in, in any order; what is believed, and how good that is, comes out.

    baby = OneBaby()
    baby.add([Cry('c-1', onset_ns, end_ns), Fact(stamp_ns, 'fed')])
    baby.advance(now_ns)
    answer, context = baby.why(onset_ns, now_ns)

What happened is taken in the order of its stamps: an episode is answered a minute after its onset,
from what had been done until then; its label is learnt when it is known. What comes late (an
entry for an hour ago, a diary that is read) takes the baby back to before that moment and on
again, so that the same entries always give the same baby: it is the pure replay of its diary.
"""

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass
import heapq
from typing import (Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple,
                    Union)

from baby_cry_detector.care.need.context import Context, local_hour, LONGEST_H
from baby_cry_detector.care.need.guesses import Guesses, TIMED
from baby_cry_detector.care.need.labels import (ACTIONS, Cry, Fact, failed_by, Label, label_of,
                                                NEEDS, STAYS_QUIET_NS, TOLD_AFTER_NS, WRONG)
from baby_cry_detector.care.need.learner import Answer, NeedLearner
from baby_cry_detector.care.need.own_voice import OwnVoice
from baby_cry_detector.care.need.record import Record
from baby_cry_detector.units import DAY_NS, HOUR_NS, MINUTE_NS
import numpy as np

ANSWER_AFTER_NS = MINUTE_NS
# An action that belongs to an episode lies this near to it.
NEAR_NS = 2 * HOUR_NS
KEEP_EVERY, MOST_KEPT = 8, 24       # answers between states that can be gone back to
FAILED_LIKELY = 0.15
# Of this baby's own feeds it is spoken from so many labels on.
LABELS_FOR_HABITS = 40
FACT, ANSWER, LABEL = range(3)      # the order of what happens at the same moment


@dataclass(frozen=True)
class Answered:
    """An episode with the answer that was on record for it, and its label if it has one."""

    cry: Cry
    context: Context
    answer: Answer
    label: Optional[Label] = None


def age_days(birth_ns: Optional[int], now_ns: int) -> Optional[float]:
    """Return the age; ``None`` if no date is known or it lies in the future."""
    if birth_ns is None or birth_ns > now_ns:
        return None
    return (now_ns - birth_ns) / DAY_NS


class _State:
    """What is believed at a moment; all that has to be gone back to."""

    def __init__(self, threshold: float, voice: Optional[OwnVoice]) -> None:
        self.learner = NeedLearner(threshold, voice)
        self.guesses: Optional[Guesses] = None
        self.cries_done = self.facts_done = 0
        self.checks: List[Tuple[int, int]] = []                      # (when, number of the cry)
        self.labels: Dict[int, Label] = {}
        self.answered: List[Answered] = []
        self.unresolved: Optional[Tuple[int, np.ndarray]] = None    # (number, rates of each need)
        self.last: Optional[str] = None

    def copy(self) -> '_State':
        other = object.__new__(_State)
        other.__dict__.update(self.__dict__)
        other.learner = self.learner.copy()
        other.guesses = self.guesses and self.guesses.copy()
        other.checks, other.labels = list(self.checks), dict(self.labels)
        other.answered = list(self.answered)
        return other


class OneBaby:
    """
    See the module.

    :param birth_ns: date of birth, if it is known.
    :param utc_offset_h: returns hours by which the local clock is ahead at a stamp.
    :param threshold: probability of knowing more than the base rate from which on it names.
    :param use_sound: whether `hear` is of any use.
    """

    def __init__(self, birth_ns: Optional[int] = None,
                 utc_offset_h: Callable[[int], float] = lambda stamp_ns: 0.0,
                 threshold: float = 0.95, use_sound: bool = False) -> None:
        """Know nothing of this baby."""
        self.birth_ns, self._utc_offset_h = birth_ns, utc_offset_h
        self._new = lambda: _State(threshold, OwnVoice() if use_sound else None)
        self._uses_sound = use_sound
        self.forget()

    def forget(self) -> None:
        """Forget what happened and what was learnt from it."""
        self._cries: List[Cry] = []
        self._facts: List[Fact] = []
        self._by_name: Dict[str, Cry] = {}
        self._sounds: Dict[str, np.ndarray] = {}
        self.restart()

    def restart(self) -> None:
        """Learn anew from what happened: something that all of it depends on has changed."""
        self._state = self._new()
        self._kept: List[Tuple[int, _State]] = []                # (until when, state)
        self._done_ns = 0

    # --- what happened ---------------------------------------------------------------------------
    def add(self, items: Iterable[Union[Cry, Fact]]) -> int:
        """Take what happened; return how much of it is new. Stamps up to 0 are none."""
        count = 0
        for item in items:
            if isinstance(item, Cry):
                count += self._add_cry(item)
            elif item.stamp_ns > 0:
                place = bisect_left(self._facts, item)
                if place == len(self._facts) or self._facts[place] != item:
                    self._go_back(item.stamp_ns)
                    self._facts.insert(place, item)
                    count += 1
        return count

    def _add_cry(self, cry: Cry) -> int:
        before = self._by_name.get(cry.episode_id)
        if cry.onset_ns <= 0 or before == cry:
            return 0
        if before is not None:
            self._go_back(before.onset_ns)
            self._cries.remove(before)
        self._go_back(cry.onset_ns)
        insort(self._cries, cry, key=_when)
        self._by_name[cry.episode_id] = cry
        return 1

    def hear(self, sounds: Mapping[str, np.ndarray]) -> int:
        """
        Take how episodes sounded in their first half minute; what is left out is forgotten.

        :param sounds: by episode, each of shape (D,).
        :return: how much changed.
        """
        if not self._uses_sound:
            return 0
        changed = [name for name in {**self._sounds, **sounds} if name not in sounds
                   or name not in self._sounds
                   or not np.array_equal(sounds[name], self._sounds[name])]
        onsets = [self._by_name[name].onset_ns for name in changed if name in self._by_name]
        if onsets:
            self._go_back(min(onsets))
        if changed:
            self._sounds = dict(sounds)
        return len(changed)

    def _go_back(self, stamp_ns: int) -> None:
        """Be as before a moment, if it has passed already."""
        if stamp_ns > self._done_ns:
            return
        while self._kept and self._kept[-1][0] >= stamp_ns:
            self._kept.pop()
        if self._kept:
            self._done_ns, state = self._kept[-1]
            self._state = state.copy()
        else:
            self.restart()

    @property
    def items(self) -> Tuple[List[Cry], List[Fact]]:
        """Return (cries, facts), oldest first."""
        return self._cries, self._facts

    @property
    def sounds(self) -> int:
        """Return of how many episodes it is known how they sounded."""
        return len(self._sounds)

    # --- time ------------------------------------------------------------------------------------
    def advance(self, until_ns: int, most: int = 2**62) -> bool:
        """
        Answer and learn up to a moment.

        :param most: answers at most, so that a long diary can be taken in pieces.
        :return: whether that moment is reached.
        """
        state = self._state
        while True:
            when_ns, kind = min(self._upcoming(state))
            if when_ns > until_ns:
                break
            if kind == ANSWER:
                if most <= 0:
                    return False
                most -= 1
                if state.cries_done % KEEP_EVERY == 0:
                    self._kept.append((self._done_ns, state.copy()))
                    del self._kept[:-MOST_KEPT]
                self._answer(state)
            elif kind == FACT:
                self._take(state)
            else:
                _, number = heapq.heappop(state.checks)
                self._relabel(state, number, when_ns)
            self._done_ns = max(self._done_ns, when_ns)
        # What happens at this very moment may still come: it goes back then.
        self._done_ns = max(self._done_ns, until_ns)
        return True

    def _upcoming(self, state: _State) -> Iterator[Tuple[int, int]]:
        yield 2**63, LABEL
        if state.facts_done < len(self._facts):
            yield self._facts[state.facts_done].stamp_ns, FACT
        if state.cries_done < len(self._cries):
            yield self._cries[state.cries_done].onset_ns + ANSWER_AFTER_NS, ANSWER
        if state.checks:
            yield state.checks[0][0], LABEL

    def _answer(self, state: _State) -> None:
        number = state.cries_done
        cry = self._cries[number]
        now_ns = cry.onset_ns + ANSWER_AFTER_NS
        context, rows = self._reach(state, cry.onset_ns, now_ns, cry.intensity)
        sound = self._sounds.get(cry.episode_id)
        state.learner.hear(sound, now_ns)
        state.answered.append(Answered(cry, context, state.learner.answer(context, sound)))
        state.unresolved = number, rows
        state.cries_done += 1
        heapq.heappush(state.checks, (max(now_ns, cry.end_ns + STAYS_QUIET_NS), number))

    def _reach(self, state: _State, onset_ns: int, now_ns: int, intensity: float
               ) -> Tuple[Context, np.ndarray]:
        """Let time pass up to an onset; return (context, rates of each need in each guess)."""
        self._resolve(state)
        if state.guesses is None:
            state.guesses = Guesses(onset_ns, age_days(self.birth_ns, now_ns))
        state.guesses.pass_time(onset_ns, self._hour)
        hour = self._hour(onset_ns)
        rows, labels = state.guesses.of_cry(hour), state.learner.count
        return Context(
            now_ns, **self._entered(now_ns), hour=hour,
            age_days=age_days(self.birth_ns, now_ns), last=state.last,
            duration_min=(now_ns - onset_ns) / MINUTE_NS, intensity=intensity,
            failed=failed_by(onset_ns, now_ns, self._near(onset_ns, now_ns)),
            shares=tuple(state.guesses.mean_shares(rows).tolist()),
            feed_interval_h=(state.guesses.middle('feed_h') if labels >= LABELS_FOR_HABITS
                             else None)), rows

    def _hour(self, stamp_ns: int) -> float:
        return local_hour(stamp_ns, self._utc_offset_h(stamp_ns))

    def _near(self, onset_ns: int, end_ns: int) -> Sequence[Fact]:
        return self._facts[self._place(onset_ns - NEAR_NS):self._place(end_ns + NEAR_NS)]

    def _place(self, stamp_ns: int) -> int:
        return bisect_right(self._facts, stamp_ns, key=lambda fact: fact.stamp_ns)

    def _entered(self, now_ns: int) -> Dict[str, float]:
        """Return hours since what was entered last, of those that were lately."""
        hours: Dict[str, float] = {}
        for fact in reversed(self._facts[:self._place(now_ns)]):
            since_h = (now_ns - fact.stamp_ns) / HOUR_NS
            if since_h > max(LONGEST_H.values()) or len(hours) == len(TIMED):
                break
            if fact.kind in TIMED and since_h <= LONGEST_H[fact.kind]:
                hours.setdefault(f'{fact.kind}_h', since_h)
        return hours

    # --- what was done, and what it says ---------------------------------------------------------
    def _take(self, state: _State) -> None:
        """Take the next fact."""
        fact = self._facts[state.facts_done]
        state.facts_done += 1
        if fact.kind == 'labelled':
            cry = self._by_name.get(fact.episode_id)
            number = None if cry is None else bisect_left(self._cries, _when(cry), key=_when)
            if number is not None and number < state.cries_done:
                self._relabel(state, number, fact.stamp_ns)
            return
        is_of_a_cry = False
        for number in range(max(0, state.cries_done - 3),
                            min(state.cries_done + 1, len(self._cries))):
            cry = self._cries[number]
            if cry.onset_ns <= fact.stamp_ns <= cry.end_ns + TOLD_AFTER_NS:
                is_of_a_cry = True
                if number < state.cries_done:
                    self._relabel(state, number, fact.stamp_ns)
        if not is_of_a_cry and state.guesses is not None and fact.kind in TIMED:
            self._resolve(state)
            state.guesses.pass_time(fact.stamp_ns, self._hour)
            state.guesses.note(fact.kind, 0.0, WRONG['derived'])

    def _relabel(self, state: _State, number: int, now_ns: int) -> None:
        """Learn what an episode was about, if that is known now and was not, or was otherwise."""
        answered, before = state.answered[number], state.labels.get(number)
        cry = answered.cry
        following = self._cries[number + 1].onset_ns if number + 1 < len(self._cries) else None
        label = label_of(cry, [*self._near(cry.onset_ns, cry.end_ns), *self._said(cry, now_ns)],
                         following, now_ns)
        if label is None or before is not None and (label.shares, label.source) == (
                before.shares, before.source):
            return
        label = Label(label.shares, label.weight, label.source, now_ns)
        state.labels[number] = label
        state.answered[number] = Answered(cry, answered.context, answered.answer, label)
        state.learner.learn(cry.episode_id, answered.context, label, answered.answer,
                            self._sounds.get(cry.episode_id))
        state.last = label.need or state.last

    def _said(self, cry: Cry, now_ns: int) -> List[Fact]:
        """Return what was said of an episode later than what lies near to it."""
        first = self._place(cry.end_ns + NEAR_NS)
        return [fact for fact in self._facts[first:self._place(now_ns)]
                if fact.kind == 'labelled' and fact.episode_id == cry.episode_id]

    def _resolve(self, state: _State) -> None:
        """Let the guesses take a reason for the cry before."""
        guesses = state.guesses
        if state.unresolved is None or guesses is None:
            return
        number, rows = state.unresolved
        state.unresolved = None
        cry, label = self._cries[number], state.labels.get(number)
        near = self._near(cry.onset_ns, cry.end_ns)
        likely = np.ones(len(NEEDS))
        if label is not None:
            likely = label.likely
        else:
            for need in failed_by(cry.onset_ns, cry.end_ns, near):
                likely[NEEDS.index(need)] = FAILED_LIKELY
        guesses.end_cry(rows, likely, cry.end_ns)
        for fact in near:               # fed, and then put to bed: that happened too
            if fact.kind in TIMED and (label is None or ACTIONS[fact.kind] != label.need) and (
                    cry.onset_ns <= fact.stamp_ns <= min(cry.end_ns + TOLD_AFTER_NS,
                                                         self._done_ns)):
                guesses.note(fact.kind, 0.0, WRONG['derived'])

    # --- what is believed ------------------------------------------------------------------------
    def why(self, onset_ns: int, now_ns: int, intensity: float = 0.5,
            episode_id: str = '') -> Tuple[Answer, Context]:
        """
        Return (answer, context) of an episode that goes on; changes nothing.

        :param episode_id: its name, for its sound if `hear` was given one.
        """
        state = self._state.copy()
        context, _ = self._reach(state, onset_ns, now_ns, intensity)
        sound = self._sounds.get(episode_id)
        state.learner.hear(sound, now_ns)
        return state.learner.answer(context, sound), context

    @property
    def answered(self) -> List[Answered]:
        """Return what was answered, oldest first."""
        return self._state.answered

    @property
    def learner(self) -> NeedLearner:
        """Return what was learnt."""
        return self._state.learner

    @property
    def record(self) -> Record:
        """Return how good it is."""
        return self._state.learner.record

    def habit(self, name: str) -> Optional[Tuple[float, ...]]:
        """Return (a tenth is below, middle, a tenth is above) of a habit, if anything is known."""
        return None if self._state.guesses is None else self._state.guesses.habit(name)


def _when(cry: Cry) -> Tuple[int, str]:
    return cry.onset_ns, cry.episode_id


def replay(cries: Sequence[Cry], facts: Sequence[Fact], birth_ns: Optional[int] = None,
           utc_offset_h: Callable[[int], float] = lambda stamp_ns: 0.0,
           until_ns: int = 2**62) -> OneBaby:
    """Return the baby that a diary tells of, at a moment; arguments as of `OneBaby`."""
    baby = OneBaby(birth_ns, utc_offset_h)
    baby.add(cries)
    baby.add(facts)
    baby.advance(until_ns)
    return baby
