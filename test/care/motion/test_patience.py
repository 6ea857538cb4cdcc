# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A stop waits for a brake that is safe whatever is carried out, and not for long."""

from baby_cry_detector.care.hard_limits import HARD_ACCELERATION, LARGEST_AMPLITUDE_MM, STROKE_M
from baby_cry_detector.care.motion.braking import gentle
from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.care.motion.joint import Joint
from baby_cry_detector.care.motion.rocking import fit
from baby_cry_detector.care.motion.stops.patience import Patience, PATIENT_S
import numpy as np
import pytest
from rocked_world import LIMITS, World
from rocking_process import again, Rocker, Scaled


def swung(seed, acceleration=0.7, **fields):
    """Return a world with a crib in full swing, and who swings it."""
    world = World(Joint('joint'), np.random.default_rng(seed), loop_s=0.002,
                  **{'measured_s': 0.02, **fields})
    world.place(0.0)
    rocker = Rocker(world, DutyLog(900.0), acceleration, is_measured=world.measured_s > 0)
    if not rocker.motion.is_measured:
        rocker.live(10.6, 0.5)
    assert not rocker.start(0.7, LARGEST_AMPLITUDE_MM)
    rocker.live(6.0 + 3.0 * (not rocker.motion.is_measured) + 0.05 * seed)
    return world, rocker


def beyond(world):
    """Return what was executed beyond the limits."""
    highest = world.highest(world.executed())
    return {name: value for name, value in highest.items() if value > LIMITS[name]}


def test_there_is_always_a_safe_brake_at_the_end_of_a_swing_and_not_everywhere():
    frequency_hz, amplitude = fit(0.7, 0.055, 0.7)
    omega = 2.0 * np.pi * frequency_hz
    safe = []
    for phase in np.linspace(0.0, 2.0 * np.pi, 201):
        x, v = amplitude * np.sin(phase), amplitude * omega * np.cos(phase)
        safe.append(gentle(x, v, -omega * omega * x)[0][2])
    # Never for longer than is waited, and after that there is one.
    unsafe = np.flatnonzero(~np.array(safe))
    assert unsafe.size
    longest = max(map(len, np.split(unsafe, np.flatnonzero(np.diff(unsafe) > 1) + 1)))
    assert longest / 200 / frequency_hz < PATIENT_S
    assert safe[50] and safe[150]              # at both ends


@pytest.mark.parametrize('seed', range(0, 40, 2))
def test_a_restart_in_full_swing_whose_first_brakes_are_refused_stays_within_the_stroke(seed):
    """Once 64 mm: the brake was refused, and who saw that had no room left."""
    world, rocker = swung(seed)
    rocker = again(rocker)
    rocker.live(0.2)
    said_s = world.now_s
    world.stalls.append((said_s - 0.05, said_s + 0.35))
    rocker.halt()
    rocker.live(3.5)
    assert not beyond(world)
    t, _, v, _, _ = world.executed(said_s)
    assert np.abs(v[t > said_s + 0.35 + 2.6]).max() < 2e-3


@pytest.mark.parametrize('measured_s', [0.02, 0.0])
@pytest.mark.parametrize('late_s', [0.0, 0.05, 0.095])
@pytest.mark.parametrize('seed', range(0, 40, 8))
def test_a_plan_or_brake_that_is_taken_at_the_last_moment_after_three_were_refused_is_soft(
        seed, late_s, measured_s):
    """Once 1.14 m/s²: it began where the refused ones would have led."""
    world, rocker = swung(seed, measured_s=measured_s)
    stand_s = world.now_s + 0.01
    world.stalls.append((stand_s, stand_s + 0.7))
    rocker.live(0.71 - late_s)
    rocker.halt()
    rocker.live(3.5)
    assert not beyond(world)


def test_it_is_waited_once_and_anew_after_a_brake():
    patience = Patience()
    assert patience.is_left(10.0) and patience.is_left(10.0 + 0.9 * PATIENT_S)
    assert not patience.is_left(10.0 + 1.1 * PATIENT_S)
    assert not patience.is_left(10.0 + 1.3 * PATIENT_S)
    patience.end()
    assert patience.is_left(10.0 + 1.4 * PATIENT_S)


@pytest.mark.parametrize('acceleration', [0.3, 0.5, 0.7])
def test_what_is_planned_leaves_room_below_the_limits(acceleration):
    world, _ = swung(0, acceleration)
    highest = world.highest(world.executed())
    assert highest['acceleration'] < 0.92 * HARD_ACCELERATION
    assert highest['stroke'] < STROKE_M - 4e-3


def test_what_an_owed_stop_waits_for_is_said():
    world, rocker = swung(3)
    rocker.sees = lambda place: None
    rocker = again(rocker)
    rocker.sees = lambda place: None
    rocker.halt()
    assert rocker.motion.owed and 'joint_states' in rocker.motion.lacks
    # Measured, and no brake is safe just then: another sentence.
    said = set()
    for seed in range(0, 40, 2):
        world, rocker = swung(seed)
        rocker = again(rocker)
        rocker.live(0.2)
        rocker.halt()
        if rocker.motion.owed:
            said.add(rocker.motion.lacks)
    assert said == {'a brake that is within the limits'}


@pytest.mark.parametrize('factor', [2.5, 0.4])
@pytest.mark.parametrize('seed', range(0, 40, 4))
def test_a_sensor_that_changes_its_units_in_mid_swing_throws_nobody(seed, factor):
    """Once 1.75 m/s²: told to stay near, it seemed to follow for long enough to be believed."""
    world, rocker = swung(seed, measured_s=0.05)
    rocker.sees = Scaled(0.0, factor)
    rocker.live(4.0)
    allowed = {**LIMITS, 'stroke': 0.063}      # of the stroke some margin, but no push
    highest = world.highest(world.executed())
    assert not {name: value for name, value in highest.items() if value > allowed[name]}
