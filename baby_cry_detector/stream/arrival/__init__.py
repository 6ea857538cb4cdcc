# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Parts of what judges arriving audio: copies, dropped blocks, byte order, clocks, words."""
