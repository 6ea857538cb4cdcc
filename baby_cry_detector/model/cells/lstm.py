# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
LSTM, with and without peepholes (then the paper's 787,200 weights at 512 → 256).

::

    (2)   i_t = σ(W_i [h_{t-1}, x_t] + b_i [+ p_i ⊙ C_{t-1}])
    (1)   f_t = σ(W_f [h_{t-1}, x_t] + b_f [+ p_f ⊙ C_{t-1}])
    (3)   g_t = tanh(W_g [h_{t-1}, x_t] + b_g)
    (4)   C_t = f_t ⊙ C_{t-1} + i_t ⊙ g_t
    (5)   o_t = σ(W_o [h_{t-1}, x_t] + b_o [+ p_o ⊙ C_t])
    (6)   h_t = o_t ⊙ tanh(C_t)
"""

from typing import Any, List, Mapping, Tuple

from baby_cry_detector.model.cells.cell import Array, linear, parts, Settings, Shapes, sigmoid


class Lstm:
    """See the module; weight rows i, f, g, o and two biases, as torch orders them."""

    name = 'lstm'
    has_depth = False

    def shapes(self, inputs: int, units: int, settings: Settings) -> Shapes:
        """Return ``{name: shape}`` of one layer's weights."""
        shapes: Shapes = {'weight_ih_l0': (4 * units, inputs), 'weight_hh_l0': (4 * units, units)}
        if settings.bias:
            shapes['bias_ih_l0'] = shapes['bias_hh_l0'] = (4 * units,)
        return shapes

    def n_memories(self, settings: Settings) -> int:
        """Return 1: the cell."""
        return 1

    def step(self, weights: Mapping[str, Array], x: Array, h: Array, memories: List[Array],
             settings: Settings, xp: Any) -> Tuple[Array, List[Array]]:
        """Return h_t and C_t; see `cell.Cell.step`."""
        c = memories[0]
        see_i, see_f, see_o = self._peephole(weights)
        z_i, z_f, z_g, z_o = parts(
            linear(x, weights['weight_ih_l0'], weights.get('bias_ih_l0'))
            + linear(h, weights['weight_hh_l0'], weights.get('bias_hh_l0')), 4)
        i = sigmoid(z_i + see_i * c, xp)                # (2)
        f = sigmoid(z_f + see_f * c, xp)                # (1)
        c = f * c + i * xp.tanh(z_g)                    # (3), (4)
        o = sigmoid(z_o + see_o * c, xp)                # (5)
        return o * xp.tanh(c), [c]                      # (6)

    def _peephole(self, weights: Mapping[str, Array]) -> Any:
        return 0, 0, 0


class PeepholeLstm(Lstm):
    """LSTM whose gates see the cell: i and f see C_{t-1}, o sees C_t; one bias."""

    name = 'lstm_peephole'

    def shapes(self, inputs: int, units: int, settings: Settings) -> Shapes:
        """Return ``{name: shape}`` of one layer's weights."""
        shapes = super().shapes(inputs, units, settings)
        shapes.pop('bias_hh_l0', None)
        shapes['peephole'] = (3, units)
        return shapes

    def _peephole(self, weights: Mapping[str, Array]) -> Any:
        return weights['peephole']
