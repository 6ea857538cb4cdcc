# Copyright 2026 The baby_cry_detector authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""
The detector as an ONNX graph that makes one step; needs the optional package ``onnx``.

`member_model` is one network's step, which the ONNX Runtime backend runs. `checkpoint_model`
is what ``baby-cry export`` writes: raw frames in, probabilities out, normalisation, ensemble and
temperatures included. State goes in and comes out by name: ``X`` becomes ``next.X``.
"""

import json
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from onnx import checker, helper, numpy_helper, TensorProto

from .architecture import Architecture
from .checkpoint import Checkpoint
from .recent_statistics import StatisticsArchitecture
from .runtime import INPUT_LIMIT

OPSET = 17
IR_VERSION = 8

Arrays = Mapping[str, np.ndarray]


class GraphBuilder:
    """Collects nodes and constants; values are named by number."""

    def __init__(self) -> None:
        self._nodes: List[Any] = []
        self._constants: List[Any] = []
        self._inputs: List[Any] = []
        self._outputs: List[Any] = []

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output; return its name."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, n_outputs: int, *inputs: str, **attributes: Any) -> List[str]:
        """Add a node; return the names of its outputs."""
        names = [f'{kind}_{len(self._nodes)}_{n}' for n in range(n_outputs)]
        self._nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        """Add a constant; return its name."""
        name = f'constant_{len(self._constants)}'
        array = np.ascontiguousarray(np.asarray(value, dtype=dtype))
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def input(self, name: str, shape: Sequence[int]) -> str:
        """Declare a float32 input; return its name."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def output(self, name: str, value: str, shape: Sequence[int]) -> None:
        """Declare a float32 output that is ``value``."""
        self._nodes.append(helper.make_node('Identity', [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def linear(self, x: str, weight: np.ndarray, bias: Optional[np.ndarray] = None) -> str:
        """Return x weightᵀ + bias."""
        inputs = [x, self.constant(weight)] + ([] if bias is None else [self.constant(bias)])
        return self.op('Gemm', *inputs, transB=1)

    def model(self, metadata: Optional[Dict[str, str]] = None) -> Any:
        """Return the checked model."""
        graph = helper.make_graph(self._nodes, 'baby_cry_detector', self._inputs, self._outputs,
                                  self._constants)
        model = helper.make_model(graph, producer_name='baby_cry_detector',
                                  opset_imports=[helper.make_opsetid('', OPSET)])
        model.ir_version = IR_VERSION
        helper.set_model_props(model, metadata or {})
        checker.check_model(model)
        return model


def state_shapes(architecture: Architecture) -> Dict[str, Tuple[int, int]]:
    """Return ``{name: shape}`` of the graph's state: h (1, H), memories (L, H) where L > 0."""
    shapes = {}
    for index, units in enumerate(architecture.hidden_sizes):
        shapes[f'layer{index}.h'] = (1, units)
        if architecture.n_memories:
            shapes[f'layer{index}.memories'] = (architecture.n_memories, units)
    return shapes


def member_model(architecture: Architecture, arrays: Arrays) -> Any:
    """Return one network's step: ``x`` (1, step_size) and state in, logits and state out."""
    builder = GraphBuilder()
    x = builder.input('x', (1, architecture.step_size))
    labels, needs = _add_network(builder, architecture, arrays, x, '')
    builder.output('labels', labels, (1, architecture.n_labels))
    if needs is not None:
        builder.output('needs', needs, (1, architecture.n_needs))
    return builder.model()


def checkpoint_model(checkpoint: Checkpoint) -> Any:
    """
    Return the whole detector's step.

    Inputs: ``frames`` (stack_frames, columns of the feature set), and the state, zeros at the
    start: ``memberN.layerK.h`` (1, H) and ``memberN.layerK.memories`` (L, H). Outputs:
    ``cry_probability`` (1,), ``need_probabilities`` (needs,) where the checkpoint has needs,
    and the state after the step, each name with ``next.`` in front. The metadata entry
    ``checkpoint`` is the checkpoint's JSON document.

    :raises ValueError: if members step at different rates.
    """
    if any(isinstance(member.architecture, StatisticsArchitecture)
           for member in checkpoint.members):
        raise ValueError('the export holds recurrent networks only, and this checkpoint has a '
                         'member that reads statistics of recent frames; export one without '
                         '(such as is09), or run this one with the numpy runtime')
    stacks = sorted({member.architecture.stack_frames for member in checkpoint.members})
    if len(stacks) > 1:
        raise ValueError('expected members that step at one rate, got steps of '
                         f'{" and ".join(map(str, stacks))} frames: one graph steps them together')
    builder = GraphBuilder()
    frames = builder.input('frames', (stacks[0], len(checkpoint.feature_columns)))
    labels, needs = [], []
    for index, member in enumerate(checkpoint.members):
        columns = [checkpoint.feature_columns.index(name) for name in member.input_columns]
        x = builder.op('Gather', frames, builder.constant(columns, np.int64), axis=1)
        x = builder.op('Div', builder.op('Sub', x, builder.constant(member.mean)),
                       builder.constant(member.std))
        wrong = builder.op('Or', builder.op('IsNaN', x), builder.op('IsInf', x))
        x = builder.op('Where', wrong, builder.constant(0), x)
        x = builder.op('Clip', x, builder.constant(-INPUT_LIMIT), builder.constant(INPUT_LIMIT))
        x = builder.op('Reshape', x, builder.constant([1, -1], np.int64))
        own_labels, own_needs = _add_network(builder, member.architecture, member.arrays, x,
                                             f'member{index}.')
        labels.append(own_labels)
        needs += [] if own_needs is None else [own_needs]
    shares = _add_softmax(builder, labels, checkpoint.temperature)
    rows = [checkpoint.labels.index(label) for label in checkpoint.cry_labels]
    cries = builder.op('Gather', shares, builder.constant(rows, np.int64))
    builder.output('cry_probability', builder.op('ReduceSum', cries, keepdims=1), (1,))
    if needs:
        builder.output('need_probabilities',
                       _add_softmax(builder, needs, checkpoint.need_temperature),
                       (len(checkpoint.needs),))
    document = json.dumps(checkpoint.to_document(), sort_keys=True)
    return builder.model({'checkpoint': document})


def _add_softmax(b: GraphBuilder, logits: List[str], temperature: float) -> str:
    """Return softmax(mean of logits / temperature) as a vector."""
    mean = b.op('Div', b.op('Sum', *logits), b.constant(len(logits) * temperature))
    return b.op('Reshape', b.op('Softmax', mean, axis=1), b.constant([-1], np.int64))


def _add_network(b: GraphBuilder, a: Architecture, arrays: Arrays, x: str,
                 prefix: str) -> Tuple[str, Optional[str]]:
    """Add a network with its state; return label and need logits (1, ·)."""
    for index, units in enumerate(a.hidden_sizes):
        name = f'{prefix}layer{index}'
        own = {key: arrays[f'layers.{index}.{key}'] for key in a.layer_shapes(index)}
        h = b.input(f'{name}.h', (1, units))
        memories = b.input(f'{name}.memories', (a.n_memories, units)) if a.n_memories else None
        if a.cell == 'attention':
            x, memories = _attention(b, a, own, x, h, memories)
        elif a.cell == 'gru':
            x = _gru(b, own, x, h)
        else:
            x, memories = _lstm(b, own, x, h, memories)
        b.output(f'next.{name}.h', x, (1, units))
        if memories is not None:
            b.output(f'next.{name}.memories', memories, (a.n_memories, units))
    for index in range(len(a.dense_sizes)):
        x = b.op('Tanh', _head(b, arrays, f'dense.{index}', x))
    needs = _head(b, arrays, 'need_head', x) if a.n_needs else None
    return _head(b, arrays, 'label_head', x), needs


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
