# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Offset and hum never reach a descriptor of a set with a front end; a cry does, unharmed."""

from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.features import extract, get_feature_set
from baby_cry_detector.features.stages.front_end import FrontEnd
from baby_cry_detector.features.stages.high_pass import HighPass
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy import signal

RATE = 16_000
OPTIONS = get_feature_set('cry/2').parameters['front_end']


def front_end():
    return FrontEnd(sample_rate=RATE, hop=160, **OPTIONS)


def filtered(samples, stream=None):
    stream = stream or front_end()
    return np.concatenate((stream.process(samples), stream.flush()))


def level_db(samples):
    return 10 * np.log10(np.mean(np.square(samples)) + 1e-20)


def hum(duration_s, mains_hz, seed=0):
    """Return hum with 19 harmonics, -20 dBFS."""
    t = np.arange(int(duration_s * RATE)) / RATE
    rng = np.random.default_rng(seed)
    wave = sum(np.sin(2 * np.pi * (mains_hz * k * t + rng.random())) / k for k in range(1, 21))
    return 0.1 * wave / np.sqrt(np.mean(wave * wave))


def test_the_high_pass_is_a_butterworth_filter_of_second_order():
    samples = np.random.default_rng(0).standard_normal(5000) + 0.3
    numerator, denominator = signal.butter(2, 80.0, 'high', fs=RATE)
    settled = signal.lfilter_zi(numerator, denominator) * samples[0]
    expected = signal.lfilter(numerator, denominator, samples, zi=settled)[0]
    stage = HighPass(80.0, RATE, 100)
    heard = np.concatenate([stage.filter(part) for part in samples.reshape(-1, 100)])
    np.testing.assert_allclose(heard, expected, atol=1e-12)
    with pytest.raises(ValueError, match='cutoff'):
        HighPass(8000.0, RATE, 100)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=12), st.integers(0, 2**31))
def test_blocks_of_any_size_give_the_same_bits(sizes, seed):
    samples = 0.1 * np.random.default_rng(seed).standard_normal(sum(sizes))
    whole, parts, stream = filtered(samples), [], front_end()
    first = 0
    for size in sizes:
        parts.append(stream.process(samples[first:first + size]))
        first += size
    assert np.array_equal(np.concatenate((*parts, stream.flush())), whole)
    stream.reset()
    assert np.array_equal(filtered(samples, stream), whole)


@pytest.mark.parametrize('offset', [0.05, -0.3, 0.9])
def test_an_offset_is_gone_from_the_first_sample_on(offset):
    assert np.abs(filtered(np.full(RATE, offset))).max() < 1e-9


@pytest.mark.parametrize('mains_hz, least_db', [(50.0, 35.0), (60.0, 20.0), (49.95, 25.0),
                                                (60.1, 18.0)])
def test_hum_is_gone_after_a_second(mains_hz, least_db):
    heard = filtered(hum(3.0, mains_hz))
    assert level_db(heard[RATE:]) < -20.0 - least_db


def test_a_cry_passes():
    cry = synthesise_cry(6.0, seed=3)
    heard = filtered(cry)
    assert abs(level_db(heard) - level_db(cry)) < 0.5
    correlation = np.corrcoef(cry, heard)[0, 1]
    assert correlation > 0.98


@pytest.mark.parametrize('fault', ['offset', 'hum'])
def test_level_and_descriptors_are_those_of_the_clean_cry(fault):
    quiet = 1e-3 * np.random.default_rng(1).standard_normal(2 * RATE)
    clean = np.concatenate((quiet, synthesise_cry(4.0, seed=3)))
    noise = np.full(len(clean), 0.05) if fault == 'offset' else hum(len(clean) / RATE, 50.0)
    rows = [extract(name, samples)[150:] for name, samples in (
        ('cry/2', clean), ('cry/2', clean + noise), ('cry/1', clean + noise))]
    level, f0 = (get_feature_set('cry').index(name) for name in ('pcm_RMSenergy_sma', 'F0_sma'))
    wanted, got, before = (values[:, level] for values in rows)
    assert np.corrcoef(wanted, got)[0, 1] > 0.99
    assert np.abs(wanted - got).mean() < 0.3 * np.abs(wanted - before).mean()
    wanted, got = (values[60:, f0] for values in rows[:2])        # while it cries
    same = np.abs(got - wanted) <= 0.05 * wanted
    print(f'F0 is the same in {same[wanted > 0].mean():.0%} of the frames')
    assert same[wanted > 0].mean() > 0.85


def test_the_first_version_is_as_it_was_and_says_so():
    first, second = get_feature_set('cry/1'), get_feature_set('cry')
    assert second.id == 'cry/2' and 'front_end' not in first.parameters
    assert first.columns == second.columns
    samples = 0.1 * np.random.default_rng(0).standard_normal(RATE)
    assert not np.allclose(extract('cry/1', samples + 0.3), extract('cry/2', samples + 0.3))
