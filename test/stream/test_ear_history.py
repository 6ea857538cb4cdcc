# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A microphone that is less than it was over days: covered, dull, or losing gain hour by hour."""

import json

from baby_cry_detector.audio import read_audio
from baby_cry_detector.stream.ear_memory import (
    DAY_HOURS, EarHistory,
    high_level_dbfs, HOUR_S, KEPT_HOURS, LEAST_HOURS)
from baby_cry_detector.stream.reception import Reception
from baby_cry_detector.stream.verdict import FINE, WARN
import numpy as np
import pytest
from recordings import recordings

RATE = 8000
QUIET = [-60.0, -63.0, -40.0]             # an hour of the night
NOISY = [-48.0, -60.0, -25.0]             # and of the day
DAY = [QUIET] * 8 + [NOISY] * 16


def of_days(days=4):
    """Return a history, as it is in the morning."""
    history = EarHistory()
    history.resume((DAY * days)[:-16])
    return history


def hour(history, gain_db=0.0, cut=False, voices=False, is_trusted=True):
    """Have it hear an hour of a room at night."""
    rng = np.random.default_rng(1)
    noise = 10 ** (-60 / 20) * rng.standard_normal(RATE)
    if cut:
        spectrum = np.fft.rfft(noise)
        spectrum[2000:] *= 0.2
        noise = np.fft.irfft(spectrum)
        noise *= 10 ** (-60 / 20) / noise.std()
    second = 10 ** (gain_db / 20) * noise
    loud = 30.0 * second if voices else second
    for number in range(HOUR_S):
        history.update(loud if number % 5 == 4 and number > 3000 else second, RATE, is_trusted)


def test_a_room_as_it_always_was_is_fine():
    history = of_days()
    for _ in range(3):
        hour(history)
        assert history.verdict is FINE


@pytest.mark.parametrize('gain_db, kind', [(-8.0, 'quieter'), (-20.0, 'quieter'), (-4.0, '')])
def test_one_that_is_quieter_than_ever_is_told_after_an_hour(gain_db, kind):
    history = of_days()
    hour(history, gain_db)
    assert history.verdict.kind == kind
    if kind:
        assert history.verdict.level == WARN and history.verdict.trusted
        assert 'quieter than in the quietest hours of the ' in history.verdict.sentence


def test_lost_high_sounds_are_told_though_it_is_as_loud_as_it_was():
    history = of_days()
    hour(history, cut=True)
    assert history.verdict.kind == 'dull' and 'above 2 kHz' in history.verdict.sentence


def test_a_slow_loss_is_not_learned():
    """Of a decibel an hour each hour is nearly as the one before."""
    history = of_days()
    for lost in range(1, 9):
        hour(history, -float(lost))
        if history.verdict is not FINE:
            break
    assert history.verdict.kind == 'quieter' and 6 <= lost <= 8


def test_a_day_without_what_is_usual_is_told():
    """Its own noise goes on; what is high and loud is missing, as under a blanket."""
    history = of_days(5)
    muffled = [QUIET[0], QUIET[1], NOISY[2] - 15.0]
    history.resume([muffled] * DAY_HOURS)
    assert history.verdict.kind == 'muffled'


def test_nothing_is_said_before_two_days_are_known():
    history = EarHistory()
    history.resume([QUIET] * (LEAST_HOURS + DAY_HOURS - 2))
    hour(history, -20.0)
    assert history.verdict is FINE


def test_what_is_not_the_room_is_no_part_of_it():
    history = of_days()
    known = history.kept()
    hour(history, -40.0, is_trusted=False)
    assert history.kept() == known and history.verdict is FINE


def test_it_goes_on_after_a_restart_and_is_bounded():
    history = of_days(40)
    hour(history, -8.0)
    kept = json.loads(json.dumps(history.kept()))
    assert len(kept) == KEPT_HOURS and len(json.dumps(kept)) < 10_000
    again = EarHistory()
    again.resume(kept)
    assert again.verdict == history.verdict


@pytest.mark.parametrize('hours', [[1], [[1, 2]], [['loud'] * 3], [[float('nan')] * 3],
                                   [[1e9] * 3], [None], [[0, 0, 0, 0]], [[-1e9] * 3], 'hours'])
def test_nonsense_is_refused(hours):
    with pytest.raises(ValueError, match='makes no sense'):
        EarHistory().resume(hours)


def test_a_chirp_that_was_heard_makes_it_usual():
    """It is quiet here, and it hears: what it is now is not said again, less than that is."""
    reception = Reception(0.05)
    reception.resume([], {}, (DAY * 4)[:-16])
    hour(reception.history, -8.0)
    second = np.zeros(RATE)
    reception.on_used(second + 1e-3 * np.random.default_rng(1).standard_normal(RATE), RATE, 1)
    assert reception.verdict.kind == 'quieter' and reception.self_test.is_wanted
    reception.self_test.is_proven = True
    reception.on_used(1e-3 * np.random.default_rng(2).standard_normal(RATE), RATE, 2)
    assert not reception.self_test.is_wanted and reception.history.verdict is FINE
    hour(reception.history, -9.0)
    assert reception.history.verdict is FINE
    hour(reception.history, -16.0)
    assert reception.history.verdict.kind == 'quieter'


def test_recordings_one_after_the_other_are_no_microphone_that_fails():
    """Of real rooms, the days alike; each hour another recording, as loud as it is."""
    rooms = [path for path, is_cry in recordings(every=40) if not is_cry][:DAY_HOURS]
    history, seconds = EarHistory(), {}
    for number in range(3 * DAY_HOURS + len(rooms)):
        path = rooms[number % len(rooms)]
        if path not in seconds:
            samples, rate = np.ravel(read_audio(path, 16_000)), 16_000
            samples = np.resize(samples, max(len(samples), 5 * rate))
            seconds[path] = [samples[first:first + rate]
                             for first in range(0, len(samples) - rate + 1, rate)]
            levels = [float(10 * np.log10(second.var() + 1e-12)) for second in seconds[path]]
            highs = [high_level_dbfs(second, rate) for second in seconds[path]]
        history.resume([[min(levels), min(highs), max(highs)]])
        assert history.verdict is FINE
    for turn in range(HOUR_S):
        history.update(seconds[path][turn % len(seconds[path])], rate, True)
    assert history.verdict is FINE
