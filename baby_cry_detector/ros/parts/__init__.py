# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What one node consists of besides its class and needs ROS for: topics, watches, requests."""
