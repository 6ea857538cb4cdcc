# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From `cry_need` to what the policy hears."""

import math

from baby_cry_detector.care.policy.plan import Heard
from baby_cry_detector.decision import Need, STATUS_NAMES
from baby_cry_detector.msg import CryNeed
from baby_cry_detector.ros.base.ros_time import to_nanoseconds

# A word without a measure is still a word: neither the strongest nor the weakest.
UNTOLD_INTENSITY = 0.5
NEED_NAMES = {int(need): need.name.lower() for need in Need}


def within_one(value: float, otherwise: float) -> float:
    """Return a value from 0 to 1; what is outside counts as the nearer end."""
    return otherwise if math.isnan(value) else min(1.0, max(0.0, value))


def heard_from(message: CryNeed) -> Heard:
    """
    Return what a message says, whatever it holds.

    A status or need that nobody knows is no audio, or unknown; intensity and confidence are from
    0 to 1.
    """
    status = (STATUS_NAMES[message.status] if message.status < len(STATUS_NAMES) else 'no_audio')
    return Heard(
        stamp_ns=to_nanoseconds(message.header.stamp), status=status, crying=message.crying,
        need=NEED_NAMES.get(message.need, 'unknown'),
        confidence=within_one(message.confidence, 0.0),
        intensity=within_one(message.intensity, UNTOLD_INTENSITY),
        episode_id=message.episode_id,
        onset_ns=to_nanoseconds(message.onset), duration_ns=to_nanoseconds(message.duration),
        crib_id=message.header.frame_id)
