# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From blocks of samples of any size to one contiguous buffer of whole frames."""

from typing import Tuple

import numpy as np
from numpy.typing import ArrayLike

# Samples are within [-1, 1]; far beyond it they are garbage, and squares of them would overflow.
SAMPLE_LIMIT = 1e6
# Far below a 16-bit step; smaller values only make denormal numbers, which are slow.
SAMPLE_TINY = 1e-30


def check_samples(samples: ArrayLike) -> np.ndarray:
    """
    Return ``samples`` as a one-dimensional float64 array.

    :raises ValueError: for more than one dimension, or for anything but floating-point numbers.
    """
    samples = np.asarray(samples)
    if samples.ndim != 1:
        raise ValueError(f'expected one-dimensional samples, got shape {samples.shape}')
    if samples.dtype.kind != 'f':
        raise ValueError('expected floating-point samples within [-1, 1] (pcm16 / 32767), '
                         f'got {samples.dtype}')
    result: np.ndarray = samples.astype(np.float64, copy=False)
    return result


def clean_samples(samples: np.ndarray) -> Tuple[np.ndarray, int]:
    """
    Replace what cannot be sound by 0.

    :param samples: float64, shape (S,).
    :return: the cleaned samples (the same array where nothing was wrong) and how many were NaN,
        infinite or beyond 1e6 in magnitude. Values below 1e-30 become 0 without being counted.
    """
    if not samples.size:
        return samples, 0
    magnitude = np.abs(samples)
    wrong = 0
    if not magnitude.max() <= SAMPLE_LIMIT:  # also false for NaN
        bad = ~(magnitude <= SAMPLE_LIMIT)
        wrong = int(np.count_nonzero(bad))
        samples = np.where(bad, 0.0, samples)
    if not magnitude.min() >= SAMPLE_TINY:  # also for NaN
        samples = np.where(magnitude < SAMPLE_TINY, 0.0, samples)
    return samples, wrong


def frame_view(buffer: np.ndarray, count: int, length: int, hop: int) -> np.ndarray:
    """
    Return overlapping frames of a contiguous buffer without copying.

    :param buffer: float64, shape (>= (count - 1) * hop + length,).
    :return: read-only by convention, shape (count, length); row n starts at sample ``n * hop``.
    """
    step = buffer.itemsize
    result: np.ndarray = np.ndarray((count, length), buffer.dtype, buffer, 0, (hop * step, step))
    return result


def count_frames(samples: int, length: int, hop: int) -> int:
    """Return how many whole frames fit, left-aligned: ``floor((S - length) / hop) + 1``."""
    return (samples - length) // hop + 1 if samples >= length else 0


class Framer:
    """
    Collects samples until whole frames are there; keeps less than one window.

    :param length: window in samples.
    :param hop: step between frames in samples, at most ``length``.
    """

    def __init__(self, length: int, hop: int):
        self._length = length
        self._hop = hop
        self._rest = np.empty(0)

    def reset(self) -> None:
        """Forget the samples kept."""
        self._rest = np.empty(0)

    def push(self, samples: np.ndarray) -> Tuple[np.ndarray, int]:
        """
        Add samples.

        :return: a contiguous buffer and the number of whole frames that start in it at
            0, hop, 2 hop, ...
        """
        buffer = np.concatenate((self._rest, samples))
        count = count_frames(buffer.size, self._length, self._hop)
        self._rest = buffer[count * self._hop:].copy()
        return buffer, count
