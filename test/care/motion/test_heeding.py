# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A stop that a controller refuses unheard is seen and sent again, until the crib is at rest."""

from baby_cry_detector.care.motion.stops.heeding import MOST_TRIES
import numpy as np
import pytest
from rocked_world import LIMITS
from rocking_process import again, make

# What is outside of the limits is counted over thousands of histories by `tools/soak.py`; a
# handful of them is here for when the crib is at rest, and the limits of acceleration and jump.
HARSH = ('jump', 'speed', 'acceleration')


def swung(seed, measured_s=0.02, **fixed):
    """Return a world and its rocker in full swing."""
    rng = np.random.default_rng(seed)
    world, rocker = make(rng, linear=False, measured_s=measured_s, **fixed)
    if not measured_s:
        rocker.live(10.1, 0.5)
    assert not rocker.start(0.6, 30.0)
    rocker.live(6.0 + 3.0 * (not measured_s) + rng.uniform(0.0, 1.7))
    return world, rocker


def stands(world, duration_s):
    """Have the controller stand from now on: it refuses what it finds when it goes on."""
    world.stalls.append((world.now_s - 0.01, world.now_s + duration_s))


def moves_at(world, after_s):
    """Return until when it moved, in seconds after that."""
    t, _, v, _, _ = world.executed(after_s)
    moving = t[np.abs(v) > 2e-3]
    return float(moving[-1]) - after_s if moving.size else 0.0


def harsh(world, since_s):
    """Return what was beyond the limits."""
    highest = world.highest(world.executed(since_s))
    return {name: highest[name] for name in HARSH if highest[name] > LIMITS[name]}


@pytest.mark.parametrize('seed', range(12))
def test_a_refused_brake_is_sent_again_until_the_crib_is_at_rest(seed):
    world, rocker = swung(seed)
    begin_s = world.now_s
    stands(world, 0.4)
    rocker.halt()
    rocker.live(3.0)
    assert world.refused and 1 <= rocker.motion.heeding.tries <= 3
    # The plan before it would have gone on for 2.9 to 3.8 s.
    assert moves_at(world, begin_s) < 0.4 + 0.9
    assert not harsh(world, begin_s - 0.3)
    times = rocker.motion.heeding.tries
    assert rocker.motion.heeding.trouble.startswith(
        'the controller did not carry out the stop: it was sent again '
        + ('1 time' if times == 1 else f'{times} times'))
    rocker.live(2.0)
    assert not rocker.start()
    assert not rocker.motion.heeding.trouble and rocker.motion.figures()['stopped_again'] == times


@pytest.mark.parametrize('seed', range(12))
def test_a_brake_that_was_taken_is_sent_once(seed):
    world, rocker = swung(seed)
    rocker.halt()
    sent = len(world.segments)
    rocker.live(4.0)
    assert len(world.segments) == sent + 1
    assert not rocker.motion.heeding.unheeded and not rocker.motion.is_watched(world.now_s)


@pytest.mark.parametrize('seed', range(12))
def test_a_process_that_was_told_to_stop_stops_what_begins_to_move_after_that(seed):
    """The one before had sent a start that is still to come: at rest now, and not for long."""
    rng = np.random.default_rng(seed)
    world, rocker = make(rng, linear=False, measured_s=0.02)
    assert not rocker.start(0.6, 60.0)
    rocker.live(0.7)
    rocker = again(rocker)
    rocker.live(0.6)
    rocker.halt()
    rocker.live(12.0)
    t, _, v, _, _ = world.executed()
    assert np.abs(v).max() < 0.03 and not harsh(world, 0.0)


def test_a_controller_that_takes_nothing_is_told_so_often_and_no_more():
    world, rocker = swung(3)
    stands(world, 100.0)
    rocker.halt()
    rocker.live(12.0)
    assert 5 <= rocker.motion.heeding.tries <= MOST_TRIES
    assert not rocker.motion.is_watched(world.now_s)
    sent = len(world.on_the_way)
    rocker.live(5.0)
    assert len(world.on_the_way) == sent


@pytest.mark.parametrize('seed', range(12))
def test_where_nobody_measures_where_to_stop_is_said_again_gently(seed):
    world, rocker = swung(seed, measured_s=0.0)
    begin_s = world.now_s
    stands(world, 0.4)
    rocker.halt()
    rocker.live(5.0)
    assert world.refused and moves_at(world, begin_s) < 2.9
    assert not harsh(world, begin_s - 0.3)


@pytest.mark.parametrize('seed', range(12))
def test_where_nobody_measures_saying_it_again_moves_nobody_who_stopped(seed):
    world, rocker = swung(seed, measured_s=0.0)
    begin_s = world.now_s
    rocker.halt()
    rocker.live(5.0)
    assert moves_at(world, begin_s) < 0.7 and not harsh(world, begin_s - 0.3)


@pytest.mark.parametrize('place_m', [-0.06, 0.06])
def test_where_nobody_measures_a_hand_may_move_it_before_that_is_said_again(place_m):
    world, rocker = swung(3, measured_s=0.0)
    rocker.halt()
    rocker.live(0.6)
    moved_s = world.now_s
    world.place(place_m)
    rocker.live(5.0)
    assert world.segments[-1][0] > moved_s and not harsh(world, moved_s)


@pytest.mark.parametrize('seed', range(12))
def test_a_smooth_stop_whose_first_plans_are_refused_is_joined_smoothly(seed):
    """It begins when the plan before ends by itself: what is refused until then is no loss."""
    world, rocker = swung(seed)
    begin_s = world.now_s
    stands(world, 0.45)
    rocker.motion.stop(world.now_s, 'a test')
    rocker.live(5.0)
    assert world.refused and moves_at(world, begin_s) < 3.9
    assert not harsh(world, begin_s - 0.3)
    assert world.state()[0] == pytest.approx(world.joint.rest, abs=1e-4 * 2.5)
