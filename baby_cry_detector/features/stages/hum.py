# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Streaming canceller of mains hum: steady tones at multiples of 50 and 60 Hz, and nothing else.

Each line's complex amplitude is followed with a time constant of half a second (the adaptive
noise canceller of Widrow et al., 1975, in blocks) and what it predicts is taken off the samples. A
cry does not stay at one frequency to a fraction of a hertz for so long; hum does. All harmonics of
one grid turn together, so the grid's frequency is followed too. Nothing waits: a sample is
predicted from the blocks before its own.
"""

import numpy as np

BLOCK = 160
MAINS_HZ = (50, 60)
# Grids keep within 0.2 Hz but for minutes; what a sound card's own clock adds is far less.
LARGEST_BESIDE_HZ = 0.3
FOLLOW = 2.0                   # of the frequency, in steps of the amplitudes
_TINY = 1e-200


class HumCanceller:
    """
    Filter a stream that comes in blocks of any size; the same samples to rounding.

    :param highest_hz: the last line.
    :param tau_s: time constant.
    :param sample_rate: Hz.
    """

    def __init__(self, highest_hz: float, tau_s: float, sample_rate: int) -> None:
        numbers = {}                           # frequency: (which mains, number of the harmonic)
        for which, mains in enumerate(MAINS_HZ):
            for k in range(1, int(highest_hz // mains) + 1):
                numbers.setdefault(mains * k, (which, k))
        lines = sorted(numbers)
        self._which, self._number = np.array([numbers[line] for line in lines]).T
        phase = 2.0 * np.pi * np.arange(BLOCK)[:, None] * np.array(lines) / sample_rate
        # Real arithmetic: columns are cosines, then sines.
        self._waves = np.concatenate((np.cos(phase), -np.sin(phase)), axis=1)
        turn = 2.0 * np.pi * BLOCK * np.array(lines) / sample_rate
        self._turn = turn
        self._block_s = BLOCK / sample_rate
        self._least_step = BLOCK / sample_rate / tau_s
        self._lines = len(lines)
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._amplitudes = np.zeros(2 * self._lines)      # real parts, then imaginary ones
        self._gradient = np.zeros(2 * self._lines)
        self._beside = np.zeros(len(MAINS_HZ))            # radians a block
        self._filled = 0
        self._blocks = 0

    def process(self, samples: np.ndarray) -> np.ndarray:
        """Return float64 samples without hum; shape (S,), S >= 0."""
        out = np.empty(samples.size)
        start = 0
        while start < samples.size:
            count = min(BLOCK - self._filled, samples.size - start)
            waves = self._waves[self._filled:self._filled + count]
            rest = samples[start:start + count] - waves @ self._amplitudes
            out[start:start + count] = rest
            self._gradient += rest @ waves
            self._filled += count
            start += count
            if self._filled == BLOCK:
                self._adapt()
        return out

    def _adapt(self) -> None:
        """Take a block's gradient; turn the amplitudes to the next block's first sample."""
        self._blocks += 1
        step = max(self._least_step, 1.0 / (self._blocks + 8.0))
        n = self._lines
        amplitudes = self._amplitudes[:n] + 1j * self._amplitudes[n:]
        change = (self._gradient[:n] + 1j * self._gradient[n:]) * (step * 2.0 / BLOCK)
        self._follow(amplitudes, change, step)
        amplitudes = (amplitudes + change) * np.exp(
            1j * (self._turn + self._number * self._beside[self._which]))
        self._amplitudes = np.concatenate((amplitudes.real, amplitudes.imag))
        self._amplitudes[np.abs(self._amplitudes) < _TINY] = 0.0
        self._gradient[:] = 0.0
        self._filled = 0

    def _follow(self, amplitudes: np.ndarray, change: np.ndarray, step: float) -> None:
        """Follow how far the grids lie beside their frequency: all harmonics turn alike."""
        turning = self._number * (np.conj(amplitudes) * change).imag
        weight = np.square(self._number * np.abs(amplitudes))
        for which in range(len(MAINS_HZ)):
            own = self._which == which
            total = weight[own].sum()
            if total > _TINY:
                most = 2.0 * np.pi * LARGEST_BESIDE_HZ * self._block_s
                beside = self._beside[which] + FOLLOW * step * turning[own].sum() / total
                self._beside[which] = min(most, max(-most, beside))
