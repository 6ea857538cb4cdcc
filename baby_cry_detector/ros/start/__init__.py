# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is decided before ROS is initialised: who may join the graph. Imports no ROS client."""
