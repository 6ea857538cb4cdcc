# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Statistics of a whole clip: the 12 functionals of the INTERSPEECH 2009 Emotion Challenge.

Schuller, Steidl, Batliner: "The INTERSPEECH 2009 Emotion Challenge", Interspeech 2009: over each
of the 16 descriptors and their deltas, 384 values in all. They forget the order in time, which is
what they are compared with frame by frame models for.
"""

from typing import Optional, Tuple

from baby_cry_detector.features.definition import FeatureSet
import numpy as np

FUNCTIONALS = ('max', 'min', 'range', 'maxPos', 'minPos', 'amean', 'linregc1', 'linregc2',
               'linregerrQ', 'stddev', 'skewness', 'kurtosis')


def functional_columns(feature_set: FeatureSet) -> Tuple[str, ...]:
    """Return ``column_functional`` for each column and functional, columns first."""
    return tuple(f'{column}_{name}' for column in feature_set.columns for name in FUNCTIONALS)


def functionals(values: np.ndarray) -> np.ndarray:
    """
    Return the functionals of each contour.

    Positions count frames from 0. ``linregc1`` (per frame) and ``linregc2`` are slope and value at
    frame 0 of the regression line, ``linregerrQ`` its mean squared error. Standard deviation,
    skewness and kurtosis (3 for a normal distribution) are those of the frames themselves, not
    estimates; skewness and kurtosis of a constant contour are 0.

    :param values: rows of a clip, shape (N, F), N >= 1.
    :return: shape (12 F,), in the order of `functional_columns`.
    :raises ValueError: without rows.
    """
    if values.ndim != 2 or not len(values):
        raise ValueError('functionals need at least one frame, '
                         f'got an array of shape {values.shape}')
    count, width = values.shape
    result = np.empty((width, len(FUNCTIONALS)))
    result[:, 0] = values.max(axis=0)
    result[:, 1] = values.min(axis=0)
    result[:, 2] = result[:, 0] - result[:, 1]
    result[:, 3] = values.argmax(axis=0)
    result[:, 4] = values.argmin(axis=0)
    mean = values.mean(axis=0)
    result[:, 5] = mean
    time = np.arange(count) - (count - 1) / 2.0
    centred = values - mean
    square = time @ time
    slope = time @ centred / square if count > 1 else np.zeros(width)
    result[:, 6] = slope
    result[:, 7] = mean - slope * (count - 1) / 2.0
    result[:, 8] = np.mean((centred - np.outer(time, slope)) ** 2, axis=0)
    variance = np.mean(centred ** 2, axis=0)
    deviation = np.sqrt(variance)
    # Where a contour does not move, what is left is rounding.
    moves = deviation > 1e-12 * (np.abs(mean) + 1e-300)
    safe = np.where(moves, deviation, 1.0)
    scaled = centred / safe
    result[:, 9] = deviation
    result[:, 10] = np.where(moves, np.mean(scaled ** 3, axis=0), 0.0)
    result[:, 11] = np.where(moves, np.mean(scaled ** 4, axis=0), 0.0)
    return result.ravel()


class FunctionalsOfStream:
    """
    The functionals of rows that come in blocks; what is kept does not grow with them.

    The same as `functionals` of all rows, up to rounding: central moments are merged block by
    block (Pébay: Formulas for robust, one-pass parallel computation of covariances and
    arbitrary-order statistical moments, 2008).
    """

    def __init__(self) -> None:
        self.count = 0
        self._extremes: Optional[np.ndarray] = None    # max, min, position of either
        self._moments: Optional[np.ndarray] = None     # mean, and sums of powers 2 to 4 about it
        self._with_time: Optional[np.ndarray] = None   # sum of (time - its mean) x centred

    def add(self, values: np.ndarray) -> None:
        """Take rows ``(n, F)``."""
        if not len(values):
            return
        count, before = len(values), self.count
        extremes = np.stack([values.max(axis=0), values.min(axis=0),
                             values.argmax(axis=0) + before, values.argmin(axis=0) + before])
        mean = values.mean(axis=0)
        centred = values - mean
        moments = np.stack([mean, *(np.sum(centred ** power, axis=0) for power in (2, 3, 4))])
        with_time = (np.arange(count) - (count - 1) / 2.0) @ centred
        self.count = before + count
        if self._moments is None or self._extremes is None or self._with_time is None:
            self._extremes, self._moments, self._with_time = extremes, moments, with_time
            return
        higher, lower = extremes[0] > self._extremes[0], extremes[1] < self._extremes[1]
        for row, better in ((2, higher), (3, lower), (0, higher), (1, lower)):
            self._extremes[row] = np.where(better, extremes[row], self._extremes[row])
        # Middle of the new block's time less that of the old ones', and likewise of the means.
        delta_time, delta = self.count / 2.0, mean - self._moments[0]
        self._with_time = (self._with_time + with_time
                           + delta_time * delta * before * count / self.count)
        self._moments = _merged(self._moments, before, moments, count, delta)

    def result(self) -> np.ndarray:
        """
        Return the functionals, shape (12 F,), in the order of `functional_columns`.

        :raises ValueError: without rows.
        """
        if self._moments is None or self._extremes is None or self._with_time is None:
            raise ValueError('functionals need at least one frame')
        count, (highest, lowest, highest_at, lowest_at) = self.count, self._extremes
        mean, second, third, fourth = self._moments
        square = count * (count ** 2 - 1) / 12.0
        slope = self._with_time / square if count > 1 else np.zeros_like(mean)
        variance = second / count
        deviation = np.sqrt(variance)
        moves = deviation > 1e-12 * (np.abs(mean) + 1e-300)
        safe = np.where(moves, deviation, 1.0)
        error = np.maximum(0.0, variance - slope ** 2 * square / count)
        return np.stack([
            highest, lowest, highest - lowest, highest_at, lowest_at, mean, slope,
            mean - slope * (count - 1) / 2.0, error, deviation,
            np.where(moves, third / count / safe ** 3, 0.0),
            np.where(moves, fourth / count / safe ** 4, 0.0)], axis=1).ravel()


def _merged(first: np.ndarray, n_1: int, second: np.ndarray, n_2: int,
            delta: np.ndarray) -> np.ndarray:
    """Return mean and sums of the 2nd to 4th central powers of two sets of rows together."""
    (mean, a2, a3, a4), (_, b2, b3, b4) = first, second
    n = n_1 + n_2
    share = n_1 * n_2 / n
    return np.stack([
        mean + delta * n_2 / n,
        a2 + b2 + delta ** 2 * share,
        a3 + b3 + delta ** 3 * share * (n_1 - n_2) / n + 3.0 * delta * (n_1 * b2 - n_2 * a2) / n,
        a4 + b4 + delta ** 4 * share * (n_1 ** 2 - n_1 * n_2 + n_2 ** 2) / n ** 2
        + 6.0 * delta ** 2 * (n_1 ** 2 * b2 + n_2 ** 2 * a2) / n ** 2
        + 4.0 * delta * (n_1 * b3 - n_2 * a3) / n])
