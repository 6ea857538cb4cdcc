# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is given at start alone (hosts, files, topics, scale, rest …) nobody changes afterwards."""

import wave

from baby_cry_detector.ros.base.managed_node import ManagedNode
from baby_cry_detector.ros.base.parameters import TABLES
from baby_cry_detector.ros.nodes.audio_capture import AudioCapture
from baby_cry_detector.ros.nodes.caregiver_alert import CaregiverAlert
from baby_cry_detector.ros.nodes.caregiver_page import CaregiverPage
from baby_cry_detector.ros.nodes.cry_classifier import CryClassifier
from baby_cry_detector.ros.nodes.cry_monitor import CryMonitor
from baby_cry_detector.ros.nodes.diary import Diary
from baby_cry_detector.ros.nodes.feature_extractor import FeatureExtractor
from baby_cry_detector.ros.nodes.need_estimator import NeedEstimator
from baby_cry_detector.ros.nodes.rocker import Rocker
from baby_cry_detector.ros.nodes.soother import Soother
from baby_cry_detector.ros.nodes.ward_page import WardPage
from graph_harness import next_domain, Probe, Spinning
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import pytest
from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter

# What decides where things go to or come from, who is told, and what the crib is like.
MUST_BE = {
    'audio_capture': {'device', 'file', 'source', 'frame_id'},
    'feature_extractor': {'model'}, 'cry_classifier': {'model', 'use_sound'},
    'cry_monitor': {'raw_audio'},
    'caregiver_alert': {'policy', 'webhook_url', 'mqtt_host'},
    'diary': {'file', 'clips', 'keep_days'},
    'caregiver_page': {'host', 'port', 'host_names', 'token_file', 'require_token'},
    'ward_page': {'host', 'port', 'host_names', 'token_file', 'require_token', 'cribs',
                  'page_address'},
    'rocker': {'rest_position', 'units_per_metre', 'command_topic', 'joint', 'interface',
               'joint_states_topic', 'open_loop', 'max_acceleration', 'stop_hold_s'},
    'need_estimator': {'diary_file', 'threshold', 'use_sound'},
    'soother': {'policy', 'device', 'output', 'sounds_folder'}}
LOOKS_LIKE_ONE = ('host', 'url', 'address', 'port', 'file', 'folder', 'path', 'topic', 'secret',
                  'token', 'password', 'user', 'policy', 'device', 'joint', 'keep_')


def other(field, value):
    """Return a value that the field accepts, and that it does not have."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return next((one for one in field.choices or () if one != value), 'other')
    low = field.minimum if field.minimum is not None else 0
    high = field.maximum if field.maximum is not None else 1
    return type(value)(high if value != high else low)


@pytest.fixture(scope='module')
def nodes(tmp_path_factory):
    """Yield (probe, every node of the package, active, in one process over real services)."""
    folder = tmp_path_factory.mktemp('start_only')
    with wave.open(str(folder / 'silence.wav'), 'wb') as file:
        file.setparams((1, 2, 16_000, 0, 'NONE', ''))
        file.writeframes(bytes(32_000))
    makers = ((AudioCapture, {'source': 'file', 'file': str(folder / 'silence.wav')}),
              (FeatureExtractor, {'keep_microphone': False}),
              (CryClassifier, {'keep_episode': False}), (CryMonitor, {}),
              (CaregiverAlert, {'keep_alert': False}), (Diary, {'file': str(folder / 'd.sqlite')}),
              (CaregiverPage, {'port': 0, 'diary_file': str(folder / 'd.sqlite')}),
              (NeedEstimator, {'diary_file': str(folder / 'd.sqlite')}),
              (Rocker, {'keep_duty': False}), (Soother, {'output': 'topic'}),
              (WardPage, {'port': 0}))
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=next_domain())
    executor = SingleThreadedExecutor(context=context)
    made = []
    for maker, values in makers:
        node = maker(values, context=context)
        made.append(node)
        assert node.autostart() and not node.failed, node.get_name()
        executor.add_node(node)
    spinning = Spinning(executor)
    probe = Probe(context)
    yield probe, {node.get_name(): node for node in made}
    spinning.close()
    for node in made:
        node.close()
    probe.close()
    rclpy.shutdown(context=context)


def call(probe, kind, name, request):
    client = probe.node.create_client(kind, name)
    probe.spin_until(client.service_is_ready)
    future = client.call_async(request)
    probe.spin_until(future.done)
    probe.node.destroy_client(client)
    return future.result()


def check_refused(probe, node: ManagedNode):
    """Try to set every start-only parameter, alone and together, to another value and to none."""
    fixed = [field for field in node.table.values() if field.read_only]
    before = {field.name: node.get_parameter(field.name).value for field in fixed}
    wanted = [Parameter(field.name, value=other(field, before[field.name])).to_parameter_msg()
              for field in fixed]
    wanted.append(Parameter('use_sim_time', value=True).to_parameter_msg())
    nothing = [Parameter(field.name).to_parameter_msg() for field in fixed]
    assert all(one.value.type == ParameterType.PARAMETER_NOT_SET for one in nothing)
    for parameters in (wanted, nothing):
        answer = call(probe, SetParameters, f'{node.get_name()}/set_parameters',
                      SetParameters.Request(parameters=parameters))
        taken = [parameter.name for parameter, result in zip(parameters, answer.results)
                 if result.successful]
        assert not taken, f'{node.get_name()} took {taken}'
        for parameter in parameters[:1]:
            answer = call(probe, SetParametersAtomically,
                          f'{node.get_name()}/set_parameters_atomically',
                          SetParametersAtomically.Request(parameters=[parameter]))
            assert not answer.result.successful
    assert {field.name: node.get_parameter(field.name).value for field in fixed} == before
    assert node.get_parameter('use_sim_time').value is False


@pytest.mark.parametrize('name', MUST_BE)
def test_start_only_stays_as_it_was_also_over_a_lifecycle_round(nodes, name):
    probe, made = nodes
    node = made[name]
    check_refused(probe, node)
    for transition in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP):
        assert call(probe, ChangeState, f'{name}/change_state', ChangeState.Request(
            transition=Transition(id=transition))).success
        check_refused(probe, node)
    values = node.values()
    for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        assert call(probe, ChangeState, f'{name}/change_state', ChangeState.Request(
            transition=Transition(id=transition))).success
    assert node.values() == values


def test_every_node_is_tried_and_what_sounds_like_start_only_is():
    assert set(MUST_BE) == set(TABLES)
    for name, table in TABLES.items():
        fixed = {field.name for field in table if field.read_only}
        assert MUST_BE[name] <= fixed, (name, MUST_BE[name] - fixed)
        for field in table:
            if any(word in field.name for word in LOOKS_LIKE_ONE) and not field.name.endswith(
                    ('_s', '_minutes', '_mb', '_dba', '_dbfs')):
                assert field.read_only, (name, field.name)
