# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The caregiver's page: what it shows, what it accepts, and the server that says so. No ROS.

`ros/nodes/caregiver_page.py` feeds it from the graph and carries its requests out.
"""
