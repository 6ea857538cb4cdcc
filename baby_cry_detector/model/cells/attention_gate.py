# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The attention-gate LSTM of any depth.

The equation numbers are those of "Research of Attention-LSTM Model for Baby Cry Detection
Robot"::

    (10)  a_n = act(V · tanh(W · C_{t-n}) [+ b_a])      for n = 1 … L; the paper has no b_a
    (3)   C̃_t = tanh(W_c [h_{t-1}, x_t] + b_c)
    (11)  C_t = a_1 ⊙ C_{t-1} + (1 - a_1) ⊙ C̃_t         at depth 1; deeper: `mix_memories`
    (5)   o_t = σ(W_o [h_{t-1}, x_t] + b_o)
    (6)   h_t = o_t ⊙ tanh(C_t)

Depth adds no parameter: the same V and W attend over every memory. A faster step need not compute
a gate more than once: a_n of C_{t-n} is a_{n-1} of the step before.
"""

from typing import Any, List, Mapping, Tuple

from baby_cry_detector.model.cells.cell import Array, linear, parts, Settings, Shapes, sigmoid

DEPTH_STRATEGIES = ('cascade', 'mean', 'softmax')
GATE_ACTIVATIONS = ('sigmoid', 'hard_sigmoid', 'softmax')


class AttentionGate:
    """See the module; weight rows: candidate C̃ (eq. 3), then output gate o (eq. 5)."""

    name = 'attention'
    has_depth = True

    def shapes(self, inputs: int, units: int, settings: Settings) -> Shapes:
        """Return ``{name: shape}`` of one layer's weights."""
        shapes: Shapes = {'weight_ih_l0': (2 * units, inputs), 'weight_hh_l0': (2 * units, units)}
        if settings.bias:
            shapes['bias_ih_l0'] = (2 * units,)
        shapes['gate_w'] = (units, units)
        shapes['gate_v'] = (units, units)
        if settings.gate_bias:
            shapes['gate_bias'] = (units,)
        return shapes

    def n_memories(self, settings: Settings) -> int:
        """Return L."""
        return settings.depth

    def step(self, weights: Mapping[str, Array], x: Array, h: Array, memories: List[Array],
             settings: Settings, xp: Any) -> Tuple[Array, List[Array]]:
        """Return h_t and C_t … C_{t-L+1}; see `cell.Cell.step`."""
        scores = [linear(xp.tanh(linear(c, weights['gate_w'])), weights['gate_v'],
                         weights.get('gate_bias')) for c in memories]           # (10)
        z_c, z_o = parts(linear(x, weights['weight_ih_l0'], weights.get('bias_ih_l0'))
                         + linear(h, weights['weight_hh_l0']), 2)
        candidate = xp.tanh(z_c)                                                # (3)
        c = mix_memories(settings, scores, memories, candidate, xp)             # (10), (11)
        o = sigmoid(z_o, xp)                                                    # (5)
        return o * xp.tanh(c), [c, *memories[:-1]]                              # (6)


def mix_memories(settings: Settings, scores: List[Array], memories: List[Array],
                 candidate: Array, xp: Any) -> Array:
    """
    Return C_t from L scores before act, L memories (newest first) and C̃_t; all (..., H).

    At L = 1 all three strategies are eq. (11). The weights are convex, so |C_t| < 1::

        cascade   a_1 C_{t-1} + (1 - a_1) [a_2 C_{t-2} + (1 - a_2) [… C̃_t]]
        mean      1/L Σ a_n C_{t-n} + (1 - 1/L Σ a_n) C̃_t
        softmax   softmax over the scores of C_{t-1} … C_{t-L} and 0, the score of C̃_t
    """
    if settings.depth_strategy == 'softmax':
        scores = xp.stack([*scores, xp.zeros_like(candidate)])                  # (L + 1, ..., H)
        values = xp.stack([*memories, candidate])
        return (softmax(scores, 0, xp) * values).sum(0)
    gates = [activate(score, settings.gate_activation, xp) for score in scores]
    if settings.depth_strategy == 'mean':
        kept = sum(gate * memory for gate, memory in zip(gates, memories)) / len(gates)
        return kept + (1 - sum(gates) / len(gates)) * candidate
    mixed = candidate
    for gate, memory in zip(reversed(gates), reversed(memories)):
        mixed = gate * memory + (1 - gate) * mixed
    return mixed


def activate(score: Array, name: str, xp: Any) -> Array:
    """Return act(score) of eq. (10), in [0, 1]; ``softmax`` runs over the layer's units."""
    if name == 'sigmoid':
        return sigmoid(score, xp)
    if name == 'hard_sigmoid':
        return xp.clip(score / 6 + 0.5, 0, 1)
    return softmax(score, -1, xp)


def softmax(x: Array, axis: int, xp: Any) -> Array:
    """Return exp(x) / Σ exp(x) along an axis."""
    powers = xp.exp(x - xp.amax(x, axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)
