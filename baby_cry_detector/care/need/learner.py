# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Learns one baby: what a cry is about, from context first and sound second.

    learner = NeedLearner()
    answer = learner.answer(context)            # before anybody knows
    learner.learn(context, label, answer)       # once it is known
    learner.forget()

Three experts answer: this baby's commonest needs, the context, and the context with the sound.
Each counts by how well it foretold the labels so far, the newer ones more. Deterministic: the
same entries in the same order give the same learner.
"""

from typing import Dict, List, NamedTuple, Optional

from baby_cry_detector.care.need.context import COLUMNS, columns_of, Context
from baby_cry_detector.care.need.labels import Label, NEEDS
from baby_cry_detector.care.need.logistic import fit, softmax
from baby_cry_detector.care.need.prior import prior_weights, SHARES, usual
from baby_cry_detector.care.need.record import Outcome, Record
from baby_cry_detector.care.need.voice import Voice
from baby_cry_detector.units import DAY_NS
import numpy as np

VERSION = 1
HALF_LIFE_NS = 35 * DAY_NS
BASE_PRIOR = 4.0                    # labels that the published shares count for
ROWS_EACH = 2                       # guesses of a context that are learnt from
MOST_EXAMPLES = 1000
EACH_UNTIL = 60                     # labels: until then the weights follow each of them
# How firmly each column's prior weight is held: what this baby's hours mean is learnt soonest.
PRECISION = np.array([8.0 if name.startswith('last') else 3.0 if 'past' in name else 6.0
                      for name in COLUMNS])
EXPERT_MEMORY = 0.985               # of each expert's score, at each label
EXPERT_PRIOR = {'base': 0.0, 'context': 0.0, 'both': -1.0}      # logarithms
FAILED_FACTOR = 0.15
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


class NeedLearner:
    """
    See the module.

    :param threshold: probability of knowing more than the base rate from which on it names.
    :param voice: of this baby, if sound is used.
    """

    def __init__(self, threshold: float = 0.95, voice: Optional[Voice] = None):
        """Know what is published, and nothing of this baby."""
        self._threshold = threshold
        self.voice = voice
        self.forget()

    def forget(self) -> None:
        """Know nothing of this baby any more."""
        self.record = Record(self._threshold)
        self._examples: List[tuple] = []           # (stamp_ns, row, shares, weight)
        self._learnt = 0
        self._centre = prior_weights()
        self._weights = self._centre.copy()
        self._scores = dict.fromkeys(EXPERT_PRIOR, 0.0)
        if self.voice is not None:
            self.voice = Voice(self.voice.general, self.voice._scale, self.voice._pull)

    # --- answering -------------------------------------------------------------------------------
    def answer(self, context: Context, sound: Optional[np.ndarray] = None) -> Answer:
        """Return what is believed now; changes nothing."""
        guessed = self.guess(context)
        base = self.base_shares(context.stamp_ns)
        experts = {'base': base, 'context': guessed.mean(axis=0)}
        heard = self.voice.probabilities(sound) if (
            self.voice is not None and sound is not None) else None
        if heard is not None:
            both = experts['context'] * np.array([heard[need] for need in NEEDS])
            experts['both'] = both / both.sum()
        votes = self._votes(experts)
        mixed = sum(vote * experts[name] for name, vote in votes.items())
        for need in context.failed:
            mixed = mixed * np.where(np.array(NEEDS) == need, FAILED_FACTOR, 1.0)
        mixed = mixed / mixed.sum()
        best = NEEDS[int(np.argmax(mixed))]
        return Answer(dict(zip(NEEDS, mixed.tolist())), best, NEEDS[int(np.argmax(base))],
                      self.record.is_open, BASES[max(votes, key=votes.get)], experts)

    def guess(self, context: Context) -> np.ndarray:
        """Return the probability of each need in each guess of the context, shape (G, K)."""
        return softmax(columns_of(context, *usual(context.age_days)) @ self._weights)

    def _votes(self, experts) -> Dict[str, float]:
        logs = np.array([self._scores[name] + EXPERT_PRIOR[name] for name in experts])
        return dict(zip(experts, softmax(logs).tolist()))

    def base_shares(self, now_ns: int) -> np.ndarray:
        """Return how often each need was this baby's lately, drawn to the published shares."""
        total = np.array([SHARES[need] for need in NEEDS]) * BASE_PRIOR
        if self._examples:
            total += self._counts(now_ns) @ np.array([shares for _, _, shares, _
                                                      in self._examples])
        return total / total.sum()

    def _counts(self, now_ns):
        stamps = np.array([stamp for stamp, *_ in self._examples], float)
        weights = np.array([weight for *_, weight in self._examples])
        return weights * 0.5 ** (np.maximum(0.0, now_ns - stamps) / HALF_LIFE_NS)

    # --- learning --------------------------------------------------------------------------------
    def learn(self, context: Context, label: Label, answer: Answer,
              sound: Optional[np.ndarray] = None) -> None:
        """
        Take what an episode was about.

        :param answer: what was on record before the label was known.
        """
        if not label.shares:
            return
        shares = np.array([label.shares.get(need, 0.0) for need in NEEDS])
        if label.need is not None and label.source in ('explicit', 'derived'):
            self.record.note(Outcome(
                label.known_ns, answer.need, answer.probabilities[answer.need], answer.base,
                label.need, answer.may_name))
        for name in self._scores:
            expert = answer.experts.get(name, answer.experts['context'])
            self._scores[name] = EXPERT_MEMORY * self._scores[name] + label.weight * float(
                np.log(max(1e-4, shares @ expert)))
        for row in self._likely_rows(context, shares):
            self._examples.append((label.known_ns, row, shares, label.weight / ROWS_EACH))
        del self._examples[:-MOST_EXAMPLES]
        self._learnt += 1
        if self._learnt < EACH_UNTIL or self._learnt % 8 == 0:
            self._refit(label.known_ns)
        if self.voice is not None and sound is not None and label.need is not None:
            self.voice.learn(sound, label.need, label.weight)

    def _likely_rows(self, context, shares):
        """Return some guesses of the context, more of those that foretold the label."""
        rows = columns_of(context, *usual(context.age_days))
        likely = np.cumsum(softmax(rows @ self._weights) @ shares)
        places = (np.arange(ROWS_EACH) + 0.5) / ROWS_EACH * likely[-1]
        return rows[np.searchsorted(likely, places).clip(0, len(rows) - 1)]

    def _refit(self, now_ns: int) -> None:
        rows = np.array([row for _, row, _, _ in self._examples])
        targets = np.array([shares for _, _, shares, _ in self._examples])
        self._weights = fit(rows, targets, self._counts(now_ns), self._centre, PRECISION,
                            self._weights, 2 if self._learnt < 50 else 1)

    # --- why -------------------------------------------------------------------------------------
    def reasons(self, context: Context, need: str, most: int = 3) -> List[tuple]:
        """Return (column, how much it speaks for the need), the strongest first."""
        row = columns_of(context, *usual(context.age_days)).mean(axis=0)
        weights = self._weights - self._weights.mean(axis=1, keepdims=True)
        parts = row * weights[:, NEEDS.index(need)]
        order = np.argsort(-np.abs(parts))
        return [(COLUMNS[index], float(parts[index])) for index in order[:most]
                if abs(parts[index]) > 0.05 and COLUMNS[index] != 'one']

    # --- keeping ---------------------------------------------------------------------------------
    def to_document(self) -> dict:
        """Return what is to be kept, as JSON."""
        record = self.record
        return {
            'version': VERSION, 'needs': list(NEEDS), 'columns': list(COLUMNS),
            'examples': [[stamp, row.round(4).tolist(), shares.round(4).tolist(), weight]
                         for stamp, row, shares, weight in self._examples],
            'weights': self._weights.tolist(), 'learnt': self._learnt, 'scores': self._scores,
            'record': {'outcomes': [list(outcome) for outcome in record.outcomes],
                       'is_open': record.is_open, 'count': record.count,
                       'starts': record.starts, 'fell_silent_ns': record.fell_silent_ns},
            'voice': None if self.voice is None else self.voice.to_document()}

    def load(self, document: dict) -> None:
        """
        Take what was kept; a document that is broken leaves the learner as it was.

        :raises ValueError: if it is broken, or of a later version.
        """
        fresh = NeedLearner(self._threshold, self.voice)
        try:
            if document['version'] > VERSION:
                raise ValueError('it was written by a later version of this program')
            if (document['needs'], document['columns']) != (list(NEEDS), list(COLUMNS)):
                raise ValueError('it was written for other needs or columns')
            fresh._examples = [(int(stamp), np.array(row, float), np.array(shares, float),
                                float(weight))
                               for stamp, row, shares, weight in document['examples']]
            fresh._weights = np.array(document['weights'], float)
            fresh._learnt = int(document['learnt'])
            fresh._scores = {name: float(document['scores'][name]) for name in EXPERT_PRIOR}
            record = document['record']
            fresh.record = Record(
                self._threshold, [_checked_outcome(*each) for each in record['outcomes']],
                bool(record['is_open']), int(record['count']),
                [[int(w), int(lost), float(p)] for w, lost, p in record['starts']],
                int(record['fell_silent_ns']))
            sound = all(row.shape == (len(COLUMNS),) and shares.shape == (len(NEEDS),)
                        for _, row, shares, _ in fresh._examples)
            numbers = [fresh._weights.ravel(), *(row for _, row, _, _ in fresh._examples)]
            if fresh._weights.shape != self._centre.shape or not sound or not all(
                    np.isfinite(each).all() for each in numbers):
                raise ValueError('its numbers are none')
            if fresh.voice is not None and document['voice'] is not None:
                fresh.voice.load(document['voice'])
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f'this is no kept learner: {error!r}') from None
        self.record, self.voice = fresh.record, fresh.voice
        self._examples, self._weights = fresh._examples, fresh._weights
        self._scores, self._learnt = fresh._scores, fresh._learnt


def _checked_outcome(stamp_ns, said, probability, base, label, was_named) -> Outcome:
    if not {said, base, label} <= set(NEEDS) or not 0.0 <= probability <= 1.0:
        raise ValueError('an outcome in it is none')
    return Outcome(int(stamp_ns), said, float(probability), base, label, bool(was_named))
