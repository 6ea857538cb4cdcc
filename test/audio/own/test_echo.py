# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the robot plays is taken out of what it hears; a cry never is, bad input harms nothing."""

from baby_cry_detector.audio.echo import EchoCanceller, State
from baby_cry_detector.audio.echo.delay import find_delay, SURE
from baby_cry_detector.audio.echo.kalman_filter import BLOCK, KalmanFilter
from baby_cry_detector.audio.echo.reference_line import ReferenceLine
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.care.sound.comfort_sounds import make_sound
from compiled_core import core
from echoes import echo_of, faster, loss_db, noise, RATE, room, run, SECOND_NS, START_NS
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

SOUND = noise(8.0)
HISS = noise(8.0, seed=2, level=0.05 * 10 ** (-45 / 20))


def state(canceller):
    """Return how it stands with the one reference."""
    return canceller.states['own_sound']


# --- what it reaches -----------------------------------------------------------------------------
def test_noise_is_20_db_softer_after_two_seconds_and_30_db_later():
    echo = echo_of(SOUND)
    rest, canceller = run(echo + HISS, SOUND)
    assert state(canceller) is State.FOLLOWING
    assert loss_db(echo, rest - HISS, 2.0, 2.5) > 20.0
    assert loss_db(echo, rest - HISS, 5.0, 8.0) > 30.0
    assert canceller.return_loss_db > 25.0
    assert float(canceller.figures()['own_sound_delay_ms']) == pytest.approx(80.0, abs=4.0)


@pytest.mark.parametrize('ppm', (100.0, -200.0))
def test_clocks_that_differ_are_followed(ppm):
    sound = noise(10.0)
    echo = echo_of(faster(sound, ppm))
    rest, canceller = run(echo + HISS[:1].repeat(len(echo)), sound)
    assert loss_db(echo, rest, 8.0, 10.0) > 18.0
    assert float(canceller.figures()['own_sound_drift_ppm']) == pytest.approx(ppm, abs=15.0)


def test_a_cry_over_the_sound_passes_with_its_level():
    """From the first second on, and as loud as the echo: the filter never learns the baby."""
    cry = np.resize(synthesise_cry(4.0, seed=3), len(SOUND))
    cry *= np.std(SOUND) / np.std(cry)
    rest, _ = run(echo_of(SOUND) + cry, SOUND)
    late = slice(3 * RATE, None)
    scale = np.dot(rest[late], cry[late]) / np.dot(cry[late], cry[late])
    assert abs(20 * np.log10(scale)) < 0.3
    assert loss_db(echo_of(SOUND), rest - cry, 4.0, 8.0) > 15.0


def test_a_cry_while_the_sound_plays_that_does_not_reach_the_microphone_is_untouched():
    cry = np.resize(synthesise_cry(4.0, seed=3), len(SOUND))
    rest, canceller = run(cry, SOUND)
    assert loss_db(cry, rest - cry, 0.0, 8.0) > 20.0
    assert state(canceller) is State.NOT_FOUND


def test_two_loudspeakers_are_both_taken_out():
    other = noise(8.0, seed=9)
    echo = echo_of(SOUND) + echo_of(other, 0.12, seed=4)
    canceller = EchoCanceller()

    def also(canceller, time_s):
        first = round(time_s * RATE)
        canceller.play('speech', START_NS + first * SECOND_NS // RATE, other[first:first + 640])

    rest, _ = run(echo + HISS, SOUND, canceller=canceller, each=also)
    assert set(canceller.states.values()) == {State.FOLLOWING}
    assert loss_db(echo, rest, 6.0, 8.0) > 18.0


# --- what happens on the way ---------------------------------------------------------------------
@pytest.mark.parametrize('by_s', (0.037, -0.037))
def test_a_jump_of_the_playback_is_noticed_and_mended(by_s):
    echo, at, by = echo_of(SOUND, 0.1), 4 * RATE, round(by_s * RATE)
    jumped = np.concatenate((echo[:at], echo[at - by:]))[:len(echo)]
    jumped = np.pad(jumped, (0, len(echo) - len(jumped)))
    rest, canceller = run(jumped + HISS, SOUND)
    assert loss_db(jumped, rest, 4.3, 5.0) > -1.0          # bypassed at once: no louder
    assert loss_db(jumped, rest, 6.5, 7.5) > 25.0


def test_no_reference_gives_back_the_very_samples():
    canceller = EchoCanceller()
    samples = np.random.default_rng(0).standard_normal(5000)
    assert canceller.process(START_NS, samples) is samples
    assert not len(canceller.flush()) and not canceller.figures()


def test_a_silent_reference_gives_back_the_very_bits():
    heard = noise(3.0, seed=5)
    rest, canceller = run(heard, np.zeros(len(heard)))
    assert np.array_equal(rest, heard)
    assert state(canceller) is State.SILENT


def test_after_the_sound_has_ended_the_very_bits_come_out_again():
    echo = echo_of(SOUND)
    echo[4 * RATE:] = noise(4.0, seed=6)
    rest, canceller = run(echo, SOUND, until_s=3.5)
    assert np.array_equal(rest[7 * RATE:], echo[7 * RATE:])
    assert state(canceller) is State.SILENT
    assert np.abs(np.diff(rest[3 * RATE:])).max() <= 1.3 * np.abs(np.diff(echo)).max()   # no click


def test_the_path_is_kept_from_sound_to_sound():
    sound = noise(10.0)
    sound[4 * RATE:7 * RATE] = 0.0
    echo = echo_of(sound)
    rest, _ = run(echo + 1e-5, sound)
    assert loss_db(echo, rest, 7.3, 7.8) > 25.0


def test_a_melody_is_found_after_its_first_notes_and_each_new_note_is_learned_as_it_begins():
    sound = make_sound('lullaby', RATE, 1).take(10 * RATE)
    sound *= 0.05 / sound.std()
    echo, hiss = echo_of(sound), np.resize(HISS, len(sound))
    rest, canceller = run(echo + hiss, sound)
    assert state(canceller) is State.FOLLOWING
    assert loss_db(echo, rest - hiss, 2.0, 4.0) > 20.0


# --- bad references ------------------------------------------------------------------------------
BAD = {
    'another sound': {'reference': noise(8.0, seed=77)},
    'another speed': {'reference': faster(SOUND, 60_000)},
    'late': {'lead_s': -0.6},
    'very late': {'lead_s': -3.0},
    'stamps four seconds back': {'stamp_error_s': -4.0},
    'not numbers': {'reference': np.where(np.arange(len(SOUND)) % 3, SOUND, np.nan)},
    'too loud to be true': {'reference': SOUND * 1e300},
    'it comes and goes': {'lost': lambda time_s: time_s % 0.7 < 0.35},
    'half of it': {'lost': lambda time_s: round(time_s * 50) % 2 == 0},
}


@pytest.mark.parametrize('how', BAD)
def test_a_bad_reference_does_no_harm(how):
    options = dict(BAD[how])
    echo = echo_of(SOUND)
    cry = np.resize(synthesise_cry(4.0, seed=3), len(SOUND)) * 0.3
    heard = echo + cry
    with np.errstate(all='ignore'):
        rest, canceller = run(heard, options.pop('reference', SOUND), **options)
    assert len(rest) == len(heard) and np.isfinite(rest).all()
    for begin_s in np.arange(0.0, 7.5, 0.5):
        assert loss_db(heard, rest, begin_s, begin_s + 0.5) > -0.5     # never louder
        part = slice(round(begin_s * RATE), round((begin_s + 0.5) * RATE))
        if np.std(cry[part]) > 0.01:
            scale = np.dot(rest[part], cry[part]) / np.dot(cry[part], cry[part])
            reached = np.dot(heard[part], cry[part]) / np.dot(cry[part], cry[part])
            assert abs(20 * np.log10(abs(scale / reached))) < 1.0      # and the cry is there


@pytest.mark.parametrize('how, expected', (
    ('another sound', State.NOT_FOUND), ('another speed', State.NOT_FOUND),
    ('late', State.LATE), ('stamps four seconds back', State.NOT_FOUND)))
def test_what_is_wrong_with_a_reference_is_said_within_seconds(how, expected):
    options = dict(BAD[how])
    _, canceller = run(echo_of(SOUND), options.pop('reference', SOUND), **options)
    assert state(canceller) is expected


def test_a_reference_that_is_not_whole_is_said():
    _, canceller = run(echo_of(SOUND), SOUND, **BAD['it comes and goes'])
    assert int(canceller.figures()['own_sound_jumps']) > 3


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(
    st.integers(0, 900), st.integers(-2 * SECOND_NS, 2 * SECOND_NS), st.integers(0, 1500),
    st.sampled_from((0.0, 0.1, 1e30, float('nan'), float('inf')))), max_size=12),
    st.booleans())
def test_whatever_comes_as_many_samples_come_out_as_went_in(steps, pure_python):
    canceller = EchoCanceller(pure_python=pure_python)
    rng, time_ns, went_in, out = np.random.default_rng(1), START_NS, [], []
    with np.errstate(all='ignore'):
        for played, error_ns, count, level in steps:
            canceller.play('own_sound', time_ns + error_ns, level * rng.standard_normal(played))
            samples = rng.standard_normal(count) * 0.1
            went_in.append(samples)
            out.append(canceller.process(time_ns, samples))
            time_ns += count * SECOND_NS // RATE
        out.append(canceller.flush())
    assert sum(map(len, out)) == sum(map(len, went_in))
    assert all(np.isfinite(part).all() for part in out)


def test_too_many_loudspeakers_are_refused():
    canceller = EchoCanceller()
    canceller.play('one', START_NS, np.zeros((2, 160)))
    canceller.play('two', START_NS, np.zeros((2, 160)))
    with pytest.raises(ValueError, match='at most 4'):
        canceller.play('three', START_NS, np.zeros(160))


# --- the parts -----------------------------------------------------------------------------------
def test_compiled_and_python_filter_are_the_same():
    core()
    rng = np.random.default_rng(0)
    compiled, python = KalmanFilter(2, 20), KalmanFilter(2, 20, pure_python=True)
    played = rng.standard_normal((2, 100 * BLOCK)) * 0.1
    heard = np.convolve(played[0], room())[:100 * BLOCK] + 0.01 * rng.standard_normal(100 * BLOCK)
    for first in range(0, 100 * BLOCK, BLOCK):
        block = slice(first, first + BLOCK)
        caution = np.inf if first % (10 * BLOCK) == 0 else 1.0
        tones = first % (3 * BLOCK) == 0
        one = compiled.step(heard[block], played[:, block], caution, tones)
        other = python.step(heard[block], played[:, block], caution, tones)
        assert np.allclose(one, other, rtol=0.0, atol=1e-11)
    assert np.allclose(compiled.weights, python.weights, rtol=0.0, atol=1e-10)
    assert np.std(heard[block] - one) < 0.2 * np.std(heard[block])


def test_compiled_and_python_keep_the_path_open_alike():
    core()
    rng = np.random.default_rng(0)
    both = KalmanFilter(1, 20), KalmanFilter(1, 20, pure_python=True)
    for _ in range(30):
        heard, played = rng.standard_normal(BLOCK), rng.standard_normal((1, BLOCK))
        for kalman in both:
            kalman.step(heard, played)
    for kalman in both:
        kalman.keep_open(0.5)
    assert np.allclose(both[0].uncertainty, both[1].uncertainty, rtol=1e-9)
    assert np.allclose(both[0].loudness, both[1].loudness, rtol=1e-9)


@pytest.mark.parametrize('step', (1.0 - 150e-6, 1.0 + 400e-6))
def test_compiled_and_python_read_a_line_alike(step):
    core()
    sound, lines = np.stack((noise(1.0), noise(1.0, seed=3))), []
    for pure_python in (False, True):
        lines.append(ReferenceLine(2, pure_python))
        lines[-1].add(START_NS, sound)
    # From before its beginning to beyond its end.
    for place in (-100.3, 2000.25, 15950.9):
        one, other = (line.read(place, step, BLOCK) for line in lines)
        assert np.allclose(one, other, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize('sign', (1.0, -1.0))
def test_the_delay_of_noise_is_found(sign):
    reference = noise(2.0)
    at, sure, _ = find_delay(sign * reference[9000:20000] + noise(11 / 16, seed=8), reference)
    assert at == pytest.approx(9000.0, abs=0.5) and sure > SURE


def test_what_fits_in_many_places_fits_nowhere():
    reference = np.tile(noise(0.25), 12)
    assert find_delay(reference[8000:24000], reference).sure == 0.0


def test_unrelated_sound_is_not_found():
    assert find_delay(noise(1.0, seed=20), noise(3.0, seed=21)).sure < SURE


def test_a_line_reads_between_its_samples():
    line, sound = ReferenceLine(1), noise(1.0)
    line.add(START_NS, sound[None, :])
    between = faster(sound, 150.0)[2000:6000]
    read = line.read(2000 * (1 + 150e-6), 1 + 150e-6, 4000)[0]
    assert np.std(read - between) < 0.01 * np.std(sound)
    assert np.array_equal(line.read(100.0, 1.0, 50)[0], sound[100:150])
