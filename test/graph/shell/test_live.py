# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`make run`: what a newcomer sees, on a terminal and without one."""

import os
from pathlib import Path
import pty
import re
import signal
import subprocess

from ament_index_python.packages import get_package_prefix
from baby_cry_detector.audio import to_pcm16
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.msg import CryNeed
from graph_harness import next_domain, PATIENCE_S, Probe
import numpy as np
import pytest
import rclpy
import soundfile

NODES = ('cry_classifier', 'feature_extractor', 'audio_capture')


def command(*arguments):
    prefix = get_package_prefix('baby_cry_detector')
    return [os.path.join(prefix, 'bin', 'baby-cry-live'), *map(str, arguments)]


def run(*arguments, domain_id=None, terminal=False, **variables):
    """Run to the end; return (exit code, everything printed)."""
    environment = {**os.environ, 'ROS_DOMAIN_ID': str(domain_id or next_domain()), 'TERM': 'xterm',
                   'COLUMNS': '80', 'LINES': '24', **variables}
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


@pytest.mark.parametrize('arguments, expected, says', [
    (('--rate', 'nan'), 2, 'a number from 0 to 1000'), (('--nonsense',), 2, '--nonsense'),
    (('--separate', '--behaviours'), 2, 'leave --separate out'),
    (('--ros-args', '-p', 'nonsense'), 1, "'-p nonsense'"),
    (('--ros-args', '--params-file', '/nowhere.yaml'), 1, '/nowhere.yaml')])
def test_wrong_arguments_are_one_sentence(recording, arguments, expected, says):
    code, printed = run(recording, *arguments)
    assert code == expected
    lines = [line for line in printed.splitlines() if '[rcl]' not in line]    # its log says so too
    assert len(lines) == 1 and lines[0].startswith('error: ') and says in lines[0]


@pytest.mark.parametrize('terminal', [False, True])
def test_a_recording_is_played_once_and_summed_up(recording, terminal):
    code, printed = run(recording, '--rate', '4', terminal=terminal)
    assert code == 0
    assert 'CRYING for' in printed
    # Time begins with the first word that the view hears, on a busy machine a little later.
    assert re.search('of audio: crying at 0:0[01]', printed), printed
    # That it is over is no trouble; that it has not begun yet is told on a busy machine.
    assert 'no audio' not in printed[printed.index('CRYING for'):]


@pytest.mark.parametrize('variables', [{'TERM': 'dumb'}, {'NO_COLOR': '1'}])
def test_without_colour_nothing_is_coloured(recording, variables):
    code, printed = run(recording, '--rate', '4', terminal=True, **variables)
    assert code == 0 and 'CRYING for' in printed and '[INFO]' in printed
    # Neither by the view nor by the log; NO_COLOR leaves bold letters and the cursor.
    assert not re.search(r'\x1b\[(0m\[INFO|[\d;]*(3|4|9|10)[0-8][;m])', printed)
    assert variables != {'TERM': 'dumb'} or '\x1b' not in printed


@pytest.fixture
def start_quiet(tmp_path):
    """Return a function that plays a long quiet recording and waits until that is heard."""
    path = tmp_path / 'quiet.wav'
    soundfile.write(path, np.zeros(16_000 * 900, np.int16), 16_000)
    running = []

    def start(*arguments):
        domain_id = next_domain()
        context = rclpy.Context()
        rclpy.init(context=context, domain_id=domain_id)
        probe = Probe(context)
        # It only listens: a publisher of audio would be taken for another graph.
        probe.node.destroy_publisher(probe.audio)
        log = open(tmp_path / 'log.txt', 'w')
        process = subprocess.Popen(
            command(path, *arguments), stdout=log, stderr=subprocess.STDOUT,
            env={**os.environ, 'ROS_DOMAIN_ID': str(domain_id)})
        running.append((context, probe, process, log))
        probe.spin_until(lambda: is_heard(probe))
        return probe, process, domain_id

    yield start
    for context, probe, process, log in running:
        process.kill()
        process.wait()
        log.close()
        probe.close()
        rclpy.shutdown(context=context)


def is_heard(probe):
    """Return whether the newest state speaks of audio."""
    return bool(probe.needs) and probe.needs[-1].status == CryNeed.STATUS_OK


def children(pid):
    """Return {name of the node: process id} of a supervisor's processes."""
    found = {}
    for child in Path(f'/proc/{pid}/task/{pid}/children').read_text().split():
        arguments = Path(f'/proc/{child}/cmdline').read_bytes().split(b'\0')
        names = [Path(os.fsdecode(argument)).name for argument in arguments[:2]]
        found.update({name: int(child) for name in names if name in NODES})
    return found


@pytest.mark.parametrize('separate', [[], ['--separate']])
def test_two_at_once_do_not_hear_each_other(start_quiet, recording, separate):
    probe, first, domain_id = start_quiet()
    code, printed = run(recording, '--rate', '2', *separate, domain_id=domain_id)
    assert code == 0
    assert 'in the namespace /try_' in printed
    assert 'of audio: crying at' in printed
    seen = len(probe.needs)
    probe.spin_until(lambda: len(probe.needs) > seen and is_heard(probe))
    assert not any(need.crying for need in probe.needs)
    first.send_signal(signal.SIGINT)
    assert first.wait(PATIENCE_S) == 0


def test_separate_processes_are_looked_after_and_ended(start_quiet):
    probe, supervisor, _ = start_quiet('--separate')
    before = children(supervisor.pid)
    assert set(before) == set(NODES)
    os.kill(before['cry_classifier'], signal.SIGKILL)
    probe.spin_until(lambda: children(supervisor.pid).get(
        'cry_classifier', before['cry_classifier']) != before['cry_classifier'])
    del probe.needs[:]
    probe.spin_until(lambda: is_heard(probe))
    after = children(supervisor.pid)
    assert {name: pid for name, pid in after.items() if name != 'cry_classifier'} == {
        name: pid for name, pid in before.items() if name != 'cry_classifier'}
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(PATIENCE_S) == 0
    for pid in after.values():
        assert not Path(f'/proc/{pid}').exists()
