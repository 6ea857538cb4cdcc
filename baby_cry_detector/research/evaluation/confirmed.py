# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the second listener says of a whole stream, and which episodes are left of it.

Windows lie on a grid of its hop; only those that overlap a candidate are heard. An episode counts
from where its windows agree, as `model/second/confirmation.py` has it on a robot, whose windows
begin with the episode.
"""

from dataclasses import dataclass, replace
import math
from pathlib import Path
from typing import Callable, List

from baby_cry_detector.model.second.confirmation import LATENCY_NS
from baby_cry_detector.model.second.confirmer import Confirmer, load_confirmer
from baby_cry_detector.model.second.sound_network import SAMPLE_RATE, WINDOW_SAMPLES
from baby_cry_detector.research.evaluation.background import Scored, Stream
from baby_cry_detector.research.evaluation.events import Episodes
from baby_cry_detector.research.training.feature_store import no_progress, Progress
from baby_cry_detector.units import SECOND_NS
import numpy as np

WINDOW_S = WINDOW_SAMPLES / SAMPLE_RATE
#: Where the first listener never says more than this there is no candidate at any threshold.
LEAST_CANDIDATE = 0.08


@dataclass
class Evidence:
    """
    Log-odds of the windows of a stream.

    :param values: (n,), NaN where it did not listen.
    :param hop_s: from one window to the next; the first begins at 0.
    :param threshold: from which it agrees.
    :param pooled: windows whose mean is compared with it.
    """

    values: np.ndarray
    hop_s: float
    threshold: float
    pooled: int = 1

    def confirmed(self, events: Episodes) -> Episodes:
        """Return the episodes that it confirms, each from then on."""
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
               least: float = LEAST_CANDIDATE) -> np.ndarray:
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
                operating_point: str = '', progress: Progress = no_progress) -> Evidence:
    """
    Let a second listener hear the candidates of a stream.

    :param samples: 16 kHz mono, 1.0 is full scale.
    :param smooth: the first listener's smoothed probabilities.
    :param operating_point: whose threshold counts.
    """
    numbers = candidates(smooth, step_s, confirmer.hop_s, len(samples) / SAMPLE_RATE)
    values = np.full(int(numbers[-1]) + 1 if len(numbers) else 0, np.nan)
    for done, number in enumerate(numbers):
        start = round(number * confirmer.hop_s * SAMPLE_RATE)
        values[number] = confirmer.log_odds(confirmer.runs.embedding(
            samples[start:start + WINDOW_SAMPLES])[None])[0]
        progress('second listener', done + 1, len(numbers))
    return Evidence(values, confirmer.hop_s, confirmer.threshold(operating_point),
                    confirmer.pooled)


def second_listener(path: Path, operating_point: str = '', progress: Progress = no_progress
                    ) -> Callable[[int, Stream, Scored], Evidence]:
    """
    Return a second listener for `background.evaluate_background`.

    :param path: a confirmer, or a folder of ``baby-cry train-confirmer``: then each fold is heard
        by the probe that was not fitted on it.
    :raises ConfirmerError: if there is none.
    :raises OSError: if a fold has no probe there.
    """
    whole = load_confirmer(path / 'cry_confirmer.npz' if path.is_dir() else path)

    def listen(fold: int, stream: Stream, first: Scored) -> Evidence:
        confirmer = whole
        if path.is_dir():
            with np.load(path / 'work' / f'probe-{fold}.npz') as probe:
                confirmer = replace(whole, probe=dict(probe))
        return evidence_of(confirmer, stream.samples, first.smooth, first.step_s,
                           operating_point, progress)
    return listen
