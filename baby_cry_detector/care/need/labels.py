# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Labels that cost nobody anything: the reason of a cry is the action that stopped it.

The protocol of Lockhart-Bouron et al. 2023 (Communications Psychology 1:26), whose causes agree
with the parents' own opinion in 75 % of cases; hence the weights. What a caregiver says of an
episode always stands above what is derived.
"""

from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from baby_cry_detector.units import MINUTE_NS, SECOND_NS
import numpy as np

# Needs that the learner tells apart; the others have no action of their own that would say so.
NEEDS = ('hungry', 'tired', 'discomfort', 'burping', 'lonely')
ACTIONS = {'fed': 'hungry', 'slept': 'tired', 'changed': 'discomfort', 'burped': 'burping',
           'comforted': 'lonely'}
# Crying has to end within this after the action, and stay ended for the second.
STOPS_WITHIN_NS = 5 * MINUTE_NS
STAYS_QUIET_NS = 5 * MINUTE_NS
# A parent taps when there is a hand free: this long after the crying has ended.
TOLD_AFTER_NS = 15 * MINUTE_NS
# Crying that goes on for so long after an action was not about what that action gives.
FAILED_AFTER_NS = 10 * MINUTE_NS
EXPLICIT_WEIGHT, DERIVED_WEIGHT, AMBIGUOUS_WEIGHT, ROBOT_WEIGHT = 1.0, 0.6, 0.3, 0.15
# Rocking and sound give company and sleep; which of both it was they do not say.
# How often what is entered is not what it was: by kind of label (Lockhart-Bouron: the action and
# the parents' opinion agree in 75 %; an entry that is merely mistyped is one in ten).
WRONG = {'explicit': 0.02, 'derived': 0.1, 'ambiguous': 0.15, 'robot': 0.4}
ROBOTS_SHARES = {'tired': 0.5, 'lonely': 0.5}
SYNONYMS = {'hunger': 'hungry', 'wind': 'burping', 'burp': 'burping', 'sleepy': 'tired',
            'nappy': 'discomfort', 'diaper': 'discomfort', 'wet': 'discomfort',
            'company': 'lonely', 'comfort': 'lonely'}
LONGEST_LABEL = 40


class Fact(NamedTuple):
    """
    Something that was done.

    :param kind: ``fed``, ``slept``, ``changed``, ``burped``, ``comforted``, ``labelled``,
        ``rocking``, ``sound``.
    :param label: of ``labelled``.
    :param helped: of ``rocking`` and ``sound``: whether less was cried than before.
    """

    stamp_ns: int
    kind: str
    episode_id: str = ''
    label: str = ''
    helped: bool = False


@dataclass(frozen=True)
class Cry:
    """One episode of crying that is over."""

    episode_id: str
    onset_ns: int
    end_ns: int
    intensity: float = 0.5


@dataclass(frozen=True)
class Label:
    """
    What an episode was about.

    :ivar shares: of needs; they add up to 1. Empty: the caregiver says that it was none of them.
    :ivar weight: 0 to 1, how much it counts.
    :ivar source: ``explicit``, ``derived``, ``ambiguous`` or ``robot``.
    :ivar known_ns: when it was known.
    """

    shares: Dict[str, float]
    weight: float
    source: str
    known_ns: int

    @property
    def likely(self) -> np.ndarray:
        """Return how likely this label is given each of `NEEDS`, up to a factor, shape (K,)."""
        if not self.shares:
            return np.ones(len(NEEDS))
        shares, wrong = self.row, WRONG[self.source]
        return (1.0 - wrong) * shares + wrong * (1.0 - shares) / (len(NEEDS) - 1)

    @property
    def row(self) -> np.ndarray:
        """Return the shares of `NEEDS`, shape (K,)."""
        return np.array([self.shares.get(need, 0.0) for need in NEEDS])

    @property
    def need(self) -> Optional[str]:
        """Return the one need that it names, if it names one."""
        return next(iter(self.shares)) if len(self.shares) == 1 else None


def need_of_text(text: str) -> Optional[str]:
    """Return the need that a caregiver's own word names, if it is one of `NEEDS`."""
    word = text.strip().lower()
    word = SYNONYMS.get(word, word)
    return word if word in NEEDS else None


def kept_label(text: str) -> str:
    """Return a caregiver's word as it is kept; what is longer than any need names none."""
    text = text.strip()
    return text if len(text) <= LONGEST_LABEL else f'{text[:LONGEST_LABEL]}…'


def label_of(cry: Cry, facts: Sequence[Fact], next_onset_ns: Optional[int] = None,
             now_ns: int = 2**62) -> Optional[Label]:
    """
    Return the label of an episode; ``None`` where nothing says what it was.

    :param facts: in any order, of the same baby.
    :param next_onset_ns: when it cried next, if it did.
    :param now_ns: the present: what was said or done later is not known.
    """
    facts = [fact for fact in facts if fact.stamp_ns <= now_ns]
    said = [fact for fact in facts if fact.kind == 'labelled'
            and fact.episode_id == cry.episode_id]
    if said:
        newest = max(said, key=lambda fact: (fact.stamp_ns, fact.label))
        need = need_of_text(newest.label)
        return Label({need: 1.0} if need else {}, EXPLICIT_WEIGHT, 'explicit', newest.stamp_ns)
    if next_onset_ns is not None and next_onset_ns - cry.end_ns < STAYS_QUIET_NS:
        return None                                     # it had not ended
    known_ns = cry.end_ns + STAYS_QUIET_NS
    if known_ns > now_ns:
        return None                                     # it may go on
    # What was done after it had begun anew belongs to that cry.
    stopped = _stopping(cry, facts if next_onset_ns is None else [
        fact for fact in facts if fact.stamp_ns < next_onset_ns])
    if stopped:
        needs = sorted({ACTIONS[fact.kind] for fact in stopped})
        known_ns = max(known_ns, *(fact.stamp_ns for fact in stopped))
        if len(needs) == 1:
            return Label({needs[0]: 1.0}, DERIVED_WEIGHT, 'derived', known_ns)
        return Label({need: 1.0 / len(needs) for need in needs}, AMBIGUOUS_WEIGHT, 'ambiguous',
                     known_ns)
    if any(fact.kind in ('rocking', 'sound') and fact.helped
           and cry.onset_ns <= fact.stamp_ns <= cry.end_ns + STOPS_WITHIN_NS for fact in facts):
        return Label(dict(ROBOTS_SHARES), ROBOT_WEIGHT, 'robot', known_ns)
    return None


def _stopping(cry: Cry, facts: Sequence[Fact]) -> List[Fact]:
    """Return the caregiver's actions of which any may have stopped it."""
    near = [fact for fact in facts if fact.kind in ACTIONS
            and max(cry.onset_ns, cry.end_ns - STOPS_WITHIN_NS) <= fact.stamp_ns
            <= cry.end_ns + TOLD_AFTER_NS]
    # Put to bed after it was fed and quiet: what was done while it cried has stopped it.
    during = [fact for fact in near if fact.stamp_ns <= cry.end_ns + 30 * SECOND_NS]
    if during:
        # The last that was done before it ended, and what was done in the same minute.
        last_ns = max(fact.stamp_ns for fact in during)
        return [fact for fact in during if last_ns - fact.stamp_ns < MINUTE_NS]
    first_ns = min((fact.stamp_ns for fact in near), default=0)
    return [fact for fact in near if fact.stamp_ns - first_ns < MINUTE_NS]


def failed_by(onset_ns: int, now_ns: int, facts: Sequence[Fact]) -> Tuple[str, ...]:
    """Return the needs whose action was tried in this episode and did not stop it."""
    return tuple(sorted({
        ACTIONS[fact.kind] for fact in facts if fact.kind in ACTIONS
        and onset_ns <= fact.stamp_ns <= now_ns - FAILED_AFTER_NS}))
