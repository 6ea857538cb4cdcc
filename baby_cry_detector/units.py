# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Time in whole nanoseconds, as stamps have it: the constants and conversions, once.

Pure. Stamps and durations are integers (``_ns``), settings are floats in seconds (``_s``).
"""

MILLISECOND_NS = 1_000_000
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS


def to_ns(seconds: float) -> int:
    """Return seconds as the nearest whole nanoseconds; ValueError or OverflowError if none is."""
    return round(seconds * SECOND_NS)


def to_s(nanoseconds: int) -> float:
    """Return nanoseconds as seconds."""
    return nanoseconds / SECOND_NS
