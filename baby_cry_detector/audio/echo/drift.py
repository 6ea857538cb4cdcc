# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How far a path has moved since a while: two clocks that differ make it wander.

The same path some time ago and now differ by a delay; weighted by what sounded, their cross
spectrum has its peak there.
"""

import numpy as np

_FINER = 8
LEAST_BINS = 10                # that sound together, of 31 Hz
MOST_SAMPLES = 8.0             # that it can have moved


def moved(before: np.ndarray, now: np.ndarray, power: np.ndarray) -> float:
    """
    Return by how many samples a path has become later, −8 to 8; 0 where nothing can be told.

    :param before, now: ``(partitions, bins)`` complex, the path in frequency.
    :param power: ``(bins,)`` of the reference.
    """
    cross = (now * np.conj(before)).sum(axis=0) * power
    size_of = np.abs(cross)
    if size_of.sum() ** 2 < LEAST_BINS * np.square(size_of).sum():
        return 0.0             # of a tone the same is later and earlier
    size = 2 * (len(power) - 1) * _FINER
    correlation = np.fft.irfft(cross, size)
    reach = round(MOST_SAMPLES * _FINER)
    near = np.concatenate((correlation[-reach:], correlation[:reach + 1]))
    peak = int(near.argmax())
    if not near[peak] > 0.0 or peak in (0, 2 * reach):
        return 0.0
    left, middle, right = near[peak - 1:peak + 2]
    bend = left - 2.0 * middle + right
    part = 0.5 * (left - right) / bend if bend < 0.0 else 0.0
    return float((peak - reach + part) / _FINER)
