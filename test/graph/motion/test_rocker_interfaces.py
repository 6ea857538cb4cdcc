# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The rocker's other outputs, its inertial sensor and its log of motion, as real processes."""

import signal

from baby_cry_detector.msg import CareEvent
from baby_cry_detector.ros.base import qos
from care_graph import CareGraph
from geometry_msgs.msg import Twist
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import numpy as np
import pytest
from rocked_crib import Baby, events, is_brake, POLICY, rests, with_crib
from sensor_msgs.msg import Imu
from std_msgs.msg import Empty, Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

G = 9.81


@pytest.fixture
def care(tmp_path):
    """Return a made classifier that watches all a rocker commands."""
    graph = CareGraph(tmp_path)
    graph.plans, graph.places, graph.twists = [], [], []
    for kind, topic, sent in ((JointTrajectory, 'joint_trajectory', graph.plans),
                              (Float64MultiArray, 'position_command', graph.places),
                              (Twist, 'cmd_vel', graph.twists)):
        graph.node.create_subscription(kind, topic, sent.append, qos.stream(5000))
    remove = with_crib(graph, place=0.51)
    yield graph
    remove()
    assert graph.close()


@pytest.fixture
def settings(tmp_path):
    """Return parameters of a rocker."""
    path = tmp_path / 'policy.yaml'
    path.write_text(POLICY)
    return {'policy': str(path)}


def parts(twist):
    """Return the six numbers of a velocity."""
    return [getattr(getattr(twist, vector), axis)
            for vector in ('linear', 'angular') for axis in 'xyz']


def test_a_rated_base_is_told_speeds_and_in_the_end_zero(care, settings):
    baby = Baby(care)
    care.start('rocker', interface='twist', platform_rated_for_rocking=True, **settings)

    def is_fast():
        return any(abs(twist.linear.x) > 0.03 for twist in care.twists)

    baby.is_rocked(care, is_fast)
    speeds = np.array([parts(twist) for twist in care.twists])
    assert abs(speeds[0, 0]) < 0.002 and not speeds[:, 1:].any()
    assert np.abs(speeds).max() < 0.03 * 1.1 * 2 * np.pi * 0.6
    baby.quiet()
    baby.until(lambda: rests(care, 'the policy ended it')
               or rests(care, 'set-points came too late'))
    baby.pause(0.5)
    assert parts(care.twists[-1]) == [0.0] * 6
    count = len(care.twists)
    baby.pause(0.5)
    assert len(care.twists) == count         # at rest it leaves the base to others
    del care.twists[:]
    baby.is_rocked(care, is_fast)
    care.processes['rocker'].send_signal(signal.SIGTERM)
    assert care.processes.pop('rocker').wait(20) == 0
    care.until(lambda: parts(care.twists[-1]) == [0.0] * 6)
    care.spin(0.5)
    assert parts(care.twists[-1]) == [0.0] * 6
    assert not care.plans and not care.places


def test_a_joint_is_told_places_in_its_own_units_and_stays_where_it_was_stopped(care, settings):
    baby = Baby(care)
    care.start('rocker', interface='position', rest_position=0.5, units_per_metre=10.0,
               **settings)
    baby.is_rocked(care, lambda: any(abs(place.data[0] - 0.5) > 0.1 for place in care.places))
    assert all(len(place.data) == 1 for place in care.places)
    # It begins where it was measured, in joint units.
    assert abs(care.places[0].data[0] - 0.51) < 1e-4
    assert np.abs(np.diff([place.data[0] for place in care.places[:10]])).max() < 1e-3
    assert max(abs(place.data[0] - 0.5) for place in care.places) <= 0.31
    stop = care.node.create_publisher(Empty, 'rock_stop', qos.STATE)
    baby.until(stop.get_subscription_count)
    stop.publish(Empty())
    baby.until(lambda: rests(care, 'a caregiver said stop (rock_stop)'))
    baby.pause(0.5)
    place, count = care.places[-1].data[0], len(care.places)
    baby.pause(0.5)
    assert len(care.places) == count
    care.processes['rocker'].send_signal(signal.SIGTERM)
    assert care.processes.pop('rocker').wait(20) == 0
    care.spin(0.5)
    assert {command.data[0] for command in care.places[count:]} <= {place}
    assert not care.plans and not care.twists


# What shakes it, sample by sample at 100 Hz, in m/s2: once far beyond the limit; at 25 Hz, so that
# never two samples in a row are over it; two shocks a second.
SHAKES = {'a jolt': [3.0], 'vibration': [0.0, 5.0, 0.0, -5.0] * 100,
          'shocks': ([100.0] + [0.0] * 49) * 8}


def test_a_jolt_stops_it_and_a_sensor_that_fell_silent_lets_nothing_begin(care, settings):
    baby = Baby(care)
    care.crib.move_by_hand(0.0)
    care.start('rocker', **settings)
    imu = care.node.create_publisher(Imu, 'imu', 10)
    baby.until(imu.get_subscription_count)

    pushes = iter(())

    def feel():
        sample = Imu()
        sample.orientation_covariance[0] = -1.0
        sample.linear_acceleration.x = next(pushes, 0.0)
        sample.linear_acceleration.z = G
        imu.publish(sample)

    def shake(how):
        nonlocal pushes
        pushes = iter(how)

    assert care.diagnosis('rocker')[2]['imu'] == 'none'      # not heard is not ok
    timer = care.node.create_timer(0.01, feel)
    baby.until(lambda: care.diagnosis('rocker')[2]['imu'] == 'ok')

    def jolts():
        return [event for event in events(care, CareEvent.PHASE_ENDED)
                if event.text.startswith('IMU: acceleration ')]

    for number, how in enumerate(SHAKES.values()):
        while len(jolts()) == number:      # a busy machine may end it first, otherwise
            del care.plans[:]
            baby.is_rocked(care)
            count = len(events(care, CareEvent.PHASE_ENDED))
            shake(how)
            baby.until(lambda: len(events(care, CareEvent.PHASE_ENDED)) > count)
        baby.until(lambda: any(map(is_brake, care.plans)))
        shake(())
        baby.quiet()
        baby.until(lambda: care.diagnosis('rocker')[2]['imu'] == 'ok')
    care.node.destroy_timer(timer)
    baby.until(lambda: care.diagnosis('rocker')[2]['imu'] .endswith('the IMU is silent'))
    del care.plans[:]
    baby.cry()
    baby.until(lambda: events(care, CareEvent.PHASE_REFUSED))
    assert events(care, CareEvent.PHASE_REFUSED)[0].text == 'the IMU is silent'
    assert not care.plans


def test_without_a_disk_the_duty_still_counts_and_is_kept_again_later(care, settings, tmp_path):
    baby = Baby(care)
    disk = tmp_path / 'disk'
    care.crib.move_by_hand(0.0)
    disk.write_text('no folder, so nothing can be written below')
    care.start('rocker', environment={'XDG_STATE_HOME': str(disk)}, **settings)
    baby.is_rocked(care)
    baby.until(lambda: float(care.diagnosis('rocker')[2]['rocked_s']) > 4.0)
    level, state, details = care.diagnosis('rocker')
    assert level == b'\x01' and 'a crash would forget what was rocked: ' in state
    assert int(details['count.duty_not_kept']) > 0

    def change(*transitions):
        for transition in transitions:
            request = ChangeState.Request(transition=Transition(id=transition))
            assert care.call(ChangeState, 'rocker/change_state', request).success

    change(Transition.TRANSITION_DEACTIVATE)       # what was still to come does not count
    baby.until(lambda: care.diagnosis('rocker')[1] == 'not active')
    rocked_s = float(care.diagnosis('rocker')[2]['rocked_s'])
    assert rocked_s > 0.5
    change(Transition.TRANSITION_CLEANUP, Transition.TRANSITION_CONFIGURE,
           Transition.TRANSITION_ACTIVATE)
    baby.quiet()
    baby.until(lambda: care.diagnosis('rocker')[1].startswith('at rest; a crash'))
    assert float(care.diagnosis('rocker')[2]['rocked_s']) >= rocked_s
    disk.unlink()                           # there is room again
    baby.until(lambda: care.diagnosis('rocker')[1] == 'at rest')
    care.kill('rocker')
    care.start('rocker', environment={'XDG_STATE_HOME': str(disk)}, **settings)
    assert float(care.diagnosis('rocker')[2]['rocked_s']) >= rocked_s
