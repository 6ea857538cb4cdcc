# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry listen`: JSON on standard output alone, errors as one sentence."""

import json

from baby_cry_detector.audio import to_pcm16
from baby_cry_detector.audio.resampler import resample
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.care.sound.acoustics import as_heard
from baby_cry_detector.care.sound.comfort_sounds import make_sound
from baby_cry_detector.cli.main import main
import numpy as np
import pytest
import soundfile


@pytest.fixture
def cry(tmp_path):
    path = tmp_path / 'cry.wav'
    samples = np.concatenate((np.zeros(16_000), synthesise_cry(6.0, seed=1)))
    soundfile.write(path, to_pcm16(samples), 16_000)
    return path


def test_json_has_a_line_each_tenth_of_a_second(cry, capsys):
    assert main(['listen', str(cry), '--json']) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    times = [record['time_s'] for record in records]
    assert times == sorted(times) and 6.5 < times[-1] <= 7.1
    assert max(np.diff(times)) <= 0.11
    for record in records:
        assert record['file'] == str(cry)
        assert {'time_s', 'crying', 'cry_probability', 'need', 'episode'} <= set(record)
        assert 0.0 <= record['cry_probability'] <= 1.0
        shares = record['probabilities'].values()       # none: its head knows nothing of needs
        assert not shares or abs(sum(shares) - 1.0) < 1e-3
    crying = [record for record in records if record['crying']]
    assert crying and crying[0]['episode'] == 1
    assert {record['need'] for record in records} - {'NONE'} == {
        record['need'] for record in crying}


def test_text_says_when_it_cries(cry, capsys):
    assert main(['listen', str(cry)]) == 0
    assert 'crying at' in capsys.readouterr().out.splitlines()[-1]


def test_decision_parameters_are_options(cry, capsys):
    counts = []
    for more in ((), ('--enter-threshold', '0.95', '--leave-threshold', '0.94')):
        assert main(['listen', str(cry), '--json', *more]) == 0
        counts.append(capsys.readouterr().out.count('"crying": true'))
    assert counts[1] < counts[0]


@pytest.mark.parametrize('arguments, says, code', [
    (['listen', '/nowhere/cry.wav'], 'no such file', 1),
    (['listen', '/nowhere/cry.wav', '--checkpoint', '/nowhere/m.npz'], '/nowhere/m.npz', 1),
    (['listen', '{cry}', '--enter-threshold', '2'], 'enter_threshold', 2),
    (['listen', '{cry}', '--leave-threshold', '0.9999'], 'leave_threshold', 2),
])
def test_what_is_wrong_is_one_sentence_on_standard_error(cry, capsys, arguments, says, code):
    assert main([argument.format(cry=cry) for argument in arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ''
    assert captured.err.startswith('error: ') and says in captured.err
    assert len(captured.err.strip().splitlines()) == 1


def test_one_bad_file_does_not_silence_the_others(cry, tmp_path, capsys):
    broken = tmp_path / 'broken.wav'
    broken.write_bytes(b'RIFF' + bytes(40))
    assert main(['listen', str(broken), str(cry), '--json']) == 1
    captured = capsys.readouterr()
    assert str(broken) in captured.err and str(cry) in captured.out


@pytest.mark.parametrize('command', [['listen'], ['policy', 'rehearse'], ['plot', '--out=p.png']])
def test_a_channel_of_a_recording_is_chosen_in_every_command(tmp_path, monkeypatch, capsys,
                                                             command):
    monkeypatch.chdir(tmp_path)
    cry = to_pcm16(np.concatenate((np.zeros(16_000), synthesise_cry(6.0, seed=1))))
    soundfile.write('both.wav', np.stack((np.full_like(cry, 9), cry), 1), 16_000)
    assert main([*command, '--channel', '1', 'both.wav']) == 0
    out = capsys.readouterr().out
    assert 'crying' in out.lower() or 'it cries' in out or 'episode 1' in out
    assert main([*command, '--channel', '2', 'both.wav']) != 0
    assert 'expected a channel from 0 to 1, got 2' in capsys.readouterr().err


@pytest.mark.parametrize('every, code', [(2, 1), (8, 0)])
@pytest.mark.parametrize('command', [['listen'], ['policy', 'rehearse'], ['plot', '--out=p.png']])
def test_holes_in_a_recording_are_said(tmp_path, monkeypatch, capsys, command, every, code):
    monkeypatch.chdir(tmp_path)
    samples = 0.01 * np.random.default_rng(0).standard_normal(16_000 * 12)
    for first in range(0, len(samples), 640 * every):
        samples[first:first + 640] = 0.0
    soundfile.write('holes.wav', to_pcm16(samples), 16_000)
    assert main([*command, 'holes.wav']) == code
    shown = capsys.readouterr()
    assert 'holes in ' in shown.out + shown.err


# --- what a loudspeaker played meanwhile ---------------------------------------------------------
RATE, ALONE_S = 16_000, 6


@pytest.fixture
def played(tmp_path):
    """Return (recording in which pink noise hides a cry, what was played, at 48 kHz)."""
    cry = np.concatenate((np.zeros(ALONE_S * RATE), synthesise_cry(6.0, seed=1)))
    cry *= 10 ** (-52 / 20) / np.std(cry[ALONE_S * RATE:])
    sound = make_sound('pink', 48_000, 3).take(3 * len(cry))
    echo = as_heard(resample(sound, 48_000, RATE), 76.0, 0.1, RATE, 110.0, 3)
    echo = np.concatenate((np.zeros(1280), echo))[:len(cry)]
    hiss = 1e-4 * np.random.default_rng(0).standard_normal(len(cry))
    paths = tmp_path / 'heard.wav', tmp_path / 'played.wav'
    soundfile.write(paths[0], to_pcm16(cry + echo + hiss), RATE)
    soundfile.write(paths[1], to_pcm16(0.3 * sound / np.abs(sound).max()), 48_000)
    return paths


def onsets(capsys):
    out = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {record['onset_s'] for record in out if record['crying']}


def test_what_was_played_is_taken_out(played, capsys):
    heard, sound = map(str, played)
    assert main(['listen', heard, '--json']) == 0
    assert not onsets(capsys)
    assert main(['listen', heard, '--json', '--own-sound', sound]) == 0
    captured = capsys.readouterr()
    records = [json.loads(line) for line in captured.out.splitlines()]
    crying = [record['time_s'] for record in records if record['crying']]
    assert crying and crying[0] == pytest.approx(ALONE_S, abs=2.5)
    assert f'{sound}: what is played was taken out, up to ' in captured.err


def test_what_is_wrong_with_what_was_played_is_said_and_changes_nothing(played, tmp_path, capsys):
    heard, other = str(played[0]), str(tmp_path / 'other.wav')
    assert main(['listen', heard, '--json']) == 0
    before = capsys.readouterr().out
    noise = 0.1 * np.random.default_rng(9).standard_normal(4 * RATE)
    for samples, words in ((noise, ('not found', 'shorter')), (0.0 * noise, ('is silent',))):
        soundfile.write(other, to_pcm16(samples), RATE)
        assert main(['listen', heard, '--json', '--own-sound', other]) == 0
        captured = capsys.readouterr()
        assert all(word in captured.err for word in words), captured.err
        assert captured.out == before
    assert main(['listen', heard, '--own-sound', '/nowhere/played.wav']) == 1
    assert 'no such file' in capsys.readouterr().err
