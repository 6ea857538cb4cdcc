# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is printed survives names and terminals that can't show it."""

import os
import subprocess
import sys

from baby_cry_detector.care.policy.places import shipped_policy_path
import numpy as np
import pytest
import soundfile


@pytest.fixture
def oddly_named(tmp_path):
    """Return a recording whose name is no UTF-8."""
    path = os.fsencode(tmp_path) + b'/caf\xe9 \xe2\x98\x83.wav'
    with open(path, 'wb') as file:
        soundfile.write(file, np.zeros(16_000), 16_000, format='WAV')
    return path


@pytest.mark.parametrize('encoding', ['utf-8', 'ascii', 'latin-1'])
@pytest.mark.parametrize('options', [[], ['--json']])
def test_listen_to_a_name_that_cannot_be_shown(oddly_named, encoding, options):
    result = subprocess.run(
        [sys.executable, '-m', 'baby_cry_detector.cli.main', 'listen', *options, oddly_named],
        capture_output=True, env={**os.environ, 'PYTHONIOENCODING': encoding}, check=False)
    assert result.returncode == 0, result.stderr
    assert b'no crying' in result.stdout or b'"crying": false' in result.stdout
    assert b'Error' not in result.stderr


@pytest.mark.parametrize('command', [['listen', '--json'], ['policy', 'check']])
def test_a_full_disk_is_said(oddly_named, command):
    if not os.path.exists('/dev/full'):
        pytest.skip('no /dev/full here')
    name = shipped_policy_path() if command[0] == 'policy' else oddly_named
    with open('/dev/full', 'w') as full:
        result = subprocess.run(
            [sys.executable, '-m', 'baby_cry_detector.cli.main', *command, name],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 1
    assert 'No space left' in result.stderr and 'Traceback' not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
