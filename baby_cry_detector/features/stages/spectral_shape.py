# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Shape of the power spectrum inside a band, whatever its level."""

from typing import Optional, Tuple

import numpy as np


class SpectralShape:
    """
    Centroid, roll-off, entropy, flux and the zero-crossing rate a band would have.

    All 0 for silence. Centroid, roll-off and flux as in Peeters, "A large set of audio features
    for sound description", 2004, flux between spectra of unit energy. Entropy of the spectrum
    taken as a distribution, relative to that of white noise: used for dysphonation by Ricossa et
    al. 2018 (arXiv:1812.09230). The zero-crossing rate is the expected one of the band-limited
    signal, 2 sqrt(sum f^2 P / sum P) (Rice, "Mathematical analysis of random noise", 1945): the
    band's ceiling holds, which it would not for crossings counted in the samples.

    :param bins: first and one past the last spectral bin.
    :param bin_hz: step between bins.
    :param sample_rate: Hz, the unit of the zero-crossing rate is crossings per sample.
    :param rolloff: share of the power below the roll-off frequency.
    """

    columns = ('zcr', 'spectralCentroid', 'spectralRollOff', 'spectralEntropy', 'spectralFlux')

    def __init__(self, bins: Tuple[int, int], bin_hz: float, sample_rate: int, rolloff: float):
        self._bins = slice(*bins)
        frequency = np.arange(*bins) * bin_hz
        self._frequency = frequency
        self._moments = np.stack((frequency, (2.0 * frequency / sample_rate) ** 2), axis=1)
        self._rolloff = rolloff
        self._largest = np.log(len(frequency))
        self._previous: Optional[np.ndarray] = None

    def reset(self) -> None:
        """Start a new stream."""
        self._previous = None

    def process(self, power: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """
        Take |X|^2, shape (n, all bins).

        :return: the `columns`, shape (n, 5), and the band's power, shape (n,).
        """
        band = power[:, self._bins]
        total = band.sum(axis=1)
        share = band / np.where(total > 0, total, 1.0)[:, None]
        result = np.empty((len(power), 5))
        moments = share @ self._moments
        np.sqrt(moments[:, 1], out=result[:, 0])
        result[:, 1] = moments[:, 0]
        below = np.cumsum(share, axis=1) >= self._rolloff
        result[:, 2] = np.where(total > 0, self._frequency[below.argmax(axis=1)], 0.0)
        result[:, 3] = np.einsum('ij,ij->i', share, np.log(share + 1e-12)) / -self._largest
        unit = np.sqrt(share)
        first = unit[:1] if self._previous is None else self._previous
        before = np.concatenate((first, unit[:-1]))
        self._previous = unit[-1:].copy()
        step = unit - before
        flux = np.sqrt(np.einsum('ij,ij->i', step, step))
        sounding = total > 0
        sounding &= before.any(axis=1)
        result[:, 4] = np.where(sounding, flux, 0.0)
        return result, total
