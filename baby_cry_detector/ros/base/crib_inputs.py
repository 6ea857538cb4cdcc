# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a node that moves a crib hears besides `cry_need`: stops, the joint, the IMU, the clock."""

from collections import deque
import math
import time
from typing import Deque, Tuple

from baby_cry_detector.care.motion.duty_store import boot_seconds
from baby_cry_detector.care.motion.imu_guard import ImuGuard, NONE, STOP, up_from_quaternion
from baby_cry_detector.care.motion.permission import CLOCK_STANDS
from baby_cry_detector.care.motion.stamp_clock import MachineClock
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.managed_node import survive
from baby_cry_detector.ros.base.ros_time import (Arrival, now_nanoseconds, StandingClock,
                                                 to_nanoseconds)
from rclpy.duration import Duration
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Empty

IMU_TIMEOUT_S = 0.5
# Leases of stop inputs are told apart in powers of two; a longer one is left to discovery.
SHORTEST_LEASE_S, LONGEST_LEASE_S = 0.25, 64.0
# A clock that is so far off real time within some seconds is no clock to plan motion on.
MOST_DRIFT_S, DRIFT_WINDOW_S = 0.25, 5.0
SAME_MOMENT_S = 2e-3                      # two clocks that were not read within it say nothing


class StopInputs:
    """
    `rock_stop` from whoever publishes it, reliably or not, and the loss of one that was there.

    One whose process or network is gone is missed once discovery forgets it (the lease of its
    participant). One that offers a lease of its own is missed when that has passed: DDS tells only
    readers that ask for one, and who asks hears nobody that offers none, so such a reader is made
    for each who does.

    :param node: a managed node; from its construction on, whatever its state.
    :param on_stop: is called with who said stop.
    """

    def __init__(self, node, on_stop):
        """Subscribe twice: a reliable reader hears no best-effort writer, the other may lose."""
        self._node, self._on_stop = node, on_stop
        self._known = {}
        self._subscriptions = [
            self._subscribe(QoSProfile(depth=10, reliability=reliability))
            for reliability in (ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT)]
        self._leases = set()

    def _subscribe(self, profile: QoSProfile):
        return self._node.create_subscription(
            Empty, 'rock_stop', self._on_rock_stop, profile,
            event_callbacks=SubscriptionEventCallbacks(
                incompatible_qos=lambda event: None, liveliness=self._note_liveliness))

    def _watch(self, profile: QoSProfile) -> None:
        """Ask to be told when one that offers this profile lets its lease pass."""
        lease_ns = profile.liveliness_lease_duration.nanoseconds
        if not 0 < lease_ns <= LONGEST_LEASE_S * 1e9:
            return
        lease_s = max(SHORTEST_LEASE_S, 2.0 ** math.ceil(math.log2(lease_ns * 1e-9)))
        # One that asserts it by topic asserts it to reliable readers.
        key = profile.liveliness, profile.reliability, lease_s
        if key not in self._leases:
            self._leases.add(key)
            self._subscriptions.append(self._subscribe(QoSProfile(
                depth=10, liveliness=key[0], reliability=key[1],
                liveliness_lease_duration=Duration(seconds=lease_s))))

    def _on_rock_stop(self, message):
        self._on_stop('rock_stop')

    def _note_liveliness(self, event):
        if event.not_alive_count_change > 0:
            self._on_stop('a stop input is no longer alive')

    def look(self) -> None:
        """Notice a stop input that has gone; call this several times a second."""
        topic = self._subscriptions[0].topic_name
        if self._node.count_publishers(topic) == len(self._known) == 0:
            return
        found = self._node.get_publishers_info_by_topic(topic)
        present = {bytes(bytearray(info.endpoint_gid)): f'{info.node_namespace}/{info.node_name}'
                   for info in found}
        for info in found:
            self._watch(info.qos_profile)
        lost = [name for gid, name in self._known.items() if gid not in present]
        self._known = present
        if lost:
            self._on_stop(f'the stop input {lost[0].replace("//", "/")} was lost')

    def count(self) -> int:
        """Return how many stop inputs there are."""
        return len(self._known)


class JointStates:
    """
    `joint_states` of one joint.

    :param node: a managed node.
    :param topic: where they are published.
    :param name: of the joint.
    :param take: is called with (seconds since the machine started, position, age of the stamp in
        seconds) for each sample.
    """

    def __init__(self, node, topic: str, name: str, take):
        """Subscribe as a sensor is heard, whether it publishes reliably or not."""
        self._node, self._name, self._take = node, name, take
        self.others = ()                  # joints that are named where ours is not
        self.subscription = node.create_subscription(
            JointState, topic, survive(lambda _, message: self._on_states(message)).__get__(node),
            qos.sensor(50))

    def _on_states(self, message):
        if self._name not in message.name:
            self.others = tuple(message.name[:5])
            return
        self.others = ()
        if message.name.count(self._name) > 1:
            self.others = (f'{self._name} {message.name.count(self._name)} times',)
            return
        index = message.name.index(self._name)
        if index >= len(message.position):
            return
        stamp_ns = to_nanoseconds(message.header.stamp)
        age_s = 0.0 if stamp_ns == 0 else (now_nanoseconds(self._node) - stamp_ns) * 1e-9
        self._take(boot_seconds(), message.position[index], age_s)


class ImuInput:
    """
    The IMU on the crib, if there is one.

    :param node: a managed node.
    :param limit: acceleration in m/s^2.
    :param is_required: whether silence from the start is a reason not to move.
    :param on_stop: is called with what is wrong when it says stop.
    """

    def __init__(self, node, limit: float, is_required: bool, on_stop):
        """Subscribe; a sensor's own profile is best effort."""
        self._guard, self._is_required, self._on_stop = ImuGuard(limit), is_required, on_stop
        self._heard, self._since_s = Arrival(node), 0.0
        self._state = (NONE, '')
        self.subscription = node.create_subscription(
            Imu, 'imu', survive(lambda _, message: self._on_imu(message)).__get__(node),
            qos.sensor(50))

    def _on_imu(self, message):
        now_s = boot_seconds()
        if self._heard.steady_silent_ns() is None:
            self._since_s = now_s
        self._heard.note()
        a, q = message.linear_acceleration, message.orientation
        up = None
        if message.orientation_covariance[0] != -1.0:
            up = up_from_quaternion(q.x, q.y, q.z, q.w)
        self._state = self._guard.update(now_s, (a.x, a.y, a.z), up)
        if self._state[0] == STOP:
            self._on_stop(f'IMU: {self._state[1]}')

    def trouble(self) -> str:
        """Return why the IMU lets nothing begin or go on, or ''."""
        silent_ns = self._heard.steady_silent_ns()
        if silent_ns is None:
            return 'no IMU is heard' if self._is_required else ''
        if silent_ns > IMU_TIMEOUT_S * 1e9:          # once heard, it is needed
            return 'the IMU is silent'
        if self._state[1]:
            return f'IMU: {self._state[1]}'
        slow = self._guard.slowness(boot_seconds() - self._since_s)
        return f'IMU: {slow}' if slow else ''

    def word(self) -> str:
        """Return the state in a word and why; without an IMU: ``none``."""
        if self._heard.steady_silent_ns() is None:
            return NONE
        trouble = self.trouble()
        return f'{self._state[0] if self._state[1] else "warn"} {trouble}' if trouble else 'ok'


class MotionClock:
    """The node's clock against real time: it must neither stand nor race nor jump."""

    def __init__(self, node, watchdog_s: float):
        """Begin to watch."""
        self._node, self._watchdog_ns = node, watchdog_s * 1e9
        self._standing = StandingClock(node)
        self._readings: Deque[Tuple[float, float]] = deque()     # (real, the node's), in s
        self._machine, self._slew = MachineClock(), 0.0

    def trouble(self) -> str:
        """Return what is wrong with the clock, or ''; ask several times a second."""
        standing_ns = self._standing.standing_ns()
        real_s = boot_seconds()
        self._readings.append((real_s, now_nanoseconds(self._node) * 1e-9))
        while self._readings[0][0] < real_s - DRIFT_WINDOW_S:
            self._readings.popleft()
        raw_s = time.clock_gettime(time.CLOCK_MONOTONIC_RAW)
        if boot_seconds() - real_s < SAME_MOMENT_S:
            self._slew = self._machine.slew(real_s, raw_s)
        if standing_ns > self._watchdog_ns:
            return CLOCK_STANDS
        if self._slew:
            return f"the machine's clock is slewed by {self._slew:+.0%}"
        if standing_ns > 0.1e9:
            return ''                     # it may only be late
        (from_real_s, from_s), (to_real_s, to_s) = self._readings[0], self._readings[-1]
        drift_s = (to_s - from_s) - (to_real_s - from_real_s)
        if math.fabs(drift_s) > MOST_DRIFT_S:
            return (f'the clock went {drift_s:+.1f} s against real time within '
                    f'{to_real_s - from_real_s:.0f} s')
        return ''
