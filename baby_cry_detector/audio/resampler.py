# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Streaming resampler: any rate to any rate, block by block, with the phase of the input.

A Kaiser-windowed low-pass is sampled at the phases that occur. The stop band begins at half
the lower of the two rates, so that nothing folds back; the pass band ends at 0.9 of that.
"""

import math

from baby_cry_detector.audio.formats import check_sample_rate
import numpy as np

STOP_BAND_DB = 90.0
PASS_BAND_END = 0.9            # of half the lower rate
# A table of every phase that occurs, if it is small; else this many, and a straight line between
# neighbours, whose error is (pi / phases)^2 / 8: -106 dB for 512.
MAX_TABLE_SIZE = 1 << 18
INTERPOLATED_PHASES = 512
_STEP_SIZE = 1 << 18           # input values gathered at once, bounds the memory


class StreamingResampler:
    """
    Change the rate of a stream that comes in blocks of any size.

    Output sample ``k`` is the value of the input at time ``k / rate_out``: the delay of the
    filter is compensated. It comes out once `delay_s` more of the input is there. Blocks of
    any sizes give the same samples (to rounding) as one block, and the state stays bounded.

    :param rate_in: rate of the input, 4000 to 384000 Hz.
    :param rate_out: rate of the output, 4000 to 384000 Hz.
    :raises AudioFormatError: on a rate outside of that.
    """

    def __init__(self, rate_in: int, rate_out: int) -> None:
        self.rate_in = check_sample_rate(rate_in, 'an input rate')
        self.rate_out = check_sample_rate(rate_out, 'an output rate')
        divisor = math.gcd(self.rate_in, self.rate_out)
        self._up = self.rate_out // divisor
        self._down = self.rate_in // divisor
        self._half = 0         # input samples that an output needs on either side
        if self.is_identity:
            self._table = np.ones((1, 1))
        else:
            self._design()
        self.reset()

    @property
    def is_identity(self) -> bool:
        """Return whether both rates are the same."""
        return self._up == self._down

    @property
    def delay_s(self) -> float:
        """Return how much input beyond an output sample's own time is needed, in seconds."""
        return self._half / self.rate_in

    def _design(self) -> None:
        # Imported here: it takes a second on a small computer, and audio that comes at the right
        # rate needs no filter.
        from scipy import signal
        lower = min(self.rate_in, self.rate_out)
        width = (1 - PASS_BAND_END) * lower / 2
        taps, beta = signal.kaiserord(STOP_BAND_DB, width / (self.rate_in / 2))
        self._half = half = int(math.ceil(taps / 2))
        self._exact = self._up * 2 * half <= MAX_TABLE_SIZE
        phases = self._up if self._exact else INTERPOLATED_PHASES
        cutoff = (1 + PASS_BAND_END) / 2 * lower / 2
        prototype = signal.firwin(2 * half * phases + 1, cutoff, window=('kaiser', beta),
                                  fs=float(self.rate_in) * phases)
        # Row j: what the input samples -half+1 .. half around an output at phase j / phases weigh.
        rows = np.arange(phases + 1)[:, None]
        offsets = np.arange(-half + 1, half + 1)[None, :]
        table = prototype[rows + (half - offsets) * phases]
        table /= table.sum(axis=1, keepdims=True)
        if self._exact:        # in the order in which the phases occur
            table = table[(np.arange(self._up) * self._down) % self._up]
        self._table = table

    def reset(self) -> None:
        """Forget the stream; the next block begins a new one."""
        # The buffer begins half - 1 samples before the one that the next output lies at or after.
        self._buffer = np.zeros(max(self._half - 1, 0))
        self._position = 0     # of the next output in the buffer beyond half - 1, times up
        self._phase_index = 0  # number of the next output, modulo up
        self._received = 0     # input samples of this stream
        self._sent = 0         # output samples of this stream

    def process(self, samples: np.ndarray) -> np.ndarray:
        """
        Take ``(n,)`` samples, return the ``(m,)`` float64 output samples that are complete.

        :raises ValueError: unless the block is one-dimensional.
        """
        samples = np.asarray(samples, dtype=np.float64)
        if samples.ndim != 1:
            raise ValueError(f'expected a one-dimensional block, got shape {samples.shape}')
        self._received += samples.size
        if self.is_identity:
            self._sent += samples.size
            result: np.ndarray = samples.copy()
            return result
        self._buffer = np.concatenate((self._buffer, samples))
        usable = self._buffer.size - 2 * self._half + 1    # windows that are complete
        if usable <= 0:
            return np.zeros(0)
        # Output i of this call begins at window (position + i * down) // up.
        count = -(-(usable * self._up - self._position) // self._down)
        return self._emit(max(count, 0))

    def flush(self) -> np.ndarray:
        """
        Return what is left, as if silence followed, and reset.

        All outputs of a stream of ``n`` samples together are ``ceil(n * rate_out / rate_in)``.
        """
        tail = np.zeros(0)
        if not self.is_identity:
            total = -(-self._received * self._up // self._down)
            missing = total - self._sent
            if missing > 0:
                self._buffer = np.concatenate((self._buffer, np.zeros(self._half + 1)))
                tail = self._emit(missing)
        self.reset()
        return tail

    def _emit(self, count: int) -> np.ndarray:
        """Compute the next ``count`` outputs and drop the input that is no longer needed."""
        output = np.empty(count)
        windows = np.lib.stride_tricks.sliding_window_view(self._buffer, 2 * self._half)
        step = max(1, _STEP_SIZE // (2 * self._half))
        for start in range(0, count, step):
            stop = min(start + step, count)
            positions = self._position + self._down * np.arange(start, stop, dtype=np.int64)
            output[start:stop] = self._outputs(windows, positions, start)
        end = self._position + self._down * count
        used = min(end // self._up, self._buffer.size)
        self._buffer = self._buffer[used:].copy()
        self._position = end - used * self._up
        self._phase_index = (self._phase_index + count) % self._up
        self._sent += count
        return output

    def _outputs(self, windows: np.ndarray, positions: np.ndarray, start: int) -> np.ndarray:
        first = positions // self._up
        if self._up == 1:      # a view, nothing is copied
            rows = windows[first[0]:first[-1] + 1:self._down]
            result: np.ndarray = np.einsum('ij,j->i', rows, self._table[0])
            return result
        rows = windows[first]
        if self._exact:
            index = (self._phase_index + start + np.arange(first.size)) % self._up
            result = np.einsum('ij,ij->i', rows, self._table[index])
            return result
        phase = (positions - first * self._up) * (INTERPOLATED_PHASES / self._up)
        row = phase.astype(np.int64)
        part = (phase - row)[:, None]
        result = np.einsum('ij,ij->i', rows,
                           (1 - part) * self._table[row] + part * self._table[row + 1])
        return result


def resample(samples: np.ndarray, rate_in: int, rate_out: int) -> np.ndarray:
    """Return a whole signal ``(n,)`` at another rate; what `StreamingResampler` gives."""
    resampler = StreamingResampler(rate_in, rate_out)
    return np.concatenate((resampler.process(samples), resampler.flush()))
