# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Alert the caregivers as the policy says.

    ros2 launch baby_cry_detector caregiver_alert.launch.py policy:=/path/of/policy.yaml
"""

from baby_cry_detector.ros.base.launching import describe_behaviour


def generate_launch_description():
    """Declare the node's parameters as arguments, and start it."""
    return describe_behaviour('caregiver_alert', __file__)
