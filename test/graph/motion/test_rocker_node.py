# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The rocker on the real graph: it moves only when, and as, it may; and it always stops."""

import signal

from baby_cry_detector.msg import CareEvent, CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.nodes.rocker import Rocker
from baby_cry_detector.ros.tools.care_view import CareView
import numpy as np
import pytest
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rocked_crib import (Baby, care_of, events, is_brake, now_ns, NS, POLICY, positions,
                         rockers_of, speeds, times)
from std_msgs.msg import Empty
from std_srvs.srv import SetBool, Trigger


@pytest.fixture
def care(tmp_path, monkeypatch):
    """Return a made classifier that watches the rocker's commands."""
    with care_of(tmp_path, monkeypatch, place=0.02) as graph:
        yield graph


@pytest.fixture
def rocker(care):
    """Return a running rocker in this process."""
    with rockers_of(care) as start:
        yield start()


def test_it_rocks_while_it_cries_and_comes_to_rest_smoothly(care, rocker):
    baby, shown = Baby(care), CareView(care.node)
    assert shown.doing() == {'motion': 'at rest', 'sound': 'none', 'alert': 'none',
                             'diary': '0 events'}
    baby.is_rocked(care)
    assert shown.doing()['motion'].endswith(' mm')
    baby.until(lambda: 'the last: rocking started' in shown.doing()['diary'])
    # It begins where it was measured, and returns from there slowly.
    first = care.plans[0]
    assert abs(positions(first)[0] - 0.02) < 1e-4 and abs(speeds(first)[0]) < 1e-3
    assert times(first)[0] >= 0.1
    ended = events(care, CareEvent.PHASE_ENDED)       # by a busy machine, which brakes
    for plan in care.plans:
        assert speeds(plan)[-1] == 0.0 and (positions(plan)[-1] == 0.0
                                            or ended and is_brake(plan))
        assert np.abs(positions(plan)).max() <= 0.03 and plan.joint_names == ['crib_rocking_joint']
    started = events(care, CareEvent.PHASE_STARTED)[-1]
    assert started.who == 'rocker' and started.episode_id and started.header.frame_id == 'crib'
    ended = baby.is_rocked_to_the_end(care)
    started = events(care, CareEvent.PHASE_STARTED)[-1]
    assert ended.action_id == started.action_id and 'quiet' in ended.text
    assert ended.event_id != started.event_id
    count = len(care.plans)
    baby.pause(5.0)
    assert len(care.plans) - count < 20
    assert all(positions(plan)[-1] == 0.0 for plan in care.plans)     # none was a brake
    assert 'count.gate' not in care.diagnosis('rocker')[2]
    assert float(care.diagnosis('rocker')[2]['rocked_s']) > 3.0


@pytest.mark.parametrize('how', ['topic', 'service', 'no_audio', 'silence', 'disabled'])
def test_it_stops_at_once_and_stays_stopped(care, rocker, how):
    baby = Baby(care)
    baby.is_rocked(care)
    del care.plans[:]
    fields = {}
    if how == 'topic':
        stop = care.node.create_publisher(Empty, 'rock_stop', qos.STATE)
        baby.until(stop.get_subscription_count)
        stop.publish(Empty())
    elif how == 'service':
        client = care.node.create_client(Trigger, 'rocker/stop')
        baby.until(client.service_is_ready)
        future = client.call_async(Trigger.Request())
        baby.until(future.done)
        assert future.result().success
    elif how == 'disabled':
        client = care.node.create_client(SetBool, 'rocker/enable')
        baby.until(client.service_is_ready)
        future = client.call_async(SetBool.Request(data=False))
        baby.until(future.done)
    elif how == 'no_audio':
        fields['status'] = CryNeed.STATUS_NO_AUDIO
        baby.crying = False
    if how == 'silence':
        care.until(lambda: any(map(is_brake, care.plans)))
    else:
        baby.until(lambda: any(map(is_brake, care.plans)), **fields)
    baby.until(lambda: events(care, CareEvent.PHASE_ENDED), **fields)
    del care.plans[:]
    baby.crying = True
    baby.pause(3.0)
    assert all(map(is_brake, care.plans))
    del care.plans[:]
    if how in ('topic', 'service', 'disabled'):      # nor in the next episode
        baby.quiet()
        baby.pause(0.5)
        baby.cry()
        baby.until(lambda: events(care, CareEvent.PHASE_REFUSED))
        assert not care.plans


def test_stale_or_sudden_crying_moves_nothing(care, rocker):
    baby = Baby(care)
    baby.cry()
    baby.pause(2.0)                     # nobody heard it begin
    for age_s in (10.0, -10.0):
        for _ in range(10):
            onset_ns = now_ns() - round(age_s * NS)
            care.say(onset_ns - NS, 0, False)
            care.say(onset_ns, onset_ns - NS)
            care.spin(0.05)
    care.until(lambda: int(care.diagnosis('rocker')[2].get('count.stale', 0)) >= 20)
    assert not care.plans and not care.care


def test_bad_settings_are_told_and_what_moves_is_given_at_start_only(care, capfd):
    broken = care.policy.with_name('broken.yaml')
    broken.write_text(POLICY.replace('0.6', '0.6, amplitude_mm: 500').replace('mild', 'mld'))
    for overrides, said in (
            ({'policy': str(broken)}, 'broken.yaml:5'),
            ({'policy': str(broken) + 'x'}, 'No such file'),
            ({'policy': str(care.policy), 'interface': 'twist'}, 'platform_rated_for_rocking')):
        node = Rocker(overrides, context=care.context)
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
        assert said in capfd.readouterr().err
        node.close()
    node = Rocker({'policy': str(care.policy)}, context=care.context)
    for name, value in (('rest_position', 1.0), ('units_per_metre', 2.0), ('joint', 'other'),
                        ('interface', 'position'), ('command_topic', 'x'), ('open_loop', True),
                        ('max_acceleration', 0.7), ('stop_hold_s', 0.0)):
        result, = node.set_parameters([Parameter(name, value=value)])
        assert not result.successful and 'read-only' in result.reason, name
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    node.close()
    for name, value in (('rest_position', 1000.0), ('units_per_metre', 1000.0),
                        ('units_per_metre', 0.0), ('max_acceleration', 0.8)):
        node = Rocker({'policy': str(care.policy), name: value}, context=care.context)
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
        assert f'cannot configure: {name}: ' in capfd.readouterr().err
        node.close()


def test_sigterm_says_stop_first_and_kill_forgets_no_duty(care):
    baby = Baby(care)
    care.start('rocker', policy=str(care.policy))
    baby.is_rocked(care)
    rocked_s = float(care.diagnosis('rocker')[2]['rocked_s'])
    care.kill('rocker')
    end = care.plans[-1].points[-1]          # whoever carries this out comes to rest
    assert end.velocities[0] == 0.0 and end.time_from_start.sec < 4
    care.start('rocker', policy=str(care.policy))
    assert float(care.diagnosis('rocker')[2]['rocked_s']) >= rocked_s - 1.1
    del care.plans[:]
    baby.is_rocked(care)
    care.processes['rocker'].send_signal(signal.SIGTERM)
    care.until(lambda: is_brake(care.plans[-1]))
    assert care.processes.pop('rocker').wait(20) == 0
