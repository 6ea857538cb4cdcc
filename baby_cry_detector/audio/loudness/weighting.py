# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How loud a sound is to an ear: A-weighting (IEC 61672-1) and levels over blocks, at any rate.

Levels are in dBFS(A): 0 is an A-weighted root mean square of 1.0, where 1.0 is full scale. What
that is in dB(A) at a baby's ear only a calibration can tell (`calibration.py`).
"""

from functools import lru_cache
from typing import Tuple

import numpy as np

SILENCE_DBFS = -160.0
# Poles of the A curve in Hz: two at the first and the last, one at each other.
_POLES_HZ = (20.598997, 107.65265, 737.86223, 12194.217)
_ROLL_OFF_TAPS = 33
State = Tuple[np.ndarray, np.ndarray]         # of the sections and of the roll-off


def a_weighting_db(frequency_hz: np.ndarray) -> np.ndarray:
    """Return the A curve in dB (0 at 1 kHz) for frequencies above 0."""
    ratio = _magnitude(np.asarray(frequency_hz, np.float64)) / _magnitude(np.array(1000.0))
    curve: np.ndarray = 20.0 * np.log10(ratio)
    return curve


def _magnitude(frequency_hz: np.ndarray) -> np.ndarray:
    square = np.square(frequency_hz)
    low, second, third, high = np.square(_POLES_HZ)
    magnitude: np.ndarray = square ** 2 / (
        (square + low) * np.sqrt((square + second) * (square + third)) * (square + high))
    return magnitude


@lru_cache(maxsize=8)
def _design(sample_rate: int) -> Tuple[np.ndarray, np.ndarray]:
    """
    Return second-order sections of the low poles, and the taps of the roll-off.

    The bilinear transform alone would take the curve to nothing at half the sampling rate, and
    so would call hiss quieter than it is; the roll-off is fitted to the curve instead.
    """
    low, second, third, _ = (2 * np.pi * pole for pole in _POLES_HZ)
    from scipy import signal            # what does not need it starts sooner, with less memory
    zeros, poles, gain = signal.bilinear_zpk(
        [0, 0, 0, 0], [-low, -low, -second, -third], 1.0, float(sample_rate))
    sections = signal.zpk2sos(zeros, poles, gain)
    frequency = np.linspace(0, sample_rate / 2, 512)[1:]
    _, made = signal.sosfreqz(sections, frequency, fs=sample_rate)
    # Below 500 Hz the sections alone are right; there the factor is that at 500 Hz.
    reliable = np.maximum(frequency, 500.0)
    wanted = np.interp(reliable, frequency,
                       10.0 ** (a_weighting_db(frequency) / 20.0) / np.abs(made))
    half = (_ROLL_OFF_TAPS - 1) // 2
    cosines = np.cos(2 * np.pi * frequency[:, None] / sample_rate * np.arange(half + 1))
    cosines[:, 1:] *= 2
    right = np.linalg.lstsq(cosines, wanted, rcond=None)[0]
    return sections, np.concatenate((right[:0:-1], right))


class AWeighting:
    """
    Streaming A-weighting filter.

    :param sample_rate: of the samples, 8000 Hz or more.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sections, self._taps = _design(int(sample_rate))
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._state = (np.zeros((len(self._sections), 2)), np.zeros(len(self._taps) - 1))

    def peek(self, samples: np.ndarray) -> Tuple[np.ndarray, State]:
        """Return the weighted block ``(n,)`` and the state after it, without taking it."""
        from scipy import signal
        weighted, sections = signal.sosfilt(self._sections, samples, zi=self._state[0])
        weighted, taps = signal.lfilter(self._taps, [1.0], weighted, zi=self._state[1])
        return weighted, (sections, taps)

    def take(self, state: State) -> None:
        """Go on from a state that `peek` returned."""
        self._state = state

    def process(self, samples: np.ndarray) -> np.ndarray:
        """Return the weighted block ``(n,)``."""
        weighted, state = self.peek(samples)
        self._state = state
        return weighted


def level_db(mean_square: float) -> float:
    """Return a mean square as a level in dB of full scale, -160 for nothing."""
    return float(10.0 * np.log10(max(mean_square, 10.0 ** (SILENCE_DBFS / 10.0))))


def leq_dbfs(samples: np.ndarray, sample_rate: int) -> float:
    """Return the A-weighted equivalent level of a whole sound ``(n,)`` in dBFS(A)."""
    samples = np.asarray(samples, np.float64)
    if not samples.size:
        return SILENCE_DBFS
    return level_db(float(np.mean(np.square(AWeighting(sample_rate).process(samples)))))
