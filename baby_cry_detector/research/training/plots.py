# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Plots of an evaluation as PNG."""

from pathlib import Path
from typing import Any, Dict, List, Sequence

from baby_cry_detector.research.evaluation import metrics
from baby_cry_detector.research.evaluation.clips import ClipScores
from baby_cry_detector.research.training.manifest import Clip
import numpy as np


def roc_curve(truth: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return (false alarm rate, recall) at every threshold, shape (n, 2), from (0, 0) on."""
    order = np.argsort(-scores, kind='mergesort')
    ordered, hits = scores[order], truth[order]
    ends = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])
    rates = np.stack([np.cumsum(~hits)[ends] / max(1, (~truth).sum()),
                      np.cumsum(hits)[ends] / max(1, truth.sum())], axis=1)
    return np.concatenate([[[0.0, 0.0]], rates])


def detection_plots(clips: Sequence[Clip], result: ClipScores, folder: Path) -> List[Path]:
    """
    Write ``roc.png``, ``reliability.png``, ``scores.png`` and ``confusion.png``.

    The last one has cries and others against decisions, and below it every kind of sound with
    a wrong decision, most wrong ones first.

    :return: their paths.
    :raises ImportError: if matplotlib is missing.
    """
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    truth = np.array([clip.is_cry for clip in clips], bool)
    files = []

    def save(figure, name: str) -> None:
        figure.tight_layout()
        figure.savefig(folder / name, dpi=120)
        pyplot.close(figure)
        files.append(folder / name)

    figure, axes = pyplot.subplots(figsize=(4.5, 4))
    curve = roc_curve(truth, result.score)
    axes.plot(curve[:, 0], curve[:, 1])
    axes.set(xlabel='false alarm rate', ylabel='recall',
             title=f'AUC {metrics.auc(truth, result.score):.4f}')
    axes.grid(alpha=0.3)
    save(figure, 'roc.png')

    table = metrics.reliability(truth, result.score)
    points = [(p, s) for p, s in zip(table['probability'], table['share']) if p is not None]
    figure, axes = pyplot.subplots(figsize=(4.5, 4))
    axes.plot([0, 1], [0, 1], color='grey', linewidth=0.8)
    axes.plot(*zip(*points), marker='o')
    axes.set(xlabel='clip score', ylabel='share of cries', title='reliability')
    axes.grid(alpha=0.3)
    save(figure, 'reliability.png')

    figure, axes = pyplot.subplots(figsize=(4.5, 4))
    bins = np.linspace(0, 1, 41).tolist()
    axes.hist(result.score[~truth], bins, alpha=0.6, label='others')
    axes.hist(result.score[truth], bins, alpha=0.6, label='cries')
    axes.axvline(float(np.mean(result.threshold)), color='black', linewidth=0.8)
    axes.set(xlabel='clip score', ylabel='clips', yscale='log')
    axes.legend()
    save(figure, 'scores.png')
    save(_confusion(pyplot, clips, truth, result.decided), 'confusion.png')
    return files


def _confusion(pyplot, clips: Sequence[Clip], truth: np.ndarray, decided: np.ndarray):
    kinds: Dict[Any, Any] = {}
    for clip, is_cry, found in zip(clips, truth, decided):
        entry = kinds.setdefault((bool(is_cry), clip.label), [0, 0])
        entry[int(is_cry != found)] += 1
    rows = sorted(((wrong, right, name, is_cry) for (is_cry, name), (right, wrong)
                   in kinds.items() if wrong), reverse=True)[:20]
    figure, (top, below) = pyplot.subplots(
        2, 1, figsize=(5.5, 3.6 + 0.24 * max(1, len(rows))),
        height_ratios=[2.4, 0.6 + 0.24 * max(1, len(rows))])
    matrix = metrics.confusion_matrix(~truth, ~decided, 2)
    share = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    top.imshow(share, cmap='Blues', vmin=0, vmax=1)
    for row, column in np.ndindex(2, 2):
        top.text(column, row, f'{matrix[row, column]}\n{100 * share[row, column]:.1f} %',
                 ha='center', va='center',
                 color='white' if share[row, column] > 0.55 else 'black')
    top.set_xticks([0, 1], ['decided: cry', 'decided: other'])
    top.set_yticks([0, 1], ['cry', 'other'])
    colours = ['tab:red' if is_cry else 'tab:blue' for _, _, _, is_cry in rows]
    below.barh(range(len(rows)), [wrong for wrong, *_ in rows], color=colours)
    below.set_yticks(range(len(rows)), [name for _, _, name, _ in rows], fontsize=8)
    for place, (wrong, right, _, _) in enumerate(rows):
        below.text(wrong, place, f' {wrong} of {wrong + right}', va='center', fontsize=8)
    below.invert_yaxis()
    below.margins(x=0.18)
    below.set_xlabel('wrong clips by kind (red: missed cries, blue: false alarms)')
    return figure
