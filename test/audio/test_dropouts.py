# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Holes and repeats in audio whose stamps are right are said; what only looks like them is not."""

import zlib

from baby_cry_detector.audio import to_pcm16
from baby_cry_detector.audio.dropouts import holes, is_periodic
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.stream.reception import DropoutJudge
from baby_cry_detector.stream.verdict import ERROR, OK, WARN
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

RATE = 16_000


def judged(samples, rate=RATE, block=None, judge=None):
    """Return the judge after blocks of int16 samples."""
    pcm = to_pcm16(np.asarray(samples))
    judge = judge or DropoutJudge()
    block = block or rate // 25
    for first in range(0, len(pcm) - block + 1, block):
        part = pcm[first:first + block]
        judge.update(part / 32767.0, rate, zlib.crc32(part.tobytes()))
    return judge


def room(duration_s, level_db=-50.0, seed=0, rate=RATE):
    return 10 ** (level_db / 20) * np.random.default_rng(seed).standard_normal(
        int(duration_s * rate))


def spoilt(samples, how, length, every):
    """Return samples in which each so manieth piece is what a starved driver makes of it."""
    samples = np.array(samples)
    for number in range(1, len(samples) // length):
        if number % every == every - 1:
            first = number * length
            samples[first:first + length] = {
                'zeros': 0.0, 'held': samples[first - 1],
                'repeated': samples[first - length:first]}[how]
    return samples


@pytest.mark.parametrize('how', ['zeros', 'held'])
@pytest.mark.parametrize('level_db', [-70.0, -50.0, -20.0])
@pytest.mark.parametrize('length_ms, every, level', [
    (40, 2, ERROR), (20, 2, ERROR), (100, 2, ERROR), (190, 2, ERROR), (40, 8, WARN), (10, 3, WARN),
    (2, 50, WARN), (5, 20, WARN)])
def test_holes_are_said(how, level_db, length_ms, every, level):
    verdict = judged(spoilt(room(12.0, level_db), how, length_ms * 16, every)).verdict
    assert (verdict.kind, verdict.level) == ('holes', level)
    assert verdict.trusted == (level == WARN) and 'driver' in verdict.sentence


@pytest.mark.parametrize('rate', [8000, 11_025, 44_100, 48_000])
@pytest.mark.parametrize('block_ms', [3, 10, 33, 1000])
def test_they_are_said_at_any_rate_and_size_of_block(rate, block_ms):
    samples = spoilt(room(12.0, rate=rate), 'zeros', rate // 50, 4)
    assert judged(samples, rate, rate * block_ms // 1000).verdict.kind == 'holes'


@pytest.mark.parametrize('every, level', [(2, ERROR), (3, WARN), (8, WARN)])
def test_blocks_that_a_driver_gives_twice_are_said(every, level):
    verdict = judged(spoilt(room(12.0), 'repeated', RATE // 25, every)).verdict
    assert (verdict.kind, verdict.level) == ('stutter', level)


def test_a_ring_of_buffers_that_goes_round_twice_is_said():
    blocks = room(12.0).reshape(-1, 640)[:296].reshape(-1, 4, 640)
    verdict = judged(np.concatenate([np.tile(part, (2, 1)) for part in blocks]).ravel()).verdict
    assert verdict.kind == 'stutter'


def clipped_hum():
    return np.clip(4.0 * np.sin(2 * np.pi * 50 * np.arange(12 * RATE) / RATE), -1.0, 1.0)


HARMLESS = {
    'a room': lambda: room(12.0), 'a quiet room': lambda: room(12.0, -88.0),
    'less than a step': lambda: room(12.0, -100.0), 'zeros': lambda: np.zeros(12 * RATE),
    'an offset': lambda: np.full(12 * RATE, 0.1),
    'steps of one': lambda: np.random.default_rng(0).integers(-1, 2, 12 * RATE) / 32767.0,
    'a cry': lambda: room(12.0) + np.pad(synthesise_cry(10.0, seed=4), (0, 2 * RATE)),
    'a cry in digital silence': lambda: np.tile(np.pad(synthesise_cry(1.5, seed=4), (0, RATE)), 5),
    'a tone': lambda: 0.3 * np.sin(2 * np.pi * 1000 * np.arange(12 * RATE) / RATE),
    'another tone': lambda: 0.3 * np.sin(2 * np.pi * 440 * np.arange(12 * RATE) / RATE),
    'faint hum': lambda: 5e-4 * np.sin(2 * np.pi * 50 * np.arange(12 * RATE) / RATE),
    'a square wave': lambda: 0.3 * np.sign(np.sin(2 * np.pi * 60 * np.arange(12 * RATE) / RATE)),
    'a low tone': lambda: 0.3 * np.sin(2 * np.pi * 60 * np.arange(12 * RATE) / RATE),
    'clipped hum': clipped_hum, 'clipped noise': lambda: np.clip(room(12.0, 20.0), -1.0, 1.0),
    'eight bits': lambda: np.rint(room(12.0, -30.0) * 128) / 128,
    'made syllables that fade': lambda: np.tile(np.concatenate((
        np.hanning(1600) * room(0.1, -20.0), np.zeros(1600))), 60),
    'words through a noise gate': lambda: np.concatenate([np.pad(room(
        0.4, -30.0, seed), (0, RATE // 2)) for seed in range(14)]),
}


@pytest.mark.parametrize('name', HARMLESS)
def test_what_only_looks_like_them(name):
    assert judged(HARMLESS[name]()).verdict.level == OK


def test_one_fault_is_none_and_it_ends_with_its_cause():
    samples = room(12.0)
    samples[5 * RATE:5 * RATE + 600] = 0.0
    assert judged(samples).verdict.level == OK
    judge = judged(spoilt(room(12.0), 'zeros', 640, 4))
    said = judge.verdict
    assert judged(spoilt(room(5.0), 'zeros', 640, 4), judge=judge).verdict is said    # told once
    assert judged(room(11.0), judge=judge).verdict.level == OK


@given(st.lists(st.tuples(st.integers(40, 400), st.integers(1, 400)), min_size=1, max_size=8))
@settings(max_examples=50, deadline=None)
def test_each_hole_counts_once_with_its_length(pieces):
    generator = np.random.default_rng(1)
    parts, expected = [generator.standard_normal(40)], []
    for hole, sound in pieces:
        parts += [np.zeros(hole), generator.standard_normal(sound + 40)]
        expected.append(hole)
    assert holes(np.concatenate(parts), 40, 400) == expected


def test_a_tone_is_known_from_a_block_that_happens_to_come_again():
    assert is_periodic(np.rint(9e3 * np.sin(2 * np.pi * np.arange(640) / 16)))
    assert is_periodic(np.sign(np.sin(2 * np.pi * (np.arange(640) + 0.5) / 320)))
    assert is_periodic(np.zeros(640)) and is_periodic(np.zeros(10))
    assert not is_periodic(np.random.default_rng(0).standard_normal(640))
