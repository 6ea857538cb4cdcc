# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A robot without a diary: listening, the learner of needs, and a button that says what was done.

    ros2 launch examples/without_a_diary.launch.py source:=mic
    ros2 topic pub --once /crib/button std_msgs/msg/String '{data: fed}'
    ros2 topic echo /crib/say

The arguments of baby_cry_detector.launch.py work here too.
"""

from pathlib import Path
import sys

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

HERE = Path(__file__).absolute().parent


def generate_launch_description():
    """Start the button, the learner and listening; no diary."""
    launch = Path(get_package_share_directory('baby_cry_detector')) / 'launch'
    return LaunchDescription([
        DeclareLaunchArgument('namespace', default_value='crib', description='Of the crib.'),
        ExecuteProcess(cmd=[sys.executable, str(HERE / 'bedside_button.py'), '--ros-args', '-r',
                            ['__ns:=/', LaunchConfiguration('namespace')]], output='screen'),
        *[IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(launch / f'{name}.launch.py')))
          for name in ('need_estimator', 'baby_cry_detector')]])
