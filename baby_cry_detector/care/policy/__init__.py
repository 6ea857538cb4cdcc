# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The caregiver's policy: its file, and the engine that turns what is heard into orders.

Pure but for reading the file (`places`). May import `decision` and `fields`.
"""
