# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Random networks and checkpoints around them."""

from made_checkpoints import frames, make_checkpoint, small  # noqa: F401  # fixtures
