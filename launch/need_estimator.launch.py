# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Say why the baby of one crib cries, as far as that is known; beside the diary.

    ros2 launch baby_cry_detector need_estimator.launch.py
"""

from baby_cry_detector.ros.base.launching import describe_behaviour


def generate_launch_description():
    """Declare the node's parameters as arguments, and start it."""
    return describe_behaviour('need_estimator', __file__)
