# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Several cribs in one process: each hears its own, and what becomes of one is no other's."""

import os
import signal
import subprocess
import threading

from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.msg import CryAlert, CryNeed
from baby_cry_detector.needs import START
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.running import Restarts, spin_all
from baby_cry_detector.ros.start.arguments import SEVERAL
from baby_cry_detector.ros.tools.supervisor import node_command
from care_runs import at_once
from graph_harness import next_domain, PATIENCE_S, Probe
import pytest
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from recordings import SHIPPED
from std_srvs.srv import SetBool
import yaml

CRIBS = ('a', 'b', 'broken')


@pytest.fixture
def cribs(tmp_path):
    """Return the process of three cribs, of which one has no recording, and who hears them."""
    cry = str(sorted((SHIPPED / 'cry' / 'unknown').glob('*.flac'))[0])
    quiet = str(sorted((SHIPPED / 'not_cry').rglob('*.flac'))[0])
    files = {'a': cry, 'b': quiet, 'broken': str(tmp_path / 'nothing.wav')}
    (tmp_path / 'policy.yaml').write_text(at_once('heartbeat_s: 1, unconfirmed_after_s: 0'))
    parameters = tmp_path / 'cribs.yaml'
    parameters.write_text(yaml.safe_dump({
        '/**/caregiver_alert': {'ros__parameters': {'policy': str(tmp_path / 'policy.yaml')}},
        '/**/diary': {'ros__parameters': {'file': str(tmp_path / 'diary.sqlite')}},
        **{f'/{crib}/audio_capture': {'ros__parameters': {
            'source': 'file', 'file': file, 'loop': True, 'frame_id': crib}}
           for crib, file in files.items()}}))
    command = node_command('cry_graph')
    domain_id = next_domain()
    with open(tmp_path / 'log', 'w') as log:
        process = subprocess.Popen(
            [command[0], f'--cribs={",".join(CRIBS)}', '--with=caregiver_alert,diary',
             *command[1:], '--params-file', str(parameters)], stdout=log, stderr=subprocess.STDOUT,
            env={**os.environ, 'ROS_DOMAIN_ID': str(domain_id)})
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain_id)
    probe = Probe(context, '')
    yield process, probe, tmp_path
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        assert process.wait(PATIENCE_S) == 0, (tmp_path / 'log').read_text()
        # Cribs start and end one after the other, which is no trouble of those that hear.
        said = (tmp_path / 'log').read_text()
        assert 'without_format' not in said and 'no_audio' not in said, said
    finally:
        process.kill()
        probe.close()
        rclpy.shutdown(context=context)


def test_each_hears_its_own_and_the_fault_of_one_touches_no_other(cribs):
    process, probe, folder = cribs
    log, words = folder / 'log', {crib: [] for crib in CRIBS}
    for crib in CRIBS:
        probe.node.create_subscription(CryAlert, f'/{crib}/alert', words[crib].append, qos.EVENTS)
    heard = {crib: [] for crib in CRIBS}
    for crib in CRIBS:
        probe.node.create_subscription(CryNeed, f'/{crib}/cry_need', heard[crib].append, qos.NEED)
    probe.spin_until(lambda: any(need.crying for need in heard['a']))
    probe.spin_until(lambda: any(need.status == need.STATUS_OK for need in heard['b']))
    probe.spin_until(lambda: 'nothing.wav' in log.read_text())
    assert process.poll() is None and not any(need.status == need.STATUS_OK
                                              for need in heard['broken'])
    assert {need.header.frame_id for need in heard['a'] if need.crying} == {'a'}
    # Alerts and diary are in that process too, each of its own crib.
    probe.spin_until(lambda: any(word.state == START for word in words['a']))
    assert not any(word.state == START and word.episode_id for word in words['b'])

    def written():
        with DiaryStore(folder / 'diary.sqlite', read_only=True) as store:
            return store.cribs()
    probe.spin_until(lambda: written() == ['a'])
    for crib in heard:                               # b is switched off, a goes on
        heard[crib].clear()
    client = probe.node.create_client(SetBool, '/b/cry_classifier/enable')
    probe.spin_until(client.service_is_ready)
    client.call_async(SetBool.Request(data=False))
    probe.spin_until(lambda: any(need.status == need.STATUS_DISABLED for need in heard['b']))
    probe.spin_until(lambda: sum(need.status == need.STATUS_OK for need in heard['a']) > 10)


@pytest.mark.parametrize('arguments, says', [
    (['--cribs='], 'names no crib'),
    (['--cribs=a,b'], "frame_id is 'crib' for both /a and /b"),
    (['--cribs=a', '--cribs=b', '--ros-args', '-p', 'source:=mic', '--params-file', 'NAMED'],
     "device is '' for both /a and /b"),
    (['--cribs=a,b', '--ros-args', '-r', '__ns:=/x'], 'two nodes would be /x/cry_classifier'),
    (['--ros-args', '-r', '__node:=x'], 'two nodes would be /x')])
def test_cribs_that_could_not_be_told_apart_do_not_start(tmp_path, arguments, says):
    named = tmp_path / 'named.yaml'
    named.write_text(yaml.safe_dump({f'/{crib}/audio_capture': {'ros__parameters': {
        'frame_id': crib}} for crib in 'ab'}))
    done = subprocess.run(
        [node_command('cry_graph')[0], *(str(named) if one == 'NAMED' else one
                                         for one in arguments)],
        capture_output=True, text=True, timeout=PATIENCE_S,
        env={**os.environ, 'ROS_DOMAIN_ID': str(next_domain())})
    assert done.returncode == 2 and says in done.stderr, done.stderr
    assert 'Traceback' not in done.stderr


def test_after_crashes_in_series_all_cribs_wait_together(tmp_path, monkeypatch):
    """One after the other twenty cribs would be deaf for an hour."""
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    monkeypatch.setenv('ROS_DOMAIN_ID', str(next_domain()))
    nodes = [f'/{crib}/{name}' for crib in 'ab' for name in SEVERAL['cry_graph']]
    for name in nodes * 4:
        Restarts(name, print).wait(lambda delay_s: None)
    named = tmp_path / 'named.yaml'
    named.write_text(yaml.safe_dump({f'/{crib}/audio_capture': {'ros__parameters': {
        'source': 'file', 'file': str(tmp_path / f'{crib}.wav'), 'frame_id': crib}}
        for crib in 'ab'}))
    with subprocess.Popen(
            [node_command('cry_graph')[0], '--cribs=a,b', '--ros-args', '--params-file',
             str(named)], stderr=subprocess.PIPE, text=True) as process:
        lines = []
        while not any('b.wav' in line for line in lines):
            lines.append(process.stderr.readline())
            assert lines[-1], lines
        process.kill()
    assert ['a.cry_classifier' in line for line in lines if 'again and again' in line] == [True]


def test_a_callback_that_hangs_holds_up_its_own_crib_alone():
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=next_domain())
    nodes = [rclpy.create_node('node', namespace=crib, context=context) for crib in CRIBS]
    executors = [SingleThreadedExecutor(context=context) for _ in CRIBS]
    others = [threading.Event() for _ in CRIBS[1:]]
    told = []

    def hang():
        told.append(all(other.wait(PATIENCE_S) for other in others))
        context.shutdown()
    for node, executor, callback in zip(nodes, executors, [hang, *(
            other.set for other in others)]):
        node.create_timer(0.01, callback)
        executor.add_node(node)
    with pytest.raises(ExternalShutdownException):
        spin_all(executors)
    assert told == [True]
