# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The detector as it runs: architecture, checkpoint file, streaming NumPy network.

May import NumPy only; training and export live in `research/model`.
"""
