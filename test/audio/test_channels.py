# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The choice of channel: nothing that a channel carries is hidden by another, or cancelled."""

from baby_cry_detector.audio.channels import ChannelMixer, parse_choice
from baby_cry_detector.audio.errors import AudioFormatError
from baby_cry_detector.audio.synthesis.synthesiser import demonstration
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

RATE = 16_000
CRY, _ = demonstration()
CRY = CRY[14 * RATE:24 * RATE]
TIME = np.arange(len(CRY)) / RATE
RANDOM = np.random.default_rng(7)


def noise(amplitude):
    return amplitude * RANDOM.standard_normal(len(CRY))


def microphone(gain=0.3):
    return gain * CRY + noise(0.0005)


MUSIC = 0.25 * sum(np.sin(2 * np.pi * hertz * TIME) * (1 + np.sin(2 * np.pi * 0.7 * TIME + hertz))
                   for hertz in (330, 440, 660, 880))
SPEECH = noise(0.3) * (np.sin(2 * np.pi * 3 * TIME) > 0) * (np.sin(2 * np.pi * 0.3 * TIME) > -0.5)


def mixed(channels, choice='auto', block=640):
    """Return (what is heard, what was said)."""
    frames = np.stack(channels, axis=1)
    mixer, out, said = ChannelMixer(frames.shape[1], RATE, choice), [], []
    for start in range(0, len(frames), block):
        out.append(mixer.process(frames[start:start + block]))
        said += filter(None, [mixer.take_news()])
    return np.concatenate(out), said


def cry_to_rest_db(heard, from_s=1.5):
    """Return how far the cry is above everything else that is heard."""
    part = slice(round(from_s * RATE), None)
    cry, heard = CRY[part], heard[part]
    gain = heard @ cry / (cry @ cry)
    rest = heard - gain * cry
    return 10 * np.log10(gain ** 2 * (cry @ cry) / (rest @ rest))


@pytest.mark.parametrize('channels, words, least_db', [
    (lambda: [microphone(), -microphone()], 'cancel each other', 15),
    (lambda: [microphone(), -0.7 * microphone()], 'cancel each other', 15),
    (lambda: [microphone(), -microphone(), -microphone(), microphone()], 'cancel', 15),
    (lambda: [microphone() + (hum := 0.3 * np.sin(2 * np.pi * 50 * TIME)), hum - microphone()],
     'cancel each other', -30),
    (lambda: [microphone(.1) for _ in range(5)] + [noise(.3)], 'channel 5', 15),
    (lambda: [microphone(.1) for _ in range(5)] + [MUSIC], 'channel 5', 15),
    (lambda: [microphone(.1) for _ in range(5)] + [SPEECH], 'channel 5', 10),
    (lambda: [MUSIC] + [microphone(.1) for _ in range(5)], 'channel 0', 15),
    (lambda: [microphone(.1), noise(.3)], 'channel 1', 3),
    (lambda: [MUSIC, microphone(.1)], 'channel 0', 3),
    (lambda: [microphone(.1), MUSIC, 0.9 * MUSIC], 'channels 1, 2', 0),
    (lambda: [microphone(), np.zeros(len(CRY))], 'nothing comes on channel 1', 15),
    (lambda: [np.zeros(len(CRY))] * 5 + [microphone()], 'channels 0, 1, 2, 3, 4', 15),
    (lambda: [microphone(), np.full(len(CRY), np.nan)], 'nothing comes on channel 1', 15),
])
def test_what_would_hide_the_cry_is_noticed_and_said_once(channels, words, least_db):
    heard, said = mixed(channels())
    assert cry_to_rest_db(heard) > least_db
    assert len(said) == 1 and words in said[0], said


@pytest.mark.parametrize('channels', [
    lambda: [microphone(), microphone()], lambda: [microphone(), 0.5 * microphone()],
    lambda: [0.3 * np.roll(CRY, shift) + noise(.0005) for shift in (0, 1, 2, 3)],
    lambda: [microphone() + 0.3, microphone()], lambda: [np.zeros(len(CRY))] * 2])
def test_where_nothing_is_hidden_the_mean_is_heard(channels):
    channels = channels()
    heard, said = mixed(channels)
    np.testing.assert_allclose(heard, np.mean(channels, axis=0), atol=1e-12)
    assert not said


def test_a_channel_that_begins_to_hide_the_others_later(channels=6):
    late = np.where(TIME > 4, noise(0.3), 0.0)
    heard, said = mixed([microphone(.1)] * 5 + [late])
    assert cry_to_rest_db(heard, 6.0) > 10


def test_an_explicit_choice_is_obeyed():
    channels = [microphone(), -microphone()]
    for choice, expected in ((1, channels[1]), ('mix', np.mean(channels, axis=0))):
        heard, said = mixed(channels, choice)
        np.testing.assert_array_equal(heard, expected)
        assert not said


def test_integers_keep_their_unit():
    frames = RANDOM.integers(-30000, 30000, (5000, 2)).astype(np.int16)
    np.testing.assert_array_equal(ChannelMixer(2, RATE).process(frames), frames.mean(axis=1))
    np.testing.assert_array_equal(ChannelMixer(2, RATE, 1).process(frames), frames[:, 1])


@pytest.mark.parametrize('value, choice', [
    ('auto', 'auto'), ('', 'auto'), (None, 'auto'), ('MIX', 'mix'), (0, 0), ('5', 5)])
def test_choices(value, choice):
    assert parse_choice(value) == choice


@pytest.mark.parametrize('value', ['left', 64, 1.5, '²', '1,2'])
def test_what_is_no_choice_is_named(value):
    with pytest.raises(AudioFormatError, match="'auto', 'mix', or a number from 0 to 63"):
        parse_choice(value)


@pytest.mark.parametrize('value', [-1, '-1', ' -1 ', -2, '-64'])
def test_a_negative_channel_is_refused_everywhere_in_one_sentence(value):
    # The last one to some, the mean of all to others.
    with pytest.raises(AudioFormatError, match="count from 0, got -[0-9]+; the mean of all is 'm"):
        parse_choice(value)


def test_a_channel_that_is_not_there_is_named():
    with pytest.raises(AudioFormatError, match='expected a channel from 0 to 1, got 2'):
        ChannelMixer(2, RATE, 2)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.lists(st.integers(0, 3000), min_size=1, max_size=8),
       st.integers(0, 2 ** 32), st.sampled_from([8000, 16_000, 44_100]))
def test_any_blocks_give_the_same(channels, sizes, seed, rate):
    random = np.random.default_rng(seed)
    frames = random.standard_normal((sum(sizes), channels)) * 10.0 ** random.uniform(
        -6, 0, channels)
    whole, parts = ChannelMixer(channels, rate), ChannelMixer(channels, rate)
    expected = whole.process(frames)
    cuts = np.split(frames, np.cumsum(sizes)[:-1])
    np.testing.assert_allclose(np.concatenate([parts.process(part) for part in cuts]), expected,
                               atol=1e-12)
    assert len(expected) == len(frames) and np.isfinite(expected).all()
