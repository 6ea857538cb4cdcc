# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Made sounds, recordings that loop, and the engine that fades, times and ends them."""

from baby_cry_detector.audio import AudioSourceError, from_pcm16
from baby_cry_detector.audio.looped_file import JOINT_S, looped
from baby_cry_detector.audio.loudness.weighting import AWeighting, leq_dbfs
from baby_cry_detector.care.sound.comfort_sounds import MADE_SOUNDS, make_sound, SoundStream
from baby_cry_detector.care.sound.sound_engine import SoundEngine
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy import signal
import soundfile

pytestmark = pytest.mark.slow

RATE = 16_000


def constant(value=0.01):
    """Return a stream whose samples are all the same."""
    def pieces():
        while True:
            yield np.full(1000, value)
    return SoundStream(pieces())


# --- made sounds ---------------------------------------------------------------------------------
@settings(max_examples=20, deadline=None)
@given(name=st.sampled_from(sorted(MADE_SOUNDS)), seed=st.integers(0, 5),
       counts=st.lists(st.integers(0, 9000), min_size=1, max_size=12))
def test_any_block_sizes_give_the_same_sound(name, seed, counts):
    stream = make_sound(name, RATE, seed)
    parts = np.concatenate([stream.take(count) for count in counts])
    np.testing.assert_array_equal(parts, make_sound(name, RATE, seed).take(sum(counts)))


@pytest.mark.parametrize('name', MADE_SOUNDS)
def test_made_sounds_have_no_clicks_and_do_not_drift(name):
    sound = make_sound(name, RATE, 1).take(90 * RATE)
    assert np.isfinite(sound).all() and abs(sound.mean()) < 0.02 * np.abs(sound).max()
    levels = [leq_dbfs(part, RATE) for part in sound.reshape(3, -1)]
    assert max(levels) - min(levels) < 2.0
    # A seam is a step that the sound itself does not have: the largest of all second differences
    # would stand far above the rest.
    curvature = np.sort(np.abs(np.diff(sound, 2)))
    assert curvature[-1] < 3.0 * curvature[-50]


@pytest.mark.parametrize('name', ['white', 'pink', 'brown', 'heartbeat', 'shush'])
def test_another_seed_is_another_sound(name):
    first, second = (make_sound(name, RATE, seed).take(4 * RATE) for seed in (1, 2))
    assert not np.allclose(first, second)


def test_noises_have_the_slopes_of_their_colours():
    for name, slope_db in (('white', 0.0), ('pink', -3.0)):
        sound = make_sound(name, 48_000, 0).take(60 * 48_000)
        frequency, power = signal.welch(sound, 48_000, nperseg=8192)
        low, high = (10 * np.log10(power[(frequency > f / 1.2) & (frequency < f * 1.2)].mean())
                     for f in (500, 1000))
        assert high - low == pytest.approx(slope_db, abs=0.7)


def test_other_names_and_rates_are_refused():
    with pytest.raises(ValueError, match="'purple' is no made sound; there are white, pink"):
        make_sound('purple', RATE)
    with pytest.raises(ValueError, match='8000 to 192000'):
        make_sound('pink', 10)


# --- recordings ----------------------------------------------------------------------------------
def write_tone(path, duration_s, hertz=300.0, rate=RATE):
    time_s = np.arange(round(duration_s * rate)) / rate
    soundfile.write(path, 0.5 * np.cos(2 * np.pi * hertz * time_s), rate)
    return path


@pytest.mark.parametrize('suffix, rate', [('wav', RATE), ('flac', 44_100), ('ogg', 48_000)])
def test_a_recording_goes_on_without_a_seam(tmp_path, suffix, rate):
    # An odd length, so that end and beginning do not fit by themselves.
    stream = SoundStream(looped(write_tone(tmp_path / f'tone.{suffix}', 1.2345, rate=rate), RATE))
    sound = stream.take(5 * RATE)[RATE // 10:]
    largest_step = 0.5 * 2 * np.pi * 300 / RATE
    assert np.abs(np.diff(sound)).max() < 1.5 * largest_step
    levels = np.sqrt(np.mean(sound[:4 * RATE].reshape(-1, RATE // 20) ** 2, axis=1))
    assert levels.min() > 0.2                              # no gap
    round_length = round((1.2345 - JOINT_S) * RATE)
    np.testing.assert_allclose(sound[RATE:2 * RATE], sound[RATE + round_length:][:RATE],
                               atol=0.02)


@pytest.mark.parametrize('count', [1, 2, 5, 100, 3000, 4801])
def test_short_recordings_loop_too(tmp_path, count):
    soundfile.write(tmp_path / 'short.wav', np.full(count, 0.25), RATE)
    sound = SoundStream(looped(tmp_path / 'short.wav', RATE)).take(20_000)
    assert np.abs(sound).min() > 0.2 and np.abs(sound).max() < 0.4


def test_what_is_no_recording_is_refused_at_once(tmp_path):
    with pytest.raises(AudioSourceError, match='no such file'):
        looped(tmp_path / 'missing.wav', RATE)
    (tmp_path / 'text.wav').write_text('no sound at all')
    with pytest.raises(AudioSourceError, match='cannot decode'):
        looped(tmp_path / 'text.wav', RATE)


# --- engine --------------------------------------------------------------------------------------
def play(engine, duration_s):
    """Render and return the samples as floats."""
    blocks = round(duration_s * 100)
    return np.concatenate([from_pcm16(engine.render(1).pcm) for _ in range(blocks)])


def test_fades_are_raised_cosines_and_the_timer_ends_in_silence():
    engine = SoundEngine(RATE, 0.0)
    engine.start('tone', constant(), 10.0, fade_in_s=2.0, duration_s=6.0, fade_out_s=1.0)
    sound = play(engine, 8.0)
    time_s = (np.arange(sound.size) + 1) / RATE
    wanted = 0.1 * 0.5 * (1 - np.cos(np.pi * np.clip(time_s / 2.0, 0, 1)))
    wanted *= 0.5 * (1 + np.cos(np.pi * np.clip((time_s - 5.0) / 1.0, 0, 1)))
    np.testing.assert_allclose(sound, wanted, atol=2e-4)
    assert engine.is_silent and engine.playing == ''
    assert not sound[6 * RATE:].any()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(['start', 'stop', 'wait']), st.floats(0.0, 2.0),
                          st.floats(0.0, 1.5)), min_size=1, max_size=8))
def test_whatever_is_asked_for_nothing_jumps(steps):
    engine = SoundEngine(RATE, 0.0)
    parts = []
    for what, first_s, second_s in steps:
        if what == 'start':
            engine.start('tone', constant(), 10.0, first_s, second_s * 4, second_s)
        elif what == 'stop':
            engine.stop(first_s)
        parts.append(play(engine, 0.3))
    sound = np.concatenate(parts)
    # The steepest part of the shortest fade of every voice at once.
    assert np.abs(np.diff(sound, prepend=0.0)).max() <= 4 * 0.1 * np.pi / 2 / (0.05 * RATE) + 1e-4
    engine.stop(0.1)
    play(engine, 0.2)
    assert engine.is_silent and not play(engine, 0.1).any()


def test_stopping_in_the_middle_of_a_fade_in_goes_down_from_there():
    engine = SoundEngine(RATE, 0.0)
    engine.start('tone', constant(), 10.0, 2.0, None, 1.0)
    reached = play(engine, 1.0)[-1]
    assert reached == pytest.approx(0.05, abs=0.001)
    engine.stop(0.5)
    assert engine.playing == '' and not engine.is_silent
    after = play(engine, 0.6)
    assert (np.diff(after) <= 1e-4).all() and after[0] <= reached and not after[-1]


def test_another_sound_takes_over():
    engine = SoundEngine(RATE, 0.0)
    engine.start('first', constant(0.01), 1.0, 0.1, None, 1.0)
    play(engine, 1.0)
    engine.start('second', constant(0.02), 1.0, 0.1, None, 1.0)
    assert engine.playing == 'second'
    assert play(engine, 1.5)[-1] == pytest.approx(0.02, abs=1e-4)
    for _ in range(20):
        engine.start('again', constant(0.02), 1.0, 0.1, None, 1.0)
        play(engine, 0.02)
    assert len(engine._voices) <= 9


def test_a_sound_that_breaks_ends_with_a_word_and_without_an_exception():
    def broken():
        yield np.zeros(2000)
        raise AudioSourceError('x.wav: damaged, cannot be decoded')
    engine = SoundEngine(RATE, -20.0)
    engine.start('x.wav', SoundStream(broken()), 1.0, 0.1, None, 0.1)
    assert not play(engine, 0.5)[3000:].any()
    assert engine.is_silent and 'damaged' in engine.trouble


@settings(max_examples=15, deadline=None)
@given(name=st.sampled_from(sorted(MADE_SOUNDS)), gain_db=st.floats(-40, 120),
       cap_dbfs=st.floats(-70, -10), fade_s=st.floats(0, 1))
def test_no_parameters_make_a_made_sound_louder_than_the_cap(name, gain_db, cap_dbfs, fade_s):
    engine = SoundEngine(RATE, cap_dbfs)
    engine.start(name, make_sound(name, RATE), 10 ** (gain_db / 20), fade_s, 60.0, fade_s)
    weighted = AWeighting(RATE).process(play(engine, 4.0)) ** 2
    energy = np.concatenate(([0.0], np.cumsum(weighted)))
    assert (energy[RATE:] - energy[:-RATE]).max() / RATE <= 10 ** (cap_dbfs / 10)
