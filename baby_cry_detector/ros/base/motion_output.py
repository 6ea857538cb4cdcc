# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Motion as messages: trajectories, position set-points or velocities of a base."""

from array import array

from geometry_msgs.msg import Twist
from rclpy.duration import Duration
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from baby_cry_detector.care.motion.motion_gate import Motion
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.ros_time import duration_from_nanoseconds

# ros2_control: topics to be remapped to the controller's, e.g. ~/joint_trajectory, ~/commands.
TOPICS = {'trajectory': (JointTrajectory, 'joint_trajectory'),
          'position': (Float64MultiArray, 'position_command'), 'twist': (Twist, 'cmd_vel')}


class MotionOutput:
    """
    Publishes what has passed the gate, as one of `TOPICS`.

    :param node: the managed node that publishes.
    :param values: its parameters.
    """

    def __init__(self, node, values: dict):
        """Create the publisher."""
        self._node = node
        self.interface = values['interface']
        self._joint = values['joint']
        self._rest = values['rest_position']
        self._scale = values['units_per_metre']
        self._publisher = node.offer(*TOPICS[self.interface], qos.STATE)
        self.has_commanded = False

    @property
    def is_trajectory(self) -> bool:
        """Return whether plans are published; else set-points are."""
        return self.interface == 'trajectory'

    def send_plan(self, motion: Motion) -> None:
        """Publish a plan as a trajectory that begins now."""
        message = JointTrajectory(joint_names=[self._joint])
        message.header.stamp = self._node.get_clock().now().to_msg()
        message.points = [
            JointTrajectoryPoint(
                positions=array('d', [self._rest + self._scale * position]),
                velocities=array('d', [self._scale * velocity]),
                time_from_start=duration_from_nanoseconds(round((t - motion.start_s) * 1e9)))
            for t, position, velocity in zip(
                motion.times_s.tolist(), motion.positions_m.tolist(), motion.velocities.tolist())]
        self._publish(message)

    def send_setpoint(self, position: float, velocity: float) -> None:
        """Publish where to be, or how fast to go, now."""
        if self.interface == 'twist':
            message = Twist()
            message.linear.x = velocity
        else:
            message = Float64MultiArray(data=array('d', [self._rest + self._scale * position]))
        self._publish(message)

    def _publish(self, message) -> None:
        self._publisher.publish(message)
        self.has_commanded = True

    def close(self) -> None:
        """Give the publisher back, once the last command has arrived (0.2 s at most)."""
        if self._node.context.ok():
            self._publisher.wait_for_all_acked(Duration(seconds=0.2))
        self._node.destroy_lifecycle_publisher(self._publisher)
