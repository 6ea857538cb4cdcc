# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
High-pass: a microphone's offset and the mains' lowest tones never reach a descriptor.

A Butterworth filter of second order (bilinear transform), computed a block at a time: within it
the impulse response as a matrix, from block to block the filter's two states. NumPy alone, so
that a robot needs no SciPy for it.
"""

import math
from typing import Optional

import numpy as np

# A state that decayed below this is silence; it must not become a denormal number.
TINY = 1e-200


class HighPass:
    """
    Filter a stream in blocks of one size.

    The stream begins as if its first sample had always been there, so an offset makes no thump.

    :param cutoff_hz: -3 dB, above 0 and below half the rate.
    :param sample_rate: Hz.
    :param block: samples a block.
    :ivar within, from_state: (block, block), (block, 2): the output from samples and state.
    :ivar to_state, carry: (block, 2), (2, 2): the next state from samples and state.
    :ivar settled: (2,), the state after a constant of 1.
    :raises ValueError: on a cutoff out of range.
    """

    def __init__(self, cutoff_hz: float, sample_rate: int, block: int) -> None:
        if not 0.0 < cutoff_hz < sample_rate / 2:
            raise ValueError(f'expected a cutoff above 0 and below {sample_rate / 2:g} Hz, '
                             f'got {cutoff_hz!r}')
        warped = math.tan(math.pi * cutoff_hz / sample_rate)
        scale = 1.0 / (1.0 + math.sqrt(2.0) * warped + warped * warped)
        self._b = (scale, -2.0 * scale, scale)
        self._a = (2.0 * (warped * warped - 1.0) * scale,
                   (1.0 - math.sqrt(2.0) * warped + warped * warped) * scale)
        self.settled = np.array([-self._b[0], self._b[2]])
        self._unroll(block)
        self.reset()

    def _unroll(self, block: int) -> None:
        """Unroll the recursion (transposed direct form II) over a block."""
        (b0, b1, b2), (a1, a2) = self._b, self._a
        step = np.array([[-a1, 1.0], [-a2, 0.0]])            # state -> next state
        drive = np.array([b1 - a1 * b0, b2 - a2 * b0])       # sample -> next state
        self.from_state = np.empty((block, 2))
        self.to_state = np.empty((block, 2))
        response = np.empty(block)
        power = np.eye(2)
        for n in range(block):
            self.from_state[n] = power[0]
            response[n] = b0 if n == 0 else self.from_state[n - 1] @ drive
            self.to_state[block - 1 - n] = power @ drive
            power = step @ power
        self.carry = power
        lags = np.arange(block)[:, None] - np.arange(block)[None, :]
        self.within = np.where(lags >= 0, response[np.abs(lags)], 0.0)

    def reset(self) -> None:
        """Start a new stream."""
        self._state: Optional[np.ndarray] = None

    def filter(self, samples: np.ndarray) -> np.ndarray:  # noqa: A003  # what it does
        """Return a block filtered; float64, shape (block,)."""
        if self._state is None:
            # Settled on the first sample: the output is 0 for as long as it stays.
            self._state = samples[0] * self.settled
        out: np.ndarray = self.within @ samples + self.from_state @ self._state
        self._state = self.carry @ self._state + samples @ self.to_state
        self._state[np.abs(self._state) < TINY] = 0.0
        return out
