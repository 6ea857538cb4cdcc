# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Quality of service: reliable streams with depths sized in seconds, latched state.

Every endpoint accepts the standard `qos_overrides` parameters, so that a best-effort source can
be listened to without a change here.
"""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSPolicyKind, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions

# Audio and features survive a subscriber that is busy for this long.
QUEUE_S = 10.0
# What a subscriber reckons with of any publisher: a deeper queue would also hold more of a flood.
USUAL_MESSAGE_S = 0.02

LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE,
                     durability=DurabilityPolicy.TRANSIENT_LOCAL)
# A subscriber of what is believed: a burst of changes waits for one that is busy for this long. It
# is published `LATCHED`, of which one is kept: who joins late gets the present, nothing older.
STATE_QUEUE_S = 2.0
MOST_STATES_PER_S = 10
NEED = QoSProfile(depth=round(STATE_QUEUE_S * MOST_STATES_PER_S),
                  reliability=ReliabilityPolicy.RELIABLE,
                  durability=DurabilityPolicy.TRANSIENT_LOCAL)
STATE = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)

OVERRIDABLE = QoSOverridingOptions(
    policy_kinds=(QoSPolicyKind.DEPTH, QoSPolicyKind.HISTORY, QoSPolicyKind.RELIABILITY))


def depth_for(message_duration_s: float = USUAL_MESSAGE_S) -> int:
    """Return how many messages of that duration make QUEUE_S."""
    return max(10, round(QUEUE_S / message_duration_s))


def latched(depth: int) -> QoSProfile:
    """Return the profile of latched state of which no change may be missed in a burst."""
    return QoSProfile(depth=depth, reliability=ReliabilityPolicy.RELIABLE,
                      durability=DurabilityPolicy.TRANSIENT_LOCAL)


def stream(depth: int) -> QoSProfile:
    """Return the profile of audio and features."""
    return QoSProfile(depth=depth, history=HistoryPolicy.KEEP_LAST,
                      reliability=ReliabilityPolicy.RELIABLE)


def sensor(depth: int) -> QoSProfile:
    """Return the profile that hears a sensor, whether it publishes reliably or not."""
    return QoSProfile(depth=depth, reliability=ReliabilityPolicy.BEST_EFFORT)


# What must not be missed by who starts late or again: the newest ones are told anew, and whoever
# listens knows by their names which ones are new.
EVENTS = latched(100)
