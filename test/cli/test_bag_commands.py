# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Bags on the command line: the answer of the recording, and what is wrong in one sentence."""

import csv
import itertools
import json

import numpy as np
import pytest
import soundfile

pytest.importorskip('rosbags.rosbag2', reason='pip install rosbags to read bags')

from baby_cry_detector.audio import to_pcm16  # noqa: E402, I100  # after importorskip
from baby_cry_detector.audio.sources import read_audio  # noqa: E402  # after importorskip
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry  # noqa: E402, E501  # after importorskip
from baby_cry_detector.cli.main import main  # noqa: E402  # after importorskip
from bag_writer import NS, write_bag  # noqa: E402  # after importorskip
from recordings import recordings  # noqa: E402  # after importorskip

pytestmark = pytest.mark.slow

START_NS = 1_790_000_000 * NS + 123_456_789


@pytest.fixture(scope='module')
def pcm():
    """Return 8 s at 16 kHz: quiet, then a cry."""
    return to_pcm16(np.concatenate((np.zeros(16_000), synthesise_cry(6.0, seed=1),
                                    np.zeros(16_000))))


def records(capsys, *arguments):
    assert main(['listen', '--json', *map(str, arguments)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
def test_a_bag_is_heard_as_the_recording_is(tmp_path, capsys, pcm, storage):
    wav = tmp_path / 'cry.wav'
    soundfile.write(wav, pcm, 16_000)
    bag = write_bag(tmp_path / 'bag', {'/crib/audio_stamped': (START_NS, pcm)}, storage)
    file = next(path for path in bag.iterdir() if path.suffix in ('.mcap', '.db3'))
    expected = records(capsys, wav)
    for path in (bag, file):
        heard = records(capsys, path)
        assert [(r['time_s'], r['crying'], r['cry_probability'], r['intensity'], r['onset_s'])
                for r in heard] == [
            (r['time_s'], r['crying'], r['cry_probability'], r['intensity'], r['onset_s'])
            for r in expected]
        assert heard[-1]['episode_id'].startswith('crib-2026')
        assert heard[-1]['stamp_ns'] > START_NS


def recorded_cries(least_s):
    """Return recorded cries one after the other, 16 kHz."""
    samples = [np.zeros(16_000)]
    for path in itertools.cycle(path for path, is_cry in recordings() if is_cry):
        samples.append(read_audio(path))
        if sum(map(len, samples)) > least_s * 16_000:
            break
    # A room is never silent to the bit; that would be a muted microphone.
    room = 1e-3 * np.random.default_rng(1).standard_normal(10 * 16_000)
    return to_pcm16(np.concatenate((*samples, room)))


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
def test_a_policy_is_rehearsed_on_a_bag_as_on_its_recording(tmp_path, capsys, storage):
    pcm = recorded_cries(40.0)
    wav = tmp_path / 'cries.wav'
    soundfile.write(wav, pcm, 16_000)
    bag = write_bag(tmp_path / 'bag', {'/crib/audio_stamped': (START_NS, pcm)}, storage)
    said = []
    for path in (wav, bag):
        assert main(['policy', 'rehearse', str(path)]) == 0
        captured = capsys.readouterr()
        head, *lines = captured.out.splitlines()
        assert head == f'{path}:' and not captured.err
        said.append(lines)
    assert said[0] == said[1]
    for words in ('it cries', 'rock: ', 'sound: ', 'ALERT', 'it is quiet'):
        assert any(words in line for line in said[1]), words


def test_what_a_policy_does_when_the_audio_of_a_bag_stops(tmp_path, capsys, pcm):
    bag = write_bag(tmp_path / 'bag', {'/crib/audio_stamped': (
        START_NS, np.concatenate((pcm, pcm)))}, lost=[(5.0, 14.0)])
    assert main(['policy', 'rehearse', str(bag)]) == 0
    captured = capsys.readouterr()
    assert 'no audio arrives, and it was crying when it stopped' in captured.out
    assert main(['policy', 'rehearse', str(bag), '--topic', '/nowhere']) == 1
    assert '/nowhere' in capsys.readouterr().err


def test_a_bag_whose_recorder_was_killed_is_read_without_its_metadata(tmp_path, capsys, pcm):
    bag = write_bag(tmp_path / 'bag', {'/crib/audio_stamped': (START_NS, pcm)}, 'sqlite3')
    (bag / 'metadata.yaml').unlink()
    assert any(record['crying'] for record in records(capsys, bag))


def test_descriptors_of_a_bag_are_those_of_the_recording(tmp_path, pcm):
    wav = tmp_path / 'cry.wav'
    soundfile.write(wav, pcm, 16_000)
    bag = write_bag(tmp_path / 'bag', {'/crib/audio_stamped': (START_NS, pcm)})
    tables = []
    for path in (wav, bag):
        out = tmp_path / f'{path.stem}.csv'
        assert main(['features', str(path), '--set', 'cry', '--out', str(out)]) == 0
        with open(out, encoding='utf-8') as file:
            tables.append(list(csv.reader(file)))
    assert tables[0][0] == tables[1][0]
    np.testing.assert_array_equal(np.array(tables[0][1:], float), np.array(tables[1][1:], float))


def test_audio_that_is_missing_is_said_and_survived(tmp_path, capsys, pcm):
    bag = write_bag(tmp_path / 'bag', {'/crib/audio_stamped': (
        START_NS, np.concatenate((pcm, pcm)))}, lost=[(8.0, 12.5)])
    assert main(['listen', '--json', str(bag)]) == 0
    captured = capsys.readouterr()
    heard = [json.loads(line) for line in captured.out.splitlines()]
    silent = [record['time_s'] for record in heard if record['status'] == 'no_audio']
    assert silent and 9.9 < silent[0] < 11.2 and silent[-1] < 12.5
    assert heard[-1]['crying'] and heard[-1]['episode'] == 2


@pytest.mark.parametrize('stamped, least_s, latest_s', [
    (lambda ns: 0, 3.0, 8.1), (lambda ns: ns // 10 ** 6, 3.0, 8.1),
    (lambda ns: ns if ns > START_NS + 3 * NS else ns - START_NS, 7.9, 8.1)],
    ids=['zero', 'milliseconds', 'a clock that is set'])
def test_what_stamps_of_two_clocks_tell_counts_from_the_first_audio(tmp_path, capsys, pcm, stamped,
                                                                    least_s, latest_s):
    bag = write_bag(tmp_path / 'bag', {'/crib/audio_stamped': (START_NS, pcm)}, stamped=stamped)
    assert main(['listen', '--json', str(bag)]) == 0
    heard = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    times = [record['time_s'] for record in heard]
    assert times == sorted(times) and times[0] >= 0.0 and least_s < times[-1] < latest_s
    assert any(record['crying'] for record in heard)
    assert all(0.0 <= record['onset_s'] < 8.0 for record in heard if record['episode'])
    # It made a picture as wide as the years between both clocks.
    assert main(['plot', str(bag), '--out', str(tmp_path / 'why.png')]) == 0


@pytest.mark.parametrize('arguments, says', [
    (['features', 'cry.wav', '--out', 'no folder/x.csv'], "there is no folder 'no folder'"),
    (['plot', 'cry.wav', '--out', 'no folder/x.png'], "there is no folder 'no folder'"),
    (['listen', 'cry.wav', '--channel=-1'],
     "they count from 0, got -1; the mean of all is 'mix'")])
def test_what_cannot_be_meant_is_refused_in_words(capsys, arguments, says):
    assert main(arguments) == 2 and says in capsys.readouterr().err


def test_one_of_several_cribs_is_chosen(tmp_path, capsys, pcm):
    bag = write_bag(tmp_path / 'bag', {
        '/left/audio_stamped': (START_NS, pcm),
        '/right/audio_stamped': (START_NS, np.zeros_like(pcm))})
    assert main(['listen', str(bag)]) == 1
    said = capsys.readouterr().err
    assert '--topic' in said and '/left/audio_stamped, /right/audio_stamped' in said
    crying = {}
    for crib in ('left', 'right'):
        heard = records(capsys, bag, '--topic', f'/{crib}/audio_stamped')
        crying[crib] = any(record['crying'] for record in heard)
    assert crying == {'left': True, 'right': False}
    assert main(['listen', str(bag), '--topic', '/middle']) == 1
    assert 'no audio topic /middle' in capsys.readouterr().err


def test_what_a_bag_without_audio_holds_is_listed(tmp_path, capsys):
    from baby_cry_detector.audio.bags import audio_typestore
    from rosbags.rosbag2 import Writer
    store = audio_typestore()
    with Writer(tmp_path / 'bag', version=9) as writer:
        topic = writer.add_connection('/chatter', 'std_msgs/msg/String', typestore=store)
        writer.write(topic, 1, store.serialize_cdr(
            store.types['std_msgs/msg/String']('hello'), 'std_msgs/msg/String'))
    assert main(['listen', str(tmp_path / 'bag')]) == 1
    said = capsys.readouterr().err
    assert 'no audio to listen to' in said and '/chatter (std_msgs/msg/String)' in said


@pytest.mark.parametrize('damage', ['no format', 'cut', 'garbage', 'zeros', 'empty folder'])
@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
def test_a_damaged_bag_is_one_sentence(tmp_path, capsys, pcm, storage, damage):
    bag = write_bag(tmp_path / 'bag', {'/crib/audio_stamped': (START_NS, pcm)}, storage,
                    info=damage != 'no format')
    file = next(path for path in bag.iterdir() if path.suffix in ('.mcap', '.db3'))
    data = file.read_bytes()
    if damage == 'cut':
        file.write_bytes(data[:len(data) // 2])
    elif damage == 'garbage':
        rng = np.random.default_rng(0)
        file.write_bytes(rng.integers(0, 256, len(data), np.uint8).tobytes())
    elif damage == 'zeros':
        file.write_bytes(data[:len(data) // 2] + bytes(len(data) - len(data) // 2))
    elif damage == 'empty folder':
        for path in bag.iterdir():
            path.unlink()
    assert main(['listen', '--json', str(bag)]) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith('error: ') and str(bag) in said
    assert len(said.splitlines()) == 1


def test_without_rosbags_it_says_what_to_install(tmp_path, capsys, pcm, monkeypatch):
    import sys
    bag = write_bag(tmp_path / 'bag', {'/crib/audio_stamped': (START_NS, pcm)})
    monkeypatch.setitem(sys.modules, 'rosbags.rosbag2', None)
    assert main(['listen', str(bag)]) == 1
    assert 'pip install rosbags' in capsys.readouterr().err


def test_a_later_part_of_a_split_bag_is_heard_with_its_format_said(tmp_path, capsys, pcm):
    bag = write_bag(tmp_path / 'bag', {'/crib/audio_stamped': (START_NS, pcm)}, info=False)
    assert main(['listen', str(bag)]) == 1
    assert '--rate' in capsys.readouterr().err
    assert any(record['crying'] for record in records(capsys, bag, '--rate', 16_000))
    assert main(['policy', 'rehearse', str(bag), '--rate', '16000']) == 0
    assert 'it cries' in capsys.readouterr().out
    out = tmp_path / 'f.csv'
    assert main(['features', str(bag), '--set', 'cepstra20', '--out', str(out),
                 '--rate', '16000', '--channels', '1', '--format', 'S16LE']) == 0
    assert len(out.read_text().splitlines()) > 700
    assert main(['listen', str(bag), '--rate', '16000', '--format', 'F32LE']) in (1, 2)
    assert 'S16LE' in capsys.readouterr().err


def test_samples_with_the_high_byte_first(tmp_path, capsys, pcm):
    little = write_bag(tmp_path / 'little', {'/crib/audio_stamped': (START_NS, pcm)})
    expected = records(capsys, little)
    big = write_bag(tmp_path / 'big', {'/crib/audio_stamped': (START_NS, pcm)},
                    sample_format='S16BE', big_endian=True)
    assert records(capsys, big) == [{**record, 'file': str(big)} for record in expected]
    untold = write_bag(tmp_path / 'untold', {'/crib/audio_stamped': (START_NS, pcm)},
                       info=False, big_endian=True)
    assert [record['crying'] for record in records(
        capsys, untold, '--rate', 16_000, '--format', 's16be')] == [
            record['crying'] for record in expected]
    for options in (['--format', 'S16BE'], ['--channels', '2']):
        assert main(['listen', str(untold), *options]) == 1
        assert 'say nothing without --rate' in capsys.readouterr().err
    # Said wrongly, it is noise, and nothing is heard in it.
    wrong = write_bag(tmp_path / 'wrong', {'/crib/audio_stamped': (START_NS, pcm)},
                      big_endian=True)
    assert main(['listen', str(wrong)]) == 1
    said = capsys.readouterr().err
    assert 'come in the order of S16BE' in said and 'could not be trusted' in said


ROOM = to_pcm16(1e-3 * np.random.default_rng(1).standard_normal(16_000 * 30))


def test_a_bag_that_could_be_trusted_in_part_is_exit_code_1_and_a_sentence(tmp_path, capsys):
    # 15 s without one moving sample: a muted microphone, of which 10 s are no doubt yet.
    part = ROOM.copy()
    part[8 * 16_000:24 * 16_000] = 0
    codes, said = {}, {}
    for name, pcm in (('whole', ROOM), ('part', part)):
        bag = write_bag(tmp_path / name, {'/crib/audio_stamped': (START_NS, pcm)})
        codes[name] = [main(['listen', '--json', str(bag)])]
        captured = capsys.readouterr()
        said[name] = {json.loads(line)['status'] for line in captured.out.splitlines()}
        assert ('s of it could not be trusted' in captured.err) == (name == 'part')
        codes[name] += [main(['policy', 'rehearse', str(bag)]),
                        main(['plot', str(bag), '--out', str(tmp_path / 'why.png')])]
        capsys.readouterr()
    assert codes == {'whole': [0, 0, 0], 'part': [1, 1, 1]}
    assert said == {'whole': {'ok'}, 'part': {'ok', 'untrusted_audio'}}


@pytest.mark.parametrize('zeros_s, code', [(14, 0), (29, 1)])
def test_a_recording_that_an_editor_padded_with_silence_is_heard(tmp_path, capsys, zeros_s, code):
    pcm = ROOM.copy()
    pcm[:zeros_s * 16_000] = 0
    soundfile.write(tmp_path / 'cut.wav', pcm, 16_000)
    assert main(['listen', str(tmp_path / 'cut.wav')]) == code
    assert 'could not be trusted' in capsys.readouterr().err


@pytest.mark.parametrize('command', [
    ['listen'], ['features', '--out', 'f.csv'], ['plot', '--out', 'why.png'],
    ['policy', 'rehearse']])
def test_a_format_is_not_told_of_a_recording_that_says_its_own(tmp_path, capsys, pcm, command):
    wav = tmp_path / 'cry.wav'
    soundfile.write(wav, pcm, 16_000)
    assert main([*command, str(wav), '--rate', '48000', '--channels', '1']) == 2
    said = capsys.readouterr().err
    assert said.startswith('error: ') and len(said.splitlines()) == 1
    assert 'are for bags' in said and 'cry.wav' in said


def test_a_bag_of_another_rate_than_it_says_is_an_error_with_the_right_one(tmp_path, capsys, pcm):
    bag = write_bag(tmp_path / 'bag', {'/crib/audio_stamped': (START_NS, np.repeat(pcm, 3))},
                    sample_rate=48_000, block_size=1920)
    assert main(['listen', '--json', str(bag)]) == 0
    capsys.readouterr()
    from baby_cry_detector.audio.bags import BagAudio
    from baby_cry_detector.audio.formats import AudioFormat
    from baby_cry_detector.audio.messages import FormatMessage
    from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
    from baby_cry_detector.stream.replay import MessageReplay
    said = [FormatMessage(m.arrival_ns, AudioFormat(16_000, 1))
            if isinstance(m, FormatMessage) else m for m in BagAudio(bag)]
    listener = FrameListener(open_checkpoint())
    replay = MessageReplay(listener.feature_set)
    heard = [decision.is_heard for decision in replay.decisions(said, listener)]
    assert '48000 Hz' in replay.extraction.remarks['pace'] and not heard[-1]


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
@pytest.mark.parametrize('mode', ['FILE', 'MESSAGE'])
def test_a_compressed_bag_is_heard_and_a_compressed_part_alone_says_what_to_do(
        tmp_path, capsys, monkeypatch, pcm, storage, mode):
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, Writer
    begin = Writer.__init__

    def compressing(self, *arguments, **options):
        begin(self, *arguments, **options)
        self.set_compression(CompressionMode[mode], CompressionFormat.ZSTD)
    monkeypatch.setattr(Writer, '__init__', compressing)
    bag = write_bag(tmp_path / 'bag', {'/crib/audio_stamped': (10**18, pcm)}, storage)
    assert main(['listen', str(bag)]) == 0
    assert main(['listen', str(bag / 'metadata.yaml')]) == 0
    assert capsys.readouterr().out.count('crying at') == 2
    if mode == 'FILE':
        packed, = bag.glob('*.zstd')
        assert main(['listen', str(packed)]) == 1
        assert f'zstd -d {packed.name}' in capsys.readouterr().err
        (bag / 'metadata.yaml').unlink()
        assert main(['listen', str(bag)]) == 1
        assert f'zstd -d {packed.name}' in capsys.readouterr().err
