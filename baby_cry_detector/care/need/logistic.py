# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Probability of each need given the context: logistic regression around a published prior.

A Gaussian prior around the published weights holds three labels back from being believed, and
every label counts half after five weeks. Newton's steps; the same labels give the same weights.
"""

import numpy as np


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return probabilities of rows of scores."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def fit(rows: np.ndarray, targets: np.ndarray, counts: np.ndarray, centre: np.ndarray,
        precision: np.ndarray, weights: np.ndarray, steps: int) -> np.ndarray:
    """
    Return weights after some Newton steps towards the likeliest ones.

    :param rows: contexts, shape (N, D).
    :param targets: shares of the needs, shape (N, K).
    :param counts: how much each row counts, shape (N,).
    :param centre: of the prior, shape (D, K).
    :param precision: of the prior, shape (D,).
    :param weights: to begin with, shape (D, K).
    """
    depth, kinds = centre.shape
    for _ in range(steps):
        probabilities = softmax(rows @ weights)
        gradient = rows.T @ (counts[:, None] * (targets - probabilities)) \
            - precision[:, None] * (weights - centre)
        hessian = np.empty((kinds, depth, kinds, depth))
        for one in range(kinds):
            for two in range(one, kinds):
                factor = probabilities[:, one] * ((one == two) - probabilities[:, two]) * counts
                block = rows.T @ (factor[:, None] * rows)
                hessian[one, :, two, :] = hessian[two, :, one, :] = block
        flat = hessian.reshape(kinds * depth, kinds * depth)
        flat[np.diag_indices_from(flat)] += np.tile(precision, kinds)
        step = np.linalg.solve(flat, gradient.T.ravel()).reshape(kinds, depth).T
        # A step that is too long for the curve it was taken from goes astray: half of it then.
        before = objective(rows, targets, counts, centre, precision, weights)
        length = 1.0
        while length > 0.01 and objective(rows, targets, counts, centre, precision,
                                          weights + length * step) < before:
            length /= 2
        weights = weights + length * step
    return weights


def objective(rows, targets, counts, centre, precision, weights) -> float:
    """Return the log of how likely weights are, up to a constant; arguments as of `fit`."""
    scores = rows @ weights
    most = scores.max(axis=1)
    logs = (targets * scores).sum(axis=1) - most - np.log(
        np.exp(scores - most[:, None]).sum(axis=1))
    return float(counts @ logs - 0.5 * (precision[:, None] * (weights - centre) ** 2).sum())
