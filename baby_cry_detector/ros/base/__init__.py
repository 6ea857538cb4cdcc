# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the nodes share: managed node, parameters, quality of service, time and conversions."""
