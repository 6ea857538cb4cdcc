# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""No launch file shows the crib to other machines unless it is asked to, and then it warns."""

from pathlib import Path

import pytest

pytest.importorskip('launch.actions', reason='needs the ROS 2 package launch')
pytest.importorskip('launch_ros.actions', reason='needs the ROS 2 package launch_ros')

from baby_cry_detector.ros.base.launching import DISCOVERY, network_actions  # noqa: E402, I100, E501  # after importorskip
from launch import LaunchContext  # noqa: E402  # after importorskip
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction  # noqa: E402, E501  # after importorskip
from launch.launch_description_sources import \
    get_launch_description_from_python_launch_file  # noqa: E402  # after importorskip
from launch.utilities import perform_substitutions  # noqa: E402  # after importorskip

FILES = sorted((Path(__file__).parents[2] / 'launch').glob('*.launch.py'))


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    """Know nothing of the environment of whoever runs the tests, and leave it as it was."""
    for name in (DISCOVERY, 'ROS_STATIC_PEERS'):
        monkeypatch.setenv(name, 'put back afterwards')
        monkeypatch.delenv(name)


def opened(path, **arguments):
    """Return (discovery range that the nodes get, warnings)."""
    context = LaunchContext()
    context.launch_configurations.update(arguments)
    lines = []
    for entity in get_launch_description_from_python_launch_file(str(path)).entities:
        if isinstance(entity, DeclareLaunchArgument) and entity.name == 'network':
            entity.execute(context)
        elif isinstance(entity, OpaqueFunction) and (
                entity._OpaqueFunction__function is network_actions):
            for action in entity.execute(context):
                if isinstance(action, LogInfo):
                    lines.append(perform_substitutions(context, action.msg))
                else:
                    action.execute(context)
    return context.environment.get(DISCOVERY), lines


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_this_machine_only_is_the_default(path):
    assert opened(path) == ('LOCALHOST', [])
    assert opened(path, network='false') == ('LOCALHOST', [])


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_the_network_is_opened_on_request_with_a_warning(path):
    found, lines = opened(path, network='true')
    assert found == 'SUBNET' and len(lines) == 1 and 'SECURITY.md' in lines[0]


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_what_the_environment_says_stands_unless_an_argument_says_otherwise(path, monkeypatch):
    monkeypatch.setenv(DISCOVERY, 'SUBNET')
    assert opened(path) == ('SUBNET', [])
    assert opened(path, network='false') == ('LOCALHOST', [])


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
@pytest.mark.parametrize('name', ['ROS_STATIC_PEERS', 'ROS_DISCOVERY_SERVER'])
def test_peers_and_servers_stand_unless_the_network_is_refused(path, name, monkeypatch):
    monkeypatch.setenv(name, '10.0.0.7')
    assert opened(path) == (None, [])
    context = LaunchContext()
    context.launch_configurations['network'] = 'false'
    for action in network_actions(context):
        action.execute(context)
    assert context.environment[name] == '' and context.environment[DISCOVERY] == 'LOCALHOST'
