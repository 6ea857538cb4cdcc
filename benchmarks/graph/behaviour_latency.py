# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Time from a decision in `cry_need` to the first motion command, sound and alert, on the real graph.

Run inside the built environment: `./env.sh python benchmarks/graph/behaviour_latency.py`. The
behaviours
run as processes of their own, as on a robot; episodes of crying are published as the classifier
does, and each first answer is timed from just before the publication. A simulated crib says where
it is and carries out what it is told. What is not installed is left out.
"""

import argparse
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time

os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
os.environ['ROS_DOMAIN_ID'] = str(90 + os.getpid() % 10)

from ament_index_python.packages import get_package_prefix  # noqa: E402  # after the environment
from audio_common_msgs.msg import AudioDataStamped  # noqa: E402  # after the environment
from baby_cry_detector.msg import CryAlert, CryNeed  # noqa: E402  # after the environment
from baby_cry_detector.ros.base import qos  # noqa: E402  # after the environment
from baby_cry_detector.ros.base.ros_time import from_nanoseconds  # noqa: E402, E501  # after the environment
from baby_cry_detector.ros.tools.supervisor import node_command, PACKAGE  # noqa: E402, E501  # after the environment
import numpy as np  # noqa: E402  # after the environment
import rclpy  # noqa: E402  # after the environment
from trajectory_msgs.msg import JointTrajectory  # noqa: E402  # after the environment

POLICY = """version: 1
soothing: {linger_s: 0, retry_after_quiet_s: 0}
needs:
  default:
    mild: &now
      alert_after_s: 0
      priority: low
      soothe: [{for_s: 60, rock: {frequency_hz: 0.5}, sound: {name: pink, level_dba: 30}}]
    moderate: *now
    strong: *now
"""
# What answers, how it is heard, and parameters that need no device.
ANSWERS = {
    'rocker': ('first motion command', JointTrajectory, 'joint_trajectory', {
        'keep_duty': False, 'duty_min_per_hour': 30.0}),
    'caregiver_alert': ('alert', CryAlert, 'alert', {}),
    'soother': ('sound', AudioDataStamped, 'audio_out_stamped', {'output': 'topic'}),
}
CRIB = 'baby_cry_detector.ros.tools.simulated_crib'
PERIOD_S = 0.2
LONGEST_WAIT_S = 5.0


def percentile(values, percent):
    """Return a percentile in milliseconds."""
    return 1e3 * float(np.percentile(values, percent))


class Watch:
    """Publishes what the classifier would, and notes when each answer comes."""

    def __init__(self, names):
        """Subscribe to the answers."""
        self.node = rclpy.create_node('latency_probe')
        self.need = self.node.create_publisher(CryNeed, 'cry_need', qos.LATCHED)
        self.arrived = {}
        for name in names:
            _, kind, topic, _ = ANSWERS[name]
            self.node.create_subscription(
                kind, topic, lambda message, name=name: self.note(name, message),
                qos.stream(1000))

    def note(self, name, message):
        """Keep the first answer; a heartbeat is none."""
        if name != 'caregiver_alert' or message.state == CryAlert.STATE_START:
            self.arrived.setdefault(name, time.perf_counter())

    def say(self, crying, onset_ns=0):
        """Publish one state."""
        now_ns = time.time_ns()
        message = CryNeed(crying=crying, need=0 if crying else 1, confidence=0.9, intensity=0.3,
                          episode_id=f'crib-{onset_ns}' if onset_ns else '')
        message.header.stamp, message.header.frame_id = from_nanoseconds(now_ns), 'crib'
        message.onset = from_nanoseconds(onset_ns)
        self.need.publish(message)

    def wait(self, duration_s, enough=lambda: False):
        """Take messages for a time, or until it is enough."""
        end_s = time.monotonic() + duration_s
        while time.monotonic() < end_s and not enough():
            rclpy.spin_once(self.node, timeout_sec=0.02)


def main() -> int:
    """Print the distribution for each answer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--episodes', type=int, default=100)
    episodes = parser.parse_args().episodes
    binaries = Path(get_package_prefix(PACKAGE), 'lib', PACKAGE)
    names = [name for name in ANSWERS if (binaries / name).exists()]
    latencies = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        policy = Path(folder, 'policy.yaml')
        policy.write_text(POLICY)
        os.environ['XDG_STATE_HOME'] = folder
        rclpy.init()
        processes = [subprocess.Popen(node_command(
            name, {'policy': str(policy), **ANSWERS[name][3]})) for name in names]
        processes.append(subprocess.Popen([sys.executable, '-m', CRIB]))
        watch = Watch(names)
        try:
            watch.wait(60.0, lambda: watch.need.get_subscription_count() >= len(names))
            watch.wait(3.0)            # the rocker looks for two seconds who else commands it
            for _ in range(episodes):
                # At rest, quiet long enough that the rocker may begin again (it ends in 3 s), and
                # that the alerts are not taken for those of two detectors (five in 30 s).
                for _ in range(39):
                    watch.say(False)
                    watch.wait(PERIOD_S)
                watch.arrived.clear()
                sent_s, onset_ns = time.perf_counter(), time.time_ns()
                watch.say(True, onset_ns)
                watch.wait(LONGEST_WAIT_S, lambda: len(watch.arrived) == len(names))
                for name in names:
                    latencies[name].append(watch.arrived.get(name, np.inf) - sent_s)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(20)
            watch.node.destroy_node()
            rclpy.try_shutdown()
    print(f'{"answer":24}{"episodes":>9}{"median":>9}{"p95":>9}{"p99":>9}{"worst":>9}   ms')
    for name, values in latencies.items():
        print(f'{ANSWERS[name][0]:24}{len(values):9d}' + ''.join(
            f'{percentile(values, percent):9.1f}' for percent in (50, 95, 99, 100)))
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
