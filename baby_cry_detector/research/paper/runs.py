# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Trains the networks of a comparison, one file per (model, fold, seed), resumable.

Folder of a comparison::

    DIR/config.json      preset, data digest, versions: what all runs share
    DIR/runs/depth1-fold-0-seed-1.json ...   curves and answers of one training
    DIR/baseline.json    the statistical baseline in the same folds
    DIR/scores.json      all of them in one file; figures.json, report.md and *.png beside it

Runs are interleaved: every model of a fold and seed before the next fold, so that a machine
that is busy for a while slows all of them alike.
"""

import copy
import json
import math
import os
from pathlib import Path
import time
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from baby_cry_detector.research.evaluation import metrics
from baby_cry_detector.research.model.network import CryNetwork
from baby_cry_detector.research.paper.data import cut_for, normalise, PaperData
from baby_cry_detector.research.paper.settings import MODELS, Preset
from baby_cry_detector.research.training.feature_store import no_progress, Progress
from baby_cry_detector.research.training.manifest import ManifestError
from baby_cry_detector.research.training.run import versions
import numpy as np
import torch
from torch.nn import functional

SCORE_BATCH = 256
#: A comparison's figures are the mean over the answers after each of so many last epochs.
TAIL_EPOCHS = 10


class Comparison:
    """Runs what is missing and returns all results."""

    def __init__(self, data: PaperData, preset: Preset, out_dir: Path, resume: bool = False,
                 progress: Progress = no_progress, say: Callable[[str], None] = lambda text: None):
        """
        Prepare the folder.

        :param resume: go on in a folder that holds finished runs.
        :raises ManifestError: if the folder holds runs of other data or settings, or of the
            same ones without ``resume``.
        """
        self.data, self.preset, self.out_dir = data, preset, Path(out_dir)
        self._progress, self._say = progress, say
        self._cut: Optional[List[np.ndarray]] = None
        self._normalised: Tuple[int, List[np.ndarray]] = (-1, [])
        self.config: Dict[str, Any] = {
            'data': data.name, 'feature_set': data.feature_set, 'data_sha256': data.digest,
            'labels': list(data.labels), 'preset': preset.to_dict(), 'versions': versions()}
        file = self.out_dir / 'config.json'
        if file.is_file():
            before = json.loads(file.read_text(encoding='utf-8'))
            for key in ('data', 'feature_set', 'data_sha256', 'preset'):
                if before.get(key) != self.config[key]:
                    raise ManifestError(f'{self.out_dir}: holds runs with another {key}; give '
                                        'another --out or empty the folder')
            done = len(list((self.out_dir / 'runs').glob('*.json')))
            if done and not resume:
                raise ManifestError(f'{self.out_dir}: holds {done} finished runs; --resume goes '
                                    'on with them, or give another --out')
        (self.out_dir / 'runs').mkdir(parents=True, exist_ok=True)
        write_json(file, self.config)

    def run(self, models: Sequence[str], seeds: Sequence[int]) -> List[Dict]:
        """Train what has no file yet; return every run's document."""
        wanted = [(seed, fold, model) for seed in seeds for fold in self.data.fold_numbers
                  for model in models]
        results = []
        for number, (seed, fold, model) in enumerate(wanted):
            file = self.out_dir / 'runs' / f'{model}-fold-{fold}-seed-{seed}.json'
            if not file.is_file():
                write_json(file, self.train(model, fold, seed,
                                            f'run {number + 1} of {len(wanted)}'))
                last = json.loads(file.read_text(encoding='utf-8'))
                self._say(f'{MODELS[model].title}, fold {fold}, seed {seed}: '
                          f'UAR {last["uar"][-1]:.3f}, WAR {last["war"][-1]:.3f}')
            results.append(json.loads(file.read_text(encoding='utf-8')))
        return results

    def finished(self, models: Sequence[str]) -> List[Dict]:
        """Return the documents of all runs of some models that are there."""
        files = sorted((self.out_dir / 'runs').glob('*.json'))
        runs = [json.loads(file.read_text(encoding='utf-8')) for file in files]
        return [run for run in runs if run['model'] in models]

    def frames(self, left_out: int) -> List[np.ndarray]:
        """Return all clips' frames, normalised without a fold."""
        if self._cut is None:
            self._cut = cut_for(self.data, self.preset)
        if self._normalised[0] != left_out:
            self._normalised = (left_out, normalise(self.data, self._cut, left_out,
                                                    self.preset.normalisation))
        return self._normalised[1]

    def train(self, model: str, fold: int, seed: int, title: str = '') -> Dict:
        """
        Train one network without a fold and score that fold after every epoch.

        Same seed and fold: the same order of the clips for every model. CPU seconds are those
        of training alone, scoring left out.
        """
        preset, data = self.preset, self.data
        frames = self.frames(fold)
        inside = np.flatnonzero(data.folds != fold)
        outside = np.flatnonzero(data.folds == fold)
        n_classes = len(data.labels)
        torch.manual_seed(1000 * seed + fold)
        order = np.random.default_rng(1000 * seed + fold)
        network = CryNetwork(preset.architecture(MODELS[model], len(data.columns), n_classes),
                             preset.memory_steps)
        optimiser = torch.optim.Adam(network.parameters(), lr=preset.learning_rate,
                                     betas=(0.9, preset.beta2), weight_decay=preset.weight_decay)
        average = copy.deepcopy(network) if preset.averaging else network
        weights = class_weights(data.truth[inside], n_classes) if preset.class_weights else None
        curve: Dict[str, List[float]] = {key: [] for key in
                                         ('loss', 'train_war', 'uar', 'war', 'cpu_s')}
        tail: List[np.ndarray] = []
        n_batches = -(-len(inside) // preset.batch_size)
        update = 0
        for epoch in range(preset.epochs):
            network.train()
            start = time.process_time()
            losses, right = 0.0, 0
            for chosen in np.array_split(order.permutation(inside), n_batches):
                batch, lengths = padded(frames, chosen, preset.stack_frames)
                if preset.input_noise:
                    batch += preset.input_noise * torch.randn_like(batch)
                if preset.cosine:
                    rate = 0.5 + 0.5 * math.cos(math.pi * update / (n_batches * preset.epochs))
                    optimiser.param_groups[0]['lr'] = preset.learning_rate * rate
                logits = clip_logits(network, batch, lengths, preset.pooling)
                target = torch.from_numpy(data.truth[chosen])
                loss = functional.cross_entropy(logits, target, weight=weights)
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                if preset.gradient_clip > 0:
                    torch.nn.utils.clip_grad_norm_(network.parameters(), preset.gradient_clip)
                optimiser.step()
                update += 1
                if preset.averaging:
                    update_average(average, network, min(preset.averaging,
                                                         update / (update + 10)))
                losses += loss.item() * len(chosen)
                right += int((logits.argmax(1) == target).sum())
            curve['cpu_s'].append(round(time.process_time() - start, 4))
            curve['loss'].append(round(losses / len(inside), 5))
            curve['train_war'].append(round(right / len(inside), 4))
            probabilities = self._score(average, frames, outside)
            tail = [*tail[1 - TAIL_EPOCHS:], probabilities]
            matrix = metrics.confusion_matrix(data.truth[outside], probabilities.argmax(1),
                                              n_classes)
            curve['uar'].append(round(metrics.unweighted_recall(matrix), 4))
            curve['war'].append(round(metrics.weighted_recall(matrix), 4))
            self._progress(f'{title}: {MODELS[model].title}, fold {fold}, seed {seed}, '
                           f'loss {curve["loss"][-1]:.3f}', epoch + 1, preset.epochs)
        if not np.isfinite(tail[-1]).all():
            self._say(f'WARNING: {model}, fold {fold}, seed {seed}: the training diverged')
        return {'model': model, 'fold': fold, 'seed': seed, 'batches_per_epoch': n_batches,
                **curve, 'clips': [int(index) for index in outside],
                'decided': [[int(label) for label in answer.argmax(1)] for answer in tail],
                'probability': [[round(float(value), 4) for value in row]
                                for row in np.nan_to_num(tail[-1])]}

    def _score(self, network: CryNetwork, frames: List[np.ndarray],
               chosen: np.ndarray) -> np.ndarray:
        network.eval()
        rows = []
        with torch.no_grad():
            for start in range(0, len(chosen), SCORE_BATCH):
                batch = padded(frames, chosen[start:start + SCORE_BATCH],
                               self.preset.stack_frames)
                logits = clip_logits(network, *batch, self.preset.pooling)
                rows.append(torch.softmax(logits, 1).double().numpy())
        return np.concatenate(rows)


def class_weights(truth: np.ndarray, n_classes: int) -> torch.Tensor:
    """Return weights that give every class the same say, mean 1 over the clips."""
    counts = np.bincount(truth, minlength=n_classes)
    return torch.tensor(len(truth) / (np.maximum(counts, 1) * (counts > 0).sum()),
                        dtype=torch.float32)


def padded(frames: Sequence[np.ndarray], chosen: np.ndarray, stack: int
           ) -> Tuple[torch.Tensor, Optional[torch.Tensor]]:
    """
    Return clips side by side (B, T, F) and their lengths, None where all are equal.

    A clip shorter than one step of ``stack`` frames is padded with zeros to one.
    """
    lengths = [max(len(frames[index]), stack) for index in chosen]
    batch = np.zeros((len(chosen), max(lengths), frames[chosen[0]].shape[1]), np.float32)
    for row, index in enumerate(chosen):
        batch[row, :len(frames[index])] = frames[index]
    equal = len(set(lengths)) == 1
    return torch.from_numpy(batch), None if equal else torch.tensor(lengths)


def clip_logits(network: CryNetwork, batch: torch.Tensor, lengths: Optional[torch.Tensor],
                pooling: str) -> torch.Tensor:
    """Return (B, n_classes): the logits at each clip's last step, or the mean of its steps."""
    logits = network(batch, lengths)[0]
    stack = network.architecture.stack_frames
    steps = logits.shape[1] if lengths is None else (lengths // stack)[:, None]
    if pooling == 'mean':
        inside = torch.arange(logits.shape[1])[None] < steps
        return torch.where(inside[..., None], logits, logits.new_zeros(())).sum(1) / steps
    if lengths is None:
        return logits[:, -1]
    return logits[torch.arange(len(batch)), lengths // stack - 1]


@torch.no_grad()
def update_average(average: CryNetwork, network: CryNetwork, decay: float) -> None:
    """Move the averaged weights towards the network's."""
    for mean, value in zip(average.parameters(), network.parameters()):
        mean.lerp_(value, 1.0 - decay)


def write_json(file: Path, document: Dict) -> None:
    """Write a document that is either whole or not there."""
    part = file.with_name(file.name + '.part')
    part.write_text(json.dumps(document) + '\n', encoding='utf-8')
    os.replace(part, file)
