# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Rocking: the motion, the gate that every command passes, duty, IMU guard and what is kept.

May import `fields` and `kept_state`, nothing of the other care rooms.
"""
