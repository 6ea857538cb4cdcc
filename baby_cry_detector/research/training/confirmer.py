# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Fits the second listener: a probe on what large networks know of what the first takes for crying.

Each fold's other sounds are laid end to end with that fold's cries in them, at -5 to 20 dB, as
`evaluation/background.py` does; the first listener hears all of it, they the windows in which
the first says crying at least a little, those in the cries, and some of the rest. The probe of a
fold is fitted on the others. What was heard is kept, so the same command goes on after a stop.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Protocol, Sequence

from baby_cry_detector.model.checkpoint import Checkpoint
from baby_cry_detector.model.second.confirmer import (Confirmer, probe_log_odds,
                                                      TAGGER_WINDOWS_S, WINDOW_S)
from baby_cry_detector.model.second.sound_network import SAMPLE_RATE
from baby_cry_detector.research.evaluation import background as streams
from baby_cry_detector.research.evaluation.confirmed import (at_point, candidates, Evidence,
                                                             HINT_MARGIN, HINT_THRESHOLD)
from baby_cry_detector.research.training.manifest import Clip, EMOTION
import numpy as np

HOP_S = 0.4875
MUSIC = 'music'
SILENCE = 'app_silence'
# That set as a whole is non-commercial: it is heard and counted, never fitted to.
NOT_FITTED_SOURCES = ('ESC-50-clip',)
NOT_FITTED = ' (not fitted)'
CRY_EVERY_S = 40.0
REST_SHARE = 0.12
# A window holds a cry if so much of it lies within one; one that holds less is not asked.
CRY_IN_WINDOW_S, NEAR_CRY_S = 0.5, 0.3
# Within a cry the first listener need not have heard anything: it may pause.
QUIET, QUIET_WEIGHT, CANDIDATE_WEIGHT = 0.15, 0.2, 3.0


class EmbedsMany(Protocol):
    """A network that hears many windows."""

    def embeddings(self, samples: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return what it knows of the windows that begin there, (n, V)."""


@dataclass(frozen=True)
class ProbeSettings:
    """How the probe is fitted."""

    hidden: int = 64
    epochs: int = 12
    batch: int = 256
    rate: float = 2e-3
    decay: float = 0.03
    dropout: float = 0.3
    smooth_target: float = 0.02
    seed: int = 0


@dataclass
class Heard:
    """
    One fold's stream and what both listeners make of it.

    :param smooth: the first one's smoothed probabilities, a step of 10 ms.
    :param lookahead_s: as of `background.Scored`.
    :param numbers: windows that the second one heard, on a grid of `HOP_S`.
    :param embeddings: float16 (n, V) of them.
    :param pieces: as of `background.Stream`.
    :param cries: as of `background.Stream`.
    :param known: as of `background.Scored`.
    """

    smooth: np.ndarray
    lookahead_s: float
    numbers: np.ndarray
    embeddings: np.ndarray
    pieces: List[streams.Piece]
    cries: List[streams.Cry]
    known: Dict = field(default_factory=dict)

    def save(self, file: Path) -> None:
        """Write it."""
        partial = file.with_suffix('.partial.npz')
        np.savez(partial, smooth=self.smooth, lookahead_s=self.lookahead_s,
                 numbers=self.numbers, embeddings=self.embeddings,
                 times=np.array([piece[:2] for piece in self.pieces], float).reshape(-1, 2),
                 labels=np.array([piece[2] for piece in self.pieces], str),
                 cries=np.array(self.cries, float).reshape(-1, 3))
        partial.replace(file)

    @classmethod
    def load(cls, file: Path) -> 'Heard':
        """Read it."""
        with np.load(file) as kept:
            pieces = [(float(start), float(end), str(label)) for (start, end), label
                      in zip(kept['times'], kept['labels'])]
            cries = [(float(a), float(b), float(snr)) for a, b, snr in kept['cries']]
            return cls(kept['smooth'], float(kept['lookahead_s']), kept['numbers'],
                       kept['embeddings'], pieces, cries)

    def reading(self, columns: slice) -> 'Heard':
        """Return the same where the probe reads these of the values."""
        return replace(self, embeddings=self.embeddings[:, columns])

    def first_said(self) -> np.ndarray:
        """Return the highest that the first listener says within each window, (n,)."""
        step = streams.FRAME_STEP_S
        starts = (self.numbers * HOP_S / step).astype(int)
        length = int(WINDOW_S / step) + 1
        return np.array([self.smooth[start:start + length].max(initial=0.0) for start in starts])

    def targets(self) -> 'tuple[np.ndarray, np.ndarray]':
        """Return whether each window holds a cry, and how much that counts, (n,) each."""
        starts = self.numbers * HOP_S
        is_cry, weight = np.zeros(len(starts), bool), np.ones(len(starts))
        for start_s, end_s, _ in self.cries:
            within_s = np.minimum(starts + WINDOW_S, end_s) - np.maximum(starts, start_s)
            hit = within_s >= CRY_IN_WINDOW_S
            is_cry |= hit
            weight[(within_s > -NEAR_CRY_S) & ~hit] = 0.0
        said = self.first_said()
        weight[is_cry] = 1.0
        weight[is_cry & (said < QUIET)] = QUIET_WEIGHT
        weight[said >= QUIET] *= CANDIDATE_WEIGHT
        for start_s, end_s, label in self.pieces:
            if label.endswith(NOT_FITTED):
                weight[(starts < end_s) & (starts + WINDOW_S > start_s)] = 0.0
        return is_cry, weight

    def scored(self, checkpoint: Checkpoint, evidence: Optional[Evidence]) -> streams.Scored:
        """Return what `background.figures` counts, with or without the second listener."""
        settings = streams.DecisionSettings().resolved(
            checkpoint.enter_threshold, checkpoint.leave_threshold, checkpoint.smoothing_s)
        return streams.Scored(self.smooth, streams.FRAME_STEP_S, self.lookahead_s, settings,
                              self.pieces, self.cries, evidence, self.known)

    def evidence(self, probe: Mapping[str, np.ndarray], threshold: float, pooled: int
                 ) -> Evidence:
        """Return what a probe says of the windows that were heard."""
        values = np.full(int(self.numbers.max(initial=-1)) + 1, np.nan)
        values[self.numbers] = probe_log_odds(probe, self.embeddings)
        hints = np.zeros(len(values), bool)
        found = candidates(self.smooth, streams.FRAME_STEP_S, HOP_S,
                           len(self.smooth) * streams.FRAME_STEP_S)
        hints[found[found < len(hints)]] = True
        return Evidence(values, HOP_S, threshold, pooled, HINT_MARGIN, hints)


def fold_stream(fold: int, clips: Sequence[Clip], background: Sequence[Clip],
                music_hours: float, other_hours: float, seed: int = 17) -> streams.Stream:
    """
    Return a fold's other sounds end to end with that fold's cries in them.

    :param music_hours: of the stream, at most; then come the other sounds.
    """
    cries = [clip for clip in [*clips, *background] if clip.fold == fold and clip.is_cry
             and clip.source not in NOT_FITTED_SOURCES]
    # Found, a cry among the other sounds would count as a false event, and be fitted as none.
    others = [clip for clip in background if clip.fold == fold and not clip.is_cry]
    others += [clip for clip in clips if clip.fold == fold and not clip.is_cry
               and clip.kind != EMOTION and clip.label != SILENCE]
    others = [replace(clip, label=clip.label + NOT_FITTED)
              if clip.source in NOT_FITTED_SOURCES else clip for clip in others]
    rng = np.random.default_rng([seed, fold])
    parts = [streams.make_stream([clip for clip in others if (clip.label == MUSIC) == is_music],
                                 cries, hours, rng, CRY_EVERY_S)
             for is_music, hours in ((True, music_hours), (False, other_hours))]
    shift_s = len(parts[0].samples) / SAMPLE_RATE
    return streams.Stream(
        np.concatenate([part.samples for part in parts]),
        parts[0].pieces + [(a + shift_s, b + shift_s, label) for a, b, label in parts[1].pieces],
        parts[0].cries + [(a + shift_s, b + shift_s, snr) for a, b, snr in parts[1].cries])


def window_starts(numbers: np.ndarray) -> np.ndarray:
    """Return the first samples of windows on the grid of `HOP_S`."""
    return np.round(numbers * HOP_S * SAMPLE_RATE).astype(int)


def hear(fold: int, clips: Sequence[Clip], background: Sequence[Clip], checkpoint: Checkpoint,
         network: EmbedsMany, music_hours: float, other_hours: float, seed: int = 17
         ) -> Heard:
    """
    Make a fold's stream and let both listeners hear it.

    :param network: what knows sounds, on many windows.
    :param music_hours: of the stream, at most; then come the other sounds.
    """
    stream = fold_stream(fold, clips, background, music_hours, other_hours, seed)
    scored = streams.score_detector(checkpoint, stream)
    numbers = _chosen(scored.smooth, stream, fold)
    return Heard(scored.smooth, scored.lookahead_s, numbers,
                 network.embeddings(stream.samples, window_starts(numbers)).astype(np.float16),
                 stream.pieces, stream.cries)


def _chosen(smooth: np.ndarray, stream: streams.Stream, fold: int) -> np.ndarray:
    """Return the windows to hear: candidates, those in cries, some of the rest."""
    duration_s = len(stream.samples) / SAMPLE_RATE
    chosen = np.zeros(max(0, int((duration_s - WINDOW_S) / HOP_S) + 1), bool)
    chosen |= np.random.default_rng(fold).random(len(chosen)) < REST_SHARE
    chosen[candidates(smooth, streams.FRAME_STEP_S, HOP_S, duration_s)] = True
    for start_s, end_s, _ in stream.cries:
        chosen[max(0, int((start_s - 1.2) / HOP_S)):int(end_s / HOP_S) + 1] = True
    return np.flatnonzero(chosen)


def fit_probe(heard: Sequence[Heard], settings: ProbeSettings = ProbeSettings()
              ) -> Dict[str, np.ndarray]:
    """Return the arrays of a probe that tells the cries of these folds."""
    import torch
    from torch import nn

    torch.manual_seed(settings.seed)
    parts = [one.targets() for one in heard]
    truth = np.concatenate([is_cry for is_cry, _ in parts])
    weight = np.concatenate([weight for _, weight in parts])
    values = np.concatenate([one.embeddings for one in heard]).astype(np.float32)[weight > 0]
    truth, weight = truth[weight > 0], weight[weight > 0]
    weight[truth] *= weight[~truth].sum() / max(weight[truth].sum(), 1e-9)
    importance = torch.from_numpy((weight / weight.mean()).astype(np.float32))
    mean, std = values.mean(0), values.std(0)
    std = std + 0.01 * values.std() + 1e-6
    x = torch.from_numpy((values - mean) / std)
    target = torch.from_numpy(truth.astype(np.float32)) * (1 - 2 * settings.smooth_target) \
        + settings.smooth_target
    net = nn.Sequential(nn.Dropout(settings.dropout), nn.Linear(x.shape[1], settings.hidden),
                        nn.ReLU(), nn.Dropout(settings.dropout), nn.Linear(settings.hidden, 1))
    optimiser = torch.optim.AdamW(net.parameters(), lr=settings.rate,
                                  weight_decay=settings.decay)
    updates = settings.epochs * -(-len(x) // settings.batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, updates)
    for _ in range(settings.epochs):
        for rows in torch.randperm(len(x)).split(settings.batch):
            loss = (nn.functional.binary_cross_entropy_with_logits(
                net(x[rows])[:, 0], target[rows], reduction='none') * importance[rows]).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    arrays = {name: value.detach().numpy().astype(np.float32) for name, value in zip(
        ('hidden', 'hidden_bias', 'output', 'output_bias'), net.parameters())}
    arrays['output'] = arrays['output'][0]
    return {'mean': mean.astype(np.float32), 'std': std.astype(np.float32), **arrays}


def out_of_fold(heard: Mapping[int, Heard], settings: ProbeSettings = ProbeSettings(),
                say: Callable[[str], None] = lambda text: None
                ) -> Dict[int, Dict[str, np.ndarray]]:
    """Return for each fold the probe that was fitted on the others."""
    probes = {}
    for fold in sorted(heard):
        probes[fold] = fit_probe([one for other, one in heard.items() if other != fold], settings)
        say(f'probe of fold {fold}')
    return probes


def with_listener(heard: Mapping[int, Heard], probes: Mapping[int, Mapping[str, np.ndarray]],
                  checkpoint: Checkpoint, threshold: float, pooled: int
                  ) -> List[streams.Scored]:
    """Return every fold's stream as both listeners together hear it."""
    return [one.scored(checkpoint, one.evidence(probes[fold], threshold, pooled))
            for fold, one in sorted(heard.items())]


def second_at_recall(both: Sequence[streams.Scored], first_threshold: float, recall: float
                     ) -> Optional[float]:
    """
    Return the second's highest threshold that finds so many cries; ``None`` if none does.

    :param both: as of `with_listener`, at any threshold.
    :param first_threshold: at which the first listener begins episodes of its own.
    """
    def finds(threshold: float) -> bool:
        return streams.at_threshold(at_point(both, threshold), first_threshold,
                                    streams.LEAVE_TO_ENTER).recall >= recall

    low, high = -12.0, 12.0
    if not finds(low):
        return None
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if finds(middle) else (low, middle)
    return low


def make_confirmer(network: Mapping[str, np.ndarray], tagger: Mapping[str, np.ndarray],
                   probe: Mapping[str, np.ndarray], thresholds: Mapping[str, float], pooled: int,
                   provenance: Dict[str, Any],
                   tagger_windows_s: Sequence[float] = TAGGER_WINDOWS_S) -> Confirmer:
    """Return what is shipped."""
    return Confirmer(network, probe, {name: round(float(value), 3)
                                      for name, value in thresholds.items()},
                     pooled=pooled, hop_s=HOP_S, provenance=provenance, tagger=tagger,
                     hint_threshold=HINT_THRESHOLD, hint_margin=HINT_MARGIN,
                     tagger_windows_s=tagger_windows_s)
