# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The installed executables: each as a process of its own, as a robot runs them."""

import os
from pathlib import Path
import signal
import subprocess
import time

from ament_index_python.packages import get_package_prefix
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.msg import CryNeed
from baby_cry_detector.ros.tools.supervisor import Supervisor
from graph_harness import next_domain, PATIENCE_S, Probe
import numpy as np
import pytest
import rclpy
import soundfile

NODES = ('cry_classifier', 'feature_extractor', 'audio_capture')


@pytest.fixture
def run_node():
    """Return a function that starts an executable; leftovers are killed after the test."""
    processes = []

    def run(name, domain_id, **parameters):
        package = 'baby_cry_detector'
        executable = Path(get_package_prefix(package), 'lib', package, name)
        arguments = [f'{key}:={value}' for key, value in parameters.items()]
        command = [str(executable), '--ros-args', *(x for a in arguments for x in ('-p', a))]
        process = subprocess.Popen(
            command, env={**os.environ, 'ROS_DOMAIN_ID': str(domain_id)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def end(process, how=signal.SIGINT):
    """Send a signal; return (exit code, output)."""
    process.send_signal(how)
    output, _ = process.communicate(timeout=PATIENCE_S)
    return process.returncode, output


@pytest.fixture
def recording(tmp_path):
    """Write eight seconds with a cry in stereo at 44.1 kHz; return the path."""
    from scipy.signal import resample_poly
    samples = np.concatenate((np.zeros(16_000), synthesise_cry(7.0, seed=1)))
    path = tmp_path / 'cry.flac'
    stereo = np.repeat(resample_poly(samples, 441, 160)[:, None], 2, axis=1)
    soundfile.write(path, 0.5 * stereo / np.abs(stereo).max(), 44_100)
    return path


def test_three_processes_hear_a_recording_and_end_cleanly(run_node, recording):
    domain_id = next_domain()
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain_id)
    probe = Probe(context)
    parameters = {'audio_capture': {'source': 'file', 'file': str(recording), 'rate': 4.0}}
    running = [run_node(name, domain_id, **parameters.get(name, {})) for name in NODES]
    try:
        probe.spin_until(lambda: any(need.crying for need in probe.needs))
        assert probe.needs[-1].status == CryNeed.STATUS_OK
        for process, how in zip(running, (signal.SIGINT, signal.SIGTERM, signal.SIGINT)):
            code, output = end(process, how)
            assert code == 0, output
            assert 'Traceback' not in output
    finally:
        probe.close()
        rclpy.shutdown(context=context)


@pytest.mark.parametrize('name, parameters, expected', [
    ('cry_classifier', {'model': '/nowhere/model.npz'}, '/nowhere/model.npz'),
    ('cry_classifier', {'enter_threshold': 0.3, 'leave_threshold': 0.4}, 'leave_threshold'),
    ('audio_capture', {'source': 'file'}, 'names no recording'),
    ('audio_capture', {'source': 'file', 'file': '/nowhere/cry.wav'}, 'no such file'),
    ('feature_extractor', {'feature_set': 'is99'}, 'is09'),
])
def test_what_cannot_start_says_why_and_exits_with_1(run_node, name, parameters, expected):
    process = run_node(name, next_domain(), **parameters)
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert expected in output
    assert 'Traceback' not in output


@pytest.mark.parametrize('after_s', [0.0, 0.2, 0.5, 1.0])
def test_interrupt_at_any_moment_ends_cleanly(run_node, after_s):
    process = run_node('cry_classifier', next_domain())
    # Before Python has installed its handlers a signal ends any program; wait for the first line.
    line = process.stdout.readline()
    time.sleep(after_s)
    code, output = end(process, signal.SIGTERM)
    assert code == 0, line + output


def test_a_crash_loop_slows_down_and_a_late_crash_does_not_wait():
    commands = {'always': ['false'], 'once': ['sh', '-c', 'exec sleep 600']}
    said = []
    with Supervisor(commands, respawn_delay_s=0.05, say=said.append) as supervisor:
        end_s = time.monotonic() + PATIENCE_S
        while supervisor.respawned['always'] < 5 and time.monotonic() < end_s:
            supervisor.step()
            time.sleep(0.01)
        supervisor.processes['once'].kill()
        while not supervisor.respawned['once'] and time.monotonic() < end_s:
            supervisor.step()
            time.sleep(0.01)
    delays = [sentence.split()[-2] for sentence in said if sentence.startswith('always')]
    assert delays[:5] == ['0.05', '0.1', '0.2', '0.4', '0.8']
    assert [sentence.split()[-2] for sentence in said if sentence.startswith('once')] == ['0.05']


@pytest.mark.parametrize('whose', ['ours', "the user's"])
def test_the_profile_for_fast_dds_is_understood_and_the_users_own_goes_first(
        run_node, tmp_path, monkeypatch, whose):
    monkeypatch.delenv('FASTRTPS_DEFAULT_PROFILES_FILE', raising=False)
    if whose != 'ours':
        broken = tmp_path / 'profile.xml'
        broken.write_text('<profiles xmlns="http://www.eprosima.com"><nonsense/></profiles>')
        monkeypatch.setenv('FASTRTPS_DEFAULT_PROFILES_FILE', str(broken))
    domain_id = next_domain()
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain_id)
    process = run_node('cry_classifier', domain_id)
    probe = Probe(context)
    try:
        probe.spin_until(lambda: probe.needs)
        code, output = end(process)
    finally:
        probe.close()
        rclpy.shutdown(context=context)
    assert code == 0
    if rclpy.get_rmw_implementation_identifier() == 'rmw_fastrtps_cpp' and whose != 'ours':
        assert 'nonsense' in output      # it was read
    elif whose == 'ours':
        assert 'XML' not in output, output
