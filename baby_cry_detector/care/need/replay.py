# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
From what a diary holds to a learner: in the order in which it was known, and always the same.

An episode is answered a minute after its onset, from what had been done until then. Its label is
learnt when it is known; until that the answer waits on record.
"""

from bisect import bisect_right
from dataclasses import dataclass
import heapq
from typing import Dict, List, Optional, Sequence

from baby_cry_detector.care.need.context import Context, local_hour, Memory
from baby_cry_detector.care.need.labels import Cry, Fact, failed_by, Label, label_of, TOLD_AFTER_NS
from baby_cry_detector.care.need.learner import Answer, NeedLearner
from baby_cry_detector.units import DAY_NS, HOUR_NS, MINUTE_NS

ANSWER_AFTER_NS = MINUTE_NS
# An action that belongs to an episode lies this near to it.
NEAR_NS = 2 * HOUR_NS


@dataclass(frozen=True)
class Answered:
    """An episode with the answer that was on record for it, and its label if it has one."""

    cry: Cry
    context: Context
    answer: Answer
    label: Optional[Label]


def age_days(birth_ns: Optional[int], now_ns: int) -> Optional[float]:
    """Return the age; ``None`` if no date is known or it lies in the future."""
    if birth_ns is None or birth_ns > now_ns:
        return None
    return (now_ns - birth_ns) / DAY_NS


def replay(cries: Sequence[Cry], facts: Sequence[Fact], birth_ns: Optional[int] = None,
           utc_offset_h=lambda stamp_ns: 0.0, until_ns: int = 2**62,
           learner: Optional[NeedLearner] = None) -> tuple:
    """
    Return (learner, what was answered, oldest first).

    :param cries: episodes of one baby that are over.
    :param facts: what was done, of the same baby.
    :param utc_offset_h: hours by which the local clock is ahead at a stamp.
    :param until_ns: the present: what is known later is not known.
    :param learner: to go on with; ``None``: a new one.
    """
    learner = NeedLearner() if learner is None else learner
    replayed = _Replay(learner, birth_ns, utc_offset_h)
    return learner, replayed.run(
        sorted({cry.episode_id: cry for cry in cries if 0 < cry.onset_ns <= until_ns}.values(),
               key=lambda cry: (cry.onset_ns, cry.episode_id)),
        sorted(fact for fact in set(facts) if 0 < fact.stamp_ns <= until_ns), until_ns)


class _Replay:
    """One pass over a diary."""

    def __init__(self, learner, birth_ns, utc_offset_h):
        self.learner, self.birth_ns, self.utc_offset_h = learner, birth_ns, utc_offset_h
        self.memory = Memory()
        self.last = None
        self.waiting: list = []         # (known_ns, number, answered)
        self.unresolved: Optional[Answered] = None

    def run(self, cries, facts, until_ns):
        """Return what was answered."""
        results: List[Answered] = []
        stamps = [fact.stamp_ns for fact in facts]
        said: Dict[str, List[Fact]] = {}
        for fact in facts:
            if fact.kind == 'labelled':
                said.setdefault(fact.episode_id, []).append(fact)
        done = 0
        for number, cry in enumerate(cries):
            now_ns = cry.onset_ns + ANSWER_AFTER_NS
            if now_ns > until_ns:
                break
            self._learn_until(now_ns)
            self._resolve(now_ns)
            reached = bisect_right(stamps, now_ns)
            for fact in facts[done:reached]:
                if not self._is_of_a_cry(fact, cries, number):
                    self.memory.note(fact)
            done = reached
            near = facts[bisect_right(stamps, cry.onset_ns - NEAR_NS):
                         bisect_right(stamps, cry.end_ns + NEAR_NS)]
            context = Context(
                now_ns, hour=local_hour(now_ns, self.utc_offset_h(now_ns)),
                age_days=age_days(self.birth_ns, now_ns), last=self.last, duration_min=1.0,
                intensity=cry.intensity, failed=failed_by(cry.onset_ns, now_ns, near),
                guesses=self.memory.hours(now_ns))
            following = cries[number + 1].onset_ns if number + 1 < len(cries) else None
            label = label_of(cry, [*near, *said.get(cry.episode_id, ())], following)
            answered = Answered(cry, context, self.learner.answer(context), label)
            results.append(answered)
            self.unresolved = answered
            if label is not None and label.known_ns <= until_ns:
                heapq.heappush(self.waiting, (max(label.known_ns, now_ns), number, answered))
        self._learn_until(until_ns)
        return results

    def _learn_until(self, now_ns):
        while self.waiting and self.waiting[0][0] <= now_ns:
            answered = heapq.heappop(self.waiting)[2]
            self.learner.learn(answered.context, answered.label, answered.answer)
            self.last = answered.label.need or self.last

    def _resolve(self, now_ns):
        """Let the guesses take a reason for the cry before this one."""
        before, self.unresolved = self.unresolved, None
        if before is None:
            return
        label = before.label if before.label is not None and (
            before.label.known_ns <= now_ns) else None
        self.memory.end_cry(
            before.cry.end_ns, self.learner.guess(before.context),
            None if label is None else label.need, label is not None
            and label.source == 'explicit')

    @staticmethod
    def _is_of_a_cry(fact, cries, number):
        """Return whether the fact's own cry says what it was; then the guesses know."""
        return any(cry.onset_ns <= fact.stamp_ns <= cry.end_ns + TOLD_AFTER_NS
                   for cry in cries[max(0, number - 2):number])
