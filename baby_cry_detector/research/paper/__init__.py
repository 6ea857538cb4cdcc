# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The paper's experiments repeated on open data, their figures and report.

May import `research.training` and `research.model`.
"""
