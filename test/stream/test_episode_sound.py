# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How an episode sounds: told once, from its first half minute, however its frames are cut."""

from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.decision.episode_sound import (columns_of, described, EpisodeSounds,
                                                      LONGEST_S)
from baby_cry_detector.decision.episodes import Episode
from baby_cry_detector.features.extractor import extract
from baby_cry_detector.stream.classification import Classification
from baby_cry_detector.stream.intake import StampedFrames
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
import numpy as np
import pytest

CHECKPOINT = open_checkpoint()
HOP_NS = 10_000_000
START_NS = 1_790_000_000_000_000_000


def rows_of(cry_s, seed=4, gain=1.0):
    """Return descriptors of quiet, a cry and quiet, float32."""
    generator = np.random.default_rng(seed)
    samples = 10 ** (-55 / 20) * generator.standard_normal(int((cry_s + 14.0) * 16000))
    cry = gain * synthesise_cry(cry_s, seed=seed)
    samples[32000:32000 + len(cry)] += cry
    feature_set = FrameListener(CHECKPOINT).feature_set
    return np.asarray(extract(feature_set, samples.astype(np.float32)), np.float32), feature_set


def heard(rows, block):
    """Return what is told of a stream in blocks, and the decisions."""
    said = []
    listener = FrameListener(CHECKPOINT, crib_id='crib')
    machine = Classification(listener, sounds=EpisodeSounds(listener.feature_set, said.append))
    decisions = []
    for first in range(0, len(rows), block):
        decisions += machine.on_frames(StampedFrames(
            first, START_NS + first * HOP_NS, rows[first:first + block]), 'crib')
    return said, decisions


def test_each_episode_is_told_once_and_the_same_however_it_is_cut():
    rows, feature_set = rows_of(8.0)
    said, decisions = heard(rows, 4)
    assert len(said) == 1
    sound = said[0]
    names = {decision.episode_id for decision in decisions if decision.crying}
    assert {sound.episode_id} == names and sound.kind.startswith(feature_set.id)
    onset_ns = next(decision.onset_ns for decision in decisions if decision.crying)
    assert sound.onset_ns == onset_ns and len(sound.values) == 2 * len(columns_of(feature_set))
    assert np.isfinite(sound.values).all() and len(sound.values) <= 64
    other, _ = heard(rows, 1)
    # A block more or less at its ends is all that differs.
    assert other[0].values == pytest.approx(sound.values, rel=0.05, abs=1.0)
    assert heard(rows_of(8.0, gain=0.0)[0], 4)[0] == []


def test_of_a_long_one_the_first_half_minute_is_told_while_it_goes_on():
    _, feature_set = rows_of(1.0)
    generator = np.random.default_rng(2)
    rows = generator.normal(size=(6000, len(feature_set.columns))).astype(np.float32)
    said = []
    sounds = EpisodeSounds(feature_set, said.append)
    episode = Episode(START_NS, START_NS, episode_id='crib-1')
    for first in range(0, 6000, 7):
        sounds.hear(rows[first:first + 7], episode)
        assert bool(said) == (first + 7 >= LONGEST_S * 100)
    sounds.hear(rows[:5], None)
    assert len(said) == 1
    assert said[0].values == pytest.approx(described(rows[:round(LONGEST_S * 100)], feature_set))
    sounds.hear(rows[:200], Episode(START_NS, START_NS, episode_id='crib-2'))
    sounds.hear(rows[:200], Episode(START_NS, START_NS, episode_id='crib-3'))
    assert [each.episode_id for each in said] == ['crib-1', 'crib-2'], 'another ends it'
    sounds.forget()
    sounds.hear(rows[:0], None)
    assert len(said) == 2


def test_too_little_or_no_numbers_are_no_sound():
    _, feature_set = rows_of(1.0)
    rows = np.ones((300, len(feature_set.columns)))
    assert described(rows[:99], feature_set) is None
    rows[::2] = np.nan
    assert described(rows, feature_set) is not None
    rows[:] = np.inf
    assert described(rows, feature_set) is None
