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
The attention gate's training kernel: forward and hand-written backward pass through time.

Why it is fast: the gate of a memory (eq. 10) is computed once, when the memory is made, and
kept for the L steps that attend to it, so depth costs only elementwise work; everything that
needs no recurrence (input products, all weight gradients) is one large product after or before
the loop; the loop works in place on tensors allocated once. Torch operations only, no compiler.

Notation of the gradients: ``d_x`` is dLoss/dx. S steps, B sequences, H units, L memories.
The sequence of memories C_{-L+1} … C_S is one tensor (L + S, B, H), oldest first, so that
memory C_{t-n} of step t (from 0) has index L + t - n.
"""

from typing import List, Optional, Tuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_tanh_backward = torch.ops.aten.tanh_backward.grad_input
_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input


def attention_gate(zx: Tensor, h: Tensor, memories: Tensor, weight_h: Tensor, gate_w: Tensor,
                   gate_v: Tensor, gate_bias: Optional[Tensor], strategy: str,
                   activation: str) -> Tuple[Tensor, Tensor]:
    """
    Step the attention gate through ``zx``.

    :param zx: W_x x_t + b of every step (S, B, 2H), candidate rows first; S >= 1.
    :param h: h before the first step (B, H).
    :param memories: memories before the first step (B, L, H), newest first.
    :param weight_h: recurrent weights (2H, H).
    :param gate_w: W of eq. (10) (H, H). :param gate_v: V (H, H). :param gate_bias: (H,) or None.
    :return: h and C of every step, both (S, B, H); differentiable once.
    """
    outputs, cells = _AttentionGate.apply(zx, h, memories, weight_h, gate_w, gate_v, gate_bias,
                                          strategy, activation)
    return outputs, cells[memories.shape[1]:]


class _AttentionGate(torch.autograd.Function):

    @staticmethod
    def forward(ctx, zx, h0, memories, weight_h, gate_w, gate_v, gate_bias, strategy,
                activation):
        n_steps, batch, units = zx.shape[0], zx.shape[1], zx.shape[2] // 2
        depth = memories.shape[1]
        w_h, w_w, w_v = (weight_h.t(), gate_w.t(), gate_v.t())

        cells = zx.new_empty(depth + n_steps, batch, units)
        cells[:depth] = memories.transpose(0, 1).flip(0)
        # The gate of the last memory belongs to the next call, hence one less.
        hidden = zx.new_empty(depth + n_steps - 1, batch, units)    # tanh(W C)
        gates = torch.empty_like(hidden)                            # act(V tanh(W C) + bias)
        gates_in(cells[:depth], w_w, w_v, gate_bias, strategy, activation,
                 hidden[:depth], gates[:depth])

        z = torch.empty_like(zx)                                    # C̃ and o side by side
        tanh_c = zx.new_empty(n_steps, batch, units)
        h = torch.empty_like(tanh_c)
        # What mixing leaves for the backward pass: partial sums or weights, see _mix.
        kept = zx.new_empty(n_steps, _n_kept(strategy, depth), batch, units)

        zx_t, z_t, h_t, tanh_t = zx.unbind(0), z.unbind(0), h.unbind(0), tanh_c.unbind(0)
        candidate_t, o_t = z[..., :units].unbind(0), z[..., units:].unbind(0)
        cell_t, gate_t, hidden_t = cells.unbind(0), gates.unbind(0), hidden.unbind(0)
        kept_t = [step.unbind(0) for step in kept.unbind(0)]
        previous = h0
        for t in range(n_steps):
            torch.addmm(zx_t[t], previous, w_h, out=z_t[t])
            candidate_t[t].tanh_()                                  # (3)
            o_t[t].sigmoid_()                                       # (5)
            new = depth + t
            _mix(strategy, gate_t[t:new], cell_t[t:new], candidate_t[t], kept_t[t],
                 cell_t[new])                                       # (11)
            torch.tanh(cell_t[new], out=tanh_t[t])
            previous = torch.mul(o_t[t], tanh_t[t], out=h_t[t])     # (6)
            if t + 1 < n_steps:
                gates_in(cell_t[new], w_w, w_v, gate_bias, strategy, activation,
                         hidden_t[new], gate_t[new])                # (10)

        ctx.save_for_backward(h0, weight_h, gate_w, gate_v, cells, hidden, gates, z, tanh_c, h,
                              kept)
        ctx.strategy, ctx.activation, ctx.depth = strategy, activation, depth
        ctx.has_gate_bias = gate_bias is not None
        ctx.set_materialize_grads(False)
        return h, cells

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h_out, d_cells_out):
        h0, weight_h, gate_w, gate_v, cells, hidden, gates, z, tanh_c, h, kept = \
            ctx.saved_tensors
        strategy, activation, depth = ctx.strategy, ctx.activation, ctx.depth
        n_steps, batch, units = tanh_c.shape
        if d_h_out is None:
            d_h_out = torch.zeros_like(tanh_c)
        d_h_t = d_h_out.unbind(0)

        d_z = torch.empty_like(z)                   # before tanh and σ of eq. (3) and (5)
        d_score = torch.empty_like(gates)           # before act of eq. (10)
        d_hidden = torch.empty_like(gates)          # before tanh of eq. (10)
        # d_gate and d_cell collect what the L later steps attending to a memory leave there.
        d_gate = torch.zeros_like(gates)
        d_cell = list(cells.new_zeros(cells.shape).unbind(0)) if d_cells_out is None \
            else list(d_cells_out.clone().unbind(0))

        candidate_t, o_t = z[..., :units].unbind(0), z[..., units:].unbind(0)
        d_zc_t, d_zo_t = d_z[..., :units].unbind(0), d_z[..., units:].unbind(0)
        d_z_t, cell_t, gate_t, tanh_t = d_z.unbind(0), cells.unbind(0), gates.unbind(0), \
            tanh_c.unbind(0)
        hidden_t, d_gate_t = hidden.unbind(0), d_gate.unbind(0)
        d_score_t, d_hidden_t = d_score.unbind(0), d_hidden.unbind(0)
        kept_t = [step.unbind(0) for step in kept.unbind(0)]
        d_h, work = torch.empty_like(h0), torch.empty_like(h0)
        for t in range(n_steps - 1, -1, -1):
            new = depth + t
            d_c = d_cell[new]
            if t + 1 < n_steps:
                torch.addmm(d_h_t[t], d_z_t[t + 1], weight_h, out=d_h)
                _gate_backward(d_gate_t[new], gate_t[new], hidden_t[new], gate_w, gate_v,
                               strategy, activation, d_score_t[new], d_hidden_t[new], d_c)
            else:
                d_h.copy_(d_h_t[t])
            torch.mul(d_h, tanh_t[t], out=work)
            _sigmoid_backward(work, o_t[t], grad_input=d_zo_t[t])
            d_h.mul_(o_t[t])
            d_c.add_(_tanh_backward(d_h, tanh_t[t], grad_input=work))
            d_candidate = _mix_backward(strategy, d_c, gate_t[t:new], cell_t[t:new],
                                        candidate_t[t], kept_t[t], cell_t[new],
                                        d_gate_t[t:new], d_cell[t:new], work)
            _tanh_backward(d_candidate, candidate_t[t], grad_input=d_zc_t[t])

        d_h0 = d_z_t[0] @ weight_h
        d_start = torch.stack(d_cell[:depth])                           # (L, B, H)
        _gate_backward(d_gate[:depth], gates[:depth], hidden[:depth], gate_w, gate_v, strategy,
                       activation, d_score[:depth], d_hidden[:depth], d_start)
        d_weight_h = d_z[0].t() @ h0
        if n_steps > 1:
            d_weight_h.addmm_(d_z[1:].flatten(0, 1).t(), h[:-1].flatten(0, 1))
        d_score, d_hidden = d_score.flatten(0, 1), d_hidden.flatten(0, 1)
        d_gate_v = d_score.t() @ hidden.flatten(0, 1)
        d_gate_w = d_hidden.t() @ cells[:-1].flatten(0, 1)
        d_gate_bias = d_score.sum(0) if ctx.has_gate_bias else None
        return (d_z, d_h0, d_start.flip(0).transpose(0, 1), d_weight_h, d_gate_w, d_gate_v,
                d_gate_bias, None, None)


def gates_in(cell: Tensor, w_w: Tensor, w_v: Tensor, bias: Optional[Tensor], strategy: str,
             activation: str, hidden: Tensor, gate: Tensor) -> None:
    """Write tanh(W C) and act(V tanh(W C) + bias), eq. (10), of cells (…, H) in place."""
    torch.matmul(cell, w_w, out=hidden).tanh_()
    if bias is None or cell.dim() != 2:
        torch.matmul(hidden, w_v, out=gate)
        if bias is not None:
            gate.add_(bias)
    else:
        torch.addmm(bias, hidden, w_v, out=gate)
    if strategy == 'softmax':
        return                                      # the weights are made where it is mixed
    if activation == 'sigmoid':
        gate.sigmoid_()
    elif activation == 'hard_sigmoid':
        gate.div_(6).add_(0.5).clamp_(0, 1)
    else:
        torch.softmax(gate, -1, out=gate)


def _gate_backward(d_gate, gate, hidden, gate_w, gate_v, strategy, activation, d_score,
                   d_hidden, d_cell) -> None:
    """Write d_score and d_hidden of eq. (10) and add what flows on to d_cell."""
    if strategy == 'softmax':
        d_score.copy_(d_gate)
    elif activation == 'sigmoid':
        _sigmoid_backward(d_gate, gate, grad_input=d_score)
    elif activation == 'hard_sigmoid':
        torch.mul(d_gate, ((gate > 0) & (gate < 1)).to(gate.dtype), out=d_score).div_(6)
    else:
        inner = (d_gate * gate).sum(-1, keepdim=True)
        torch.mul(d_gate - inner, gate, out=d_score)
    torch.matmul(d_score, gate_v, out=d_hidden)
    _tanh_backward(d_hidden, hidden, grad_input=d_hidden)
    if d_cell.dim() == 2:
        d_cell.addmm_(d_hidden, gate_w)
    else:
        d_cell.add_(d_hidden @ gate_w)


def _n_kept(strategy: str, depth: int) -> int:
    return {'cascade': depth - 1, 'mean': 0, 'softmax': depth + 1}[strategy]


def _mix(strategy: str, gates: List[Tensor], cells: List[Tensor], candidate: Tensor,
         kept: List[Tensor], out: Tensor) -> None:
    """Write C_t. Gates and cells come oldest first, C_{t-L} … C_{t-1}."""
    depth = len(cells)
    if strategy == 'cascade':
        # From the inside out; kept[n] is what the cascade holds after memory n.
        mixed = candidate
        for n in range(depth):
            mixed = torch.lerp(mixed, cells[n], gates[n], out=kept[n] if n + 1 < depth else out)
    elif strategy == 'mean':
        # C̃ + 1/L Σ a_n (C_{t-n} - C̃)
        torch.lerp(candidate, cells[0], gates[0], out=out)
        for n in range(1, depth):
            out.add_(torch.lerp(candidate, cells[n], gates[n]))
        if depth > 1:
            out.div_(depth)
    else:
        # kept: the softmax weights, the candidate's (score 0) last.
        top = gates[0].clamp(min=0)
        for score in gates[1:]:
            torch.maximum(top, score, out=top)
        for score, weight in zip(gates, kept):
            torch.sub(score, top, out=weight).exp_()
        torch.neg(top, out=kept[depth]).exp_()
        total = kept[0] + kept[1]
        for weight in kept[2:]:
            total.add_(weight)
        total.reciprocal_()
        for weight in kept:
            weight.mul_(total)
        torch.mul(candidate, kept[depth], out=out)
        for cell, weight in zip(cells, kept):
            out.addcmul_(cell, weight)


def _mix_backward(strategy: str, d_c: Tensor, gates: List[Tensor], cells: List[Tensor],
                  candidate: Tensor, kept: List[Tensor], cell: Tensor, d_gates: List[Tensor],
                  d_cells: List[Tensor], work: Tensor) -> Tensor:
    """Add to d_gates and d_cells (oldest first); return d_candidate (may be d_c itself)."""
    depth = len(cells)
    if strategy == 'cascade':
        # From the outside in: q_n = a_n C_n + (1 - a_n) q_{n-1}, q_{-1} = C̃.
        for n in range(depth - 1, -1, -1):
            torch.sub(cells[n], kept[n - 1] if n else candidate, out=work)
            d_gates[n].addcmul_(d_c, work)
            torch.mul(d_c, gates[n], out=work)
            d_cells[n].add_(work)
            d_c.sub_(work)
        return d_c
    if strategy == 'mean':
        if depth > 1:
            d_c.div_(depth)
        d_candidate = d_c * depth if depth > 1 else d_c.clone()
        for n in range(depth):
            torch.sub(cells[n], candidate, out=work)
            d_gates[n].addcmul_(d_c, work)
            torch.mul(d_c, gates[n], out=work)
            d_cells[n].add_(work)
            d_candidate.sub_(work)
        return d_candidate
    for n in range(depth):
        # d_score_n = w_n d_c (C_n - C): the softmax's own sum is d_c C.
        d_part = torch.mul(d_c, kept[n])
        d_cells[n].add_(d_part)
        torch.sub(cells[n], cell, out=work)
        d_gates[n].addcmul_(d_part, work)
    return d_c.mul_(kept[depth])
