# Copyright 2026 The baby_cry_detector authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""`make run`: what a newcomer sees, on a terminal and without one."""

import os
import pty
import subprocess

from ament_index_python.packages import get_package_prefix
from graph_harness import next_domain, PATIENCE_S
import numpy as np
import pytest
import soundfile

from baby_cry_detector.audio import to_pcm16
from baby_cry_detector.audio.synthesiser import synthesise_cry


def command(*arguments):
    prefix = get_package_prefix('baby_cry_detector')
    return [os.path.join(prefix, 'bin', 'baby-cry-live'), *map(str, arguments)]


def run(*arguments, domain_id=None, terminal=False):
    """Run to the end; return (exit code, everything printed)."""
    environment = {**os.environ, 'ROS_DOMAIN_ID': str(domain_id or next_domain()), 'TERM': 'xterm',
                   'COLUMNS': '80', 'LINES': '24'}
    if not terminal:
        done = subprocess.run(command(*arguments), env=environment, capture_output=True,
                              text=True, timeout=2 * PATIENCE_S, check=False)
        return done.returncode, done.stdout + done.stderr
    master, slave = pty.openpty()
    process = subprocess.Popen(command(*arguments), env=environment, stdin=slave, stdout=slave,
                               stderr=slave)
    os.close(slave)
    printed = b''
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:        # the terminal's other end is closed
            break
        if not part:
            break
        printed += part
    os.close(master)
    return process.wait(timeout=PATIENCE_S), printed.decode(errors='replace')


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / 'a cry.wav'
    samples = np.concatenate((np.zeros(16_000), synthesise_cry(6.0, seed=1), np.zeros(16_000)))
    soundfile.write(path, to_pcm16(samples), 16_000)
    return path


@pytest.mark.parametrize('terminal', [False, True])
def test_what_cannot_be_heard_is_said_on_a_terminal_too(terminal):
    code, printed = run('/nowhere/cry.wav', terminal=terminal)
    assert code == 1
    assert 'error: /nowhere/cry.wav: no such file' in printed
    assert 'no crying' not in printed


@pytest.mark.parametrize('terminal', [False, True])
def test_a_recording_is_played_once_and_summed_up(recording, terminal):
    code, printed = run(recording, '--rate', '4', terminal=terminal)
    assert code == 0
    assert 'CRYING for' in printed
    assert 'of audio: crying at 0:01' in printed
