# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The second listener: a network that knows what else a sound is, and a probe on it."""
