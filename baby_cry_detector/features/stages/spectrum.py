# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Windows, pre-emphasis and short-time spectra of a block of frames."""

from functools import lru_cache

from baby_cry_detector.features.stages.framing import frame_view
import numpy as np


@lru_cache(maxsize=None)
def hamming(length: int) -> np.ndarray:
    """Return 0.54 - 0.46 cos(2 pi i / (length - 1)), read-only."""
    i = np.arange(length)
    window = 0.54 - 0.46 * np.cos(2.0 * np.pi * i / (length - 1))
    window.flags.writeable = False
    return window


@lru_cache(maxsize=None)
def gauss(length: int, sigma: float) -> np.ndarray:
    """Return exp(-t^2 / 2), t = (i - c) / (sigma c), c = (length - 1) / 2, read-only."""
    centre = (length - 1) / 2.0
    t = (np.arange(length) - centre) / (sigma * centre)
    window = np.exp(-0.5 * t * t)
    window.flags.writeable = False
    return window


def next_power_of_two(length: int) -> int:
    """Return the smallest power of two that is at least ``length``."""
    return 1 << (length - 1).bit_length()


class Spectrum:
    """
    Windowed, optionally pre-emphasised frames and their Fourier transform.

    Pre-emphasis works inside each frame: y0 = (1 - k) x0, yi = xi - k x(i-1), as the INTERSPEECH
    sets define it; nothing carries over from the frame before.

    :param window: shape (length,).
    :param hop: step in samples.
    :param preemphasis: k, 0 for none.
    """

    def __init__(self, window: np.ndarray, hop: int, preemphasis: float = 0.0):
        self.length = window.size
        self.fft_length = next_power_of_two(window.size)
        self.bins = self.fft_length // 2 + 1
        self._window = window
        self._hop = hop
        self._preemphasis = preemphasis
        # The difference x[i] - k x[i-1] times w[i], as two products without a temporary frame.
        self._previous = -preemphasis * window[1:]
        self._edge = (1.0 - preemphasis) * window[0]

    def windowed(self, buffer: np.ndarray, count: int) -> np.ndarray:
        """Return the windowed frames, shape (count, length)."""
        frames = frame_view(buffer, count, self.length, self._hop)
        result: np.ndarray = frames * self._window
        if self._preemphasis:
            result[:, 1:] += frames[:, :-1] * self._previous
            result[:, 0] = frames[:, 0] * self._edge
        return result

    def transform(self, windowed: np.ndarray) -> np.ndarray:
        """Return the complex spectrum, zero-padded behind, shape (count, bins)."""
        return np.fft.rfft(windowed, self.fft_length)


def power(spectrum: np.ndarray) -> np.ndarray:
    """Return |X|^2."""
    real, imaginary = spectrum.real, spectrum.imag
    result: np.ndarray = real * real
    result += imaginary * imaginary
    return result
