# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Where commands write: a folder that is not there is a sentence, before anything is computed."""

import argparse

from baby_cry_detector.cli.main import main, make_parser
import pytest

# Those that name a file to write, and those that name a folder, which is made.
FILES = {'--out', '--plot', '--segments', '--scores', '--keep'}
FOLDERS = {('annotate', '--out'), ('train', '--out'), ('train-confirmer', '--out'),
           ('corpus', '--out'), ('experiment', '--out')}
OTHERS = {('train', '--segments'), ('diary', '--keep')}        # read; a number


def actions(parser, command=''):
    """Yield (command, option, action) of all options."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield from actions(inner, command or name)
        elif action.option_strings:
            yield command, action.option_strings[-1], action


OUTPUTS = [(command, action) for command, option, action in actions(make_parser())
           if option in FILES and (command, option) not in FOLDERS | OTHERS]


def test_all_outputs_are_known():
    assert {command for command, _ in OUTPUTS} == {
        'features', 'plot', 'synthesise', 'manifest', 'evaluate', 'export', 'experiment', 'diary'}


@pytest.mark.parametrize('command, action', OUTPUTS)
@pytest.mark.parametrize('name, says', [
    ('no folder/x', "no folder 'no folder'"), ('made', 'is a folder'), ('x' * 300, 'name too'),
    ('/proc/none/x', "no folder '/proc/none'")])
def test_a_name_that_cannot_be_written_is_refused_at_once(tmp_path, monkeypatch, command, action,
                                                          name, says):
    monkeypatch.chdir(tmp_path)
    suffix = next((suffix for suffix in ('.csv', '.png', '.wav', '.jsonl', '.onnx')
                   if takes(action, f'x{suffix}')), '')
    (tmp_path / f'made{suffix}').mkdir()
    with pytest.raises(argparse.ArgumentTypeError, match=says):
        action.type(name + suffix)


def takes(action, name):
    try:
        return bool(action.type(name))
    except argparse.ArgumentTypeError:
        return False


def test_manifest_says_it_before_it_reads(tmp_path, capsys):
    assert main(['manifest', 'folders', str(tmp_path), '--out', 'no folder/x.csv']) == 2
    assert "there is no folder 'no folder'" in capsys.readouterr().err
