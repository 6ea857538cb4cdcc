# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
One stream of audio from bytes to decisions: extraction, classification, replay of bags.

What nodes, `listen`, `plot` and bags run. May import `audio`, `features`, `model`, `decision`.
"""
