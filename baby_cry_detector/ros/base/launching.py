# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the launch files of the behaviours share: a node's parameters as arguments, and the node.

A launch argument that is not empty wins over params_file, whatever that is keyed by.
"""

import difflib
from pathlib import Path
import sys
from typing import Iterable

from baby_cry_detector.ros.base.parameters import TABLES
from baby_cry_detector.ros.start import discovery
from baby_cry_detector.ros.start.parameter_files import entries
from launch import LaunchDescription
from launch.actions import (DeclareLaunchArgument, LogInfo, OpaqueFunction,
                            SetEnvironmentVariable, Shutdown)
from launch.logging import get_logger, launch_config
from launch_ros.actions import Node
from launch_ros.utilities import make_namespace_absolute, prefix_namespace
from rclpy.context import Context
import yaml

PACKAGE = 'baby_cry_detector'
BEHAVIOURS = ('diary', 'need_estimator', 'caregiver_alert', 'soother', 'rocker')
RESPAWN_DELAY_S = 0.5
SWITCH = ['true', 'false']
DISCOVERY = discovery.RANGE
PATHS = ('policy', 'file')
# Topics that somebody may want to remap, as `ros2 run` takes it, and the arguments that do.
TOPICS = {'joint_trajectory': 'command_topic', 'position_command': 'command_topic',
          'cmd_vel': 'command_topic', 'joint_states': 'joint_states_topic',
          'audio': 'audio_topic', 'audio_stamped': 'audio_topic', 'audio_info': 'audio_info_topic'}


def common_arguments(share: Path) -> list:
    """Return the arguments that every behaviour has."""
    return [
        DeclareLaunchArgument('namespace', default_value='crib',
                              description='Namespace of the crib whose cry_need is heard.'),
        DeclareLaunchArgument('params_file',
                              default_value=str(share / 'config' / f'{PACKAGE}.yaml'),
                              description='Parameters of the nodes, keyed by /**/NODE.'),
        DeclareLaunchArgument('use_sim_time', default_value='false', choices=SWITCH,
                              description='Take the time from /clock.'),
        DeclareLaunchArgument('log_level', default_value='info',
                              choices=['debug', 'info', 'warn', 'error', 'fatal'],
                              description='Least severe log message that is written.'),
        DeclareLaunchArgument('respawn', default_value='true', choices=SWITCH,
                              description='Start a node that died again after '
                                          f'{RESPAWN_DELAY_S:g} s; otherwise its death ends '
                                          'the launch.'),
        network_argument()]


def network_argument() -> DeclareLaunchArgument:
    """Return the argument that opens the graph to other machines."""
    return DeclareLaunchArgument(
        'network', default_value='', choices=['', *SWITCH],
        description='Whether other machines may find these nodes, hear the crib and command '
                    f'them (SECURITY.md). Empty: as {DISCOVERY} says, else no.')


def network_actions(context) -> list:
    """
    Return what keeps the nodes on this machine, or opens them with a warning.

    :param context: with `network_argument` in it; one that an outer launch file has not declared
        is as if it were empty.
    """
    asked = context.launch_configurations.get('network', '')
    elsewhere = [name for name in discovery.ADDRESSES if context.environment.get(name)]
    if asked == 'false' or not (asked or elsewhere or context.environment.get(DISCOVERY)):
        # Peers and servers reach other machines whatever the range says.
        return [SetEnvironmentVariable(DISCOVERY, 'LOCALHOST'),
                *(SetEnvironmentVariable(name, '') for name in elsewhere)]
    if asked == 'true':
        return [SetEnvironmentVariable(DISCOVERY, 'SUBNET'), LogInfo(
            msg='warning: network:=true: every machine in this network can hear the crib and '
                'command these nodes; see SECURITY.md for SROS 2')]
    return []


def refusing_unknown(file: str, entities: list) -> LaunchDescription:
    """
    Return a launch description that refuses an argument which is none of its own.

    launch takes any name in silence, so that a mistyped one sets nothing. Only the launch file
    that was started by name is asked: what somebody's own file includes shares its arguments.

    :param file: of the launch file.
    :param entities: of the description.
    """
    description = LaunchDescription(entities)

    def refuse(context):
        if Path(file).name not in (Path(word).name for word in sys.argv):
            return
        known = {argument.name for argument in description.get_launch_arguments()}
        for text in context.argv:
            name, assigned, _ = text.partition(':=')
            if assigned and name not in known:
                near = nearest_argument(name, known)
                raise RuntimeError(
                    f'there is no argument {name}: ' + (f'did you mean {near}?' if near else
                                                        '--show-args lists those there are'))
    description.entities.insert(0, OpaqueFunction(function=refuse))
    return description


def nearest_argument(name: str, known: Iterable[str]) -> str:
    """Return what was probably meant by a name that is none; '' if nothing is like it."""
    known = sorted(known)
    wanted = TOPICS.get(name.rpartition('/')[2], '')
    setting = [each for each in known if wanted and each in (wanted, f'rocker_{wanted}')]
    return next(iter(setting or difflib.get_close_matches(name, known, 1)), '')


def end_of_a_process(event, context) -> list:
    """
    Return what follows the end of a process that is not started again: the launch ends too.

    Half a graph hears nothing. launch itself would end with exit code 0 whatever became of its
    processes, and only an exception makes that a 1: what supervises the launch must see it.

    :param event: `ProcessExited`; its sentence stands in the output above.
    :raises RuntimeError: if it was not asked to end.
    """
    if context.is_shutdown:
        return []
    name = event.process_name.rpartition('-')[0]
    if event.returncode:
        raise RuntimeError(f'{name} ended with exit code {event.returncode}; what it said stands '
                           'above')
    return [Shutdown(reason=f'{name} ended')]


def own_parameters(node: str) -> dict:
    """Return ``{name: Parameter}`` of what a launch argument may set."""
    return {parameter.name: parameter for parameter in TABLES[node]
            if parameter.name not in ('autostart', 'keep_trying')}


def describe_behaviour(node: str, file: str) -> LaunchDescription:
    """
    Return the launch description of one behaviour; its parameters are the arguments.

    :param file: the launch file, in the folder beside config/.
    """
    return refusing_unknown(file, [
        *common_arguments(Path(file).absolute().parent.parent),
        *[DeclareLaunchArgument(
            name, default_value='',
            description=f'{parameter.description} Empty here: as in params_file.')
          for name, parameter in own_parameters(node).items()],
        OpaqueFunction(function=network_actions),
        OpaqueFunction(function=lambda context: [start_behaviour(
            context, node, {name: text for name in own_parameters(node)
                            if (text := context.launch_configurations[name])})])])


def checked_params_file(text: str) -> str:
    """
    Return the path of a file of parameters, read as ROS reads it.

    A process that can't read it ends at once, and would be started again for ever. Nodes of it
    that are nearly named like ours are warned of: nobody would read what they say.

    :raises RuntimeError: if there is none, or ROS can't read it.
    """
    path = Path(text).expanduser()
    if not path.is_file():
        raise RuntimeError(f'params_file is not a file: {text}')
    context = Context()
    try:
        context.init(['--ros-args', '--params-file', str(path)], initialize_logging=False)
    except RuntimeError as error:
        reason = str(error).partition('Error: ')[2].partition(', at ')[0] or error
        raise RuntimeError(f'params_file {text} is refused: {reason}') from None
    context.try_shutdown()
    document = yaml.safe_load(path.read_text(encoding='utf-8'))
    if not isinstance(document, (dict, type(None))):
        raise RuntimeError(f'params_file {text} is refused: it names no nodes')
    for name in (entry.rpartition('/')[2] for entry in entries(document)):
        near = difflib.get_close_matches(name, TABLES, 1, 0.8)
        if name not in TABLES and near:
            get_logger('params_file').warning(
                f'{text}: there is no node {name}: did you mean {near[0]}?')
    return str(path)


def start_behaviour(context, node: str, texts: dict) -> Node:
    """
    Return the node with the common arguments of the context.

    :param texts: ``{parameter: text}`` that override params_file.
    :raises RuntimeError: if one of them is refused, or params_file is.
    """
    arguments = context.launch_configurations
    params_file = checked_params_file(arguments['params_file'])
    outer = arguments.get('ros_namespace')
    namespace = make_namespace_absolute(prefix_namespace(outer, arguments['namespace'])) or '/'
    full_name = f'{namespace.rstrip("/")}/{node}'
    known = own_parameters(node)
    values = {name: parsed(known[name], text) for name, text in texts.items()}
    values['use_sim_time'] = arguments['use_sim_time'] == 'true'
    # What can't be configured would be started again for ever.
    respawn = arguments['respawn'] == 'true'
    values['keep_trying'] = respawn
    path = Path(launch_config.log_dir) / f'parameters{full_name.replace("/", "_")}.yaml'
    path.write_text(yaml.safe_dump({full_name: {'ros__parameters': values}}), encoding='utf-8')
    return Node(
        package=PACKAGE, executable=node, name=node, namespace=arguments['namespace'],
        parameters=[params_file, str(path)], output='screen',
        respawn=respawn, respawn_delay=RESPAWN_DELAY_S,
        on_exit=None if respawn else end_of_a_process,
        ros_arguments=['--log-level',
                       f'{full_name.strip("/").replace("/", ".")}:={arguments["log_level"]}'])


def parsed(parameter, text: str):
    """Return the text of an argument in the parameter's type; RuntimeError if it does not fit."""
    try:
        if parameter.type_name == 'bool':
            if text not in SWITCH:
                raise ValueError('expected true or false')
            return text == 'true'
        if parameter.name in PATHS:
            return str(Path(text).expanduser().absolute())
        kind = {'int': int, 'double': float}.get(parameter.type_name, str)
        return parameter.check(kind(text))
    except ValueError as error:
        raise RuntimeError(f'{parameter.name}:={text} is refused: {error}') from None
