# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The example for robots without a diary: what its launch file starts."""

from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[3] / 'examples'


def test_its_launch_file_starts_the_button_the_learner_and_listening():
    pytest.importorskip('launch_ros.actions', reason='needs the ROS 2 package launch_ros')
    from launch import LaunchContext
    from launch.actions import ExecuteProcess, IncludeLaunchDescription
    from launch.launch_description_sources import get_launch_description_from_python_launch_file
    description = get_launch_description_from_python_launch_file(
        str(EXAMPLES / 'without_a_diary.launch.py'))
    processes = [entity for entity in description.entities if isinstance(entity, ExecuteProcess)]
    included = [entity for entity in description.entities
                if isinstance(entity, IncludeLaunchDescription)]
    assert len(processes) == 1 and len(included) == 2
    found = set()
    for entity in included:
        source = entity.launch_description_source
        source.get_launch_description(LaunchContext())
        found.add(Path(source.location).name)
    assert found == {'need_estimator.launch.py', 'baby_cry_detector.launch.py'}
