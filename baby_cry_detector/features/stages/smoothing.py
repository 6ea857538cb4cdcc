# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Smoothing and deltas over neighbouring frames, streamed, with replicated edges.

Batch and streaming run the same lines: each stage keeps only the rows its neighbourhood needs.
"""

from typing import Any, Optional, Sequence

import numpy as np


class Neighbourhood:
    """
    Base of a stage whose row ``n`` depends on rows ``n - left`` to ``n + right``.

    Before the first and after the last row, the edge row is repeated. Subclasses implement
    ``_compute(rows)``: shape (n + left + right, F) in, (n, ...) out.

    :param left: rows looked back.
    :param right: rows looked ahead, which is also the stage's delay.
    """

    def __init__(self, left: int, right: int):
        self._left = left
        self._right = right
        self._kept: Optional[np.ndarray] = None

    def reset(self) -> None:
        """Start a new stream."""
        self._kept = None

    def process(self, rows: np.ndarray) -> np.ndarray:
        """Take rows (n, F); return those whose neighbourhood is complete."""
        if not len(rows):
            return self._empty(rows)
        if self._kept is None:
            parts = [rows[:1]] * self._left + [rows]
        else:
            parts = [self._kept, rows]
        rows = np.concatenate(parts)
        count = len(rows) - self._left - self._right
        if count <= 0:
            self._kept = rows
            return self._empty(rows)
        self._kept = rows[count:].copy()
        return self._compute(rows)

    def flush(self) -> np.ndarray:
        """Return the rows still owed, with the last row repeated; the stream is over."""
        kept, self._kept = self._kept, None
        if kept is None or not self._right:
            return np.empty((0, 0))
        return self._compute(np.concatenate([kept] + [kept[-1:]] * self._right))

    def _empty(self, rows: np.ndarray) -> np.ndarray:
        return np.empty((0, rows.shape[1]))

    def _compute(self, rows: np.ndarray) -> np.ndarray:
        raise NotImplementedError


def _selection(columns: Sequence[int]) -> Any:
    """Return columns as an index, None for none; neighbours as a slice, which copies nothing."""
    columns = [int(column) for column in columns]
    if not columns:
        return None
    neighbours = slice(columns[0], columns[-1] + 1)
    return neighbours if columns == list(range(columns[0], columns[-1] + 1)) else columns


class MovingAverage(Neighbourhood):
    """
    Mean over three frames (openSMILE's ``sma`` with window 3).

    :param nonzero_columns: columns in which 0 means 'nothing there' (``noZeroSma``): a 0 stays 0,
        and otherwise the mean goes over the non-zero values of the three.
    """

    def __init__(self, nonzero_columns: Sequence[int] = ()):
        super().__init__(1, 1)
        self._nonzero = _selection(nonzero_columns)

    def _compute(self, rows: np.ndarray) -> np.ndarray:
        smooth: np.ndarray = rows[:-2] + rows[1:-1]
        smooth += rows[2:]
        smooth /= 3.0
        if self._nonzero is not None:
            picked = rows[:, self._nonzero]
            used = (picked != 0).astype(np.float64)
            total = picked[:-2] + picked[1:-1] + picked[2:]
            number = used[:-2] + used[1:-1] + used[2:]
            smooth[:, self._nonzero] = total * used[1:-1] / np.maximum(number, 1.0)
        return smooth


class AppendDelta(Neighbourhood):
    """
    Appends each column's regression slope over five frames (openSMILE's ``delta``, W = 2).

    d[n] = ((y[n+1] - y[n-1]) + 2 (y[n+2] - y[n-2])) / 10, per frame.

    :param voiced_columns: columns in which 0 means 'nothing there': only pairs whose both ends
        are non-zero count (the divisor stays 10).
    """

    def __init__(self, voiced_columns: Sequence[int] = ()):
        super().__init__(2, 2)
        self._voiced = _selection(voiced_columns)

    def _compute(self, rows: np.ndarray) -> np.ndarray:
        count, width = len(rows) - 4, rows.shape[1]
        both = np.empty((count, 2 * width))
        both[:, :width] = rows[2:-2]
        delta = both[:, width:]
        np.subtract(rows[4:], rows[:-4], out=delta)
        delta *= 2.0
        delta += rows[3:-1]
        delta -= rows[1:-3]
        if self._voiced is not None:
            picked = rows[:, self._voiced]
            there = picked != 0
            far = np.where(there[4:] & there[:-4], picked[4:] - picked[:-4], 0.0)
            near = np.where(there[3:-1] & there[1:-3], picked[3:-1] - picked[1:-3], 0.0)
            delta[:, self._voiced] = 2.0 * far + near
        delta /= 10.0
        return both

    def _empty(self, rows: np.ndarray) -> np.ndarray:
        return np.empty((0, 2 * rows.shape[1]))


class AppendDifference(Neighbourhood):
    """
    Appends each column's causal difference y[n] - y[n - lag]; no look-ahead.

    :param lag: frames.
    """

    def __init__(self, lag: int):
        super().__init__(lag, 0)
        self._lag = lag

    def _compute(self, rows: np.ndarray) -> np.ndarray:
        now = rows[self._lag:]
        return np.concatenate((now, now - rows[:-self._lag]), axis=1)

    def _empty(self, rows: np.ndarray) -> np.ndarray:
        return np.empty((0, 2 * rows.shape[1]))


class Median(Neighbourhood):
    """
    Median over three frames in some columns; the others pass, one frame later.

    :param columns: column numbers.
    """

    def __init__(self, columns: Sequence[int]):
        super().__init__(1, 1)
        self._columns = _selection(columns)

    def _compute(self, rows: np.ndarray) -> np.ndarray:
        result: np.ndarray = rows[1:-1].copy()
        picked = rows[:, self._columns]
        before, here, after = picked[:-2], picked[1:-1], picked[2:]
        low, high = np.minimum(before, after), np.maximum(before, after)
        result[:, self._columns] = np.minimum(np.maximum(here, low), high)
        return result


class Delay(Neighbourhood):
    """
    Hands rows on unchanged, some frames later, to meet those of a slower stage.

    :param frames: rows held back.
    """

    def __init__(self, frames: int):
        super().__init__(0, frames)

    def _compute(self, rows: np.ndarray) -> np.ndarray:
        return rows[:len(rows) - self._right]


class SmoothWithDelta:
    """
    Moving average, then deltas of it: three frames of delay in all.

    At the end of a stream the descriptors' last row is what repeats, so the contour that the
    deltas see goes on with that row unsmoothed, as in openSMILE.

    :param nonzero_columns: see `MovingAverage`; the deltas of these columns stay inside voiced
        segments, see `AppendDelta`.
    """

    def __init__(self, nonzero_columns: Sequence[int] = ()):
        self._average = MovingAverage(nonzero_columns)
        self._delta = AppendDelta(nonzero_columns)
        self._last: Optional[np.ndarray] = None

    def reset(self) -> None:
        """Start a new stream."""
        self._average.reset()
        self._delta.reset()
        self._last = None

    def process(self, rows: np.ndarray) -> np.ndarray:
        """Take descriptors (n, F); return complete rows (m, 2 F)."""
        if len(rows):
            self._last = rows[-1:].copy()
        return self._delta.process(self._average.process(rows))

    def finish(self, rows: Optional[np.ndarray] = None) -> np.ndarray:
        """Take the stream's last descriptors, if any; return all rows still owed."""
        parts = [] if rows is None else [self.process(rows)]
        if self._last is not None:
            smooth = self._average.flush()
            parts.append(self._delta.process(np.concatenate((smooth, self._last))))
            parts.append(self._delta.flush())
            self._last = None
        parts = [part for part in parts if len(part)]
        return np.concatenate(parts)[:-1] if parts else np.empty((0, 0))
