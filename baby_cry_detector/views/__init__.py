# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of what the detector hears: pure, drawn with NumPy, the text with Pillow."""
