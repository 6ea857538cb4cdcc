# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The convolution of the second listener's networks: compiled as in Python, to the bit."""

from baby_cry_detector import compiled
from baby_cry_detector.checkpoints import CONFIRMER
from baby_cry_detector.model.second.confirmer import load_confirmer
from baby_cry_detector.model.second.convolution import (convolve, HARD_SWISH, NOTHING, RECTIFIED)
from compiled_core import core, python
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def built(monkeypatch):
    monkeypatch.setattr(compiled, '_loaded', (core(), 'compiled for the test'))


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.integers(0, 10 ** 6), st.integers(1, 30), st.integers(1, 30), st.integers(1, 40),
       st.sampled_from((1, 3, 5)), st.integers(1, 3), st.booleans(),
       st.sampled_from((NOTHING, RECTIFIED, HARD_SWISH)), st.integers(0, 2), st.integers(0, 2))
def test_both_give_the_same_bits(seed, rows, columns, channels, size, stride, is_one, activation,
                                 top, left):
    rng = np.random.default_rng(seed)
    before = None if top == 2 else (min(top, size - 1), min(left, size - 1))
    x = rng.normal(0, 2, (rows, columns, 1 if is_one else channels)).astype(np.float32)
    # Not every picture comes in one piece: a network may give a part of one.
    x = x[::-1] if seed % 2 else x
    kernel = rng.normal(0, 2, (size, size, channels)).astype(np.float32)
    bias = rng.normal(0, 2, channels).astype(np.float32)
    fast = convolve(x, kernel, bias, stride, activation, before)
    with python():
        slow = convolve(x, kernel, bias, stride, activation, before)
    assert fast.dtype == slow.dtype == np.float32 and np.array_equal(fast, slow)


def test_a_point_is_what_the_equation_says():
    x = np.arange(20, dtype=np.float32).reshape(4, 5, 1)
    kernel = np.arange(18, dtype=np.float32).reshape(3, 3, 2)
    for where in ('compiled', 'python'):
        if where == 'python':
            with python():
                y = convolve(x, kernel, np.array([1, 2], np.float32), 2)
        else:
            y = convolve(x, kernel, np.array([1, 2], np.float32), 2)
        assert y.shape == (2, 3, 2)
        assert y[1, 1, 1] == 2 + sum(
            x[1 + i, 1 + j, 0] * kernel[i, j, 1] for i in range(3) for j in range(3))
        assert y[0, 0, 0] == 1 + sum(
            x[i - 1, j - 1, 0] * kernel[i, j, 0] for i in (1, 2) for j in (1, 2))


@pytest.mark.parametrize('x, kernel, bias', [
    ((4, 4, 3), (3, 3, 2), (2,)), ((4, 4, 2), (3, 5, 2), (2,)), ((4, 4, 2), (3, 3, 2), (3,)),
    ((4, 4), (3, 3, 2), (2,))])
def test_shapes_that_do_not_fit_are_refused(x, kernel, bias):
    with pytest.raises(ValueError, match='do not fit'):
        convolve(*(np.zeros(shape, np.float32) for shape in (x, kernel, bias)))


def test_the_second_listener_says_the_same_with_and_without_the_compiled_core():
    confirmer = load_confirmer(CONFIRMER)
    samples = np.random.default_rng(3).normal(0, 0.05, 15600).astype(np.float32)
    fast = confirmer.embedding(samples)
    with python():
        assert np.array_equal(fast, load_confirmer(CONFIRMER).embedding(samples))
