# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Fits one network on training streams.

One thread and one generator per run: the same seed, data and versions give the same weights.
"""

import csv
from dataclasses import dataclass
import math
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.research.model.network import CryNetwork
from baby_cry_detector.research.training.config import TrainingConfig
from baby_cry_detector.research.training.feature_store import StreamFeatures
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

CRY_INDEX = 1  # of the label head: not_cry, cry
FRAMES_PER_S = 100
#: A step's smoothed logit is kept within this before a segment's highest one is taken.
LOGIT_LIMIT = 8.0


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of each input column, float32."""

    mean: np.ndarray
    std: np.ndarray

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return (values - mean) / std as float32."""
        return ((values - self.mean) / self.std).astype(np.float32)


def make_architecture(config: TrainingConfig, n_columns: int) -> Architecture:
    """Return the detector's architecture: two labels, no need head."""
    model = config.model
    return Architecture(
        input_size=n_columns, hidden_sizes=model.hidden_sizes, cell=model.cell,
        depth=model.depth, depth_strategy=model.depth_strategy,
        gate_activation=model.gate_activation, gate_bias=model.gate_bias,
        stack_frames=model.stack_frames, dense_sizes=model.dense_sizes, dropout=model.dropout)


def fit_normalisation(folds: Sequence[StreamFeatures], columns: np.ndarray) -> Normalisation:
    """
    Return the statistics of up to 400 training streams per fold.

    A constant column keeps scale 1.
    """
    total = np.zeros(len(columns))
    squares = np.zeros(len(columns))
    count = 0
    for fold in folds:
        for stream in fold.values[:400]:
            part = stream[:, columns].astype(np.float64)
            total += part.sum(0)
            squares += (part * part).sum(0)
            count += len(part)
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean * mean, 0.0))
    std[std < 1e-6] = 1.0
    return Normalisation(mean.astype(np.float32), std.astype(np.float32))


def causal_mean(values: Tensor, n_steps: int) -> Tensor:
    """Return the mean over the newest ``n_steps`` (fewer at the start) along the last axis."""
    total = functional.pad(torch.cumsum(values, -1), (1, 0))
    index = torch.arange(values.shape[-1])
    first = torch.clamp(index - n_steps + 1, min=0)
    return (total[..., 1:] - total[..., first]) / (index - first + 1)


class BatchMaker:
    """Deals streams of several folds into batches, every stream once per round."""

    def __init__(self, folds: Sequence[StreamFeatures], columns: np.ndarray,
                 normalisation: Normalisation, batch_size: int, seed: int):
        """Read the columns into memory, normalised; streams are drawn from all over them."""
        self._folds = folds
        self._values = [np.empty(fold.values.shape[:2] + (len(columns),), np.float32)
                        for fold in folds]
        for into, fold in zip(self._values, folds):
            for row, stream in enumerate(fold.values):
                into[row] = normalisation(stream[:, columns])
        self._batch_size = batch_size
        self._rng = np.random.default_rng(seed)
        self._rows = np.array([(number, row) for number, fold in enumerate(folds)
                               for row in range(len(fold.values))])
        self._queue: List[int] = []

    # A003: what gives batches gives its next one.
    def next(self) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray,  # noqa: A003  # above
                            Optional[np.ndarray]]:
        """Return values (B, T, F), target, weight, segment (B, T), teacher (B, W, classes)."""
        while len(self._queue) < self._batch_size:
            self._queue += list(self._rng.permutation(len(self._rows)))
        chosen = self._rows[self._queue[:self._batch_size]]
        self._queue = self._queue[self._batch_size:]
        values, target, weight, segment, teacher = [], [], [], [], []
        for number, row in chosen:
            fold = self._folds[number]
            values.append(self._values[number][row])
            target.append(fold.target[row])
            weight.append(fold.weight[row])
            segment.append(fold.segment[row])
            if fold.teacher is not None:
                teacher.append(fold.teacher[row])
        return (np.stack(values), np.stack(target), np.stack(weight),
                np.stack(segment).astype(np.int64),
                np.stack(teacher).astype(np.float32) if teacher else None)


def cry_logit(label_logits: Tensor) -> Tensor:
    """Return the logit of P(cry) from the two label logits."""
    return label_logits[..., CRY_INDEX] - label_logits[..., 1 - CRY_INDEX]


def batch_loss(logit: Tensor, target: Tensor, weight: Tensor, segment: Tensor,
               config: TrainingConfig) -> Tensor:
    """
    Return the loss of a batch; all arguments (B, steps).

    Weighted cross-entropy of every step, plus ``segment_weight`` times that of each segment's
    highest smoothed logit, which is what decides about a clip.
    """
    options = config.training
    soft = target * (1 - 2 * options.label_smoothing) + options.label_smoothing
    steps = functional.binary_cross_entropy_with_logits(logit, soft, reduction='none')
    loss = (steps * weight).sum() / weight.sum().clamp(min=1.0)
    if options.segment_weight > 0:
        per_step = config.model.stack_frames / FRAMES_PER_S
        window = max(1, int(round(config.decision.smoothing_s / per_step)))
        smooth = causal_mean(logit.clamp(-LOGIT_LIMIT, LOGIT_LIMIT), window)
        smooth = torch.where(weight > 0, smooth, torch.full_like(smooth, -LOGIT_LIMIT - 1))
        shape = (len(segment), int(segment.max()) + 1)

        def highest(values: Tensor, floor: float) -> Tensor:
            start = torch.full(shape, floor)
            return start.scatter_reduce(1, segment, values, 'amax', include_self=True)

        counted = highest(weight, 0.0) > 0.9  # segments long enough to be judged
        top = functional.binary_cross_entropy_with_logits(
            highest(smooth, -LOGIT_LIMIT - 1), highest(soft, 0.0), reduction='none')
        loss = loss + options.segment_weight * (top * counted).sum() / counted.sum().clamp(min=1)
    return loss


def train_network(folds: Sequence[StreamFeatures], columns: np.ndarray, config: TrainingConfig,
                  seed: int, *, curve_file: Optional[Path] = None,
                  validate: Optional[Callable[[CryNetwork, Normalisation], float]] = None,
                  progress: Callable[[int, int, float], None] = lambda *_: None
                  ) -> Tuple[CryNetwork, Normalisation, List[dict]]:
    """
    Fit one network and return it with its normalisation and learning curve.

    :param folds: training streams, one entry per fold that may be learned from.
    :param columns: indices of the feature columns that the network reads.
    :param curve_file: where to write the curve as CSV.
    :param validate: gives the AUC on clips that are neither trained on nor scored; called every
        ``evaluate_every`` updates, and decides which weights stay if ``early_stopping``.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    options = config.training
    normalisation = fit_normalisation(folds, columns)
    batches = BatchMaker(folds, columns, normalisation, options.batch_size, seed)
    shortest, longest = config.model.memory_steps
    network = CryNetwork(make_architecture(config, len(columns)),
                         memory_steps=(shortest, longest))
    average = CryNetwork(network.architecture)
    average.load_state_dict(network.state_dict())
    stack = network.architecture.stack_frames
    pupil = None
    if config.distillation.weight > 0:
        pupil = Pupil(network, folds[0], config.distillation.weight)
    trained = list(network.parameters()) + (list(pupil.parameters()) if pupil else [])
    optimiser = torch.optim.Adam(trained, lr=options.learning_rate,
                                 betas=(0.9, options.beta2), weight_decay=options.weight_decay)
    curve: List[dict] = []
    best: Tuple[float, Optional[Dict[str, Tensor]]] = (-math.inf, None)
    loss_sum = 0.0
    network.train()
    for update in range(options.updates):
        rate = options.learning_rate * min(1.0, (update + 1) / 20)
        rate *= 0.5 + 0.5 * math.cos(math.pi * update / options.updates)
        for group in optimiser.param_groups:
            group['lr'] = rate
        *parts, teacher = batches.next()
        values, target, weight, segment = (torch.from_numpy(part) for part in parts)
        logits, _, _ = network(values)
        steps = slice(stack - 1, logits.shape[1] * stack, stack)
        loss = batch_loss(cry_logit(logits), target[:, steps], weight[:, steps],
                          segment[:, steps], config)
        if pupil is not None:
            loss = loss + pupil.loss(torch.from_numpy(teacher))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, options.gradient_clip)
        optimiser.step()
        _update_average(average, network, min(options.averaging, (update + 1) / (update + 10)))
        loss_sum += loss.item()
        progress(update + 1, options.updates, loss.item())
        if (update + 1) % options.evaluate_every == 0 or update + 1 == options.updates:
            n_since = (update % options.evaluate_every) + 1
            row = {'update': update + 1, 'loss': round(loss_sum / n_since, 5),
                   'learning_rate': round(rate, 7)}
            loss_sum = 0.0
            if validate is not None:
                average.eval()
                row['validation_auc'] = round(validate(average, normalisation), 5)
                if row['validation_auc'] > best[0]:
                    best = (row['validation_auc'],
                            {name: value.clone() for name, value in average.state_dict().items()})
            curve.append(row)
            if curve_file is not None:
                write_curve(curve, curve_file)
    if pupil is not None:
        pupil.leave()
    if options.early_stopping and best[1] is not None:
        average.load_state_dict(best[1])
    average.eval()
    return average, normalisation, curve


class Pupil(torch.nn.Module):
    """
    A second head for the time of training: all that the teacher hears, from the same states.

    Where a window of the teacher ends, the network has heard the whole of it. The head reads
    what the label head reads, and is thrown away afterwards.

    :param streams: any of the training streams; they tell where the windows end.
    :raises ValueError: if no teacher has heard the streams.
    """

    def __init__(self, network: CryNetwork, streams: StreamFeatures, weight: float):
        super().__init__()
        if streams.teacher is None:
            raise ValueError('distillation.weight is above 0, but no teacher was given')
        stack = network.architecture.stack_frames
        # The first step that is complete when the window has ended.
        self._steps = torch.as_tensor((np.asarray(streams.teacher_frame) + 1) // stack - 1)
        self._weight = weight
        self.head = torch.nn.Linear(network.label_head.in_features, streams.teacher.shape[-1])
        torch.nn.init.constant_(self.head.bias, -5.0)       # most classes are silent
        self._states: Optional[Tensor] = None
        self._hook = network.label_head.register_forward_pre_hook(self._see)

    def _see(self, module, arguments) -> None:
        self._states = arguments[0]

    def loss(self, teacher: Tensor) -> Tensor:
        """Return the weighted loss against scores (B, windows, classes)."""
        assert self._states is not None         # the network has just heard the batch
        logits = self.head(self._states[:, self._steps])
        self._states = None
        every = functional.binary_cross_entropy_with_logits(logits, teacher, reduction='none')
        return self._weight * every.sum(-1).mean()

    def leave(self) -> None:
        """Take the head off the network."""
        self._hook.remove()


def write_curve(curve: Sequence[dict], file: Path) -> None:
    """Write a learning curve as CSV."""
    with open(file, 'w', newline='', encoding='utf-8') as stream:
        writer = csv.DictWriter(stream, list(curve[0]))
        writer.writeheader()
        writer.writerows(curve)


@torch.no_grad()
def _update_average(average: CryNetwork, network: CryNetwork, decay: float) -> None:
    for mean, value in zip(average.parameters(), network.parameters()):
        mean.lerp_(value, 1.0 - decay)


@torch.no_grad()
def frame_logits(network: CryNetwork, normalisation: Normalisation,
                 frames: Sequence[np.ndarray], batch_size: int = 64) -> List[np.ndarray]:
    """
    Return the cry logit of every frame of each clip, each clip from a fresh state.

    As the streaming runtime does, a frame that completes no step repeats the answer before it;
    frames before the first step are NaN: no answer yet.
    """
    stack = network.architecture.stack_frames
    order = np.argsort([len(clip) for clip in frames], kind='stable')
    results: List[np.ndarray] = [np.zeros(0, np.float32)] * len(frames)
    for start in range(0, len(order), batch_size):
        chosen = order[start:start + batch_size]
        lengths = [len(frames[index]) for index in chosen]
        batch = np.zeros((len(chosen), max(lengths + [stack]), len(normalisation.mean)),
                         np.float32)
        for row, index in enumerate(chosen):
            batch[row, :lengths[row]] = normalisation(frames[index])
        logits = cry_logit(network(torch.from_numpy(batch))[0]).numpy()
        for row, index in enumerate(chosen):
            results[index] = spread_steps(logits[row], lengths[row], stack)
    return results


def frame_probabilities(network: CryNetwork, normalisation: Normalisation,
                        frames: Sequence[np.ndarray]) -> List[np.ndarray]:
    """Return P(cry) of every frame of each clip; 0 before the first step."""
    return [np.nan_to_num(1.0 / (1.0 + np.exp(-logit.astype(float))))
            for logit in frame_logits(network, normalisation, frames)]


def spread_steps(steps: np.ndarray, n_frames: int, stack: int) -> np.ndarray:
    """Return one value per frame: that of the newest step complete by then, NaN before."""
    newest = (np.arange(n_frames) + 1) // stack - 1
    values = np.full(n_frames, np.nan, np.float32)
    known = newest >= 0
    values[known] = steps[newest[known]]
    return values
