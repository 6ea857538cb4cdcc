# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What an episode is about, from context first and sound second, and what the answer rests on.

Three experts answer: this baby's commonest needs, the context (its habits, `guesses`, corrected by
what they know nothing of), and the context with the sound. Each counts by how well it foretold the
labels so far, the newer ones more. Deterministic: the same labels in the same order give the same
learner. `OneBaby` in `replay` feeds it from what is entered.
"""

from typing import Dict, Iterable, NamedTuple, Optional

from baby_cry_detector.care.need.context import COLUMNS, columns_of, Context
from baby_cry_detector.care.need.labels import Label, NEEDS
from baby_cry_detector.care.need.logistic import fit, softmax
from baby_cry_detector.care.need.own_voice import OwnVoice
from baby_cry_detector.care.need.prior import SHARES
from baby_cry_detector.care.need.record import Outcome, Record
from baby_cry_detector.units import DAY_NS
import numpy as np

HALF_LIFE_NS = 35 * DAY_NS
BASE_PRIOR = 4.0                    # labels that the published shares count for
MOST_EXAMPLES = 1000
EACH_UNTIL = 60                     # labels: until then the weights follow each of them
EACH_AFTER = 8
PRECISION = 40.0                    # how firmly "no correction" is held
EXPERT_MEMORY = 0.985               # of each expert's score, at each label
EXPERT_PRIOR = {'base': 0.0, 'context': 0.5, 'both': -1.0}      # logarithms
FAILED_FACTOR = 0.15
LEAST = 1e-4
BASES = {'base': 'none', 'context': 'context', 'both': 'both'}


class Answer(NamedTuple):
    """
    What is believed of an episode.

    :ivar probabilities: of each of `NEEDS`.
    :ivar need: the likeliest.
    :ivar base: this baby's commonest need.
    :ivar may_name: whether the record allows to name it.
    :ivar basis: ``none``, ``context`` or ``both``: what decides.
    :ivar experts: each one's probabilities, for `NeedLearner.learn`.
    """

    probabilities: Dict[str, float]
    need: str
    base: str
    may_name: bool
    basis: str
    experts: Dict[str, np.ndarray]


class Example(NamedTuple):
    """A labelled episode: when it was known, its columns, and what the habits said of it."""

    stamp_ns: int
    row: np.ndarray
    before: np.ndarray
    shares: np.ndarray
    weight: float


class NeedLearner:
    """
    See the module.

    :param threshold: probability of knowing more than the base rate from which on it names.
    :param voice: of this baby, if sound is used.
    """

    def __init__(self, threshold: float = 0.95, voice: Optional[OwnVoice] = None):
        """Know what is published, and nothing of this baby."""
        self.voice = voice
        self.record = Record(threshold)
        self._examples: Dict[str, Example] = {}        # by episode, in the order of learning
        self._learnt = 0
        self._weights = np.zeros((len(COLUMNS), len(NEEDS)))
        self._scores = dict.fromkeys(EXPERT_PRIOR, 0.0)
        self._counted, self._counted_ns = np.zeros(len(NEEDS)), 0       # shares that were learnt

    def copy(self) -> 'NeedLearner':
        """Return one that goes on alone."""
        other = NeedLearner(self.record.threshold)
        other.voice = None if self.voice is None else self.voice.copy()
        other.record = self.record.copy()
        other._examples, other._learnt = dict(self._examples), self._learnt
        other._weights, other._scores = self._weights, dict(self._scores)
        other._counted, other._counted_ns = self._counted, self._counted_ns
        return other

    # --- answering -------------------------------------------------------------------------------
    def hear(self, sound: Optional[np.ndarray], now_ns: int) -> None:
        """Take how an episode sounds, shape (D,), if that is known and sound is used."""
        if self.voice is not None and sound is not None:
            self.voice.hear(sound, now_ns)

    def answer(self, context: Context, sound: Optional[np.ndarray] = None) -> Answer:
        """
        Return what is believed now; changes nothing.

        :param sound: what `hear` was given of the same episode.
        """
        base = self.base_shares(context.stamp_ns)
        experts = {'base': base, 'context': softmax(
            self._before(context, base) + columns_of(context) @ self._weights)}
        heard = self.voice.probabilities(sound) if (
            self.voice is not None and sound is not None) else None
        if heard is not None:
            both = experts['context'] * np.array([heard[need] for need in NEEDS])
            experts['both'] = both / both.sum()
        votes = self._votes(experts)
        mixed = np.sum([vote * experts[name] for name, vote in votes.items()], axis=0)
        for need in context.failed:
            mixed = mixed * np.where(np.array(NEEDS) == need, FAILED_FACTOR, 1.0)
        mixed = mixed / mixed.sum()
        best, basis = NEEDS[int(np.argmax(mixed))], max(votes, key=lambda name: votes[name])
        return Answer(dict(zip(NEEDS, mixed.tolist())), best, NEEDS[int(np.argmax(base))],
                      self.record.is_open, BASES[basis], experts)

    @staticmethod
    def _before(context: Context, base: np.ndarray) -> np.ndarray:
        shares = base if context.shares is None else np.array(context.shares)
        logs: np.ndarray = np.log(np.maximum(shares, LEAST))
        return logs

    def _votes(self, experts: Iterable[str]) -> Dict[str, float]:
        names = list(experts)
        logs = np.array([self._scores[name] + EXPERT_PRIOR[name] for name in names])
        return dict(zip(names, softmax(logs).tolist()))

    def base_shares(self, now_ns: int) -> np.ndarray:
        """Return how often each need was this baby's lately, drawn to the published shares."""
        faded = 0.5 ** (max(0, now_ns - self._counted_ns) / HALF_LIFE_NS)
        total = np.array([SHARES[need] for need in NEEDS]) * BASE_PRIOR + faded * self._counted
        shares: np.ndarray = total / total.sum()
        return shares

    def _count(self, now_ns: int, shares: np.ndarray) -> None:
        """Count what was learnt; what is older counts less."""
        self._counted = self._counted * 0.5 ** (
            max(0, now_ns - self._counted_ns) / HALF_LIFE_NS) + shares
        self._counted_ns = max(now_ns, self._counted_ns)

    def _counts(self, now_ns: int) -> np.ndarray:
        stamps = np.array([each.stamp_ns for each in self._examples.values()], float)
        weights = np.array([each.weight for each in self._examples.values()])
        counts: np.ndarray = weights * 0.5 ** (np.maximum(0.0, now_ns - stamps) / HALF_LIFE_NS)
        return counts

    # --- learning --------------------------------------------------------------------------------
    def learn(self, name: str, context: Context, label: Label, answer: Answer,
              sound: Optional[np.ndarray] = None) -> None:
        """
        Take what an episode was about; of one that was learnt already, what it really was.

        :param name: of the episode.
        :param answer: what was on record before the label was known.
        """
        is_new = name not in self._examples
        certain = label.need if label.source in ('explicit', 'derived') else None
        self.record.note(Outcome(
            label.known_ns, answer.need, answer.probabilities[answer.need], answer.base,
            certain or '', answer.may_name, name))
        if not is_new:
            old = self._examples.pop(name)
            left = old.weight * 0.5 ** (max(0, label.known_ns - old.stamp_ns) / HALF_LIFE_NS)
            self._count(label.known_ns, -left * old.shares)
            self._learn_sound(sound, old.shares, -left, label.known_ns)
        if not label.shares:
            return
        self._count(label.known_ns, label.weight * label.row)
        for expert in self._scores if is_new else ():
            said = answer.experts.get(expert, answer.experts['context'])
            self._scores[expert] = EXPERT_MEMORY * self._scores[expert] + label.weight * float(
                np.log(max(LEAST, label.likely @ said)))
        base = answer.experts['base']
        self._examples[name] = Example(label.known_ns, columns_of(context),
                                       self._before(context, base), label.row, label.weight)
        while len(self._examples) > MOST_EXAMPLES:
            del self._examples[next(iter(self._examples))]
        self._learnt += 1
        if self._learnt < EACH_UNTIL or self._learnt % EACH_AFTER == 0:
            self._refit(label.known_ns)
        self._learn_sound(sound, label.row, label.weight, label.known_ns)

    def _learn_sound(self, sound: Optional[np.ndarray], shares: np.ndarray, weight: float,
                     now_ns: int) -> None:
        """Take what a sound was about, or take it back, where that is one need."""
        if self.voice is not None and sound is not None and np.count_nonzero(shares) == 1:
            self.voice.learn(sound, NEEDS[int(np.argmax(shares))], weight, now_ns)

    def _refit(self, now_ns: int) -> None:
        examples = list(self._examples.values())
        self._weights = fit(
            np.array([each.row for each in examples]),
            np.array([each.before for each in examples]),
            np.array([each.shares for each in examples]),
            self._counts(now_ns), PRECISION, self._weights)

    @property
    def count(self) -> int:
        """Return how many labels it knows."""
        return len(self._examples)
