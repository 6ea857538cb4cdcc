# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a cell is to everything around it, and the functions that equations are written with.

A step is written once, for arrays of NumPy and tensors of torch alike: ``xp`` is the module
(``numpy`` or ``torch``) whose functions it calls.
"""

from typing import Any, Dict, List, Mapping, Optional, Protocol, Tuple

Shapes = Dict[str, Tuple[int, ...]]
Array = Any         # np.ndarray or torch.Tensor


class Settings(Protocol):
    """What of an architecture a cell reads; see `architecture.Architecture`."""

    @property
    def depth(self) -> int:
        """As the architecture's."""

    @property
    def depth_strategy(self) -> str:
        """As the architecture's."""

    @property
    def gate_activation(self) -> str:
        """As the architecture's."""

    @property
    def gate_bias(self) -> bool:
        """As the architecture's."""

    @property
    def bias(self) -> bool:
        """As the architecture's."""


class Cell(Protocol):
    """A kind of recurrent layer; it holds neither weights nor state."""

    name: str
    #: Whether ``depth`` may be above 1.
    has_depth: bool

    def shapes(self, inputs: int, units: int, settings: Settings) -> Shapes:
        """Return ``{name: shape}`` of one layer's weights, in the order of the network."""

    def n_memories(self, settings: Settings) -> int:
        """Return how many cell states a layer carries beside h."""

    def step(self, weights: Mapping[str, Array], x: Array, h: Array, memories: List[Array],
             settings: Settings, xp: Any) -> Tuple[Array, List[Array]]:
        """
        Return h_t and the memories after one step.

        :param weights: as in `shapes`; what has no bias lacks it.
        :param x: (..., I). :param h: h_{t-1} (..., H).
        :param memories: C_{t-1} … C_{t-L}, each (..., H), newest first.
        :param xp: ``numpy`` or ``torch``.
        """


def linear(x: Array, weight: Array, bias: Optional[Array] = None) -> Array:
    """Return W x + b of the last axis: (..., I) → (..., O)."""
    y = x @ weight.T
    return y if bias is None else y + bias


def sigmoid(x: Array, xp: Any) -> Array:
    """Return σ(x) = (1 + tanh(x / 2)) / 2, which overflows nowhere."""
    return 0.5 * xp.tanh(0.5 * x) + 0.5


def parts(z: Array, n: int) -> List[Array]:
    """Return the n equal parts of the last axis."""
    size = z.shape[-1] // n
    return [z[..., k * size:(k + 1) * size] for k in range(n)]
