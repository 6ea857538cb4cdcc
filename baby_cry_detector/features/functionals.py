# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Statistics of a whole clip: the 12 functionals of the INTERSPEECH 2009 Emotion Challenge.

Schuller, Steidl, Batliner: "The INTERSPEECH 2009 Emotion Challenge", Interspeech 2009: over each
of the 16 descriptors and their deltas, 384 values in all. They forget the order in time, which is
what they are compared with frame by frame models for.
"""

from typing import Tuple

import numpy as np

from baby_cry_detector.features.definition import FeatureSet

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
