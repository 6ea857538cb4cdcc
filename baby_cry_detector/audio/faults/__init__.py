# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What no microphone gives that hears a room: told from the samples, a second at a time."""
