# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The step of the Kalman filter in compiled code (`kalman_filter.c`), on Python's own arrays."""

from ctypes import c_double, c_int64, c_void_p
from typing import Any, Callable, Optional

from baby_cry_detector import compiled
import numpy as np


def make_step(kalman: Any) -> Optional[Callable]:
    """Return the compiled `KalmanFilter.step` of a filter, or None where Python computes."""
    core = compiled.library()
    if core is None:
        return None
    arrays = (kalman.weights, kalman.uncertainty, kalman.spectra, kalman.before, kalman.noise)
    at = [compiled.pointer(array) for array in arrays]
    references, partitions, _ = kalman.weights.shape
    function = compiled.declare(core.baby_cry_echo_step, None, *[c_void_p] * 5, c_int64, c_int64,
                                c_int64, c_void_p, c_void_p, c_double, c_void_p)

    def step(microphone: np.ndarray, blocks: np.ndarray, caution: float = 1.0) -> np.ndarray:
        microphone = np.ascontiguousarray(microphone, dtype=np.float64)
        blocks = np.ascontiguousarray(blocks, dtype=np.float64)
        echo = np.empty(len(microphone))
        function(*at, references, partitions, kalman.turn, compiled.pointer(microphone),
                 compiled.pointer(blocks), caution, compiled.pointer(echo))
        if caution != np.inf:
            kalman.turn = (kalman.turn + 3) % (partitions - 2)
        return echo

    return step
