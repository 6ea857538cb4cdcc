# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Cepstra relative to a running mean of the power: what changed, not how loud it is.

Dividing each band by a slow mean of its own power removes the gain and the colour of microphone
and room (cepstral mean subtraction in the power domain, made causal; compare the per-channel
energy normalisation of Wang et al., "Trainable frontend for robust and far-field keyword
spotting", 2017, without its root compression).
"""

import math

from baby_cry_detector.features.stages.mel import cepstral_matrix, mel_bank
import numpy as np

# A mean that decayed below this is silence; it must not become a denormal number.
_TINY = 1e-200


class RelativeCepstra:
    """
    Mel cepstra of ln((P + dip M + floor) / (M + dip M + floor)), M the running mean of P.

    ``dip`` limits how far a pause falls below the mean (1e-3: 30 dB), whatever the gain.
    ``floor`` is in units of |X|^2 of a Hamming-windowed frame at +-1 scale: 2e-7 is a white noise
    of about -90 dBFS, ten times the rounding noise of 16 bits. Where ``dip M`` is well above it,
    the cepstra do not depend on the gain; a steady sound and digital silence both give 0. M is
    bias-corrected:
    M[n] = sum a^k P[n-k] / sum a^k over the frames there are.

    :param bands: mel bands.
    :param low_hz: lower edge of the bank.
    :param high_hz: upper edge of the bank.
    :param fft_length: transform length of the power spectra.
    :param sample_rate: Hz.
    :param hop_s: step between frames.
    :param tau_s: time constant of the running mean.
    :param dip: share of M added to both powers.
    :param floor: constant added to both powers.
    :param coefficients: cosine terms kept, from 0 on; orthonormal except that term 0 has the
        same factor as the others.
    """

    def __init__(self, *, bands: int, low_hz: float, high_hz: float, fft_length: int,
                 sample_rate: int, hop_s: float, tau_s: float, dip: float, floor: float,
                 coefficients: int):
        self._bank, _ = mel_bank(bands, low_hz, high_hz, fft_length, sample_rate)
        # Only the bins in use: the bank of a narrow band is mostly zeros.
        used = np.flatnonzero(self._bank.any(axis=1))
        self._bins = slice(int(used[0]), int(used[-1]) + 1)
        self._bank = np.ascontiguousarray(self._bank[self._bins])
        self._matrix = cepstral_matrix(bands, 0, coefficients - 1, 0.0)
        self._decay = math.exp(-hop_s / tau_s)
        self._dip = dip
        self._floor = floor
        self._bands = bands
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._mean = np.zeros(self._bands)
        self._weight = 0.0

    def process(self, power: np.ndarray) -> np.ndarray:
        """Take |X|^2, shape (n, bins); return cepstra, shape (n, coefficients)."""
        return self.from_bands(self.bands(power))

    def bands(self, power: np.ndarray) -> np.ndarray:
        """Take |X|^2, shape (n, bins); return band energies, shape (n, bands)."""
        result: np.ndarray = power[:, self._bins] @ self._bank
        return result

    def from_bands(self, energy: np.ndarray) -> np.ndarray:
        """Take band energies, shape (n, bands); return cepstra, shape (n, coefficients)."""
        decay, gain = self._decay, 1.0 - self._decay
        mean, weight = self._mean, self._weight
        means = energy * gain
        weights = np.empty((len(energy), 1))
        for n in range(len(energy)):
            mean = mean * decay
            mean += means[n]
            weight = weight * decay + gain
            means[n] = mean
            weights[n, 0] = weight
        mean[mean < _TINY] = 0.0
        self._mean, self._weight = mean, weight
        means /= weights
        ratio = means * self._dip
        ratio += self._floor
        means += ratio
        ratio += energy
        ratio /= means
        result: np.ndarray = np.log(ratio, out=ratio) @ self._matrix
        return result
