# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Rock a crib while the policy says so; only on one whose maker approves powered motion.

    ros2 launch baby_cry_detector rocker.launch.py duty_min_per_hour:=10.0
"""

from baby_cry_detector.ros.base.launching import describe_behaviour


def generate_launch_description():
    """Declare the node's parameters as arguments, and start it."""
    return describe_behaviour('rocker', __file__)
