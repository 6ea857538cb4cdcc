# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Jitter, shimmer and harmonic-to-noise ratio, period by period on the waveform.

Definitions of openSMILE's pitch-period descriptors: periods are found by the cross-correlation of
neighbouring stretches of the waveform, starting from F0 (compare Titze and Liang, "Comparison of
F0 extraction methods for high-precision voice perturbation measurements", JSHR 36, 1993).

`period_walk.c` computes the same, several times as fast, where it was built (see `compiled`).
What is changed here is changed there.
"""

import ctypes
import math
from typing import List, Tuple

from baby_cry_detector.research.descriptors import compiled
import numpy as np

# Below this period in samples, all starting points are correlated at once: cheaper than one by
# one, since several periods fit into a frame.
_SHORT_PERIOD = 72
# Below this a period has no inside to take an amplitude or a noise from.
_LEAST_PERIOD = 6


class Periods:
    """
    The periods of one stretch of samples.

    :param segment: samples, float64, contiguous.
    :param shortest: shortest period in samples.
    :param longest: one past the longest, at least 3 more.
    :param together: correlate all starting points at once.
    """

    def __init__(self, segment: np.ndarray, shortest: int, longest: int, together: bool):
        self._segment = segment
        self.shortest, self.longest = shortest, longest
        self._stop = len(segment) - 2 * self.longest - 1
        self._share = (1.0 / np.arange(self.shortest, self.longest))[:, None]
        self._first = self._count = 0
        self._together = together

    def walk(self, advance: int) -> Tuple[List[Tuple[int, int, float, float]], List[int]]:
        """
        Follow the periods from the first sample on.

        :param advance: samples to go on where no period is found.
        :return: per step its start, whole-sample length, refined length (0 if none was found) and
            refined correlation; and the starts reached, the last one past the last step.
        """
        steps, reached, start = [], [], 0
        while start < self._stop:
            lag, refined, strength = self._best(start)
            steps.append((start, lag or advance, refined, strength))
            start += lag or advance
            reached.append(start)
        return steps, reached

    def _best(self, start: int) -> Tuple[int, float, float]:
        if not self._first <= start < self._first + self._count:
            self._correlate(start, self._stop - start if self._together else 1)
        # Few values of few starts are looked at: plain numbers are quicker here than arrays.
        values = self._correlation[:, start - self._first].tolist()
        best, top = 0, -2.0
        left, here = values[0], values[1]
        for index, right in enumerate(values[2:], 1):
            if left < here >= right and here > top:
                best, top = index, here
            left, here = here, right
        if not best:
            return 0, 0.0, 0.0
        left, right = values[best - 1], values[best + 1]
        bend = left - 2.0 * top + right
        shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
        lag = self.shortest + best
        return lag, lag + shift, top - 0.25 * (left - right) * shift

    def _correlate(self, start: int, count: int) -> None:
        """Correlate ``count`` neighbouring starts at all lags: shape (lags, count)."""
        self._first, self._count = start, count
        low, rows = self.shortest, self.longest - self.shortest
        x = self._segment[start:start + count + 2 * self.longest]
        e = x.itemsize
        share = self._share
        width = count + self.longest
        # Sum and spread of x[t : t + lag] for every t; the second stretch of a pair starts a lag
        # later, which is the same array sheared. [lag, t] throughout.
        sums = np.zeros((2, x.size + 1))
        np.add.accumulate(x, out=sums[0, 1:])
        np.add.accumulate(x * x, out=sums[1, 1:])
        plane = sums.strides[0]
        ends = np.ndarray((2, rows, width), float, sums, low * e, (plane, e, e))
        total, spread = ends - sums[:, None, :width]
        square = total * total
        square *= share
        spread -= square
        # Products x[t] x[t + lag], summed along t from the start on.
        product = np.zeros((rows, width + 1))
        shifted = np.ndarray((rows, width), float, x, low * e, (e, e))
        np.add.accumulate(x[:width] * shifted, axis=1, out=product[:, 1:])
        correlation = _sheared(product, low, count) - product[:, :count]
        both = total[:, :count] * _sheared(total, low, count)
        both *= share
        correlation -= both
        # What is left of a constant stretch is rounding, not sound.
        least = 1e-12 * sums[1, -1] + 1e-300
        spread = np.where(spread > least, spread, np.inf)
        both = spread[:, :count] * _sheared(spread, low, count)
        correlation /= np.sqrt(both, out=both)
        self._correlation = correlation


def _sheared(values: np.ndarray, low: int, count: int) -> np.ndarray:
    """Return a view: row i begins ``low + i`` columns later."""
    row, column = values.strides
    return np.ndarray((len(values), count), float, values, low * column, (row + column, column))


class VoiceQuality:
    """
    jitterLocal, jitterDDP, shimmerLocal and logHNR (dB) of frames with known F0.

    Unvoiced frames give 0, 0, 0 and ``unvoiced_hnr_db``, and so do those whose period would be
    shorter than 6 samples or too long for two of them to fit into the window. Jitter goes on
    across frames of a voiced run; where a voiced frame holds no period, the last values are held
    and HNR is 0 dB. A change of exactly 0 is a period read twice: nothing to compare with.

    :param sample_rate: Hz.
    :param hop: samples between frames.
    :param window: samples of a frame that may be read.
    :param search: share by which a period may differ from 1 / F0.
    :param least_correlation: periods with less count for HNR only.
    :param unvoiced_hnr_db: HNR of unvoiced frames.
    """

    def __init__(self, sample_rate: int, hop: int, window: int, search: float,
                 least_correlation: float, unvoiced_hnr_db: float):
        self._rate = sample_rate
        self._hop = hop
        self._window = window
        self._search = search
        self._least = least_correlation
        self._unvoiced = (0.0, 0.0, 0.0, unvoiced_hnr_db)
        self._parameters = compiled.VoiceQualityParameters(
            sample_rate, hop, window, search, least_correlation, unvoiced_hnr_db)
        self._library = compiled.library()
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._samples = np.empty(0)
        self._origin = 0  # absolute position of the first sample kept
        self._state = compiled.VoiceQualityState(
            frame=0, position=0, left=0, held=self._unvoiced, period=-1.0, difference=-1.0)

    def add(self, buffer: np.ndarray, start: int) -> None:
        """Add samples: ``buffer`` begins at the absolute position ``start``, overlap allowed."""
        known = self._origin + self._samples.size - start
        # In single precision, as in the published numbers.
        fresh = buffer[known:].astype(np.float32).astype(np.float64)
        self._samples = np.concatenate((self._samples, fresh))

    def process(self, f0: np.ndarray) -> np.ndarray:
        """Take F0 in Hz of the next frames, shape (n,); return the four values, shape (n, 4)."""
        result = np.empty((len(f0), 4))
        if self._library is None:
            self._compute(f0, result)
        else:
            self._compute_compiled(f0, result)
        state = self._state
        keep = min(state.frame * self._hop - state.left, state.position) - self._origin
        keep = max(min(keep, self._samples.size), 0)
        self._samples = self._samples[keep:].copy()
        self._origin += keep
        return result

    def _compute_compiled(self, f0: np.ndarray, result: np.ndarray) -> None:
        f0 = np.ascontiguousarray(f0, dtype=np.float64)
        assert self._library is not None               # else Python computes it
        status = self._library.baby_cry_period_walk(
            ctypes.byref(self._state), ctypes.byref(self._parameters), self._samples.ctypes.data,
            self._samples.size, self._origin, f0.ctypes.data, len(f0), result.ctypes.data)
        if status:
            raise MemoryError('no memory to follow the periods of a frame')

    def _compute(self, f0: np.ndarray, result: np.ndarray) -> None:
        for n, hertz in enumerate(f0.tolist()):
            result[n] = self._next(hertz)
            self._state.frame += 1

    def _lags(self, hertz: float) -> Tuple[int, int]:
        """Return the shortest and one past the longest period looked for; 0, 0 if unvoiced."""
        # False for NaN, too.
        if hertz > 0 and self._rate / hertz <= self._window:
            period = self._rate / hertz
            shortest = int(math.floor((1.0 - self._search) * period))
            longest = int(math.ceil((1.0 + self._search) * period))
            if (shortest >= _LEAST_PERIOD and longest - shortest >= 3
                    and 2 * longest + 2 <= self._window):
                return shortest, longest
        return 0, 0

    def _next(self, hertz: float) -> Tuple[float, float, float, float]:
        state = self._state
        start = state.frame * self._hop
        if state.position != start - state.left:
            state.position, state.left = start, 0
        due = self._hop + state.left
        shortest, longest = self._lags(hertz)
        if not longest:
            state.position += due
            state.left = 0
            state.held[:] = self._unvoiced
            state.period = state.difference = -1.0
            return self._unvoiced
        period = self._rate / hertz
        length = min(max(due, 2 * longest + 2), state.left + self._window)
        offset = state.position - self._origin
        segment = self._samples[offset:offset + length]
        rounded = round(period)
        steps, reached = Periods(segment, shortest, longest, period < _SHORT_PERIOD).walk(rounded)
        advance = max((at for at in reached if at < due - 1), default=0)
        state.position += advance
        state.left = due - advance
        local, ddp, shimmer, _ = state.held
        accepted = [step for step in steps if step[2] and step[3] > self._least]
        if accepted:
            local, ddp = self._jitter([step[2] for step in accepted])
            shimmer = _shimmer(segment, accepted, shimmer)
        hnr = 0.0
        starts = [step[0] for step in steps if step[2]]
        if starts:
            starts.append(reached[-1])
            lengths = [after - at for at, after in zip(starts, starts[1:])]
            hnr = _log_hnr(segment, starts, lengths + [steps[-1][1]], rounded)
        state.held[:] = (local, ddp, shimmer, hnr)
        return tuple(state.held)

    def _jitter(self, periods: List[float]) -> Tuple[float, float]:
        state = self._state
        changes, second = [], []
        for period in periods:
            if state.period >= 0:
                change = abs(period - state.period)
                changes.append(change)
                if state.difference > 0:
                    second.append(abs(change - state.difference))
                state.difference = change
            state.period = period
        mean = sum(periods) / len(periods)
        local = sum(changes) / len(changes) / mean if changes else 0.0
        ddp = sum(second) / len(second) / mean if second else 0.0
        return min(local, 1.0), min(ddp, 1.0)


def _shimmer(segment: np.ndarray, steps, held: float) -> float:
    """Return the mean change of amplitude from each period to the next over its mean."""
    edges = []
    for start, lag, _, _ in steps:
        middle = start + lag
        edges += [start + 1, middle - 1, middle + 1, middle + lag - 1]
    amplitude = (np.maximum.reduceat(segment, edges)[::2]
                 - np.minimum.reduceat(segment, edges)[::2])
    first, second = amplitude[::2], amplitude[1::2]
    total = 0.5 * float((first + second).sum())
    return min(float(np.abs(first - second).sum()) / total, 1.0) if total > 0 else held


def _log_hnr(segment: np.ndarray, starts: List[int], lengths: List[int], period: int) -> float:
    """Return the level of the mean period over that of what deviates from it, dB."""
    index = np.asarray(starts)[:, None] + np.arange(period)
    waves = segment[np.minimum(index, segment.size - 1)]
    mean = waves.sum(axis=0) / len(starts)
    inner = mean[3:period - 2]
    waves -= mean
    waves *= waves
    ends = np.minimum(lengths, period) - 2
    total = np.cumsum(waves[:, 2:], axis=1)[np.arange(len(starts)), ends - 3].sum()
    harmonic = float(inner @ inner) / (period - 4)
    noise = float(total) / float((ends - 2).sum())
    # Bounds far outside sound: nothing repeats, or nothing but the repetition is there.
    if harmonic <= 1e-10 * noise:
        return -100.0
    if noise <= 1e-10 * harmonic:
        return 100.0
    return 10.0 * math.log10(harmonic / noise)
