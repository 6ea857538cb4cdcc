# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
GRU as torch defines it, with two biases.

::

    r_t = σ(W_r x_t + b_r + U_r h_{t-1} + d_r)
    z_t = σ(W_z x_t + b_z + U_z h_{t-1} + d_z)
    n_t = tanh(W_n x_t + b_n + r_t ⊙ (U_n h_{t-1} + d_n))
    h_t = (1 - z_t) ⊙ n_t + z_t ⊙ h_{t-1}
"""

from typing import Any, List, Mapping, Tuple

from baby_cry_detector.model.cells.cell import Array, linear, parts, Settings, Shapes, sigmoid


class Gru:
    """See the module; weight rows r, z, n. It carries nothing beside h."""

    name = 'gru'
    has_depth = False

    def shapes(self, inputs: int, units: int, settings: Settings) -> Shapes:
        """Return ``{name: shape}`` of one layer's weights."""
        shapes: Shapes = {'weight_ih_l0': (3 * units, inputs), 'weight_hh_l0': (3 * units, units)}
        if settings.bias:
            shapes['bias_ih_l0'] = shapes['bias_hh_l0'] = (3 * units,)
        return shapes

    def n_memories(self, settings: Settings) -> int:
        """Return 0."""
        return 0

    def step(self, weights: Mapping[str, Array], x: Array, h: Array, memories: List[Array],
             settings: Settings, xp: Any) -> Tuple[Array, List[Array]]:
        """Return h_t and no memories; see `cell.Cell.step`."""
        x_r, x_z, x_n = parts(linear(x, weights['weight_ih_l0'], weights.get('bias_ih_l0')), 3)
        h_r, h_z, h_n = parts(linear(h, weights['weight_hh_l0'], weights.get('bias_hh_l0')), 3)
        r, z = sigmoid(x_r + h_r, xp), sigmoid(x_z + h_z, xp)
        n = xp.tanh(x_n + r * h_n)
        return (1 - z) * n + z * h, []
