# Copyright 2026 The baby_cry_detector authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""
Serve the caregiver's page for one crib, beside the graph of baby_cry_detector.launch.py.

    ros2 launch baby_cry_detector caregiver_page.launch.py host:=0.0.0.0
"""

from pathlib import Path

from baby_cry_detector.nodes.parameters import TABLES
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node

PACKAGE = 'baby_cry_detector'
SHARE = Path(__file__).absolute().parent.parent
RESPAWN_DELAY_S = 2.0
SWITCH = ['true', 'false']
OWN = {parameter.name: parameter for parameter in TABLES['caregiver_page']
       if parameter.name != 'autostart'}


def generate_launch_description():
    """Declare the arguments: the node's parameters, and where it runs."""
    return LaunchDescription([
        *[DeclareLaunchArgument(
            name, default_value='',
            description=f'{parameter.description} Empty here: as in params_file.')
          for name, parameter in OWN.items()],
        DeclareLaunchArgument('namespace', default_value='crib',
                              description='Namespace of the crib whose page this is.'),
        DeclareLaunchArgument('params_file',
                              default_value=str(SHARE / 'config' / f'{PACKAGE}.yaml'),
                              description='Parameters, keyed by /**/NODE.'),
        DeclareLaunchArgument('use_sim_time', default_value='false', choices=SWITCH,
                              description='Take the time from /clock.'),
        DeclareLaunchArgument('respawn', default_value='true', choices=SWITCH,
                              description='Start the page again when it dies.'),
        OpaqueFunction(function=start)])


def start(context):
    """Return the node; RuntimeError says which argument is refused."""
    arguments = context.launch_configurations
    if not Path(arguments['params_file']).is_file():
        raise RuntimeError(f'params_file is not a file: {arguments["params_file"]}')
    values = {name: parsed(parameter, arguments[name]) for name, parameter in OWN.items()
              if arguments[name]}
    return [Node(
        package=PACKAGE, executable='caregiver_page', name='caregiver_page',
        namespace=arguments['namespace'],
        parameters=[arguments['params_file'],
                    {**values, 'use_sim_time': arguments['use_sim_time'] == 'true'}],
        output='screen', respawn=arguments['respawn'] == 'true',
        respawn_delay=RESPAWN_DELAY_S)]


def parsed(parameter, text):
    """Return the text of an argument in the parameter's type."""
    try:
        if parameter.type_name == 'bool':
            if text not in SWITCH:
                raise ValueError('expected true or false')
            return text == 'true'
        return parameter.check(int(text) if parameter.type_name == 'int' else text)
    except ValueError as error:
        raise RuntimeError(f'{parameter.name}:={text} is refused: {error}') from None
