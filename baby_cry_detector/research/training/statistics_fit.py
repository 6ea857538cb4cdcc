# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Fits a member that reads statistics of recent frames (`model.recent_statistics`).

Windows end all along the training streams, so they hold what the robot's windows will hold: the
end of one sound and the beginning of the next. The target is that of the window's last frame.
"""

import math
from pathlib import Path
from typing import Callable, Dict, List, Sequence

from baby_cry_detector.model.checkpoint import Member
from baby_cry_detector.model.recent_statistics import (standardise, StatisticsArchitecture,
                                                       StatisticsNetwork, window_statistics)
from baby_cry_detector.research.training.config import StatisticsOptions
from baby_cry_detector.research.training.feature_store import StreamFeatures
from baby_cry_detector.research.training.loop import (CRY_INDEX, fit_normalisation, Normalisation,
                                                      spread_steps, write_curve)
import numpy as np
import torch
from torch import nn
from torch.nn import functional

#: Windows whose target counts less than this teach nothing.
SMALLEST_WEIGHT = 0.05


def stream_windows(frames: np.ndarray, options: StatisticsOptions) -> np.ndarray:
    """Return the statistics of windows along a stream, (n_windows, 9 F) for frames (T, F)."""
    ends = window_ends(len(frames), options)
    return np.stack([window_statistics(frames[max(0, end - options.window_frames):end])
                     for end in ends])


def window_ends(n_frames: int, options: StatisticsOptions) -> np.ndarray:
    """Return after how many frames the windows end."""
    return np.arange(options.every_frames, n_frames + 1, options.every_frames)


def fit_member(folds: Sequence[StreamFeatures], columns: np.ndarray, names: Sequence[str],
               options: StatisticsOptions, seed: int, curve_file: Path,
               progress: Callable[[int, int, float], None] = lambda *_: None) -> Member:
    """
    Fit one member.

    :param folds: training streams, one entry per fold that may be learned from.
    :param columns: indices of the feature columns that it reads; ``names`` are theirs.
    :param curve_file: where to write the loss of each epoch as CSV.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    normalisation = fit_normalisation(folds, columns)
    windows, targets, weights = [], [], []
    for fold in folds:
        for row, stream in enumerate(fold.values):
            last = window_ends(len(stream), options) - 1
            counted = fold.weight[row][last] > SMALLEST_WEIGHT
            heard = stream_windows(normalisation(stream[:, columns]), options)
            windows.append(heard[counted])
            targets.append(fold.target[row][last][counted])
            weights.append(fold.weight[row][last][counted])
    statistics = np.concatenate(windows)
    mean, std = statistics.mean(0), statistics.std(0)
    values = torch.from_numpy(standardise(statistics, mean, std))
    target = torch.from_numpy(np.concatenate(targets).astype(np.float32))
    target = target * (1 - 2 * options.label_smoothing) + options.label_smoothing
    weight = torch.from_numpy(np.concatenate(weights).astype(np.float32))

    architecture = StatisticsArchitecture(
        len(columns), options.window_frames, options.period_frames, options.hidden_sizes)
    network = _network(architecture, options.dropout)
    optimiser = torch.optim.AdamW(network.parameters(), lr=options.learning_rate,
                                  weight_decay=options.weight_decay)
    n_batches = max(1, len(values) // options.batch_size)
    curve: List[dict] = []
    for epoch in range(options.epochs):
        loss_sum = 0.0
        for number, chosen in enumerate(torch.randperm(len(values)).chunk(n_batches)):
            share = (epoch * n_batches + number) / (options.epochs * n_batches)
            for group in optimiser.param_groups:
                group['lr'] = options.learning_rate * (0.5 + 0.5 * math.cos(math.pi * share))
            logits = network(values[chosen])
            losses = functional.binary_cross_entropy_with_logits(
                logits[:, CRY_INDEX] - logits[:, 1 - CRY_INDEX], target[chosen], reduction='none')
            loss = (losses * weight[chosen]).sum() / weight[chosen].sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            loss_sum += loss.item()
        curve.append({'epoch': epoch + 1, 'loss': round(loss_sum / n_batches, 5)})
        write_curve(curve, curve_file)
        progress(epoch + 1, options.epochs, curve[-1]['loss'])
    arrays = {'statistics.mean': mean, 'statistics.std': std, **_arrays(network, architecture)}
    return Member(architecture, tuple(names), normalisation.mean, normalisation.std, arrays)


def _network(architecture: StatisticsArchitecture, dropout: float) -> nn.Sequential:
    # A third of the dropout on the input: many statistics say nearly the same.
    layers: List[nn.Module] = [nn.Dropout(dropout / 3)]
    size = architecture.n_statistics
    for units in architecture.hidden_sizes:
        layers += [nn.Linear(size, units), nn.ReLU(), nn.Dropout(dropout)]
        size = units
    return nn.Sequential(*layers, nn.Linear(size, architecture.n_labels))


def _arrays(network: nn.Sequential, architecture: StatisticsArchitecture
            ) -> Dict[str, np.ndarray]:
    names = [f'dense.{layer}' for layer in range(len(architecture.hidden_sizes))] + ['label_head']
    arrays = {}
    for name, layer in zip(names, (layer for layer in network if isinstance(layer, nn.Linear))):
        arrays[f'{name}.weight'] = layer.weight.detach().numpy().copy()
        arrays[f'{name}.bias'] = layer.bias.detach().numpy().copy()
    return arrays


def frame_logits(member: Member, frames: Sequence[np.ndarray]) -> List[np.ndarray]:
    """
    Return the cry logit of every frame of each clip, each clip from a fresh state.

    Made by the network that runs on the robot. A frame that completes no step repeats the
    answer before it; frames before the first step are NaN: no answer yet.
    """
    architecture = member.architecture
    if not isinstance(architecture, StatisticsArchitecture):
        raise TypeError('expected a member that reads statistics')
    network = StatisticsNetwork(architecture, member.arrays)
    normalisation = Normalisation(member.mean, member.std)
    period = architecture.period_frames
    results = []
    for clip in frames:
        network.reset()
        values = normalisation(clip)
        steps = [network.step(values[start:start + period].ravel())[0]
                 for start in range(0, len(values) - period + 1, period)]
        logits = np.array([step[CRY_INDEX] - step[1 - CRY_INDEX] for step in steps], np.float32)
        results.append(spread_steps(logits, len(values), period))
    return results
