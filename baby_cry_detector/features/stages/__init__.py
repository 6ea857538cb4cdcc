# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The steps that feature sets are made of: framing, spectrum, mel, pitch, voicing, smoothing.

May import NumPy.
"""
