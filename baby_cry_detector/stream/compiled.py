# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Descriptors, network and decision of a stream in one call of compiled code (`listener.c`).

What is heard does not change by it: the same descriptors, network and decider run, only that
nothing of Python stands between them. Several streams are taken in one call too.
"""

import ctypes
from ctypes import c_int64, c_void_p
from typing import Any, Iterable, Iterator, List, Optional, Sequence, Tuple
import weakref

from baby_cry_detector import compiled
from baby_cry_detector.decision import CryDecision
from baby_cry_detector.decision.compiled import CompiledDecider
from baby_cry_detector.features.extractor import StreamingExtractor
from baby_cry_detector.model.compiled import check_frames, CompiledRuntime
import numpy as np

_ROWS = 64                      # as LISTENER_ROWS of listener.h
_NOTHING, _SAY_AND_GO_ON, _SAY, _TOO_LONG = 0, 1, 2, -2


class _Task(ctypes.Structure):
    _fields_ = [('listener', c_void_p), ('rows', c_void_p)] + [
        (name, c_int64) for name in ('n', 'heard_ns', 'told_ns', 'period_ns', 'result')] + [
        ('extractor', c_void_p), ('samples', c_void_p), ('n_samples', c_int64)]


class CompiledListener:
    """
    A runtime and a decider that are both compiled.

    :param level, voicing: columns of the frames, or ``None``.
    :param has_needs: whether the decider takes the model's needs.
    :param hop_ns: from frame to frame.
    """

    def __init__(self, core: ctypes.CDLL, runtime: CompiledRuntime, decider: CompiledDecider,
                 level: Optional[int], voicing: Optional[int], has_needs: bool,
                 hop_ns: int) -> None:
        self._decider, self._runtime, self._hop_ns = decider, runtime, hop_ns
        self._width = len(runtime.checkpoint.feature_columns)
        new = compiled.declare(core.baby_cry_listener_new, c_void_p, c_void_p, c_void_p, c_int64,
                               c_int64, c_int64, c_int64)
        self._self: int = new(
            runtime.handle, decider.address, -1 if level is None else level,
            -1 if voicing is None else voicing, has_needs, hop_ns)
        if not self._self:
            raise ValueError('the compiled core can not join this network and decision')
        weakref.finalize(self, compiled.declare(core.baby_cry_listener_free, None, c_void_p),
                         self._self)
        self.run = compiled.declare(core.baby_cry_listeners_process, None, c_void_p, c_int64)
        self._go_on = compiled.declare(core.baby_cry_listener_go_on, c_int64, c_void_p, c_int64,
                                       c_int64)
        self._task = _Task(listener=self._self)
        self._task_at = ctypes.addressof(self._task)

    @property
    def handle(self) -> int:
        """Return where it is; this object keeps it."""
        return self._self

    @property
    def told_ns(self) -> int:
        """Return the stamp of the last decision that was told."""
        return self._decider.told_ns

    def process(self, heard_ns: int, values: np.ndarray, period_ns: int) -> Iterable[CryDecision]:
        """Return the decisions; see `FrameListener.process`, but for the time of hearing."""
        values = self.checked(values)
        if len(values) > _ROWS:
            return self._in_pieces(heard_ns, values, period_ns)
        self.fill(self._task, heard_ns, values, period_ns)
        self.run(self._task_at, 1)
        return self.told(self._task.result, period_ns)

    def checked(self, values: np.ndarray) -> np.ndarray:
        """Return frames as the core takes them; ValueError on another shape."""
        values = check_frames(values, self._width)
        if values.dtype != np.float64 or not values.flags.c_contiguous:
            values = np.ascontiguousarray(values, dtype=np.float64)
        return values

    def fill(self, task: _Task, heard_ns: int, values: np.ndarray, period_ns: int) -> None:
        """Make a task of frames, at most 64, which the caller keeps alive."""
        task.listener, task.rows, task.n = self._self, compiled.pointer(values), len(values)
        task.heard_ns, task.period_ns = heard_ns, period_ns
        task.told_ns = self._decider.told_ns

    def told(self, result: int, period_ns: int) -> Iterable[CryDecision]:
        """Return what there is to say after a task has run; the rest of its steps are taken."""
        return () if result == _NOTHING else self._tell(result, period_ns)

    def _tell(self, result: int, period_ns: int) -> Iterator[CryDecision]:
        decider = self._decider
        while result != _NOTHING:
            if result == _TOO_LONG:
                raise ValueError("expected a block of at most 64 frames of the model's columns")
            if result not in (_SAY, _SAY_AND_GO_ON):
                raise ValueError('expected times in nanoseconds, from 1897 to 2043')
            yield decider.tell()
            if result == _SAY:
                return
            result = self._go_on(self._self, decider.told_ns, period_ns)

    def _in_pieces(self, heard_ns: int, values: np.ndarray, period_ns: int
                   ) -> Iterator[CryDecision]:
        for start in range(0, len(values), _ROWS):
            piece = values[start:start + _ROWS]
            yield from self.process(heard_ns + start * self._hop_ns, piece, period_ns)


def make(runtime: Any, decider: Any, level: Optional[int], voicing: Optional[int],
         has_needs: bool, hop_ns: int) -> Optional[CompiledListener]:
    """Return both joined, or None where one of them is Python's."""
    core = compiled.library()
    if core is None or not isinstance(runtime, CompiledRuntime) \
            or not isinstance(decider, CompiledDecider):
        return None
    return CompiledListener(core, runtime, decider, level, voicing, has_needs, hop_ns)


class Hearing:
    """
    A listener and the extractor before it: samples in, decisions out.

    :param listener: whose columns are the extractor's.
    :param lookahead_ns: from the start of a frame to when it is heard.
    """

    def __init__(self, listener: CompiledListener, extractor: StreamingExtractor,
                 lookahead_ns: int) -> None:
        self.listener, self._extractor, self._lookahead_ns = listener, extractor, lookahead_ns
        self._task = _Task(listener=listener.handle, extractor=extractor.compiled_handle)
        self._task_at = ctypes.addressof(self._task)
        self._run = listener.run
        self._note_rows = extractor.note_rows

    def fill(self, start_ns: int, pcm: np.ndarray, period_ns: int) -> _Task:
        """Return a task of int16 samples, which the caller keeps alive."""
        task = self._task
        task.samples = pcm.__array_interface__['data'][0]
        task.n_samples = pcm.size
        task.heard_ns = start_ns + self._lookahead_ns
        task.period_ns = period_ns
        task.told_ns = self.listener.told_ns
        return task

    def process(self, start_ns: int, pcm: np.ndarray, period_ns: int
                ) -> Tuple[int, Iterable[CryDecision]]:
        """
        Take samples; return how many frames they completed, and the decisions.

        :param start_ns: when the first of these frames began.
        """
        task = self.fill(start_ns, pcm, period_ns)
        self._run(self._task_at, 1)
        return self.taken(task, period_ns)

    def taken(self, task: _Task, period_ns: int) -> Tuple[int, Iterable[CryDecision]]:
        """Return what `process` does of a task that was run."""
        count, result = task.n, task.result
        self._note_rows(count)
        return count, self.listener.told(result, period_ns) if result else ()


def make_hearing(listener: Any, extractor: StreamingExtractor) -> Optional[Hearing]:
    """Return a `FrameListener` and its extractor joined, or None where one of them is Python's."""
    joined = listener.compiled
    if joined is None or extractor.compiled_handle is None:
        return None
    return Hearing(joined, extractor, listener.lookahead_ns)


def hear_together(work: Sequence[Tuple[Hearing, int, np.ndarray]], period_ns: int
                  ) -> List[Tuple[int, Iterable[CryDecision]]]:
    """
    Take samples of several streams, each once; the networks that share a model step as one.

    :param work: hearing, when its next frame begins, and samples; see `Hearing.process`.
    :return: of each how many frames they completed, and the decisions.
    """
    tasks = (_Task * len(work))()
    for index, (hearing, start_ns, pcm) in enumerate(work):
        tasks[index] = hearing.fill(start_ns, pcm, period_ns)
    if work:
        work[0][0].listener.run(ctypes.addressof(tasks), len(work))
    return [hearing.taken(task, period_ns) for task, (hearing, _, _) in zip(tasks, work)]
