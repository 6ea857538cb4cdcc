# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Plans that are refused unheard where nobody measures, and stops that nobody can see refused."""

import numpy as np
import pytest
from refusing_controller import refuses_at_random
from rocked_histories import histories
from rocked_world import LIMITS
from rocking_process import make
from wrong_sensors import zero_runs_away

HARSH = ('jump', 'stroke', 'speed', 'acceleration', 'jerk')


def harsh(world, since_s):
    """Return what was beyond the limits."""
    highest = world.highest(world.executed(since_s))
    return {name: highest[name] for name in HARSH if highest.get(name, 0.0) > LIMITS[name]}


@pytest.mark.parametrize('seed', [1, 2, 3, 4, 5, 6, 7, 8])
def test_where_nobody_measures_whatever_is_refused_there_is_no_blow(seed):
    """It may have taken any of the plans before: what follows is soft from each of them."""
    refused = 0
    for number in range(12):
        rng = np.random.default_rng([seed, number])
        world, rocker = make(rng, linear=False, measured_s=0.0)
        rocker.live(10.1, 0.5)
        assert not rocker.start(0.7, 60.0)
        rocker.live(6.0 + rng.uniform(0.0, 1.7))
        begin_s = world.now_s
        refuses_at_random(rocker, rng)
        refused += world.refused
        assert not harsh(world, begin_s - 0.3), (seed, number)
    assert refused > 12


@pytest.mark.parametrize('refused_s', [0.15, 0.3, 0.45])
@pytest.mark.parametrize('delay_s', [0.0, 0.2, 0.5, 0.7])
def test_a_stop_before_it_has_begun_to_move_is_said_again(delay_s, refused_s):
    """Whether it was refused nobody sees before the crib has moved; then it would be late."""
    world, rocker = make(np.random.default_rng(1), linear=False, measured_s=0.02)
    assert not rocker.start(0.6, 60.0)
    rocker.live(delay_s)
    stands_s = world.now_s
    world.stalls.append((stands_s - 0.01, stands_s + refused_s))
    place = world.state()[0]
    rocker.halt()
    rocker.live(4.0)
    assert world.refused
    assert abs(world.state()[0] - place) < 1e-3 * world.joint.units_per_metre
    assert not harsh(world, stands_s)


@pytest.mark.slow
def test_a_zero_that_runs_away_is_no_stop_that_was_refused():
    """Braked from the plan that it seemed to follow, though it stood, it was 0.719 m/s^2."""
    *_, (_, faults, _) = histories(700_000, 86, events=[zero_runs_away])
    assert not faults
