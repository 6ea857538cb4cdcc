# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
This baby's voice as the node learns it: its own episodes alone, counted half after five weeks.

Every episode moves the mean and the deviation of each number; a need's prototype is the mean of
its labelled episodes around that, drawn to "as ever" as if that had been heard `PULL` times. For
grown-ups there are prototypes of others too (`voice`); no baby's need is known to sound like
another's.
"""

from typing import Dict, Optional, Sequence, Tuple

from baby_cry_detector.care.need.labels import NEEDS
from baby_cry_detector.care.need.logistic import softmax
from baby_cry_detector.care.need.voice import LEAST_HEARD, PULL
from baby_cry_detector.units import DAY_NS
import numpy as np

HALF_LIFE_NS = 35 * DAY_NS
# Squared distance, a mean over the numbers, that makes a need e times less likely: they are not
# independent. Of 0.06 to 2 the labels of EmoDB's speakers were likeliest with 0.1 to 0.2.
SCALE = 0.2
FARTHEST = 4.0                      # deviations; what lies farther says no more


class OwnVoice:
    """
    Nothing is heard yet; see the module.

    :param names: what is told apart.
    :ivar heard: how many episodes were.
    """

    def __init__(self, names: Sequence[str] = NEEDS) -> None:
        self._names = names
        self.heard = 0
        self._now_ns = 0
        self._weight = 0.0
        self._first: Optional[np.ndarray] = None        # sums are around it, which keeps digits
        self._sum = self._squares = np.zeros(0)
        self._sums: Dict[str, Tuple[np.ndarray, float]] = {}

    def copy(self) -> 'OwnVoice':
        """Return one that goes on alone."""
        other = OwnVoice()
        other.__dict__.update(self.__dict__)            # arrays are replaced, never changed
        other._sums = dict(self._sums)
        return other

    def _fade(self, now_ns: int) -> None:
        if now_ns > self._now_ns:
            share = 0.5 ** ((now_ns - self._now_ns) / HALF_LIFE_NS) if self._now_ns else 1.0
            self._now_ns = now_ns
            self._weight *= share
            self._sum, self._squares = share * self._sum, share * self._squares
            self._sums = {name: (share * total, share * count)
                          for name, (total, count) in self._sums.items()}

    def hear(self, sound: np.ndarray, now_ns: int) -> None:
        """Take how an episode sounds, shape (D,), labelled or not."""
        sound = np.asarray(sound, float)
        if self._first is None:
            self._first = sound
            self._sum = self._squares = np.zeros_like(sound)
        self._fade(now_ns)
        self.heard += 1
        self._weight += 1.0
        around = sound - self._first
        self._sum, self._squares = self._sum + around, self._squares + around ** 2

    def learn(self, sound: np.ndarray, need: str, weight: float, now_ns: int) -> None:
        """
        Take what a sound that was heard was about.

        :param weight: below 0 it is taken back.
        """
        if self._first is None:
            return
        self._fade(now_ns)
        total, count = self._sums.get(need, (0.0, 0.0))
        self._sums[need] = (total + weight * (np.asarray(sound, float) - self._first),
                            max(0.0, count + weight))

    def probabilities(self, sound: np.ndarray) -> Optional[Dict[str, float]]:
        """Return the probability of each need given a sound that was heard, all alike before."""
        if self.heard < LEAST_HEARD or self._first is None:
            return None
        mean = self._sum / self._weight
        deviation = np.sqrt(np.maximum(self._squares / self._weight - mean ** 2, 0.0))
        moves = deviation > 1e-6 * (1.0 + np.abs(self._first))
        scale = np.where(moves, deviation, np.inf) * np.sqrt(len(mean))
        farthest = FARTHEST / np.sqrt(len(mean))
        around = np.clip((np.asarray(sound, float) - self._first - mean) / scale,
                         -farthest, farthest)
        distances = []
        for need in self._names:
            total, count = self._sums.get(need, (0.0, 0.0))
            own = np.clip((total - count * mean) / scale, -count * farthest, count * farthest)
            distances.append(np.sum((around - own / (count + PULL)) ** 2))
        return dict(zip(self._names, softmax(-np.array(distances) / SCALE).tolist()))
