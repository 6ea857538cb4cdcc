# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Stops: what latches, what is kept of that on disk, and whether one that was sent is heeded."""
