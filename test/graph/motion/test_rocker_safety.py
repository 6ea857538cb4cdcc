# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The rocker and harm: restarts, stops that hold, stops of any kind, others on the crib."""

import os
import signal
import subprocess
import sys
import time

from baby_cry_detector.care.motion.duty_store import boot_seconds
from baby_cry_detector.msg import CareEvent
from baby_cry_detector.ros.base import qos
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import pytest
from rclpy.qos import LivelinessPolicy, QoSProfile, ReliabilityPolicy
from rocked_crib import Baby, care_of, events, rockers_of
from std_msgs.msg import Empty
from std_srvs.srv import SetBool, Trigger

BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
# A stop input with a lease of half a second, in a process of its own.
BUTTON = """
import sys, rclpy
from rclpy.duration import Duration
from rclpy.qos import LivelinessPolicy, QoSProfile
from std_msgs.msg import Empty
rclpy.init()
node = rclpy.create_node('button')
publisher = node.create_publisher(Empty, 'rock_stop', QoSProfile(
    depth=1, liveliness=LivelinessPolicy[sys.argv[1]],
    liveliness_lease_duration=Duration(seconds=0.5)))
node.create_timer(0.1, publisher.assert_liveliness)
rclpy.spin(node)
"""


@pytest.fixture
def care(tmp_path, monkeypatch):
    """Return a made classifier, and a crib that watches what it is told."""
    with care_of(tmp_path, monkeypatch, place=0.01) as graph:
        yield graph


@pytest.fixture
def rocker(care):
    """Return a way to start rockers in this process."""
    with rockers_of(care) as start:
        yield start


def says(care, text, name='rocker'):
    """Return whether the newest diagnostics say a thing."""
    return text in care.diagnosis(name)[1]


def heard_anew(care, baby):
    """Go on until the rocker says something anew: it has heard what was said before."""
    for _ in range(2):                     # the first was perhaps under way
        care.probe.diagnostics.pop('rocker', None)
        baby.until(lambda: 'rocker' in care.probe.diagnostics)


def test_killed_in_mid_swing_again_and_again_nothing_is_thrown_by_a_stop(care, tmp_path):
    baby = Baby(care)
    stop = care.node.create_publisher(Empty, 'rock_stop', qos.STATE)
    settings = {'policy': str(care.policy), 'stop_hold_s': 0.0}
    for delay_s in (0.3, 0.9, 1.7):
        care.start('rocker', **settings)
        baby.is_rocked(care)
        baby.pause(delay_s)
        care.kill('rocker')
        care.start('rocker', **settings)
        baby.until(stop.get_subscription_count)
        stop.publish(Empty())
        baby.pause(1.0)
        care.kill('rocker')
        baby.until(lambda: abs(care.crib.curve.state(care.crib.now_s())[1]) == 0.0)
    assert len(care.crib.executed) > 5 and care.crib.faults() == []


def test_a_stop_outlives_a_kill_and_is_ended_by_a_word(care, tmp_path):
    baby = Baby(care)
    care.start('rocker', policy=str(care.policy))
    baby.is_rocked(care)
    assert care.call(Trigger, 'rocker/stop', Trigger.Request()).message == 'stopped'
    for _ in range(2):
        care.kill('rocker')
        care.start('rocker', policy=str(care.policy))
        heard_anew(care, baby)             # what the killed one had said tells nothing
        baby.until(lambda: 'a caregiver said stop' in care.diagnosis('rocker')[2].get('stop', ''))
    baby.quiet()
    heard_anew(care, baby)
    baby.cry()
    baby.until(lambda: any('a caregiver said stop' in event.text
                           for event in events(care, CareEvent.PHASE_REFUSED)))
    assert care.call(SetBool, 'rocker/enable', SetBool.Request(data=True)).success
    baby.is_rocked(care)
    assert care.call(SetBool, 'rocker/enable', SetBool.Request(data=False)).success
    care.kill('rocker')
    care.start('rocker', policy=str(care.policy))
    heard_anew(care, baby)
    baby.until(lambda: care.diagnosis('rocker')[2].get('stop') == 'rocking is switched off')


def test_a_stop_said_to_a_node_that_is_not_active_holds(care, rocker):
    rocker(autostart=False)
    assert care.call(Trigger, 'rocker/stop', Trigger.Request()).success
    for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        request = ChangeState.Request(transition=Transition(id=transition))
        assert care.call(ChangeState, 'rocker/change_state', request).success
    care.until(lambda: 'a caregiver said stop' in care.diagnosis('rocker')[2].get('stop', ''))


def left_moving(care, baby, path):
    """Kill a rocker in full swing, whose last plan takes ten seconds to its end."""
    def speed():
        return abs(care.crib.curve.state(care.crib.now_s())[1])

    def over():
        return len(events(care, CareEvent.PHASE_ENDED) + events(care, CareEvent.PHASE_REFUSED))

    care.start('rocker', policy=path, ramp_s=9.0, stop_hold_s=0.0, watchdog_s=5.0, stale_s=10.0,
               duty_min_per_hour=30.0)
    while speed() < 0.03:                      # a busy machine ends a session
        baby.quiet()
        baby.until(lambda: care.diagnosis('rocker')[1].startswith('at rest'))
        before = over()
        baby.cry()
        baby.until(lambda: speed() >= 0.03 or over() > before)
    care.kill('rocker')


def is_braked(care, baby):
    """Go on until the crib is told something, or has come to rest; return whether it was."""
    told, crib = len(care.crib.executed), care.crib
    baby.until(lambda: len(crib.executed) > told or crib.curve.state(crib.now_s())[1] == 0.0)
    return len(crib.executed) > told


def test_a_stop_that_a_process_owed_when_it_ended_is_carried_out_by_the_next(
        care, rocker, tmp_path):
    """It was said while nobody knew how the crib moves; nothing holds it but that."""
    baby = Baby(care)
    left_moving(care, baby, str(care.policy))
    told = len(care.crib.executed)
    node = rocker(stop_hold_s=0.0, joint_states_topic='nobody')
    stop = care.node.create_publisher(Empty, 'rock_stop', qos.STATE)
    baby.until(stop.get_subscription_count)
    stop.publish(Empty())
    baby.until(lambda: 'rock_stop' in node._drive.crib.owed)
    rocker.end()
    assert len(care.crib.executed) == told
    rocker(stop_hold_s=0.0)
    assert is_braked(care, baby) and care.crib.faults() == []


def test_a_stop_said_to_a_node_that_is_not_configured_brakes_what_one_before_left(
        care, rocker, tmp_path):
    baby, path = Baby(care), str(care.policy)
    left_moving(care, baby, path)
    rocker(autostart=False, stop_hold_s=0.0)
    assert care.call(Trigger, 'rocker/stop', Trigger.Request()).success
    for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        request = ChangeState.Request(transition=Transition(id=transition))
        assert care.call(ChangeState, 'rocker/change_state', request).success
    assert is_braked(care, baby) and care.crib.faults() == []


def test_any_publisher_can_stop_it_and_one_that_is_lost_has(care, rocker, capfd):
    node = rocker(stop_hold_s=3.0)
    baby = Baby(care)
    button = care.node.create_publisher(Empty, 'rock_stop', BEST_EFFORT)
    baby.until(lambda: care.diagnosis('rocker')[2].get('stop_inputs') == '1')
    baby.is_rocked(care)
    button.publish(Empty())
    baby.until(lambda: events(care, CareEvent.PHASE_ENDED))
    assert events(care, CareEvent.PHASE_ENDED)[-1].text == 'a caregiver said stop (rock_stop)'
    baby.is_rocked(care)
    care.node.destroy_publisher(button)
    baby.until(lambda: 'a caregiver said stop' in care.diagnosis('rocker')[2]['stop'])
    baby.until(lambda: not node._drive.is_moving)
    assert 'was lost' in node._drive.machine.why or 'was lost' in capfd.readouterr().err
    assert care.crib.faults() == []


@pytest.mark.parametrize('kind', [LivelinessPolicy.AUTOMATIC, LivelinessPolicy.MANUAL_BY_TOPIC])
def test_a_stop_input_that_lets_its_lease_pass_has_said_stop(care, rocker, tmp_path, kind):
    node = rocker()
    baby = Baby(care)
    button = subprocess.Popen([sys.executable, '-c', BUTTON, kind.name], stdin=subprocess.PIPE,
                              env={**os.environ, 'ROS_DOMAIN_ID': str(care.domain_id)})
    try:
        baby.until(lambda: care.diagnosis('rocker')[2].get('stop_inputs') == '1')
        baby.is_rocked(care)
        held_s = time.monotonic()
        button.send_signal(signal.SIGSTOP)         # it hangs, and is still discovered
        baby.until(lambda: 'a caregiver said stop' in node._stop.latch.objection(boot_seconds()))
        # Its lease of half a second; discovery would need that of its participant, 6 s.
        assert time.monotonic() - held_s < 3.0
        assert 'no longer alive' in node._drive.machine.why
    finally:
        button.kill()
        button.wait(10)
    assert care.crib.faults() == []


def test_two_rockers_on_one_crib_move_nothing_and_say_so(care, rocker, tmp_path, monkeypatch):
    baby = Baby(care)
    rocker()
    baby.is_rocked(care)
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path / 'another'))
    rocker('other_rocker')
    for name in ('rocker', 'other_rocker'):
        baby.until(lambda: says(care, '2 publishers command', name))
        assert care.diagnosis(name)[0] == b'\x02'
    baby.until(lambda: any('2 publishers command' in event.text
                           for event in events(care, CareEvent.PHASE_REFUSED)))
    baby.pause(1.0)
    del care.plans[:]
    baby.quiet()
    baby.pause(0.5)
    baby.cry()
    baby.pause(3.0)
    assert not care.plans and not care.crib.faults()


def test_where_nobody_listens_nothing_is_claimed(care, rocker):
    rocker(command_topic='/elsewhere/joint_trajectory')
    baby = Baby(care)
    baby.until(lambda: says(care, 'nobody listens to /elsewhere/joint_trajectory'))
    assert care.diagnosis('rocker')[0] == b'\x02'
    baby.quiet()
    baby.pause(0.5)
    baby.cry()
    baby.until(lambda: events(care, CareEvent.PHASE_REFUSED))
    assert not events(care, CareEvent.PHASE_STARTED) and not care.plans
    assert care.diagnosis('rocker')[2]['rocked_s'] == '0.0'


def test_a_joint_that_nobody_measures_is_not_moved(care, rocker):
    rocker(joint='another_joint')
    baby = Baby(care)
    baby.until(lambda: says(care, 'joint_states do not say where another_joint is'))
    baby.quiet()
    baby.pause(0.5)
    baby.cry()
    baby.until(lambda: events(care, CareEvent.PHASE_REFUSED))
    assert 'another_joint' in events(care, CareEvent.PHASE_REFUSED)[0].text and not care.plans


def test_a_crib_that_does_not_follow_is_stopped_where_it_is(care, rocker):
    rocker()
    baby = Baby(care)
    baby.is_rocked(care)
    care.crib.move_by_hand(-0.03)
    baby.until(lambda: events(care, CareEvent.PHASE_ENDED))
    # A leap is doubted first: a joint that runs away and a sensor that lies look alike.
    text = events(care, CareEvent.PHASE_ENDED)[-1].text
    assert 'does not follow' in text or 'do not say where' in text
