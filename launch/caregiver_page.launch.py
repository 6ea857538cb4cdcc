# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Serve the caregiver's page for one crib, beside the graph of baby_cry_detector.launch.py.

    ros2 launch baby_cry_detector caregiver_page.launch.py host:=0.0.0.0
"""

from baby_cry_detector.ros.base.launching import describe_behaviour


def generate_launch_description():
    """Declare the node's parameters as arguments, and start it."""
    return describe_behaviour('caregiver_page', __file__)
