# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Between the messages about care and what is said, kept in the diary and shown on the page."""

from typing import Any, Dict

from baby_cry_detector.care.alerts.alert_words import Said
from baby_cry_detector.care.diary.rows import AlertEntry, CareEntry
from baby_cry_detector.care.need.watching import Estimate, Week
from baby_cry_detector.care.sound.sound_orders import SoundEvent
from baby_cry_detector.msg import CareEvent, CryAlert, NeedEstimate
from baby_cry_detector.needs import KIND_NAMES, Need, need_of, PHASE_NAMES
from baby_cry_detector.page.state import AlertReport, CareReport
from baby_cry_detector.ros.base.ros_time import (duration_from_nanoseconds, from_nanoseconds,
                                                 to_nanoseconds)

MEASURED = ('cry_share_before', 'cry_share_after', 'intensity_before', 'intensity_after')


def care_entry(message: CareEvent) -> CareEntry:
    """
    Return a care event as it is kept.

    :raises ValueError: if it has no name, or its kind or phase is unknown.
    """
    if message.kind >= len(KIND_NAMES) or message.phase >= len(PHASE_NAMES):
        raise ValueError(f'care_event of kind {message.kind} and phase {message.phase} is not '
                         'understood')
    return CareEntry(
        event_id=message.event_id, stamp_ns=to_nanoseconds(message.header.stamp),
        kind=KIND_NAMES[message.kind], crib_id=message.header.frame_id,
        phase=PHASE_NAMES[message.phase], action_id=message.action_id, who=message.who,
        episode_id=message.episode_id, text=message.text, label=message.label,
        until_ns=to_nanoseconds(message.until),
        **{name: float(getattr(message, name)) for name in MEASURED})


def care_message(entry: CareEntry) -> CareEvent:
    """Return an entry as a care event."""
    message = CareEvent(
        event_id=entry.event_id, kind=KIND_NAMES.index(entry.kind),
        phase=PHASE_NAMES.index(entry.phase), action_id=entry.action_id, who=entry.who,
        episode_id=entry.episode_id, text=entry.text, label=entry.label,
        until=from_nanoseconds(entry.until_ns))
    message.header.stamp = from_nanoseconds(entry.stamp_ns)
    message.header.frame_id = entry.crib_id
    for name in MEASURED:
        value = getattr(entry, name)
        setattr(message, name, float('nan') if value is None else value)
    return message


def sound_entry(event: SoundEvent, node_name: str, crib_id: str) -> CareEntry:
    """Return what became of a sound order as it is kept; who plays is told by its full name."""
    measured: Dict[str, Any] = {name: getattr(event.effect, name, None) for name in MEASURED}
    action_id = f'{node_name}/{event.action}'
    return CareEntry(
        event_id=f'{action_id}/{event.phase}', stamp_ns=event.stamp_ns, kind='sound',
        crib_id=crib_id, phase=event.phase, action_id=action_id, who='soother',
        episode_id=event.episode_id, text=event.text, **measured)


def alert_entry(message: CryAlert) -> AlertEntry:
    """Return an alert as it is kept."""
    return AlertEntry(
        alert_id=message.alert_id, crib_id=message.header.frame_id,
        episode_id=message.episode_id, stamp_ns=to_nanoseconds(message.header.stamp),
        sequence=message.sequence, priority=message.priority, text=message.text,
        ended=message.state == CryAlert.STATE_END,
        acknowledged_by=message.acknowledged_by if message.acknowledged else '')


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


def alert_message(said: Said) -> CryAlert:
    """Return a word as a message."""
    message = CryAlert(
        state=said.state, priority=said.priority, alert_id=said.alert_id,
        sequence=said.sequence, text=said.text, episode_id=said.episode_id,
        intensity=float(said.intensity), need=int(Need[said.need]),
        confidence=float(said.confidence), acknowledged=said.acknowledged,
        acknowledged_by=said.acknowledged_by, listening=said.listening)
    message.header.stamp = from_nanoseconds(said.stamp_ns)
    message.header.frame_id = said.crib_id
    message.onset = from_nanoseconds(said.onset_ns)
    message.duration = duration_from_nanoseconds(said.duration_ns)
    message.snoozed_until = from_nanoseconds(said.snoozed_until_ns)
    return message


def alert_key(message: CryAlert) -> tuple:
    """Return what tells one word from another, of any sender."""
    stamp = message.header.stamp
    return (message.state, message.alert_id, message.sequence, stamp.sec, stamp.nanosec)


def estimate_message(estimate: Estimate) -> NeedEstimate:
    """Return what is known of a need as a message."""
    message = NeedEstimate(
        episode_id=estimate.episode_id, need=_number(estimate.need),
        confidence=estimate.confidence, need_basis=estimate.basis, need_right=estimate.right,
        need_of=estimate.of, need_base_right=estimate.base_right, need_reason=estimate.reason,
        base_need=_number(estimate.base), names_needs=estimate.names_needs,
        probability_better=estimate.probability_better,
        calibration_error=estimate.calibration_error,
        week_right=[week.right for week in estimate.weeks],
        week_of=[week.of for week in estimate.weeks],
        week_base_right=[week.base_right for week in estimate.weeks],
        noted_episode_id=estimate.noted_episode_id, noted_need=_number(estimate.noted_need),
        ready=estimate.is_ready)
    message.header.stamp = from_nanoseconds(estimate.stamp_ns)
    message.header.frame_id = estimate.crib_id
    return message


def _number(need: str) -> int:
    return int(Need[need.upper()]) if need else int(Need.UNKNOWN)


def estimate_report(message: NeedEstimate) -> Estimate:
    """Return what a message says of a need; a number that is none of ours is unknown."""
    weeks = zip(message.week_right, message.week_of, message.week_base_right)
    return Estimate(
        to_nanoseconds(message.header.stamp), message.header.frame_id, message.episode_id,
        _name(message.need), message.confidence, message.need_basis, message.need_right,
        message.need_of, message.need_base_right, _name(message.base_need), message.need_reason,
        message.names_needs, message.probability_better, message.calibration_error,
        tuple(Week(*week) for week in weeks), message.noted_episode_id,
        _name(message.noted_need) if message.noted_need else '', message.ready)


def _name(need: int) -> str:
    return need_of(need).name.lower()
