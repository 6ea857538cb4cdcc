# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a rocker says of itself: care events and diagnostics."""

from baby_cry_detector.care.motion.duty_store import boot_seconds
from baby_cry_detector.msg import CareEvent
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.ros_time import from_nanoseconds, now_nanoseconds
from diagnostic_msgs.msg import DiagnosticStatus

MEASURED = ('cry_share_before', 'cry_share_after', 'intensity_before', 'intensity_after')


class RockingEvents:
    """
    Publishes `care_event` about rocking.

    :param node: the managed node that rocks.
    """

    def __init__(self, node):
        """Create the publisher."""
        self._node = node
        self._publisher = node.offer(CareEvent, 'care_event', qos.EVENTS)

    def started(self, order, crib_id: str) -> None:
        """Say that a session began."""
        self._tell(order, CareEvent.PHASE_STARTED, 'started', order.since_ns, order.reason,
                   crib_id)

    def refused(self, order, why: str, crib_id: str) -> None:
        """Say that it was asked for and not done."""
        self._tell(order, CareEvent.PHASE_REFUSED, 'refused', order.since_ns, why, crib_id)

    def ended(self, effect, crib_id: str) -> None:
        """Say that a session ended, and what it changed."""
        self._tell(effect, CareEvent.PHASE_ENDED, 'ended', effect.until_ns, effect.why, crib_id,
                   **{name: getattr(effect, name) for name in MEASURED})

    def wrong(self, why: str, crib_id: str) -> None:
        """Say that the crib is connected so that nobody may move it."""
        now_ns = now_nanoseconds(self._node)
        self._publish(CareEvent(
            event_id=f'{self._node.get_fully_qualified_name()}/{now_ns}', text=why,
            phase=CareEvent.PHASE_REFUSED, **dict.fromkeys(MEASURED, float('nan'))),
            now_ns, crib_id)

    def _tell(self, action, phase, word, stamp_ns, text, crib_id, **measured):
        self._publish(CareEvent(
            event_id=f'{action.action_id}/{word}', action_id=action.action_id, phase=phase,
            episode_id=action.episode_id, text=text,
            **{name: measured.get(name, float('nan')) for name in MEASURED}), stamp_ns, crib_id)

    def _publish(self, message, stamp_ns, crib_id):
        message.kind, message.who = CareEvent.KIND_ROCKING, self._node.get_name()
        message.header.stamp = from_nanoseconds(stamp_ns)
        message.header.frame_id = crib_id
        self._publisher.publish(message)

    def close(self) -> None:
        """Give the publisher back."""
        self._node.destroy_lifecycle_publisher(self._publisher)


def diagnose(drive, duty, stop, stop_inputs: int, crib_id: str, silent: str):
    """
    Return (level, message, details) of a rocker.

    :param drive: its `CribDrive`; ``None`` while it is not active.
    :param duty: what was rocked.
    :param stop: its `KeptStop`.
    :param silent: what is not heard of the baby, or ''.
    """
    now_s = boot_seconds()
    holds = stop.latch.objection(now_s)
    details = {'enabled': not stop.latch.forbidden, 'stop': holds or 'none',
               'stop_inputs': stop_inputs,
               'rocked_s': round(duty.used_ns(round(now_s * 1e9)) * 1e-9, 1),
               'left_s': round(duty.left_ns(round(now_s * 1e9)) * 1e-9, 1)}
    if drive is None:
        return DiagnosticStatus.WARN, 'not active', {**details, 'imu': 'none'}
    machine, conditions = drive.machine, drive.conditions(holds)
    details.update(imu=drive.imu.word(), interface=drive.output.interface,
                   topic=drive.output.topic, crib=crib_id, why=machine.why,
                   **drive.crib.figures())
    if machine.is_rocking:
        details.update(frequency_hz=round(machine.profile.frequency_hz, 3),
                       amplitude_mm=round(1e3 * machine.profile.amplitude_m, 1))
    moving = drive.is_moving
    if conditions.error:
        return DiagnosticStatus.ERROR, conditions.error, details
    if conditions.crib and not moving:
        return DiagnosticStatus.ERROR, f'nothing can be rocked: {conditions.crib}', details
    for trouble in (silent, conditions.clock, conditions.imu):
        if trouble:
            return DiagnosticStatus.WARN, trouble, details
    state = 'rocking' if machine.is_rocking else 'coming to rest' if moving else 'at rest'
    for trouble in (drive.crib.heeding.trouble, drive.trouble, stop.trouble, holds):
        if trouble:
            return DiagnosticStatus.WARN, f'{state}; {trouble}', details
    return DiagnosticStatus.OK, state, details
