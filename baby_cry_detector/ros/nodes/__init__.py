# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One small file per node: subscriptions, services and timers around the pure rooms."""
