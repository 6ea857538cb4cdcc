# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The managed nodes under somebody else's lifecycle manager: the standard services drive them."""

import os
import signal
import subprocess
import time

from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.msg import CryNeed
from baby_cry_detector.ros.base.ros_time import to_nanoseconds
from baby_cry_detector.ros.tools.supervisor import node_command
from graph_harness import next_domain, PATIENCE_S, Probe
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
import numpy as np
import pytest
import rclpy
import soundfile

NS = 1_000_000_000
CONFIGURE, ACTIVATE = Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE
DEACTIVATE, CLEANUP = Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP
SHUTDOWN = Transition.TRANSITION_ACTIVE_SHUTDOWN
AFTER = {CONFIGURE: State.PRIMARY_STATE_INACTIVE, ACTIVATE: State.PRIMARY_STATE_ACTIVE,
         DEACTIVATE: State.PRIMARY_STATE_INACTIVE, CLEANUP: State.PRIMARY_STATE_UNCONFIGURED,
         SHUTDOWN: State.PRIMARY_STATE_FINALIZED}


class Manager:
    """Drives one node through its lifecycle services, as nav2's or anybody's manager does."""

    def __init__(self, probe, name):
        self._probe = probe
        self._change = probe.node.create_client(ChangeState, f'{name}/change_state')
        self._state = probe.node.create_client(GetState, f'{name}/get_state')
        for client in (self._change, self._state):
            assert client.wait_for_service(PATIENCE_S)
        # That this side sees the node does not mean that the node sees this side, and an answer
        # to somebody unseen is lost. Hearing the node twice does.
        for _ in range(2):
            probe.diagnostics.pop(name, None)
            probe.spin_until(lambda: name in probe.diagnostics)

    def _call(self, client, request):
        future = client.call_async(request)
        self._probe.spin_until(future.done)
        return future.result()

    def change(self, transition):
        """Return whether the transition succeeded."""
        return self._call(self._change, ChangeState.Request(
            transition=Transition(id=transition))).success

    def state(self):
        """Return the id of the present state."""
        return self._call(self._state, GetState.Request()).current_state.id

    def drive(self, *transitions):
        """Go through the transitions, checking the state after each."""
        for transition in transitions:
            assert self.change(transition)
            assert self.state() == AFTER[transition]


@pytest.fixture
def probe():
    """Return a probe in a domain of its own."""
    context = rclpy.Context()
    domain_id = next_domain()
    rclpy.init(context=context, domain_id=domain_id)
    made = Probe(context)
    made.domain_id = domain_id
    yield made
    made.close()
    rclpy.shutdown(context=context)


@pytest.fixture
def start(probe):
    """Return a function that starts a node's executable in the probe's domain."""
    processes = []

    def run(name, **parameters):
        processes.append(subprocess.Popen(
            node_command(name, {'autostart': False, **parameters}), text=True,
            env={**os.environ, 'ROS_DOMAIN_ID': str(probe.domain_id)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def recording(tmp_path):
    """Write four seconds of a cry; return the path."""
    path = tmp_path / 'cry.wav'
    soundfile.write(path, synthesise_cry(4.0, seed=2), 16_000)
    return str(path)


def test_twice_round_through_the_services_gives_the_same_answers(start_graph):
    graph = start_graph({name: {'autostart': False}
                         for name in ('cry_classifier', 'feature_extractor')})
    probe = graph.probe
    managers = [Manager(probe, name) for name in ('cry_classifier', 'feature_extractor')]
    pcm = (32767 * synthesise_cry(6.0, seed=3)).astype(np.int16)
    start_ns = time.time_ns()
    answers = []
    for _ in range(2):
        for manager in managers:
            manager.drive(CONFIGURE, ACTIVATE, DEACTIVATE, ACTIVATE)
        probe.wait_for_graph()
        # What was heard half must not be heard on: the same audio gives the same answer.
        for _ in range(2):
            del probe.needs[:]
            probe.announce()
            probe.heard_until(probe.play(pcm, start_ns))
            heard = {to_nanoseconds(need.header.stamp): (
                round(need.cry_probability, 5), need.crying)
                for need in probe.needs if need.status == CryNeed.STATUS_OK}
            assert any(crying for _, crying in heard.values())
            answers.append(heard)
            for manager in reversed(managers):
                manager.drive(DEACTIVATE)
            probe.spin_until(lambda: not probe.audio.get_subscription_count())
            for manager in managers:
                manager.drive(ACTIVATE)
            probe.wait_for_graph()
        for manager in reversed(managers):
            manager.drive(DEACTIVATE, CLEANUP)
    for other in answers[1:]:
        # By time too a state is said again, so not all speak of the same moments.
        common = sorted(set(other) & set(answers[0]))
        assert len(common) > 25
        assert [other[stamp] for stamp in common] == [answers[0][stamp] for stamp in common]
    for manager in managers:
        manager.drive(CONFIGURE, ACTIVATE, SHUTDOWN)


def test_a_recording_plays_again_after_each_activation(probe, start, recording):
    process = start('audio_capture', source='file', file=recording, rate=0.0)
    manager = Manager(probe, 'audio_capture')
    heard = []
    from audio_common_msgs.msg import AudioDataStamped
    from baby_cry_detector.ros.base import qos
    probe.node.create_subscription(
        AudioDataStamped, 'audio_stamped', lambda m: heard.append(len(m.audio.data)),
        qos.stream(1000))
    for transitions in ((CONFIGURE, ACTIVATE), (DEACTIVATE, ACTIVATE),
                        (DEACTIVATE, CLEANUP, CONFIGURE, ACTIVATE)):
        del heard[:]
        manager.drive(*transitions)
        probe.spin_until(lambda: sum(heard) == 4 * 16_000 * 2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0


def test_what_cannot_be_configured_stays_unconfigured_and_can_be_mended(probe, start):
    start('feature_extractor', feature_set='nonsense')
    manager = Manager(probe, 'feature_extractor')
    assert not manager.change(CONFIGURE)
    assert manager.state() == State.PRIMARY_STATE_UNCONFIGURED
    from rcl_interfaces.srv import SetParameters
    from rclpy.parameter import Parameter
    client = probe.node.create_client(SetParameters, 'feature_extractor/set_parameters')
    assert client.wait_for_service(PATIENCE_S)
    future = client.call_async(SetParameters.Request(
        parameters=[Parameter('feature_set', value='is09').to_parameter_msg()]))
    probe.spin_until(future.done)
    assert future.result().results[0].successful
    manager.drive(CONFIGURE, ACTIVATE)


@pytest.mark.parametrize('signal_number', (signal.SIGINT, signal.SIGTERM))
@pytest.mark.parametrize(
    'transitions', ((), (CONFIGURE,), (CONFIGURE, ACTIVATE), (CONFIGURE, ACTIVATE, SHUTDOWN)),
    ids=('unconfigured', 'inactive', 'active', 'finalized'))
@pytest.mark.parametrize('name', ('cry_classifier', 'feature_extractor', 'audio_capture'))
def test_a_signal_ends_with_0(probe, start, recording, name, transitions, signal_number):
    parameters = {'source': 'file', 'file': recording} if name == 'audio_capture' else {}
    process = start(name, **parameters)
    Manager(probe, name).drive(*transitions)
    process.send_signal(signal_number)
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, output
    assert 'Traceback' not in output
