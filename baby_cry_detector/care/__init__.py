# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What follows from `cry_need`: one room each for policy, motion, sound, alerts and diary.

No ROS. Every room holds pure logic first, and beside it what it keeps on disk or sends away.
"""
