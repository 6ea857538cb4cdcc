# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Play soothing sounds while the policy says so.

    ros2 launch baby_cry_detector soother.launch.py policy:=/path/of/policy.yaml
"""

from baby_cry_detector.ros.base.launching import describe_behaviour


def generate_launch_description():
    """Declare the node's parameters as arguments, and start it."""
    return describe_behaviour('soother', __file__)
