# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a loudspeaker plays, from messages of any rate and format to frames without it."""

from baby_cry_detector.audio.echo.own_sound import CAUTION, OwnSound
from baby_cry_detector.audio.formats import AudioFormat, to_pcm16
from baby_cry_detector.audio.messages import AudioMessage, FormatMessage
from baby_cry_detector.audio.resampler import resample
from baby_cry_detector.features import FeatureSet
from baby_cry_detector.stream.extraction import Extraction
from baby_cry_detector.stream.listener import open_checkpoint
from baby_cry_detector.units import SECOND_NS
from echoes import echo_of, noise, RATE, START_NS
import numpy as np
import pytest

FEATURE_SET = FeatureSet.from_dict(open_checkpoint('').feature_set)
SECONDS = 5.0
SOUND = noise(SECONDS)


def message(samples, arrival_ns, stamp_ns=None):
    """Return a block as it arrives."""
    stamp_ns = arrival_ns if stamp_ns is None else stamp_ns
    return AudioMessage(arrival_ns, stamp_ns, 'crib', to_pcm16(samples).astype('<i2').tobytes())


def frames_of(heard, played=None, rate=RATE, channels=1, extraction=None, own_stamp_ns=None):
    """Return (values of all frames, extraction) of what is heard while something is played."""
    extraction = extraction or Extraction(FEATURE_SET)
    extraction.on_format(FormatMessage(START_NS, AudioFormat(RATE, 1)))
    parts = []
    if played is not None:
        extraction.on_own_format('own_sound', FormatMessage(START_NS, AudioFormat(rate, channels)))
    for first in range(0, len(heard), 640):
        stamp_ns = START_NS + first * SECOND_NS // RATE
        if played is not None:
            begin = first * rate // RATE
            block = played[begin:begin + 640 * rate // RATE]
            extraction.on_own_sound('own_sound', message(
                np.repeat(block, channels), stamp_ns, own_stamp_ns))
        parts += extraction.on_audio(message(heard[first:first + 640], stamp_ns))
    parts += extraction.finish()
    return np.concatenate([part.values for part in parts]), parts, extraction


def test_without_a_reference_nothing_changes():
    heard = echo_of(SOUND)
    before, _, _ = frames_of(heard)
    silent, _, extraction = frames_of(heard, np.zeros(len(heard)))
    assert np.array_equal(before, silent)
    assert extraction.own_sound.figures()['own_sound'] == 'silent'


@pytest.mark.parametrize('rate, channels', ((RATE, 1), (48_000, 1), (44_100, 2), (22_050, 6)))
def test_the_sound_is_taken_out_at_any_rate(rate, channels):
    heard = echo_of(SOUND) + noise(SECONDS, seed=3, level=1e-4)
    _, parts, extraction = frames_of(heard, resample(SOUND, RATE, rate), rate, channels)
    samples = np.concatenate([part.samples for part in parts]) / 32767
    assert np.std(samples[-RATE:]) < 0.1 * np.std(heard[-RATE:])
    assert extraction.own_sound.figures()['own_sound'] == 'following'


def test_frames_keep_their_times_and_their_number():
    heard = echo_of(SOUND)
    _, before, _ = frames_of(heard)
    _, parts, _ = frames_of(heard, SOUND)
    assert sum(len(part.values) for part in parts) == sum(len(part.values) for part in before)
    starts = {part.first_frame: part.start_ns for part in before}
    for part in parts:
        if part.first_frame in starts:
            assert abs(part.start_ns - starts[part.first_frame]) < 1_000_000


def test_stamps_that_say_nothing_are_replaced_by_the_microphones():
    heard = echo_of(SOUND)
    _, _, extraction = frames_of(heard, SOUND, own_stamp_ns=0)
    assert extraction.own_sound.figures()['own_sound'] == 'following'


def test_what_can_not_be_decoded_is_said_and_harms_nothing():
    heard = echo_of(SOUND)[:RATE]
    before, _, _ = frames_of(heard)
    extraction = Extraction(FEATURE_SET)
    extraction.on_own_sound('own_sound', message(SOUND[:640], START_NS))
    assert 'own_sound_info' in extraction.own_sound.figures()['own_sound_trouble']
    extraction.on_own_format('own_sound', FormatMessage(START_NS, AudioFormat(RATE, 2)))
    extraction.on_own_sound('own_sound', AudioMessage(START_NS, START_NS, '', b'odd'))
    assert extraction.own_sound.figures()['own_sound_trouble']
    extraction.on_own_format('own_sound', FormatMessage(START_NS, None, 'it is mp3'))
    extraction.on_own_sound('own_sound', message(SOUND[:640], START_NS))
    assert 'mp3' in extraction.own_sound.figures()['own_sound_trouble']
    values, _, _ = frames_of(heard, extraction=extraction)
    assert np.array_equal(values, before)


def test_who_cries_slows_the_learning():
    own_sound = OwnSound()
    own_sound.on_probability(0.9)
    assert own_sound.canceller.caution == CAUTION
    own_sound.on_probability(0.1)
    assert own_sound.canceller.caution == 1.0
