# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Needs: real evidence is answered, shuffled labels are not."""

from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.model.checkpoint import Member
import numpy as np
import pytest

pytest.importorskip('torch')
from baby_cry_detector.research.training import need  # noqa: E402, I100  # after importorskip

N_CLIPS, SIZE, FOLDS = 300, 16, 5


def made(separation, seed=0):
    """Return hidden states, needs and folds; three needs, the first as frequent as on phones."""
    rng = np.random.default_rng(seed)
    needs = rng.choice(3, N_CLIPS, p=[0.7, 0.2, 0.1])
    hidden = rng.standard_normal((N_CLIPS, SIZE))
    hidden[:, :3] += separation * np.eye(3)[needs]
    return hidden, needs, rng.integers(0, FOLDS, N_CLIPS)


def evaluate(hidden, needs, folds):
    return need.evaluate_needs(lambda fold: hidden, needs, folds,
                               [str(number) for number in range(N_CLIPS)], ['a', 'b', 'c'], 0.6,
                               n_permutations=10)


def test_needs_that_can_be_heard_are_answered():
    result = evaluate(*made(separation=3.0))
    assert result.figures['macro_recall'] > 0.75
    assert result.figures['p_value'] < 0.1
    assert result.scale > 0.2 and result.threshold < 1.0
    assert result.figures['answered_precision'] >= 0.6


@pytest.mark.parametrize('seed', range(4))
def test_shuffled_labels_abstain(seed):
    hidden, needs, folds = made(separation=3.0, seed=seed)
    shuffled = np.random.default_rng(seed + 100).permutation(needs)
    result = evaluate(hidden, shuffled, folds)
    assert result.threshold == 1.0
    assert result.scale < 0.1
    shares = need.answer(np.random.default_rng(0).standard_normal((50, 3)), result.priors,
                         result.scale)
    assert np.abs(shares - result.priors).max() < 0.1  # the prior, whatever is heard


def test_the_head_in_the_checkpoint_says_what_was_evaluated():
    hidden, needs, _ = made(separation=2.0)
    priors = need.priors_of(needs, 3)
    head = need.fit_head(hidden, needs, np.log(priors))
    architecture = Architecture(input_size=4, hidden_sizes=(SIZE,))
    arrays = {name: np.zeros(shape, np.float32) for name, shape in architecture.shapes().items()}
    member = need.with_head(Member(architecture, tuple('abcd'), np.zeros(4), np.ones(4), arrays),
                            head, priors, scale=0.5)
    assert member.architecture.n_needs == 3
    logits = hidden @ member.arrays['need_head.weight'].T + member.arrays['need_head.bias']
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    assert np.allclose(shares, need.answer(head.evidence(hidden), priors, 0.5), atol=1e-5)
