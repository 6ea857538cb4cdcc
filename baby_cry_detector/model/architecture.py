# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a network is, as data: sizes, cell, depth, heads; the name and shape of every weight.

Every network (`numpy_network.py`, `research/model/network.py`), the checkpoint and the export
build on the same table of shapes, so a weight has one name and one shape everywhere. What belongs
to one kind of cell is in its file in `cells/`.
"""

from dataclasses import asdict, dataclass, fields, replace
from math import prod
from typing import Any, Dict, List, Mapping, Tuple

from baby_cry_detector.model.cells import CELLS, Shapes
from baby_cry_detector.model.cells.attention_gate import DEPTH_STRATEGIES, GATE_ACTIVATIONS

MAX_SIZE = 16384
MAX_DEPTH = 16
MAX_LAYERS = 16
MAX_STACK_FRAMES = 32


class ArchitectureError(ValueError):
    """An architecture that can't be built; the message names what was expected."""


@dataclass(frozen=True)
class Architecture:
    """
    One recurrent network: stack of equal cells, dense layers, one or two linear heads.

    :param input_size: values per frame, 1 to 16384.
    :param hidden_sizes: units of each recurrent layer, first layer first.
    :param cell: one of `CELLS`; ``attention`` is the paper's attention-gate LSTM.
    :param depth: memories {C_{t-1} … C_{t-depth}} the attention gate attends over, 1 to 16;
        1 for the other cells.
    :param depth_strategy: how those memories are mixed, one of `DEPTH_STRATEGIES`: our
        reading, since the paper prints no formula; all are equal to eq. (11) at depth 1.
    :param gate_activation: act of eq. (10), one of `GATE_ACTIVATIONS`, range [0, 1]:
        ``hard_sigmoid`` is clip(x / 6 + 1/2, 0, 1), ``softmax`` runs over the layer's units.
        The ``softmax`` depth strategy has its own activation and takes ``sigmoid`` only.
    :param gate_bias: add a bias inside act of eq. (10). The paper has none; attention only.
    :param stack_frames: frames laid side by side into one step of the cell (the paper: 1).
    :param bias: biases in cells, dense layers and heads.
    :param dense_sizes: units of the tanh layers between the last cell and the heads.
    :param dropout: probability between layers while training, 0 to below 1.
    :param n_labels: outputs of the main head (2: not_cry, cry).
    :param n_needs: outputs of the second head over needs; 0 means no such head.
    :raises ArchitectureError: if a value is of the wrong type, range or choice.
    """

    input_size: int
    hidden_sizes: Tuple[int, ...] = (64,)
    cell: str = 'attention'
    depth: int = 1
    depth_strategy: str = 'cascade'
    gate_activation: str = 'sigmoid'
    gate_bias: bool = True
    stack_frames: int = 1
    bias: bool = True
    dense_sizes: Tuple[int, ...] = ()
    dropout: float = 0.0
    n_labels: int = 2
    n_needs: int = 0

    def __post_init__(self) -> None:
        """Check every field and normalise lists to tuples."""
        for name in ('hidden_sizes', 'dense_sizes'):
            value = getattr(self, name)
            if not isinstance(value, (tuple, list)):
                raise ArchitectureError(f'{name}: expected a list of sizes, got {value!r}')
            object.__setattr__(self, name, tuple(value))
            if len(value) > MAX_LAYERS:
                raise ArchitectureError(f'{name}: at most {MAX_LAYERS} layers, got {len(value)}')
            for size in value:
                _check_integer(name, size, 1, MAX_SIZE)
        if not self.hidden_sizes:
            raise ArchitectureError('hidden_sizes: expected at least one layer')
        _check_integer('input_size', self.input_size, 1, MAX_SIZE)
        _check_integer('depth', self.depth, 1, MAX_DEPTH)
        _check_integer('stack_frames', self.stack_frames, 1, MAX_STACK_FRAMES)
        _check_integer('n_labels', self.n_labels, 1, MAX_SIZE)
        _check_integer('n_needs', self.n_needs, 0, MAX_SIZE)
        _check_choice('cell', self.cell, tuple(CELLS))
        _check_choice('depth_strategy', self.depth_strategy, DEPTH_STRATEGIES)
        _check_choice('gate_activation', self.gate_activation, GATE_ACTIVATIONS)
        for name in ('gate_bias', 'bias'):
            if not isinstance(getattr(self, name), bool):
                raise ArchitectureError(f'{name}: expected true or false, '
                                        f'got {getattr(self, name)!r}')
        if isinstance(self.dropout, bool) or not isinstance(self.dropout, (int, float)) \
                or not 0.0 <= self.dropout < 1.0:
            raise ArchitectureError(f'dropout: expected 0 to below 1, got {self.dropout!r}')
        if not CELLS[self.cell].has_depth and self.depth != 1:
            raise ArchitectureError(f'depth: cell {self.cell} has depth 1 only, got {self.depth}')
        if self.depth_strategy == 'softmax' and self.gate_activation != 'sigmoid':
            raise ArchitectureError('gate_activation: the softmax depth strategy takes '
                                    f'sigmoid only, got {self.gate_activation}')

    @classmethod
    def paper(cls, input_size: int, n_labels: int, cell: str = 'attention',
              depth: int = 1, **changes: Any) -> 'Architecture':
        """
        Return the paper's network (Table 1): cells [512, 256], dense 128, no gate bias.

        :param changes: other fields, such as ``depth_strategy``.
        """
        settings = {'hidden_sizes': (512, 256), 'dense_sizes': (128,), 'gate_bias': False,
                    'stack_frames': 1, 'input_size': input_size, 'n_labels': n_labels,
                    'cell': cell, 'depth': depth}
        return cls(**{**settings, **changes})

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> 'Architecture':
        """
        Return the architecture of a JSON document made by `to_dict`.

        :raises ArchitectureError: on a missing, unknown or wrong entry.
        """
        if not isinstance(document, Mapping):
            raise ArchitectureError('expected a JSON object that describes the architecture')
        names = [field.name for field in fields(cls)]
        unknown = sorted(set(map(str, document)) - set(names))
        if unknown:
            raise ArchitectureError(f'unknown entry {unknown[0]!r}; known: {", ".join(names)}')
        if 'input_size' not in document:
            raise ArchitectureError('input_size is missing')
        return cls(**document)

    def to_dict(self) -> Dict[str, Any]:
        """Return a JSON document of all fields, tuples as lists."""
        document = asdict(self)
        for name in ('hidden_sizes', 'dense_sizes'):
            document[name] = list(document[name])
        return document

    def with_changes(self, **changes: Any) -> 'Architecture':
        """Return a copy with other values in the named fields."""
        return replace(self, **changes)

    @property
    def step_size(self) -> int:
        """Values that enter the first cell at a step: ``input_size * stack_frames``."""
        return self.input_size * self.stack_frames

    @property
    def n_memories(self) -> int:
        """Cell states each layer carries: depth for attention, 1 for LSTM, 0 for GRU."""
        return CELLS[self.cell].n_memories(self)

    def layer_input_sizes(self) -> Tuple[int, ...]:
        """Return the input size of each recurrent layer."""
        return (self.step_size,) + self.hidden_sizes[:-1]

    def layer_shapes(self, layer: int) -> Shapes:
        """Return ``{name: shape}`` of one recurrent layer's weights, without its prefix."""
        inputs, units = self.layer_input_sizes()[layer], self.hidden_sizes[layer]
        return CELLS[self.cell].shapes(inputs, units, self)

    def shapes(self) -> Shapes:
        """Return ``{name: shape}`` of every weight, in the order of the network."""
        shapes: Shapes = {}
        for layer in range(len(self.hidden_sizes)):
            for name, shape in self.layer_shapes(layer).items():
                shapes[f'layers.{layer}.{name}'] = shape
        size = self.hidden_sizes[-1]
        heads: List[Tuple[str, int]] = []
        for layer, units in enumerate(self.dense_sizes):
            heads.append((f'dense.{layer}', units))
        heads.append(('label_head', self.n_labels))
        if self.n_needs:
            heads.append(('need_head', self.n_needs))
        for name, units in heads:
            shapes[f'{name}.weight'] = (units, size)
            if self.bias:
                shapes[f'{name}.bias'] = (units,)
            if name.startswith('dense.'):
                size = units
        return shapes

    def count_parameters(self, biases: bool = True) -> int:
        """Return how many numbers are trained, with or without all biases."""
        return count(self.shapes(), biases)


def count(shapes: Shapes, biases: bool = True) -> int:
    """Return the number of values in ``shapes``, with or without those named as biases."""
    return sum(prod(shape) for name, shape in shapes.items() if biases or 'bias' not in name)


def _check_integer(name: str, value: Any, minimum: int, maximum: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
        raise ArchitectureError(f'{name}: expected an integer from {minimum} to {maximum}, '
                                f'got {value!r}')


def _check_choice(name: str, value: Any, choices: Tuple[str, ...]) -> None:
    if value not in choices:
        raise ArchitectureError(f'{name}: expected one of {", ".join(choices)}, got {value!r}')
