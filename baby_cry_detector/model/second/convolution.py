# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A convolution of each channel with what follows it, which both networks are made of.

`convolution.c` computes the same bits in a third of the time, where there is a compiled core.
"""

from ctypes import byref, c_int64, c_void_p, Structure
from typing import Optional, Tuple

from baby_cry_detector import compiled
import numpy as np

NOTHING, RECTIFIED, HARD_SWISH = range(3)       # activations
_FIELDS = ('rows', 'columns', 'is_one', 'channels', 'size', 'stride', 'top', 'left', 'out_rows',
           'out_columns', 'activation')


class _Convolution(Structure):
    _fields_ = [(name, c_int64) for name in _FIELDS]


def convolve(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, stride: int = 1,
             activation: int = NOTHING, before: Optional[Tuple[int, int]] = None) -> np.ndarray:
    """
    Return ``(rows, columns, C)`` float32: each channel convolved, plus its bias, activated.

    :param x: (rows, columns, C) or (rows, columns, 1), where one channel serves all; float32.
    :param kernel: (K, K, C).
    :param bias: (C,).
    :param stride: the result has every such row and column, the first included.
    :param activation: `NOTHING`, `RECTIFIED` or `HARD_SWISH`.
    :param before: rows and columns of zeros before x; ``None``: half a kernel. After it come as
        many as the last window needs.
    :raises ValueError: if the shapes do not fit together.
    """
    size = len(kernel)
    if x.ndim != 3 or kernel.shape[:2] != (size, size) or kernel.ndim != 3 or (
            x.shape[2] not in (1, kernel.shape[2])) or bias.shape != kernel.shape[2:]:
        raise ValueError(f'shapes {x.shape}, {kernel.shape} and {bias.shape} do not fit')
    told = shape_of(x, kernel, stride, activation, before)
    core = compiled.library()
    if core is None:
        return _reference(x, kernel, bias, stride, activation, told[6:8], told[8:10])
    x, kernel, bias = (np.ascontiguousarray(array, np.float32) for array in (x, kernel, bias))
    result = np.empty((*told[8:10], kernel.shape[2]), np.float32)
    shape = _Convolution(*told)
    compiled.declare(core.baby_cry_convolve, None, *[c_void_p] * 5)(
        byref(shape), *(compiled.pointer(array) for array in (x, kernel, bias, result)))
    return result


def shape_of(x: np.ndarray, kernel: np.ndarray, stride: int, activation: int,
             before: Optional[Tuple[int, int]] = None) -> Tuple[int, ...]:
    """Return what `convolution.c` is told, in the order of its struct."""
    rows, columns, inner = x.shape
    top, left = before or (len(kernel) // 2, len(kernel) // 2)
    return (rows, columns, int(inner == 1), kernel.shape[2], len(kernel), stride, top, left,
            -(-rows // stride), -(-columns // stride), activation)


def _reference(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, stride: int, activation: int,
               before: Tuple[int, ...], sizes: Tuple[int, ...]) -> np.ndarray:
    edges = [(first, max(0, (count - 1) * stride + len(kernel) - length - first))
             for first, count, length in zip(before, sizes, x.shape)]
    padded = np.pad(x, (*edges, (0, 0)))
    rows, columns = sizes
    result = np.zeros((rows, columns, kernel.shape[2]), np.float32)
    for i in range(len(kernel)):
        for j in range(len(kernel)):
            result += padded[i:i + (rows - 1) * stride + 1:stride,
                             j:j + (columns - 1) * stride + 1:stride] * kernel[i, j]
    return activated(result + bias, activation)


def activated(x: np.ndarray, activation: int) -> np.ndarray:
    """Return what an activation makes of numbers."""
    if activation == RECTIFIED:
        rectified: np.ndarray = np.maximum(x, np.float32(0.0))
        return rectified
    return hard_swish(x) if activation == HARD_SWISH else x


def hard_swish(x: np.ndarray) -> np.ndarray:
    """Return x times what rises from 0 at -3 to 1 at 3."""
    result: np.ndarray = x * np.clip(x * np.float32(1 / 6) + np.float32(0.5), 0.0, 1.0)
    return result
