# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The robot's own chirp: found in rooms, noise and crying, missed by a microphone that is deaf."""

import json

from baby_cry_detector.audio.chirp import (CHIRP_S, chirps, DETECTABLE_DB, find_chirp,
                                           make_chirp, SEARCH_RATE)
from baby_cry_detector.audio.formats import to_pcm16
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.care.policy.policy import PolicyError
from baby_cry_detector.care.policy.policy_file import read_policy
from baby_cry_detector.care.sound.nightly import APART_S, Nightly, RETRY_S
from baby_cry_detector.features import StreamingExtractor
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.stream.reception import Reception
from baby_cry_detector.stream.self_test import (ATTEMPTS, CANNOT_TELL, HEARD, NOT_HEARD, SelfTest,
                                                WINDOW_S)
from baby_cry_detector.stream.verdict import WARN
from baby_cry_detector.units import SECOND_NS
from hypothesis import example, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

RATE, LONG_S = 16_000, 4.6


def sound_of(level_dbfs, seed, rate=RATE, duration_s=LONG_S):
    rng = np.random.default_rng(seed)
    return 10 ** (level_dbfs / 20) * rng.standard_normal(round(duration_s * rate))


def in_room(rate, seed, reverberation_s=0.5, direct_db=0.0, stretch=1.0):
    """Return a chirp as it arrives: direct sound, reflections, another clock; RMS 1."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(reverberation_s * rate)) / rate
    answer = rng.standard_normal(len(time_s)) * 10 ** (-3 * time_s / reverberation_s)
    answer /= np.sqrt(answer @ answer)
    answer[0] += 10 ** (direct_db / 20)
    played = make_chirp(rate)
    played = np.interp(np.arange(round(len(played) * stretch)) / stretch,
                       np.arange(len(played)), played)
    played /= np.sqrt(np.mean(np.square(played)))
    return np.convolve(played, answer / np.sqrt(answer @ answer))


def mixed(noise, chirp, level_dbfs, at_s, rate=RATE):
    heard = noise.copy()
    first = round(at_s * rate)
    part = chirp[:len(heard) - first]
    heard[first:first + len(part)] += 10 ** (level_dbfs / 20) * part
    return to_pcm16(np.clip(heard, -1.0, 1.0)) / 32767.0


# The same examples each time: no level is certain in every room. Where it sounds for 0.6 to 0.8 s
# and the clocks are 200 ppm apart, 7 of 300 such chirps were not found, and 3 of 300 1 dB louder.
@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.sampled_from([8000, 16_000, 44_100, 48_000]), st.floats(0.0, 2.8), st.integers(0, 999),
       st.floats(0.1, 0.6), st.floats(-6.0, 6.0), st.floats(-1e-4, 1e-4))
# Its beginning, where nothing of it lies before the peak, in a noise that resembles it backwards.
@example(48_000, 0.0, 5, 0.63, 6.0, -1.67e-4)
def test_a_chirp_below_the_noise_is_found_where_it_is(rate, at_s, seed, reverberation_s,
                                                      direct_db, drift):
    noise = sound_of(-50.0, seed, rate)
    level_dbfs = find_chirp(noise, rate).noise_dbfs + DETECTABLE_DB
    chirp = in_room(rate, seed, reverberation_s, direct_db, 1.0 + drift)
    finding = find_chirp(mixed(noise, chirp, level_dbfs, at_s, rate), rate)
    assert finding.is_found and abs(finding.delay_s - at_s) < 0.1
    assert abs(finding.level_dbfs - level_dbfs) < 3.0


@pytest.mark.parametrize('seed', range(12))
def test_crying_and_noise_and_music_are_no_chirp(seed):
    cry = synthesise_cry(LONG_S, seed=seed)
    glide_s = np.arange(round(LONG_S * RATE)) / RATE
    siren = 0.1 * np.sin(2 * np.pi * (1500 + 60 * seed) * glide_s
                         + 300 * np.sin(2 * np.pi * 0.3 * glide_s))
    for sound in (sound_of(-60.0, seed), cry + sound_of(-60.0, seed)[:len(cry)], siren,
                  np.zeros(len(siren)), make_chirp(RATE)[::-1].repeat(1).tolist() * 4):
        assert not find_chirp(np.asarray(sound), RATE).is_found


def test_beside_a_cry_it_is_found_where_it_is_loud_enough_for_that():
    cry = synthesise_cry(LONG_S, seed=3)
    base_dbfs = find_chirp(cry, RATE).noise_dbfs
    chirp = in_room(RATE, 1)
    assert find_chirp(mixed(cry, chirp, base_dbfs + DETECTABLE_DB, 1.2), RATE).is_found
    assert not find_chirp(mixed(cry, chirp, base_dbfs - 40.0, 1.2), RATE).is_found


def test_too_short_and_too_slow_is_refused():
    with pytest.raises(ValueError):
        find_chirp(np.zeros(100), RATE)
    with pytest.raises(ValueError):
        find_chirp(np.zeros(60_000), 6000)
    assert find_chirp(np.full(60_000, np.nan), SEARCH_RATE).is_found is False


def run(test, play, floor_dbfs=-65.0):
    """Carry a test out; ``play(attempt)`` returns what the microphone gives for a chirp."""
    test.begin()
    attempt = 0
    while test.is_running:
        assert test.wants_chirp
        test.on_samples(sound_of(-65.0, 90, duration_s=0.2), RATE, floor_dbfs)
        test.on_playing()
        for block in np.array_split(play(attempt), 40):
            test.on_samples(block, RATE, floor_dbfs)
        attempt += 1
    return test.last


def quiet(attempt):
    return sound_of(-65.0, attempt, duration_s=WINDOW_S + 0.1)


def hears(level_dbfs, since=0):
    chirp = in_room(RATE, 5)
    return lambda attempt: (quiet(attempt) if attempt < since
                            else mixed(quiet(attempt), chirp, level_dbfs, 1.0))


def test_a_microphone_that_hears_passes_also_at_the_third_chirp():
    assert run(SelfTest(), hears(-60.0)).result == HEARD
    test = SelfTest()
    outcome = run(test, hears(-60.0, since=ATTEMPTS - 1))
    assert outcome.result == HEARD and abs(outcome.level_dbfs + 60.0) < 2.0
    assert test.verdict.trusted


def test_a_deaf_one_is_untrusted_until_it_hears_over_restarts_too():
    reception = Reception(0.04)
    outcome = run(reception.self_test, quiet)
    assert outcome.result == NOT_HEARD and not reception.verdict.trusted
    assert 'chirp' in reception.verdict.sentence
    again = Reception(0.04)
    again.resume(*reception.kept())
    assert not again.verdict.trusted and again.verdict.sentence == outcome.sentence
    again.forget()                                       # another stream, the same microphone
    assert not again.verdict.trusted
    assert run(again.self_test, hears(-60.0)).result == HEARD and again.verdict.trusted
    run(again.self_test, quiet)
    again.forget_microphone()
    assert again.verdict.trusted


def test_noise_says_nothing_and_takes_nothing_back():
    def loud(attempt):
        return sound_of(-25.0, attempt, duration_s=WINDOW_S + 0.1)
    assert run(SelfTest(), loud).result == CANNOT_TELL
    test = SelfTest()
    run(test, quiet)
    assert run(test, loud).result == CANNOT_TELL and not test.verdict.trusted
    # Where it was heard before, it is known how loud it should be.
    test = SelfTest()
    run(test, hears(-25.0))
    assert run(test, lambda attempt: 10 ** (15 / 20) * quiet(attempt)).result == NOT_HEARD


def test_much_quieter_than_before_is_said():
    test = SelfTest()
    run(test, hears(-40.0))
    assert run(test, hears(-60.0)).result == HEARD
    assert test.verdict.level == WARN and test.verdict.trusted and '20 dB' in test.verdict.sentence


def test_without_a_loudspeaker_it_can_not_tell():
    test = SelfTest()
    test.begin()
    test.give_up('nobody plays')
    assert test.last.result == CANNOT_TELL and test.verdict.trusted and not test.is_running
    test.begin()                                # nobody ever says that it plays
    for _ in range(40):
        test.on_samples(np.zeros(RATE), RATE)
    assert test.last.result == CANNOT_TELL


@pytest.mark.parametrize('document', [
    {'usual_dbfs': value} for value in (True, '-60', [], float('nan'), float('inf'), 10**30, 1.0)
] + [{'failed': value} for value in (None, 1, [], 'x' * 501, '\x1b]0;x\x07')] + [
    {'heard_ns': value} for value in (True, '1', [], None, -1, 10**30, 1.0)] + [
    {}, {'usual_dbfs': None}])
def test_nonsense_that_was_kept_is_refused_or_harmless(document):
    test = SelfTest()
    try:
        test.resume(document)
    except ValueError:
        pass
    assert test.usual_dbfs is None or -120.0 <= test.usual_dbfs <= 0.0
    assert test.verdict.trusted and test.heard_ns == 0


def test_when_it_was_last_heard_is_kept_and_a_failure_does_not_change_it():
    test = SelfTest()
    assert test.heard_ns == 0
    run(test, hears(-60.0))
    test.note_time(28 * SECOND_NS)
    test.begin()
    test.give_up('no loudspeaker')
    test.note_time(99 * SECOND_NS)
    again = SelfTest()
    again.resume(json.loads(json.dumps(test.kept())))
    assert test.heard_ns == again.heard_ns == 28 * SECOND_NS
    again.forget()                              # it was another microphone that heard
    assert again.heard_ns == 0
    again.resume({'usual_dbfs': -60.0, 'failed': ''})          # as earlier versions kept it
    assert again.heard_ns == 0


def test_the_chirp_is_no_cry():
    listener = FrameListener(open_checkpoint())
    made = chirps(RATE)
    sound = np.concatenate([0.03 * np.concatenate((next(made), np.zeros(RATE))) for _ in range(6)]
                           ) + sound_of(-65.0, 1, duration_s=12 * CHIRP_S)
    frames = StreamingExtractor(listener.feature_set).process(sound).values
    decisions = list(listener.process(0, frames))
    assert decisions and not any(decision.crying for decision in decisions)


def test_a_night_has_one_test_and_tries_again_when_it_can_not_tell():
    nightly, at = Nightly(), 23 * 60 + 30
    assert not nightly.is_due(None, at, 0.0) and not nightly.is_due(at, at - 1, 0.0)
    assert nightly.is_due(at, at, 0.0) and not nightly.is_due(at, at, 1.0)
    assert not nightly.is_overdue(60.0) and nightly.is_overdue(100.0)
    nightly.failed('it cries')
    assert 'it cries' in nightly.trouble
    assert not nightly.is_due(at, at + 5, RETRY_S / 2)
    assert nightly.is_due(at, 20, RETRY_S + 1.0)           # past midnight
    nightly.done()
    assert not nightly.trouble and not nightly.is_due(at, 60, 3600.0)
    assert nightly.is_due(at, at, APART_S + RETRY_S + 2.0)


POLICY = """version: 1
self_test: {at: %s}
needs:
  default:
    mild: {alert_after_s: 60, priority: low}
    moderate: {alert_after_s: 30, priority: medium}
    strong: {alert_after_s: 0, priority: high}
cribs:
  nursery: {self_test: {at: never}}
"""


@pytest.mark.parametrize('text, minute', [
    ('03:00', 180), ('"3:05"', 185), ('12:30', 750), ('23:59', 1439), ('00:00', 0),
    ('never', None)])
def test_the_policy_says_when(text, minute):
    policy = read_policy(POLICY % text)
    assert policy.common.self_test_at == minute
    assert policy.for_crib('nursery').self_test_at is None


@pytest.mark.parametrize('text', ['24:00', '3', '3:5', 'noon', '[]', '{}', '""', '-1:00', '180',
                                  '03:00:00', '٠٣:٠٠'])
def test_what_is_no_time_of_day_is_refused_with_its_line(text):
    with pytest.raises(PolicyError, match='policy:2: self_test: at: expected a time of day'):
        read_policy(POLICY % text)
