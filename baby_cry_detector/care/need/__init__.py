# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Learning one baby: labels from what stops the crying, a small learner, and its record of itself.

Pure: NumPy alone, no clock and no files. Times come in with the diary's entries.
"""
