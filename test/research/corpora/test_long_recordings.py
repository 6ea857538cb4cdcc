# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Scores of recordings of any length, part by part: the same, and nothing of them is kept."""

import math
import tracemalloc

from baby_cry_detector.audio import read_audio
from baby_cry_detector.research.evaluation.clips import onset_delay_s, score_clips
from baby_cry_detector.research.evaluation.scoring import ClipScore
from baby_cry_detector.research.training.chains import first_sound_of_levels_s
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest
import soundfile


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2 ** 32), st.lists(st.integers(0, 300), min_size=1, max_size=6),
       st.sampled_from([0.01, 0.3, 1.0]), st.floats(0.2, 0.9))
def test_parts_give_what_the_whole_gives(seed, sizes, smoothing_s, threshold):
    generator = np.random.default_rng(seed)
    probability = generator.random(sum(sizes)).astype(np.float32) ** 0.3
    levels = -60.0 + 40.0 * generator.random(sum(sizes))
    heard, first = ClipScore(smoothing_s, threshold), 0
    for size in sizes:
        heard.add(probability[first:first + size], levels[first:first + size])
        first += size
    assert heard.score == score_clips([probability], smoothing_s)[0]
    expected = onset_delay_s(probability, threshold, smoothing_s,
                             first_sound_of_levels_s(levels), 0.065)
    assert heard.delay_s(0.065) == pytest.approx(expected, nan_ok=True)
    assert math.isnan(expected) == (heard.score < threshold)


def test_nothing_of_a_day_is_kept():
    heard = ClipScore(0.3, 0.5)
    hour = np.full(360_000, 0.2, np.float32), np.full(360_000, -50.0)
    heard.add(*hour)
    tracemalloc.start()
    for _ in range(23):
        for first in range(0, 360_000, 1000):
            heard.add(hour[0][first:first + 1000], hour[1][first:first + 1000])
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 200_000 and peak < 500_000
    assert heard.score == pytest.approx(0.2) and math.isnan(heard.delay_s(0.0))


def test_of_a_long_recording_only_so_much_is_read(tmp_path):
    samples = np.random.default_rng(0).integers(-9000, 9000, 16_000 * 5).astype(np.int16)
    soundfile.write(tmp_path / 'x.wav', samples, 16_000)
    whole = read_audio(tmp_path / 'x.wav')
    for longest_s in (0.5, 1.0, 2.7, 5.0, 9.0):
        part = read_audio(tmp_path / 'x.wav', longest_s=longest_s)
        assert np.array_equal(part, whole[:int(16_000 * longest_s)])
