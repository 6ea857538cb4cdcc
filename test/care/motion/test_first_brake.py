# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The first brake of a process that finds the crib moving, whatever its sensor says of that."""

import copy

from baby_cry_detector.care.motion.braking import of_a_swing, untried
from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.care.motion.joint import Joint
import numpy as np
import pytest
from rocked_world import LIMITS, World
from rocking_process import again, Rocker, Scaled

SINCE_S = 0.35                # the new process has seen it for so long when it is told to stop


class Shifted:
    """A sensor whose zero has moved by so many metres."""

    def __init__(self, by_m):
        self.by_m = by_m

    def __call__(self, place):
        return place + self.by_m


def truth(place):
    """Return where it is."""
    return place


@pytest.fixture(scope='module')
def swings():
    """Return rockers at twelve moments of a swing, for cubic and for straight consumers."""
    found = {}
    for linear in (False, True):
        world = World(Joint('joint'), np.random.default_rng(1), linear=linear)
        world.place(0.0)
        rocker = Rocker(world, DutyLog(900.0), 0.7)
        assert not rocker.start(0.6, 60.0)
        rocker.live(6.0)
        for _ in range(12):
            rocker.live(0.15)
            found.setdefault(linear, []).append(copy.deepcopy(rocker))
    return found


def faults(rocker, sees, allowed, slow_s, slow):
    """Kill it, tell the next process to stop, and return what was beyond; it is slow in time."""
    rocker = copy.deepcopy(rocker)
    world = rocker.world
    rocker = again(rocker)
    rocker.sees = sees
    rocker.live(SINCE_S)
    said_s = world.now_s
    rocker.halt()
    rocker.live(4.0)
    assert world.segments[-1][0] > said_s              # it was told
    t, _, v, *_ = executed = world.executed(said_s - 0.4)
    assert np.abs(v[t > said_s + slow_s]).max() < slow
    highest = world.highest(executed)
    return {name: highest[name] for name in allowed if highest.get(name, 0.0) > LIMITS[name]}


@pytest.mark.parametrize('linear', [False, True])
@pytest.mark.parametrize('sees', [
    Shifted(-0.063), Shifted(-0.024), Shifted(0.015), Shifted(0.04), Scaled(0.0, -1.0),
    Scaled(0.0, 2.5), Scaled(0.0, 0.4)])
def test_a_sensor_that_was_moved_or_changed_meanwhile_is_no_harm(swings, linear, sees):
    """From where it was seen it went 65 mm far; nobody can know that the zero has moved."""
    allowed = ('jump', 'stroke', 'speed', 'acceleration', 'jerk', 'straight_slow')
    assert not [found for rocker in swings[linear] if (found := faults(
        rocker, sees, allowed, 3.2, 0.03))]


@pytest.mark.parametrize('linear', [False, True])
def test_a_right_sensor_is_enough_for_straight_lines_too(swings, linear):
    """Braked at once in the middle of a swing lines were 0.74 m/s^2 over 0.2 s."""
    assert not [found for rocker in swings[linear] if (found := faults(
        rocker, truth, LIMITS, 2.0, 1e-4))]


def test_the_way_to_rest_is_soft_from_anywhere_in_any_swing():
    rng = np.random.default_rng(2)
    omega = 2.0 * np.pi * rng.uniform(0.3, 0.7, 4000)
    phase = rng.uniform(0.0, 2.0 * np.pi, 4000)
    amplitude = np.minimum(0.055, 0.63 / omega ** 2) * rng.uniform(0.3, 1.0, 4000)
    x, v = amplitude * np.sin(phase), amplitude * omega * np.cos(phase)
    (duration_s, way, _), = untried(0.02, 0.1, None)
    assert way == -0.02                    # wherever it is seen, it is sent to the rest position
    for left_s in (duration_s, duration_s - 0.1):
        first = -6.0 * x / left_s ** 2 - 4.0 * v / left_s
        last = 6.0 * x / left_s ** 2 + 2.0 * v / left_s
        assert max(np.abs(first).max(), np.abs(last).max()) < 0.66
        u = np.linspace(0.0, left_s, 50)[:, None]
        path = x + u * (v + u * (0.5 * first + u * (last - first) / (6.0 * left_s)))
        assert np.abs(path).max() < 0.058


def test_what_no_swing_does_is_taken_for_the_nearest_that_one_does():
    assert of_a_swing(0.02, -0.1) == (0.02, -0.1)
    assert of_a_swing(0.2, 0.0) == (0.055, 0.0)
    assert of_a_swing(-0.02, 0.5) == (0.0, 0.19)
