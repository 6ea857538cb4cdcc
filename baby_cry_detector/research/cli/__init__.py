# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Subcommands of `baby-cry` for researchers: manifest, train, evaluate, experiment, export.

May import everything but ROS.
"""
