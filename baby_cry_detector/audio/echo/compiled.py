# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is done with each block in compiled code (`kalman_filter.c`), on Python's own arrays."""

from ctypes import c_double, c_int64, c_void_p
from typing import Any, Callable, Optional, Tuple

from baby_cry_detector import compiled
import numpy as np


class CompiledSteps:
    """
    The steps of a `KalmanFilter`.

    :param core: the library.
    :param arrays: of the filter, in the order of `baby_cry_echo_step`; kept alive by it.
    """

    def __init__(self, core: Any, *arrays: np.ndarray) -> None:
        self._at = [compiled.pointer(array) for array in arrays]
        self._sizes = arrays[1].shape[:2]
        self._step = compiled.declare(
            core.baby_cry_echo_step, None, *[c_void_p] * 8, c_int64, c_int64, c_void_p, c_void_p,
            c_double, c_double, c_void_p, c_void_p)
        self._keep_open = compiled.declare(
            core.baby_cry_echo_keep_open, None, c_void_p, c_void_p, c_int64, c_int64, c_double)

    @classmethod
    def of(cls, *arrays: np.ndarray) -> Optional['CompiledSteps']:
        """Return the steps on a filter's arrays, or ``None`` where Python computes."""
        core = compiled.library()
        return None if core is None else cls(core, *arrays)

    def step(self, microphone: np.ndarray, blocks: np.ndarray, caution: float,
             share: float) -> Tuple[np.ndarray, np.ndarray]:
        """See `KalmanFilter.step`."""
        microphone = np.ascontiguousarray(microphone, dtype=np.float64)
        blocks = np.ascontiguousarray(blocks, dtype=np.float64)
        echo, learned = np.empty(len(microphone)), np.empty(len(microphone))
        self._step(*self._at, *self._sizes, compiled.pointer(microphone),
                   compiled.pointer(blocks), caution, share, compiled.pointer(echo),
                   compiled.pointer(learned))
        return echo, learned

    def keep_open(self, share: float) -> None:
        """See `KalmanFilter.keep_open`."""
        self._keep_open(self._at[0], self._at[1], *self._sizes, share)


def make_read(table: np.ndarray) -> Optional[Callable[..., np.ndarray]]:
    """Return the compiled `ReferenceLine.read` of one channel, or ``None``."""
    core = compiled.library()
    if core is None:
        return None
    function = compiled.declare(core.baby_cry_echo_read, None, c_void_p, c_void_p, c_int64,
                                c_int64, c_double, c_double, c_int64, c_void_p)
    phases, taps = table.shape[0] - 1, table.shape[1]

    def read(samples: np.ndarray, place: float, step: float, count: int) -> np.ndarray:
        out = np.empty(count)
        function(compiled.pointer(samples), compiled.pointer(table), taps, phases, place, step,
                 count, compiled.pointer(out))
        return out

    return read
