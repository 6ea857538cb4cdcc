# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The 15 spectral descriptors of ComParE 2016, from magnitude spectra without their bin 0."""

from typing import Optional

import numpy as np


class SpectralStatistics:
    """
    Band energies, roll-off, flux, moments, entropy, slope, sharpness and harmonicity.

    Definitions of the set's own openSMILE components (Eyben, "Real-time speech and music
    classification by large audio feature space extraction", 2016, section 2.2), including their
    scalings. Sharpness after Zwicker and Fastl with Traunmueller's Bark scale.

    :param fft_length: transform length.
    :param sample_rate: Hz.
    :param rolloff: shares of the power for the roll-off points.
    :param floor: least bin power and least total in the entropy.
    """

    columns = ('fband250-650', 'fband1000-4000', 'spectralRollOff25.0', 'spectralRollOff50.0',
               'spectralRollOff75.0', 'spectralRollOff90.0', 'spectralFlux', 'spectralCentroid',
               'spectralEntropy', 'spectralVariance', 'spectralSkewness', 'spectralKurtosis',
               'spectralSlope', 'psySharpness', 'spectralHarmonicity')

    def __init__(self, fft_length: int, sample_rate: int, rolloff, floor: float):
        step = sample_rate / fft_length
        count = fft_length // 2
        f = np.arange(1, count + 1) * step
        self._frequency = f
        self._rolloff = tuple(rolloff)
        self._floor = floor
        bark = 26.81 / (1.0 + 1960.0 / f) - 0.53
        bark = np.where(bark < 2.0, 0.85 * bark + 0.3,
                        np.where(bark > 20.1, 1.22 * bark - 4.422, bark))
        boost = np.where(bark <= 16.0, 1.0,
                         1.0 + np.maximum((bark - 16.0) / 4.0, 0.0) ** 1.5849625)
        centred = f - f.mean()
        # Columns: two bands, total, first moment, slope, sharpness.
        weights = np.zeros((count, 6))
        for column, (low, high) in enumerate(((250.0, 650.0), (1000.0, 4000.0))):
            first, last = low / step, high / step
            weights[int(first) - 1:int(last), column] = 1.0
            weights[int(last) - 1, column] = last - int(last) or 1.0
        weights[:, :2] /= count
        weights[:, 2] = 1.0
        weights[:, 3] = f
        weights[:, 4] = centred / (centred @ centred) * (count - 1)
        weights[:, 5] = 0.11 * bark * boost
        self._weights = weights
        self._previous: Optional[np.ndarray] = None

    def reset(self) -> None:
        """Start a new stream."""
        self._previous = None

    def process(self, magnitude: np.ndarray, power: np.ndarray) -> np.ndarray:
        """Take |X| and |X|^2, shape (n, bins) with bin 0; return `columns`, shape (n, 15)."""
        magnitude, power = magnitude[:, 1:], power[:, 1:]
        f, count = self._frequency, len(power)
        sums = power @ self._weights
        total = sums[:, 2]
        safe = np.where(total > 0, total, 1.0)
        result = np.empty((count, 15))
        result[:, :2] = sums[:, :2]
        cumulative = np.cumsum(power, axis=1)
        for column, share in enumerate(self._rolloff):
            reached = cumulative >= (share * cumulative[:, -1])[:, None]
            result[:, 2 + column] = f[reached.argmax(axis=1)]

        first = magnitude[:1] if self._previous is None else self._previous
        step = magnitude - np.concatenate((first, magnitude[:-1]))
        self._previous = magnitude[-1:].copy()
        result[:, 6] = np.sqrt(np.einsum('ij,ij->i', step, step) / f.size)

        centroid = sums[:, 3] / safe
        result[:, 7] = centroid
        share = np.maximum(power, self._floor)
        share /= np.maximum(total, self._floor)[:, None]
        result[:, 8] = -np.einsum('ij,ij->i', share, np.log2(share))
        offset = f - centroid[:, None]
        square = offset * offset
        weighted = square * power
        variance = weighted.sum(axis=1) / safe
        spread = np.where(variance > 0, variance, 1.0)
        result[:, 9] = variance
        result[:, 10] = np.einsum('ij,ij->i', weighted, offset) / (safe * spread ** 1.5)
        result[:, 11] = np.einsum('ij,ij->i', weighted, square) / (safe * spread * spread)
        result[:, 12] = sums[:, 4]
        result[:, 13] = sums[:, 5] / safe
        result[:, 14] = self._harmonicity(power)
        return result

    @staticmethod
    def _harmonicity(power: np.ndarray) -> np.ndarray:
        """Return half the summed steps between neighbouring extremes, over the bins."""
        middle = power[:, 2:-2]
        around = (power[:, 1:-3], power[:, 3:-1], power[:, :-4], power[:, 4:])
        high, low = middle > around[0], middle < around[0]
        for other in around[1:]:
            high &= middle > other
            low &= middle < other
        high |= low
        row, column = np.nonzero(high)
        values = middle[row, column]
        steps = np.abs(np.diff(values)) * (row[1:] == row[:-1])
        total = np.bincount(row[1:], weights=steps, minlength=len(power))
        return 0.5 * total / power.shape[1]
