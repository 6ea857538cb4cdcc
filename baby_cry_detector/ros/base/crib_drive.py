# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A crib that is driven: the pure `CribMotion`, its clock, its topics and what is kept of it."""

import time
from typing import List, Optional

from baby_cry_detector.care.motion.crib_motion import CribMotion
from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.care.motion.duty_store import boot_seconds, KeptDuty
from baby_cry_detector.care.motion.joint import Joint
from baby_cry_detector.care.motion.permission import Conditions
from baby_cry_detector.care.motion.rocking_machine import RockingMachine
from baby_cry_detector.ros.base.crib_inputs import ImuInput, JointStates, MotionClock
from baby_cry_detector.ros.base.motion_output import Moment, MotionOutput
from baby_cry_detector.ros.base.parameters import RockerSettings
from rclpy.subscription import Subscription
from rclpy.timer import Timer

PLAN_TICK_S, SETPOINT_TICK_S, KEEP_PERIOD_S = 0.05, 0.02, 1.0
TRIES = 3


class CribDrive:
    """
    Moves one crib for a managed node.

    :param node: whose topics and timers these are.
    :param values: its parameters.
    :param duty: what was rocked as long as the process lives; grows by what the file holds.
    :param on_tick: is called with every tick while something moves; it calls `step`.
    :raises ValueError: if the parameters are no crib.
    """

    def __init__(self, node, values: RockerSettings, duty: DutyLog, on_tick) -> None:
        """Open the command topic and the log of motion; nothing moves."""
        self._node, self._values, self._on_tick = node, values, on_tick
        self.joint = joint_of(values)
        self.duty = DutyLog(60.0 * values.duty_min_per_hour)
        self._file = None
        if values.keep_duty:
            self._file = KeptDuty(node.get_fully_qualified_name(), node.report)
            self._file.open(self.duty)
        self.duty.add(duty)
        self.output = MotionOutput(node, values.interface, values.command_topic, self.joint)
        self._kept_s = 0.0
        self._subscriptions: List[Subscription] = []
        self._timer: Optional[Timer] = None    # this and what is listened to: while active
        self._states: Optional[JointStates] = None
        self.imu: Optional[ImuInput] = None
        self._clock = MotionClock(node, values.watchdog_s)
        self.crib = self._new_crib()

    def _new_crib(self) -> CribMotion:
        values = self._values
        machine = RockingMachine(
            self.duty, self.joint, values.max_acceleration, values.session_s,
            values.ramp_s, values.max_amplitude_mm,
            setpoints=not self.output.is_trajectory)
        return CribMotion(machine, boot_seconds(), is_measured=not values.open_loop,
                          has_place=values.interface != 'twist')

    def activate(self, on_imu_stop) -> None:
        """Listen to the joint and the IMU; nothing is known of before."""
        node, values = self._node, self._values
        owed, self.crib = self.crib.owed, self._new_crib()
        self.output.has_commanded = False
        self.output.look_anew()
        self._clock = MotionClock(node, values.watchdog_s)
        self.imu = ImuInput(node, values.imu_acceleration_limit, values.require_imu,
                            on_imu_stop)
        self._subscriptions = [self.imu.subscription]
        if self.crib.needs_states:
            self._states = JointStates(
                node, values.joint_states_topic, self.joint.name, self._measure)
            self._subscriptions.append(self._states.subscription)
        self._timer = node.every(
            PLAN_TICK_S if self.output.is_trajectory else SETPOINT_TICK_S, self._on_tick)
        self._timer.cancel()
        if owed:                       # said before anything was measured
            self.halt(owed)

    def deactivate(self) -> None:
        """Stop listening; what moves has been halted."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
        self._subscriptions, self._timer = [], None
        self.keep()

    def close(self) -> None:
        """Give everything back."""
        self.output.close()
        if self._file is not None:
            self._file.close()

    # --- what is known ---------------------------------------------------------------------------
    @property
    def machine(self) -> RockingMachine:
        """Return what moves it."""
        return self.crib.machine

    @property
    def is_moving(self) -> bool:
        """Return whether anything that was sent has not come to its end."""
        return self.crib.is_moving(boot_seconds())

    @property
    def is_watched(self) -> bool:
        """Return whether a stop is owed, or it is watched whether one is carried out."""
        return bool(self.crib.owed) or self.crib.is_watched(boot_seconds())

    @property
    def trouble(self) -> str:
        """Return why the log of motion is not kept, or ''."""
        return self._file.trouble if self._file is not None else ''

    def conditions(self, stop: str) -> Conditions:
        """Return all that is known about whether it may move; ``stop``: why a stop holds."""
        assert self.imu is not None            # it is active
        output = self.output
        commanders = output.commanders()
        self.crib.is_alone = commanders <= 1 or output.is_alone()
        crib = self.crib.objection(boot_seconds())
        if crib and self._states is not None and self._states.others:
            crib += f' (they name {", ".join(self._states.others)})'
        listeners = output.listeners(self._values.open_loop)
        return Conditions(
            commanders, listeners, output.looked_s(), output.topic, stop=stop,
            clock=self._clock.trouble(), crib=crib, imu=self.imu.trouble(),
            deaf=output.listeners() - listeners)

    def _measure(self, now_s, position, age_s):
        self.crib.measure(now_s, position, age_s)
        if self._is_ticking and self.output.is_trajectory:
            self.step()                # a plan goes out on what was measured just now

    # --- what is done ----------------------------------------------------------------------------
    @property
    def _is_ticking(self) -> bool:
        return self._timer is not None and not self._timer.is_canceled()

    def start(self, frequency_hz: float, amplitude_mm: float) -> str:
        """Begin a session; return why not, or ''."""
        why = self.crib.start(boot_seconds(), frequency_hz, amplitude_mm)
        if not why and self._timer is not None:
            self._timer.reset()
        return why

    def stop(self, why: str) -> None:
        """Come to rest smoothly; `step` sends it."""
        self.crib.stop(boot_seconds(), why)

    def step(self) -> None:
        """Send what is due."""
        moment = self._read_clocks()
        self.crib.is_delivered = not self.output.is_trajectory or self.output.is_delivered()
        motion = self.crib.step(moment.boot_s)
        gate, output = self.machine.gate, self.output
        if output.is_trajectory:
            if motion is not None and not output.send_plan(motion, moment):
                self.crib.unsend()     # the next tick makes another
                self._node.report('late', 'a plan was not sent: making it took too long')
        elif self._is_ticking and gate.is_known:
            output.send_setpoint(*self.machine.setpoint(moment.boot_s))
        if gate.refused:
            self._node.report('gate', f'a plan did not pass the gate: {gate.refused}')
            gate.refused = ''
        if self.is_moving:
            self.keep(KEEP_PERIOD_S)

    def _read_clocks(self) -> Moment:
        moment = Moment.read(self._node)
        # A simulated clock goes in steps, and stamps and controller follow the same one.
        if moment.is_exact and not self._node.get_clock().ros_time_is_active:
            self.crib.read_clocks(moment.boot_s, moment.stamp_ns * 1e-9)
        return moment

    def rest(self) -> None:
        """Stop the ticks once nothing moves."""
        if not self.is_moving and not self.is_watched and self._timer is not None and (
                not self._timer.is_canceled()):
            self._timer.cancel()
            self.keep()

    def halt(self, why: str, wait: bool = False) -> bool:
        """
        Stop at once; return whether there was anything to stop.

        :param wait: whether to stay here (half a second at most) until set-points have brought it
            to rest.
        """
        was_moving = self.is_moving
        for _ in range(TRIES):
            moment = self._read_clocks()
            motion = self.crib.halt(moment.boot_s, why)
            if motion is None or not self.output.is_trajectory or self.output.send_plan(
                    motion, moment):
                break
            self.crib.unsend()
        if not self.output.is_trajectory:
            self._halt_setpoints(moment.boot_s, wait)
        elif self._timer is not None and (motion is not None or self.is_watched):
            self._timer.reset()        # to see whether it is followed, or how it moves
        if self.crib.owed:
            self._node.report('owed', f'to be stopped ({why}): waits for {self.crib.lacks}; what '
                              'was sent before ends at rest')
        return was_moving or motion is not None

    def _halt_setpoints(self, now_s, wait):
        gate, output = self.machine.gate, self.output
        if not gate.is_known:
            if output.interface == 'twist':
                output.send_setpoint(0.0, 0.0)     # a base goes on as it was told
            return
        if not output.has_commanded:
            return
        output.send_setpoint(*self.machine.setpoint(now_s))
        while wait and gate.is_moving(now_s):
            time.sleep(SETPOINT_TICK_S)
            now_s = boot_seconds()
            output.send_setpoint(*self.machine.setpoint(now_s))
        if not wait and self._timer is not None:
            self._timer.reset()

    def keep(self, period_s: float = 0.0) -> None:
        """Write the log of motion, if the last time was so long ago."""
        now_s = boot_seconds()
        if self._file is not None and now_s - self._kept_s >= period_s:
            self._kept_s = now_s
            self._file.keep(self.duty)

    def keep_again(self) -> None:
        """Write the log where that failed: perhaps there is room again."""
        if self.trouble:
            self.keep(KEEP_PERIOD_S)


def joint_of(values: RockerSettings) -> Joint:
    """Return the joint of a node's parameters."""
    return Joint(values.joint, values.rest_position, values.units_per_metre)
