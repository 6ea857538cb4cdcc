# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
One network stepping in NumPy: fused, nothing allocated per step, and a split step.

`NumpyNetwork.step` does only what needs the new frame and answers; `prepare` does what needs
nothing new (recurrent product, gate, memory mix) and may run after the answer is out. A step
that finds nothing prepared prepares first, so calling it is never needed for a right answer.

Three foldings, all exact up to rounding: σ(z) = (1 + tanh(z / 2)) / 2 lets one tanh serve all
gates of a cell, their halves folded into the weights; the attention gate hands on 2 h instead of
h, the half folded into its readers' weights; biases enter with the recurrent product.
"""

from typing import Dict, List, Mapping, Optional, Tuple

import numpy as np

from baby_cry_detector.model.architecture import Architecture

Arrays = Mapping[str, np.ndarray]


class NumpyNetwork:
    """
    A network that steps, batch 1; the numbers are float32.

    :param architecture: as trained.
    :param arrays: ``{name: float32}`` of ``architecture.shapes()``.
    """

    def __init__(self, architecture: Architecture, arrays: Arrays) -> None:
        a = architecture
        self._layers: List[_Layer] = []
        scale = 1.0
        for index, units in enumerate(a.hidden_sizes):
            own = {name: arrays[f'layers.{index}.{name}'] for name in a.layer_shapes(index)}
            own['weight_ih_l0'] = own['weight_ih_l0'] * np.float32(scale)
            self._layers.append(_LAYERS[a.cell](a, units, own))
            scale = 1 / self._layers[-1].output_scale
        self._dense = [_Linear(arrays, f'dense.{index}', scale if index == 0 else 1.0)
                       for index in range(len(a.dense_sizes))]
        scale = 1.0 if self._dense else scale
        self._label_head = _Linear(arrays, 'label_head', scale)
        self._need_head = _Linear(arrays, 'need_head', scale) if a.n_needs else None
        self._prepared = False

    def step(self, x: np.ndarray) -> Tuple[np.ndarray, Optional[np.ndarray]]:
        """
        Return (label logits, need logits or None), views that the next step overwrites.

        :param x: one step's normalised values (step_size,), finite.
        """
        if not self._prepared:
            self.prepare()
        for layer in self._layers:
            x = layer.finish(x)
        self._prepared = False
        for dense in self._dense:
            x = dense(x)
            np.tanh(x, x)
        return self._label_head(x), None if self._need_head is None else self._need_head(x)

    def prepare(self) -> None:
        """Do the part of the next step that needs no new frame."""
        if not self._prepared:
            for layer in self._layers:
                layer.prepare()
            self._prepared = True

    def reset(self) -> None:
        """Return to the state before the first step."""
        for layer in self._layers:
            layer.set_state(np.float32(0), np.float32(0))
        self._prepared = False

    def export_state(self) -> Dict[str, np.ndarray]:
        """Return ``{'layerK.h': (H,), 'layerK.memories': (L, H)}``, newest memory first."""
        state = {}
        for index, layer in enumerate(self._layers):
            state[f'layer{index}.h'], state[f'layer{index}.memories'] = layer.get_state()
        return state

    def import_state(self, state: Arrays) -> None:
        """Set the state as exported; shapes are the caller's to check."""
        for index, layer in enumerate(self._layers):
            layer.set_state(state[f'layer{index}.h'], state[f'layer{index}.memories'])
        self._prepared = False


class _Linear:
    """y = weight x + bias."""

    def __init__(self, arrays: Arrays, name: str, scale: float) -> None:
        self._weight = np.ascontiguousarray(arrays[f'{name}.weight'] * np.float32(scale))
        self._bias = arrays.get(f'{name}.bias')
        self._y = np.empty(len(self._weight), np.float32)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        y = self._weight.dot(x, self._y)
        if self._bias is not None:
            np.add(y, self._bias, y)
        return y


class _Layer:
    """What the cells share: h scaled by output_scale, memories (L, H) in a ring."""

    output_scale = 1.0

    def __init__(self, architecture: Architecture, units: int, arrays: Arrays) -> None:
        self._units, self._depth = units, architecture.n_memories
        rows = len(arrays['weight_ih_l0'])
        self._z = np.empty(rows, np.float32)
        self._r = np.empty(rows, np.float32)
        self._h = np.zeros(units, np.float32)
        self._memories = [np.zeros(units, np.float32) for _ in range(self._depth)]

    def finish(self, x: np.ndarray) -> np.ndarray:
        """Do the rest of the step with input x (I,); return output_scale * h."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Do what the next step needs that x has no part in."""
        raise NotImplementedError

    def get_state(self) -> Tuple[np.ndarray, np.ndarray]:
        """Return copies of h (H,) and the memories (L, H), newest first."""
        memories = np.array(self._memories, dtype=np.float32)
        return (self._h * np.float32(1 / self.output_scale),
                memories.reshape(self._depth, self._units))

    def set_state(self, h: np.ndarray, memories: np.ndarray) -> None:
        """Set h and memories."""
        np.multiply(h, np.float32(self.output_scale), self._h)
        memories = np.broadcast_to(memories, (self._depth, self._units))
        for own, memory in zip(self._memories, memories):
            own[:] = memory


class _AttentionGate(_Layer):
    """
    Attention gate of depth L.

    ``_kept`` and ``_let_go`` are rings beside the memories: a ⊙ C and 1 - a of each, made once
    per memory (for the softmax strategy ``_let_go`` holds the score).
    """

    output_scale = 2.0

    def __init__(self, architecture: Architecture, units: int, arrays: Arrays) -> None:
        super().__init__(architecture, units, arrays)
        half = np.ones(2 * units, np.float32)
        half[units:] = 0.5                              # tanh for C̃, halved for σ of o
        self._weight_x = np.ascontiguousarray(arrays['weight_ih_l0'] * half[:, None])
        self._weight_h = arrays['weight_hh_l0'] * (half / 2)[:, None]       # reads 2 h
        self._bias = arrays['bias_ih_l0'] * half if 'bias_ih_l0' in arrays else None
        self._strategy = architecture.depth_strategy
        self._activation = architecture.gate_activation
        sigmoid = self._strategy != 'softmax' and self._activation == 'sigmoid'
        scale = np.float32(0.5 if sigmoid else 1)
        self._gate_w = np.ascontiguousarray(arrays['gate_w'])
        self._gate_v = arrays['gate_v'] * scale
        self._gate_bias = arrays['gate_bias'] * scale if 'gate_bias' in arrays else None
        self._candidate, self._o = self._z[:units], self._z[units:]
        self._hidden, self._tanh_c, self._mixed, self._rest = np.empty((4, units), np.float32)
        self._kept = [np.zeros(units, np.float32) for _ in range(self._depth)]
        self._let_go = [np.zeros(units, np.float32) for _ in range(self._depth)]
        self._n_stale = self._depth                     # newest memories without a gate
        self._weights = np.empty((self._depth + 1, units), np.float32)

    def finish(self, x: np.ndarray) -> np.ndarray:
        z = self._weight_x.dot(x, self._z)
        np.add(z, self._r, z)
        np.tanh(z, z)                                   # (3) and, halved, (5)
        for ring in (self._memories, self._kept, self._let_go):
            ring.insert(0, ring.pop())
        c = self._memories[0]
        np.multiply(self._rest, self._candidate, c)
        np.add(c, self._mixed, c)                       # (11)
        np.tanh(c, self._tanh_c)
        o = self._o
        np.add(o, _ONE, o)
        self._n_stale = 1
        return np.multiply(o, self._tanh_c, self._h)    # 2 h, (6)

    def prepare(self) -> None:
        self._weight_h.dot(self._h, self._r)
        if self._bias is not None:
            np.add(self._r, self._bias, self._r)
        for n in range(self._n_stale):
            self._gate(self._memories[n], self._kept[n], self._let_go[n])
        self._n_stale = 0
        self._mix()

    def set_state(self, h: np.ndarray, memories: np.ndarray) -> None:
        super().set_state(h, memories)
        self._n_stale = self._depth

    def _gate(self, c: np.ndarray, kept: np.ndarray, let_go: np.ndarray) -> None:
        """Write a ⊙ c and 1 - a, eq. (10); for the softmax strategy only the score."""
        hidden = self._gate_w.dot(c, self._hidden)
        np.tanh(hidden, hidden)
        score = self._gate_v.dot(hidden, let_go)
        if self._gate_bias is not None:
            np.add(score, self._gate_bias, score)
        if self._strategy == 'softmax':
            return
        if self._activation == 'sigmoid':               # 1 - a = (1 - tanh(s / 2)) / 2
            np.tanh(score, score)
            np.multiply(score, _MINUS_HALF, score)
            np.add(score, _HALF, score)
        elif self._activation == 'hard_sigmoid':
            np.multiply(score, _MINUS_SIXTH, score)
            np.add(score, _HALF, score)
            np.maximum(score, _ZERO, out=score)
            np.minimum(score, _ONE, out=score)
        else:
            np.subtract(score, score.max(), score)
            np.exp(score, score)
            np.multiply(score, -1 / score.sum(), score)
            np.add(score, _ONE, score)
        np.multiply(let_go, c, kept)
        np.subtract(c, kept, kept)

    def _mix(self) -> None:
        """Write the mixed memories and the weight that is left for C̃."""
        kept, let_go, mixed, rest = self._kept, self._let_go, self._mixed, self._rest
        if self._strategy == 'cascade':
            mixed[:], rest[:] = kept[-1], let_go[-1]
            for n in range(self._depth - 2, -1, -1):
                np.multiply(mixed, let_go[n], mixed)
                np.add(mixed, kept[n], mixed)
                np.multiply(rest, let_go[n], rest)
        elif self._strategy == 'mean':
            mixed[:], rest[:] = kept[0], let_go[0]
            for n in range(1, self._depth):
                np.add(mixed, kept[n], mixed)
                np.add(rest, let_go[n], rest)
            if self._depth > 1:
                np.multiply(mixed, np.float32(1 / self._depth), mixed)
                np.multiply(rest, np.float32(1 / self._depth), rest)
        else:
            weights = self._weights                     # of C_{t-1} … C_{t-L}, then C̃ (score 0)
            for n, score in enumerate(let_go):
                weights[n] = score
            weights[-1] = 0
            np.subtract(weights, np.maximum.reduce(weights, axis=0), weights)
            np.exp(weights, weights)
            np.divide(weights, np.add.reduce(weights, axis=0), weights)
            rest[:] = weights[-1]
            np.multiply(weights[0], self._memories[0], mixed)
            for n in range(1, self._depth):
                np.multiply(weights[n], self._memories[n], weights[n])
                np.add(mixed, weights[n], mixed)


class _Lstm(_Layer):
    """LSTM, with or without peepholes; rows reordered to i, f, o, g."""

    def __init__(self, architecture: Architecture, units: int, arrays: Arrays) -> None:
        super().__init__(architecture, units, arrays)
        half = np.full(4 * units, 0.5, np.float32)
        half[3 * units:] = 1
        self._weight_x = _reorder(arrays['weight_ih_l0'], units) * half[:, None]
        self._weight_h = _reorder(arrays['weight_hh_l0'], units) * half[:, None]
        bias = np.zeros(4 * units, np.float32)
        for name in ('bias_ih_l0', 'bias_hh_l0'):
            if name in arrays:
                bias += _reorder(arrays[name], units)
        self._bias = bias * half
        self._peephole = arrays['peephole'] * np.float32(0.5) if 'peephole' in arrays else None
        self._i, self._f, self._o, self._g = self._z.reshape(4, units)
        self._tanh_c, self._work = np.empty((2, units), np.float32)

    def prepare(self) -> None:
        r = self._weight_h.dot(self._h, self._r)
        np.add(r, self._bias, r)
        if self._peephole is not None:                  # what i and f see of C_{t-1}
            for n in (0, 1):
                seen = r[n * self._units:(n + 1) * self._units]
                np.multiply(self._peephole[n], self._memories[0], self._work)
                np.add(seen, self._work, seen)

    def finish(self, x: np.ndarray) -> np.ndarray:
        z, units, o, c = self._weight_x.dot(x, self._z), self._units, self._o, self._memories[0]
        np.add(z, self._r, z)
        if self._peephole is not None:
            z_o = self._work
            z_o[:] = o
        np.tanh(z, z)
        gates = z[:3 * units]
        np.multiply(gates, _HALF, gates)
        np.add(gates, _HALF, gates)
        np.multiply(self._f, c, c)
        np.multiply(self._i, self._g, self._g)
        np.add(c, self._g, c)
        np.tanh(c, self._tanh_c)
        if self._peephole is not None:                  # o sees C_t
            np.multiply(self._peephole[2], c, o)
            np.add(o, z_o, o)
            np.tanh(o, o)
            np.multiply(o, _HALF, o)
            np.add(o, _HALF, o)
        return np.multiply(o, self._tanh_c, self._h)


class _Gru(_Layer):
    """GRU with torch's two biases: n = tanh(W x + b + r ⊙ (U h + b_h))."""

    def __init__(self, architecture: Architecture, units: int, arrays: Arrays) -> None:
        super().__init__(architecture, units, arrays)
        half = np.full(3 * units, 0.5, np.float32)
        half[2 * units:] = 1
        self._weight_x = arrays['weight_ih_l0'] * half[:, None]
        self._weight_h = arrays['weight_hh_l0'] * half[:, None]
        zeros = np.zeros(3 * units, np.float32)
        self._bias_x = arrays.get('bias_ih_l0', zeros) * half
        self._bias_h = arrays.get('bias_hh_l0', zeros) * half

    def prepare(self) -> None:
        np.add(self._weight_h.dot(self._h, self._r), self._bias_h, self._r)

    def finish(self, x: np.ndarray) -> np.ndarray:
        z, split, h = self._weight_x.dot(x, self._z), 2 * self._units, self._h
        np.add(z, self._bias_x, z)
        gates, n = z[:split], z[split:]
        np.add(gates, self._r[:split], gates)
        np.tanh(gates, gates)
        np.multiply(gates, _HALF, gates)
        np.add(gates, _HALF, gates)
        r, update = gates[:self._units], gates[self._units:]
        np.multiply(r, self._r[split:], r)
        np.add(n, r, n)
        np.tanh(n, n)
        np.subtract(h, n, h)                            # h = n + update ⊙ (h - n)
        np.multiply(h, update, h)
        return np.add(h, n, h)


def _reorder(rows: np.ndarray, units: int) -> np.ndarray:
    """Return rows i, f, g, o as i, f, o, g."""
    return np.concatenate([rows[:2 * units], rows[3 * units:], rows[2 * units:3 * units]])


_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)
_MINUS_HALF, _MINUS_SIXTH = np.float32(-0.5), np.float32(-1 / 6)
_LAYERS = {'attention': _AttentionGate, 'lstm': _Lstm, 'lstm_peephole': _Lstm, 'gru': _Gru}
