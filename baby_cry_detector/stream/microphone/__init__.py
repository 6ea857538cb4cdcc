# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What one microphone was over hours and days, and how that is kept; levels, never sound."""
