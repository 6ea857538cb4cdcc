# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The networks, with the paper's equations: attention gate of any depth, LSTM, GRU, heads.

The equation numbers are those of "Research of Attention-LSTM Model for Baby Cry Detection
Robot". Shapes: B sequences, T frames, F values a frame, S = T // stack_frames steps, I inputs
and H units of a layer, L memories. Inside, time comes first: (S, B, H).

Training goes through the hand-written backward pass of `kernel.py`; `reference_steps` below is
the same cell as plain autograd code, which the tests hold against it.
"""

import math
from typing import Dict, List, Mapping, Optional, Tuple

import numpy as np
import torch
from torch import nn, Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from baby_cry_detector.model.architecture import Architecture, cell_shapes
from baby_cry_detector.research.model.kernel import attention_gate

LayerState = Tuple[Tensor, Tensor]      # h_{t-1} (B, H); memories C_{t-1} … C_{t-L} (B, L, H)
State = Tuple[LayerState, ...]          # one entry a layer


def gate_activation(name: str, score: Tensor) -> Tensor:
    """Return act(score) of eq. (10), in [0, 1]; ``softmax`` runs over the units."""
    if name == 'sigmoid':
        return torch.sigmoid(score)
    if name == 'hard_sigmoid':
        return torch.clamp(score / 6 + 0.5, 0, 1)
    return torch.softmax(score, dim=-1)


def mix_memories(strategy: str, gates: List[Tensor], memories: List[Tensor],
                 candidate: Tensor) -> Tensor:
    """
    Return C_t from L gates, L memories (newest first) and the candidate C̃_t; all (B, H).

    At L = 1 all three are eq. (11). The weights are convex, so |C_t| < 1.
    For ``softmax`` the gates are the scores before activation.
    """
    if strategy == 'cascade':   # a_1 C_{t-1} + (1 - a_1) [a_2 C_{t-2} + (1 - a_2) [… C̃_t]]
        mixed = candidate
        for gate, memory in zip(reversed(gates), reversed(memories)):
            mixed = gate * memory + (1 - gate) * mixed
        return mixed
    if strategy == 'mean':      # 1/L Σ a_n C_{t-n} + (1 - mean a) C̃_t
        kept = sum(gate * memory for gate, memory in zip(gates, memories)) / len(gates)
        return kept + (1 - sum(gates) / len(gates)) * candidate
    scores = torch.stack([*gates, torch.zeros_like(candidate)])     # (L + 1, B, H)
    values = torch.stack([*memories, candidate])
    return (torch.softmax(scores, dim=0) * values).sum(0)


class AttentionGateLayer(nn.Module):
    """
    Attention-gate LSTM of depth L; carries h and the last L memories.

    Depth adds no parameter: the same V and W attend over every memory.
    """

    def __init__(self, inputs: int, units: int, depth: int = 1, strategy: str = 'cascade',
                 activation: str = 'sigmoid', bias: bool = True,
                 gate_bias: bool = True) -> None:
        """Make a layer with every weight uniform in ±1/√units, as torch's LSTM."""
        super().__init__()
        self.units, self.depth = units, depth
        self.strategy, self.activation = strategy, activation
        self.use_kernel = True
        _make_parameters(self, cell_shapes('attention', inputs, units, bias, gate_bias))

    def forward(self, x: Tensor, state: LayerState,
                steps: Optional[Tensor] = None) -> Tuple[Tensor, LayerState]:
        """Run x (S, B, I) from ``state``; return h (S, B, H) and the state after ``steps``."""
        h, memories = state
        run = attention_gate if self.use_kernel else reference_steps
        outputs, cells = run(x, h, memories, self.weight_ih_l0, self.bias_ih_l0,
                             self.weight_hh_l0, self.gate_w, self.gate_v, self.gate_bias,
                             self.strategy, self.activation)                    # (S, B, H)
        return outputs, state_after(outputs, cells, state, steps)


def reference_steps(x: Tensor, h: Tensor, memories: Tensor, weight_x: Tensor,
                    bias: Optional[Tensor], weight_h: Tensor, gate_w: Tensor, gate_v: Tensor,
                    gate_bias: Optional[Tensor], strategy: str,
                    activation: str) -> Tuple[Tensor, Tensor]:
    """
    Step the attention gate through x (S, B, I), nothing cached, plain autograd.

    :param h: (B, H). :param memories: (B, L, H), newest first.
    :return: h and C of every step, both (S, B, H).
    """
    # The part of eq. (3) and (5) that needs no recurrence, for all steps at once.
    zx = functional.linear(x, weight_x, bias)           # (S, B, 2H)
    ring = list(memories.unbind(1))                     # C_{t-1} … C_{t-L}, each (B, H)
    outputs, cells = [], []
    for z in zx.unbind(0):
        # (10) a_n = act(V · tanh(W · C_{t-n}) [+ bias])
        scores = [functional.linear(torch.tanh(functional.linear(c, gate_w)), gate_v, gate_bias)
                  for c in ring]
        gates = scores if strategy == 'softmax' \
            else [gate_activation(activation, score) for score in scores]
        z_c, z_o = (z + functional.linear(h, weight_h)).chunk(2, dim=-1)
        candidate = torch.tanh(z_c)                     # (3) C̃_t = tanh(W_c [h_{t-1}, x_t] + b_c)
        c = mix_memories(strategy, gates, ring, candidate)      # (11) and its deep forms
        o = torch.sigmoid(z_o)                          # (5)  o_t = σ(W_o [h_{t-1}, x_t] + b_o)
        h = o * torch.tanh(c)                           # (6)  h_t = o_t ⊙ tanh(C_t)
        ring = [c, *ring[:-1]]
        outputs.append(h)
        cells.append(c)
    return torch.stack(outputs), torch.stack(cells)


class LstmLayer(nn.LSTM):
    """torch's LSTM behind the layers' common interface; one memory."""

    def __init__(self, inputs: int, units: int, bias: bool = True) -> None:
        super().__init__(inputs, units, bias=bias)
        self.units = units

    def forward(self, x: Tensor, state: LayerState,
                steps: Optional[Tensor] = None) -> Tuple[Tensor, LayerState]:
        """Run x (S, B, I) from ``state``; return h (S, B, H) and the state after ``steps``."""
        h, memories = state
        start = (h[None].contiguous(), memories[:, 0][None].contiguous())
        packed = x if steps is None else _pack(x, steps)
        outputs, (h_end, c_end) = super().forward(packed, start)
        end = (h_end[0], c_end[0][:, None])
        if steps is not None:
            outputs, end = _unpack(outputs, len(x)), _keep_if_empty(steps, state, end)
        return outputs, end


class GruLayer(nn.GRU):
    """torch's GRU behind the layers' common interface; no memory beside h."""

    def __init__(self, inputs: int, units: int, bias: bool = True) -> None:
        super().__init__(inputs, units, bias=bias)
        self.units = units

    def forward(self, x: Tensor, state: LayerState,
                steps: Optional[Tensor] = None) -> Tuple[Tensor, LayerState]:
        """Run x (S, B, I) from ``state``; return h (S, B, H) and the state after ``steps``."""
        packed = x if steps is None else _pack(x, steps)
        outputs, h_end = super().forward(packed, state[0][None].contiguous())
        end = (h_end[0], state[1])
        if steps is not None:
            outputs, end = _unpack(outputs, len(x)), _keep_if_empty(steps, state, end)
        return outputs, end


class PeepholeLstmLayer(nn.Module):
    """LSTM whose gates see the cell: i and f see C_{t-1}, o sees C_t. The paper's 787,200."""

    def __init__(self, inputs: int, units: int, bias: bool = True) -> None:
        super().__init__()
        self.units = units
        _make_parameters(self, cell_shapes('lstm_peephole', inputs, units, bias))

    def forward(self, x: Tensor, state: LayerState,
                steps: Optional[Tensor] = None) -> Tuple[Tensor, LayerState]:
        """Run x (S, B, I) from ``state``; return h (S, B, H) and the state after ``steps``."""
        h, c = state[0], state[1][:, 0]
        zx = functional.linear(x, self.weight_ih_l0, self.bias_ih_l0)           # (S, B, 4H)
        see_i, see_f, see_o = self.peephole.unbind(0)
        outputs, cells = [], []
        for z in zx.unbind(0):
            z_i, z_f, z_g, z_o = (z + functional.linear(h, self.weight_hh_l0)).chunk(4, dim=-1)
            i = torch.sigmoid(z_i + see_i * c)          # (2)
            f = torch.sigmoid(z_f + see_f * c)          # (1)
            c = f * c + i * torch.tanh(z_g)             # (3) (4)
            o = torch.sigmoid(z_o + see_o * c)          # (5) with its peephole
            h = o * torch.tanh(c)                       # (6)
            outputs.append(h)
            cells.append(c)
        outputs, cells = torch.stack(outputs), torch.stack(cells)
        return outputs, state_after(outputs, cells, state, steps)


class CryNetwork(nn.Module):
    """
    Recurrent stack, tanh dense layers, a label head and an optional need head.

    :param architecture: what to build; ``state_dict`` has the names of ``shapes()``.
    :param memory_steps: shortest and longest memory, in steps, over which a gate bias
        starts spread (see `spread_memories`).
    """

    def __init__(self, architecture: Architecture,
                 memory_steps: Tuple[float, float] = (1.0, 60.0)) -> None:
        super().__init__()
        self.architecture = a = architecture
        self.layers = nn.ModuleList(
            _make_layer(a, inputs, units)
            for inputs, units in zip(a.layer_input_sizes(), a.hidden_sizes))
        size = a.hidden_sizes[-1]
        self.dense = nn.ModuleList()
        for units in a.dense_sizes:
            self.dense.append(nn.Linear(size, units, bias=a.bias))
            size = units
        self.label_head = nn.Linear(size, a.n_labels, bias=a.bias)
        self.need_head = nn.Linear(size, a.n_needs, bias=a.bias) if a.n_needs else None
        if a.cell == 'attention' and a.gate_bias:
            self.spread_memories(*memory_steps)

    def forward(self, x: Tensor, lengths: Optional[Tensor] = None,
                state: Optional[State] = None) -> Tuple[Tensor, Optional[Tensor], State]:
        """
        Return logits of every step.

        :param x: normalised frames (B, T, F); T // stack_frames = S steps, a rest is left out.
        :param lengths: (B,) frames of each sequence where they are padded at the end; logits
            past a sequence's last step are meaningless, its state is that of its last step.
        :param state: as returned by the call before; None starts from zeros.
        :return: label logits (B, S, n_labels), need logits (B, S, n_needs) or None, state.
        :raises ValueError: on wrong shapes.
        """
        a = self.architecture
        if x.ndim != 3 or x.shape[2] != a.input_size:
            raise ValueError(f'expected frames of shape (B, T, {a.input_size}), '
                             f'got {tuple(x.shape)}')
        n, n_steps = x.shape[0], x.shape[1] // a.stack_frames
        steps = None
        if lengths is not None:
            lengths = torch.as_tensor(lengths, device=x.device)
            if lengths.shape != (n,) or int(lengths.min()) < 0 or int(lengths.max()) > x.shape[1]:
                raise ValueError(f'expected {n} lengths from 0 to {x.shape[1]}')
            # What pads a sequence may be anything, NaN as well: it must not reach a gradient.
            padding = torch.arange(x.shape[1], device=x.device)[None] >= lengths[:, None]
            x = x.masked_fill(padding[..., None], 0)
            steps = lengths // a.stack_frames
        x = x[:, :n_steps * a.stack_frames].reshape(n, n_steps, a.step_size)
        state = self.zero_state(n) if state is None else state
        y, ends = x.transpose(0, 1).contiguous(), []                            # (S, B, I)
        for index, layer in enumerate(self.layers):
            if n_steps:
                y, end = layer(functional.dropout(y, a.dropout, self.training) if index else y,
                               state[index], steps)
            else:
                y, end = y.new_zeros(0, n, layer.units), state[index]
            ends.append(end)
        y = functional.dropout(y, a.dropout, self.training)
        for dense in self.dense:
            y = functional.dropout(torch.tanh(dense(y)), a.dropout, self.training)
        y = y.transpose(0, 1)                                                   # (B, S, H)
        needs = None if self.need_head is None else self.need_head(y)
        return self.label_head(y), needs, tuple(ends)

    def zero_state(self, batch: int) -> State:
        """Return the state before the first step, for ``batch`` sequences."""
        like = self.label_head.weight
        return tuple((like.new_zeros(batch, units),
                      like.new_zeros(batch, self.architecture.n_memories, units))
                     for units in self.architecture.hidden_sizes)

    def use_kernel(self, use: bool) -> None:
        """Choose the hand-written backward pass (default) or plain autograd (reference)."""
        for layer in self.layers:
            layer.use_kernel = use

    @torch.no_grad()
    def spread_memories(self, shortest: float, longest: float) -> None:
        """
        Set the gate biases so that memories fade within ``shortest`` … ``longest`` steps.

        With all gates at rest a unit keeps exp(-1/τ) of its past a step; τ runs from shortest
        to longest geometrically over the units, in a random order. Every depth strategy starts
        with that same total weight on the past. A gate softmax over units has no such reading
        and starts from zero.

        :raises ValueError: if not 0 < shortest <= longest, or there is no gate bias.
        """
        a = self.architecture
        if not 0 < shortest <= longest:
            raise ValueError(f'expected 0 < shortest <= longest, got {shortest}, {longest}')
        if a.cell != 'attention' or not a.gate_bias:
            raise ValueError('only an attention gate with a gate bias has memories to spread')
        for layer in self.layers:
            bias = layer.gate_bias
            tau = torch.logspace(math.log10(shortest), math.log10(longest), bias.numel(),
                                 dtype=torch.float64)[torch.randperm(bias.numel())]
            fade = -torch.expm1(-1 / tau)                       # weight of C̃_t
            if a.gate_activation == 'softmax':
                bias.zero_()
                continue
            if a.depth_strategy == 'cascade':
                fade = fade ** (1 / a.depth)                    # (1 - a)^L is left for C̃_t
            score = torch.log1p(-fade) - torch.log(fade)        # σ(score) = 1 - fade
            if a.depth_strategy == 'softmax':
                score -= math.log(a.depth)                      # L equal scores share the past
            if a.gate_activation == 'hard_sigmoid':
                score = 6 * (0.5 - fade)
            bias.copy_(score)

    def numpy_arrays(self) -> Dict[str, np.ndarray]:
        """Return ``{name: float32 array}`` of all weights, as a checkpoint stores them."""
        return {name: value.detach().cpu().numpy().astype(np.float32)
                for name, value in self.state_dict().items()}

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Set all weights from ``{name: array}`` as `numpy_arrays` returns them."""
        self.load_state_dict({name: torch.from_numpy(np.array(value))
                              for name, value in arrays.items()})


def state_after(outputs: Tensor, cells: Tensor, start: LayerState,
                steps: Optional[Tensor]) -> LayerState:
    """Return (h, memories) after ``steps`` (B,) of outputs and cells (S, B, H)."""
    h0, memories0 = start
    n_steps, batch, _ = outputs.shape
    depth = memories0.shape[1]
    if steps is None:
        recent = [cells[n_steps - 1 - n] for n in range(min(depth, n_steps))]
        recent += [memories0[:, n] for n in range(depth - n_steps)]
        return outputs[-1], torch.stack(recent, dim=1)
    row = torch.arange(batch, device=outputs.device)

    def at(sequence: Tensor, step: Tensor, before: Tensor) -> Tensor:
        return torch.where((step >= 0)[:, None], sequence[step.clamp(min=0), row], before)

    recent = [at(cells, steps - 1 - n, memories0[row, (n - steps).clamp(min=0)])
              for n in range(depth)]
    return at(outputs, steps - 1, h0), torch.stack(recent, dim=1)


def _make_layer(a: Architecture, inputs: int, units: int) -> nn.Module:
    if a.cell == 'attention':
        return AttentionGateLayer(inputs, units, a.depth, a.depth_strategy, a.gate_activation,
                                  a.bias, a.gate_bias)
    kind = {'lstm': LstmLayer, 'lstm_peephole': PeepholeLstmLayer, 'gru': GruLayer}[a.cell]
    return kind(inputs, units, a.bias)


def _make_parameters(layer: nn.Module, shapes: Mapping[str, Tuple[int, ...]]) -> None:
    bound = 1 / math.sqrt(layer.units)
    for name in ('bias_ih_l0', 'gate_bias'):
        if name not in shapes:
            layer.register_parameter(name, None)
    for name, shape in shapes.items():
        layer.register_parameter(name, nn.Parameter(torch.empty(shape).uniform_(-bound, bound)))


def _pack(x: Tensor, steps: Tensor):
    # torch packs no empty sequence; the caller restores the state of those.
    return pack_padded_sequence(x, steps.clamp(min=1).cpu(), enforce_sorted=False)


def _unpack(packed, n_steps: int) -> Tensor:
    return pad_packed_sequence(packed, total_length=n_steps)[0]


def _keep_if_empty(steps: Tensor, start: LayerState, end: LayerState) -> LayerState:
    empty = steps == 0
    return (torch.where(empty[:, None], start[0], end[0]),
            torch.where(empty[:, None, None], start[1], end[1]))
