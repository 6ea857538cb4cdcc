# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Voicing and F0 of IS09: autocorrelation peak and cepstral peak, with a causal contour rule.

Schuller, Steidl, Batliner: "The INTERSPEECH 2009 Emotion Challenge"; constants as published
there and in the descriptor specification of the set.
"""

from typing import Tuple

import numpy as np


class CepstralPitch:
    """
    Voicing probability and raw pitch from a power spectrum.

    F0 is a whole number of samples per period, so it cannot exceed ``sample_rate / (L0 + 2)``:
    484.85 Hz at 16 kHz with 500 Hz asked for. Higher voices read an octave too low.

    :param fft_length: transform length; lags 0 to fft_length / 2 - 1 are searched.
    :param sample_rate: Hz.
    :param max_pitch_hz: sets the smallest lag.
    :param voicing_threshold: voicing probability from which a frame is voiced.
    :param peak_factor: cepstral peaks must exceed this times (largest + mean magnitude).
    """

    def __init__(self, fft_length: int, sample_rate: int, max_pitch_hz: float,
                 voicing_threshold: float, peak_factor: float):
        self._lags = fft_length // 2
        # The sampling period in single precision, times the transform length: the published
        # numbers depend on its rounding (the smallest lag is 31 where exact arithmetic gives 32).
        self.period = float(np.float32(fft_length / sample_rate)) / fft_length
        self.first_lag = int(1.0 / (max_pitch_hz * self.period))
        self._threshold = voicing_threshold
        self._factor = peak_factor

    def __call__(self, power: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """
        Take |X|^2, shape (n, bins); return voicing in [0, 1] and raw pitch in Hz (0 unvoiced).

        Voicing is the largest rising value of |autocorrelation| beyond the smallest lag, over
        its value at lag 0. Pitch is the first local maximum of the cepstrum above the threshold.
        """
        count, lags, first = len(power), self._lags, self.first_lag
        both = np.empty((2, count, power.shape[1]))
        both[0] = power
        np.log1p(power, out=both[1])
        both = np.fft.irfft(both, 2 * lags)
        correlation = np.abs(both[0, :, :lags])
        cepstrum = both[1, :, :lags]

        energy = correlation[:, 0]
        tail = correlation[:, first:]
        rising = np.where(tail > correlation[:, first - 1:-1], tail, 0.0)
        peak = np.maximum(rising.max(axis=1), correlation[:, -1])
        voicing = np.divide(peak, energy, out=np.zeros(count), where=energy > 0)

        top = cepstrum[:, first + 1:].max(axis=1)
        mean = np.abs(cepstrum).sum(axis=1) / lags
        threshold = self._factor * (top + mean)
        middle = cepstrum[:, first + 2:-1]
        is_peak = middle > threshold[:, None]
        is_peak &= middle > cepstrum[:, first + 1:-2]
        is_peak &= middle > cepstrum[:, first + 3:]
        lag = is_peak.argmax(axis=1)
        found = is_peak[np.arange(count), lag] & (voicing >= self._threshold)
        pitch = np.where(found, 1.0 / ((lag + first + 2) * self.period), 0.0)
        return voicing, pitch


class PitchContour:
    """
    The causal contour rule of IS09's F0: drops islands, pulls outliers to the running mean.

    Row n describes the candidates n - 1 and n - 2: a delay of one to two frames, no look-ahead.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._last = 0.0
        self._before = 0.0
        self._mean = 0.0
        self._edge = 0  # 1 after an onset, -1 after an offset, 0 inside

    def process(self, pitch: np.ndarray) -> np.ndarray:
        """Take raw pitch (n,) in Hz; return the contour (n,), 0 where unvoiced."""
        result = np.empty(len(pitch))
        last, before, mean, edge = self._last, self._before, self._mean, self._edge
        for n, value in enumerate(pitch.tolist()):
            if last == 0 and value > 0:
                edge = 1
            elif last > 0 and value == 0:
                if edge == 0:
                    edge = -1
            else:
                edge = 0
            if value == 0:
                if edge == 1:
                    last = 0.0
            else:
                if mean == 0:
                    mean = value
                candidate = value
                if 0.6 * mean < value < 1.4 * mean:
                    weight = 0.3
                else:
                    value = mean
                    weight = 0.1
                if edge != 0 and last > value:
                    last *= 0.85
                if edge == -1:
                    last = value
                mean = (1.0 - weight) * mean + weight * candidate
            result[n] = 0.5 * (last + before) if last != 0 and before != 0 else last
            before, last = last, value
        self._last, self._before, self._mean, self._edge = last, before, mean, edge
        return result
