# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the learner knows of its own worth: each answer is on record before the label is known.

Beside it stands what always saying this baby's commonest need would have got. Only episodes in
which exactly one of both is right say which is better. A need is named while the probability that
the learner is better is at least 0.95; that this is looked at after every label must not let
chance in by and by, so the evidence is a betting score (Ville: it exceeds 1/a by chance in at most
a share a of all babies, however often one looks), a mixture over the moments from which on the
learner may have been good.
"""

from dataclasses import dataclass, field, replace
import functools
import math
from typing import List, NamedTuple, Optional, Tuple

from baby_cry_detector.units import DAY_NS
import numpy as np

# Before anything is seen: how likely it is that a learner gets to know its baby.
BELIEF = 0.25
START_EVERY = 20                    # labels: from each of these on it may have become good
MOST_STARTS = 60
SHOWN_NS = 28 * DAY_NS
WORSE_LEAST = 12                    # answers on which they differ before it may fall silent
WORSE_SHARE = 0.55
MOST_KEPT = 2000
BINS = ((0.0, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 0.9), (0.9, 1.01))


class Outcome(NamedTuple):
    """
    An answer that was on record, and what turned out.

    :ivar label: what it was, '' where that is not known for certain (any more).
    :ivar episode_id: which; an outcome of the same episode takes its place.
    """

    stamp_ns: int
    said: str
    probability: float
    base: str
    label: str
    was_named: bool = False
    episode_id: str = ''
    number: int = 0

    @property
    def is_right(self) -> bool:
        """Return whether the learner was right."""
        return self.said == self.label

    @property
    def is_base_right(self) -> bool:
        """Return whether the commonest need was right."""
        return self.base == self.label


class Figures(NamedTuple):
    """How often it was right lately, and how sure it is that this is more than the base rate."""

    right: int
    of: int
    base_right: int
    probability_better: float


@dataclass
class Start:
    """A bet that began at an outcome: how the answers from there on did."""

    wins: int
    losses: int
    weight: float
    first_number: int


@dataclass
class Record:
    """
    All outcomes, the newest `MOST_KEPT`, and whether a need may be named.

    :ivar threshold: probability from which on a need is named.
    :ivar is_open: whether one may be named now.
    """

    threshold: float = 0.95
    outcomes: List[Outcome] = field(default_factory=list)
    is_open: bool = False
    count: int = 0
    starts: List[Start] = field(default_factory=list)
    fell_silent_ns: int = 0
    total: int = 0

    def copy(self) -> 'Record':
        """Return one that goes on alone."""
        return replace(self, outcomes=list(self.outcomes),
                       starts=[replace(start) for start in self.starts])

    def note(self, outcome: Outcome) -> None:
        """
        Take an outcome; they come in the order in which the labels are known.

        One of an episode that is known already is a correction: what was believed of it stays.
        """
        before = self._taken_back(outcome.episode_id)
        if not outcome.label:
            return
        if before is not None:
            place, old = before
            outcome = old._replace(label=outcome.label)
            self.outcomes.insert(place, outcome)
        else:
            if self.count % START_EVERY == 0 and len(self.starts) < MOST_STARTS:
                number = len(self.starts) + 1
                self.starts.append(Start(0, 0, 1.0 / (number * (number + 1)), self.total))
            outcome = outcome._replace(number=self.total)
            self.count += 1
            self.total += 1
            self.outcomes.append(outcome)
            del self.outcomes[:-MOST_KEPT]
        self._count(outcome, 1)
        if not self.is_open and self.probability_better >= self.threshold:
            self.is_open = True
        elif self.is_open and self._is_worse():
            # What was won before does not speak for it any more: it has to earn it anew.
            self.is_open, self.fell_silent_ns = False, self.outcomes[-1].stamp_ns
            self.starts, self.count = [], 0

    def _taken_back(self, episode_id: str) -> Optional[Tuple[int, Outcome]]:
        """Remove the outcome of an episode; return (its place, it) if there was one."""
        for place in range(len(self.outcomes) - 1, -1, -1) if episode_id else ():
            if self.outcomes[place].episode_id == episode_id:
                outcome = self.outcomes.pop(place)
                self._count(outcome, -1)
                return place, outcome
        return None

    def _count(self, outcome: Outcome, by: int) -> None:
        if outcome.is_right != outcome.is_base_right:
            for start in self.starts:
                if outcome.number >= start.first_number:
                    if outcome.is_right:
                        start.wins += by
                    else:
                        start.losses += by

    @property
    def probability_better(self) -> float:
        """Return the probability that the learner knows more than the base rate."""
        score = 1.0 - sum(start.weight for start in self.starts)
        score += sum(start.weight * math.exp(betting_score(start.wins, start.losses))
                     for start in self.starts)
        return BELIEF * score / (BELIEF * score + 1.0 - BELIEF)

    def _is_worse(self) -> bool:
        """Return whether it lost lately: at the newest answers on which they differ."""
        differing = [outcome.is_right for outcome in self.outcomes[-400:]
                     if outcome.is_right != outcome.is_base_right][-3 * WORSE_LEAST:]
        return len(differing) >= WORSE_LEAST and sum(differing) < WORSE_SHARE * len(differing)

    def figures(self, now_ns: int) -> Figures:
        """Return what the last four weeks say."""
        lately = [outcome for outcome in self.outcomes if outcome.stamp_ns > now_ns - SHOWN_NS]
        return Figures(sum(o.is_right for o in lately), len(lately),
                       sum(o.is_base_right for o in lately), self.probability_better)

    def calibration(self) -> List[Tuple[float, float, int]]:
        """Return (mean probability said, share right, count) of each bin that has any."""
        rows = []
        for low, high in BINS:
            inside = [o for o in self.outcomes if low <= o.probability < high]
            if inside:
                rows.append((sum(o.probability for o in inside) / len(inside),
                             sum(o.is_right for o in inside) / len(inside), len(inside)))
        return rows

    def calibration_error(self) -> float:
        """Return the mean distance between said and right, weighted by count; 0 without any."""
        rows = self.calibration()
        total = sum(count for _, _, count in rows)
        return sum(abs(said - right) * count for said, right, count in rows) / max(1, total)


@functools.lru_cache(maxsize=20_000)
def betting_score(wins: int, losses: int) -> float:
    """
    Return log of the likelihood of "better" over that of "no better", of answers that differ.

    "Better": the share of wins is anything above one half, all alike. "No better": one half.
    """
    shares = SHARES_ABOVE
    with np.errstate(divide='ignore', invalid='ignore'):
        logs = wins * np.log(shares) + np.where(
            losses > 0, losses * np.log1p(-shares), 0.0)
    best = float(logs.max())
    # 2 times the integral over (1/2, 1), by Simpson's rule.
    return math.log(float(SIMPSON @ np.exp(logs - best))) + best + (wins + losses) * math.log(2.0)


STEPS = 400
SHARES_ABOVE = np.linspace(0.5, 1.0, STEPS + 1)
SIMPSON = np.where(np.arange(STEPS + 1) % 2, 4.0, 2.0) / (3.0 * STEPS)
SIMPSON[[0, -1]] /= 2.0


def wilson(right: int, of: int, z: float = 1.96) -> Tuple[float, float]:
    """Return the interval in which a share lies with 95 %: (low, high)."""
    if not of:
        return 0.0, 1.0
    share, square = right / of, z * z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = z / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)
