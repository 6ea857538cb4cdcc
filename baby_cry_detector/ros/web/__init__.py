# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What nodes that serve a page share: opening its server, and carrying out what browsers ask for.

May import `ros.base` and `page`; `ros.nodes` imports it.
"""
