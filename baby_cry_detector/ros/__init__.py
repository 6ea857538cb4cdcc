# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The ROS shell: `nodes`, one file each, `base`, what they share, `start`, `tools`, no nodes.

The only room that may import rclpy and messages; nothing outside imports it.
"""
