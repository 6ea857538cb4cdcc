# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The attention gate's training kernel: forward and hand-written backward pass through time.

Why it is fast: the gate of a memory (eq. 10) is computed once, when the memory is made, and
kept for the L steps that attend to it, so depth costs only elementwise work; what needs no
recurrence (input products, all weight gradients) is done in large products, a chunk of steps at
a time so that it stays in the cache; the loop works in place on tensors allocated once. Torch
operations only, no compiler.

Notation: S steps, B sequences, I inputs, H units, L memories; ``d_x`` is dLoss/dx. The memories
C_{-L} … C_{S-1} are one tensor (L + S, B, H), oldest first, so that memory C_{t-n} of step t
(from 0) has index L + t - n.
"""

from typing import List, Optional, Tuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

CHUNK_STEPS = 16

_tanh_backward = torch.ops.aten.tanh_backward.grad_input
_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input


def attention_gate(x: Tensor, h: Tensor, memories: Tensor, weight_x: Tensor,
                   bias: Optional[Tensor], weight_h: Tensor, gate_w: Tensor, gate_v: Tensor,
                   gate_bias: Optional[Tensor], strategy: str,
                   activation: str) -> Tuple[Tensor, Tensor]:
    """
    Step the attention gate through ``x``.

    :param x: inputs of every step (S, B, I), S >= 1.
    :param h: h before the first step (B, H).
    :param memories: memories before the first step (B, L, H), newest first.
    :param weight_x: input weights (2H, I), rows of eq. (3), then of eq. (5).
    :param bias: b_c, then b_o (2H,), or None.
    :param weight_h: recurrent weights (2H, H), rows as above.
    :param gate_w: W of eq. (10) (H, H). :param gate_v: V (H, H). :param gate_bias: (H,) or None.
    :return: h and C of every step, both (S, B, H); differentiable once.
    """
    outputs, cells = _AttentionGate.apply(x, h, memories, weight_x, bias, weight_h, gate_w,
                                          gate_v, gate_bias, strategy, activation)
    return outputs[1:], cells[memories.shape[1]:]


class _AttentionGate(torch.autograd.Function):

    @staticmethod
    def forward(ctx, x, h0, memories, weight_x, bias, weight_h, gate_w, gate_v, gate_bias,
                strategy, activation):
        n_steps, batch, inputs = x.shape
        units, depth = h0.shape[1], memories.shape[1]
        w_x, w_h, w_w, w_v = weight_x.t(), weight_h.t(), gate_w.t(), gate_v.t()
        x_rows = x.reshape(-1, inputs)

        cells = x.new_empty(depth + n_steps, batch, units)
        cells[:depth] = memories.transpose(0, 1).flip(0)
        # The gate of the last memory belongs to the next call, hence one less.
        hidden = x.new_empty(depth + n_steps - 1, batch, units)     # tanh(W C)
        gates = torch.empty_like(hidden)                            # act(V tanh(W C) + bias)
        for n in range(depth):
            _gate(cells[n], w_w, w_v, gate_bias, strategy, activation, hidden[n], gates[n])

        z = x.new_empty(n_steps, batch, 2 * units)                  # C̃ and o side by side
        tanh_c = x.new_empty(n_steps, batch, units)
        outputs = x.new_empty(n_steps + 1, batch, units)            # h before and after each step
        outputs[0] = h0
        # What mixing leaves for the backward pass: partial sums or weights, see _mix.
        kept = x.new_empty(n_steps, _n_kept(strategy, depth), batch, units)

        z_rows, z_t, h_t, tanh_t = z.view(-1, 2 * units), z.unbind(0), outputs.unbind(0), \
            tanh_c.unbind(0)
        candidate_t, o_t = z[..., :units].unbind(0), z[..., units:].unbind(0)
        cell_t, gate_t, hidden_t = cells.unbind(0), gates.unbind(0), hidden.unbind(0)
        kept_t = [step.unbind(0) for step in kept.unbind(0)]
        for t in range(n_steps):
            if t % CHUNK_STEPS == 0:
                rows = slice(t * batch, (t + CHUNK_STEPS) * batch)
                if bias is None:
                    torch.mm(x_rows[rows], w_x, out=z_rows[rows])
                else:
                    torch.addmm(bias, x_rows[rows], w_x, out=z_rows[rows])
            z_t[t].addmm_(h_t[t], w_h)
            _tanh_and_sigmoid(candidate_t[t], o_t[t], z_t[t])       # (3), (5)
            new = depth + t
            _mix(strategy, gate_t[t:new], cell_t[t:new], candidate_t[t], kept_t[t],
                 cell_t[new])                                       # (11)
            _tanh(cell_t[new], tanh_t[t])
            torch.mul(o_t[t], tanh_t[t], out=h_t[t + 1])            # (6)
            if t + 1 < n_steps:
                _gate(cell_t[new], w_w, w_v, gate_bias, strategy, activation,
                      hidden_t[new], gate_t[new])                   # (10)

        ctx.save_for_backward(x, weight_x, weight_h, gate_w, gate_v, cells, hidden, gates, z,
                              tanh_c, outputs, kept)
        ctx.strategy, ctx.activation, ctx.depth = strategy, activation, depth
        ctx.has_bias, ctx.has_gate_bias = bias is not None, gate_bias is not None
        ctx.set_materialize_grads(False)
        return outputs, cells

    @staticmethod
    @once_differentiable
    def backward(ctx, d_outputs, d_cells_out):
        x, weight_x, weight_h, gate_w, gate_v, cells, hidden, gates, z, tanh_c, outputs, kept = \
            ctx.saved_tensors
        strategy, activation, depth = ctx.strategy, ctx.activation, ctx.depth
        n_steps, batch, units = tanh_c.shape
        d_x = torch.empty_like(x) if ctx.needs_input_grad[0] else None
        d_h_t = None if d_outputs is None else d_outputs.unbind(0)
        d_cell_t = None if d_cells_out is None else d_cells_out.unbind(0)
        d_weight_x, d_weight_h = torch.zeros_like(weight_x), torch.zeros_like(weight_h)
        d_gate_w, d_gate_v = torch.zeros_like(gate_w), torch.zeros_like(gate_v)
        d_bias, d_gate_bias = x.new_zeros(2 * units), x.new_zeros(units)

        chunk = min(CHUNK_STEPS, n_steps)
        d_z = x.new_empty(chunk, batch, 2 * units)      # before tanh and σ of eq. (3) and (5)
        d_score = x.new_empty(chunk, batch, units)      # before act of eq. (10)
        d_hidden = torch.empty_like(d_score)            # before tanh of eq. (10)
        d_z_t, d_score_t, d_hidden_t = d_z.unbind(0), d_score.unbind(0), d_hidden.unbind(0)
        d_zc_t, d_zo_t = d_z[..., :units].unbind(0), d_z[..., units:].unbind(0)
        d_z_next = x.new_zeros(batch, 2 * units)
        # What the later steps that attend to memories t … t + L leave for them, oldest first.
        d_gate_ring = [x.new_zeros(batch, units) for _ in range(depth + 1)]
        d_cell_ring = [x.new_zeros(batch, units) for _ in range(depth + 1)]

        candidate_t, o_t = z[..., :units].unbind(0), z[..., units:].unbind(0)
        cell_t, gate_t, hidden_t, tanh_t = cells.unbind(0), gates.unbind(0), hidden.unbind(0), \
            tanh_c.unbind(0)
        kept_t = [step.unbind(0) for step in kept.unbind(0)]
        d_h, work = x.new_empty(batch, units), x.new_empty(batch, units)
        for t in range(n_steps - 1, -1, -1):
            new, row = depth + t, t % CHUNK_STEPS
            d_c, d_gate = d_cell_ring[depth], d_gate_ring[depth]
            if t + 1 < n_steps:
                _gate_backward(d_gate, gate_t[new], hidden_t[new], gate_w, gate_v, strategy,
                               activation, d_score_t[row], d_hidden_t[row], d_c)
            if d_h_t is None:
                torch.mm(d_z_next, weight_h, out=d_h)
            elif t + 1 < n_steps:
                torch.addmm(d_h_t[t + 1], d_z_next, weight_h, out=d_h)
            else:
                d_h.copy_(d_h_t[t + 1])
            if d_cell_t is not None:
                d_c.add_(d_cell_t[new])
            torch.mul(d_h, tanh_t[t], out=work)
            _sigmoid_backward(work, o_t[t], grad_input=d_zo_t[row])
            d_h.mul_(o_t[t])
            d_c.add_(_tanh_backward(d_h, tanh_t[t], grad_input=work))
            d_candidate = _mix_backward(strategy, d_c, gate_t[t:new], cell_t[t:new],
                                        candidate_t[t], kept_t[t], cell_t[new],
                                        d_gate_ring[:depth], d_cell_ring[:depth], work)
            _tanh_backward(d_candidate, candidate_t[t], grad_input=d_zc_t[row])
            d_z_next = d_z_t[row]
            for ring in (d_gate_ring, d_cell_ring):
                ring.insert(0, ring.pop())
            if row == 0:
                end = min(t + CHUNK_STEPS, n_steps)
                d_z_rows = d_z[:end - t].flatten(0, 1)
                d_weight_h.addmm_(d_z_rows.t(), outputs[t:end].flatten(0, 1))
                d_weight_x.addmm_(d_z_rows.t(), x[t:end].flatten(0, 1))
                if ctx.has_bias:
                    d_bias.add_(d_z_rows.sum(0))
                if d_x is not None:
                    torch.mm(d_z_rows, weight_x, out=d_x[t:end].flatten(0, 1))
                end = min(end, n_steps - 1)     # the last memory has no gate here
                d_score_rows = d_score[:end - t].flatten(0, 1)
                d_gate_v.addmm_(d_score_rows.t(), hidden[depth + t:depth + end].flatten(0, 1))
                d_gate_w.addmm_(d_hidden[:end - t].flatten(0, 1).t(),
                                cells[depth + t:depth + end].flatten(0, 1))
                if ctx.has_gate_bias:
                    d_gate_bias.add_(d_score_rows.sum(0))
                d_z_next = d_z_t[0].clone()     # the next chunk overwrites it

        d_h0 = d_z_next @ weight_h
        if d_h_t is not None:
            d_h0.add_(d_h_t[0])
        # The memories from before the first step; the ring has moved on by one.
        d_score, d_hidden = torch.empty_like(work), torch.empty_like(work)
        for n in range(depth):
            d_cell = d_cell_ring[n + 1]
            if d_cell_t is not None:
                d_cell.add_(d_cell_t[n])
            _gate_backward(d_gate_ring[n + 1], gate_t[n], hidden_t[n], gate_w, gate_v, strategy,
                           activation, d_score, d_hidden, d_cell)
            d_gate_v.addmm_(d_score.t(), hidden_t[n])
            d_gate_w.addmm_(d_hidden.t(), cell_t[n])
            d_gate_bias.add_(d_score.sum(0))
        d_memories = torch.stack(d_cell_ring[:0:-1], dim=1)                     # (B, L, H)
        return (d_x, d_h0, d_memories, d_weight_x, d_bias if ctx.has_bias else None, d_weight_h,
                d_gate_w, d_gate_v, d_gate_bias if ctx.has_gate_bias else None, None, None)


def _tanh(x: Tensor, out: Tensor) -> None:
    """Write tanh; in float32 on a CPU as 2 σ(2 x) - 1, four times faster, 1e-7 off at most."""
    if x.dtype == torch.float32 and x.device.type == 'cpu':
        torch.mul(x, 2, out=out).sigmoid_().mul_(2).sub_(1)
    else:
        torch.tanh(x, out=out)


def _tanh_and_sigmoid(left: Tensor, right: Tensor, both: Tensor) -> None:
    """Do tanh on the left half of ``both`` and σ on the right half, in place."""
    if both.dtype == torch.float32 and both.device.type == 'cpu':
        left.mul_(2)
        both.sigmoid_()
        left.mul_(2).sub_(1)
    else:
        left.tanh_()
        right.sigmoid_()


def _gate(cell: Tensor, w_w: Tensor, w_v: Tensor, bias: Optional[Tensor], strategy: str,
          activation: str, hidden: Tensor, gate: Tensor) -> None:
    """Write tanh(W C) and act(V tanh(W C) + bias), eq. (10), of one memory (B, H)."""
    torch.mm(cell, w_w, out=hidden)
    _tanh(hidden, hidden)
    if bias is None:
        torch.mm(hidden, w_v, out=gate)
    else:
        torch.addmm(bias, hidden, w_v, out=gate)
    if strategy == 'softmax':
        return                                      # the weights are made where it is mixed
    if activation == 'sigmoid':
        gate.sigmoid_()
    elif activation == 'hard_sigmoid':
        gate.div_(6).add_(0.5).clamp_(0, 1)
    else:
        gate.copy_(torch.softmax(gate, -1))


def _gate_backward(d_gate: Tensor, gate: Tensor, hidden: Tensor, gate_w: Tensor, gate_v: Tensor,
                   strategy: str, activation: str, d_score: Tensor, d_hidden: Tensor,
                   d_cell: Tensor) -> None:
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
    torch.mm(d_score, gate_v, out=d_hidden)
    _tanh_backward(d_hidden, hidden, grad_input=d_hidden)
    d_cell.addmm_(d_hidden, gate_w)


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
    """
    Pass d_c on to gates and memories (oldest first); return d_candidate, which may be d_c.

    This step is the first to reach the oldest memory, whose gradients are written; to the
    others it adds.
    """
    depth = len(cells)
    if strategy == 'cascade':
        # From the outside in: q_n = a_n C_n + (1 - a_n) q_{n-1}, q_{-1} = C̃.
        for n in range(depth - 1, 0, -1):
            d_gates[n].addcmul_(d_c, torch.sub(cells[n], kept[n - 1], out=work))
            torch.mul(d_c, gates[n], out=work)
            d_cells[n].add_(work)
            d_c.sub_(work)
        torch.sub(cells[0], candidate, out=work)
        torch.mul(d_c, work, out=d_gates[0])
        return d_c.sub_(torch.mul(d_c, gates[0], out=d_cells[0]))
    if strategy == 'mean':
        d_candidate = d_c.clone()
        d_c.div_(depth)
        torch.mul(d_c, torch.sub(cells[0], candidate, out=work), out=d_gates[0])
        d_candidate.sub_(torch.mul(d_c, gates[0], out=d_cells[0]))
        for n in range(1, depth):
            d_gates[n].addcmul_(d_c, torch.sub(cells[n], candidate, out=work))
            torch.mul(d_c, gates[n], out=work)
            d_cells[n].add_(work)
            d_candidate.sub_(work)
        return d_candidate
    # d_score_n = w_n d_c (C_n - C): the softmax's own sum is d_c C.
    torch.mul(d_c, kept[0], out=d_cells[0])
    torch.mul(d_cells[0], torch.sub(cells[0], cell, out=work), out=d_gates[0])
    for n in range(1, depth):
        d_part = d_c * kept[n]
        d_cells[n].add_(d_part)
        d_gates[n].addcmul_(d_part, torch.sub(cells[n], cell, out=work))
    return d_c.mul_(kept[depth])
