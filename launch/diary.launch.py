# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Write down every episode, alert and care event.

    ros2 launch baby_cry_detector diary.launch.py file:=/path/of/diary.sqlite
"""

from baby_cry_detector.ros.base.launching import describe_behaviour


def generate_launch_description():
    """Declare the node's parameters as arguments, and start it."""
    return describe_behaviour('diary', __file__)
