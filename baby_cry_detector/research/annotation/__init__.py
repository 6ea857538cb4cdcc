# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Many recordings → where babies cry in them, and how far two annotations agree.

In the formats of those who study that.

A recording is one stream: levels, hum and network carry on from its first sample to its last, so
it is never cut, but read as it goes in bounded memory; recordings are heard side by side.
"""
