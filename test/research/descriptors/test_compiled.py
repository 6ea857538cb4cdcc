# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The compiled part computes what Python computes, reads nowhere else, and is never needed."""

import ctypes
import logging

from baby_cry_detector.features import extract, StreamingExtractor
from baby_cry_detector.research.descriptors import compiled
from baby_cry_detector.research.descriptors.voice_quality import VoiceQuality
from compiled_part import path, use
from hypothesis import given, settings, strategies
import numpy as np
import pytest

RATE, HOP, WINDOW = 16000, 160, 960


@pytest.fixture
def library(monkeypatch):
    use('compiled', monkeypatch)
    return compiled.library()


def voice(seed: int, low_hz: float, high_hz: float, seconds: float = 2.0) -> np.ndarray:
    """Return a gliding harmonic tone with jitter, pauses, digital silence and noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE)) / RATE
    melody = low_hz * (high_hz / low_hz) ** (0.5 + 0.5 * np.sin(2 * np.pi * 0.7 * t + seed))
    melody *= 1 + 0.02 * np.repeat(rng.standard_normal(t.size // 50 + 1), 50)[:t.size]
    phase = 2 * np.pi * np.cumsum(melody) / RATE
    tone = sum(np.sin(k * phase + k) / k for k in range(1, 7))
    signal = 0.1 * tone * (t % 0.9 < 0.7) + 0.002 * rng.standard_normal(t.size) * (t % 0.5 > 0.1)
    return np.round(signal * 32767) / 32767


def both(monkeypatch, compute):
    """Return what the compiled part and what Python computes."""
    results = []
    for implementation in ('compiled', 'python'):
        use(implementation, monkeypatch)
        results.append(compute())
    return results


def assert_same(ours, expected):
    scale = np.maximum(np.abs(expected).max(axis=0, initial=0.0), 1e-12)
    assert (np.abs(ours - expected) / scale).max(initial=0.0) < 1e-9


@pytest.mark.parametrize('name', ['is10', 'compare16', 'compare16-lag3'])
@pytest.mark.parametrize('low_hz, high_hz', [(60.0, 110.0), (110.0, 300.0), (300.0, 620.0)])
def test_same_rows(name, low_hz, high_hz, monkeypatch):
    signal = voice(3, low_hz, high_hz)
    ours, expected = both(monkeypatch, lambda: extract(name, signal))
    assert_same(ours, expected)
    voiced = expected[:, StreamingExtractor(name).feature_set.index('F0final_sma')] > 0
    assert voiced.mean() > 0.1


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=strategies.integers(0, 10 ** 6),
       kind=strategies.sampled_from(['noise', 'square', 'impulses', 'steps', 'silence']),
       f0=strategies.lists(strategies.one_of(
           strategies.floats(40.0, 3000.0), strategies.just(0.0),
           strategies.floats(allow_nan=True, allow_infinity=True)), min_size=1, max_size=12))
def test_same_values_for_any_f0(seed, kind, f0):
    """Ties and plateaus, too, are decided alike."""
    rng = np.random.default_rng(seed)
    t = np.arange(HOP * len(f0) + WINDOW)
    samples = {'noise': 0.1 * rng.standard_normal(t.size),
               'square': np.sign(np.sin(t * rng.uniform(0.02, 0.3)) + 1e-9),
               'impulses': (t % rng.integers(7, 300) == 0) * 0.5,
               'steps': np.repeat(rng.choice([-0.5, 0.0, 0.5], t.size), 40)[:t.size],
               'silence': np.zeros(t.size)}[kind]

    def compute():
        quality = VoiceQuality(RATE, HOP, WINDOW, 0.25, 0.5, -100.0)
        quality.add(samples, 0)
        return quality.process(np.array(f0))

    with pytest.MonkeyPatch.context() as monkeypatch:
        ours, expected = both(monkeypatch, compute)
    assert np.isfinite(ours).all()
    assert_same(ours, expected)


any_float = strategies.floats(allow_nan=True, allow_infinity=True)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(samples=strategies.lists(any_float, max_size=40), repeat=strategies.integers(1, 40),
       f0=strategies.lists(strategies.one_of(strategies.floats(40.0, 3000.0), any_float),
                           min_size=1, max_size=6),
       origin=strategies.integers(-2000, 2000), frame=strategies.integers(0, 10),
       left=strategies.integers(0, 2000), search=strategies.floats(0.01, 0.9))
def test_reads_nothing_but_the_samples(samples, repeat, f0, origin, frame, left, search):
    """Whatever lies before and after the samples, the values are the same."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        use('compiled', monkeypatch)
        library = compiled.library()
    samples = np.repeat(np.array(samples, float), repeat)
    pitch, results = np.array(f0), []
    parameters = compiled.VoiceQualityParameters(RATE, HOP, WINDOW, search, 0.5, -100.0)
    for around in (0.0, 1e3, -np.inf):
        padded = np.full(samples.size + 8000, around)
        padded[4000:4000 + samples.size] = samples
        state = compiled.VoiceQualityState(frame=frame, position=frame * HOP - left, left=left,
                                           period=-1.0, difference=-1.0)
        values = np.full((len(f0) + 2, 4), 7.0)
        assert library.baby_cry_period_walk(
            ctypes.byref(state), ctypes.byref(parameters), padded[4000:].ctypes.data,
            samples.size, origin, pitch.ctypes.data, len(f0), values[1:].ctypes.data) == 0
        assert (values[[0, -1]] == 7.0).all()
        results.append((values, state.position, state.left))
    for values, *rest in results[1:]:
        assert np.array_equal(values, results[0][0], equal_nan=True)
        assert rest == list(results[0][1:])


def test_stream_goes_on_where_the_other_left_off(library, monkeypatch):
    """The state means the same to both."""
    signal, f0 = voice(5, 200.0, 500.0), np.full(100, 330.0)
    f0[::17] = 0.0
    halves = []
    for second in (library, None):
        quality = VoiceQuality(RATE, HOP, WINDOW, 0.25, 0.5, -100.0)
        quality.add(signal, 0)
        first = quality.process(f0[:50])
        quality._library = second
        halves.append(np.concatenate((first, quality.process(f0[50:]))))
    assert_same(*halves)


def test_without_a_library_python_computes(tmp_path):
    found, reason = compiled._load([tmp_path / 'missing.so'])
    assert found is None and 'no compiled part' in reason


def test_what_is_no_library_is_left_alone(tmp_path):
    text = tmp_path / '_period_walk.so'
    text.write_text('not a library')
    found, reason = compiled._load([text])
    assert found is None and 'does not fit' in reason


def test_another_version_is_left_alone(monkeypatch):
    monkeypatch.setattr(compiled, '_ABI_VERSION', -3)
    found, reason = compiled._load([path()])
    assert found is None and 'instead of -3' in reason


def test_says_once_what_computes(monkeypatch, caplog, tmp_path):
    monkeypatch.delenv(compiled.PURE_PYTHON, raising=False)
    monkeypatch.setattr(compiled, '_loaded', None)
    monkeypatch.setattr(compiled, '_PATHS', [tmp_path / 'missing.so'])
    with caplog.at_level(logging.DEBUG, logger=compiled.__name__):
        assert compiled.library() is None and compiled.library() is None
    assert len(caplog.records) == 1 and 'pure Python' in caplog.text
    assert 'pure Python' in compiled.description()
