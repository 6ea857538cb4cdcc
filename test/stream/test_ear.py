# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Microphones that do not hear the room: muted, stuck, far too quiet, gated."""

import json

from baby_cry_detector.audio import read_audio, to_pcm16
from baby_cry_detector.stream.ear import Ear
from baby_cry_detector.stream.ear_memory import EarMemory
from baby_cry_detector.stream.verdict import ERROR, FINE, OK, WARN
import numpy as np
import pytest
from recordings import recordings

RATE, BLOCK = 16_000, 640
RANDOM = np.random.default_rng(2)
CRIES = [path for path, is_cry in recordings(every=25) if is_cry]


def room(duration_s, level_db=-55.0, seed=0):
    return 10 ** (level_db / 20) * np.random.default_rng(seed).standard_normal(
        int(duration_s * RATE))


def listen_to(ear, samples, repeated=False):
    samples = np.asarray(to_pcm16(np.asarray(samples))) / 32767.0
    for first in range(0, len(samples) - BLOCK + 1, BLOCK):
        ear.update(samples[first:first + BLOCK], RATE, 7 if repeated else first)
    return ear.verdict


def steps(duration_s, seed=0):
    """Return what the switch of a USB microphone leaves: steps of +-1."""
    return np.random.default_rng(seed).integers(-1, 2, int(duration_s * RATE)) / 32767.0


FAULTS = {
    'zeros': (lambda: np.zeros(12 * RATE), 'constant'),
    'an offset': (lambda: np.full(12 * RATE, 0.04), 'constant'),
    'steps of one': (lambda: steps(17.0), 'muted'),
    'steps of one on an offset': (lambda: steps(17.0) + 0.03, 'muted'),
    'an analogue floor': (lambda: room(17.0, -86.0), 'muted'),
    'full scale': (lambda: np.ones(12 * RATE), 'constant'),
    'noise at full scale': (lambda: RANDOM.uniform(-1.0, 1.0, 17 * RATE), 'full_scale'),
    'one end or the other': (lambda: RANDOM.choice((-1.0, 1.0), 17 * RATE), 'full_scale'),
    'white noise': (lambda: room(17.0, -8.0), 'full_scale'),
    'a howl': (lambda: 3.0 * np.sin(np.arange(17 * RATE) * 0.2), 'full_scale'),
}


@pytest.mark.parametrize('name', FAULTS)
def test_a_muted_microphone_is_known_within_17_s(name):
    make, kind = FAULTS[name]
    ear = Ear()
    assert listen_to(ear, room(20.0)).level == OK
    verdict = listen_to(ear, make())
    assert (verdict.kind, verdict.trusted, verdict.level) == (kind, False, ERROR)
    assert listen_to(ear, room(2.0, seed=3)).level == OK


@pytest.mark.parametrize('gain_db', [0.0, 12.0, 24.0])
@pytest.mark.parametrize('path', CRIES, ids=lambda path: path.stem)
def test_a_real_cry_is_trusted_however_far_it_is_clipped(path, gain_db):
    samples = read_audio(path, RATE)
    clipped = np.clip(samples / np.abs(samples).max() * 10 ** (gain_db / 20), -1.0, 1.0)
    assert listen_to(Ear(), np.tile(clipped, 5)).trusted


def test_loud_sounds_that_go_on_evenly_are_no_fault_of_a_driver():
    at = np.arange(20 * RATE)
    assert listen_to(Ear(), room(20.0, -13.0)) == FINE       # a sleep machine of white noise
    assert listen_to(Ear(), 0.4 * np.sin(at * 0.4) + room(20.0, -75.0)) == FINE
    vacuum = np.convolve(room(20.0, -6.0), np.ones(4) / 4.0)[:len(at)]  # no room leaves it white
    assert listen_to(Ear(), vacuum) == FINE


def test_a_driver_that_repeats_a_block_is_known_and_a_tone_is_not_it():
    assert listen_to(Ear(), room(12.0), repeated=True).kind == 'frozen'
    assert listen_to(Ear(), room(12.0)).level == OK
    tone = 0.3 * np.sin(2 * np.pi * 1000 * np.arange(12 * RATE) / RATE)
    assert listen_to(Ear(), tone, repeated=True).level == OK


def test_a_microphone_that_is_far_quieter_than_it_ever_was_is_known_after_a_restart(
        tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    ear = Ear()
    for seed in range(4):
        assert listen_to(ear, room(60.0, -52.0 - seed, seed)).level == OK
    assert ear.floor_db == pytest.approx(-55.0, abs=1.0)
    memory = EarMemory('/crib/feature_extractor')
    memory.keep(ear.kept(), {})
    memory.close()
    memory = EarMemory('/crib/feature_extractor')
    again = Ear(memory.read()[0])
    assert again.floor_db == pytest.approx(ear.floor_db, abs=0.1)
    assert listen_to(again, room(28.0, -76.0)).level == OK
    assert listen_to(again, room(8.0, -76.0)).kind == 'too_quiet'
    assert again.floor_db == pytest.approx(ear.floor_db, abs=0.1)      # nothing is learnt from it
    assert listen_to(again, room(2.0, -50.0)).level == OK
    assert listen_to(Ear(memory.read()[0]), room(40.0, -62.0)).level == OK      # a quiet night
    memory.close()
    memory._file.path.write_text(json.dumps({'floors_db': ['loud']}))
    memory = EarMemory('/crib/feature_extractor')
    with pytest.raises(ValueError, match='no levels'):
        memory.read()
    memory.close()


def test_a_quiet_microphone_that_always_was_so_is_trusted():
    ear = Ear([-88.0] * 10)
    assert listen_to(ear, room(40.0, -88.0)).level == OK


def gated(sound_s, pause_s, times, level_db=-40.0):
    """Return what a noise gate leaves of a room: sounds with zeros between them."""
    return np.concatenate([np.concatenate((room(sound_s, level_db, seed), np.zeros(
        int(pause_s * RATE)))) for seed in range(times)])


@pytest.mark.parametrize('sound_s, pause_s, times', [(0.3, 2.0, 20), (2.0, 8.0, 8),
                                                     (0.5, 40.0, 8), (1.0, 170.0, 4)])
def test_zeros_between_sounds_that_come_and_go_are_a_noise_gate(sound_s, pause_s, times):
    before = gated(1.0, 2.0, 4)                # so it is known as one
    ear = Ear()
    assert listen_to(ear, before).kind == 'gated'
    assert listen_to(ear, gated(sound_s, pause_s, times)).trusted
    assert ear.verdict.level == WARN


def test_a_gated_microphone_that_gives_zeros_for_long_is_told_too():
    ear = Ear()
    assert listen_to(ear, gated(1.0, 3.0, 5)).trusted
    assert listen_to(ear, np.zeros(590 * RATE)).trusted
    assert listen_to(ear, np.zeros(20 * RATE)).kind == 'constant' and not ear.verdict.trusted
    assert listen_to(ear, room(3.0)).trusted                       # sound came back


def test_zeros_at_first_and_one_pause_are_no_gate():
    for sound in (np.zeros(14 * RATE), np.concatenate((room(5.0), np.zeros(14 * RATE))),
                  np.concatenate((room(5.0), np.zeros(RATE), room(5.0), np.zeros(14 * RATE)))):
        assert listen_to(Ear(), sound).kind == 'constant'


def test_what_was_a_gate_an_hour_ago_is_none_now():
    ear = Ear()
    listen_to(ear, gated(1.0, 2.0, 4))
    assert listen_to(ear, room(620.0)) == FINE
    assert listen_to(ear, np.zeros(14 * RATE)).kind == 'constant'
