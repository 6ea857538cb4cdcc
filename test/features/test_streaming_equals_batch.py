# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Streaming in blocks of any size gives the rows of the whole signal."""

from baby_cry_detector.features import (extract, feature_set_ids, get_feature_set,
                                        StreamingExtractor)
from hypothesis import given, settings, strategies
import numpy as np
import pytest

TOLERANCE = 1e-9


def voiced_bursts(seconds: float, seed: int = 3) -> np.ndarray:
    """Return gliding harmonic tones with pauses of digital silence, noise and an impulse."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * 16000)) / 16000
    pitch = 380 + 160 * np.sin(2 * np.pi * 0.9 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / 16000
    tone = sum(np.sin(k * phase + k) / k for k in range(1, 9))
    gate = (np.sin(2 * np.pi * 1.7 * t) > -0.4).astype(float)
    signal = 0.1 * gate * tone + 0.002 * rng.standard_normal(t.size) * (t > 0.2)
    signal[t.size // 2:t.size // 2 + 2000] = 0.0
    signal[t.size // 2 + 900] = 0.7
    return np.round(signal * 32767) / 32767


def stream(extractor: StreamingExtractor, signal: np.ndarray, sizes) -> np.ndarray:
    """Push the signal in blocks of the given sizes, repeated; check the frame counter."""
    rows, position, step = [], 0, 0
    while position < signal.size:
        size = sizes[step % len(sizes)]
        block = extractor.process(signal[position:position + size])
        assert block.first_frame == sum(len(part) for part in rows)
        rows.append(block.values)
        position += size
        step += 1
    block = extractor.flush()
    assert block.first_frame == sum(len(part) for part in rows)
    rows.append(block.values)
    return np.concatenate(rows)


def assert_same(rows: np.ndarray, expected: np.ndarray) -> None:
    """Compare relative to each column's largest value."""
    assert rows.shape == expected.shape
    scale = np.maximum(np.abs(expected).max(axis=0, initial=0.0), 1e-12)
    assert (np.abs(rows - expected) / scale).max(initial=0.0) < TOLERANCE


@pytest.mark.parametrize('block', [1, 7, 160, 512, 4096])
@pytest.mark.parametrize('name', feature_set_ids())
def test_fixed_blocks(name, block):
    signal = voiced_bursts(0.35 if block == 1 else 1.5)
    assert_same(stream(StreamingExtractor(name), signal, [block]), extract(name, signal))


@pytest.mark.parametrize('name', feature_set_ids())
@settings(max_examples=8, deadline=None, derandomize=True)
@given(sizes=strategies.lists(strategies.integers(0, 5000), min_size=1, max_size=12),
       seconds=strategies.floats(0.0, 0.8))
def test_random_blocks(name, sizes, seconds):
    signal = voiced_bursts(1.0)[-int(seconds * 16000) - 1:]
    assert_same(stream(StreamingExtractor(name), signal, sizes + [333]),
                extract(name, signal))


@pytest.mark.parametrize('name', feature_set_ids())
def test_reset_starts_over(name):
    signal = voiced_bursts(1.2)
    extractor = StreamingExtractor(name)
    extractor.process(voiced_bursts(0.9, seed=8))
    extractor.reset()
    first = stream(extractor, signal, [700])
    extractor.reset()
    assert_same(first, extract(name, signal))
    assert_same(stream(extractor, signal, [160]), first)


@pytest.mark.parametrize('name', feature_set_ids())
def test_number_of_rows(name):
    window = get_feature_set(name).window_length
    for size in (0, 1, window - 1, window, window + 159, window + 160, window + 5 * 160):
        expected = (size - window) // 160 + 1 if size >= window else 0
        rows = extract(name, voiced_bursts(0.2)[:size])
        assert rows.shape == (expected, len(get_feature_set(name).columns))


@pytest.mark.parametrize('name', feature_set_ids())
def test_lookahead_is_as_declared(name):
    feature_set = get_feature_set(name)
    extractor = StreamingExtractor(name)
    signal = voiced_bursts(2.0)
    allowed = round(feature_set.lookahead_s * 16000)
    done, worst = 0, 0
    for end in range(160, signal.size + 1, 160):
        done += len(extractor.process(signal[end - 160:end]))
        worst = max(worst, end - done * 160)
    # The row after the newest complete one starts at sample 160 * done and is not yet due.
    assert worst < allowed + 160
    if feature_set.lookahead_frames <= 4:
        assert worst + 160 >= allowed


def test_process_after_flush_needs_reset():
    extractor = StreamingExtractor('is09')
    extractor.process(np.zeros(1000))
    extractor.flush()
    assert len(extractor.flush()) == 0
    with pytest.raises(ValueError, match='reset'):
        extractor.process(np.zeros(10))
