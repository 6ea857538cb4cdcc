# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Pitch candidates by subharmonic summation on a logarithmic frequency axis.

Hermes, "Measurement of pitch by subharmonic summation", JASA 83(1), 1988, with the constants of
the INTERSPEECH 2010 and ComParE sets.
"""

from functools import lru_cache
from typing import List, Tuple

import numpy as np

# Share of the mean score by which a peak must stand out.
_MARGIN = 1e-10
# Spline weights below this are left out: far below the rounding of a spectrum.
_NEGLIGIBLE = 1e-18
_BLOCKS = 8


@lru_cache(maxsize=None)
def spline_matrix(bins: int, bin_hz: float, low_hz: float, high_hz: float) -> np.ndarray:
    """
    Return the natural cubic spline from a linear to a logarithmic axis, as a matrix.

    Knots at log2(k bin_hz), with bin 0 one octave below bin 1; as many points as bins, equally
    spaced in log2 from ``low_hz`` to ``high_hz``.

    :return: shape (bins, bins), values @ matrix gives the points; read-only.
    """
    knots = np.log2(np.maximum(np.arange(bins), 0.5) * bin_hz)
    knots[0] = 2.0 * knots[1] - knots[2]
    gap = np.diff(knots)
    # Second derivatives: tridiagonal system, zero at both ends.
    system = np.eye(bins)
    right = np.zeros((bins, bins))
    inner = np.arange(1, bins - 1)
    system[inner, inner - 1] = gap[:-1] / 6.0
    system[inner, inner] = (gap[:-1] + gap[1:]) / 3.0
    system[inner, inner + 1] = gap[1:] / 6.0
    right[inner, inner - 1] = 1.0 / gap[:-1]
    right[inner, inner] = -1.0 / gap[:-1] - 1.0 / gap[1:]
    right[inner, inner + 1] = 1.0 / gap[1:]
    curvature = np.linalg.solve(system, right)
    points = np.linspace(np.log2(low_hz), np.log2(high_hz), bins)
    left = np.clip(np.searchsorted(knots, points) - 1, 0, bins - 2)
    width = gap[left]
    a = (knots[left + 1] - points) / width
    b = 1.0 - a
    identity = np.eye(bins)
    matrix = (a[:, None] * identity[left] + b[:, None] * identity[left + 1]
              + ((a ** 3 - a) * width ** 2 / 6.0)[:, None] * curvature[left]
              + ((b ** 3 - b) * width ** 2 / 6.0)[:, None] * curvature[left + 1]).T
    matrix = np.ascontiguousarray(matrix)
    matrix.flags.writeable = False
    return matrix


def _blocks(matrix: np.ndarray) -> List[Tuple[slice, slice, np.ndarray]]:
    """
    Return a nearly diagonal matrix as blocks of columns with the rows that they need.

    A spline's influence fades within some knots, so most of the matrix is nothing.
    """
    blocks = []
    for part in np.array_split(np.arange(matrix.shape[1]), _BLOCKS):
        columns = slice(int(part[0]), int(part[-1]) + 1)
        needed = np.flatnonzero((np.abs(matrix[:, columns]) > _NEGLIGIBLE).any(axis=1))
        rows = slice(int(needed[0]), int(needed[-1]) + 1)
        blocks.append((rows, columns, np.ascontiguousarray(matrix[rows, columns])))
    return blocks


class SubharmonicSummation:
    """
    Pitch candidates of a block of magnitude spectra.

    :param fft_length: transform length.
    :param sample_rate: Hz.
    :param low_hz: lower end of the logarithmic axis.
    :param enhance: keep only the surroundings of spectral peaks, smooth them, and weight
        frequencies as the ear does.
    :param candidates: number of slots.
    :param selection: ``score`` keeps the highest peaks; ``record`` keeps, scanning upwards, each
        peak that is higher than all before, the newest first.
    :param harmonics: terms of the sum.
    :param compression: factor from one harmonic to the next.
    :param min_hz: candidates below are dropped.
    :param max_hz: candidates above are dropped.
    """

    def __init__(self, *, fft_length: int, sample_rate: int, low_hz: float, enhance: bool,
                 candidates: int, selection: str, harmonics: int, compression: float,
                 min_hz: float, max_hz: float):
        if selection not in ('score', 'record'):
            raise ValueError(f'expected selection score or record, got {selection!r}')
        bins = fft_length // 2 + 1
        high_hz = sample_rate / 2.0
        # The bin width in single precision, as in the published numbers.
        bin_hz = 1.0 / float(np.float32(fft_length / sample_rate))
        self._blocks = _blocks(spline_matrix(bins, bin_hz, low_hz, high_hz))
        octaves = np.log2(high_hz / low_hz)
        per_octave = bins / octaves
        self._low = np.log2(low_hz)
        self._step = octaves / (bins - 1)
        self._enhance = enhance
        start = per_octave * np.log2(65.0 / 50.0) - 1.0
        self._weight = 0.5 + np.arctan(
            3.0 * (np.arange(bins) + 1.0 - start) / per_octave) / np.pi
        self._shifts = [int(per_octave * np.log2(h)) for h in range(1, harmonics + 1)]
        self._compression = compression
        self._scale = 1.0 / harmonics
        self._slots = candidates
        self._records = selection == 'record'
        self._range = (min_hz, max_hz)

    def __call__(self, magnitude: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """
        Take |X|, shape (n, bins).

        :return: frequencies in Hz and voicing in [0, 1], each (n, candidates); the candidate with
            the highest score first, unused slots 0.
        """
        if self._enhance:
            magnitude = _smooth(_enhance(magnitude))
        values = np.empty_like(magnitude)
        for rows, columns, block in self._blocks:
            values[:, columns] = magnitude[:, rows] @ block
        if self._enhance:
            np.maximum(values, 0.0, out=values)
            values *= self._weight
        # From the highest harmonic down: what is there so far loses one factor per harmonic.
        points = values.shape[1]
        score = np.zeros_like(values)
        before = 0
        for shift in reversed(self._shifts):
            score[:, :before] *= self._compression
            before = points - shift
            score[:, :before] += values[:, shift:]
        score *= self._scale
        np.maximum(score, 0.0, out=score)
        return self._candidates(score)

    def _candidates(self, score: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        count, slots = len(score), self._slots
        mean = score.mean(axis=1)[:, None]
        middle = score[:, 1:-1]
        # A peak on a plateau is rounding, and would depend on the size of the block.
        margin = _MARGIN * mean
        is_peak = (middle > score[:, :-2] + margin) & (middle > score[:, 2:] + margin)
        if self._records:
            height = np.where(is_peak, middle, 0.0)
            best = np.maximum.accumulate(height, axis=1)
            is_peak[:, 1:] &= middle[:, 1:] > best[:, :-1] + margin
        row, column = np.nonzero(is_peak)
        # The highest first, or the newest; as many per row as there are slots.
        order = np.lexsort((-column if self._records else -middle[row, column], row))
        row, column = row[order], column[order]
        number = np.arange(row.size) - np.searchsorted(row, row)
        kept = number < slots
        index = np.zeros((count, slots), dtype=np.int64)
        used = np.zeros((count, slots), dtype=bool)
        index[row[kept], number[kept]] = column[kept]
        used[row[kept], number[kept]] = True

        row = np.arange(count)[:, None]
        left, top, right = score[row, index], score[row, index + 1], score[row, index + 2]
        bend = np.where(used, left - 2.0 * top + right, -1.0)
        shift = 0.5 * (left - right) / bend
        height = top - 0.25 * (left - right) * shift
        frequency = np.exp2(self._low + (index + 1 + shift) * self._step)
        used &= (frequency >= self._range[0]) & (frequency <= self._range[1])
        frequency = np.where(used, frequency, 0.0)
        height = np.where(used, height, 0.0)
        voicing = np.where(height > mean, 1.0 - mean / np.where(height > mean, height, 1.0), 0.0)
        best = height.argmax(axis=1)
        row = row[:, 0]
        for values in (frequency, voicing):
            top = values[row, best]
            values[row, best] = values[:, 0]
            values[:, 0] = top
        return frequency, voicing


def _enhance(magnitude: np.ndarray) -> np.ndarray:
    """
    Zero what is more than two bins from a local maximum, between the first and the last.

    Outside the spectrum counts as 0, so an edge bin can be a maximum.
    """
    count, bins = magnitude.shape
    peak = np.ones((count, bins), dtype=bool)
    peak[:, 1:] = magnitude[:, 1:] > magnitude[:, :-1]
    peak[:, :-1] &= magnitude[:, :-1] >= magnitude[:, 1:]
    keep = peak.copy()
    for offset in (1, 2):
        keep[:, offset:] |= peak[:, :-offset]
        keep[:, :-offset] |= peak[:, offset:]
    index = np.arange(bins)
    first = np.where(peak.any(axis=1), peak.argmax(axis=1), bins)
    last = np.where(peak.any(axis=1), bins - 1 - peak[:, ::-1].argmax(axis=1), -1)
    keep |= index <= first[:, None]
    keep |= index >= last[:, None]
    return magnitude * keep


def _smooth(magnitude: np.ndarray) -> np.ndarray:
    """Return (a[i-1] + 2 a[i] + a[i+1]) / 4, nothing left of bin 0, the last bin untouched."""
    result = magnitude.copy()
    result[:, :-1] += magnitude[:, :-1] + magnitude[:, 1:]
    result[:, 1:-1] += magnitude[:, :-2]
    result[:, :-1] *= 0.25
    return result
