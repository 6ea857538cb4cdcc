# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a household hears of both listeners, and what clips say: each fold by its own detector.

The streams are those of `streams.py` at a household's density; the figures those of
`background.py`, with the first listener alone and with the second, at the first one's operating
points. A clip's score of both is the mean of their highest log-odds: nothing is fitted to it.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from baby_cry_detector.audio.sources import read_audio
from baby_cry_detector.decision.settings import LEAVE_TO_ENTER
from baby_cry_detector.model.second.sound_network import WINDOW_SAMPLES
from baby_cry_detector.research.evaluation import background as streams
from baby_cry_detector.research.evaluation import metrics
from baby_cry_detector.research.evaluation.background import (load_fold, Piece, score_detector,
                                                              Scored, Stream)
from baby_cry_detector.research.evaluation.clips import ClipScores, detection_report
from baby_cry_detector.research.evaluation.confirmed import at_point, Evidence, SecondListeners
from baby_cry_detector.research.evaluation.streams import FoldSounds, HOME_CRY_EVERY_S
from baby_cry_detector.research.training.feature_store import no_progress, Progress
from baby_cry_detector.research.training.manifest import Clip, EMOTION
import numpy as np

QUIET = 'quiet'
#: Log-odds of a window that the second listener never heard, and the most that counts of any.
LEAST_LOG_ODDS = -12.0


def evaluate_household(folds_dir: Path, clips: Sequence[Clip], second: SecondListeners,
                       points: Mapping[str, float], *, hours: int = 1, seed: int = 0,
                       progress: Progress = no_progress) -> Dict[str, Any]:
    """
    Return false events, recall and delay at a household's density, alone and with both.

    :param folds_dir: folder of ``baby-cry train --folds``.
    :param points: thresholds of the first listener by operating point; '' is its own.
    :param hours: of each fold, each drawn anew from the fold's sounds.
    :raises ValueError: if a fold has no checkpoint there.
    """
    both: List[Scored] = []
    folds = sorted({clip.fold for clip in clips})
    for number, fold in enumerate(folds):
        checkpoint = load_fold(folds_dir, fold)
        sounds = FoldSounds([clip for clip in clips if clip.fold == fold])
        for hour in range(hours):
            rng = np.random.default_rng([seed, fold, hour])
            home, pieces = sounds.home(rng)
            mixed, cries = sounds.with_cries(home, rng, every_s=HOME_CRY_EVERY_S)
            stream = Stream(mixed, _with_quiet(
                [(start_s, end_s, clip.label) for start_s, end_s, clip in pieces],
                len(mixed) / 16000), cries)
            first = score_detector(checkpoint, stream)
            both.append(replace(first, evidence=second(fold, stream, first)))
        progress('households', number + 1, len(folds))
    alone = [replace(one, evidence=None) for one in both]
    return {'points': {name: {
        'alone': streams.figures(alone, threshold, LEAVE_TO_ENTER),
        'both': streams.figures(at_point(both, second.whole.threshold(name)), threshold,
                                LEAVE_TO_ENTER)} for name, threshold in points.items()}}


def _with_quiet(pieces: Sequence[Piece], duration_s: float) -> List[Piece]:
    """Return the pieces with the quiet between them as pieces of their own."""
    found: List[Piece] = []
    at_s = 0.0
    for start_s, end_s, label in [*pieces, (duration_s, duration_s, QUIET)]:
        if start_s > at_s:
            found.append((at_s, start_s, QUIET))
        if end_s > start_s:
            found.append((start_s, end_s, label))
        at_s = end_s
    return found


@dataclass
class HeardClip:
    """
    What both listeners say of a clip.

    :param first: its score.
    :param second: the second one's, the higher the surer: log-odds.
    """

    first: Scored
    second: Evidence

    def score(self) -> float:
        """Return the mean of both highest log-odds as a probability."""
        top = float(np.clip(self.first.smooth.max(initial=0.0), 6e-6, 1 - 6e-6))
        pooled = [float(np.mean(self.second.values[max(0, at - self.second.pooled + 1):at + 1]))
                  for at in range(len(self.second.values))]
        pooled = [value for value in pooled if np.isfinite(value)]
        odds = max(pooled, default=LEAST_LOG_ODDS)
        odds = float(np.clip(odds, LEAST_LOG_ODDS, -LEAST_LOG_ODDS))
        return float(1 / (1 + np.exp(-(np.log(top / (1 - top)) + odds) / 2)))


def evaluate_clips(folds_dir: Path, clips: Sequence[Clip], second: SecondListeners,
                   points: Mapping[str, float], *, n_draws: int = 300,
                   progress: Progress = no_progress) -> Dict[str, Any]:
    """
    Return AUC and F1 of clips with both listeners, and what is confirmed at each point.

    A clip's threshold is the best of the clips of the other folds. Clips are confirmed as an
    episode is: the first listener's decision, then the second's.

    :param points: as of `evaluate_household`.
    """
    clips = [clip for clip in clips if clip.kind != EMOTION]
    heard = hear_clips(folds_dir, clips, second, progress)
    truth = np.array([clip.is_cry for clip in clips])
    folds = np.array([clip.fold for clip in clips])
    scores = np.array([one.score() for one in heard])
    thresholds = np.zeros(len(clips))
    for fold in np.unique(folds):
        others = folds != fold
        thresholds[folds == fold] = metrics.best_f1_threshold(truth[others], scores[others], 0.02)
    report = detection_report(clips, ClipScores(scores, thresholds,
                                                np.full(len(clips), np.nan)), n_draws=n_draws)
    return {'score': report, 'points': confirmed(clips, heard, second, points)}


def hear_clips(folds_dir: Path, clips: Sequence[Clip], second: SecondListeners,
               progress: Progress = no_progress) -> List[HeardClip]:
    """
    Return what both listeners say of clips, each those that have not heard its fold.

    :raises ValueError: if a fold has no checkpoint there.
    """
    heard = []
    checkpoints = {fold: load_fold(folds_dir, fold) for fold in {clip.fold for clip in clips}}
    for number, clip in enumerate(clips):
        samples = np.asarray(read_audio(clip.file), float)
        # A moment of quiet, so that the newest window lies within what is heard.
        samples = np.pad(samples, (0, max(WINDOW_SAMPLES // 2, WINDOW_SAMPLES - len(samples))))
        stream = Stream(samples, [(0.0, len(samples) / 16000, clip.label)], [])
        first = score_detector(checkpoints[clip.fold], stream)
        heard.append(HeardClip(first, second(clip.fold, stream, first)))
        progress('clips', number + 1, len(clips))
    return heard


def confirmed(clips: Sequence[Clip], heard: Sequence[HeardClip], second: SecondListeners,
              points: Mapping[str, float]) -> Dict[str, Any]:
    """Return what is decided of clips at the operating points, alone and with both."""
    return {name: _confirmed(clips, heard, threshold, second.whole.threshold(name))
            for name, threshold in points.items()}


def _confirmed(clips: Sequence[Clip], heard: Sequence[HeardClip], threshold: float,
               agrees: float) -> Dict[str, Any]:
    """Return what the decision's own rule finds of clips, alone and with the second listener."""
    truth = np.array([clip.is_cry for clip in clips])
    found = {}
    for name in ('alone', 'both'):
        decided = []
        for one in heard:
            events = one.first.episodes(threshold, LEAVE_TO_ENTER)
            if name == 'both':
                events = replace(one.second, threshold=agrees).confirmed(events)
            decided.append(bool(events))
        precision, recall = metrics.precision_recall(truth, np.array(decided))
        kinds: Dict[str, List[int]] = {}
        for clip, is_decided in zip(clips, decided):
            if not clip.is_cry:
                entry = kinds.setdefault(clip.label, [0, 0])
                entry[0] += is_decided
                entry[1] += 1
        found[name] = {'f1': round(metrics.f1(truth, np.array(decided)), 4),
                       'precision': round(precision, 4), 'recall': round(recall, 4),
                       'false_by_kind': {label: counts for label, counts in sorted(
                           kinds.items()) if counts[0]}}
    return found


def household_lines(report: Mapping[str, Any]) -> List[str]:
    """Return the reports of both as lines for a terminal."""
    lines = []
    for name, point in report.get('household', {}).get('points', {}).items():
        for listeners, one in point.items():
            low, high = one['false_events_per_h_95']
            kinds = ', '.join(f'{kind} {rate["false_events"]}' for kind, rate
                              in one['by_kind'].items() if rate['false_events'])
            lines.append(
                f'household, {name or "own threshold"}, {listeners}: '
                f'{one["false_events_per_h"]:.2f} ({low:.2f} to {high:.2f}) false events an hour '
                f'in {one["hours"]:.1f} h; recall {one["recall"]:.3f} of {one["cries"]}; delay '
                f'{one["delay_s"]["median"]} s, p90 {one["delay_s"]["p90"]} s; {kinds or "none"}')
    if 'clips' in report:
        score = report['clips']['score']
        lines.append(f'clips, both: AUC {score["auc"]:.4f} F1 {score["f1"]:.4f} '
                     f'{score.get("intervals_95", "")}')
    for what, found in (('clips', report.get('clips', {}).get('points', {})),
                        ('further clips', report.get('further', {}))):
        for name, point in found.items():
            for listeners, one in point.items():
                kinds = ', '.join(f'{kind} {wrong}/{total}' for kind, (wrong, total)
                                  in one['false_by_kind'].items())
                lines.append(f'{what}, {name or "own threshold"}, {listeners}: F1 '
                             f'{one["f1"]:.4f}, precision {one["precision"]:.4f}, recall '
                             f'{one["recall"]:.4f}; false: {kinds}')
    return lines
