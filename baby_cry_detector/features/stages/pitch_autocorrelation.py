# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
F0, voicing and harmonic-to-noise ratio of cries, 150 to 2,000 Hz, from 25 ms frames.

The autocorrelation of the window is divided out, and short lags are preferred by a fixed cost
per octave: Boersma, "Accurate short-term analysis of the fundamental frequency and the
harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17, 1993. The power spectrum is
compressed first, which evens out formants so that a strong second harmonic does not double F0
("generalized autocorrelation", Tolonen and Karjalainen, IEEE Trans. Speech Audio Process. 8(6),
2000). Nothing depends on the level.
"""

from typing import Tuple

import numpy as np

_UPSAMPLING = 2


class AutocorrelationPitch:
    """
    Picks one candidate per frame; see the module for the sources.

    :param window: analysis window of the spectra.
    :param fft_length: transform length of the spectra.
    :param sample_rate: Hz.
    :param bins: first and one past the last spectral bin used.
    :param min_hz: lowest F0.
    :param max_hz: highest F0.
    :param exponent: compression of the power spectrum, 0.75 (|X|^1.5).
    :param octave_cost: lost per octave that a candidate lies below ``max_hz``.
    """

    def __init__(self, window: np.ndarray, fft_length: int, sample_rate: int,
                 bins: Tuple[int, int], min_hz: float, max_hz: float, exponent: float,
                 octave_cost: float):
        if exponent != 0.75:
            raise ValueError(f'expected exponent 0.75, got {exponent}')
        self._bins = slice(*bins)
        self._length = _UPSAMPLING * fft_length
        self.rate = float(_UPSAMPLING * sample_rate)
        self._range = (min_hz, max_hz)
        self.first_lag = int(self.rate / max_hz) - 1
        self.stop_lag = int(np.ceil(self.rate / min_hz)) + 1
        # One row of transform per frame gives lags; the window's own share is divided out.
        padded = np.fft.rfft(window, self._length)
        own = np.fft.irfft(padded.real ** 2 + padded.imag ** 2, self._length)
        self._window_lag = np.arange(self.stop_lag + 1) / _UPSAMPLING
        self.lag_scale = own[0] / np.interp(self._window_lag, np.arange(own.size), own)
        lags = np.arange(self.first_lag, self.stop_lag)
        self.lag_cost = octave_cost * np.log2(lags * max_hz / self.rate)
        frequency = np.arange(*bins) / fft_length
        self._angle = 2.0 * np.pi * frequency

    def __call__(self, power: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """
        Take |X|^2, shape (n, all bins).

        :return: F0 in Hz (0 where nothing repeats), the strength of the repetition in the
            compressed spectrum (0 to 1, voicing) and in the plain one (0 to 1; r of Boersma's
            HNR = 10 log10(r / (1 - r))), each of shape (n,).
        """
        count = len(power)
        plain = power[:, self._bins]
        magnitude = np.sqrt(plain)
        squeezed = np.zeros((count, power.shape[1]))
        np.multiply(magnitude, np.sqrt(magnitude), out=squeezed[:, self._bins])
        lags = np.fft.irfft(squeezed, self._length)[:, :self.stop_lag + 1]
        energy = lags[:, :1].copy()
        energy[energy <= 0] = 1.0
        lags = lags * self.lag_scale
        lags /= energy
        middle = lags[:, self.first_lag:self.stop_lag]
        is_peak = middle > lags[:, self.first_lag - 1:self.stop_lag - 1]
        is_peak &= middle >= lags[:, self.first_lag + 1:]
        best = np.where(is_peak, middle - self.lag_cost, -9.0).argmax(axis=1)
        row = np.arange(count)
        found = is_peak[row, best]
        best += self.first_lag
        left, top, right = lags[row, best - 1], lags[row, best], lags[row, best + 1]
        bend = left - 2.0 * top + right
        shift = 0.5 * (left - right) / np.where(found & (bend < 0), bend, 1.0)
        period = (best + np.where(found, shift, 0.0)) / _UPSAMPLING
        pitch = self.rate / _UPSAMPLING / period
        pitch = np.where(found, np.minimum(np.maximum(pitch, self._range[0]), self._range[1]), 0.0)

        total = plain.sum(axis=1)
        repeat = np.einsum('ij,ij->i', plain, np.cos(period[:, None] * self._angle))
        repeat *= np.interp(period, self._window_lag, self.lag_scale)
        repeat /= np.where(total > 0, total, 1.0)
        return pitch, _share(top, found), _share(repeat, found)


def _share(value: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Limit to 0 to 1; 0 where nothing was found."""
    result: np.ndarray = np.minimum(np.maximum(value, 0.0), 1.0) * found
    return result
