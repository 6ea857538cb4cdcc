# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The open training set: fetched, unpacked, decoded, told apart, listed.

See `build.py`; the sources are in ``config/training/corpus.yaml``.
"""
