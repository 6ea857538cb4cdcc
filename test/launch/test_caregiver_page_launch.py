# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The launch file of the caregiver's page; skipped where launch is not installed."""

from pathlib import Path
import socket
import urllib.request

import pytest

# Not `launch` alone: this repository's folder of launch files would pass for it.
pytest.importorskip('launch.actions', reason='needs the ROS 2 package launch')
pytest.importorskip('launch_ros.actions', reason='needs the ROS 2 package launch_ros')

from baby_cry_detector.ros.base.parameters import TABLES  # noqa: E402, I100  # after importorskip
from launch import LaunchDescription, LaunchService  # noqa: E402  # after importorskip
from launch.actions import (DeclareLaunchArgument, EmitEvent,  # noqa: E402  # after importorskip
                            IncludeLaunchDescription, OpaqueFunction, SetEnvironmentVariable,
                            TimerAction)
from launch.events import Shutdown  # noqa: E402  # after importorskip
from launch.launch_description_sources import (  # noqa: E402  # after importorskip
    get_launch_description_from_python_launch_file, PythonLaunchDescriptionSource)
from launch.logging import launch_config  # noqa: E402  # after importorskip

LAUNCH_FILE = Path(__file__).parents[2] / 'launch' / 'caregiver_page.launch.py'


def free_port():
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def test_every_parameter_is_an_argument():
    description = get_launch_description_from_python_launch_file(str(LAUNCH_FILE))
    declared = {entity.name: entity for entity in description.entities
                if isinstance(entity, DeclareLaunchArgument)}
    own = {parameter.name for parameter in TABLES['caregiver_page']} - {'autostart', 'keep_trying'}
    assert set(declared) == own | {
        'namespace', 'params_file', 'use_sim_time', 'respawn', 'log_level', 'network'}
    assert all(argument.description for argument in declared.values())


@pytest.mark.parametrize('arguments, sentence', [
    ({'port': 'many'}, 'port:=many is refused'), ({'port': '-1'}, 'below 0'),
    ({'require_token': 'yes'}, 'expected true or false'),
    ({'params_file': '/none.yaml'}, 'not a file')])
def test_what_makes_no_sense_is_refused(arguments, sentence):
    from launch import LaunchContext
    context = LaunchContext()
    context.launch_configurations.update({'namespace': 'crib', **arguments})
    with pytest.raises(RuntimeError, match=sentence):
        for entity in get_launch_description_from_python_launch_file(str(LAUNCH_FILE)).entities:
            entity.visit(context)


def test_the_page_is_served_where_the_arguments_say(tmp_path):
    launch_config.log_dir = str(tmp_path)
    port, seen, left = free_port(), [], [60]
    service = LaunchService(noninteractive=True)

    def look(context):
        left[0] -= 1
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{port}/api/state', timeout=5) as page:
                seen.append(page.read())
        except OSError:
            if left[0]:
                return [TimerAction(period=1.0, actions=[OpaqueFunction(function=look)])]
        return [EmitEvent(event=Shutdown())]

    service.include_launch_description(LaunchDescription([
        SetEnvironmentVariable('ROS_DOMAIN_ID', '78'),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(LAUNCH_FILE)),
            launch_arguments={'port': str(port), 'namespace': 'house/crib', 'respawn': 'false',
                              }.items()),
        TimerAction(period=1.0, actions=[OpaqueFunction(function=look)])]))
    assert service.run() == 0
    assert seen and b'"state"' in seen[0]
    launch_config.reset()
