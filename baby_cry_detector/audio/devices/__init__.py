# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Microphone and loudspeaker through PortAudio, each in a process of its own.

The `*_process` files run as scripts and import nothing of the package.
"""
