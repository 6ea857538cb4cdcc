# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A known speaker's voice: what it sounds like on average, and how each class differs from that.

Every episode moves the average, labelled or not; a class's prototype is the mean of its labelled
episodes, drawn towards the general one as if that had been heard `PULL` times. Only numbers of
the kind that a decision is made of are kept, nothing that sound could be made from.
"""

from typing import Dict, Optional, Tuple

from baby_cry_detector.care.need.logistic import softmax
import numpy as np

PULL = 4.0
# Before it has heard this many episodes of a baby nothing is said of its voice.
LEAST_HEARD = 5


class Voice:
    """
    Prototypes of a speaker's classes around the speaker's own mean.

    :param general: prototypes of people in general around their own means, {name: shape (D,)}.
    :param scale: squared distance that makes a class e times less likely.
    :param pull: how many heard examples the general prototype counts for.
    """

    def __init__(self, general: Dict[str, np.ndarray], scale: float, pull: float = PULL) -> None:
        """Nothing is heard."""
        self.general = {name: np.asarray(row, float) for name, row in general.items()}
        self._scale, self._pull = scale, pull
        self.heard = 0
        self._mean: Optional[np.ndarray] = None
        self._sums: Dict[str, Tuple[np.ndarray, float]] = {}

    def copy(self) -> 'Voice':
        """Return one that goes on alone."""
        other = Voice(self.general, self._scale, self._pull)
        other.heard, other._mean, other._sums = self.heard, self._mean, dict(self._sums)
        return other

    def hear(self, sound: np.ndarray) -> None:
        """Take an episode's sound, labelled or not."""
        sound = np.asarray(sound, float)
        if not np.isfinite(sound).all():
            return
        self.heard += 1
        mean = np.zeros_like(sound) if self._mean is None else self._mean
        self._mean = mean + (sound - mean) / self.heard

    def learn(self, sound: np.ndarray, name: str, weight: float = 1.0) -> None:
        """Take the label of a sound that was heard."""
        total, count = self._sums.get(name, (np.zeros_like(sound, float), 0.0))
        self._sums[name] = (total + weight * np.asarray(sound, float), count + weight)

    def probabilities(self, sound: np.ndarray) -> Optional[Dict[str, float]]:
        """Return the probability of each class given the sound, all alike before it."""
        if self.heard < LEAST_HEARD or self._mean is None:
            return None
        mean = self._mean
        centred = np.asarray(sound, float) - mean
        names = list(self.general)
        scores = [-np.sum((centred - self._prototype(name, mean)) ** 2) / self._scale
                  for name in names]
        return dict(zip(names, softmax(np.array(scores)).tolist()))

    def _prototype(self, name: str, mean: np.ndarray) -> np.ndarray:
        """Return a class's prototype, relative to the speaker's mean."""
        own = self._pull * self.general[name]
        total, count = self._sums.get(name, (own, 0.0))
        if count:
            own = total - count * mean + own
        return own / (count + self._pull)
