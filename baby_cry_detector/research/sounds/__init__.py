# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Sounds for training and streams: changed, made, read from disk, and heard by a teacher."""
