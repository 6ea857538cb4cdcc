# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A crib without a crib: carries out joint trajectories as a controller does, and says where it is.

For try-outs (`python3 -m baby_cry_detector.ros.tools.simulated_crib`) and tests; see
`care/motion/executed.py` for what it does with a trajectory.
"""

from baby_cry_detector.care.motion.executed import Curve, replaced
from baby_cry_detector.care.motion.motion_gate import LATENCY_S
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.ros_time import from_nanoseconds, to_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

STATE_PERIOD_S = 0.02
MOST_ACCELERATION, MOST_JUMP = 0.7, 1e-4


class SimulatedCrib(Node):
    """
    One joint with its controller.

    :param joint: its name.
    :param place: where it stands, in joint units.
    """

    def __init__(self, joint: str = 'crib_rocking_joint', place: float = 0.0, **kwargs):
        """Stand still, and say so fifty times a second."""
        super().__init__('simulated_crib', **kwargs)
        self.joint = joint
        self._since_ns = self.get_clock().now().nanoseconds     # times count from here
        self.curve = Curve(np.array([0.0]), np.array([float(place)]), np.zeros(1))
        self.executed = [(0.0, self.curve)]                     # since when which one
        self.refused = self.late = 0
        self._states = self.create_publisher(JointState, 'joint_states', qos.sensor(10))
        self.create_subscription(JointTrajectory, 'joint_trajectory', self._take, qos.STATE)
        self.create_subscription(Float64MultiArray, 'position_command',
                                 self._on_position_command, qos.STATE)
        self.create_timer(STATE_PERIOD_S, self.tell)

    def autostart(self) -> bool:
        """Return that it runs, as a managed node does."""
        return True

    def close(self) -> None:
        """Release everything; for process exit."""
        self.destroy_node()

    def now_s(self) -> float:
        """Return the time on the clock of the curves."""
        return (self.get_clock().now().nanoseconds - self._since_ns) * 1e-9

    def _on_position_command(self, message: Float64MultiArray):
        self.move_by_hand(message.data[0])

    def _take(self, message):
        if self.joint not in message.joint_names or not message.points:
            self.refused += 1
            return
        index = message.joint_names.index(self.joint)
        start_ns = to_nanoseconds(message.header.stamp)
        start_s = (start_ns - self._since_ns) * 1e-9 if start_ns else self.now_s()
        times_s = np.array([start_s + 1e-9 * to_nanoseconds(point.time_from_start)
                            for point in message.points])
        arrival_s = self.now_s()
        if arrival_s - start_s > LATENCY_S:         # it would begin with a jump
            self.late += 1
            return
        curve = replaced(
            self.curve, arrival_s, times_s,
            np.array([point.positions[index] for point in message.points]),
            np.array([point.velocities[index] for point in message.points]))
        if curve is self.curve:
            self.refused += 1
            return
        self.curve = curve
        self.executed.append((arrival_s, curve))
        del self.executed[:-5000]

    def move_by_hand(self, place: float) -> None:
        """Put it somewhere at once; set-points do that too."""
        now_s = self.now_s()
        self.curve = Curve(np.array([now_s]), np.array([float(place)]), np.zeros(1))
        self.executed.append((now_s, self.curve))

    def faults(self, units_per_metre: float = 1.0) -> list:
        """Return sentences on what was executed outside of the limits of rocking."""
        told = []
        for (_, before), (since_s, curve) in zip(self.executed, self.executed[1:]):
            if len(curve.t) == 1:
                continue                            # a hand, or a set-point
            jump = abs(curve.x[0] - before.state(since_s)[0]) / units_per_metre
            highest = np.abs(curve.accelerations()).max() / units_per_metre
            if jump > MOST_JUMP:
                told.append(f'jumps by {1e3 * jump:.2f} mm at {since_s:.3f} s')
            if highest > MOST_ACCELERATION + 0.02:
                told.append(f'{highest:.2f} m/s² from {since_s:.3f} s')
        return told

    def tell(self) -> None:
        """Publish where it is now."""
        position, velocity, _ = self.curve.state(self.now_s())
        message = JointState(name=[self.joint], position=[position], velocity=[velocity])
        message.header.stamp = from_nanoseconds(self.get_clock().now().nanoseconds)
        self._states.publish(message)


def main(args=None) -> int:
    """Run it until interrupted."""
    return run_nodes(lambda: [SimulatedCrib()], args)


if __name__ == '__main__':
    raise SystemExit(main())
