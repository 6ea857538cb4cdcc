# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Headers that disagree with their file: what is there is heard, and the disagreement is said."""

from pathlib import Path
import struct
import subprocess
import sys

from baby_cry_detector.audio.containers import recordings_in
from baby_cry_detector.audio.errors import AudioSourceError
from baby_cry_detector.audio.sources import FileSource
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

soundfile = pytest.importorskip('soundfile', reason='reading files needs soundfile')
RATE = 16_000
NOISE = np.random.default_rng(3).integers(-20_000, 20_000, 7 * RATE).astype(np.int16)


def heard(path, **options):
    """Return (int16 samples, what was said)."""
    source = FileSource(path, **options)
    blocks = [block.pcm for block in source]
    return np.concatenate(blocks), '; '.join(source.take_news())


def bytes_of(tmp_path, samples=NOISE, rate=RATE, **options):
    path = tmp_path / 'made'
    if options.get('subtype') in ('FLOAT', 'DOUBLE'):
        # It is written as it is given, and whole numbers would all be beyond full scale.
        samples = samples / 32768
    soundfile.write(path, samples, rate, **{'format': 'WAV', 'subtype': 'PCM_16', **options})
    return bytearray(path.read_bytes())


def write(tmp_path, data):
    path = tmp_path / 'case.wav'
    path.write_bytes(data)
    return path


def with_size(data, size, at=40, order='<I'):
    struct.pack_into(order, data, at, size)
    return data


@pytest.mark.parametrize('size', [0, RATE * 2, 0xFFFFFFFF, 0x7FFFFFFF, 1, 3,
                                  2**31 - 1, 100 * RATE])
def test_a_wrong_size_of_a_wav_hides_nothing(tmp_path, size):
    samples, said = heard(write(tmp_path, with_size(bytes_of(tmp_path), size)))
    np.testing.assert_array_equal(samples, NOISE)
    assert '7.0 s are there and are heard' in said


def test_a_decoder_says_nothing_of_frames_that_it_mends(tmp_path, capfd):
    """An MP3 of 16 kHz that libsndfile wrote itself: libmpg123 printed a line of C each second."""
    bursts = NOISE * (np.arange(len(NOISE)) // 4000 % 3 == 0)
    samples, said = heard(write(tmp_path, bytes_of(
        tmp_path, bursts.astype(np.int16), format='MP3', subtype='MPEG_LAYER_III')))
    assert len(samples) >= len(NOISE) and not said
    assert capfd.readouterr() == ('', '')


@pytest.mark.parametrize('subtype', ['PCM_U8', 'PCM_24', 'PCM_32', 'FLOAT', 'DOUBLE', 'ULAW',
                                     'ALAW', 'IMA_ADPCM', 'MS_ADPCM'])
def test_every_coding_of_a_killed_recorder_is_heard(tmp_path, subtype):
    data = bytes_of(tmp_path, subtype=subtype)
    whole, said = heard(write(tmp_path, data))
    assert not said
    at = data.find(b'data') + 4
    samples, said = heard(write(tmp_path, with_size(data, 0, at)))
    assert abs(len(samples) - len(whole)) < 600 and 'its header tells of 0.0 s' in said
    np.testing.assert_allclose(samples[:len(whole)], whole[:len(samples)], atol=1)


@pytest.mark.parametrize('container, subtype', [
    ('RF64', 'PCM_16'), ('W64', 'PCM_16'), ('W64', 'PCM_24'), ('AIFF', 'PCM_16'), ('AU', 'PCM_16'),
    ('WAVEX', 'PCM_16')])
def test_other_containers_cut_or_without_a_size(tmp_path, container, subtype):
    whole = bytes_of(tmp_path, format=container, subtype=subtype)
    samples, said = heard(write(tmp_path, whole))
    np.testing.assert_array_equal(samples, NOISE)
    assert not said
    cut, said = heard(write(tmp_path, whole[:len(whole) // 2]))
    np.testing.assert_array_equal(cut, NOISE[:len(cut)])
    assert 3.4 * RATE < len(cut) < 3.6 * RATE and 'tells of 7.0 s, 3.5 s are there' in said
    at, order = {'RF64': (28, '<Q'), 'W64': (whole.find(b'data') + 16, '<Q'),
                 'AIFF': (whole.find(b'SSND') + 4, '>I'), 'AU': (8, '>I'),
                 'WAVEX': (whole.find(b'data') + 4, '<I')}[container]
    for size in (0, 50_000):
        samples, said = heard(write(tmp_path, with_size(bytearray(whole), size, at, order)))
        np.testing.assert_array_equal(samples[:len(NOISE)], NOISE)
        assert len(samples) - len(NOISE) < 200 and 'are there and are heard' in said


def test_big_endian_wav(tmp_path):
    data = bytes_of(tmp_path, endian='BIG')
    assert data[:4] == b'RIFX'
    samples, said = heard(write(tmp_path, with_size(data, 0)))
    np.testing.assert_array_equal(samples, NOISE)


@pytest.mark.parametrize('container', ['WAV', 'AIFF', 'AU', 'W64'])
@pytest.mark.parametrize('endian', ['BIG', 'LITTLE'])
def test_either_order_of_bytes_is_the_same_sound(tmp_path, container, endian):
    if (container, endian) == ('W64', 'BIG'):
        pytest.skip('there is no such file')
    samples, said = heard(write(tmp_path, bytes_of(tmp_path, format=container, endian=endian)))
    np.testing.assert_array_equal(samples, NOISE)
    assert not said


@pytest.mark.parametrize('first, second', [
    ('WAV', 'WAV'), ('FLAC', 'FLAC'), ('OGG', 'OGG'), ('AIFF', 'AIFF'), ('W64', 'W64'),
    ('RF64', 'WAV')])
def test_recordings_that_were_joined_are_all_heard(tmp_path, first, second):
    options = {'subtype': None} if 'OGG' in first else {}
    parts = [bytes_of(tmp_path, NOISE[:3 * RATE + 1], format=first, **options),
             bytes_of(tmp_path, NOISE[:2 * RATE], format=second, **options)]
    samples, said = heard(write(tmp_path, parts[0] + parts[1]))
    assert abs(len(samples) - 5 * RATE) < 200 and '2 recordings were joined' in said
    if first != 'OGG':
        np.testing.assert_array_equal(
            samples[:5 * RATE + 1], np.concatenate((NOISE[:3 * RATE + 1], NOISE[:2 * RATE])))


def mp3(tmp_path, seconds, **options):
    """Return an MP3 whose bit rate changes: silence, then noise."""
    if 'MP3' not in soundfile.available_formats():
        pytest.skip('this libsndfile writes no MP3')
    silence = np.zeros(seconds * RATE, np.int16)
    return bytes(bytes_of(tmp_path, np.concatenate((silence, NOISE[:seconds * RATE])),
                          format='MP3', subtype='MPEG_LAYER_III', **options))


def without_its_header(data):
    """Return an MP3 without the frame that tells how many follow."""
    begin = max(data.find(b'Xing'), data.find(b'Info')) - 13       # MPEG 2, one channel
    assert begin >= 0
    return data[data.index(data[begin:begin + 2], begin + 4):]


def test_mp3_that_were_joined_cut_or_tell_nothing_are_heard_whole(tmp_path):
    whole = mp3(tmp_path, 3)
    length = len(heard(write(tmp_path, whole))[0])
    assert abs(length - 6 * RATE) < 3000 and not heard(write(tmp_path, whole))[1]
    samples, said = heard(write(tmp_path, whole + whole))
    assert abs(len(samples) - 2 * length) < 3000 and '2 recordings were joined' in said
    samples, said = heard(write(tmp_path, whole[:len(whole) * 3 // 4]))
    assert 4 * RATE < len(samples) < 5.9 * RATE and 'its header tells of 6.' in said
    # The first one was cut, so that the second one's header stands amid its frames.
    samples, said = heard(write(tmp_path, whole[:len(whole) * 3 // 4] + whole))
    assert len(samples) > 10 * RATE and 'header tells of' in said
    samples, said = heard(write(tmp_path, without_its_header(whole)))
    assert abs(len(samples) - length) < 6000 and not said


@pytest.mark.parametrize('subtype', ['PCM_16', 'PCM_24', 'FLOAT', 'ALAC_16'])
def test_caf_that_were_joined_or_cut(tmp_path, subtype):
    whole = bytes(bytes_of(tmp_path, NOISE, format='CAF', subtype=subtype))
    assert not heard(write(tmp_path, whole))[1]
    samples, said = heard(write(tmp_path, whole + whole))
    assert abs(len(samples) - 2 * len(NOISE)) < 9000 and '2 recordings were joined' in said
    if subtype != 'ALAC_16':           # whose packets are listed behind them
        samples, said = heard(write(tmp_path, whole[:len(whole) // 2]))
        assert abs(len(samples) - len(NOISE) // 2) < RATE and 'its header tells of 7.0 s' in said


def test_joined_recordings_of_other_rates_and_a_killed_first_one(tmp_path):
    first = with_size(bytes_of(tmp_path, NOISE[:RATE]), 0)
    second = bytes_of(tmp_path, np.stack([NOISE[:44_100]] * 2, 1), rate=44_100)
    samples, said = heard(write(tmp_path, first + second))
    assert len(samples) == 2 * RATE
    np.testing.assert_array_equal(samples[:RATE], NOISE[:RATE])
    assert 'joined' in said and 'tells of 0.0 s, 1.0 s' in said


@pytest.mark.parametrize('chunk', [
    b'LIST\x05\0\0\0abcde\0', b'LIST\x05\0\0\0abcde', b'id3 \x02\0\0\0ab', b'bext\0\0\0\0'])
def test_chunks_before_and_after_the_samples_are_no_samples(tmp_path, chunk):
    data = bytes_of(tmp_path)
    samples, said = heard(write(tmp_path, data[:36] + chunk + data[36:] + chunk))
    np.testing.assert_array_equal(samples, NOISE)
    assert not said


@pytest.mark.parametrize('chunk', [b'LIST\xf0\xff\xff\xffINFOmetadata: of',
                                   b'junk\x00\x00\x00\x7f' + bytes(8)])
@pytest.mark.parametrize('is_killed', [False, True])
def test_a_chunk_whose_length_leads_out_of_the_file_hides_nothing(tmp_path, chunk, is_killed):
    data = bytes_of(tmp_path)
    if is_killed:
        with_size(data, 0)
    samples, said = heard(write(tmp_path, data[:36] + chunk + data[36:]))
    np.testing.assert_array_equal(samples, NOISE)
    assert f"its chunk '{chunk[:4].decode()}' leads out of the file" in said
    assert ('7.0 s are there' in said) is is_killed


def test_an_aiff_chunk_whose_length_leads_out_of_the_file_hides_nothing(tmp_path):
    data = bytes_of(tmp_path, format='AIFF')
    at = data.find(b'SSND')
    samples, said = heard(write(tmp_path, data[:at] + b'NAME\x7f\xff\xff\xffbaby' + data[at:]))
    np.testing.assert_array_equal(samples, NOISE)
    assert "'NAME' leads out of the file" in said


@pytest.mark.parametrize('tail', [b'TAG' + bytes(125), bytes(512), b'\0', b'abc'])
def test_what_is_put_behind_is_no_sound(tmp_path, tail):
    samples, said = heard(write(tmp_path, bytes_of(tmp_path) + tail))
    np.testing.assert_array_equal(samples, NOISE)
    assert not said


def test_an_odd_number_of_bytes_without_padding(tmp_path):
    data = bytes_of(tmp_path, NOISE[:1001], subtype='PCM_U8')
    at = data.find(b'data') + 4
    assert struct.unpack_from('<I', data, at)[0] == 1001
    for tail in (b'', b'LIST\x04\0\0\0abcd'):
        samples, said = heard(write(tmp_path, data[:at + 4 + 1001] + tail))
        assert len(samples) == 1001 and not said


@pytest.mark.parametrize('container', ['FLAC', 'OGG'])
def test_a_compressed_recording_that_was_cut_off(tmp_path, container):
    options = {'subtype': None} if container == 'OGG' else {}
    whole = bytes_of(tmp_path, format=container, **options)
    samples, said = heard(write(tmp_path, whole))
    assert abs(len(samples) - len(NOISE)) < 10 and not said
    samples, said = heard(write(tmp_path, whole[:len(whole) // 2]))
    assert 2 * RATE < len(samples) < 5 * RATE
    assert said and ('damaged' in said or 'cut off' in said or 'are there' in said)


def test_a_flac_that_does_not_know_its_length(tmp_path):
    data = bytes_of(tmp_path, format='FLAC')
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    samples, _ = heard(write(tmp_path, data))
    np.testing.assert_array_equal(samples, NOISE)


def test_a_header_and_nothing_more_is_empty(tmp_path):
    for size in (0, 1000):
        with pytest.raises(AudioSourceError, match='holds no samples'):
            FileSource(write(tmp_path, with_size(bytes_of(tmp_path)[:44], size)))


def test_a_long_file_of_a_killed_recorder_loops(tmp_path):
    source = FileSource(write(tmp_path, with_size(bytes_of(tmp_path), 0)), loop=True)
    blocks = iter(source)
    for _ in range(3 * 350):
        next(blocks)
    assert len(source.take_news()) == 1


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=12, max_size=300), st.sampled_from(
    [b'RIFF', b'RIFX', b'RF64', b'FORM', b'riff', b'.snd', b'fLaC', b'OggS', b'']), st.booleans())
def test_any_bytes_are_read_or_refused(tmp_path_factory, data, magic, keeps_form):
    path = tmp_path_factory.mktemp('any') / 'x.wav'
    path.write_bytes(magic + (data[:4] + b'WAVEfmt ' if keeps_form else b'') + data)
    recordings_in(path)
    try:
        assert len(heard(path)[0])
    except AudioSourceError as error:
        assert str(path) in str(error)


@pytest.mark.skipif(not Path('/proc/self/status').exists(), reason='needs Linux')
@pytest.mark.parametrize('container', ['FLAC', 'WAV'])
def test_a_long_recording_takes_no_more_memory_than_a_short_one(tmp_path, container):
    sound = np.random.default_rng(5).integers(-20_000, 20_000, 60 * RATE).astype(np.int16)
    path = tmp_path / f'long.{container.lower()}'
    with soundfile.SoundFile(path, 'w', RATE, 1, format=container) as file:
        for _ in range(30):
            file.write(sound)
    assert path.stat().st_size > 30e6
    if container == 'WAV':
        path.write_bytes(with_size(bytearray(path.read_bytes()), 0))
    script = ('import sys; from baby_cry_detector.audio.containers import recordings_in; '
              'own = lambda: int(next(line.split()[1] for line in open("/proc/self/status") '
              'if line.startswith("VmHWM"))); before = own(); recordings_in(sys.argv[1]); '
              'print((own() - before) / 1024)')
    took_mb = float(subprocess.run([sys.executable, '-c', script, str(path)], check=True,
                                   capture_output=True, text=True).stdout)
    assert took_mb < 25.0
