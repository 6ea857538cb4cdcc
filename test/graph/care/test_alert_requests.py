# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a broker sends while commands are obeyed."""

from baby_cry_detector.ros.parts.alert_requests import AlertRequests
from graph_harness import next_domain
import rclpy


def test_commands_that_come_while_others_are_obeyed_wait_for_the_next_time():
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=next_domain())
    node = rclpy.create_node('alerts', context=context)
    obeyed = []

    def ask(*command):
        obeyed.append(command)
        if len(obeyed) < 1000:         # whoever floods the broker is faster than what is asked
            requests.put('snooze', 60.0)

    requests = AlertRequests(node, ask, lambda: 0)
    requests.put('acknowledge', 0.0)
    requests.obey()
    assert obeyed == [('take_over', 'mqtt', '')]
    requests.obey()
    assert obeyed[1:] == [('hold_back', 'mqtt', 60_000_000_000)]
    node.destroy_node()
    rclpy.shutdown(context=context)
