# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Sample formats: what is decoded, what is refused, and with which words."""

import array

from baby_cry_detector.audio.errors import AudioFormatError
from baby_cry_detector.audio.formats import (AudioFormat, decode_s16le, encode_s16le, from_pcm16,
                                             QuantisationCounts, to_pcm16)
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest


@pytest.mark.parametrize('wrong, words', [
    ({'coding_format': 'mp3'}, 'publishes mp3; set its format to wave'),
    ({'coding_format': 'opus'}, "expected coding format 'wave'"),
    ({'sample_format': 'F32LE'}, "expected sample format 'S16LE'"),
    ({'sample_rate': 0}, '4000 to 384000 Hz, got 0'),
    ({'sample_rate': 3999}, 'got 3999'),
    ({'sample_rate': 384001}, 'got 384001'),
    ({'sample_rate': 16000.0}, 'got 16000.0'),
    ({'channels': 0}, '1 to 64 channels, got 0'),
    ({'channels': 65}, 'got 65'),
    ({'channels': True}, 'got True'),
])
def test_a_wrong_format_is_named(wrong, words):
    fields = {'sample_rate': 16000, 'channels': 1, **wrong}
    with pytest.raises(AudioFormatError) as raised:
        AudioFormat(**fields)
    assert words in str(raised.value)


def test_limits_are_accepted():
    assert AudioFormat(4000, 64).bytes_per_frame == 128
    assert AudioFormat(384000, 1, 's16le', 'WAVE').bytes_per_frame == 2


@pytest.mark.parametrize('sample_format, is_big', [('S16_LE', False), ('s16_be', True)])
@pytest.mark.parametrize('coding_format', ['pcm', 'PCM', 'raw', 'wave'])
def test_the_same_under_other_names(sample_format, is_big, coding_format):
    assert AudioFormat(16000, 1, sample_format, coding_format).is_big_endian is is_big


def test_every_integer_survives_decoding_and_encoding():
    pcm = np.arange(-32768, 32768).astype(np.int16)
    samples = decode_s16le(pcm.tobytes(), 1)
    assert samples.dtype == np.float64
    np.testing.assert_array_equal(samples, pcm / 32767.0)
    np.testing.assert_array_equal(samples, from_pcm16(pcm))
    assert encode_s16le(samples) == pcm.tobytes()
    assert encode_s16le(pcm) == pcm.tobytes()


def test_bytes_are_little_endian():
    assert decode_s16le(b'\x01\x02', 1)[0] * 32767 == pytest.approx(0x0201)


def test_big_endian_is_the_same_sound():
    pcm = np.array([[1, -2], [256, -32768], [32767, 0]], np.int16)
    big = AudioFormat(16000, 2, 's16be')
    data = pcm.astype('>i2').tobytes()
    np.testing.assert_array_equal(big.frames(data), pcm)
    np.testing.assert_array_equal(big.decode(data), AudioFormat(16000, 2).decode(pcm.tobytes()))
    assert big.little_endian(data) == pcm.tobytes()
    assert AudioFormat(16000, 2).little_endian(array.array('B', data)) == data
    with pytest.raises(AudioFormatError, match='odd number'):
        big.little_endian(b'abc')


@pytest.mark.parametrize('kind', [bytes, bytearray, memoryview,
                                  lambda data: array.array('B', data),
                                  lambda data: np.frombuffer(data, np.uint8)])
def test_every_kind_of_buffer_is_read(kind):
    np.testing.assert_array_equal(decode_s16le(kind(b'\xff\x7f\x00\x00'), 1), [1.0, 0.0])
    assert decode_s16le(kind(b''), 2).size == 0


def test_channels_are_mixed_or_chosen():
    pcm = np.array([[100, 300, -1], [-32768, -32768, -32768]], np.int16)
    data = encode_s16le(pcm)
    np.testing.assert_allclose(decode_s16le(data, 3) * 32767, [133, -32768], rtol=1e-14)
    np.testing.assert_array_equal(AudioFormat(8000, 3).decode(data, channel=1),
                                  pcm[:, 1] / 32767.0)


@pytest.mark.parametrize('data, channels, channel, words', [
    (b'\x00' * 3, 1, None, 'odd number of bytes (3)'),
    (b'\x00' * 6, 2, None, 'whole frames of 2 channels (4 bytes), got 6'),
    (b'\x00' * 4, 2, 2, 'a channel from 0 to 1, got 2'),
    (b'\x00' * 4, 2, -1, 'a channel from 0 to 1, got -1'),
    (b'\x00' * 4, 0, None, '1 to 64 channels, got 0'),
    ('text', 1, None, 'audio data as bytes, got str'),
    (None, 1, None, 'got NoneType'),
])
def test_wrong_data_is_named(data, channels, channel, words):
    with pytest.raises(AudioFormatError) as raised:
        decode_s16le(data, channels, channel)
    assert words in str(raised.value)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(1, 64))
def test_any_bytes_decode_or_are_refused(data, channels):
    if len(data) % (2 * channels):
        with pytest.raises(AudioFormatError):
            decode_s16le(data, channels)
    else:
        samples = decode_s16le(data, channels)
        assert samples.shape == (len(data) // (2 * channels),)
        assert (np.abs(samples) <= 32768 / 32767).all()


def test_what_cannot_be_an_integer_is_counted():
    counts = QuantisationCounts()
    samples = np.array([0.5, np.nan, np.inf, -np.inf, 2.0, -32768 / 32767, 1.0])
    np.testing.assert_array_equal(to_pcm16(samples, counts),
                                  [16384, 0, 32767, -32768, 32767, -32768, 32767])
    assert (counts.not_a_number, counts.clipped) == (1, 3)
    assert np.isnan(samples[1])        # the caller's array is not touched
