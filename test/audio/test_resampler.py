# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Streaming resampler: same as batch, aligned in time, nothing folds back."""

from baby_cry_detector.audio.errors import AudioFormatError
from baby_cry_detector.audio.resampler import resample, StreamingResampler
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

RATES = [4000, 7999, 8000, 11025, 15999, 16000, 22050, 32000, 44100, 48000, 96000, 383999]


def tone(frequency, rate, duration_s=0.5):
    return np.sin(2 * np.pi * frequency * np.arange(int(rate * duration_s)) / rate)


@pytest.mark.parametrize('rate', RATES)
def test_a_tone_keeps_its_phase_and_amplitude(rate):
    resampled = resample(tone(1000.0, rate), rate, 16000)
    expected = tone(1000.0, 16000)
    assert resampled.size == -(-int(rate * 0.5) * 16000 // rate)
    middle = slice(600, 7400)
    np.testing.assert_allclose(resampled[middle], expected[middle], atol=3e-5)


@pytest.mark.parametrize('rate', [22050, 44100, 48000, 96000, 383999])
@pytest.mark.parametrize('frequency', [8000.5, 8300.0, 9500.0])
def test_what_is_above_half_the_rate_is_rejected_by_80_db(rate, frequency):
    folded = resample(tone(frequency, rate), rate, 16000)[600:-600]
    assert np.abs(folded).max() < 1e-4


@pytest.mark.parametrize('rate', [8000, 11025])
def test_no_images_are_made(rate):
    resampled = resample(tone(3000.0, rate, 1.0), rate, 16000)[2000:-2000]
    spectrum = np.abs(np.fft.rfft(resampled * np.blackman(resampled.size)))
    frequency = np.fft.rfftfreq(resampled.size, 1 / 16000)
    assert spectrum[frequency > rate / 2 + 20].max() < 1e-4 * spectrum.max()


@pytest.mark.parametrize('rate_in, rate_out', [(44100, 16000), (48000, 16000), (7999, 16000),
                                               (16000, 44100), (16000, 16000), (8000, 16000)])
@settings(max_examples=15, deadline=None)
@given(st.data())
def test_any_blocks_give_the_same_as_one(rate_in, rate_out, data):
    sizes = data.draw(st.lists(st.integers(0, 700), min_size=1, max_size=12))
    samples = np.random.default_rng(sum(sizes)).normal(size=sum(sizes))
    whole = resample(samples, rate_in, rate_out)
    resampler = StreamingResampler(rate_in, rate_out)
    parts, start = [], 0
    for size in sizes:
        parts.append(resampler.process(samples[start:start + size]))
        start += size
    parts.append(resampler.flush())
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=0, atol=1e-9)
    # flush() made it ready for the next stream
    again = np.concatenate((resampler.process(samples), resampler.flush()))
    np.testing.assert_allclose(again, whole, rtol=0, atol=1e-9)


def test_single_samples_give_the_same_as_one_block():
    samples = np.random.default_rng(3).normal(size=2000)
    resampler = StreamingResampler(44100, 16000)
    parts = [resampler.process(samples[i:i + 1]) for i in range(samples.size)]
    whole = resample(samples, 44100, 16000)
    np.testing.assert_allclose(np.concatenate(parts + [resampler.flush()]), whole, atol=1e-9)


def test_output_comes_no_later_than_the_stated_delay():
    for rate in RATES:
        resampler = StreamingResampler(rate, 16000)
        received = resampler.process(np.ones(rate)).size
        assert received >= 16000 * (1 - resampler.delay_s) - 1
        assert resampler.delay_s < 0.02


def test_the_state_stays_small():
    for rate in (44100, 383999):
        resampler = StreamingResampler(rate, 16000)
        for _ in range(20):
            resampler.process(np.zeros(rate // 10))
            assert resampler._buffer.size < rate // 50
            assert 0 <= resampler._position < resampler._up + resampler._down


def test_reset_forgets_the_stream():
    resampler = StreamingResampler(48000, 16000)
    resampler.process(np.full(5000, 1e3))
    resampler.reset()
    assert not resampler.process(np.zeros(5000)).any()


def test_the_mean_is_kept_exactly():
    for rate in RATES:
        np.testing.assert_allclose(resample(np.ones(rate), rate, 16000)[2000:-2000], 1.0,
                                   atol=1e-12)


@pytest.mark.parametrize('rate', [0, -1, 3999, 384001, 1 << 40, 44100.5, '16000'])
def test_an_absurd_rate_is_named(rate):
    with pytest.raises(AudioFormatError, match='4000 to 384000 Hz'):
        StreamingResampler(rate, 16000)
    with pytest.raises(AudioFormatError, match='4000 to 384000 Hz'):
        StreamingResampler(16000, rate)


def test_a_two_dimensional_block_is_refused():
    with pytest.raises(ValueError, match='one-dimensional'):
        StreamingResampler(48000, 16000).process(np.zeros((4, 2)))
