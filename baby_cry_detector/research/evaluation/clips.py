# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Evaluation of a detector on clips: the numbers that `baby-cry evaluate` prints.

Clip score = maximum of the causal mean of the frame probability over ``smoothing_s``.
Onset delay = time from the clip's first loud sound until that mean first reaches the threshold.
"""

from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence

from baby_cry_detector.decision.smoothing import causal_mean, clip_score, window_length
from baby_cry_detector.research.evaluation import metrics
from baby_cry_detector.research.training.manifest import Clip, EMOTION
import numpy as np

FRAME_STEP_S = 0.01


@dataclass
class ClipScores:
    """
    What a detector said about clips.

    :param score: (n,) clip scores, 0 to 1.
    :param threshold: (n,) the threshold each clip is decided with.
    :param delay_s: (n,) onset delay of clips that are detected, NaN elsewhere.
    """

    score: np.ndarray
    threshold: np.ndarray
    delay_s: np.ndarray

    @property
    def decided(self) -> np.ndarray:
        """Return which clips are decided to be cries."""
        return self.score >= self.threshold


def score_clips(probabilities: Sequence[np.ndarray], smoothing_s: float) -> np.ndarray:
    """Return the clip scores of frame probabilities (one array per clip, 10 ms per frame)."""
    return np.array([clip_score(probability, smoothing_s, FRAME_STEP_S)
                     for probability in probabilities])


def onset_delay_s(probability: np.ndarray, threshold: float, smoothing_s: float,
                  first_sound_s: float, lookahead_s: float) -> float:
    """
    Return the delay of a detection after the clip's first loud sound, NaN if there is none.

    :param lookahead_s: from a frame's first sample until its row is known (the feature set's).
    """
    means = causal_mean(probability, window_length(smoothing_s, FRAME_STEP_S))
    above = np.flatnonzero(means >= threshold)
    if not len(above):
        return float('nan')
    heard_s = above[0] * FRAME_STEP_S + lookahead_s
    return max(0.0, float(heard_s - first_sound_s))


def same_phone(clip: Clip) -> bool:
    """Return whether a clip comes from the crying app, judged by listeners, not silent."""
    return (clip.source.startswith('donateacry') and clip.quality.startswith('human')
            and clip.label != 'app_silence')


def detection_report(clips: Sequence[Clip], result: ClipScores, *, with_emotion: bool = False,
                     n_draws: int = 300) -> Dict:
    """
    Return all figures of a detection run as a JSON document.

    Top-level figures leave acted emotional speech out unless ``with_emotion``; the key
    ``with_emotion`` has AUC and F1 with it wherever the manifest has such clips.
    """
    keep = np.array([with_emotion or clip.kind != EMOTION for clip in clips], bool)
    everything = np.ones(len(clips), bool)
    truth = np.array([clip.is_cry for clip in clips], bool)
    groups = np.array([clip.group for clip in clips])
    score, decided = result.score, result.decided
    if not keep.any():
        raise ValueError('no clip is left to evaluate')
    precision, recall = metrics.precision_recall(truth[keep], decided[keep])
    thresholds = np.unique(np.round(result.threshold[keep], 6))
    report: Dict = {
        'auc': _rounded(metrics.auc(truth[keep], score[keep])),
        'f1': _rounded(metrics.f1(truth[keep], decided[keep])),
        'threshold': _rounded(float(np.mean(thresholds))),
        'n_cry': int(truth[keep].sum()),
        'n_not_cry': int((~truth[keep]).sum()),
        'precision': _rounded(precision),
        'recall': _rounded(recall),
        'precision_at_recall': {
            f'{wanted:.2f}': _rounded(metrics.precision_at_recall(truth[keep], score[keep],
                                                                  wanted))
            for wanted in (0.8, 0.9, 0.95)},
    }
    if len(thresholds) > 1:
        report['thresholds'] = [_rounded(value) for value in thresholds]
    report['onset_delay_s'] = _delays(result.delay_s[keep & truth & decided])
    if n_draws:
        report['intervals_95'] = _intervals(truth, score, decided, groups, keep, n_draws)
    same = keep & np.array([same_phone(clip) for clip in clips], bool)
    if truth[same].any() and (~truth[same]).any():
        report['same_phone'] = _short(truth[same], score[same], decided[same])
    human = keep & np.array([clip.quality != 'auto_screened' for clip in clips], bool)
    if human.sum() < keep.sum() and truth[human].any():
        report['without_auto_screened'] = _short(truth[human], score[human], decided[human])
    if not with_emotion and keep.sum() < len(clips):
        report['with_emotion'] = _short(truth, score, decided)
    report['misses'] = _by_kind(clips, keep & truth, ~decided)
    report['false_alarms'] = _by_kind(clips, keep & ~truth, decided)
    if not with_emotion and (everything & ~keep).any():
        report['false_alarms_emotion'] = _by_kind(clips, ~keep & ~truth, decided)
    report['reliability'] = metrics.reliability(truth[keep], score[keep])
    return report


def _short(truth: np.ndarray, score: np.ndarray, decided: np.ndarray) -> Dict:
    return {'auc': _rounded(metrics.auc(truth, score)), 'f1': _rounded(metrics.f1(truth, decided)),
            'n_cry': int(truth.sum()), 'n_not_cry': int((~truth).sum())}


def _delays(delays: np.ndarray) -> Dict:
    delays = delays[np.isfinite(delays)]
    if not len(delays):
        return {'median': None, 'p90': None, 'n': 0}
    return {'median': _rounded(float(np.median(delays)), 3),
            'p90': _rounded(float(np.percentile(delays, 90)), 3), 'n': int(len(delays))}


def _intervals(truth, score, decided, groups, keep, n_draws) -> Dict:
    rows = np.flatnonzero(keep)
    truth, score, decided, groups = truth[rows], score[rows], decided[rows], groups[rows]
    area = metrics.group_bootstrap(lambda i: metrics.auc(truth[i], score[i]), groups,
                                   n_draws=n_draws, strata=truth)
    f1 = metrics.group_bootstrap(lambda i: metrics.f1(truth[i], decided[i]), groups,
                                 n_draws=n_draws, strata=truth)
    return {'auc': [_rounded(value) for value in area], 'f1': [_rounded(value) for value in f1]}


def _by_kind(clips: Sequence[Clip], among: np.ndarray, wrong: np.ndarray) -> Dict[str, List[int]]:
    """Return ``{label: [wrong, all]}`` for labels with at least one wrong clip."""
    table: Dict[str, List[int]] = {}
    for clip, counts, is_wrong in zip(clips, among, wrong):
        if counts:
            entry = table.setdefault(clip.label, [0, 0])
            entry[0] += int(is_wrong)
            entry[1] += 1
    chosen = [(name, counts) for name, counts in table.items() if counts[0]]
    return dict(sorted(chosen, key=lambda item: -item[1][0]))


def _rounded(value: Optional[float], digits: int = 4) -> Optional[float]:
    if value is None or not np.isfinite(value):
        return None
    return round(float(value), digits)


def known_groups(clips: Sequence[Clip], provenance: Dict) -> List[str]:
    """Return the clips' groups that a checkpoint was trained on."""
    trained = set(provenance.get('groups', ()))
    return sorted({clip.group for clip in clips} & trained)


def summary_lines(report: Dict) -> List[str]:
    """Return a report as lines for a terminal."""
    def show(value, spec='.4f'):
        return 'n/a' if value is None else format(value, spec)

    lines = [f'clips: {report["n_cry"]} cries, {report["n_not_cry"]} others',
             f'AUC {show(report["auc"])}{_interval(report, "auc")}   '
             f'F1 {show(report["f1"])}{_interval(report, "f1")} '
             f'at threshold {show(report["threshold"], ".3f")}',
             f'precision {show(report["precision"])}   recall {show(report["recall"])}']
    delay = report['onset_delay_s']
    lines.append(f'onset delay: median {show(delay["median"], ".2f")} s, '
                 f'p90 {show(delay["p90"], ".2f")} s')
    for key, title in (('same_phone', 'same phones'), ('with_emotion', 'with emotional speech'),
                       ('without_auto_screened', 'without unheard cries')):
        if key in report:
            lines.append(f'{title}: AUC {show(report[key]["auc"])}   F1 {show(report[key]["f1"])}')
    for key in ('misses', 'false_alarms', 'false_alarms_emotion'):
        if report.get(key):
            parts = [f'{name} {wrong}/{total}' for name, (wrong, total) in report[key].items()]
            lines.append(f'{key.replace("_", " ")}: {", ".join(parts)}')
    return lines


def _interval(report: Dict, key: str) -> str:
    low, high = report.get('intervals_95', {}).get(key, (None, None))
    return '' if low is None else f' ({low:.3f} to {high:.3f})'
