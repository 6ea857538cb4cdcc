# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Launch files of single nodes, started alone: they find what the package brings along."""

from pathlib import Path

import pytest

LAUNCH = Path(__file__).parents[2] / 'launch'


@pytest.mark.parametrize('name', ('diary', 'need_estimator', 'caregiver_alert', 'soother',
                                  'rocker', 'caregiver_page', 'baby_cry_detector'))
def test_a_launch_file_alone_finds_the_parameters_of_the_package(name):
    pytest.importorskip('launch_ros.actions', reason='needs the ROS 2 package launch_ros')
    from launch import LaunchContext
    from launch.actions import DeclareLaunchArgument
    from launch.launch_description_sources import get_launch_description_from_python_launch_file
    from launch.utilities import perform_substitutions
    description = get_launch_description_from_python_launch_file(
        str(LAUNCH / f'{name}.launch.py'))
    defaults = [perform_substitutions(LaunchContext(), entity.default_value)
                for entity in description.entities if isinstance(entity, DeclareLaunchArgument)
                and entity.name == 'params_file']
    assert len(defaults) == 1 and Path(defaults[0]).is_file()
