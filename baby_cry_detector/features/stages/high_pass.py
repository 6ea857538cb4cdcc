# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Streaming high-pass: a microphone's offset and the mains' lowest tones never reach a descriptor.

A Butterworth filter of second order (bilinear transform), computed in chunks: within a chunk the
impulse response as a matrix, from chunk to chunk the filter's two states. NumPy alone, so that a
robot needs no SciPy for it.
"""

import math

import numpy as np

CHUNK = 64
# A state that decayed below this is silence; it must not become a denormal number.
_TINY = 1e-200


class HighPass:
    """
    Filter a stream that comes in blocks of any size; the same samples to rounding.

    The stream begins as if its first sample had always been there, so an offset makes no thump.

    :param cutoff_hz: -3 dB, above 0 and below half the rate.
    :param sample_rate: Hz.
    :raises ValueError: on a cutoff out of range.
    """

    def __init__(self, cutoff_hz: float, sample_rate: int) -> None:
        if not 0.0 < cutoff_hz < sample_rate / 2:
            raise ValueError(f'expected a cutoff above 0 and below {sample_rate / 2:g} Hz, '
                             f'got {cutoff_hz!r}')
        warped = math.tan(math.pi * cutoff_hz / sample_rate)
        scale = 1.0 / (1.0 + math.sqrt(2.0) * warped + warped * warped)
        self.numerator = (scale, -2.0 * scale, scale)
        self.denominator = (1.0, 2.0 * (warped * warped - 1.0) * scale,
                            (1.0 - math.sqrt(2.0) * warped + warped * warped) * scale)
        self._design()
        self.reset()

    def _design(self) -> None:
        """Unroll the recursion (transposed direct form II) over a chunk."""
        (b0, b1, b2), (_, a1, a2) = self.numerator, self.denominator
        self._step = step = np.array([[-a1, 1.0], [-a2, 0.0]])            # state -> next state
        drive = np.array([b1 - a1 * b0, b2 - a2 * b0])       # sample -> next state
        self._from_state = np.empty((CHUNK, 2))
        self._to_state = np.empty((CHUNK, 2))
        power = np.eye(2)
        response = np.empty(CHUNK)
        for n in range(CHUNK):
            self._from_state[n] = power[0]
            response[n] = b0 if n == 0 else self._from_state[n - 1] @ drive
            self._to_state[CHUNK - 1 - n] = power @ drive
            power = step @ power
        self._carry = power
        lags = np.arange(CHUNK)[:, None] - np.arange(CHUNK)[None, :]
        self._within = np.where(lags >= 0, response[np.abs(lags)], 0.0).T

    def reset(self) -> None:
        """Start a new stream."""
        self._state = None

    def process(self, samples: np.ndarray) -> np.ndarray:
        """Return float64 samples, filtered; shape (S,), S >= 0."""
        size = samples.size
        if not size:
            return samples
        if self._state is None:
            # Settled on the first sample: the output is 0 for as long as it stays.
            b0, _, b2 = self.numerator
            self._state = samples[0] * np.array([-b0, b2])
        whole = size // CHUNK
        out = np.empty(size)
        state = self._state
        if whole:
            chunks = samples[:whole * CHUNK].reshape(whole, CHUNK)
            result = chunks @ self._within
            driven = chunks @ self._to_state
            states = np.empty((whole, 2))
            for n in range(whole):
                states[n] = state
                state = self._carry @ state + driven[n]
            result += states @ self._from_state.T
            out[:whole * CHUNK] = result.ravel()
        rest = size - whole * CHUNK
        if rest:
            tail = samples[whole * CHUNK:]
            out[whole * CHUNK:] = (tail @ self._within[:rest, :rest]
                                   + self._from_state[:rest] @ state)
            state = (np.linalg.matrix_power(self._step, rest) @ state
                     + self._to_state[CHUNK - rest:].T @ tail)
        state[np.abs(state) < _TINY] = 0.0
        self._state = state
        return out
