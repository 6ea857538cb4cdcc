# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the learner of needs reaches: random babies, made households, known speakers."""
