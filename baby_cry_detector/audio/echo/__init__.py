# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the robot's own loudspeakers play, taken out of what its microphone gives."""

from baby_cry_detector.audio.echo.canceller import EchoCanceller
from baby_cry_detector.audio.echo.tracker import State

__all__ = ['EchoCanceller', 'State']
