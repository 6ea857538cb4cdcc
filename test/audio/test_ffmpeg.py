# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a phone or a camera records is read by FFmpeg where libsndfile can't; else it is said."""

import shutil
import subprocess

from baby_cry_detector.audio import AudioSourceError, to_pcm16
from baby_cry_detector.audio.ffmpeg import open_recording
from baby_cry_detector.audio.sources import FileSource
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.cli.main import main
import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.slow

NEEDED = pytest.mark.skipif(shutil.which('ffmpeg') is None, reason='ffmpeg is not installed')


@pytest.fixture
def wav(tmp_path):
    path = tmp_path / 'cry.wav'
    soundfile.write(path, to_pcm16(np.concatenate((np.zeros(8000), synthesise_cry(5.0, seed=1)))),
                    16_000)
    return path


@NEEDED
@pytest.mark.parametrize('name', ['phone.m4a', 'camera.mkv', "it's 100 % -loud: ü.m4a"])
def test_every_command_hears_what_a_phone_records(wav, name, capsys):
    path = wav.with_name(name)
    subprocess.run(['ffmpeg', '-v', 'error', '-i', wav, '-c:a', 'aac', path], check=True)
    for command in (['listen'], ['policy', 'rehearse'], ['plot', f'--out={wav}.png'],
                    ['features', '--set=cepstra20', f'--out={wav}.csv']):
        assert main([*command, str(path)]) == 0, command
        shown = capsys.readouterr()
        if command[0] != 'features':
            assert 'cr' in shown.out and 'no crying' not in shown.out.splitlines()[-1]


def test_wav_and_flac_need_no_other_program(wav, monkeypatch):
    monkeypatch.setenv('PATH', '')
    assert type(open_recording(wav)) is FileSource


def test_without_ffmpeg_it_is_said_what_may_read_it(wav, tmp_path, monkeypatch, capsys):
    path = tmp_path / 'phone.m4a'
    path.write_bytes(b'\0\0\0\x1cftypM4A ' + bytes(2000))
    monkeypatch.setenv('PATH', '')
    with pytest.raises(AudioSourceError, match='apt-get install ffmpeg'):
        open_recording(path)
    assert main(['listen', str(path)]) == 1
    assert capsys.readouterr().err.count('\n') == 1


@NEEDED
def test_a_video_without_sound_and_rubbish_are_one_sentence(tmp_path, capsys):
    subprocess.run(['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', 'color=d=1:s=64x64',
                    tmp_path / 'silent.mp4'], check=True)
    (tmp_path / 'rubbish.m4a').write_bytes(b'\0\0\0\x1cftypM4A ' + bytes(2000))
    for name in ('silent.mp4', 'rubbish.m4a'):
        assert main(['listen', str(tmp_path / name)]) == 1
        err = capsys.readouterr().err
        assert err.count('\n') == 1 and 'by ffmpeg neither' in err
        assert ('it holds no sound' in err) is (name == 'silent.mp4')


@NEEDED
@pytest.mark.parametrize('ending', ['m4a', 'wma'])
def test_what_was_joined_is_heard_to_its_end(wav, ending):
    part = wav.with_suffix(f'.{ending}')
    subprocess.run(['ffmpeg', '-v', 'error', '-i', wav, part], check=True)
    joined = wav.with_name(f'joined, twice.{ending}')
    joined.write_bytes(2 * part.read_bytes())
    source = open_recording(joined)
    count = sum(len(block.pcm) for block in source)
    assert abs(count - 2 * soundfile.info(wav).frames) < 8000
    assert any('2 recordings were joined' in sentence for sentence in source.take_news())


@NEEDED
def test_a_recording_of_a_phone_that_was_cut_off_is_called_so(wav, capsys):
    path = wav.with_suffix('.m4a')
    subprocess.run(['ffmpeg', '-v', 'error', '-i', wav, path], check=True)
    path.write_bytes(path.read_bytes()[:-2000])
    assert main(['listen', str(path)]) == 1
    assert 'it was cut off' in capsys.readouterr().err


@NEEDED
def test_what_ffmpeg_says_of_damage_is_told_without_addresses_of_its_objects(wav, capsys):
    path = wav.with_suffix('.mkv')
    subprocess.run(['ffmpeg', '-v', 'error', '-i', wav, '-c:a', 'aac', path], check=True)
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    assert main(['listen', str(path)]) == 0
    err = capsys.readouterr().err
    assert 'damaged: ' in err and ' @ 0x' not in err
