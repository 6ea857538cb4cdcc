# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
When a caregiver is alerted, in which words, and how alerts leave the robot.

Channels have a thread each. May import `care.policy`, `fields`; paho, apprise where they are used.
"""
