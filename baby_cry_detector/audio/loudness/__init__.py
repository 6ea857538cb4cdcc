# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How loud sound is to an ear, and the limiter in front of every loudspeaker of the robot."""
