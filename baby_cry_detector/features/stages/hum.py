# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Canceller of mains hum: steady tones at multiples of 50 and 60 Hz, and nothing else.

Each line's complex amplitude is followed with a time constant of half a second (the adaptive noise
canceller of Widrow et al., 1975, in blocks) and what it predicts is taken off the samples. A cry
does not stay at one frequency to a fraction of a hertz for so long; hum does. All harmonics of one
grid turn together, so the grid's frequency is followed too.
"""

from typing import Dict, Tuple

from baby_cry_detector.features.stages.high_pass import TINY
import numpy as np

MAINS_HZ = (50, 60)
# Grids keep within 0.2 Hz but for minutes; what a sound card's own clock adds is far less.
LARGEST_BESIDE_HZ = 0.3
FOLLOW = 2.0                   # of the frequency, in steps of the amplitudes
FIRST_STEPS = 8.0              # the first step is one over this, the next one less, ...


class HumCanceller:
    """
    Filter a stream in blocks of one size; a block is predicted from those before it.

    :param highest_hz: the last line.
    :param tau_s: time constant.
    :param sample_rate: Hz.
    :param block: samples a block.
    :ivar which, number: (lines,), of each line the mains and the number of the harmonic.
    :ivar sample_turn, turn: (lines,), radians a sample and a block.
    """

    def __init__(self, highest_hz: float, tau_s: float, sample_rate: int, block: int) -> None:
        # frequency: (which mains, number of the harmonic)
        numbers: Dict[float, Tuple[int, int]] = {}
        for which, mains in enumerate(MAINS_HZ):
            for k in range(1, int(highest_hz // mains) + 1):
                numbers.setdefault(mains * k, (which, k))
        lines = sorted(numbers)
        self.which, self.number = np.array([numbers[line] for line in lines]).T
        self.sample_turn = 2.0 * np.pi * np.array(lines, np.float64) / sample_rate
        phase = np.arange(block)[:, None] * self.sample_turn
        # Real arithmetic: columns are cosines, then sines.
        self._waves = np.concatenate((np.cos(phase), -np.sin(phase)), axis=1)
        self.turn = self.sample_turn * block
        self.most_beside = 2.0 * np.pi * LARGEST_BESIDE_HZ * block / sample_rate
        self.least_step = block / sample_rate / tau_s
        self._block, self._lines = block, len(lines)
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._amplitudes = np.zeros(2 * self._lines)      # real parts, then imaginary ones
        self._beside = np.zeros(len(MAINS_HZ))            # radians a block, of the first harmonic
        self._blocks = 0

    def filter(self, samples: np.ndarray) -> np.ndarray:  # noqa: A003  # what it does
        """Return a block without hum; float64, shape (block,)."""
        out = samples - self._waves @ self._amplitudes
        self._adapt(out @ self._waves)
        return out

    def _adapt(self, gradient: np.ndarray) -> None:
        """Follow what is left; turn the amplitudes to the next block's first sample."""
        self._blocks += 1
        step = max(self.least_step, 1.0 / (self._blocks + FIRST_STEPS))
        n = self._lines
        amplitudes = self._amplitudes[:n] + 1j * self._amplitudes[n:]
        change = (gradient[:n] + 1j * gradient[n:]) * (step * 2.0 / self._block)
        turning = self.number * (np.conj(amplitudes) * change).imag
        weight = np.square(self.number * np.abs(amplitudes))
        for which in range(len(MAINS_HZ)):
            own = self.which == which
            total = weight[own].sum()
            if total > TINY:
                beside = self._beside[which] + FOLLOW * step * turning[own].sum() / total
                self._beside[which] = min(self.most_beside, max(-self.most_beside, beside))
        amplitudes = (amplitudes + change) * np.exp(
            1j * (self.turn + self.number * self._beside[self.which]))
        self._amplitudes = np.concatenate((amplitudes.real, amplitudes.imag))
        self._amplitudes[np.abs(self._amplitudes) < TINY] = 0.0
