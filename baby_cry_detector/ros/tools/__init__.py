# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Programs around the graph: `make run`, the supervisor, the player of recordings."""
