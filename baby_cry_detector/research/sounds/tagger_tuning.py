# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
mn04's last blocks, trained on with the probe that reads it.

What its first blocks make of a window never changes, so it is computed once and kept: an update
costs a quarter of the network. So that it does not forget what else a sound is, its own classes of
AudioSet are taught to it beside what is wanted: what it is now has to give the probabilities that
it gave before.
"""

from dataclasses import dataclass, field
import math
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from baby_cry_detector.model.second.sound_network import WINDOW_SAMPLES
from baby_cry_detector.model.second.tagger import BLOCKS, frame_window, mel_bands, picture
from baby_cry_detector.research.sounds.tagger import BatchTagger, newest
import numpy as np
import torch
from torch import nn, Tensor
from torch.nn import functional

BATCH = 64
_WARM_UPDATES = 50
_CLIP = 2.0
# Of a window's rows (bands) and columns (time), this share is hidden at once.
_HIDDEN_ROWS, _HIDDEN_COLUMNS = 1 / 8, 1 / 6


@dataclass(frozen=True)
class TuningSettings:
    """
    How it is trained.

    :param blocks: the last ones, that are trained.
    :param draws: windows an epoch, drawn by their weights, cries and others alike often.
    :param rate: of the network's weights; ``probe_rate`` of the probe's.
    :param keep: weight of its own classes.
    :param p_hidden: probability that a part of a window is hidden.
    """

    blocks: int = 5
    epochs: int = 2
    draws: int = 7168
    rate: float = 1e-3
    probe_rate: float = 5e-4
    decay: float = 0.03
    dropout: float = 0.3
    keep: float = 1.0
    p_hidden: float = 0.3
    smooth_target: float = 0.02
    seed: int = 0


@dataclass(frozen=True)
class Part:
    """
    Windows of one stream.

    :param front: float16 (n, rows, columns, channels), as `fronts` gives them.
    :param known: float16 (n, V) that was heard of them: other networks' values, then mn04's own.
    :param is_cry: (n,)
    :param weight: (n,) how much each counts.
    """

    front: np.ndarray
    known: np.ndarray
    is_cry: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class Classes:
    """The published network's classes, by its embedding: ``{name: weights}`` of its state."""

    weights: Mapping[str, Tensor] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> 'Classes':
        """
        Read them from ``mn04_as_mAP_432.pt``.

        :raises OSError: if it can't be read.
        """
        state = torch.load(file, map_location='cpu', weights_only=True)
        return cls({name: state[name].float() for name in (
            'classifier.2.weight', 'classifier.2.bias', 'classifier.5.weight',
            'classifier.5.bias')})

    def __call__(self, embedding: Tensor) -> Tensor:
        """Return their log-odds, (n, 527)."""
        x = functional.hardswish(functional.linear(
            embedding, self.weights['classifier.2.weight'], self.weights['classifier.2.bias']))
        return functional.linear(x, self.weights['classifier.5.weight'],
                                 self.weights['classifier.5.bias'])


class TunableTagger(BatchTagger):
    """
    The network whose last blocks can be trained.

    :ivar tuned: what is trained, by name.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], blocks: int):
        super().__init__(arrays)
        self._before, self.after = arrays, len(BLOCKS) - blocks
        numbers = {str(number) for number in range(self.after, len(BLOCKS))}
        self.tuned: Dict[str, nn.Parameter] = {}
        for name in list(self._weights):
            layer = name.removesuffix('_bias')
            if layer == 'last' or layer.lstrip('abcdefghijklmnopqrstuvwxyz') in numbers:
                self.tuned[name] = nn.Parameter(self._weights[name].clone())
                self._weights[name] = self.tuned[name]

    def arrays(self) -> Dict[str, np.ndarray]:
        """Return what is shipped of it; see `tagger_shapes`."""
        found = dict(self._before)
        for name, value in self.tuned.items():
            weights = value.detach().numpy()
            if weights.ndim == 4:
                is_product = weights.shape[2:] == (1, 1)
                weights = (weights[:, :, 0, 0].T if is_product
                           else weights[:, 0].transpose(1, 2, 0))
            found[name] = np.ascontiguousarray(weights, found[name].dtype)
        return found


def fronts(arrays: Mapping[str, np.ndarray], blocks: int, samples: np.ndarray,
           starts: np.ndarray) -> np.ndarray:
    """Return what all but the last blocks make of windows, float16 (n, rows, columns, C)."""
    net = BatchTagger(arrays)
    window, bands = frame_window(), mel_bands()
    rows: List[np.ndarray] = []
    for at in range(0, len(starts), BATCH):
        pictures = np.stack([picture(newest(samples, start + WINDOW_SAMPLES, WINDOW_SAMPLES),
                                     window, bands) for start in starts[at:at + BATCH]])
        with torch.no_grad():
            x = net.through_first(torch.from_numpy(pictures)[:, None], len(BLOCKS) - blocks)
        rows.append(x.permute(0, 2, 3, 1).numpy().astype(np.float16))
    return np.concatenate(rows)


def embedded(arrays: Mapping[str, np.ndarray], blocks: int, front: np.ndarray) -> np.ndarray:
    """Return the embeddings of windows by what `fronts` gave of them, float32 (n, 384)."""
    net = BatchTagger(arrays)
    with torch.no_grad():
        return np.concatenate([
            net.embedded(_as_pictures(front[at:at + BATCH]), len(BLOCKS) - blocks).numpy()
            for at in range(0, len(front), BATCH)])


def _as_pictures(front: np.ndarray) -> Tensor:
    # The other way round it takes half as long again.
    return torch.from_numpy(np.asarray(front, np.float32)).permute(0, 3, 1, 2)


def tune(parts: Sequence[Part], arrays: Mapping[str, np.ndarray],
         probe: Mapping[str, np.ndarray], classes: Classes,
         settings: TuningSettings = TuningSettings(),
         watch: Optional[Callable[[int, Dict[str, np.ndarray], Dict[str, np.ndarray]],
                                  None]] = None
         ) -> Tuple[Dict[str, np.ndarray], Dict[str, np.ndarray]]:
    """
    Return mn04's arrays and the probe's, trained on together.

    :param probe: where the probe begins, as `confirmer.fit_probe` returns it.
    :param watch: is told of every epoch's number, arrays and probe.
    """
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    front = np.concatenate([part.front for part in parts])
    known = np.concatenate([part.known for part in parts])
    truth = np.concatenate([part.is_cry for part in parts])
    chance = np.concatenate([part.weight for part in parts]).astype(float)
    chance[truth] *= chance[~truth].sum() / max(chance[truth].sum(), 1e-9)
    chance /= chance.sum()
    net = TunableTagger(arrays, settings.blocks)
    head = _head(probe, settings.dropout)
    others = known.shape[1] - arrays['last_bias'].size
    mean, std = torch.from_numpy(probe['mean']), torch.from_numpy(probe['std'])
    optimiser = torch.optim.AdamW([
        {'params': list(net.tuned.values()), 'lr': settings.rate, 'weight_decay': 0.0},
        {'params': list(head.parameters()), 'lr': settings.probe_rate,
         'weight_decay': settings.decay}])
    per_epoch = max(1, settings.draws // BATCH)
    updates = settings.epochs * per_epoch
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda at: min(
        1.0, (at + 1) / _WARM_UPDATES) * (0.5 + 0.5 * math.cos(math.pi * min(1, at / updates))))
    for epoch in range(settings.epochs):
        for _ in range(per_epoch):
            rows = rng.choice(len(front), BATCH, p=chance)
            heard = torch.from_numpy(known[rows].astype(np.float32))
            embedding = net.embedded(
                _hidden(_as_pictures(front[rows]), settings.p_hidden, rng), net.after)
            said = head((torch.cat([heard[:, :others], embedding], 1) - mean) / std)[:, 0]
            target = torch.from_numpy(truth[rows].astype(np.float32)) * (
                1 - 2 * settings.smooth_target) + settings.smooth_target
            loss = functional.binary_cross_entropy_with_logits(said, target)
            if settings.keep:
                wanted = torch.sigmoid(classes(heard[:, others:]))
                # Of 527 classes few are ever there: their sum, not their mean.
                loss = loss + settings.keep * functional.binary_cross_entropy_with_logits(
                    classes(embedding), wanted, reduction='sum') / len(rows) / 10
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([*net.tuned.values(), *head.parameters()], _CLIP)
            optimiser.step()
            schedule.step()
        if watch is not None:
            watch(epoch + 1, net.arrays(), _probe(head, probe))
    return net.arrays(), _probe(head, probe)


def _head(probe: Mapping[str, np.ndarray], dropout: float) -> nn.Sequential:
    hidden, count = probe['hidden'].shape
    head = nn.Sequential(nn.Dropout(dropout), nn.Linear(count, hidden), nn.ReLU(),
                         nn.Dropout(dropout), nn.Linear(hidden, 1))
    with torch.no_grad():
        for value, name in zip(head.parameters(), (
                'hidden', 'hidden_bias', 'output', 'output_bias')):
            value.copy_(torch.from_numpy(probe[name]).reshape(value.shape))
    return head


def _probe(head: nn.Sequential, before: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
    found = {name: value.detach().numpy().astype(np.float32).copy() for name, value in zip(
        ('hidden', 'hidden_bias', 'output', 'output_bias'), head.parameters())}
    found['output'] = found['output'][0]
    return {'mean': before['mean'], 'std': before['std'], **found}


def _hidden(x: Tensor, chance: float, rng: np.random.Generator) -> Tensor:
    """Hide bands or moments of some windows."""
    for number in np.flatnonzero(rng.random(len(x)) < chance):
        is_time = rng.random() < 0.5
        size = x.shape[3 if is_time else 2]
        width = max(1, round(size * (_HIDDEN_COLUMNS if is_time else _HIDDEN_ROWS)))
        at = int(rng.integers(0, size - width + 1))
        part = slice(at, at + width)
        if is_time:
            x[number, :, :, part] = 0.0
        else:
            x[number, :, part] = 0.0
    return x
