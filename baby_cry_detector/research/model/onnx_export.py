# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The detector as an ONNX graph, by ``torch.onnx.export``; needs torch and the package ``onnx``.

Raw frames in, probabilities out, normalisation, ensemble and temperatures included: the cells'
own equations, traced once. State goes in and comes out by name: ``X`` becomes ``next.X``.
"""

import io
import json
import math
from typing import Any, Dict, List, Optional, Tuple
import warnings

from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.model.cells import CELLS
from baby_cry_detector.model.cells.cell import linear
from baby_cry_detector.model.checkpoint import Checkpoint, Member
from baby_cry_detector.model.recent_statistics import (QUANTILES, SMALLEST_STD, STATISTIC_LIMIT,
                                                       StatisticsArchitecture)
from baby_cry_detector.model.runtime import INPUT_LIMIT
import numpy as np
import onnx
import torch
from torch import nn, Tensor

OPSET = 17
# A graph holds every step of every member until all of them step at once.
MAX_FRAMES = 64

State = Dict[str, Tensor]


def checkpoint_model(checkpoint: Checkpoint) -> Any:
    """
    Return the whole detector, for as many frames as it takes until all members have stepped.

    Inputs: ``frames`` (n, columns of the feature set), n the least common multiple of the
    members' steps, and the state, zeros at the start: ``memberN.layerK.h`` (1, H) and
    ``memberN.layerK.memories`` (L, H) of networks, ``memberN.window`` (W, F) and
    ``memberN.window_count`` (1,) of members that read statistics, and where a member steps less
    often than another its last answer, ``memberN.labels`` (1, labels), ``memberN.needs`` and
    ``memberN.answered`` (1,). Outputs: ``cry_probability`` (answers,), an answer whenever any
    member has stepped; ``need_probabilities`` (answers, needs) where the checkpoint has needs;
    and the state afterwards, each name with ``next.`` in front. Of the metadata,
    ``answer_frames`` says after how many of the frames each answer holds, as a JSON list, and
    ``checkpoint`` is the checkpoint's JSON document.

    :raises ValueError: if all members step together only every `MAX_FRAMES` frames or later.
    """
    detector = _Detector(checkpoint).eval()
    names = list(detector.state)
    outputs = ['cry_probability'] + ['need_probabilities'] * bool(checkpoint.needs)
    frames = torch.zeros(detector.n_frames, len(checkpoint.feature_columns))
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter by tracing is what needs no further package; torch would prefer another.
        warnings.simplefilter('ignore')
        torch.onnx.export(detector, (frames, *detector.state.values()),
                          buffer,  # type: ignore[arg-type]  # a file too, when it traces
                          input_names=['frames', *names], opset_version=OPSET, dynamo=False,
                          output_names=[*outputs, *(f'next.{name}' for name in names)])
    model = onnx.load_from_string(buffer.getvalue())
    onnx.helper.set_model_props(model, {
        'checkpoint': json.dumps(checkpoint.to_document(), sort_keys=True),
        'answer_frames': json.dumps(detector.answer_frames)})
    onnx.checker.check_model(model)
    return model


class _Detector(nn.Module):
    """All members for ``n_frames`` frames; ``state`` is what it starts from, by name."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__()
        stacks = sorted({member.architecture.stack_frames for member in checkpoint.members})
        self.n_frames = math.lcm(*stacks)
        if self.n_frames > MAX_FRAMES:
            raise ValueError(
                f'steps of {" and ".join(map(str, stacks))} frames fall together every '
                f'{self.n_frames} frames only; one graph holds up to {MAX_FRAMES}')
        self.answer_frames = [end for end in range(1, self.n_frames + 1)
                              if any(end % stack == 0 for stack in stacks)]
        self.checkpoint = checkpoint
        self.members = [
            _Statistics(checkpoint, member, member.architecture, stacks[0])
            if isinstance(member.architecture, StatisticsArchitecture)
            else _Recurrent(checkpoint, member, member.architecture, stacks[0])
            for member in checkpoint.members]
        self.state = {f'member{index}.{name}': value for index, member in enumerate(self.members)
                      for name, value in member.zeros.items()}
        self._cry_rows = [checkpoint.labels.index(label) for label in checkpoint.cry_labels]

    def forward(self, frames: Tensor, *values: Tensor) -> Tuple[Tensor, ...]:
        state, inputs = dict(zip(self.state, values)), []
        states = []
        for index, member in enumerate(self.members):
            prefix = f'member{index}.'
            states.append({name[len(prefix):]: value for name, value in state.items()
                           if name.startswith(prefix)})
            inputs.append(member.normalised(frames))
        cries, needs = [], []
        for end in self.answer_frames:
            for member, x, own in zip(self.members, inputs, states):
                if end % member.stack == 0:
                    own.update(member.step(x[end - member.stack:end], own))
            known = math.prod(own['answered'] for own in states if 'answered' in own)
            shares = _shares([own['labels'] for own in states], self.checkpoint.temperature)
            cries.append(shares[:, self._cry_rows].sum(1) * known)
            if self.checkpoint.needs:
                needs.append(known * _shares([own['needs'] for own in states if 'needs' in own],
                                             self.checkpoint.need_temperature))
        after = [states[index][name] for index, member in enumerate(self.members)
                 for name in member.zeros]
        return (torch.cat(cries), *([torch.cat(needs)] if needs else []), *after)


def _shares(logits: List[Tensor], temperature: float) -> Tensor:
    return torch.softmax(torch.stack(logits).mean(0) / temperature, 1)


class _Member:
    """What both kinds share: columns, normalisation, and the answer held between steps."""

    def __init__(self, checkpoint: Checkpoint, member: Member, shortest: int,
                 zeros: Dict[str, Tuple[int, ...]]) -> None:
        a = member.architecture
        self.stack = a.stack_frames
        self._columns = [checkpoint.feature_columns.index(name) for name in member.input_columns]
        self._mean, self._std = torch.from_numpy(member.mean), torch.from_numpy(member.std)
        self.weights = {name: torch.from_numpy(np.array(value))
                        for name, value in member.arrays.items()}
        if self.stack > shortest:               # others answer before its first step
            zeros = {**zeros, 'labels': (1, a.n_labels), 'answered': (1,)}
            if a.n_needs:
                zeros['needs'] = (1, a.n_needs)
        self.zeros = {name: torch.zeros(shape) for name, shape in zeros.items()}

    def normalised(self, frames: Tensor) -> Tensor:
        x = (frames[:, self._columns] - self._mean) / self._std
        wrong = torch.isnan(x) | torch.isinf(x)
        x = torch.where(wrong, torch.zeros_like(x), x)
        return torch.clip(x, -float(INPUT_LIMIT), float(INPUT_LIMIT))

    def step(self, frames: Tensor, state: State) -> State:
        """Return what is new of the state after ``stack`` normalised frames."""
        raise NotImplementedError

    def head(self, name: str, x: Tensor) -> Tensor:
        return linear(x, self.weights[f'{name}.weight'], self.weights.get(f'{name}.bias'))

    def answer(self, labels: Tensor, needs: Optional[Tensor], state: State) -> State:
        state['labels'] = labels
        if needs is not None:
            state['needs'] = needs
        if 'answered' in self.zeros:
            state['answered'] = torch.ones(1)
        return state


class _Recurrent(_Member):
    """A network of `numpy_network.NumpyNetwork`, traced."""

    def __init__(self, checkpoint: Checkpoint, member: Member, architecture: Architecture,
                 shortest: int) -> None:
        a = self._architecture = architecture
        zeros: Dict[str, Tuple[int, ...]] = {}
        for index, units in enumerate(a.hidden_sizes):
            zeros[f'layer{index}.h'] = (1, units)
            if a.n_memories:
                zeros[f'layer{index}.memories'] = (a.n_memories, units)
        super().__init__(checkpoint, member, shortest, zeros)

    def step(self, frames: Tensor, state: State) -> State:
        """Return what is new of the state after ``stack`` normalised frames."""
        a, after = self._architecture, {}
        x = frames.reshape(1, -1)
        for index in range(len(a.hidden_sizes)):
            weights = {name: self.weights[f'layers.{index}.{name}']
                       for name in a.layer_shapes(index)}
            memories = list(state[f'layer{index}.memories'].split(1)) if a.n_memories else []
            x, memories = CELLS[a.cell].step(weights, x, state[f'layer{index}.h'], memories, a,
                                             torch)
            after[f'layer{index}.h'] = x
            if memories:
                after[f'layer{index}.memories'] = torch.cat(memories)
        for index in range(len(a.dense_sizes)):
            x = torch.tanh(self.head(f'dense.{index}', x))
        return self.answer(self.head('label_head', x),
                           self.head('need_head', x) if a.n_needs else None, after)


class _Statistics(_Member):
    """A network of `recent_statistics.StatisticsNetwork`, traced."""

    def __init__(self, checkpoint: Checkpoint, member: Member,
                 architecture: StatisticsArchitecture, shortest: int) -> None:
        a = self._architecture = architecture
        super().__init__(checkpoint, member, shortest, {
            'window': (a.window_frames, a.input_size), 'window_count': (1,)})
        #: Rows of the sorted window that are the quantiles, by how many steps are in it.
        self._places = torch.tensor([[0] * len(QUANTILES)] + [
            [int(round(share * (size - 1))) for share in QUANTILES]
            for size in range(a.period_frames, a.window_frames + 1, a.period_frames)])

    def step(self, frames: Tensor, state: State) -> State:
        """Return what is new of the state after ``period_frames`` normalised frames."""
        a = self._architecture
        length = a.window_frames
        window = torch.cat([state['window'][a.period_frames:], frames])         # (W, F)
        count = torch.clip(state['window_count'] + a.period_frames, 0, length)  # (1,)
        counts = torch.arange(length)[:, None] >= length - count                # (W, 1)
        mean = _mean_where(counts, window, count)
        deviation = torch.sqrt(_mean_where(counts, (window - mean) ** 2, count))
        # What does not count sorts to the end.
        ordered = torch.where(counts, window, torch.full_like(window, 2 * float(INPUT_LIMIT)))
        ordered = torch.sort(ordered, dim=0).values
        quantiles = ordered[self._places[(count / a.period_frames).long()[0]]]
        change, changes = window[1:] - window[:-1], counts[:-1]
        n_changes = torch.clip(count - 1, min=1)
        around = change - _mean_where(changes, change, n_changes)
        statistics = torch.cat([
            mean, deviation, quantiles,
            torch.sqrt(_mean_where(changes, around ** 2, n_changes)),
            _mean_where(changes, change.abs(), n_changes)]).reshape(1, -1)
        x = (statistics - self.weights['statistics.mean']) \
            / torch.clip(self.weights['statistics.std'], min=float(SMALLEST_STD))
        x = torch.clip(x, -float(STATISTIC_LIMIT), float(STATISTIC_LIMIT))
        for index in range(len(a.hidden_sizes)):
            x = torch.relu(self.head(f'dense.{index}', x))
        return self.answer(self.head('label_head', x), None,
                           {'window': window, 'window_count': count})


def _mean_where(counts: Tensor, values: Tensor, n: Tensor) -> Tensor:
    """Return the mean over the rows that count, (1, F)."""
    return torch.where(counts, values, torch.zeros_like(values)).sum(0, keepdim=True) / n
