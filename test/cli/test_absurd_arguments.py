# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever is typed, the answer is one sentence and exit code 1 or 2; nothing crashes."""

import argparse
from pathlib import Path

from baby_cry_detector.cli.main import main, make_parser
import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.slow

# '=' binds a value to its option even where it begins with a dash.
ABSURD = ('', '-1', 'nan', '-inf', '1e400', '9' * 40, 'x', '\0', '☃', '1.5', '/dev/full',
          '\ud800', 'a' * 300)
# A command line of each command; all but those of training would work without the absurd value.
COMMANDS = {
    'listen': ['tone.wav'],
    'features': ['tone.wav', '--out', 'out.csv'],
    'plot': ['tone.wav', '--out', 'out.png'],
    'synthesise': ['--out', 'out.wav', '--cry-s', '0.1'],
    'train': ['missing.yaml'],
    'evaluate': ['--manifest', 'manifest.csv'],
    'annotate': ['tone.wav', '--out', 'annotated'],
    'compare': ['missing.csv', 'missing.rttm'],
    'corpus': ['missing.yaml', '--out', 'corpus'],
    'train-confirmer': ['--teacher', 'missing.tflite', '--manifest', 'missing.csv',
                        '--out', 'run'],
    'manifest': ['folders', 'recordings', '--out', 'new.csv'],
    'experiment parameters': [],
    'experiment needs': ['voices', '--data', 'missing'],
    'experiment paper': ['--dataset', 'missing.csv', '--report-only'],
    'export': ['missing.npz', '--out', 'out.onnx'],
    'diary export': ['--json'],
    'diary plot': ['--out', 'out.png'],
    'diary add': ['fed'],
    'diary label': ['newest', 'hungry'],
    'diary backup': [],
    'diary clock': [],
    'diary restore': ['list'],
    'policy rehearse': ['tone.wav'],
    'policy check': [],
    'need birth': ['2026-01-01'],
    'need explain': [],
    'need export': ['out.json'],
    'need forget': [],
    'need import': ['missing.json'],
    'need report': [],
    'need voice': [],
}


def leaves(parser, path=()):
    """Yield ``(name, parser)`` of the commands that do something."""
    inner = [action for action in parser._actions
             if isinstance(action, argparse._SubParsersAction)]
    if not inner:
        yield ' '.join(path), parser
    for action in inner:
        for name, subparser in action.choices.items():
            yield from leaves(subparser, (*path, name))


LEAVES = dict(leaves(make_parser()))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a folder with what the command lines name; nothing outside it is written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path / 'state'))
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(1600) / 16000)
    (tmp_path / 'recordings' / 'noise').mkdir(parents=True)
    for path in ('tone.wav', 'recordings/noise/tone.wav'):
        soundfile.write(tmp_path / path, tone, 16000)
    (tmp_path / 'manifest.csv').write_text('path,label\nnone.wav,hungry\n')
    return tmp_path


def answer(arguments, capsys):
    """Run a command; return its exit code and what it says on standard error."""
    code = main(arguments)
    said = capsys.readouterr().err.strip().splitlines()
    assert code in (0, 1, 2), (arguments, said)
    assert 'Traceback' not in ''.join(said), arguments
    if code:
        # Several only where files or kinds follow each other.
        assert said and len(said) <= 3 and len(said[-1]) > 10, (arguments, said)
    return code, said[-1] if said else ''


def test_every_command_is_tried():
    assert set(LEAVES) - {'devices'} == set(COMMANDS)


@pytest.mark.parametrize('command', COMMANDS)
def test_options(command, place, capsys):
    tried = 0
    for action in LEAVES[command]._actions:
        if not action.option_strings or action.nargs == 0:
            continue
        for value in ABSURD:
            code, said = answer([*command.split(), *COMMANDS[command],
                                 f'{action.option_strings[-1]}={value}'], capsys)
            tried += 1
            if action.type not in (None, Path) and value == 'x':
                assert code, (action.dest, value)
    assert tried or command.startswith(('policy check', 'diary restore', 'need '))


@pytest.mark.parametrize('command', ['listen', 'features --out=out.csv', 'plot --out=out.png',
                                     'export --out=out.onnx', 'policy check', 'policy rehearse',
                                     'listen tone.wav --checkpoint', 'train'])
def test_files(command, place, capsys):
    for value in ('', '\0', '☃', '/', '.', '/dev/full', '/dev/null', 'a' * 300, '\ud800'):
        code, _ = answer([*command.split(), value], capsys)
        # No checkpoint and no policy stand for the shipped ones.
        assert code or value == '' and command in ('listen tone.wav --checkpoint', 'policy check')


@pytest.mark.parametrize('arguments, says', [
    (['synthesise', '--out', 'x.wav', '--seed', '-1'],
     "argument --seed: expected a whole number from 0 to 9223372036854775807, got '-1'"),
    (['synthesise', '--out', 'x.wav', '--cry-s', 'nan'], 'a number from 0 to 600'),
    (['synthesise', '--out', 'x.txt'], 'ends in .wav or .flac'),
    (['features', 'tone.wav', '--set', 'is08', '--out', 'x.csv'], 'known: is09/1'),
    (['features', 'tone.wav', '--out', 'x.txt'], 'ends in .csv or .npz'),
    (['features', 'tone.wav'], 'nothing to do'),
    (['features', 'tone.wav', '--plot', 'x.png', '--columns', 'jitter'], "column 'jitter'"),
    (['listen', 'tone.wav', '--hold-s', '-1'], 'hold_s: -1.0 is below'),
    (['listen', 'tone.wav', '--hold-s', 'soon'], "expected double, got 'soon'"),
    (['listen', 'tone.wav', '--enter-threshold', '0.2', '--leave-threshold', '0.3'], 'not below'),
    (['plot', 'tone.wav', '--out', 'x.png', '--width', '10'], 'from 640 to 8000'),
    (['evaluate', '--manifest', 'manifest.csv', '--streams'], 'needs --folds'),
    (['evaluate', '--draws', '-5'], 'from 0 to 100000'),
    (['diary', 'add', 'fed', '--at', 'soon'], 'is no time'),
    (['experiment', 'parameters', '--labels', '0'], 'from 1 to 16384'),
    (['lisen', 'tone.wav'], "invalid choice: 'lisen'"),
    ([], 'required'),
])
def test_wrong_arguments_are_exit_code_2(arguments, says, place, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ''
    assert captured.err.startswith('error: ') and says in captured.err
    assert len(captured.err.strip().splitlines()) == 1


def test_help_is_no_error(capsys):
    with pytest.raises(SystemExit) as left:
        main(['listen', '--help'])
    assert left.value.code == 0 and 'usage: baby-cry listen' in capsys.readouterr().out
