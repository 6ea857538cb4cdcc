# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Audio files: any rate and channels come out as mono 16 kHz; what cannot be read is named."""

from itertools import islice
import os
import struct
import tracemalloc

from baby_cry_detector.audio.errors import AudioSourceError
from baby_cry_detector.audio.sources import FileSource, read_audio
import numpy as np
import pytest

soundfile = pytest.importorskip('soundfile', reason='reading files needs soundfile')


def pcm_of(path, **options):
    return np.concatenate([block.pcm for block in FileSource(path, **options)])


@pytest.fixture
def noise():
    pcm = np.random.default_rng(5).integers(-32768, 32768, 16_123).astype(np.int16)
    pcm[:3] = -32768, 32767, 0
    return pcm


@pytest.mark.parametrize('suffix', ['wav', 'flac', 'aiff'])
def test_mono_16_bit_16_khz_passes_bit_exactly(tmp_path, noise, suffix):
    path = tmp_path / f'noise.{suffix}'
    soundfile.write(path, noise, 16000, subtype='PCM_16')
    samples = read_audio(path)
    assert samples.dtype == np.float64
    np.testing.assert_array_equal(samples, noise / 32767.0)
    np.testing.assert_array_equal(pcm_of(path), noise)


@pytest.mark.parametrize('rate, channels, subtype', [
    (8000, 1, 'PCM_16'), (44100, 2, 'PCM_24'), (48000, 1, 'FLOAT'), (96000, 6, 'DOUBLE'),
    (22050, 1, 'PCM_U8'), (7999, 1, 'PCM_32'), (16000, 2, 'PCM_16')])
def test_any_format_becomes_the_same_tone(tmp_path, rate, channels, subtype):
    path = tmp_path / 'tone.wav'
    wave = 0.5 * np.sin(2 * np.pi * 700 * np.arange(rate) / rate)
    soundfile.write(path, np.repeat(wave[:, None], channels, axis=1), rate, subtype=subtype)
    samples = read_audio(path)
    assert samples.size == 16000
    expected = 0.5 * np.sin(2 * np.pi * 700 * np.arange(16000) / 16000) * 32768 / 32767
    tolerance = 0.02 if subtype == 'PCM_U8' else 2e-4
    np.testing.assert_allclose(samples[600:-600], expected[600:-600], atol=tolerance)


def test_a_compressed_file_is_read(tmp_path):
    path = tmp_path / 'tone.ogg'
    soundfile.write(path, 0.5 * np.sin(np.arange(44100) / 10), 44100, format='OGG')
    samples = read_audio(path)
    assert abs(samples.size - 16000) < 2
    assert np.sqrt(np.mean(samples ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


def test_blocks_count_on_and_add_up(tmp_path, noise):
    path = tmp_path / 'noise.wav'
    soundfile.write(path, noise, 44100, subtype='PCM_16')
    blocks = list(FileSource(path, block_duration_s=0.02))
    assert [block.first_sample for block in blocks] == list(range(0, 320 * len(blocks), 320))
    assert {len(block.pcm) for block in blocks[:-1]} == {320}
    assert 0 < len(blocks[-1].pcm) <= 320
    assert blocks[0].pcm.dtype == np.int16 and blocks[0].pcm.ndim == 1
    for duration_s in (0.001, 0.5, 10):
        np.testing.assert_array_equal(pcm_of(path, block_duration_s=duration_s),
                                      np.concatenate([block.pcm for block in blocks]))
    np.testing.assert_array_equal(read_audio(path), pcm_of(path) / 32767.0)


def test_a_source_can_be_read_twice(tmp_path, noise):
    path = tmp_path / 'noise.wav'
    soundfile.write(path, noise, 16000, subtype='PCM_16')
    source = FileSource(path)
    for _ in range(2):
        np.testing.assert_array_equal(np.concatenate([block.pcm for block in source]), noise)


def test_a_loop_goes_on_without_a_seam(tmp_path, noise):
    path = tmp_path / 'noise.wav'
    soundfile.write(path, noise, 16000, subtype='PCM_16')
    blocks = list(islice(FileSource(path, loop=True), 150))
    assert {len(block.pcm) for block in blocks} == {320}
    assert blocks[-1].first_sample == 149 * 320
    np.testing.assert_array_equal(np.concatenate([block.pcm for block in blocks]),
                                  np.tile(noise, 4)[:150 * 320])


def test_channels_are_mixed_or_chosen(tmp_path):
    path = tmp_path / 'stereo.wav'
    stereo = np.array([[1000, -1000], [3000, 1000]], np.int16).repeat(400, axis=0)
    soundfile.write(path, stereo, 16000, subtype='PCM_16')
    np.testing.assert_array_equal(pcm_of(path), stereo.mean(axis=1))
    np.testing.assert_array_equal(pcm_of(path, channel=1), stereo[:, 1])
    with pytest.raises(AudioSourceError, match='a channel from 0 to 1, got 2'):
        FileSource(path, channel=2)


def test_what_is_not_a_number_is_counted_and_harms_only_itself(tmp_path):
    path = tmp_path / 'nan.wav'
    wave = np.full(48000, 0.25)
    wave[1000:1010] = np.nan
    wave[2000] = np.inf
    soundfile.write(path, wave, 48000, subtype='FLOAT')
    source = FileSource(path)
    pcm = np.concatenate([block.pcm for block in source])
    assert source.counts.not_a_number == 11
    assert (pcm[1000:-200] == 8192).all()


def test_what_is_done_to_samples_is_said_once(tmp_path, noise):
    samples = noise[3:] / 40000.0
    broken, hot = samples.copy(), samples * 100
    broken[::1000] = np.nan
    said = {}
    for name, content in (('whole', samples), ('broken', broken), ('hot', hot)):
        soundfile.write(tmp_path / f'{name}.wav', content, 16000, subtype='FLOAT')
        source = FileSource(tmp_path / f'{name}.wav', loop=True)
        for _ in islice(source, 3 * len(samples) // source.block_size):
            pass
        said[name] = source.take_news()
    assert said['whole'] == []
    assert said['broken'] == ['17 of its 16120 samples are no numbers (NaN or infinite): silence '
                              'is heard in their place']
    assert len(said['hot']) == 1 and '99 % of its samples lie beyond full scale' in said['hot'][0]


def test_a_file_that_lacks_a_byte_is_no_disagreement(tmp_path, noise):
    path = tmp_path / 'odd.wav'
    soundfile.write(path, noise, 16000, subtype='PCM_16')
    path.write_bytes(path.read_bytes()[:-1])
    source = FileSource(path)
    assert sum(len(block.pcm) for block in source) == len(noise) - 1
    assert source.take_news() == []


def test_a_long_file_is_never_held_in_memory(tmp_path):
    path = tmp_path / 'long.wav'
    with soundfile.SoundFile(path, 'w', 48000, 2, subtype='PCM_16') as file:
        for _ in range(60):
            file.write(np.zeros((48000, 2), np.int16))
    blocks = iter(FileSource(path))
    next(blocks)
    tracemalloc.start()
    count = sum(len(block.pcm) for block in blocks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 60 * 16000 - 320
    assert peak < 4_000_000            # the samples of the file are 11.5 MB


@pytest.mark.parametrize('content, words', [
    (None, 'no such file'),
    (b'', 'the file is empty'),
    (b'RIFF', 'cannot decode it'),
    (b'this is text, not sound' * 100, 'cannot decode it'),
    (os.urandom(5000), 'cannot decode it'),
])
def test_what_is_no_audio_is_named(tmp_path, content, words):
    path = tmp_path / 'broken.wav'
    if content is not None:
        path.write_bytes(content)
    for read in (FileSource, read_audio):
        with pytest.raises(AudioSourceError) as raised:
            read(path)
        assert str(path) in str(raised.value) and words in str(raised.value)


def test_a_folder_is_named(tmp_path):
    with pytest.raises(AudioSourceError, match='not a regular file'):
        read_audio(tmp_path)


def test_no_samples_is_an_error(tmp_path):
    path = tmp_path / 'silent.wav'
    soundfile.write(path, np.zeros(0), 16000)
    with pytest.raises(AudioSourceError, match='holds no samples'):
        FileSource(path)


def wav_header(rate, channels, size):
    return (b'RIFF' + struct.pack('<I', size + 36) + b'WAVEfmt ' + struct.pack(
        '<IHHIIHH', 16, 1, channels, rate, (rate * channels * 2) % 2**32, 2 * channels, 16)
        + b'data' + struct.pack('<I', size))


def test_a_cut_file_gives_what_is_there(tmp_path, noise):
    path = tmp_path / 'cut.wav'
    path.write_bytes(wav_header(16000, 1, 2_000_000_000) + noise.tobytes())
    np.testing.assert_array_equal(pcm_of(path), noise)


@pytest.mark.parametrize('rate, channels, words', [
    (1, 1, '4000 to 384000 Hz, got 1'), (4_000_000, 1, 'got 4000000'), (16000, 65, 'channels')])
def test_an_absurd_header_is_named(tmp_path, rate, channels, words):
    path = tmp_path / 'absurd.wav'
    path.write_bytes(wav_header(rate, channels, 1300) + bytes(1300))
    with pytest.raises(AudioSourceError) as raised:
        FileSource(path)
    assert words in str(raised.value)


@pytest.mark.parametrize('damage', range(12))
def test_a_damaged_file_is_read_or_refused(tmp_path, noise, damage):
    path = tmp_path / 'noise.flac'
    soundfile.write(path, noise, 16000)
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(damage)
    for position in rng.integers(0, len(data), 30):
        data[position] = rng.integers(256)
    path.write_bytes(data[:len(data) if damage % 2 else len(data) // 2])
    try:
        samples = read_audio(path)
    except AudioSourceError as error:
        assert str(path) in str(error)
    else:
        assert np.abs(samples).max() <= 32768 / 32767


def test_wrong_options_are_named(tmp_path, noise):
    path = tmp_path / 'noise.wav'
    soundfile.write(path, noise, 16000)
    with pytest.raises(AudioSourceError, match='block duration'):
        FileSource(path, block_duration_s=0.0)
    with pytest.raises(ValueError, match='4000 to 384000'):
        FileSource(path, sample_rate=10)


@pytest.mark.parametrize('address', ['rtsp://camera/stream', 'http://127.0.0.1/a.wav'])
def test_an_address_is_told_from_a_file_that_is_not_there(address):
    with pytest.raises(AudioSourceError, match='addresses are not opened'):
        FileSource(address)
