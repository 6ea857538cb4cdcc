# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The launch file: its arguments, what it starts for each of them, and that it really starts."""

import os
from pathlib import Path
import signal

import numpy as np
import pytest
import yaml

# Not `launch` alone: this repository's folder of launch files would pass for it.
pytest.importorskip('launch.actions', reason='needs the ROS 2 package launch')
pytest.importorskip('launch_ros.actions', reason='needs the ROS 2 package launch_ros')

from baby_cry_detector.ros.base.launching import checked_params_file  # noqa: E402, E501, I100  # after importorskip
from baby_cry_detector.ros.base.parameters import TABLES  # noqa: E402, I100  # after importorskip
from launch import LaunchContext, LaunchDescription, LaunchService  # noqa: E402, E501  # after importorskip
from launch.actions import (DeclareLaunchArgument, EmitEvent,  # noqa: E402  # after importorskip
                            IncludeLaunchDescription, OpaqueFunction, RegisterEventHandler,
                            SetEnvironmentVariable, TimerAction)
from launch.event_handlers import OnProcessIO, OnProcessStart  # noqa: E402  # after importorskip
from launch.events import Shutdown  # noqa: E402  # after importorskip
from launch.launch_description_sources import (  # noqa: E402  # after importorskip
    get_launch_description_from_python_launch_file, PythonLaunchDescriptionSource)
from launch.logging import launch_config  # noqa: E402  # after importorskip

LAUNCH_FILE = Path(__file__).parents[2] / 'launch' / 'baby_cry_detector.launch.py'
DOMAIN_ID = '77'
LONGEST_S = 90.0
CHOICES = {
    'source': {'mic', 'file', 'topic'},
    'loop': {'', 'true', 'false'},
    'use_sim_time': {'true', 'false'},
    'log_level': {'debug', 'info', 'warn', 'error', 'fatal'},
    'composed': {'true', 'false'},
    'respawn': {'true', 'false'},
    'network': {'', 'true', 'false'},
    'operating_point': {'', *next(one.choices for one in TABLES['cry_classifier']
                                  if one.name == 'operating_point')},
}
FREE = {'file', 'rate', 'device', 'audio_topic', 'audio_info_topic', 'namespace', 'frame_id',
        'model', 'feature_set', 'params_file'}


@pytest.fixture(autouse=True)
def log_folder(tmp_path):
    """Keep the launch's files in the test's folder."""
    folder = tmp_path / 'log'
    folder.mkdir()
    launch_config.log_dir = str(folder)
    yield folder
    launch_config.reset()


@pytest.fixture
def recording(tmp_path):
    """Write half a second of noise; return the path."""
    soundfile = pytest.importorskip('soundfile', reason='needs soundfile to write a recording')
    path = tmp_path / 'noise.wav'
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(8000), 16000)
    return path


@pytest.fixture
def params_file(tmp_path):
    """Write a parameter file of a user; return the path."""
    path = tmp_path / 'params.yaml'
    path.write_text('/**/cry_classifier:\n  ros__parameters: {hold_s: 4.0}\n')
    return path


def load():
    """Return the launch description."""
    return get_launch_description_from_python_launch_file(str(LAUNCH_FILE))


def declared():
    """Return ``{name: declaration}`` of the arguments."""
    return {entity.name: entity for entity in load().entities
            if isinstance(entity, DeclareLaunchArgument)}


def started(params_file, outer=None, **arguments):
    """Return (nodes that would be started, ``{full node name: parameters that are set}``)."""
    context = LaunchContext()
    context.launch_configurations.update(params_file=str(params_file), **{
        name: str(value) for name, value in arguments.items()})
    if outer:
        context.launch_configurations['ros_namespace'] = outer
    nodes = []
    for entity in load().entities:
        result = entity.visit(context)
        if isinstance(entity, OpaqueFunction):
            nodes = result or nodes
    for node in nodes:
        node._perform_substitutions(context)
    files = list(Path(launch_config.log_dir).glob('parameters_*.yaml'))
    assert len(files) == 1
    written = yaml.safe_load(files[0].read_text())
    return nodes, {name: entry['ros__parameters'] for name, entry in written.items()}


def test_every_argument_says_what_it_is():
    arguments = declared()
    assert set(arguments) == set(CHOICES) | FREE
    for name, argument in arguments.items():
        assert len(argument.description.split()) >= 4, name
        assert set(argument.choices or ()) == CHOICES.get(name, set()), name
        assert argument.default_value is not None, name


def test_default_parameter_file_is_the_one_of_the_package():
    default, = declared()['params_file'].default_value
    path = Path(default.text)
    assert path == LAUNCH_FILE.absolute().parent.parent / 'config' / 'baby_cry_detector.yaml'
    assert path.is_file()


@pytest.mark.parametrize('composed', ('true', 'false'))
@pytest.mark.parametrize('source', ('mic', 'file', 'topic'))
def test_starts_the_nodes_of_each_source(source, composed, params_file, recording):
    nodes, parameters = started(params_file, source=source, composed=composed, file=recording)
    expected = {'cry_classifier', 'feature_extractor'}
    if source != 'topic':
        expected.add('audio_capture')
    assert set(parameters) == {f'/crib/{name}' for name in expected}
    executables = {node.node_executable for node in nodes}
    assert executables == ({'cry_graph'} if composed == 'true' else expected)
    assert {node.expanded_node_namespace for node in nodes} == {'/crib'}
    remapped = {node.node_executable: dict(node.expanded_remapping_rules)
                for node in nodes if node.expanded_remapping_rules}
    listener = 'cry_graph' if composed == 'true' else 'feature_extractor'
    assert remapped == ({listener: {'audio_stamped': '/audio/audio_stamped',
                                    'audio_info': '/audio/audio_info'}}
                        if source == 'topic' else {})
    if source != 'topic':
        assert parameters['/crib/audio_capture']['source'] == source
        assert parameters['/crib/audio_capture']['frame_id'] == 'crib'


def test_empty_arguments_leave_the_parameter_file_alone(params_file):
    _, parameters = started(params_file)
    # With respawn a node that can't be configured waits instead of being started again for ever.
    common = {'use_sim_time': False, 'keep_trying': True}
    assert parameters == {
        '/crib/cry_classifier': common, '/crib/feature_extractor': common,
        '/crib/audio_capture': {**common, 'source': 'mic', 'frame_id': 'crib'}}
    (Path(launch_config.log_dir) / 'parameters_crib.yaml').unlink()
    _, parameters = started(params_file, respawn='false')
    assert {values['keep_trying'] for values in parameters.values()} == {False}


def test_arguments_become_parameters_of_the_right_type(params_file, recording):
    _, parameters = started(
        params_file, source='file', file=recording, loop='true', rate='0', device='2',
        model=recording, feature_set='is09', frame_id='5', use_sim_time='true')
    common = {'use_sim_time': True, 'keep_trying': True}
    assert parameters == {
        '/crib/cry_classifier': {**common, 'model': str(recording)},
        '/crib/feature_extractor': {**common, 'model': str(recording), 'feature_set': 'is09'},
        '/crib/audio_capture': {
            **common, 'source': 'file', 'file': str(recording), 'loop': True,
            'rate': 0.0, 'device': '2', 'frame_id': '5'}}


@pytest.mark.parametrize('outer, namespace, full, frame_id', [
    (None, 'nursery/left', '/nursery/left', 'nursery/left'),
    (None, '/nursery', '/nursery', 'nursery'),
    ('/robot', 'crib', '/robot/crib', 'robot/crib'),
    (None, '', '', 'crib'),
])
def test_namespace_names_the_crib(outer, namespace, full, frame_id, params_file):
    nodes, parameters = started(params_file, outer, namespace=namespace)
    assert {node.node_name for node in nodes} == set(parameters) == {
        f'{full}/{name}' for name in ('cry_classifier', 'feature_extractor', 'audio_capture')}
    assert parameters[f'{full}/audio_capture']['frame_id'] == frame_id


def test_relative_and_home_paths_of_recordings(params_file, recording, monkeypatch):
    monkeypatch.chdir(recording.parent)
    monkeypatch.setenv('HOME', str(recording.parent))
    for text in (recording.name, f'~/{recording.name}'):
        _, parameters = started(params_file, source='file', file=text)
        assert parameters['/crib/audio_capture']['file'] == str(recording)


@pytest.mark.parametrize('arguments, sentence', [
    ({'source': 'tape'}, 'source'),
    ({'source': 'file'}, 'file:=PATH'),
    ({'source': 'file', 'file': '/nowhere/cry.wav'}, 'not a file: /nowhere/cry.wav'),
    ({'rate': 'fast'}, 'rate:=fast'),
    ({'rate': '-1'}, 'rate: -1.0 is below'),
    ({'rate': 'nan'}, 'finite'),
    ({'model': '/nowhere/m.npz'}, 'not a file: /nowhere/m.npz'),
    ({'feature_set': 'is09'}, 'computes is09/1, the model hears cry/'),
    ({'feature_set': 'foo'}, "unknown feature set 'foo'"),
    ({'params_file': '/nowhere/p.yaml'}, 'not a file: /nowhere/p.yaml'),
])
def test_refuses_what_cannot_be_started(arguments, sentence, params_file):
    with pytest.raises(RuntimeError, match=sentence):
        started(**{'params_file': params_file, **arguments})


@pytest.mark.parametrize('text, sentence', [
    ('/**/feature_extractor:\n  ros__parameters: {stamp\n', 'refused: '),
    ('cry_classifier:\n  hold_s: 3.0\n', 'refused: .*ros__parameters'),
    ('hold_s\n', 'refused: '), ('\x00\x01', 'refused: ')])
@pytest.mark.parametrize('file', ('baby_cry_detector', 'diary', 'monitor'))
def test_a_file_that_nobody_can_read_is_refused_and_not_tried_for_ever(
        file, text, sentence, tmp_path):
    (tmp_path / 'p.yaml').write_text(text)
    context = LaunchContext()
    context.launch_configurations.update(params_file=str(tmp_path / 'p.yaml'), source='mic')
    path = LAUNCH_FILE.with_name(f'{file}.launch.py')
    with pytest.raises(RuntimeError, match=sentence):
        for entity in get_launch_description_from_python_launch_file(str(path)).entities:
            entity.visit(context)


def test_a_node_of_the_file_that_is_nearly_one_of_ours_is_named(tmp_path, capfd):
    path = tmp_path / 'p.yaml'
    path.write_text('/**/cry_clasifier:\n  ros__parameters: {hold_s: 3.0}\n'
                    'arm:\n  controller:\n    ros__parameters: {gain: 3.0}\n'
                    '/**:\n  ros__parameters: {use_sim_time: false}\n')
    started(path, source='mic')
    said = ''.join(capfd.readouterr())
    assert 'there is no node cry_clasifier: did you mean cry_classifier?' in said
    assert said.count('there is no node') == 1


def test_the_home_folder_is_understood_in_the_name_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    (tmp_path / 'p.yaml').write_text('/**/cry_classifier:\n  ros__parameters: {hold_s: 3.0}\n')
    assert checked_params_file('~/p.yaml') == str(tmp_path / 'p.yaml')
    nodes, _ = started('~/p.yaml', source='mic')
    assert nodes


class Run:
    """A real launch: what was started and said, and a shutdown when all has been seen."""

    def __init__(self, killed, **arguments):
        """Include the launch file; SIGKILL ``killed`` when the recording has ended once."""
        self.started = []
        self.said = []
        self.ended = 0
        self.in_time = True
        self._killed = killed
        self.service = LaunchService(noninteractive=True)
        self.service.include_launch_description(LaunchDescription([
            SetEnvironmentVariable('ROS_DOMAIN_ID', DOMAIN_ID),
            SetEnvironmentVariable('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST'),
            RegisterEventHandler(OnProcessStart(on_start=self._start)),
            RegisterEventHandler(OnProcessIO(on_stderr=self._on_stderr)),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(LAUNCH_FILE)),
                launch_arguments={name: str(value) for name, value in arguments.items()}.items()),
            TimerAction(period=LONGEST_S, actions=[OpaqueFunction(function=self._give_up)]),
        ]))

    def _start(self, event, context):
        self.started.append((event.process_name.rpartition('-')[0], event.pid))

    def _on_stderr(self, event):
        self.said.append(event.text.decode(errors='replace'))
        if b'end of ' not in event.text:
            return None
        self.ended += 1
        if self.ended == 1:
            os.kill(dict(self.started)[self._killed], signal.SIGKILL)
            return None
        return EmitEvent(event=Shutdown(reason='seen'))

    def _give_up(self, context):
        self.in_time = False
        return [EmitEvent(event=Shutdown(reason='too late'))]

    def names(self):
        """Return the sorted names of the processes, each as often as it was started."""
        return sorted(name for name, _ in self.started)


@pytest.fixture
def installed():
    """Skip where the package is not built and sourced."""
    packages = pytest.importorskip('ament_index_python.packages', reason='needs ROS 2')
    try:
        packages.get_package_prefix('baby_cry_detector')
    except packages.PackageNotFoundError:
        pytest.skip('needs the built package (source install/setup.bash)')


def test_a_killed_process_comes_back_with_its_parameters(installed, params_file, recording):
    run = Run('audio_capture', source='file', file=recording, rate=0, params_file=params_file)
    assert run.service.run() == 0
    assert run.in_time
    assert run.names() == ['audio_capture', 'audio_capture', 'cry_classifier', 'feature_extractor']
    assert run.ended == 2


def test_composed_without_respawn_the_launch_ends_with_the_process(
        installed, params_file, recording):
    run = Run('cry_graph', source='file', file=recording, rate=0, params_file=params_file,
              composed='true', respawn='false')
    assert run.service.run() == 1
    assert run.in_time
    assert run.names() == ['cry_graph']
    assert run.ended == 1


@pytest.mark.parametrize('composed', ('true', 'false'))
def test_without_respawn_an_error_of_configuration_is_the_launchs_exit_code(
        composed, installed, tmp_path, recording):
    params_file = tmp_path / 'refused.yaml'
    params_file.write_text('/**/cry_classifier:\n  ros__parameters: {hold_s: -1.0}\n')
    run = Run('nobody', source='file', file=recording, params_file=params_file,
              composed=composed, respawn='false')
    assert run.service.run() == 1
    assert run.in_time
    assert any('hold_s: -1.0 is below' in text for text in run.said)
