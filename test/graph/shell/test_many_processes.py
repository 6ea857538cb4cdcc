# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""More processes than Fast DDS looks for by itself find each other on one machine."""

import os
import subprocess
import sys

from graph_harness import next_domain

PARTICIPANTS = 36      # one process of ROS takes one; without a profile those from 33 on are lost
SCRIPT = f"""
import os, time, rclpy
from baby_cry_detector.ros.start.discovery import choose_who_may_join
from std_msgs.msg import Empty
choose_who_may_join()
nodes = []
for number in range({PARTICIPANTS}):
    context = rclpy.Context()
    rclpy.init(context=context)
    nodes.append(rclpy.create_node(f'n{{number}}', context=context))
publisher = nodes[-1].create_publisher(Empty, 'x', 1)
for node in (nodes[0], nodes[-2]):
    node.create_subscription(Empty, 'x', print, 1)
end_s = time.monotonic() + 30
while time.monotonic() < end_s and publisher.get_subscription_count() < 2:
    time.sleep(0.05)
print('found', publisher.get_subscription_count(), os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'],
      flush=True)
os._exit(0)
"""


def test_the_last_process_finds_the_first_and_its_neighbour():
    environment = {name: value for name, value in os.environ.items()
                   if name != 'ROS_AUTOMATIC_DISCOVERY_RANGE'}
    done = subprocess.run([sys.executable, '-c', SCRIPT], capture_output=True, text=True,
                          timeout=90, env={**environment, 'ROS_DOMAIN_ID': str(next_domain())})
    assert 'found 2 LOCALHOST' in done.stdout, done.stdout + done.stderr
