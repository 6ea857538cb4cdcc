# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Soothing sound: what is played, its level at the ear, the limiter that all passes, the player.

May import `audio`, `care.policy`, `fields` and `kept_state`.
"""
