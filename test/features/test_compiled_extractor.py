# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The compiled descriptors against the Python stages they follow."""

from functools import lru_cache

from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.features import compiled, get_feature_set, StreamingExtractor
from compiled_core import core, python
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

SETS = ('cry/1', 'cry/2', 'cepstra20/1', 'is09/1')
TOLERANCE = 1e-6        # of a column's largest value


def both(name):
    """Return a compiled extractor and the reference."""
    feature_set = get_feature_set(name)
    made = StreamingExtractor(feature_set)
    made._compiled = compiled.CompiledExtractor(feature_set, core())
    with python():
        reference = StreamingExtractor(feature_set)
    assert reference._compiled is None
    return made, reference


def hear(extractor, samples, cuts=()):
    """Return all rows of a signal, cut into blocks, and start anew."""
    rows = [extractor.process(part).values for part in np.split(samples, sorted(cuts))]
    rows.append(extractor.flush().values)
    extractor.reset()
    return np.concatenate(rows)


@lru_cache(maxsize=None)
def usual_size(name):
    """Return the largest value of each column while a baby cries."""
    with python():
        rows = hear(StreamingExtractor(name), np.ravel(synthesise_cry(4.0)))
    return np.maximum(np.abs(rows).max(axis=0), 1e-3)


def assert_equal(name, rows, expected, what=''):
    assert rows.shape == expected.shape
    scale = np.maximum(np.abs(expected).max(axis=0, initial=0.0), usual_size(name))
    worst = (np.abs(rows - expected) / scale).max(axis=0, initial=0.0)
    names = get_feature_set(name).columns
    assert worst.max(initial=0.0) <= TOLERANCE, (what, names[int(worst.argmax())], worst.max())


def signals():
    rng = np.random.default_rng(5)
    time = np.arange(16000 * 4) / 16000
    voiced = np.sin(2 * np.pi * (450 * time + 40 * np.sin(2 * np.pi * 3 * time)))
    yield 'cry', np.ravel(synthesise_cry(4.0))[:64000]
    yield 'noise', rng.normal(0, 0.1, 16000 * 4)
    yield 'quiet room', rng.normal(0, 3e-4, 16000 * 4)
    yield 'bursts', np.where(np.sin(2 * np.pi * time) > 0, voiced * 0.3, 0.0) \
        + rng.normal(0, 1e-3, time.size)
    yield 'full scale', np.sign(voiced)
    yield 'pcm16 silence with one step', np.round(rng.normal(0, 0.3, 16000)) / 32767
    yield 'deep noise', np.cumsum(rng.normal(0, 0.01, 16000)) * 0.1
    yield 'short', voiced[:410]
    yield 'two rows', voiced[:600]
    yield 'nothing', voiced[:0]


@pytest.mark.parametrize('name', SETS)
def test_rows_equal_the_reference(name):
    made, reference = both(name)
    for what, samples in signals():
        assert_equal(name, hear(made, samples), hear(reference, samples), what)


@pytest.mark.parametrize('name', SETS)
@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 24000), max_size=40), seed=st.integers(0, 99))
def test_blocks_of_any_size_give_the_same_bits(name, cuts, seed):
    made, _ = both(name)
    samples = np.random.default_rng(seed).normal(0, 0.05, 24000)
    assert np.array_equal(hear(made, samples, cuts), hear(made, samples))


@pytest.mark.parametrize('name', SETS)
def test_what_is_no_sound_is_counted_and_survived(name):
    made, reference = both(name)
    samples = np.random.default_rng(1).normal(0, 0.05, 16000)
    samples[[3, 900, 901, 5000]] = np.nan, np.inf, -np.inf, 1e7
    samples[6000:6500] = 1e-310
    samples[7000:7600] = 5e-31
    assert_equal(name, hear(made, samples), hear(reference, samples))
    assert made.nonfinite_samples == reference.nonfinite_samples == 4


@pytest.mark.parametrize('name', SETS)
def test_long_silence_does_not_drift(name):
    made, reference = both(name)
    burst = np.random.default_rng(2).normal(0, 0.2, 8000)
    for extractor in (made, reference):
        extractor.process(burst)
    for _ in range(2):          # ten minutes at a time
        last = made.process(np.zeros(16000 * 600)).values[-1]
    expected = reference.process(np.zeros(16000 * 120)).values[-1]
    assert np.isfinite(last).all()
    assert np.abs(last - expected).max() <= 1e-9
    assert_equal(name, made.process(burst).values, reference.process(burst).values)


def test_reset_forgets_everything():
    for name in SETS:
        made, _ = both(name)
        samples = np.random.default_rng(3).normal(0, 0.05, 8000)
        first = hear(made, samples)
        made.process(samples[:1234])
        made.reset()
        assert np.array_equal(hear(made, samples), first)


def test_a_table_that_does_not_fit_is_refused():
    feature_set = get_feature_set('cry')
    name, make_tables = compiled._TABLES[feature_set.id]
    new = core()['baby_cry_extractor_cry']
    new.restype, new.argtypes = compiled.c_void_p, [compiled.c_void_p]
    for field, value in (('first_bin', 0), ('stop_bin', 300), ('stop_lag', 9999),
                         ('slope_frames', 1000), ('n_mfcc', 99)):
        tables = make_tables(feature_set.parameters, compiled._Arrays())
        setattr(tables, field, value)
        assert not new(compiled.ctypes.byref(tables)), field
