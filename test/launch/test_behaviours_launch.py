# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The launch files of the behaviours: every argument described, what is refused, what starts."""

from pathlib import Path

import pytest
import yaml

pytest.importorskip('launch.actions', reason='needs the ROS 2 package launch')
pytest.importorskip('launch_ros.actions', reason='needs the ROS 2 package launch_ros')

from baby_cry_detector.ros.base.launching import BEHAVIOURS  # noqa: E402, I100, E501  # after importorskip
from launch import LaunchContext  # noqa: E402  # after importorskip
from launch.actions import (DeclareLaunchArgument, IncludeLaunchDescription,  # noqa: E402, E501  # after importorskip
                            LogInfo, OpaqueFunction, SetEnvironmentVariable)
from launch.launch_description_sources import \
    get_launch_description_from_python_launch_file  # noqa: E402  # after importorskip
from launch.logging import launch_config  # noqa: E402  # after importorskip

FOLDER = Path(__file__).parents[2] / 'launch'


@pytest.fixture(autouse=True)
def log_folder(tmp_path):
    """Keep the launch's files in the test's folder."""
    launch_config.log_dir = str(tmp_path)
    yield tmp_path
    launch_config.reset()


def started(name, **arguments):
    """Return what a launch file starts with these arguments."""
    description = get_launch_description_from_python_launch_file(
        str(FOLDER / f'{name}.launch.py'))
    context = LaunchContext()
    context.launch_configurations.update(arguments)
    result = []
    for entity in description.entities:
        if isinstance(entity, IncludeLaunchDescription):
            continue
        produced = entity.execute(context)
        if isinstance(entity, OpaqueFunction):
            result += [action for action in produced or ()
                       if not isinstance(action, (LogInfo, SetEnvironmentVariable))]
    return result


@pytest.mark.parametrize('name', (*BEHAVIOURS, 'behaviours'))
def test_every_argument_is_described(name):
    description = get_launch_description_from_python_launch_file(
        str(FOLDER / f'{name}.launch.py'))
    arguments = [entity for entity in description.entities
                 if isinstance(entity, DeclareLaunchArgument)]
    assert len(arguments) > 5
    assert all(len(argument.description) > 10 for argument in arguments)


def test_everything_but_rocking_is_on_unless_it_is_switched_off():
    nodes = started('behaviours', listen='false')
    assert {node.node_executable for node in nodes} == set(BEHAVIOURS) - {'rocker'}
    assert len(started('behaviours', rocker='true', listen='false')) == len(BEHAVIOURS)
    assert len(started('behaviours', soother='false', listen='false')) == len(BEHAVIOURS) - 2


def test_listening_is_part_of_it_and_shows_its_arguments():
    description = get_launch_description_from_python_launch_file(
        str(FOLDER / 'behaviours.launch.py'))
    include, = (one for one in description.entities
                if isinstance(one, IncludeLaunchDescription))
    for answer in ('true', 'false'):
        context = LaunchContext()
        context.launch_configurations['listen'] = answer
        assert include.condition.evaluate(context) == (answer == 'true')
    shown = {argument.name for argument in description.get_launch_arguments()}
    assert {'source', 'device', 'file', 'operating_point', 'rocker_command_topic'} <= shown


@pytest.mark.parametrize('name, argument, sentence', [
    ('rocker', 'joint_trajectory', 'no argument joint_trajectory'),
    ('behaviours', 'rocker_comand_topic', 'did you mean rocker_command_topic'),
    ('behaviours', 'rocking', 'no argument rocking'),
    ('rocker', 'joint_trajectory', 'did you mean command_topic'),
    ('behaviours', '/crib/cmd_vel', 'did you mean rocker_command_topic'),
    ('baby_cry_detector', 'audio_stamped', 'did you mean audio_topic'),
    ('behaviours', 'operating_piont', 'did you mean operating_point'),
    ('baby_cry_detector', 'devcie', 'did you mean device'),
    ('cribs', 'crib', 'did you mean cribs'), ('monitor', 'name_space', 'did you mean namespace'),
    ('caregiver_page', 'prot', 'did you mean port')])
def test_a_mistyped_argument_is_refused_where_the_file_is_the_one_started(
        name, argument, sentence, monkeypatch):
    context = LaunchContext(argv=[f'{argument}:=x'])
    guard = get_launch_description_from_python_launch_file(
        str(FOLDER / f'{name}.launch.py')).entities[0]
    monkeypatch.setattr('sys.argv', ['ros2', 'launch', 'mine', 'house.launch.py'])
    assert not guard.execute(context)          # included: whose argument it is isn't known
    monkeypatch.setattr('sys.argv', ['ros2', 'launch', 'baby_cry_detector', f'{name}.launch.py'])
    assert not guard.execute(LaunchContext(argv=['namespace:=x'] if name != 'cribs' else []))
    with pytest.raises(RuntimeError, match=sentence):
        guard.execute(context)


def test_the_rocker_of_behaviours_is_told_which_crib_it_moves(log_folder):
    started('behaviours', listen='false', rocker='true', rocker_joint='slide',
            rocker_command_topic='/slide_controller/joint_trajectory', rocker_open_loop='true')
    kept = yaml.safe_load((log_folder / 'parameters_crib_rocker.yaml').read_text())
    assert kept['/crib/rocker']['ros__parameters'] == {
        'joint': 'slide', 'command_topic': '/slide_controller/joint_trajectory',
        'open_loop': True, 'use_sim_time': False, 'keep_trying': True}
    with pytest.raises(RuntimeError, match='rocker:=true starts it'):
        started('behaviours', listen='false', rocker_joint='slide')
    for name, value in (('rest_position', '1000'), ('units_per_metre', '1000')):
        with pytest.raises(RuntimeError, match=name):
            started('behaviours', listen='false', rocker='true', **{f'rocker_{name}': value})


def test_the_page_comes_where_it_is_asked_for(log_folder):
    kept = log_folder / 'parameters_crib_caregiver_page.yaml'
    started('behaviours', listen='false')
    assert not kept.exists()
    page = started('behaviours', page='true', page_host='0.0.0.0', page_port='8200',
                   listen='false')[-1]
    assert page.node_executable == 'caregiver_page'
    values = yaml.safe_load(kept.read_text())['/crib/caregiver_page']['ros__parameters']
    assert values == {'host': '0.0.0.0', 'port': 8200, 'use_sim_time': False,
                      'keep_trying': True}
    with pytest.raises(RuntimeError, match='page_port|port'):
        started('behaviours', page='true', page_port='many', listen='false')


def test_an_argument_reaches_the_node_that_has_it(log_folder, tmp_path):
    started('behaviours', namespace='nursery', policy=str(tmp_path / 'p.yaml'), listen='false',
            rocker='true')
    kept = yaml.safe_load((log_folder / 'parameters_nursery_rocker.yaml').read_text())
    assert kept['/nursery/rocker']['ros__parameters'] == {
        'policy': str(tmp_path / 'p.yaml'), 'use_sim_time': False, 'keep_trying': True}
    started('rocker', duty_min_per_hour='10', require_imu='true')
    kept = yaml.safe_load((log_folder / 'parameters_crib_rocker.yaml').read_text())
    values = kept['/crib/rocker']['ros__parameters']
    assert values['duty_min_per_hour'] == 10.0 and values['require_imu'] is True


@pytest.mark.parametrize('argument, value', [
    ('duty_min_per_hour', '90'), ('max_acceleration', 'fast'), ('require_imu', 'yes'),
    ('interface', 'wheels'), ('params_file', '/none.yaml')])
def test_what_does_not_fit_is_refused_by_name(argument, value):
    with pytest.raises(RuntimeError, match=argument):
        started('rocker', **{argument: value})
