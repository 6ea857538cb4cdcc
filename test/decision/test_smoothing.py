# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Causal mean: exact, causal, streamed = at once."""

from fractions import Fraction

from baby_cry_detector.decision.smoothing import causal_mean, CausalMean, clip_score, window_length
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=80)


@settings(max_examples=100, deadline=None)
@given(PROBABILITIES, st.integers(1, 40))
def test_streamed_is_at_once_is_exact(values, length):
    mean = CausalMean(length)
    streamed = [mean.update(value) for value in values]
    exact = [float(sum(map(Fraction, values[max(0, i + 1 - length):i + 1])) / length)
             for i in range(len(values))]
    np.testing.assert_allclose(streamed, exact, rtol=3e-16, atol=5e-324)
    np.testing.assert_allclose(causal_mean(values, length), exact, rtol=1e-13, atol=1e-15)
    assert clip_score(values, length * 0.01, 0.01) == pytest.approx(max(exact))


def test_nothing_accumulates_over_hours():
    mean = CausalMean(30)
    for value in np.random.default_rng(0).uniform(0, 1, 300_000):
        mean.update(value)
    for _ in range(29):
        mean.update(0.0)
    assert mean.update(0.0) == 0.0
    assert [mean.update(1.0) for _ in range(30)][-1] == 1.0


def test_a_loud_first_frame_is_no_cry():
    assert causal_mean([1.0], 30)[0] == pytest.approx(1 / 30)
    assert clip_score([1.0] * 3, 0.3, 0.01) == pytest.approx(0.1)
    assert clip_score([1.0] * 30, 0.3, 0.01) == 1.0
    assert clip_score([], 0.3, 0.01) == 0.0


def test_long_input_at_once():
    values = np.random.default_rng(1).uniform(0, 1, 100_000)
    expected = np.convolve(values, np.full(500, 1 / 500))[:values.size]
    np.testing.assert_allclose(causal_mean(values, 500), expected, atol=1e-12)


@pytest.mark.parametrize('wrong', [float('nan'), -1.0, -float('inf')])
def test_what_is_no_probability_is_no_evidence(wrong):
    mean = CausalMean(2)
    assert [mean.update(1.0), mean.update(wrong), mean.update(5.0)] == [0.5, 0.5, 0.5]
    np.testing.assert_array_equal(causal_mean([1.0, wrong, 5.0], 2), [0.5, 0.5, 0.5])


def test_resize_keeps_the_newest():
    mean = CausalMean(4)
    for value in (0.1, 0.2, 0.3):
        mean.update(value)
    mean.resize(2)
    assert mean.update(0.5) == pytest.approx(0.4)
    mean.resize(4)
    assert mean.update(0.2) == pytest.approx((0.3 + 0.5 + 0.2) / 4)


def test_window_length():
    assert [window_length(0.3, 0.01), window_length(0.3, 0.02), window_length(0.001, 0.01)] \
        == [30, 15, 1]
    with pytest.raises(ValueError, match='above 0'):
        window_length(0.3, 0.0)
    with pytest.raises(ValueError, match='at least 1'):
        CausalMean(0)
