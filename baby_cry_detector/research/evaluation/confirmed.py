# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the second listener says of a whole stream, and which episodes are left of it.

Windows lie on a grid of its hop; only those that overlap a hint are heard. An episode counts from
where its windows agree, and where they agree to a hint that is one, as
`model/second/confirmation.py` has it on a robot, whose windows begin with the episode.
"""

from dataclasses import dataclass, field, replace
import math
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Protocol, Sequence

from baby_cry_detector.decision.settings import DecisionSettings
from baby_cry_detector.model.second.confirmation import LATENCY_NS
from baby_cry_detector.model.second.confirmer import (Confirmer, load_confirmer, WINDOW_S,
                                                      WINDOW_SAMPLES)
from baby_cry_detector.model.second.sound_network import SAMPLE_RATE
from baby_cry_detector.research.evaluation.background import Scored, Stream
from baby_cry_detector.research.evaluation.events import Episodes
from baby_cry_detector.research.training.feature_store import no_progress, Progress
from baby_cry_detector.units import SECOND_NS
import numpy as np

#: From here on what the first listener says is a hint, and a second one hears it.
HINT_THRESHOLD = 0.03
#: What nobody was told of has to convince it by so much more.
HINT_MARGIN = 2.5
#: Two agreements that lie no further apart are of one episode.
HOLD_S = DecisionSettings().hold_s
#: Windows between two words on how far it is.
MANY = 256


class ManyWindows(Protocol):
    """Networks that hear many windows; see `sounds/tagger.py`."""

    def embeddings(self, samples: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return what they know of the windows that begin there, (n, V)."""


@dataclass
class Evidence:
    """
    Log-odds of the windows of a stream.

    :param values: (n,), NaN where it did not listen.
    :param hop_s: from one window to the next; the first begins at 0.
    :param threshold: from which it agrees.
    :param pooled: windows whose mean is compared with it.
    :param hint_margin: log-odds that a hint needs beyond it.
    :param hints: (n,) whether a hint begins or goes on in the window; where it is empty, none
        are listened to.
    """

    values: np.ndarray
    hop_s: float
    threshold: float
    pooled: int = 1
    hint_margin: float = 0.0
    hints: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))

    def confirmed(self, events: Episodes) -> Episodes:
        """Return the episodes that it confirms or finds, each from then on."""
        joined: Episodes = []
        for onset_s, end_s in sorted([*self._confirmed(events), *self._agreed()]):
            if joined and onset_s <= joined[-1][1] + HOLD_S:
                joined[-1] = (joined[-1][0], max(joined[-1][1], end_s))
            else:
                joined.append((onset_s, end_s))
        return joined

    def _agreed(self) -> Episodes:
        """Return (when it is known, end) of every window that agrees to a hint."""
        found: Episodes = []
        newest: List[float] = []
        before = -1
        heard = self.hints & ~np.isnan(self.values[:len(self.hints)])
        for number in np.flatnonzero(heard).tolist():
            newest = newest if number == before + 1 else []
            newest.append(float(self.values[number]))
            before = number
            if np.mean(newest[-self.pooled:]) >= self.threshold + self.hint_margin:
                end_s = number * self.hop_s + WINDOW_S
                found.append((end_s + LATENCY_NS / SECOND_NS, end_s + LATENCY_NS / SECOND_NS))
        return found

    def _confirmed(self, events: Episodes) -> Episodes:
        left = []
        for onset_s, end_s in events:
            first = max(0, math.ceil((onset_s - WINDOW_S) / self.hop_s))
            last = min(len(self.values) - 1, math.ceil((end_s - WINDOW_S) / self.hop_s))
            newest: List[float] = []
            for number in range(first, last + 1):
                if math.isnan(self.values[number]):
                    continue
                newest.append(float(self.values[number]))
                if np.mean(newest[-self.pooled:]) >= self.threshold:
                    known_s = number * self.hop_s + WINDOW_S + LATENCY_NS / SECOND_NS
                    left.append((max(onset_s, known_s), max(end_s, known_s)))
                    break
        return left


def candidates(smooth: np.ndarray, step_s: float, hop_s: float, duration_s: float,
               least: float = HINT_THRESHOLD) -> np.ndarray:
    """
    Return the numbers of the windows in which the first listener says at least ``least``.

    :param smooth: (n,) its smoothed probabilities, one a step.
    """
    count = max(0, math.floor((duration_s - WINDOW_S) / hop_s) + 1)
    over = np.concatenate(([0], np.cumsum(smooth >= least)))
    starts = np.minimum((np.arange(count) * (hop_s / step_s)).astype(int), len(smooth))
    ends = np.minimum(starts + int(WINDOW_S / step_s) + 1, len(smooth))
    return np.flatnonzero(over[ends] > over[starts])


def evidence_of(confirmer: Confirmer, samples: np.ndarray, smooth: np.ndarray, step_s: float,
                network: Optional[ManyWindows] = None, progress: Progress = no_progress
                ) -> Evidence:
    """
    Let a second listener hear the candidates of a stream, with its own threshold.

    :param samples: 16 kHz mono, 1.0 is full scale.
    :param smooth: the first listener's smoothed probabilities.
    :param network: hears many windows at once what the confirmer's networks would.
    """
    duration_s = len(samples) / SAMPLE_RATE
    numbers = candidates(smooth, step_s, confirmer.hop_s, duration_s,
                         min(HINT_THRESHOLD, confirmer.hint_threshold))
    values = np.full(int(numbers[-1]) + 1 if len(numbers) else 0, np.nan)
    hints = np.zeros(len(values), bool)
    if confirmer.hint_threshold < 1.0:         # 1 is never
        hints[candidates(smooth, step_s, confirmer.hop_s, duration_s,
                         confirmer.hint_threshold)] = True
    starts = np.round(numbers * confirmer.hop_s * SAMPLE_RATE).astype(int)
    # As on a robot there was silence before the stream.
    before = confirmer.n_samples - WINDOW_SAMPLES
    padded = samples if network is not None else np.pad(samples, (before, 0))
    for at in range(0, len(numbers), MANY):
        part = starts[at:at + MANY]
        if network is not None:
            known = network.embeddings(samples, part)
        else:
            known = np.stack([confirmer.embedding(padded[start:start + confirmer.n_samples])
                              for start in part])
        values[numbers[at:at + MANY]] = confirmer.log_odds(known)
        progress('second listener', min(at + MANY, len(numbers)), len(numbers))
    return Evidence(values, confirmer.hop_s, confirmer.threshold(), confirmer.pooled,
                    confirmer.hint_margin, hints)


class SecondListeners:
    """
    The second listener of every fold, for `background.evaluate_background` and `household.py`.

    :param path: a confirmer, or a folder of ``baby-cry train-confirmer``: then each fold is heard
        by the probe that was not fitted on it.
    :ivar whole: the one that was fitted on all folds.
    :raises ConfirmerError: if there is none.
    """

    def __init__(self, path: Path, progress: Progress = no_progress):
        self._folder = path if path.is_dir() else None
        self._progress = progress
        self.whole = load_confirmer(path / 'cry_confirmer.npz' if path.is_dir() else path)
        self._networks: Dict[int, Optional[ManyWindows]] = {}

    def __call__(self, fold: int, stream: Stream, first: Scored) -> Evidence:
        """
        Let the second listener of a fold hear the candidates of its stream.

        :raises OSError: if a fold has no probe there.
        """
        listener = self.of_fold(fold)
        # Most folds share the networks of the whole.
        key = -1 if listener.tagger is self.whole.tagger else fold
        if key not in self._networks:
            self._networks[key] = _many(listener)
        return evidence_of(listener, stream.samples, first.smooth, first.step_s,
                           self._networks[key], self._progress)

    def of_fold(self, fold: int) -> Confirmer:
        """Return the second listener that was not fitted on a fold."""
        if self._folder is None:
            return self.whole
        with np.load(self._folder / 'work' / f'probe-{fold}.npz') as probe:
            listener = replace(self.whole, probe=dict(probe))
        file = self._folder / 'work' / f'tagger-{fold}.npz'
        if not file.is_file():
            return listener
        with np.load(file) as tagger:
            return replace(listener, tagger=dict(tagger))


def _many(listener: Confirmer) -> Optional[ManyWindows]:
    """Return its networks; without PyTorch none: then window by window, three times as long."""
    try:
        from baby_cry_detector.research.sounds.tagger import many_windows
    except ImportError:
        return None
    return many_windows(listener.network, listener.tagger, listener.tagger_windows_s)


def keep_second(folder: Path, probes: Mapping[int, Mapping[str, np.ndarray]],
                taggers: Mapping[int, Mapping[str, np.ndarray]]) -> None:
    """Write what `SecondListeners` reads of each fold; what another run left there goes."""
    for fold, probe in probes.items():
        np.savez(folder / f'probe-{fold}.npz',
                 **probe)  # type: ignore[arg-type]  # its stub lacks **arrays
        file = folder / f'tagger-{fold}.npz'
        file.unlink(missing_ok=True)
        if fold in taggers:
            np.savez(file, **taggers[fold])  # type: ignore[arg-type]  # As above.


def at_point(both: Sequence[Scored], threshold: float) -> List[Scored]:
    """Return the same streams where the second listener agrees from a threshold on."""
    return [replace(one, evidence=replace(one.evidence, threshold=threshold))
            for one in both if isinstance(one.evidence, Evidence)]
