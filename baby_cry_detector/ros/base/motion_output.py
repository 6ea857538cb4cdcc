# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Motion as messages: trajectories, position set-points or velocities of a base.

Nothing is computed here but the form of a message: what passed the gate is sent as it is.
"""

from array import array
from dataclasses import dataclass
import time

from baby_cry_detector.care.motion.duty_store import boot_seconds
from baby_cry_detector.care.motion.joint import Joint
from baby_cry_detector.care.motion.motion_gate import Motion
from baby_cry_detector.ros.base.ros_time import (duration_from_nanoseconds, from_nanoseconds,
                                                 now_nanoseconds)
from geometry_msgs.msg import Twist
from rclpy.duration import Duration
from rclpy.qos import (qos_check_compatible, QoSCompatibility, QoSProfile,
                       ReliabilityPolicy)
from rclpy.serialization import serialize_message
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

# ros2_control: the controller's topics, e.g. ~/joint_trajectory, ~/commands.
TOPICS = {'trajectory': (JointTrajectory, 'joint_trajectory'),
          'position': (Float64MultiArray, 'position_command'), 'twist': (Twist, 'cmd_vel')}
# Nobody shall carry out a command that the network delivers later than this.
LIFESPAN_S = 0.5
COMMANDS = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE,
                      lifespan=Duration(seconds=LIFESPAN_S))
# A plan that was not sent so soon after its clock was read is made anew.
LATEST_S = 0.03
_SAME_MOMENT_S, _READINGS = 1e-3, 20


@dataclass(frozen=True)
class Moment:
    """
    One reading of both clocks: what motion is planned on, and what stamps its message.

    :param is_exact: whether both were read within a millisecond.
    """

    boot_s: float
    stamp_ns: int
    is_exact: bool = True

    @classmethod
    def read(cls, node) -> 'Moment':
        """Read both within a millisecond, as far as the machine lets."""
        for _ in range(_READINGS):
            before_s = boot_seconds()
            stamp_ns = now_nanoseconds(node)
            is_exact = boot_seconds() - before_s < _SAME_MOMENT_S
            if is_exact:
                break
        return cls(before_s, stamp_ns, is_exact)


class MotionOutput:
    """
    Publishes what has passed the gate, as one of `TOPICS`.

    :param node: the managed node that publishes.
    :param interface: which of them.
    :param topic: its topic; '': the usual one.
    :param joint: whose units the motion has.
    """

    def __init__(self, node, interface: str, topic: str, joint: Joint):
        """Create the publisher."""
        self._node, self._joint = node, joint
        self.interface = interface
        kind, usual = TOPICS[interface]
        self._publisher = node.offer(kind, topic or usual, COMMANDS)
        self.topic = self._publisher.topic_name
        self._type = f'{kind.__module__.split(".")[0]}/msg/{kind.__name__}'
        self.has_commanded = False
        self._since_s = time.monotonic()

    @property
    def is_trajectory(self) -> bool:
        """Return whether plans are published; else set-points are."""
        return self.interface == 'trajectory'

    def looked_s(self) -> float:
        """Return for how long others could be seen."""
        return time.monotonic() - self._since_s

    def look_anew(self) -> None:
        """Begin to look for others now."""
        self._since_s = time.monotonic()

    def commanders(self) -> int:
        """Return how many publishers the topic has, this one included."""
        return self._node.count_publishers(self.topic)

    def is_alone(self) -> bool:
        """Return whether no node of another name commands it; one that died has this one's."""
        own = (self._node.get_name(), self._node.get_namespace())
        return all((info.node_name, info.node_namespace) == own
                   for info in self._node.get_publishers_info_by_topic(self.topic))

    def listeners(self, acknowledge: bool = False) -> int:
        """
        Return how many subscribers receive what is sent; ``acknowledge``: of those that do.

        One of another type, or that asks for more than is offered, is listed and gets nothing.
        """
        matched = self._publisher.get_subscription_count()
        if not acknowledge:
            return matched
        offered = self._publisher.qos_profile
        return min(matched, sum(
            info.topic_type == self._type and
            info.qos_profile.reliability == ReliabilityPolicy.RELIABLE and
            qos_check_compatible(offered, info.qos_profile)[0] != QoSCompatibility.ERROR
            for info in self._node.get_subscriptions_info_by_topic(self.topic)))

    def is_delivered(self) -> bool:
        """Return whether every subscriber that acknowledges has what was sent."""
        return self._publisher.wait_for_all_acked(Duration(seconds=0))

    def send_plan(self, motion: Motion, moment: Moment) -> bool:
        """
        Publish a plan as a trajectory that begins at the moment it was made for, or at arrival.

        :return: whether it went out; not where making it took too long.
        """
        message = JointTrajectory(joint_names=[self._joint.name])
        if not motion.at_arrival:
            message.header.stamp = from_nanoseconds(moment.stamp_ns)
        message.points = [
            JointTrajectoryPoint(
                positions=array('d', [position]), velocities=array('d', [velocity]),
                time_from_start=duration_from_nanoseconds(round((t - motion.start_s) * 1e9)))
            for t, position, velocity in zip(
                motion.times_s.tolist(), motion.positions.tolist(), motion.velocities.tolist())]
        ready = serialize_message(message)
        if boot_seconds() - moment.boot_s > LATEST_S:
            return False
        self._publish(ready)
        return True

    def send_setpoint(self, position: float, velocity: float) -> None:
        """Publish where to be, or how fast to go, now; in joint units."""
        if self.interface == 'twist':
            message = Twist()
            message.linear.x = velocity
        else:
            message = Float64MultiArray(data=array('d', [position]))
        self._publish(message)

    def _publish(self, message) -> None:
        self._publisher.publish(message)
        self.has_commanded = True

    def close(self) -> None:
        """Give the publisher back, once the last command has arrived (0.2 s at most)."""
        if self._node.context.ok():
            self._publisher.wait_for_all_acked(Duration(seconds=0.2))
        self._node.destroy_lifecycle_publisher(self._publisher)
