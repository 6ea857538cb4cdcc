# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Metrics of detection and classification, in NumPy alone, with group-bootstrap intervals.

``scores`` are one number per clip, higher = more cry-like; ``truth`` is boolean.
"""

from typing import Callable, Dict, Optional, Sequence, Tuple

import numpy as np
from numpy.typing import ArrayLike


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks from 1, ties averaged."""
    order = np.argsort(values, kind='mergesort')
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    ends = np.r_[starts[1:], len(values)]
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + 1 + ends) / 2, ends - starts)
    return ranks


def auc(truth: np.ndarray, scores: np.ndarray) -> float:
    """
    Return the area under the ROC curve (ties count half; Mann and Whitney).

    NaN where one of the two classes is empty.
    """
    truth = np.asarray(truth, bool)
    n_positive, n_negative = int(truth.sum()), int((~truth).sum())
    if not n_positive or not n_negative:
        return float('nan')
    rank_sum = _ranks(np.asarray(scores, float))[truth].sum()
    return float((rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def f1(truth: np.ndarray, decided: np.ndarray) -> float:
    """Return F1 of the positive class; 0 where nothing was found."""
    truth, decided = np.asarray(truth, bool), np.asarray(decided, bool)
    hits = int((truth & decided).sum())
    total = int(truth.sum() + decided.sum())
    return 2.0 * hits / total if total else 0.0


def precision_recall(truth: np.ndarray, decided: np.ndarray) -> Tuple[float, float]:
    """Return (precision, recall) of the positive class; NaN where undefined."""
    truth, decided = np.asarray(truth, bool), np.asarray(decided, bool)
    hits = float((truth & decided).sum())
    found, wanted = float(decided.sum()), float(truth.sum())
    return (hits / found if found else float('nan'), hits / wanted if wanted else float('nan'))


def best_f1_threshold(truth: np.ndarray, scores: np.ndarray, plateau: float = 0.0) -> float:
    """
    Return the threshold (decide ``score >= threshold``) with the best F1.

    It lies half-way between the two scores around the best cut. With ``plateau`` > 0 it is the
    mean of all cuts whose F1 is within ``plateau`` of the best, weighted by that closeness:
    steadier from one sample of clips to the next than the single best cut.
    """
    truth, scores = np.asarray(truth, bool), np.asarray(scores, float)
    if not truth.any():
        raise ValueError('expected at least one cry to choose a threshold')
    order = np.argsort(-scores, kind='mergesort')
    ordered = scores[order]
    hits = np.cumsum(truth[order])
    values = 2.0 * hits / (np.arange(1, len(scores) + 1) + truth.sum())
    cut = np.r_[ordered[1:] != ordered[:-1], True]  # only between different scores
    values = np.where(cut, values, -1.0)
    middles = np.r_[(ordered[:-1] + ordered[1:]) / 2, ordered[-1] - 1e-9]
    if plateau <= 0:
        return float(middles[int(np.argmax(values))])
    weights = np.maximum(0.0, values - (values.max() - plateau))
    spans = np.r_[ordered[:-1] - ordered[1:], 1e-9]  # a long empty stretch counts as such
    weights = weights * spans
    return float((weights * middles).sum() / weights.sum())


def precision_at_recall(truth: np.ndarray, scores: np.ndarray, recall: float) -> float:
    """Return the precision at the highest threshold whose recall reaches ``recall``."""
    truth, scores = np.asarray(truth, bool), np.asarray(scores, float)
    positives = np.sort(scores[truth])[::-1]
    if not len(positives):
        return float('nan')
    threshold = positives[max(0, int(np.ceil(recall * len(positives) - 1e-9)) - 1)]
    return precision_recall(truth, scores >= threshold)[0]


def confusion_matrix(truth: ArrayLike, decided: ArrayLike, n_classes: int) -> np.ndarray:
    """Return counts, shape (n_classes, n_classes): row = truth, column = decision."""
    matrix = np.zeros((n_classes, n_classes), int)
    np.add.at(matrix, (np.asarray(truth, int), np.asarray(decided, int)), 1)
    return matrix


def recalls(matrix: np.ndarray) -> np.ndarray:
    """Return the recall of each class; NaN for a class without examples."""
    counts = matrix.sum(1)
    with np.errstate(invalid='ignore', divide='ignore'):
        return np.where(counts > 0, np.diag(matrix) / counts, np.nan)


def unweighted_recall(matrix: np.ndarray) -> float:
    """Return UAR: the mean of the recalls of the classes that have examples."""
    return float(np.nanmean(recalls(matrix)))


def weighted_recall(matrix: np.ndarray) -> float:
    """Return WAR: the recalls weighted by the number of examples, that is accuracy."""
    return float(np.trace(matrix) / matrix.sum())


def class_f1(matrix: np.ndarray) -> np.ndarray:
    """Return F1 of each class; 0 where a class was neither present nor decided."""
    total = matrix.sum(0) + matrix.sum(1)
    return np.where(total > 0, 2.0 * np.diag(matrix) / np.maximum(total, 1), 0.0)


def macro_f1(matrix: np.ndarray) -> float:
    """Return the mean F1 of the classes that have examples."""
    return float(class_f1(matrix)[matrix.sum(1) > 0].mean())


def weighted_f1(matrix: np.ndarray) -> float:
    """Return the F1 of the classes weighted by their number of examples."""
    return float((class_f1(matrix) * matrix.sum(1)).sum() / matrix.sum())


def reliability(truth: np.ndarray, probabilities: np.ndarray, n_bins: int = 10
                ) -> Dict[str, list]:
    """Return per bin of probability: how many, mean probability and share of positives."""
    truth, probabilities = np.asarray(truth, float), np.asarray(probabilities, float)
    bins = np.clip((probabilities * n_bins).astype(int), 0, n_bins - 1)
    table: Dict[str, list] = {'count': [], 'probability': [], 'share': []}
    for index in range(n_bins):
        inside = bins == index
        table['count'].append(int(inside.sum()))
        table['probability'].append(float(probabilities[inside].mean()) if inside.any() else None)
        table['share'].append(float(truth[inside].mean()) if inside.any() else None)
    return table


def group_bootstrap(statistic: Callable[[np.ndarray], float], groups: Sequence[str], *,
                    n_draws: int = 500, seed: int = 0, level: float = 0.95,
                    strata: Optional[Sequence] = None) -> Tuple[float, float]:
    """
    Return the percentile interval of a statistic when whole groups are drawn with replacement.

    :param statistic: takes row indices, returns a number (NaN draws are left out).
    :param strata: if given, groups are drawn within each value of it (first row decides), so
        that every draw has both classes.
    """
    names, inverse = np.unique(np.asarray(groups), return_inverse=True)
    rows = [np.flatnonzero(inverse == index) for index in range(len(names))]
    keys = (np.zeros(len(names)) if strata is None
            else np.asarray([strata[found[0]] for found in rows]))
    pools = [np.flatnonzero(keys == key) for key in np.unique(keys)]
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(n_draws):
        drawn = np.concatenate([pool[rng.integers(0, len(pool), len(pool))] for pool in pools])
        value = statistic(np.concatenate([rows[index] for index in drawn]))
        if np.isfinite(value):
            values.append(value)
    if not values:
        return float('nan'), float('nan')
    tail = (1 - level) / 2 * 100
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)


def permutation_test(statistic: Callable[[np.ndarray], float], truth: np.ndarray, *,
                     strata: Optional[ArrayLike] = None, n_permutations: int = 500,
                     seed: int = 0) -> Dict[str, float]:
    """
    Return how often shuffled labels do as well as the true ones against the same answers.

    Labels are shuffled between clips within each stratum (fold). Clips of one group are treated
    as independent, so with few clips per group only does p mean what it says.

    :param statistic: takes labels in the order of ``truth``, returns a number, higher = better.
    :return: ``value``, ``permuted_mean``, ``permuted_95`` (95th percentile), ``p_value``.
    :raises ValueError: without permutations.
    """
    if n_permutations < 1:
        raise ValueError(f'expected at least 1 permutation, got {n_permutations}')
    truth = np.asarray(truth)
    keys = np.zeros(len(truth), int) if strata is None else np.asarray(strata)
    pools = [np.flatnonzero(keys == key) for key in np.unique(keys)]
    rng = np.random.default_rng(seed)
    value, permuted = statistic(truth), []
    for _ in range(n_permutations):
        shuffled = truth.copy()
        for pool in pools:
            shuffled[pool] = truth[rng.permutation(pool)]
        permuted.append(statistic(shuffled))
    return {'value': round(float(value), 4), 'permuted_mean': round(float(np.mean(permuted)), 4),
            'permuted_95': round(float(np.percentile(permuted, 95)), 4),
            'p_value': round((1 + sum(found >= value for found in permuted))
                             / (1 + n_permutations), 4)}


def poisson_interval(n: int) -> Tuple[float, float]:
    """Return the exact 95 % interval of a Poisson mean after ``n`` events."""
    from scipy.stats import chi2
    return (float(chi2.ppf(0.025, 2 * n) / 2) if n else 0.0,
            float(chi2.ppf(0.975, 2 * n + 2) / 2))
