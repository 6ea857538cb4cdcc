# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
r"""
Listening, sound, alerts and the diary of one crib; rocking and the page where they are asked for.

    ros2 launch baby_cry_detector behaviours.launch.py policy:=/path/of/policy.yaml soother:=false
    ros2 launch baby_cry_detector behaviours.launch.py rocker:=true \
      rocker_command_topic:=/crib_controller/joint_trajectory rocker_joint:=rocking_joint
    ros2 launch baby_cry_detector behaviours.launch.py page:=true page_host:=0.0.0.0

The arguments of baby_cry_detector.launch.py (source, file, device, ...) work here too.
"""

from pathlib import Path

from baby_cry_detector.ros.base.launching import (BEHAVIOURS, common_arguments, network_actions,
                                                  own_parameters, refusing_unknown,
                                                  start_behaviour, SWITCH)
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

HERE = Path(__file__).absolute().parent
WHAT = {'diary': 'Write down every episode, alert and care event.',
        'need_estimator': 'Say why the baby cries, as far as its diary tells.',
        'caregiver_alert': 'Alert the caregivers.',
        'soother': 'Play soothing sounds.',
        'rocker': 'Rock the crib; only one whose maker approves powered motion, and only once its '
                  'controller and joint are set (rocker_command_topic, rocker_joint, ...).'}
# Parameters of caregiver_page that are arguments here, as page_host and so on.
PAGE = ('host', 'port')
# And all of rocker's, as rocker_joint and so on; the policy is one for all.
ROCKER = tuple(name for name in own_parameters('rocker') if name != 'policy')


def generate_launch_description():
    """Declare the arguments; behaviours start before what they listen to."""
    return refusing_unknown(__file__, [
        *common_arguments(HERE.parent),
        DeclareLaunchArgument('policy', default_value='',
                              description='Policy file (YAML) of all behaviours; empty: as in '
                                          'params_file.'),
        # Nobody's crib moves unless that was asked for.
        *[DeclareLaunchArgument(name, default_value='false' if name == 'rocker' else 'true',
                                choices=SWITCH, description=WHAT[name]) for name in BEHAVIOURS],
        *[DeclareLaunchArgument(
            f'rocker_{name}', default_value='',
            description=f'{own_parameters("rocker")[name].description} Empty here: as in '
                        'params_file.') for name in ROCKER],
        # Off: nobody gets a server that was not asked for, and two cribs can't share a port.
        DeclareLaunchArgument('page', default_value='false', choices=SWITCH,
                              description="Serve the caregiver's page too."),
        *[DeclareLaunchArgument(
            f'page_{name}', default_value='',
            description=f'{own_parameters("caregiver_page")[name].description} Empty here: as in '
                        'params_file.') for name in PAGE],
        DeclareLaunchArgument('listen', default_value='true', choices=SWITCH,
                              description='Start listening too; false where it runs already.'),
        OpaqueFunction(function=network_actions),
        OpaqueFunction(function=start),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(HERE / 'baby_cry_detector.launch.py')),
            condition=IfCondition(LaunchConfiguration('listen')))])


def start(context):
    """Return the nodes that are switched on."""
    arguments = context.launch_configurations
    policy = arguments['policy']
    texts = {name: {'policy': policy} if policy and 'policy' in own_parameters(name) else {}
             for name in BEHAVIOURS}
    texts['rocker'].update(
        {name: text for name in ROCKER if (text := arguments[f'rocker_{name}'])})
    if arguments['rocker'] != 'true' and set(texts['rocker']) - {'policy'}:
        raise RuntimeError('arguments of the rocker are given, and it is not started: '
                           'rocker:=true starts it')
    actions = [start_behaviour(context, name, texts[name])
               for name in BEHAVIOURS if arguments[name] == 'true']
    if arguments['page'] == 'true':
        actions.append(start_behaviour(
            context, 'caregiver_page',
            {name: text for name in PAGE if (text := arguments[f'page_{name}'])}))
    return actions
