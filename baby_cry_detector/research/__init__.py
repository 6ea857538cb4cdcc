# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What no robot runs: training, evaluation, the paper's experiments, large descriptor sets, export.

Installed by the extra `[training]`; nothing outside may import it, but by name on request.
"""
