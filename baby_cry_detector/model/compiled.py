# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A checkpoint in compiled code (`checkpoint.c`, `runtime.c`, `cells/*.c`, `recent_statistics.c`).

`CompiledModel` holds the weights, once for all streams; `CompiledRuntime` is one stream and
answers as `runtime.Runtime` does, up to rounding in single precision.
"""

import ctypes
from ctypes import c_double, c_int32, c_int64, c_void_p
from typing import Any, Dict, List, Optional, Tuple
import weakref

from baby_cry_detector import compiled
from baby_cry_detector.model.cells.attention_gate import DEPTH_STRATEGIES, GATE_ACTIVATIONS
from baby_cry_detector.model.checkpoint import Checkpoint, Member
from baby_cry_detector.model.recent_statistics import StatisticsArchitecture
import numpy as np

# In the order of the enums of model.h.
_CELLS = ('attention', 'lstm', 'lstm_peephole', 'gru')


class _MemberTables(ctypes.Structure):
    _fields_ = [(name, c_int32) for name in (
        'is_statistics', 'inputs', 'stack', 'window', 'cell', 'depth', 'strategy', 'activation',
        'bias', 'gate_bias', 'n_layers', 'n_dense', 'n_needs', 'shares')] + [
        (name, c_void_p) for name in ('column', 'units', 'dense_units', 'mean', 'std',
                                      'weights')] + [('n_weights', c_int64)]


class CompiledModel:
    """
    The members' weights, ready to run; never changes, so any number of streams share it.

    :param checkpoint: whose cells the core knows (see `knows`).
    :param core: the library.
    :raises ValueError: if the core refuses its sizes.
    """

    def __init__(self, checkpoint: Checkpoint, core: ctypes.CDLL) -> None:
        self.checkpoint, self.core = checkpoint, core
        columns = {name: index for index, name in enumerate(checkpoint.feature_columns)}
        cries = _integers(checkpoint.labels.index(label) for label in checkpoint.cry_labels)
        read = _integers(sorted({columns[name] for member in checkpoint.members
                                 for name in member.input_columns}))
        new = compiled.declare(core.baby_cry_model_new, c_void_p, c_int32, c_int32, c_int32,
                               c_double, c_double, c_int32, c_void_p, c_int32, c_void_p)
        self.handle = new(len(columns), len(checkpoint.labels), len(checkpoint.needs),
                          checkpoint.temperature, checkpoint.need_temperature, cries.size,
                          compiled.pointer(cries), read.size, compiled.pointer(read))
        if not self.handle:
            raise ValueError('the compiled core can not hold this checkpoint')
        free = compiled.declare(core.baby_cry_model_free, None, c_void_p)
        weakref.finalize(self, free, self.handle)
        add = compiled.declare(core.baby_cry_model_add, c_int32, c_void_p, c_void_p)
        for index, _member in enumerate(checkpoint.members):
            tables, _kept = _tables(checkpoint.members, index, columns)
            if not add(self.handle, ctypes.byref(tables)):
                raise ValueError(f'the compiled core can not run member {index}')


class CompiledRuntime:
    """
    One stream of a model.

    :ivar checkpoint: what it runs.
    """

    def __init__(self, model: CompiledModel) -> None:
        core = model.core
        self.checkpoint = model.checkpoint
        self._model = model                     # lives as long as its streams
        self._width = len(model.checkpoint.feature_columns)
        self._n_needs = len(model.checkpoint.needs)
        new = compiled.declare(core.baby_cry_stream_new, c_void_p, c_void_p)
        self._self: int = new(model.handle)
        if not self._self:
            raise MemoryError('no memory for a stream')
        weakref.finalize(self, compiled.declare(core.baby_cry_stream_free, None, c_void_p),
                         self._self)
        self._process = compiled.declare(core.baby_cry_stream_process, None, c_void_p, c_void_p,
                                         c_int64, c_void_p, c_void_p)
        self._reset = compiled.declare(core.baby_cry_stream_reset, None, c_void_p)
        self._nonfinite = compiled.declare(core.baby_cry_stream_nonfinite, c_int64, c_void_p)

    @property
    def handle(self) -> int:
        """Return where the stream is; this object keeps it."""
        return self._self

    @property
    def nonfinite_values(self) -> int:
        """Return how many values, of columns that are read, were NaN or infinite since reset."""
        return int(self._nonfinite(self._self))

    def process(self, frames: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Return the answers after each frame; see `runtime.Runtime.process`."""
        frames = check_frames(frames, self._width)
        if frames.dtype != np.float32 or not frames.flags.c_contiguous:
            with np.errstate(over='ignore', invalid='ignore'):
                frames = np.ascontiguousarray(frames, dtype=np.float32)
        n = len(frames)
        cry, needs = np.empty(n, np.float32), np.empty((n, self._n_needs), np.float32)
        self._process(self._self, compiled.pointer(frames), n, compiled.pointer(cry),
                      compiled.pointer(needs))
        return cry, needs

    def step(self, frame: np.ndarray) -> Tuple[float, np.ndarray]:
        """Return cry probability and need probabilities (needs,) after one frame (columns,)."""
        cry, needs = self.process(np.asarray(frame)[None])
        return float(cry[0]), needs[0]

    def reset(self) -> None:
        """Return to the state before the first frame."""
        self._reset(self._self)


def check_frames(frames: Any, width: int) -> np.ndarray:
    """
    Return frames as an array of shape (n, width).

    :raises ValueError: on another shape, or what are no numbers.
    """
    array = np.asarray(frames)
    if array.ndim != 2 or array.shape[1] != width or array.dtype.kind not in 'fiu':
        raise ValueError(f'expected frames of shape (n, {width}), got '
                         f'{array.dtype} {array.shape}')
    return array


def knows(checkpoint: Checkpoint) -> bool:
    """Return whether the core has every cell of a checkpoint."""
    return all(isinstance(member.architecture, StatisticsArchitecture)
               or member.architecture.cell in _CELLS for member in checkpoint.members)


def make(checkpoint: Checkpoint) -> Optional[CompiledModel]:
    """Return a compiled model, or None where Python computes."""
    core = compiled.library()
    return CompiledModel(checkpoint, core) if core is not None and knows(checkpoint) else None


def _tables(members: Tuple[Member, ...], index: int, columns: Dict[str, Any]
            ) -> Tuple[_MemberTables, List[np.ndarray]]:
    member = members[index]
    a = member.architecture
    kept = [_integers(columns[name] for name in member.input_columns),
            _integers(() if isinstance(a, StatisticsArchitecture) else a.hidden_sizes),
            _integers(a.hidden_sizes if isinstance(a, StatisticsArchitecture) else a.dense_sizes),
            np.ascontiguousarray(member.mean), np.ascontiguousarray(member.std),
            np.concatenate([member.arrays[name].ravel() for name in a.shapes()])]
    at = [compiled.pointer(array) for array in kept]
    if isinstance(a, StatisticsArchitecture):
        numbers = (1, a.input_size, a.period_frames, a.window_frames, 0, 1, 0, 0, 1, 0, 0,
                   len(a.hidden_sizes), 0, _owner(members, index))
    else:
        numbers = (0, a.input_size, a.stack_frames, 0, _CELLS.index(a.cell), a.depth,
                   DEPTH_STRATEGIES.index(a.depth_strategy),
                   GATE_ACTIVATIONS.index(a.gate_activation), a.bias, a.gate_bias,
                   len(a.hidden_sizes), len(a.dense_sizes), a.n_needs, index)
    return _MemberTables(*numbers, *at, kept[-1].size), kept


def _owner(members: Tuple[Member, ...], index: int) -> int:
    """Return the first member that reads the same statistics of the same frames."""
    member = members[index]
    for other, earlier in enumerate(members[:index]):
        old, own = earlier.architecture, member.architecture
        if isinstance(old, StatisticsArchitecture) and isinstance(own, StatisticsArchitecture) \
                and earlier.input_columns == member.input_columns \
                and old.window_frames == own.window_frames \
                and old.period_frames == own.period_frames \
                and np.array_equal(earlier.mean, member.mean) \
                and np.array_equal(earlier.std, member.std):
            return other
    return index


def _integers(values: Any) -> np.ndarray:
    return np.fromiter(values, np.int32)
