# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The example for robots without a diary: a button in, `cry_need` with a reason out, spoken."""

import os
from pathlib import Path
import subprocess
import sys
import time

from baby_cry_detector.audio import to_pcm16
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.msg import CareEvent
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.tools.supervisor import node_command
from graph_harness import PATIENCE_S
import numpy as np
import pytest
from std_msgs.msg import String

EXAMPLES = Path(__file__).resolve().parents[3] / 'examples'
RATE = 16_000


@pytest.fixture
def run(tmp_path):
    """Return a function that starts a process in a domain; all must end cleanly."""
    processes = []

    def start(command, domain_id):
        with open(tmp_path / 'log.txt', 'a') as log:
            processes.append(subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, 'ROS_DOMAIN_ID': str(domain_id),
                     'XDG_STATE_HOME': str(tmp_path)}))

    yield start
    for process in processes:
        process.terminate()
    codes = [process.wait(60) for process in processes]
    log = (tmp_path / 'log.txt').read_text()
    assert not any(codes) and 'Traceback' not in log, (codes, log)


def test_a_button_is_learnt_from_and_the_reason_comes_back_in_cry_need(start_graph, run):
    graph = start_graph()
    graph.probe.wait_for_graph()
    probe = graph.probe
    said, cared = [], []
    probe.node.create_subscription(String, 'say', lambda m: said.append(m.data), qos.latched(100))
    probe.node.create_subscription(CareEvent, 'care_event', cared.append, qos.latched(100))
    button = probe.node.create_publisher(String, 'button', 10)
    run([sys.executable, str(EXAMPLES / 'bedside_button.py')], graph.domain_id)
    run(node_command('need_estimator', {}), graph.domain_id)
    probe.spin_until(lambda: button.get_subscription_count()
                     and probe.node.count_publishers('need_estimate')
                     and probe.diagnostics.get('need_estimator', ('', ''))[1] not in
                     ('', 'not active'))
    probe.announce()
    start_ns = time.time_ns()
    samples = 10 ** (-60 / 20) * np.random.default_rng(1).standard_normal(10 * RATE)
    samples[2 * RATE:10 * RATE] += synthesise_cry(8.0, seed=4)[:8 * RATE]
    pcm = to_pcm16(samples)
    probe.heard_until(probe.play(pcm[:RATE], start_ns))
    button.publish(String(data='dance'))
    button.publish(String(data='fed'))
    probe.spin_until(lambda: cared)
    assert [(event.kind, event.header.frame_id) for event in cared] == [
        (CareEvent.KIND_FED, 'crib')], 'what is no care is none'
    end_ns = probe.play(pcm[RATE:], start_ns + 1_000_000_000)
    # It cries for as long as the others need to say why.
    patience_s = time.monotonic() + PATIENCE_S
    while not (any('last fed' in need.need_reason for need in probe.needs)
               and any('last fed' in sentence for sentence in said)):
        assert time.monotonic() < patience_s, (probe.needs[-1], said)
        end_ns = probe.play(pcm[2 * RATE:4 * RATE], end_ns)
        pause_s = time.monotonic() + 0.2
        probe.spin_until(lambda: time.monotonic() > pause_s)
    hinted = [need for need in probe.needs if need.need_reason]
    assert all(need.crying for need in hinted)
    assert any(sentence.startswith('not known yet (') for sentence in said), said


def test_its_launch_file_starts_the_button_the_learner_and_listening():
    pytest.importorskip('launch_ros.actions', reason='needs the ROS 2 package launch_ros')
    from launch import LaunchContext
    from launch.actions import ExecuteProcess, IncludeLaunchDescription
    from launch.launch_description_sources import get_launch_description_from_python_launch_file
    description = get_launch_description_from_python_launch_file(
        str(EXAMPLES / 'without_a_diary.launch.py'))
    processes = [entity for entity in description.entities if isinstance(entity, ExecuteProcess)]
    included = [entity for entity in description.entities
                if isinstance(entity, IncludeLaunchDescription)]
    assert len(processes) == 1 and len(included) == 2
    found = set()
    for entity in included:
        source = entity.launch_description_source
        source.get_launch_description(LaunchContext())
        found.add(Path(source.location).name)
    assert found == {'need_estimator.launch.py', 'baby_cry_detector.launch.py'}
