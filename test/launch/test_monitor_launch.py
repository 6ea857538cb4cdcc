# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The launch file of the views: what it starts, and what it says where a viewer is missing."""

import ast
import json
from pathlib import Path

import pytest
import yaml

pytest.importorskip('launch.actions', reason='needs the ROS 2 package launch')
pytest.importorskip('launch_ros.actions', reason='needs the ROS 2 package launch_ros')

from launch import LaunchContext  # noqa: E402, I100  # after importorskip
from launch.actions import LogInfo, OpaqueFunction, TimerAction  # noqa: E402  # after importorskip
from launch.launch_description_sources import \
    get_launch_description_from_python_launch_file  # noqa: E402  # after importorskip
from launch.logging import launch_config  # noqa: E402  # after importorskip
from launch.utilities import perform_substitutions  # noqa: E402  # after importorskip
from launch_ros.actions import Node  # noqa: E402  # after importorskip

LAUNCH_FILE = Path(__file__).parents[2] / 'launch' / 'monitor.launch.py'


@pytest.fixture(autouse=True)
def log_folder(tmp_path):
    """Keep the launch's files in the test's folder."""
    launch_config.log_dir = str(tmp_path)
    yield tmp_path
    launch_config.reset()


def started(**arguments):
    """Return ([nodes], [lines]) that the arguments lead to."""
    context = LaunchContext()
    context.launch_configurations.update(arguments)
    actions = []
    for entity in get_launch_description_from_python_launch_file(str(LAUNCH_FILE)).entities:
        result = entity.visit(context)
        if isinstance(entity, OpaqueFunction):
            actions = result
    for action in list(actions):
        if isinstance(action, TimerAction):
            actions += action.actions
    return ([action for action in actions if isinstance(action, Node)],
            [perform_substitutions(context, action.msg) for action in actions
             if isinstance(action, LogInfo)])


def test_a_viewer_that_is_not_installed_is_said_and_skipped(monkeypatch):
    import ament_index_python.packages as packages

    def missing(package):
        raise packages.PackageNotFoundError(package)

    monkeypatch.setattr(packages, 'get_package_prefix', missing)
    nodes, lines = started()
    assert [node.node_executable for node in nodes] == ['cry_monitor']
    assert len(lines) == 4
    said = '\n'.join(lines)
    for package in ('rviz2', 'rqt_gui', 'plotjuggler', 'foxglove_bridge'):
        assert f'{package} is not installed' in said
    nodes, lines = started(rviz='false', rqt='false', plotjuggler='false', foxglove='false')
    assert len(nodes) == 1 and not lines


def test_the_views_speak_of_the_crib_that_was_asked_for(log_folder, monkeypatch):
    import ament_index_python.packages as packages
    monkeypatch.setattr(packages, 'get_package_prefix', lambda package: '/opt')
    nodes, lines = started(namespace='house/left', frame_id='left_microphone')
    assert sorted(node.node_executable for node in nodes) == [
        'cry_monitor', 'foxglove_bridge', 'plotjuggler', 'rqt_gui', 'rviz2']
    assert 'ws://127.0.0.1' in lines[-1]
    for file in ('monitor.rviz', 'monitor.perspective', 'monitor.plotjuggler.xml',
                 'monitor.foxglove.json'):
        text = (log_folder / file).read_text(encoding='utf-8')
        assert '/house/left/' in text and '/crib/' not in text
    rviz = yaml.safe_load((log_folder / 'monitor.rviz').read_text())['Visualization Manager']
    assert rviz['Global Options']['Fixed Frame'] == 'left_microphone'
    layout = json.loads((log_folder / 'monitor.foxglove.json').read_text())
    assert layout['configById']['3D!crib']['followTf'] == 'left_microphone'


def test_rqt_is_not_given_a_plugin_that_is_not_installed(log_folder, monkeypatch):
    # rqt restores nothing at all while one plugin of a perspective is missing.
    import ament_index_python.packages as packages

    def found(package):
        if package == 'rqt_runtime_monitor':
            raise packages.PackageNotFoundError(package)
        return '/opt'

    monkeypatch.setattr(packages, 'get_package_prefix', found)
    _, lines = started(namespace='left')
    assert any('rqt_runtime_monitor is not installed' in line for line in lines)
    manager = json.loads(
        (log_folder / 'monitor.perspective').read_text())['groups']['pluginmanager']
    assert list(ast.literal_eval(manager['keys']['running-plugins']['repr'])) == [
        'rqt_image_view/ImageView', 'rqt_plot/Plot']
    assert '/left/monitor/image' in json.dumps(manager)


def test_parameters_that_are_missing_are_refused():
    with pytest.raises(RuntimeError, match='params_file is not a file'):
        started(params_file='/nowhere.yaml')
