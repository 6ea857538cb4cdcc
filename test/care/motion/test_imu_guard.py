# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The guard at the inertial sensor: shocks, tilt, and samples that can't be."""

import math

from baby_cry_detector.care.motion.imu_guard import (ImuGuard, OK, SAMPLES_TO_STOP, STOP,
                                                     up_from_quaternion, WARN)
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

G = 9.81
RATE_HZ = 100.0


def leaning(tilt_deg, towards_deg=30.0, gravity=G):
    """Return what a sensor at rest shows that leans by an angle towards a direction."""
    tilt, towards = math.radians(tilt_deg), math.radians(towards_deg)
    return (gravity * math.sin(tilt) * math.cos(towards),
            gravity * math.sin(tilt) * math.sin(towards), gravity * math.cos(tilt))


class Sensor:
    """Feeds a guard 100 times a second."""

    def __init__(self, limit=1.0):
        self.guard, self.now_s = ImuGuard(limit), 5000.0

    def gives(self, acceleration, count=1, up=None):
        """Let it see the sample so many times; return each verdict."""
        verdicts = []
        for _ in range(count):
            self.now_s += 1.0 / RATE_HZ
            verdicts.append(self.guard.update(self.now_s, acceleration, up)[0])
        return verdicts


def turned(axis, angle_deg, length=1.0):
    """Return the quaternion (x, y, z, w) of a rotation about an axis."""
    half = 0.5 * math.radians(angle_deg)
    return tuple(length * part for part in (
        *(math.sin(half) * part for part in axis), math.cos(half)))


@pytest.mark.parametrize('tilt_deg, verdict', [
    (0.0, OK), (4.9, OK), (5.1, WARN), (6.9, WARN), (7.1, STOP), (45.0, STOP), (90.0, STOP),
    (180.0, STOP)])
@pytest.mark.parametrize('towards_deg', [0.0, 135.0, 270.0])
def test_tilt_warns_beyond_five_degrees_and_stops_beyond_seven(tilt_deg, verdict, towards_deg):
    sensor = Sensor()
    assert sensor.gives(leaning(tilt_deg, towards_deg), 10)[-1] == verdict
    assert sensor.guard.tilt_deg == pytest.approx(tilt_deg, abs=1e-6)


def test_a_crib_that_slowly_tips_over_is_noticed_though_nothing_jerks():
    sensor, seen = Sensor(), []
    for tenth in range(200):                   # 0.5 degrees a second
        seen += sensor.gives(leaning(0.05 * tenth), 10)
    assert seen[0] == OK and seen[-1] == STOP
    # Gravity is followed over 2 s: it lags by about a degree.
    assert 1000 <= seen.index(WARN) < 1400 < seen.index(STOP) < 1700
    assert sensor.guard.acceleration < 0.5


@pytest.mark.parametrize('direction', [(1, 0, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)])
def test_motion_beyond_the_limit_stops_with_the_third_sample_and_not_before(direction):
    sensor = Sensor(limit=1.0)
    sensor.gives(leaning(0.0), 100)
    shock = tuple(g + 1.2 * part for g, part in zip(leaning(0.0), direction))
    assert sensor.gives(shock, SAMPLES_TO_STOP) == [OK, OK, STOP]
    calm = sensor.gives(leaning(0.0), 300)         # not before two seconds of calm
    assert calm[:190] == [STOP] * 190 and calm[210:] == [OK] * 90
    below = tuple(g + 0.8 * part for g, part in zip(leaning(0.0), direction))
    assert set(sensor.gives(below, 3)) == {OK}


def test_the_hardest_rocking_that_is_allowed_is_no_alarm():
    sensor, seen = Sensor(), []
    for index in range(1000):
        push = 0.7 * math.sin(2 * math.pi * 0.5 * index / RATE_HZ)
        seen += sensor.gives((push, 0.0, G))
    assert set(seen) == {OK}


@pytest.mark.parametrize('wild', [(1e300, -1e300, 1e308), (0.0, 0.0, 201.0), (100.0, 0.0, G),
                                  (0.0, -2.3, G)])
def test_one_sample_far_beyond_the_limit_is_enough(wild):
    sensor = Sensor()
    sensor.gives(leaning(0.0), 100)
    assert sensor.gives(wild) == [STOP]


@pytest.mark.parametrize('rate_hz', [90.0, 100.0, 200.0, 400.0, 1000.0])
@pytest.mark.parametrize('frequency_hz, amplitude', [(25.0, 5.0), (12.0, 1.3), (8.0, 1.15)])
def test_vibration_stops_within_a_tenth_of_a_second_or_some_periods(
        rate_hz, frequency_hz, amplitude):
    guard, seen = ImuGuard(1.0), []
    for index in range(int(rate_hz)):
        guard.update(index / rate_hz, leaning(0.0))
    for index in range(int(rate_hz)):
        push = amplitude * math.sin(2 * math.pi * frequency_hz * (index + 0.3) / rate_hz)
        seen.append(guard.update(1.0 + index / rate_hz, (push, 0.0, G))[0])
    assert STOP in seen[:int(rate_hz * max(0.1, 3.0 / frequency_hz))]


def test_single_shocks_that_come_again_stop_with_the_third_within_two_seconds():
    sensor, seen = Sensor(), []
    sensor.gives(leaning(0.0), 100)
    for _ in range(4):
        seen += sensor.gives((1.5, 0.0, G)) + sensor.gives(leaning(0.0), 49)
    assert seen.index(STOP) == 100


def test_a_sensor_that_is_too_slow_to_see_a_shock_says_so():
    guard = ImuGuard()
    for index in range(50):
        guard.update(0.2 * index, leaning(0.0))
    assert 'samples a second' in guard.slowness(10.0) and not guard.slowness(1.0)
    for index in range(200):
        guard.update(20.0 + 0.01 * index, leaning(0.0))
    assert not guard.slowness(10.0)


@pytest.mark.parametrize('wild', [
    (math.nan, 0.0, G), (0.0, math.inf, G), (0.0, 0.0, -math.inf)])
def test_two_samples_that_are_no_numbers_change_nothing_and_three_stop(wild):
    sensor = Sensor()
    sensor.gives(leaning(2.0), 100)
    assert set(sensor.gives(wild, 2) + sensor.gives(leaning(2.0), 50)) == {OK}
    assert sensor.gives(wild, 3)[-1] == STOP
    # Not for ever: they did not become part of gravity.
    assert sensor.gives(leaning(2.0), 1000)[-1] == OK


def test_wild_from_the_first_sample_on_stops_until_there_are_numbers():
    sensor = Sensor()
    assert sensor.gives((math.nan,) * 3, 10)[-1] == STOP
    assert sensor.gives(leaning(0.0), 300)[-1] == OK


@pytest.mark.parametrize('acceleration', [
    (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.1, 0.0, 0.0), (0.0, 0.0, 98.1)])
@pytest.mark.parametrize('up', [None, (0.0, 0.0, 1.0)])
def test_a_sensor_that_shows_no_gravity_guards_nothing_and_stops(acceleration, up):
    guard = ImuGuard()
    for index in range(SAMPLES_TO_STOP):
        verdict, why = guard.update(index / RATE_HZ, acceleration, up)
    assert verdict == STOP and 'of gravity instead of 9.8' in why


def test_an_orientation_decides_the_tilt_where_the_sensor_knows_it():
    sensor = Sensor()
    for angle_deg, verdict in ((0, OK), (6, WARN), (8, STOP)):
        up = up_from_quaternion(*turned((0.6, 0.8, 0.0), angle_deg))
        assert sensor.gives(leaning(0.0), 5, up)[-1] == verdict
        assert sensor.guard.tilt_deg == pytest.approx(angle_deg, abs=1e-6)
    level = up_from_quaternion(*turned((0.0, 0.0, 1.0), 77.0))      # turned about up: no tilt
    assert sensor.gives(leaning(0.0), 300, level)[-1] == OK
    assert sensor.gives(leaning(0.0), 5, (math.nan, 0.0, 1.0))[-1] == STOP


@pytest.mark.parametrize('length', [1e-3, 0.1, 1.0, 30.0])
def test_a_quaternion_of_any_length_tells_the_same_tilt(length):
    sensor = Sensor()
    up = up_from_quaternion(*turned((1.0, 0.0, 0.0), 90.0, length))
    sensor.gives(leaning(0.0), 3, up)
    assert sensor.guard.tilt_deg == pytest.approx(90.0, abs=1e-6)
    assert up_from_quaternion(0.0, 0.0, 0.0, 0.0) is None


def test_up_and_what_the_sensor_feels_agree():
    # A turn about x by 20 degrees: the sensor's y axis goes up, so it feels gravity along +y.
    up = up_from_quaternion(*turned((1.0, 0.0, 0.0), 20.0))
    assert up == pytest.approx((0.0, math.sin(math.radians(20)), math.cos(math.radians(20))))
    up = up_from_quaternion(*turned((0.0, 1.0, 0.0), 20.0))
    assert up == pytest.approx((-math.sin(math.radians(20)), 0.0, math.cos(math.radians(20))))


NUMBER = st.floats(width=64)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(-10.0, 10.0), NUMBER, NUMBER, NUMBER,
                          st.none() | st.tuples(NUMBER, NUMBER, NUMBER, NUMBER)), max_size=8))
def test_nothing_a_sensor_says_makes_it_blind(samples):
    guard, now_s = ImuGuard(), 100.0
    for step_s, x, y, z, orientation in samples:
        now_s += step_s                       # a clock that jumps, too
        up = None if orientation is None else up_from_quaternion(*orientation)
        assert guard.update(now_s, (x, y, z), up)[0] in (OK, WARN, STOP)
    for _ in range(500):
        now_s += 0.1
        verdict, _ = guard.update(now_s, leaning(0.0))
    assert verdict == OK
    for _ in range(SAMPLES_TO_STOP):
        now_s += 0.01
        verdict, _ = guard.update(now_s, (3.0, 0.0, G))
    assert verdict == STOP
