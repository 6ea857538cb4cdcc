# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Cries and household sounds made by the project: for demonstrations, tests and training.

May import NumPy, SciPy.
"""
