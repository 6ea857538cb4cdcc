# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Causal moving mean of frame probabilities.

The window always has its full length: what was before the stream counts as "not crying", so
that a single loud frame at the start cannot look like a cry, and a score needs
``threshold * smoothing_s`` of certain crying at the least. The clip score is its maximum.
"""

from collections import deque
import math
from typing import Deque, Iterable, List

import numpy as np


def window_length(smoothing_s: float, step_s: float) -> int:
    """Return how many steps of ``step_s`` a mean over ``smoothing_s`` takes; at least 1."""
    if not (step_s > 0 and math.isfinite(smoothing_s)):
        raise ValueError(f'expected a step above 0 s and a finite duration, got {step_s!r} s '
                         f'and {smoothing_s!r} s')
    return max(1, round(smoothing_s / step_s))


def clean_probability(value: float) -> float:
    """Return ``value`` within 0 to 1; what is not a number is no evidence, 0."""
    if value >= 1.0:
        return 1.0
    return float(value) if value > 0.0 else 0.0


class CausalMean:
    """
    Mean of the last ``length`` values, one value at a time.

    Summed anew for every value with exact rounding: nothing accumulates over hours.

    :param length: how many values, at least 1.
    """

    def __init__(self, length: int) -> None:
        self._values: Deque[float] = deque()
        self.resize(length)

    @property
    def length(self) -> int:
        """Return how many values the mean is taken over."""
        return self._length

    def resize(self, length: int) -> None:
        """Change the length and keep the newest values."""
        if length < 1:
            raise ValueError(f'expected a length of at least 1, got {length!r}')
        self._length = int(length)
        self._values = deque(self._values, maxlen=self._length)

    def reset(self) -> None:
        """Forget all values."""
        self._values.clear()

    def update(self, value: float) -> float:
        """Take a probability, return the mean; NaN counts as 0, the range is 0 to 1."""
        self._values.append(clean_probability(value))
        return math.fsum(self._values) / self._length


def causal_mean(probability: Iterable[float], length: int) -> np.ndarray:
    """Return what `CausalMean` gives for each of the probabilities ``(n,)``, all at once."""
    if length < 1:
        raise ValueError(f'expected a length of at least 1, got {length!r}')
    values = np.nan_to_num(np.asarray(probability, dtype=np.float64), nan=0.0).clip(0.0, 1.0)
    if values.ndim != 1:
        raise ValueError(f'expected one probability a step, got shape {values.shape}')
    means: List[np.ndarray] = []
    padded = np.concatenate((np.zeros(length - 1), values))
    at_once = max(1, (1 << 20) // length)      # bounds the memory
    for start in range(0, values.size, at_once):
        part = padded[start:start + at_once + length - 1]
        means.append(np.lib.stride_tricks.sliding_window_view(part, length).mean(axis=1))
    return np.concatenate(means) if means else np.zeros(0)


def clip_score(probability: Iterable[float], smoothing_s: float, step_s: float) -> float:
    """
    Return the score of a clip: the maximum of the causal mean of its probabilities.

    :param probability: ``(n,)``, one per step.
    :param smoothing_s: length of the mean.
    :param step_s: time between two probabilities.
    :return: 0 to 1; 0 for an empty clip.
    """
    means = causal_mean(probability, window_length(smoothing_s, step_s))
    return float(means.max()) if means.size else 0.0
