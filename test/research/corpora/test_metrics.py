# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Metrics against values worked out by hand, and their behaviour at the edges."""

import math

from baby_cry_detector.research.evaluation import metrics
import numpy as np
import pytest


def test_auc_counts_ordered_pairs_and_half_of_the_ties():
    truth = np.array([1, 1, 0, 0, 0], bool)
    scores = np.array([0.9, 0.4, 0.4, 0.1, 0.8])
    # 0.9 beats three; 0.4 beats 0.1, ties with 0.4, loses to 0.8: (3 + 1.5) / 6
    assert metrics.auc(truth, scores) == pytest.approx(4.5 / 6)
    assert metrics.auc(truth, np.zeros(5)) == pytest.approx(0.5)
    assert math.isnan(metrics.auc(np.ones(3, bool), np.arange(3)))


def test_f1_precision_recall():
    truth = np.array([1, 1, 1, 0, 0], bool)
    decided = np.array([1, 1, 0, 1, 0], bool)
    assert metrics.f1(truth, decided) == pytest.approx(4 / 6)
    assert metrics.precision_recall(truth, decided) == pytest.approx((2 / 3, 2 / 3))
    assert metrics.f1(truth, np.zeros(5, bool)) == 0.0


def test_best_threshold_lies_between_the_scores_around_the_best_cut():
    truth = np.array([1, 1, 1, 0, 0, 0], bool)
    scores = np.array([0.9, 0.8, 0.7, 0.3, 0.2, 0.1])
    assert metrics.best_f1_threshold(truth, scores) == pytest.approx(0.5)
    assert 0.3 < metrics.best_f1_threshold(truth, scores, plateau=0.02) < 0.7
    tied = np.array([0.5, 0.5, 0.5, 0.5, 0.1, 0.1])
    threshold = metrics.best_f1_threshold(truth, tied)
    assert 0.1 < threshold < 0.5  # never between equal scores
    with pytest.raises(ValueError, match='at least one cry'):
        metrics.best_f1_threshold(np.zeros(3, bool), np.arange(3))


def test_precision_at_recall():
    truth = np.array([1, 0, 1, 0, 1], bool)
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    assert metrics.precision_at_recall(truth, scores, 1 / 3) == pytest.approx(1.0)
    assert metrics.precision_at_recall(truth, scores, 2 / 3) == pytest.approx(2 / 3)
    assert metrics.precision_at_recall(truth, scores, 1.0) == pytest.approx(3 / 5)


def test_uar_is_the_mean_recall_and_war_is_accuracy():
    matrix = metrics.confusion_matrix([0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0], 2)
    assert matrix.tolist() == [[3, 1], [1, 1]]
    assert metrics.unweighted_recall(matrix) == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert metrics.weighted_recall(matrix) == pytest.approx(4 / 6)
    assert metrics.class_f1(matrix) == pytest.approx([6 / 8, 2 / 4])
    assert metrics.macro_f1(matrix) == pytest.approx(0.625)
    assert metrics.weighted_f1(matrix) == pytest.approx((4 * 0.75 + 2 * 0.5) / 6)


def test_bootstrap_draws_groups_not_rows():
    # Two groups, each of one value: the mean of a draw is 0, 1/2 or 1, nothing between.
    values = np.r_[np.zeros(50), np.ones(50)]
    groups = ['a'] * 50 + ['b'] * 50
    seen = set()

    def mean(rows):
        seen.add(float(values[rows].mean()))
        return values[rows].mean()

    low, high = metrics.group_bootstrap(mean, groups, n_draws=60)
    assert seen == {0.0, 0.5, 1.0}
    assert (low, high) == (0.0, 1.0)


def test_reliability_bins():
    table = metrics.reliability(np.array([0, 1, 1]), np.array([0.05, 0.95, 1.0]), n_bins=2)
    assert table['count'] == [1, 2]
    assert table['share'] == [0.0, 1.0]


def test_permutations_tell_an_answer_from_chance():
    rng = np.random.default_rng(0)
    truth = np.repeat([True, False], 40)
    folds = np.tile([0, 1], 40)
    good = metrics.permutation_test(lambda labels: metrics.auc(labels, truth + rng.random(80)),
                                    truth, strata=folds, n_permutations=99)
    assert good['p_value'] == 0.01 and good['permuted_mean'] == pytest.approx(0.5, abs=0.05)
    scores = rng.random(80)
    chance = metrics.permutation_test(lambda labels: metrics.auc(labels, scores), truth,
                                      strata=folds, n_permutations=99)
    assert chance['p_value'] > 0.02
    # Within a stratum of one class there is nothing to shuffle.
    fixed = metrics.permutation_test(lambda labels: metrics.auc(labels, scores), truth,
                                     strata=truth, n_permutations=9)
    assert fixed['p_value'] == 1.0 and fixed['permuted_mean'] == fixed['value']
    with pytest.raises(ValueError, match='at least 1'):
        metrics.permutation_test(lambda labels: 0.0, truth, n_permutations=0)
