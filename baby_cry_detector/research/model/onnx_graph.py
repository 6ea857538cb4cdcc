# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The detector as an ONNX graph; needs the optional package ``onnx``.

`member_model` is one network's step, which the ONNX Runtime backend runs. `checkpoint_model`
is what ``baby-cry export`` writes: raw frames in, probabilities out, normalisation, ensemble and
temperatures included. State goes in and comes out by name: ``X`` becomes ``next.X``.
"""

import json
import math
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from onnx import TensorProto

from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.model.checkpoint import Checkpoint, Member
from baby_cry_detector.research.model.onnx_builder import GraphBuilder
from baby_cry_detector.model.recent_statistics import (
    QUANTILES, SMALLEST_STD, STATISTIC_LIMIT, StatisticsArchitecture)
from baby_cry_detector.model.runtime import INPUT_LIMIT

# A graph holds every step of every member until all of them step at once.
MAX_FRAMES = 64

Arrays = Mapping[str, np.ndarray]
# Names of values in the graph, by the names that the state has outside.
State = Dict[str, str]


def state_shapes(architecture: Union[Architecture, StatisticsArchitecture]
                 ) -> Dict[str, Tuple[int, ...]]:
    """
    Return ``{name: shape}`` of a member's state.

    Of a network h (1, H) and memories (L, H) where L > 0; of a member that reads statistics
    its window (W, F) and how many frames of it count, (1,).
    """
    if isinstance(architecture, StatisticsArchitecture):
        return {'window': (architecture.window_frames, architecture.input_size),
                'window_count': (1,)}
    shapes: Dict[str, Tuple[int, ...]] = {}
    for index, units in enumerate(architecture.hidden_sizes):
        shapes[f'layer{index}.h'] = (1, units)
        if architecture.n_memories:
            shapes[f'layer{index}.memories'] = (architecture.n_memories, units)
    return shapes


def member_model(architecture: Architecture, arrays: Arrays) -> Any:
    """Return one network's step: ``x`` (1, step_size) and state in, logits and state out."""
    builder = GraphBuilder()
    x = builder.input('x', (1, architecture.step_size))
    shapes = state_shapes(architecture)
    state = {name: builder.input(name, shape) for name, shape in shapes.items()}
    labels, needs, state = _add_network(builder, architecture, arrays, x, state)
    for name, shape in shapes.items():
        builder.output(f'next.{name}', state[name], shape)
    builder.output('labels', labels, (1, architecture.n_labels))
    if needs is not None:
        builder.output('needs', needs, (1, architecture.n_needs))
    return builder.model()


def checkpoint_model(checkpoint: Checkpoint) -> Any:
    """
    Return the whole detector, for as many frames as it takes until all members have stepped.

    Inputs: ``frames`` (n, columns of the feature set), n the least common multiple of the
    members' steps, and the state, zeros at the start: ``memberN.layerK.h`` (1, H) and
    ``memberN.layerK.memories`` (L, H) of networks, ``memberN.window`` (W, F) and
    ``memberN.window_count`` (1,) of members that read statistics, and where a member steps less
    often than another its last answer, ``memberN.labels`` (1, labels), ``memberN.needs`` and
    ``memberN.answered`` (1,). Outputs: ``cry_probability`` (answers,), an answer whenever any
    member has stepped; ``need_probabilities`` (answers, needs) where the checkpoint has needs;
    and the state afterwards, each name with ``next.`` in front. Of the metadata,
    ``answer_frames`` says after how many of the frames each answer holds, as a JSON list, and
    ``checkpoint`` is the checkpoint's JSON document.

    :raises ValueError: if all members step together only every `MAX_FRAMES` frames or later.
    """
    stacks = sorted({member.architecture.stack_frames for member in checkpoint.members})
    n_frames = math.lcm(*stacks)
    if n_frames > MAX_FRAMES:
        raise ValueError(f'steps of {" and ".join(map(str, stacks))} frames fall together every '
                         f'{n_frames} frames only; one graph holds up to {MAX_FRAMES}')
    builder = GraphBuilder()
    frames = builder.input('frames', (n_frames, len(checkpoint.feature_columns)))
    members = [_ExportedMember(builder, checkpoint, index, frames, n_frames, stacks[0])
               for index in range(len(checkpoint.members))]
    answer_frames = [end for end in range(1, n_frames + 1)
                     if any(end % stack == 0 for stack in stacks)]
    rows = builder.constant([checkpoint.labels.index(label) for label in checkpoint.cry_labels],
                            np.int64)
    cries, needs = [], []
    for end in answer_frames:
        for member in members:
            if end % member.stack == 0:
                member.step(end)
        known = [member.answered for member in members if member.answered]
        shares = _add_softmax(builder, [member.labels for member in members],
                              checkpoint.temperature)
        cry = builder.op('ReduceSum', builder.op('Gather', shares, rows, axis=1),
                         builder.constant([1], np.int64), keepdims=0)
        cries.append(_product(builder, cry, known))
        if checkpoint.needs:
            shares = _add_softmax(builder, [member.needs for member in members if member.needs],
                                  checkpoint.need_temperature)
            needs.append(_product(builder, shares, known))
    n_answers = len(answer_frames)
    builder.output('cry_probability', builder.op('Concat', *cries, axis=0), (n_answers,))
    if needs:
        builder.output('need_probabilities', builder.op('Concat', *needs, axis=0),
                       (n_answers, len(checkpoint.needs)))
    for member in members:
        member.put_out()
    return builder.model({'checkpoint': json.dumps(checkpoint.to_document(), sort_keys=True),
                          'answer_frames': json.dumps(answer_frames)})


class _ExportedMember:
    """A member in the graph: its normalised frames, its state and its newest answer."""

    def __init__(self, b: GraphBuilder, checkpoint: Checkpoint, index: int, frames: str,
                 n_frames: int, shortest: int) -> None:
        self._b, self._member = b, checkpoint.members[index]
        architecture = self._member.architecture
        self.stack = architecture.stack_frames
        columns = [checkpoint.feature_columns.index(name) for name in self._member.input_columns]
        self._x = _normalised(b, self._member, b.op('Gather', frames, b.constant(
            columns, np.int64), axis=1))
        self._prefix = f'member{index}.'
        self._shapes = state_shapes(architecture)
        self._held = self.stack > shortest
        if self._held:                          # others answer before its first step
            self._shapes.update({'labels': (1, architecture.n_labels), 'answered': (1,)})
            if architecture.n_needs:
                self._shapes['needs'] = (1, architecture.n_needs)
        self._state = {name: b.input(self._prefix + name, shape)
                       for name, shape in self._shapes.items()}
        self.labels = self._state.get('labels', '')
        self.needs = self._state.get('needs', '')
        #: 0 before its first answer, else 1; '' where it has always answered.
        self.answered = self._state.get('answered', '')

    def step(self, end: int) -> None:
        """Step with the frames before ``end``."""
        b, architecture, arrays = self._b, self._member.architecture, self._member.arrays
        x = _slice(b, self._x, end - self.stack, end)
        if isinstance(architecture, StatisticsArchitecture):
            self.labels, self._state = _add_statistics(b, architecture, arrays, x, self._state)
        else:
            x = b.op('Reshape', x, b.constant([1, -1], np.int64))
            self.labels, needs, self._state = _add_network(b, architecture, arrays, x,
                                                           self._state)
            self.needs = needs or ''
        self.answered = ''

    def put_out(self) -> None:
        """Declare the state as outputs."""
        if self._held:
            self._state.update(labels=self.labels, answered=self._b.constant([1.0]))
            if self.needs:
                self._state['needs'] = self.needs
        for name, shape in self._shapes.items():
            self._b.output(f'next.{self._prefix}{name}', self._state[name], shape)


def _normalised(b: GraphBuilder, member: Member, x: str) -> str:
    x = b.op('Div', b.op('Sub', x, b.constant(member.mean)), b.constant(member.std))
    wrong = b.op('Or', b.op('IsNaN', x), b.op('IsInf', x))
    return b.op('Clip', b.op('Where', wrong, b.constant(0), x), b.constant(-INPUT_LIMIT),
                b.constant(INPUT_LIMIT))


def _slice(b: GraphBuilder, x: str, start: int, end: int) -> str:
    return b.op('Slice', x, b.constant([start], np.int64), b.constant([end], np.int64),
                b.constant([0], np.int64))


def _product(b: GraphBuilder, x: str, factors: Sequence[str]) -> str:
    for factor in factors:
        x = b.op('Mul', x, factor)
    return x


def _add_statistics(b: GraphBuilder, a: StatisticsArchitecture, arrays: Arrays, x: str,
                    state: State) -> Tuple[str, State]:
    """Return label logits (1, ·) and the state; the statistics of `window_statistics`."""
    period, length = a.period_frames, a.window_frames
    axis = b.constant([0], np.int64)
    window = b.op('Concat', _slice(b, state['window'], period, length), x, axis=0)
    count = b.op('Min', b.op('Add', state['window_count'], b.constant([period])),
                 b.constant([length]))
    n = b.op('Cast', count, to=TensorProto.INT64)
    end = b.constant([length], np.int64)
    frames = b.op('Slice', window, b.op('Sub', end, n), end, axis)

    def mean(values: str) -> str:
        return b.op('ReduceMean', values, axes=[0], keepdims=1)

    centre = mean(frames)
    deviation = b.op('Sub', frames, centre)
    ordered = b.ops('TopK', 2, frames, n, axis=0, largest=0, sorted=1)[0]
    places = [[int(round(share * (size - 1))) for share in QUANTILES]
              for size in range(period, length + 1, period)]
    place = b.op('Gather', b.constant(places, np.int64), b.op('Sub', b.op(
        'Div', n, b.constant([period], np.int64)), b.constant([1], np.int64)), axis=0)
    quantiles = b.op('Gather', ordered, b.op('Reshape', place, b.constant([-1], np.int64)), axis=0)
    # Sums over n - 1 changes: none where the window holds a single frame.
    n_changes = b.op('Max', b.op('Sub', count, b.constant([1.0])), b.constant([1.0]))
    last = b.op('Sub', n, b.constant([1], np.int64))
    change = b.op('Sub', b.op('Slice', frames, b.constant([1], np.int64), n, axis),
                  b.op('Slice', frames, axis, last, axis))

    def mean_change(values: str) -> str:
        return b.op('Div', b.op('ReduceSum', values, axis, keepdims=1), n_changes)

    around = b.op('Sub', change, mean_change(change))
    values = b.op('Concat', centre, b.op('Sqrt', mean(b.op('Mul', deviation, deviation))),
                  quantiles, b.op('Sqrt', mean_change(b.op('Mul', around, around))),
                  mean_change(b.op('Abs', change)), axis=0)
    values = b.op('Reshape', values, b.constant([1, -1], np.int64))
    values = b.op('Div', b.op('Sub', values, b.constant(arrays['statistics.mean'])),
                  b.constant(np.maximum(arrays['statistics.std'], SMALLEST_STD)))
    values = b.op('Clip', values, b.constant(-STATISTIC_LIMIT), b.constant(STATISTIC_LIMIT))
    for layer in range(len(a.hidden_sizes)):
        values = b.op('Relu', _head(b, arrays, f'dense.{layer}', values))
    return _head(b, arrays, 'label_head', values), {'window': window, 'window_count': count}


def _add_softmax(b: GraphBuilder, logits: List[str], temperature: float) -> str:
    """Return softmax(mean of logits / temperature), (1, ·)."""
    mean = b.op('Div', b.op('Sum', *logits), b.constant(len(logits) * temperature))
    return b.op('Softmax', mean, axis=1)


def _add_network(b: GraphBuilder, a: Architecture, arrays: Arrays, x: str, state: State
                 ) -> Tuple[str, Optional[str], State]:
    """Return label and need logits (1, ·) after one step, and the state."""
    after = {}
    for index in range(len(a.hidden_sizes)):
        name = f'layer{index}'
        own = {key: arrays[f'layers.{index}.{key}'] for key in a.layer_shapes(index)}
        h, memories = state[f'{name}.h'], state.get(f'{name}.memories')
        if a.cell == 'attention':
            x, memories = _attention(b, a, own, x, h, memories)
        elif a.cell == 'gru':
            x = _gru(b, own, x, h)
        else:
            x, memories = _lstm(b, own, x, h, memories)
        after[f'{name}.h'] = x
        if memories is not None:
            after[f'{name}.memories'] = memories
    for index in range(len(a.dense_sizes)):
        x = b.op('Tanh', _head(b, arrays, f'dense.{index}', x))
    needs = _head(b, arrays, 'need_head', x) if a.n_needs else None
    return _head(b, arrays, 'label_head', x), needs, after


def _head(b: GraphBuilder, arrays: Arrays, name: str, x: str) -> str:
    return b.linear(x, arrays[f'{name}.weight'], arrays.get(f'{name}.bias'))


def _attention(b: GraphBuilder, a: Architecture, own: Arrays, x: str, h: str,
               memories: str) -> Tuple[str, str]:
    """Return h_t and the memories after the step; equations as in `network.py`."""
    hidden = b.op('Tanh', b.linear(memories, own['gate_w']))
    scores = b.linear(hidden, own['gate_v'], own.get('gate_bias'))              # (L, H)
    z = b.op('Add', b.linear(x, own['weight_ih_l0'], own.get('bias_ih_l0')),
             b.linear(h, own['weight_hh_l0']))
    z_c, z_o = b.ops('Split', 2, z, axis=1)
    candidate = b.op('Tanh', z_c)
    rows = _rows(b, memories, a.depth)
    if a.depth_strategy == 'softmax':
        scores = b.op('Concat', scores, b.op('Sub', candidate, candidate), axis=0)
        values = b.op('Concat', memories, candidate, axis=0)
        weighted = b.op('Mul', b.op('Softmax', scores, axis=0), values)
        cell = b.op('ReduceSum', weighted, b.constant([0], np.int64), keepdims=1)
    else:
        gates, one = _activation(b, a.gate_activation, scores), b.constant(1)
        if a.depth_strategy == 'mean':
            kept = b.op('ReduceMean', b.op('Mul', gates, memories), axes=[0], keepdims=1)
            rest = b.op('Sub', one, b.op('ReduceMean', gates, axes=[0], keepdims=1))
            cell = b.op('Add', kept, b.op('Mul', rest, candidate))
        else:
            cell = candidate
            for gate, row in reversed(list(zip(_rows(b, gates, a.depth), rows))):
                cell = b.op('Add', b.op('Mul', gate, row),
                            b.op('Mul', b.op('Sub', one, gate), cell))
    h = b.op('Mul', b.op('Sigmoid', z_o), b.op('Tanh', cell))
    return h, b.op('Concat', cell, *rows[:-1], axis=0)


def _activation(b: GraphBuilder, name: str, scores: str) -> str:
    if name == 'sigmoid':
        return b.op('Sigmoid', scores)
    if name == 'hard_sigmoid':
        return b.op('HardSigmoid', scores, alpha=1 / 6, beta=0.5)
    return b.op('Softmax', scores, axis=1)


def _rows(b: GraphBuilder, matrix: str, n: int) -> List[str]:
    return [matrix] if n == 1 else b.ops('Split', n, matrix, b.constant([1] * n, np.int64), axis=0)


def _lstm(b: GraphBuilder, own: Arrays, x: str, h: str, cell: str) -> Tuple[str, str]:
    z = b.op('Add', b.linear(x, own['weight_ih_l0'], own.get('bias_ih_l0')),
             b.linear(h, own['weight_hh_l0'], own.get('bias_hh_l0')))
    z_i, z_f, z_g, z_o = b.ops('Split', 4, z, axis=1)
    see = [b.constant(row[None]) for row in own['peephole']] if 'peephole' in own else None
    if see:
        z_i = b.op('Add', z_i, b.op('Mul', see[0], cell))
        z_f = b.op('Add', z_f, b.op('Mul', see[1], cell))
    cell = b.op('Add', b.op('Mul', b.op('Sigmoid', z_f), cell),
                b.op('Mul', b.op('Sigmoid', z_i), b.op('Tanh', z_g)))
    if see:
        z_o = b.op('Add', z_o, b.op('Mul', see[2], cell))
    return b.op('Mul', b.op('Sigmoid', z_o), b.op('Tanh', cell)), cell


def _gru(b: GraphBuilder, own: Arrays, x: str, h: str) -> str:
    x_r, x_z, x_n = b.ops('Split', 3, b.linear(x, own['weight_ih_l0'], own.get('bias_ih_l0')),
                          axis=1)
    h_r, h_z, h_n = b.ops('Split', 3, b.linear(h, own['weight_hh_l0'], own.get('bias_hh_l0')),
                          axis=1)
    reset = b.op('Sigmoid', b.op('Add', x_r, h_r))
    update = b.op('Sigmoid', b.op('Add', x_z, h_z))
    new = b.op('Tanh', b.op('Add', x_n, b.op('Mul', reset, h_n)))
    return b.op('Add', new, b.op('Mul', update, b.op('Sub', h, new)))
