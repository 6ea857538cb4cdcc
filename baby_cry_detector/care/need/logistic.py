# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What corrects an answer: logistic regression on top of it, which begins as no correction.

A Gaussian prior around nothing holds three labels back from being believed. Newton's steps; the
same labels give the same weights.
"""

import numpy as np


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return probabilities of rows of scores."""
    powers: np.ndarray = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def fit(rows: np.ndarray, before: np.ndarray, targets: np.ndarray, counts: np.ndarray,
        precision: float, weights: np.ndarray) -> np.ndarray:
    """
    Return weights after a Newton step towards the likeliest ones.

    :param rows: contexts, shape (N, D).
    :param before: logarithms of what is corrected, shape (N, K).
    :param targets: shares of the needs, shape (N, K).
    :param counts: how much each row counts, shape (N,).
    :param precision: of the prior around zero.
    :param weights: to begin with, shape (D, K).
    """
    depth, kinds = weights.shape
    probabilities = softmax(before + rows @ weights)
    gradient = rows.T @ (counts[:, None] * (targets - probabilities)) - precision * weights
    hessian = np.empty((kinds, depth, kinds, depth))
    for one in range(kinds):
        for two in range(one, kinds):
            factor = probabilities[:, one] * ((one == two) - probabilities[:, two]) * counts
            block = rows.T @ (factor[:, None] * rows)
            hessian[one, :, two, :] = hessian[two, :, one, :] = block
    flat = hessian.reshape(kinds * depth, kinds * depth)
    flat[np.diag_indices_from(flat)] += precision
    step = np.linalg.solve(flat, gradient.T.ravel()).reshape(kinds, depth).T
    # A step that is too long for the curve it was taken from goes astray: half of it then.
    start = objective(rows, before, targets, counts, precision, weights)
    length = 1.0
    while length > 0.01 and objective(rows, before, targets, counts, precision,
                                      weights + length * step) < start:
        length /= 2
    moved: np.ndarray = weights + length * step
    return moved


def objective(rows: np.ndarray, before: np.ndarray, targets: np.ndarray, counts: np.ndarray,
              precision: float, weights: np.ndarray) -> float:
    """Return the log of how likely weights are, up to a constant; arguments as of `fit`."""
    scores = before + rows @ weights
    most = scores.max(axis=1)
    logs = (targets * scores).sum(axis=1) - most - np.log(
        np.exp(scores - most[:, None]).sum(axis=1))
    return float(counts @ logs - 0.5 * precision * (weights ** 2).sum())
