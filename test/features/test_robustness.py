# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What no one plans for: silence, square waves, NaN, single samples, denormals, hours of zeros."""

import tracemalloc
import warnings

from baby_cry_detector.features import (extract, feature_set_ids, get_feature_set,
                                        StreamingExtractor)
from hypothesis import given, settings, strategies
import numpy as np
import pytest

pytestmark = pytest.mark.slow

SECOND = np.arange(16000)
NASTY = {
    'silence': np.zeros(16000),
    'full-scale square': np.sign(np.sin(2 * np.pi * 437 * SECOND / 16000) + 1e-9),
    'fast square': 1.0 - 2.0 * (SECOND % 2),
    'constant': np.full(16000, 0.999),
    'denormal': np.full(16000, 5e-324),
    'tiny': 1e-29 * np.sin(SECOND / 7.0),
    'one bit': (SECOND % 40 == 0) / 32767.0,
    'impulse': (SECOND == 8000) * 1.0,
    'far beyond': 1e5 * np.sin(SECOND / 9.0),
    'burst in silence': np.where((SECOND > 6000) & (SECOND < 9000), np.sin(SECOND / 5.0), 0.0),
}


@pytest.mark.parametrize('signal', NASTY)
@pytest.mark.parametrize('name', feature_set_ids())
def test_finite_and_quiet(name, signal):
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        rows = extract(name, NASTY[signal])
    assert np.isfinite(rows).all()
    assert np.abs(rows).max() < 1e30


@pytest.mark.parametrize('name', feature_set_ids())
@settings(max_examples=5, deadline=None, derandomize=True)
@given(seed=strategies.integers(0, 10 ** 6))
def test_bad_samples_are_counted_and_survived(name, seed):
    rng = np.random.default_rng(seed)
    signal = 0.2 * rng.standard_normal(6000)
    bad = rng.choice(signal.size, 37, replace=False)
    signal[bad] = rng.choice([np.nan, np.inf, -np.inf, 1e300, -1e200], bad.size)
    extractor = StreamingExtractor(name)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        rows = [extractor.process(signal[:2500]).values, extractor.process(signal[2500:]).values,
                extractor.flush().values]
    assert extractor.nonfinite_samples == bad.size
    assert np.isfinite(np.concatenate(rows)).all()
    signal[bad] = 0.0
    assert np.array_equal(np.concatenate(rows), extract(name, signal)) or np.allclose(
        np.concatenate(rows), extract(name, signal), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('name', feature_set_ids())
def test_zeros_settle_and_memory_does_not_grow(name):
    """Three minutes of zeros after a sound: constant rows, bounded state."""
    extractor = StreamingExtractor(name)
    extractor.process(0.3 * np.sin(SECOND / 6.0))
    zeros = np.zeros(16000)
    for _ in range(60):
        extractor.process(zeros)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    rows = 0
    for _ in range(120):
        block = extractor.process(zeros)
        rows += len(block)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert rows == 120 * 100
    assert grown < 200_000
    assert np.isfinite(block.values).all()


@pytest.mark.parametrize('name', ['is09', 'cry', 'cepstra20'])
def test_half_an_hour_of_quiet_leaves_no_denormal_numbers(name):
    """States that decay for hours must not end in the slow numbers next to zero."""
    extractor = StreamingExtractor(name)
    extractor.process(0.3 * np.sin(SECOND / 6.0))
    for _ in range(40):
        extractor.process(np.zeros(16000 * 45))
    values = extractor.process(np.zeros(16000)).values
    assert not np.any((values != 0) & (np.abs(values) < 1e-300))


def test_silence_of_is09_is_as_specified():
    row = extract('is09', np.zeros(4000))[5]
    names = get_feature_set('is09').columns
    expected = np.zeros(32)
    expected[names.index('pcm_zcr_sma')] = 398 / 400
    assert np.abs(row - expected).max() < 1e-12


def test_empty_and_tiny_blocks():
    extractor = StreamingExtractor('cry')
    assert len(extractor.process(np.empty(0))) == 0
    assert extractor.process(np.zeros(1, np.float32)).values.shape == (0, 86)
    assert len(extractor.flush()) == 0
    assert extract('cry', np.empty(0)).shape == (0, 86)


@pytest.mark.parametrize('samples, words', [
    (np.zeros((2, 100)), 'one-dimensional'),
    (np.zeros(100, np.int16), 'floating-point'),
    (np.zeros(100, complex), 'floating-point'),
])
def test_wrong_samples_are_refused(samples, words):
    with pytest.raises(ValueError, match=words):
        StreamingExtractor('is09').process(samples)
