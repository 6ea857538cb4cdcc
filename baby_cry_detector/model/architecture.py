# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a network is, as data: sizes, cell, depth, heads; the name and shape of every weight.

Every network (`numpy_network.py`, `research/model/network.py`), the checkpoint and the export
build on the same table of shapes, so a weight has one name and one shape everywhere. What belongs
to one kind of cell is in its file in `cells/`.
"""

from dataclasses import asdict, dataclass, replace
from math import nextafter, prod
from typing import Any, Dict, List, Mapping, Tuple

from baby_cry_detector.fields import Field, ParameterError, setting, Settings
from baby_cry_detector.model.cells import CELLS, Shapes
from baby_cry_detector.model.cells.attention_gate import DEPTH_STRATEGIES, GATE_ACTIVATIONS

MAX_SIZE = 16384
MAX_DEPTH = 16
MAX_LAYERS = 16
MAX_STACK_FRAMES = 32


class ArchitectureError(ParameterError):
    """An architecture that can't be built; the message names what was expected."""


def sizes(default: Tuple[int, ...], description: str, fewest: int) -> Tuple[int, ...]:
    """Declare the units of the layers of one kind, first layer first."""
    return setting(default, description, minimum=fewest, maximum=MAX_LAYERS,
                   items=Field('', 1, minimum=1, maximum=MAX_SIZE))


@dataclass(frozen=True)
class Architecture(Settings):
    """
    One recurrent network: stack of equal cells, dense layers, one or two linear heads.

    :raises ArchitectureError: if a value is of the wrong type, range or choice.
    """

    error = ArchitectureError
    input_size: int = setting(0, 'Values per frame.', minimum=1, maximum=MAX_SIZE, required=True)
    hidden_sizes: Tuple[int, ...] = sizes((64,), 'Units of each recurrent layer.', 1)
    cell: str = setting('attention', "Attention is the paper's attention-gate LSTM.",
                        choices=tuple(CELLS))
    depth: int = setting(
        1, 'Memories {C_{t-1} … C_{t-depth}} the attention gate attends over; 1 for the other '
        'cells.', minimum=1, maximum=MAX_DEPTH)
    depth_strategy: str = setting(
        'cascade', 'How those memories are mixed: our reading, since the paper prints no formula; '
        'all are equal to eq. (11) at depth 1.', choices=DEPTH_STRATEGIES)
    gate_activation: str = setting(
        'sigmoid', 'act of eq. (10), range [0, 1]: hard_sigmoid is clip(x / 6 + 1/2, 0, 1), '
        "softmax runs over the layer's units. The softmax depth strategy has its own activation "
        'and takes sigmoid only.', choices=GATE_ACTIVATIONS)
    gate_bias: bool = setting(
        True, 'Add a bias inside act of eq. (10). The paper has none; attention only.')
    stack_frames: int = setting(
        1, 'Frames laid side by side into one step of the cell (the paper: 1).', minimum=1,
        maximum=MAX_STACK_FRAMES)
    bias: bool = setting(True, 'Biases in cells, dense layers and heads.')
    dense_sizes: Tuple[int, ...] = sizes(
        (), 'Units of the tanh layers between the last cell and the heads.', 0)
    dropout: float = setting(
        0.0, 'Probability between layers while training, below 1.', minimum=0.0,
        maximum=nextafter(1.0, 0.0))
    n_labels: int = setting(
        2, 'Outputs of the main head (2: not_cry, cry).', minimum=1, maximum=MAX_SIZE)
    n_needs: int = setting(
        0, 'Outputs of the second head over needs; 0 means no such head.', minimum=0,
        maximum=MAX_SIZE)

    def __post_init__(self) -> None:
        """Check every field and what depends on several."""
        super().__post_init__()
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
        return cls.of_document(document)

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
