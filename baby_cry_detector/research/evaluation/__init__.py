# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How good a detector is: scores of clips and streams, metrics with intervals, calibration.

May import every pure room; the training loop uses it, it does not use the loop.
"""
