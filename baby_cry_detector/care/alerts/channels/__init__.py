# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How an alert reaches somebody: a sender for each kind of channel, a queue for each channel."""
