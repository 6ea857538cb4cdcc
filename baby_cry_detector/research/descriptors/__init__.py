# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The INTERSPEECH 2010 and ComParE 2016 sets and what only they use, and functionals.

May import `features`; `period_walk.c` is compiled, and Python computes the same without it.
"""
