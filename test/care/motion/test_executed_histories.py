# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a consumer executes over random histories stays within the limits, in joint units.

Two thousand here; `tools/soak.py --only motion` lives through a hundred thousand.
"""

from collections import Counter

from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.care.motion.joint import Joint
import numpy as np
import pytest
from rocked_histories import EVENTS, histories, Rocker, Scaled
from rocked_world import LIMITS, World


@pytest.mark.parametrize('seed', range(4))
def test_nothing_that_is_executed_leaves_the_limits(seed):
    seen, wrong = Counter(), []
    for name, faults, _ in histories(seed, 500):
        seen[name] += 1
        wrong += [(name, faults)] if faults else []
    assert not wrong
    assert set(seen) == {event.__name__ for event in EVENTS}


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
