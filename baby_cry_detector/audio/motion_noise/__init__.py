# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the robot's own motion sounds like, by the phase of the motion, made softer."""

from baby_cry_detector.audio.motion_noise.suppressor import MotionNoise

__all__ = ['MotionNoise']
