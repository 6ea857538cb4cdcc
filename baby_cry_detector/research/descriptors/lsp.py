# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Line spectral pairs of a frame resampled to 11 kHz, as the INTERSPEECH 2010 set uses them."""

import numpy as np


class LineSpectralPairs:
    """
    LSP angles from complex spectra.

    The spectrum is synthesised at 11 kHz (bins above 4.25 kHz left out), the autocorrelation gives
    linear prediction by Levinson's recursion, and its sum and difference polynomials give the
    angles (Soong and Juang, "Line spectrum pair (LSP) and speech data compression", ICASSP 1984).
    The constant component counts twice, as in the published numbers; roots are exact.

    :param order: prediction order, even.
    :param length: samples synthesised.
    :param period: length of the synthesis transform: fft_length * 11 / 16.
    :param last_bin: last spectral bin used.
    """

    def __init__(self, order: int, length: int, period: int, last_bin: int):
        self._order = order
        self._length = length
        self._period = period
        self._bins = last_bin + 1

    def __call__(self, spectrum: np.ndarray) -> np.ndarray:
        """Take spectra (n, bins); return ascending angles in radians, shape (n, order)."""
        used = spectrum[:, :self._bins].copy()
        used[:, 0] *= 2.0
        wave = np.fft.irfft(used, self._period)[:, :self._length]
        correlation = np.empty((len(wave), self._order + 1))
        for lag in range(self._order + 1):
            correlation[:, lag] = np.einsum(
                'ij,ij->i', wave[:, lag:], wave[:, :self._length - lag])
        return self._angles(self._levinson(correlation))

    def _levinson(self, correlation: np.ndarray) -> np.ndarray:
        """Return 1, a1, ... of the prediction error filter, shape (n, order + 1)."""
        silent = correlation[:, 0] <= 0
        scaled = correlation / np.where(silent, 1.0, correlation[:, 0])[:, None]
        scaled[silent, 1:] = 0.0
        filters = np.zeros_like(scaled)
        filters[:, 0] = 1.0
        error = np.ones(len(scaled))
        for i in range(1, self._order + 1):
            reflection = -np.einsum('ij,ij->i', filters[:, :i], scaled[:, i:0:-1]) / error
            # A perfectly predictable frame: the filter stays inside the unit circle.
            reflection = np.minimum(np.maximum(reflection, -1.0 + 1e-9), 1.0 - 1e-9)
            filters[:, 1:i + 1] += reflection[:, None] * filters[:, i - 1::-1][:, :i]
            error *= 1.0 - reflection * reflection
        return filters

    def _angles(self, filters: np.ndarray) -> np.ndarray:
        order, half = self._order, self._order // 2
        head, tail = filters[:, 1:], filters[:, :0:-1]
        polynomial = np.ones((2, len(filters), order + 1))
        total, difference = polynomial
        # Divided by (1 + z^-1) and (1 - z^-1), which hold the roots at pi and 0.
        for i in range(1, order + 1):
            total[:, i] = head[:, i - 1] + tail[:, i - 1] - total[:, i - 1]
            difference[:, i] = head[:, i - 1] - tail[:, i - 1] + difference[:, i - 1]
        # On the unit circle: sum of c_m cos(m w), as a polynomial in 2 cos(w).
        series = polynomial[:, :, half::-1].reshape(-1, half + 1)
        power = _dickson(half)
        coefficients = series @ power
        companion = np.zeros((len(coefficients), half, half))
        companion[:, np.arange(1, half), np.arange(half - 1)] = 1.0
        companion[:, 0] = -coefficients[:, half - 1::-1] / coefficients[:, half:]
        roots = np.linalg.eigvals(companion).real
        angles = np.arccos(np.minimum(np.maximum(0.5 * roots, -1.0), 1.0))
        both = np.concatenate((angles[:len(filters)], angles[len(filters):]), axis=1)
        both.sort(axis=1)
        return both


def _dickson(order: int) -> np.ndarray:
    """Return row m: coefficients of y^0 ... of 2 cos(m w) with y = 2 cos(w); row 0 is 1."""
    rows = np.zeros((order + 1, order + 1))
    rows[0, 0] = 2.0
    rows[1, 1] = 1.0
    for m in range(2, order + 1):
        rows[m, 1:] = rows[m - 1, :-1]
        rows[m] -= rows[m - 2]
    rows[0, 0] = 1.0
    return rows
