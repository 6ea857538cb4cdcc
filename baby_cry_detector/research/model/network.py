# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The network that is trained: recurrent layers, dense layers, heads.

The cells' equations are in `model/cells`. Here they run under autograd, or faster: the attention
gate through the hand-written backward pass of `kernel.py`, LSTM and GRU as torch's own; the tests
hold each against the equations. Shapes: B sequences, T frames, F values a frame,
S = T // stack_frames steps, I inputs and H units of a layer, L memories. Inside, time comes
first: (S, B, H).
"""

import math
from typing import Dict, Iterator, Mapping, Optional, Tuple, Type, Union

from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.model.cells import CELLS
from baby_cry_detector.research.model.kernel import attention_gate
import numpy as np
import torch
from torch import nn, Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

LayerState = Tuple[Tensor, Tensor]      # h_{t-1} (B, H); memories C_{t-1} … C_{t-L} (B, L, H)
State = Tuple[LayerState, ...]          # one entry a layer


class SteppedLayer(nn.Module):
    """
    Any cell of `model/cells`, stepped by its own equations under plain autograd.

    Carries h and the cell's memories; every weight starts uniform in ±1/√units, as torch's LSTM.
    """

    def __init__(self, inputs: int, units: int, architecture: Architecture) -> None:
        super().__init__()
        self.units, self.architecture = units, architecture
        self.cell = CELLS[architecture.cell]
        bound = 1 / math.sqrt(units)
        for name, shape in self.cell.shapes(inputs, units, architecture).items():
            self.register_parameter(name,
                                    nn.Parameter(torch.empty(shape).uniform_(-bound, bound)))

    def advance(self, x: Tensor, state: LayerState,
                steps: Optional[Tensor] = None) -> Tuple[Tensor, LayerState]:
        """Run x (S, B, I) from ``state``; return h (S, B, H) and the state after ``steps``."""
        outputs, cells = self.run(x, state)
        return outputs, state_after(outputs, cells, state, steps)

    def run(self, x: Tensor, state: LayerState) -> Tuple[Tensor, Tensor]:
        """Return h and the newest memory of every step, both (S, B, H)."""
        weights = dict(self.named_parameters())
        h, memories = state[0], list(state[1].unbind(1))
        outputs, cells = [], []
        for row in x.unbind(0):
            h, memories = self.cell.step(weights, row, h, memories, self.architecture, torch)
            outputs.append(h)
            cells.append(memories[0] if memories else h)
        return torch.stack(outputs), torch.stack(cells)


class AttentionGateLayer(SteppedLayer):
    """The attention gate, by default through the hand-written backward pass of `kernel.py`."""

    use_kernel = True

    def run(self, x: Tensor, state: LayerState) -> Tuple[Tensor, Tensor]:
        """Return h and C of every step, both (S, B, H)."""
        if not self.use_kernel:
            return super().run(x, state)
        weights, a = dict(self.named_parameters()), self.architecture
        return attention_gate(x, *state, weights['weight_ih_l0'], weights.get('bias_ih_l0'),
                              weights['weight_hh_l0'], weights['gate_w'], weights['gate_v'],
                              weights.get('gate_bias'), a.depth_strategy, a.gate_activation)


class LstmLayer(nn.LSTM):
    """torch's LSTM behind the layers' common interface; one memory."""

    def __init__(self, inputs: int, units: int, architecture: Architecture) -> None:
        super().__init__(inputs, units, bias=architecture.bias)
        self.units = units

    def advance(self, x: Tensor, state: LayerState,
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

    def __init__(self, inputs: int, units: int, architecture: Architecture) -> None:
        super().__init__(inputs, units, bias=architecture.bias)
        self.units = units

    def advance(self, x: Tensor, state: LayerState,
                steps: Optional[Tensor] = None) -> Tuple[Tensor, LayerState]:
        """Run x (S, B, I) from ``state``; return h (S, B, H) and the state after ``steps``."""
        packed = x if steps is None else _pack(x, steps)
        outputs, h_end = super().forward(packed, state[0][None].contiguous())
        end = (h_end[0], state[1])
        if steps is not None:
            outputs, end = _unpack(outputs, len(x)), _keep_if_empty(steps, state, end)
        return outputs, end


Layer = Union[SteppedLayer, LstmLayer, GruLayer]
# Faster ways to train a cell; every other cell is a `SteppedLayer`.
FAST_LAYERS: Mapping[str, Type[Layer]] = {
    'attention': AttentionGateLayer, 'lstm': LstmLayer, 'gru': GruLayer}


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
            FAST_LAYERS.get(a.cell, SteppedLayer)(inputs, units, a)
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
        for index, layer in enumerate(self._each_layer()):
            if n_steps:
                y, end = layer.advance(
                    functional.dropout(y, a.dropout, self.training) if index else y,
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

    def _each_layer(self) -> Iterator[Layer]:
        for layer in self.layers:
            assert isinstance(layer, (SteppedLayer, LstmLayer, GruLayer))    # see __init__
            yield layer

    def zero_state(self, batch: int) -> State:
        """Return the state before the first step, for ``batch`` sequences."""
        like = self.label_head.weight
        return tuple((like.new_zeros(batch, units),
                      like.new_zeros(batch, self.architecture.n_memories, units))
                     for units in self.architecture.hidden_sizes)

    def use_kernel(self, use: bool) -> None:
        """Choose the hand-written backward pass (default) or plain autograd (reference)."""
        for layer in self.layers:
            if isinstance(layer, AttentionGateLayer):
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
            bias = layer.get_parameter('gate_bias')
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


def _pack(x: Tensor, steps: Tensor):
    # torch packs no empty sequence; the caller restores the state of those.
    return pack_padded_sequence(x, steps.clamp(min=1).cpu(), enforce_sorted=False)


def _unpack(packed, n_steps: int) -> Tensor:
    return pad_packed_sequence(packed, total_length=n_steps)[0]


def _keep_if_empty(steps: Tensor, start: LayerState, end: LayerState) -> LayerState:
    empty = steps == 0
    return (torch.where(empty[:, None], start[0], end[0]),
            torch.where(empty[:, None, None], start[1], end[1]))
