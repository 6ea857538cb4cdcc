# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Descriptors that need no spectrum."""

import numpy as np


def zero_crossing_rate(buffer: np.ndarray, count: int, length: int, hop: int) -> np.ndarray:
    """
    Return the zero-crossing rate of each frame, per sample, shape (count,).

    (1 / N) #{i = 1 .. N-2: x[i-1] x[i] < 0, or x[i] = 0 and x[i-1] x[i+1] <= 0}, as the
    INTERSPEECH sets define it; digital silence therefore gives (N - 2) / N, not 0.
    """
    size = (count - 1) * hop + length
    signal = buffer[:size]
    before, here = signal[:-2], signal[1:-1]
    crossing = before * here < 0
    zero = here == 0
    if zero.any():
        crossing |= zero & (before * signal[2:] <= 0)
    if count == 1:
        return np.array([np.count_nonzero(crossing) / length])
    total = np.zeros(size - 1)
    np.cumsum(crossing, out=total[1:])
    starts = np.arange(count) * hop
    return (total[starts + length - 2] - total[starts]) / length


def row_rms(rows: np.ndarray) -> np.ndarray:
    """Return the root of the mean square of each row, shape (n,)."""
    result: np.ndarray = np.sqrt(np.einsum('ij,ij->i', rows, rows) / rows.shape[1])
    return result
