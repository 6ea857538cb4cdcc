# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Serve one page for the cribs of a ward, on any machine that hears their graphs.

    ros2 launch baby_cry_detector ward_page.launch.py namespace:=ward cribs:=room_1,room_2
"""

from baby_cry_detector.ros.base.launching import describe_behaviour


def generate_launch_description():
    """Declare the node's parameters as arguments, and start it."""
    return describe_behaviour('ward_page', __file__)
