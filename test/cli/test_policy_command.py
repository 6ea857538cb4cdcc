# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry policy`: right or wrong in words, and a rehearsal of a recording."""

from pathlib import Path

from baby_cry_detector.audio import SAMPLE_RATE, to_pcm16
from baby_cry_detector.audio.synthesis.synthesiser import demonstration
from baby_cry_detector.cli.main import main
import numpy as np
import pytest
import soundfile

SHIPPED = Path(__file__).resolve().parents[2] / 'config' / 'policy.yaml'


@pytest.fixture(scope='module')
def recording(tmp_path_factory):
    """Write the demonstration and half a minute of quiet; return their paths."""
    folder = tmp_path_factory.mktemp('recordings')
    samples, _ = demonstration()
    soundfile.write(folder / 'cry.wav', to_pcm16(samples), SAMPLE_RATE)
    soundfile.write(folder / 'quiet.wav', np.zeros(5 * SAMPLE_RATE, np.int16), SAMPLE_RATE)
    return folder


def test_check_says_what_the_shipped_policy_does(capsys):
    assert main(['policy', 'check', str(SHIPPED)]) == 0
    said = capsys.readouterr().out
    assert 'right' in said and 'default, strong: alert high at once; no soothing' in said
    assert 'rocking 0.5 Hz, 20 mm' in said


def test_check_names_the_line_of_every_error_and_still_reads_the_others(tmp_path, capsys):
    wrong = tmp_path / 'wrong.yaml'
    text = SHIPPED.read_text().replace('repeat_s', 'repaet_s')
    wrong.write_text(text.replace('mm: 20', 'mm: 200'))
    assert main(['policy', 'check', str(wrong), str(tmp_path / 'none.yaml'), str(SHIPPED)]) == 1
    out, err = capsys.readouterr()
    assert "did you mean 'repeat_s'?" in err and '200 mm is not allowed' in err
    lines = [line for line in err.splitlines() if line.startswith(f'{wrong}:')]
    assert len(lines) == 2 and all(line.split(':')[1].isdigit() for line in lines)
    assert 'none.yaml' in err and f'{SHIPPED}: right' in out


def test_a_rehearsal_tells_what_would_have_happened(recording, capsys):
    assert main(['policy', 'rehearse', str(recording / 'cry.wav'),
                 str(recording / 'quiet.wav')]) == 0
    cry, quiet = capsys.readouterr().out.split('quiet.wav')
    for word in ('it cries', 'rock: ', 'sound: shush', 'rock ends: ', 'ALERT', 'it is quiet'):
        assert word in cry
    assert cry.index('it cries') < cry.index('rock: ') < cry.index('rock ends: ')
    assert 'nothing would have happened' in quiet


def test_a_rehearsal_of_what_is_no_recording_is_an_error(tmp_path, capsys):
    assert main(['policy', 'rehearse', str(tmp_path / 'none.wav')]) == 1
    assert 'error' in capsys.readouterr().err


def test_an_escape_in_a_name_reaches_no_terminal(tmp_path, capsys):
    name = tmp_path / 'x\x1b]0;owned\x07\x9b31m\u202e.yaml'
    name.write_text(SHIPPED.read_text() + 'cribs: {"\\e[2Jroom": {}}\n')
    missing = str(tmp_path / '\x1b[2J.wav')
    assert main(['policy', 'check', str(name)]) == 0
    assert main(['policy', 'check', missing]) == 1
    for arguments in (['listen', missing], ['features', missing], ['plot', missing],
                      ['listen', '--\x1b[2J'], ['policy', 'rehearse', missing]):
        assert main(arguments) != 0
    out, err = capsys.readouterr()
    assert not set(out + err) & set('\x1b\x07\x9b\u202e')
    assert r'\x1b]0;owned\x07' in out and r'\x1b[2Jroom' in out and r'\x1b[2J.wav' in err
