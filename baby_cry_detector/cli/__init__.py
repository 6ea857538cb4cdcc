# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
`baby-cry` and the subcommands that a robot's owner uses; those of research are in `research/cli`.

May import everything but ROS.
"""
