# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What says where the joint is, wrongly: nothing begins, nothing is sent, and it is said why."""

import math
import time

from baby_cry_detector.msg import CareEvent
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.ros_time import from_nanoseconds
import pytest
import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rocked_crib import Baby, care_of, events, NS, rockers_of
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

JOINT = 'crib_rocking_joint'
BEST_EFFORT = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
# What is said, and what is said of it. Fresh and at rest each, but for what is wrong with it.
WRONG = [
    ({'name': [JOINT, JOINT], 'position': [0.0, 0.0]}, 0.0, 'crib_rocking_joint 2 times'),
    ({'name': ['wheel', 'arm'], 'position': [0.0, 0.0]}, 0.0, 'they name wheel, arm'),
    ({'name': [JOINT], 'position': []}, 0.0, 'do not say where crib_rocking_joint is'),
    ({'name': ['wheel', JOINT], 'position': [0.0]}, 0.0, 'do not say where'),
    ({'name': [JOINT], 'position': [math.nan]}, 0.0, 'no place of a crib'),
    ({'name': [JOINT], 'position': [20.0]}, 0.0, 'no place of a crib'),          # millimetres
    ({'name': [JOINT], 'position': [0.0]}, 3.0, '3.0 s old'),
    ({'name': [JOINT], 'position': [0.0]}, -3.0, '3.0 s ahead of the clock'),
    ({'name': [JOINT], 'position': [0.5]}, 0.0, ''),                             # degrees
]


@pytest.fixture
def care(tmp_path, monkeypatch):
    """Return a made classifier that says of a joint what `said` is, fifty times a second."""
    with care_of(tmp_path, monkeypatch, None) as graph:
        graph.said = WRONG[0]
        states = graph.node.create_publisher(JointState, 'joint_states', qos.sensor(10))

        def tell():
            fields, age_s, _ = graph.said
            message = JointState(**fields)
            message.header.stamp = from_nanoseconds(time.time_ns() - round(age_s * NS))
            states.publish(message)

        graph.node.create_timer(0.02, tell)
        yield graph


@pytest.fixture
def rocker(care):
    """Return a way to start rockers in this process."""
    with rockers_of(care) as start:
        yield start


def test_a_joint_that_is_told_of_wrongly_is_not_moved(care, rocker):
    rocker()
    baby = Baby(care)
    for said in WRONG:
        care.said = said
        baby.until(lambda: said[2] in care.diagnosis('rocker')[1])
        assert care.diagnosis('rocker')[0] == b'\x02' or not said[2]
    # Of the last one only its place is wrong, which is known once something is to begin.
    baby.until(lambda: care.diagnosis('rocker')[1] == 'at rest')
    baby.cry()
    baby.until(lambda: events(care, CareEvent.PHASE_REFUSED))
    assert '500 mm from its rest position' in events(care, CareEvent.PHASE_REFUSED)[0].text
    assert not care.plans and not events(care, CareEvent.PHASE_STARTED)


def test_open_loop_moves_nothing_for_who_acknowledges_nothing(care, rocker):
    """Nobody measures the joint there, so what was lost would never be known."""
    heard = []
    care.node.create_subscription(JointTrajectory, 'blind/joint_trajectory', heard.append,
                                  BEST_EFFORT)
    rocker(open_loop=True, command_topic='blind/joint_trajectory')
    baby = Baby(care)
    baby.until(lambda: 'acknowledges' in care.diagnosis('rocker')[1])
    assert care.diagnosis('rocker')[0] == b'\x02'
    baby.cry()
    baby.until(lambda: events(care, CareEvent.PHASE_REFUSED))
    assert 'acknowledges' in events(care, CareEvent.PHASE_REFUSED)[0].text and not heard


@pytest.fixture
def other_process(care):
    """Return a node of another participant: within one, a topic has one type."""
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=care.domain_id)
    yield rclpy.create_node('controller', context=context)
    rclpy.shutdown(context=context)


@pytest.mark.parametrize('open_loop', [True, False])
@pytest.mark.parametrize('kind, profile', [
    (JointTrajectory, QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)),
    (Float64MultiArray, qos.stream(10))], ids=['asks for more', 'another type'])
def test_who_is_listed_and_receives_nothing_is_nobody(
        care, other_process, rocker, kind, profile, open_loop):
    other_process.create_subscription(kind, 'arm/plan', lambda message: None, profile)
    care.said = WRONG[-1]
    rocker(open_loop=open_loop, command_topic='arm/plan')
    baby = Baby(care)
    baby.until(lambda: care.node.count_subscribers('/arm/plan') and
               'nobody listens to /arm/plan' in care.diagnosis('rocker')[1])
    assert care.diagnosis('rocker')[0] == b'\x02'
    baby.cry()
    baby.until(lambda: events(care, CareEvent.PHASE_REFUSED))
    assert not events(care, CareEvent.PHASE_STARTED)
