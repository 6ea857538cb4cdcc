# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The diary: what a row is (`rows`), its SQLite file, clips, export and picture.

May import `care.policy` and `fields`; matplotlib in `plot` only.
"""
