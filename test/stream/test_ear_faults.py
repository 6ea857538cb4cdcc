# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a driver, a cable or a converter makes by itself is no room; what a room makes is one."""

from baby_cry_detector.audio import read_audio, to_pcm16
from baby_cry_detector.stream.ear import Ear
from baby_cry_detector.stream.verdict import ERROR, FINE, WARN
import numpy as np
import pytest
from recordings import recordings

RATE = 16_000
EVERY = 9                      # of the recordings


def noise(duration_s, level_db=-55.0, seed=0, rate=RATE):
    return 10 ** (level_db / 20) * np.random.default_rng(seed).standard_normal(
        round(duration_s * rate))


def tones(*levels_db, first_hz=50.0, duration_s=30.0, rate=RATE):
    """Return a tone and its harmonics."""
    at = np.arange(round(duration_s * rate)) / rate
    return sum(10 ** (level_db / 20) * np.sqrt(2) * np.sin(2 * np.pi * first_hz * order * at)
               for order, level_db in enumerate(levels_db, 1))


def brown(duration_s, seed=0):
    walk = np.cumsum(noise(duration_s, 0.0, seed))
    return (walk - walk.mean()) / walk.std()


def below(limit_hz, samples):
    """Return the samples without what is above a frequency, as a filter of a high order does."""
    spectrum = np.fft.rfft(samples)
    at_hz = np.arange(len(spectrum)) * RATE / len(samples)
    return np.fft.irfft(spectrum / np.sqrt(1.0 + (at_hz / limit_hz) ** 16), len(samples))


def crackle(a_second, floor, width=1, seed=0):
    """Return a floor with so many clicks at full scale a second, anywhere."""
    rng = np.random.default_rng(seed)
    samples = floor.copy()
    count = round(a_second * len(floor) / RATE)
    at = rng.integers(0, len(floor) - width, count)
    for step in range(width):
        samples[at + step] = rng.choice((-1.0, 1.0), count)
    return samples


def again(length_s, level_db=-50.0, duration_s=30.0):
    """Return a piece of a room again and again, sample for sample."""
    piece = noise(length_s, level_db)
    return np.tile(piece, 1 + int(duration_s * RATE) // len(piece))[:round(duration_s * RATE)]


def listen_to(ear, samples, rate=RATE, block_s=0.048):
    """Give an ear samples; return what it says at the end and all kinds that it said."""
    samples = np.asarray(to_pcm16(np.clip(samples, -1.0, 1.0))) / 32767.0
    block, said = round(block_s * rate), {}
    for first in range(0, len(samples) - block + 1, block):
        ear.update(samples[first:first + block], rate, first)
        said.setdefault(ear.verdict.kind, ear.verdict)
    return ear.verdict, said


FAULTS = {
    'hum': (lambda: tones(-10.0, -20.0, -25.0), 'empty'),
    'softer hum of another pace': (lambda: tones(-20.0, -30.0, -30.0, first_hz=50.03), 'empty'),
    'hum and the steps of 16 bits': (
        lambda: tones(-20.0, -40.0) + noise(30.0, -101.0), 'empty'),
    'hum with many harmonics': (
        lambda: tones(*(-12.0 - 2.0 * order for order in range(40)), first_hz=60.01), 'empty'),
    'a tone': (lambda: tones(-10.0, first_hz=1000.0), 'empty'),
    'a soft tone': (lambda: tones(-40.0, first_hz=1017.3), 'empty'),
    'a room below 300 Hz': (lambda: below(300.0, noise(30.0, -30.0)), 'empty'),
    'half a second again and again': (lambda: again(0.5), 'loop'),
    'half a second that had been heard before': (
        lambda: np.concatenate((noise(2.2, -50.0), again(0.5)[:-int(2.2 * RATE)])), 'loop'),
    'three seconds again and again': (lambda: again(3.0), 'loop'),
    'no whole number of blocks': (lambda: again(2.71828), 'loop'),
    'almost the same': (lambda: again(0.7) + noise(30.0, -88.0, 1), 'loop'),
    'a quiet room again and again': (lambda: again(3.0, -70.0), 'loop'),
    '50 ms again and again': (lambda: again(0.05), 'loop'),
    '20 ms again and again': (lambda: again(0.02), 'empty'),
    'clicks': (lambda: crackle(20.0, np.zeros(30 * RATE)), 'crackle'),
    'few clicks': (lambda: crackle(3.0, np.zeros(30 * RATE)), 'crackle'),
    'many clicks': (lambda: crackle(800.0, noise(30.0, -88.0)), 'crackle'),
    'so many that a room is covered': (lambda: crackle(250.0, noise(30.0, -60.0)), 'crackle'),
    'brown noise, clipped': (lambda: 4.0 * brown(30.0), 'driven'),
    'brown noise, clipped more': (lambda: 20.0 * brown(30.0), 'driven'),
}


@pytest.mark.parametrize('name', FAULTS)
def test_what_no_room_gives_is_known_within_30_s_and_forgotten_when_it_ends(name):
    make, kind = FAULTS[name]
    ear = Ear()
    assert listen_to(ear, noise(10.0))[0] == FINE
    verdict, said = listen_to(ear, make())
    assert (verdict.kind, verdict.level, verdict.trusted) == (kind, ERROR, False), said
    assert verdict.sentence
    after, _ = listen_to(ear, noise(22.0, seed=3))
    assert after.trusted and after.kind in ('', 'gated')


@pytest.mark.parametrize('length_s', [8.0, 30.0])
def test_a_long_round_is_warned_of_and_not_trusted_after_ten_minutes(length_s):
    ear, sound = Ear(), again(length_s, duration_s=240.0)
    assert listen_to(ear, noise(10.0))[0] == FINE
    verdict, said = listen_to(ear, sound, block_s=1.0)
    assert (verdict.kind, verdict.level, verdict.trusted) == ('replayed', WARN, True), said
    for _ in range(3):
        verdict, _ = listen_to(ear, sound, block_s=1.0)
    assert (verdict.kind, verdict.trusted) == ('loop', False)
    assert listen_to(ear, noise(70.0, seed=3), block_s=1.0)[0] == FINE


def test_a_recording_that_was_filled_up_with_itself_and_is_played_over_and_over_is_trusted():
    """As some collections of cries are: 2.3 s of it, and what is missing to 5 s once more."""
    piece = noise(2.3, -40.0)
    assert listen_to(Ear(), np.tile(np.tile(piece, 3)[:5 * RATE], 8))[0].trusted


@pytest.mark.parametrize('block_s', [0.005, 0.32, 1.25, 2.0, 5.0])
def test_however_much_is_handed_over_at_once_it_is_told_within_30_s(block_s):
    for make, kind in (FAULTS['hum'], FAULTS['half a second again and again'],
                       (lambda: noise(30.0, -88.0), 'muted'), (lambda: noise(30.0), '')):
        assert listen_to(Ear(), make(), block_s=block_s)[0].kind == kind


@pytest.mark.parametrize('rate', [8000, 22_050, 44_100, 48_000])
def test_each_rate_is_judged_alike(rate):
    for sound, kind in (
            (tones(-10.0, -20.0, rate=rate), 'empty'),
            (tones(-20.0, first_hz=1000.0, rate=rate), 'empty'),
            (np.tile(noise(1.7, -50.0, rate=rate), 18), 'loop'),
            (noise(30.0, -60.0, rate=rate), ''), (noise(30.0, -80.0, rate=rate), ''),
            (tones(-10.0, -20.0, rate=rate) + noise(30.0, -80.0, rate=rate), '')):
        assert listen_to(Ear(), sound, rate)[0].kind == kind


def toy(length_s, rounds, seed=0):
    """Return a melody that somebody's toy repeats, sampled anew: a room, and another clock."""
    at = np.arange(round(length_s * rounds * 1.00003 * RATE)) / RATE / 1.00003
    phase = at % length_s
    melody = sum(0.05 * np.exp(-4.0 * (phase - begin)) * np.sin(2 * np.pi * hertz * phase)
                 * (phase >= begin) for begin, hertz in
                 zip(np.arange(0.0, length_s, 0.25), (523.25, 587.33, 659.26, 783.99) * 8))
    return melody + noise(len(at) / RATE, -78.0, seed)


ROOMS = {
    'a toy that repeats its melody': lambda: toy(2.0, 20),
    'a sleep machine': lambda: noise(40.0, -14.0),
    'a fan with its hum': lambda: below(2500.0, noise(40.0, -45.0)) + tones(
        -30.0, -35.0, duration_s=40.0) + noise(40.0, -80.0, 1),
    'a quiet room with mains hum': lambda: tones(-35.0, -45.0, duration_s=40.0)
    + noise(40.0, -83.0),
    'a hum in a room of the quietest kind': lambda: tones(-40.0, duration_s=40.0)
    + noise(40.0, -91.0),
    'a tone in a room': lambda: tones(-20.0, first_hz=1000.0, duration_s=40.0)
    + noise(40.0, -80.0),
    'a clock that ticks': lambda: noise(40.0, -85.0) + np.where(
        np.arange(40 * RATE) % RATE < 160, noise(40.0, -30.0, 1), 0.0),
    'telephone quality': lambda: below(3200.0, noise(40.0, -55.0)),
}


@pytest.mark.parametrize('name', ROOMS)
def test_a_room_is_trusted_whatever_sounds_in_it(name):
    assert listen_to(Ear(), ROOMS[name]())[1].keys() <= {'', 'gated'}


def test_clicks_in_a_room_that_is_heard_are_told_and_it_is_trusted():
    verdict, _ = listen_to(Ear(), crackle(10.0, noise(30.0, -55.0)))
    assert (verdict.kind, verdict.level, verdict.trusted) == ('crackling', WARN, True)
    cry = np.tile(read_audio(CRIES[0], RATE), 6)
    assert listen_to(Ear(), cry + crackle(2.0, np.zeros(len(cry))))[0].trusted


def test_a_codec_that_leaves_nothing_of_a_quiet_room_but_its_hum_is_trusted_once_known():
    """Where sound came back three times in ten minutes, what is empty is a pause."""
    sound = np.concatenate([np.concatenate((tones(-50.0, duration_s=12.0), noise(3.0, -45.0)))
                            for _ in range(4)])
    ear = Ear()
    assert listen_to(ear, sound)[1].keys() <= {'', 'gated'}
    assert listen_to(ear, tones(-50.0, duration_s=300.0))[0].kind == 'gated'
    verdict, _ = listen_to(ear, tones(-50.0, duration_s=330.0))
    assert verdict.kind == 'empty' and not verdict.trusted


CRIES = [path for path, is_cry in recordings(every=EVERY) if is_cry]
OTHERS = [path for path, is_cry in recordings(every=EVERY) if not is_cry]
# What is told of them before: silence that was made, and noise that was.
KNOWN = {'', 'gated', 'constant', 'muted', 'full_scale'}


@pytest.mark.parametrize('gain_db', [None, 0.0, 24.0])
@pytest.mark.parametrize('what', ['cries', 'others'])
def test_no_recording_is_taken_for_a_fault_of_this_kind(what, gain_db):
    """One after the other, as they are, and turned up, the last so far that most is clipped."""
    paths = CRIES if what == 'cries' else OTHERS
    ear, kinds = Ear(), set()
    for path in paths:
        samples = read_audio(path, RATE)
        if gain_db is not None:
            samples = samples / max(1e-6, np.abs(samples).max()) * 10 ** (gain_db / 20)
        kinds |= listen_to(ear, samples)[1].keys()
    assert kinds <= KNOWN
