# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Levels, the limiter that nothing gets past, calibration and dose."""

from baby_cry_detector.audio import from_pcm16
from baby_cry_detector.audio.loudness.limiter import (LevelLimiter, PEAK_ABOVE_DB, SHORT_ABOVE_DB,
                                                      SHORT_S)
from baby_cry_detector.audio.loudness.weighting import (a_weighting_db, AWeighting, leq_dbfs,
                                                        SILENCE_DBFS)
from baby_cry_detector.care.sound.calibration import Calibration, MOST_DBA
from baby_cry_detector.care.sound.dose import DAY_MINUTES, DoseLog, HOUR_MINUTES
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

pytestmark = pytest.mark.slow

RATE = 16_000
NS = 1_000_000_000
# IEC 61672-1, table 3: the A curve in dB at nominal frequencies.
TABLE = {31.5: -39.4, 63: -26.2, 125: -16.1, 250: -8.6, 500: -3.2, 1000: 0.0, 2000: 1.2,
         4000: 1.0, 6300: -0.1, 8000: -1.1, 12500: -4.3}


def test_the_a_curve_is_that_of_the_standard():
    frequency = np.array(list(TABLE))
    np.testing.assert_allclose(a_weighting_db(frequency), list(TABLE.values()), atol=0.13)


@pytest.mark.parametrize('rate', [8000, 16_000, 44_100, 48_000])
def test_tones_are_weighted_as_the_standard_says_at_any_rate(rate):
    for frequency, wanted_db in TABLE.items():
        if frequency > 0.46 * rate:
            continue
        time_s = np.arange(rate) / rate
        weighted = AWeighting(rate).process(np.sin(2 * np.pi * frequency * time_s))[rate // 4:]
        assert 10 * np.log10(2 * np.mean(weighted ** 2)) == pytest.approx(wanted_db, abs=0.25)


def test_weighting_in_blocks_is_weighting_at_once():
    noise = np.random.default_rng(0).standard_normal(5000)
    weighting = AWeighting(RATE)
    blocks = [weighting.process(part) for part in np.split(noise, [1, 7, 900, 4000])]
    np.testing.assert_allclose(np.concatenate(blocks), AWeighting(RATE).process(noise),
                               atol=1e-12)


def loudest_db(pcm, rate, window_s):
    """Return the highest A-weighted level of any stretch, by FFT: not the limiter's own filter."""
    samples = np.concatenate((from_pcm16(pcm), np.zeros(rate // 2)))
    spectrum = np.fft.rfft(samples, 2 * samples.size)
    frequency = np.fft.rfftfreq(2 * samples.size, 1 / rate)
    spectrum[1:] *= 10 ** (a_weighting_db(frequency[1:]) / 20)
    spectrum[0] = 0
    weighted = np.fft.irfft(spectrum)[:samples.size]
    energy = np.concatenate(([0.0], np.cumsum(weighted ** 2)))
    n = round(window_s * rate)
    return 10 * np.log10(max((energy[n:] - energy[:-n]).max() / n, 1e-16))


def assert_below_cap(pcm, rate, cap_dbfs):
    assert loudest_db(pcm, rate, 1.0) <= cap_dbfs + 0.05
    assert loudest_db(pcm, rate, SHORT_S) <= cap_dbfs + SHORT_ABOVE_DB + 0.05
    assert np.abs(from_pcm16(pcm)).max() <= 10 ** ((cap_dbfs + PEAK_ABOVE_DB) / 20) + 1 / 32767


def hostile(kind, count, rng):
    time_s = np.arange(count) / RATE
    if kind == 'noise':
        return rng.standard_normal(count)
    if kind == 'impulses':
        return (rng.random(count) < 3e-4) * rng.choice([-1e6, 1e6], count)
    if kind == 'steps':
        return np.repeat(rng.choice([-1.0, 1.0, 0.0], count // 2000 + 1), 2000)[:count]
    if kind == 'deep':
        return np.sin(2 * np.pi * 25 * time_s)
    if kind == 'on and off':
        return np.sin(2 * np.pi * 3000 * time_s) * ((time_s * rng.uniform(0.4, 9)) % 1 < 0.4)
    sound = rng.standard_normal(count)
    sound[rng.random(count) < 0.01] = rng.choice([np.nan, np.inf, -np.inf])
    return sound


@settings(max_examples=40, deadline=None)
@given(kind=st.sampled_from(['noise', 'impulses', 'steps', 'deep', 'on and off', 'not numbers']),
       gain_db=st.floats(-60, 200), cap_dbfs=st.floats(-80, -5), seed=st.integers(0, 1000),
       blocks=st.integers(1, 7))
def test_nothing_gets_past_the_cap(kind, gain_db, cap_dbfs, seed, blocks):
    rng = np.random.default_rng(seed)
    limiter = LevelLimiter(RATE, cap_dbfs)
    size = blocks * limiter.block_size
    sound = hostile(kind, 3 * RATE // size * size, rng) * 10 ** (gain_db / 20)
    parts = [limiter.process(part) for part in sound.reshape(-1, size)]
    assert_below_cap(np.concatenate([part.pcm for part in parts]), RATE, cap_dbfs)


def test_a_lower_cap_holds_from_the_next_second_on():
    limiter = LevelLimiter(RATE, -20.0)
    noise = np.random.default_rng(0).standard_normal(4 * RATE)
    limiter.process(noise)
    limiter.set_cap(-40.0)
    pcm = limiter.process(noise).pcm
    assert loudest_db(pcm[RATE:], RATE, 1.0) <= -40.0
    assert loudest_db(pcm, RATE, 1.0) <= -40.0
    assert loudest_db(pcm[2 * RATE:], RATE, 1.0) > -44.0     # and is not silenced


def test_too_loud_a_sound_goes_on_evenly_just_below_the_cap():
    limiter = LevelLimiter(RATE, -30.0)
    pcm = limiter.process(np.random.default_rng(1).standard_normal(8 * RATE)).pcm
    levels = [leq_dbfs(from_pcm16(part), RATE) for part in pcm[3 * RATE:].reshape(-1, RATE // 4)]
    assert -33.0 < min(levels) and max(levels) <= -29.0
    assert limiter.limited_blocks > 700


def test_what_is_quiet_enough_passes_unchanged():
    limiter = LevelLimiter(RATE, -30.0)
    noise = np.random.default_rng(1).standard_normal(4 * RATE)
    noise *= 10 ** ((-34.0 - leq_dbfs(noise, RATE)) / 20)
    block = limiter.process(noise)
    np.testing.assert_allclose(from_pcm16(block.pcm), noise, atol=0.51 / 32767)
    assert limiter.limited_blocks == 0
    assert block.level_dbfs == pytest.approx(-34.0, abs=0.1)


@pytest.mark.parametrize('cap_dbfs', [0.1, float('nan'), float('inf')])
def test_a_cap_above_full_scale_is_refused(cap_dbfs):
    with pytest.raises(ValueError, match='cap'):
        LevelLimiter(RATE, cap_dbfs)


def test_the_limiter_says_what_it_takes():
    with pytest.raises(ValueError, match='multiple of 160'):
        LevelLimiter(RATE, -30.0).process(np.zeros(161))


# --- calibration ---------------------------------------------------------------------------------
def test_a_measurement_gives_the_level_at_the_ear():
    calibration = Calibration.of(56.0, -30.0)
    assert calibration.measured and calibration.full_scale_dba == 86.0
    assert calibration.dbfs(50.0) == -36.0 and calibration.dba(-36.0) == 50.0
    assert calibration.dbfs(500.0) == MOST_DBA - 86.0


def test_without_a_measurement_sounds_are_rather_too_quiet_and_it_is_said():
    assert not Calibration.of(0.0, -30.0).measured
    assert Calibration.of(0.0, -30.0).dbfs(50.0) < Calibration.of(60.0, -30.0).dbfs(50.0)
    assert 'NOT MEASURED' in Calibration().describe()


@given(measured=st.floats(1, 200), at=st.floats(-90, 0), level=st.floats(-100, 1000))
def test_no_calibration_allows_more_than_the_most(measured, at, level):
    try:
        calibration = Calibration.of(measured, at)
    except ValueError as error:
        assert 'expected 50 to 130' in str(error)
    else:
        assert calibration.dba(calibration.dbfs(level)) <= MOST_DBA + 1e-9


# --- dose ----------------------------------------------------------------------------------------
def test_the_dose_adds_up_over_hour_and_day():
    dose, now_ns = DoseLog(), 1_700_000_000 * NS
    for second in range(600):
        dose.add(now_ns + second * NS, 50.0, 1.0)
    now_ns += 600 * NS
    # Ten minutes of 50 dB(A) are 10 log10(6) less over an hour, 10 log10(144) over a day.
    assert dose.leq_dba(now_ns, HOUR_MINUTES) == pytest.approx(50 - 7.78, abs=0.02)
    assert dose.leq_dba(now_ns, DAY_MINUTES) == pytest.approx(50 - 21.58, abs=0.02)
    assert dose.played_s(now_ns, HOUR_MINUTES) == pytest.approx(600)
    later_ns = now_ns + 3600 * NS
    assert dose.played_s(later_ns, HOUR_MINUTES) == 0
    assert dose.leq_dba(later_ns, HOUR_MINUTES) == 0.0
    assert dose.played_s(later_ns, DAY_MINUTES) == pytest.approx(600)


@given(st.lists(st.tuples(st.integers(0, 3 * 86400), st.floats(20, 60)), max_size=60))
def test_a_kept_dose_is_the_same_dose(events):
    dose = DoseLog()
    for second, level_dba in events:
        dose.add(second * NS, level_dba, 1.0)
    again = DoseLog.from_dict(dose.as_dict())
    now_ns = 3 * 86400 * NS
    assert again.figures(now_ns) == dose.figures(now_ns)
    assert again.played_s(now_ns, HOUR_MINUTES) <= again.played_s(now_ns, DAY_MINUTES)


def test_a_clock_that_is_set_back_does_not_make_the_dose_smaller():
    dose, now_ns = DoseLog(), 1_700_000_000 * NS
    dose.add(now_ns, 50.0, 30.0)
    assert dose.played_s(now_ns - 7200 * NS, HOUR_MINUTES) == 30.0


@pytest.mark.parametrize('document', [
    {}, [], {'minutes': 5}, {'minutes': [[1, 2]]}, {'minutes': [['a', 1, 1]]},
    {'minutes': [[1, float('nan'), 1]]}, {'minutes': [[1, 1.0, 1e9]]}])
def test_what_is_no_dose_log_is_refused(document):
    with pytest.raises(ValueError, match='no dose log'):
        DoseLog.from_dict(document)


def test_silence_has_a_level():
    assert leq_dbfs(np.zeros(0), RATE) == leq_dbfs(np.zeros(RATE), RATE) == SILENCE_DBFS
