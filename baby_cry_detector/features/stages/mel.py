# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Mel filter banks and cepstra, as the INTERSPEECH sets define them."""

from functools import lru_cache
from typing import Any, Tuple

import numpy as np
from numpy.typing import ArrayLike


def hz_to_mel(frequency: ArrayLike) -> Any:
    """Return 1127 ln(1 + f / 700)."""
    return 1127.0 * np.log1p(np.asarray(frequency, dtype=np.float64) / 700.0)


def mel_to_hz(mel: ArrayLike) -> Any:
    """Return the inverse of `hz_to_mel`."""
    return 700.0 * np.expm1(np.asarray(mel, dtype=np.float64) / 1127.0)


@lru_cache(maxsize=None)
def mel_bank(bands: int, low_hz: float, high_hz: float, fft_length: int,
             sample_rate: int) -> Tuple[np.ndarray, np.ndarray]:
    """
    Return triangular filters, linear in mel, peak 1, no area normalisation.

    Bins at or below ``round(low / df)`` and at or above ``round(high / df)`` do not count.

    :return: weights of shape (fft_length / 2 + 1, bands) and the bands' centres in Hz, read-only.
    """
    high_hz = min(high_hz, sample_rate / 2.0)
    step = sample_rate / fft_length
    edges = np.linspace(hz_to_mel(low_hz), hz_to_mel(high_hz), bands + 2)
    index = np.arange(fft_length // 2 + 1)
    mel = hz_to_mel(index * step)[:, None]
    rising = (mel - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - mel) / (edges[2:] - edges[1:-1])
    weights = np.clip(np.minimum(rising, falling), 0.0, None)
    weights[(index <= round(low_hz / step)) | (index >= round(high_hz / step))] = 0.0
    centres = mel_to_hz(edges[1:-1])
    weights.flags.writeable = centres.flags.writeable = False
    return weights, centres


@lru_cache(maxsize=None)
def cepstral_matrix(bands: int, first: int, last: int, lifter: float) -> np.ndarray:
    """
    Return the liftered cosine transform from log bands to coefficients ``first`` to ``last``.

    Column i: lift_i sqrt(2 / bands) cos(pi i (m + 0.5) / bands), lift_i = 1 + L/2 sin(pi i / L);
    coefficient 0 has the same factor (lift 1). ``lifter`` 0 means none.

    :return: shape (bands, last - first + 1), read-only.
    """
    i = np.arange(first, last + 1)
    m = np.arange(bands)[:, None]
    lift = 1.0 + 0.5 * lifter * np.sin(np.pi * i / lifter) if lifter else np.ones(i.size)
    matrix: np.ndarray = lift * np.sqrt(2.0 / bands) * np.cos(np.pi * i * (m + 0.5) / bands)
    matrix.flags.writeable = False
    return matrix
