# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From the messages to what the caregiver's page reads of them."""

from baby_cry_detector.msg import CareEvent, CryAlert
from baby_cry_detector.ros.base.ros_time import to_nanoseconds
from baby_cry_detector.page.state import AlertReport, CareReport


def alert_report(message: CryAlert) -> AlertReport:
    """Return an `alert`."""
    return AlertReport(
        state=message.state, priority=message.priority, alert_id=message.alert_id,
        text=message.text, episode_id=message.episode_id, acknowledged=message.acknowledged,
        acknowledged_by=message.acknowledged_by,
        snoozed_until_ns=to_nanoseconds(message.snoozed_until), listening=message.listening,
        stamp_ns=to_nanoseconds(message.header.stamp))


def care_report(message: CareEvent) -> CareReport:
    """Return a `care_event`."""
    return CareReport(
        kind=message.kind, phase=message.phase, action_id=message.action_id, who=message.who,
        text=message.text, stamp_ns=to_nanoseconds(message.header.stamp))
