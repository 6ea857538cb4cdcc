# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Rocking: the profile, its limits, stops at any moment, and that nothing gets past the gate."""

import math

from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.care.motion.executed import Curve
from baby_cry_detector.care.motion.joint import Joint
from baby_cry_detector.care.motion.motion_gate import LATE_S, LATENCY_S, MotionGate, STILL
from baby_cry_detector.care.motion.rocking import fit, peak_acceleration, RockingProfile
from baby_cry_detector.care.motion.rocking_machine import RockingMachine, START_LEAD_S
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

NS = 1_000_000_000
TICK_S = 0.02


class Watcher:
    """Runs a machine as a node does, and checks every command as it is sent."""

    def __init__(self, machine, limit=0.7, place=0.0):
        self.machine, self.limit = machine, limit
        self.now_s = 1000.0
        machine.gate.anchor(self.now_s, place)
        self.plans, self.moved = [], []
        self.setpoints = [(self.now_s, place, 0.0)]
        self.peak = 0.0

    def take(self, motion, before):
        """Check a plan against where the consumer is."""
        if motion is None:
            return
        assert np.all(np.diff(motion.times_s, prepend=motion.start_s) > 0)
        assert motion.velocities[-1] == 0.0
        curve = Curve(*(np.concatenate(([first], column)) for first, column in zip(
            (motion.start_s, *before[:2]), (motion.times_s, motion.positions,
                                            motion.velocities))))
        assert np.abs(curve.x).max() <= 0.06 + 1e-5
        assert np.abs(curve.v).max() <= 0.25
        peak = np.abs(curve.accelerations()).max()
        assert peak <= self.limit + 1e-6, self.machine.why
        self.peak = max(self.peak, peak)
        self.plans.append(motion)
        if self.moved and motion.start_s <= self.moved[-1][1]:
            self.moved[-1][1] = motion.end_s
        else:
            self.moved.append([motion.start_s, motion.end_s])

    def tick(self):
        before = self.machine.gate.state(self.now_s)
        motion = self.machine.step(self.now_s)
        if motion is not None:
            self.take(motion, before)
        if self.machine.gate.setpoints:
            self.sample()

    def brake(self):
        before = self.machine.gate.state(self.now_s)
        motion = self.machine.brake(self.now_s, 'a test')
        self.take(motion, before)
        return motion

    def sample(self):
        last_s, x0, v0 = self.setpoints[-1]
        x, v = self.machine.setpoint(self.now_s)
        step_s = self.now_s - last_s
        if step_s > LATE_S:       # the consumer stopped where the last one left it
            assert abs(x - x0) < 1e-9 or v0 == 0.0
        elif step_s > 0:
            assert abs(v - v0) <= self.limit * step_s + 1e-6
            assert abs(x - x0) <= 0.25 * step_s + 1e-9
        assert abs(x) <= 0.06 + 1e-5
        self.setpoints.append((self.now_s, x, v))

    def run(self, seconds):
        for _ in range(round(seconds / TICK_S)):
            self.now_s += TICK_S
            self.tick()

    def worst_hour_s(self):
        """Return the most motion in any hour."""
        return max((sum(max(0.0, min(end, last) - max(start, last - 3600.0))
                        for start, end in self.moved) for _, last in self.moved), default=0.0)


def machine(limit_s=900.0, **options):
    return RockingMachine(DutyLog(limit_s), **options)


@pytest.mark.parametrize('amplitude_m, acceleration, highest_hz', [
    (0.03, 0.5, 0.650), (0.06, 0.7, 0.544), (0.06, 0.5, 0.459), (0.02, 0.1, 0.356)])
def test_the_acceleration_decides_the_frequency(amplitude_m, acceleration, highest_hz):
    frequency_hz, amplitude = fit(0.7, amplitude_m, acceleration)
    assert amplitude == amplitude_m
    # sqrt(a / A) / 2 pi, less what the envelope and interpolation add.
    assert 0.85 * highest_hz < frequency_hz < highest_hz
    assert peak_acceleration(frequency_hz, amplitude, 3.0) <= 0.95 * acceleration


def test_no_parameter_lifts_the_hard_limits():
    assert fit(0.7, 0.06, 5.0) == fit(0.7, 0.06, 0.7)
    assert fit(9.0, 0.001, 0.7)[0] == 0.7
    assert fit(0.3, 9.0, 0.7)[1] == 0.06
    # Not slower than 0.3 Hz: then the amplitude gives way.
    frequency_hz, amplitude_m = fit(0.5, 0.06, 0.1)
    assert frequency_hz == 0.3 and amplitude_m < 0.03
    for wrong in (math.nan, math.inf, 0.0, -1.0):
        with pytest.raises(ValueError, match='above 0'):
            fit(wrong, 0.03, 0.5)


@pytest.mark.parametrize('frequency_hz, amplitude_m', [(0.65, 0.03), (0.3, 0.06), (0.54, 0.06)])
def test_the_stated_peak_is_never_exceeded_whenever_it_stops(frequency_hz, amplitude_m):
    stated = peak_acceleration(frequency_hz, amplitude_m, 3.0)
    t = np.arange(0.0, 20.0, 0.002)
    highest = 0.0
    for stop_s in np.arange(0.0, 8.0, 0.13):
        x, v = RockingProfile(
            frequency_hz, amplitude_m, 3.0, 0.0, stop_s=stop_s).state(t)
        highest = max(highest, np.abs(np.diff(v) / 0.002).max())
        assert np.abs(x).max() <= amplitude_m
        assert np.allclose(np.gradient(x, t)[1:-1], v[1:-1], atol=1e-4)
        at_rest = t >= stop_s + 3.0
        assert np.abs(x[at_rest]).max() < 1e-15 and np.abs(v[at_rest]).max() < 1e-15
    assert 0.9 * stated < highest <= stated * 1.001


def test_nothing_above_two_hertz():
    t = np.arange(0.0, 60.0, 0.01)
    _, v = RockingProfile(0.7, 0.03, 3.0, 5.0, stop_s=41.3).state(t)
    spectrum = np.abs(np.fft.rfft(np.gradient(v, t) * np.hanning(t.size))) ** 2
    above = np.fft.rfftfreq(t.size, 0.01) > 2.0
    assert spectrum[above].sum() < 1e-5 * spectrum.sum()


def test_a_session_keeps_to_its_length_and_comes_to_rest_at_the_rest_position():
    watcher = Watcher(machine(session_s=60.0), limit=0.5)
    assert watcher.machine.start(watcher.now_s, 0.6, 30.0) == ''
    watcher.tick()
    assert watcher.plans            # the first command comes with the start
    watcher.run(70.0)
    (start, end), = watcher.moved
    assert 55.0 < end - start <= 60.0 and watcher.machine.why == 'the session is over'
    assert watcher.machine.gate.state(watcher.now_s) == (0.0, 0.0, 0.0)
    assert watcher.peak > 0.4


def test_every_plan_ends_at_rest_at_the_rest_position_by_itself():
    watcher = Watcher(machine())
    watcher.machine.start(watcher.now_s, 0.6, 30.0)
    watcher.run(10.0)
    for motion in watcher.plans:
        assert motion.positions[-1] == 0.0 and motion.end_s - motion.start_s <= 4.2


def test_a_node_that_was_held_up_lets_the_plan_end_and_goes_to_rest():
    watcher = Watcher(RockingMachine(DutyLog()))
    watcher.machine.start(watcher.now_s, 0.6, 30.0)
    for _ in range(300):
        watcher.now_s += TICK_S
        watcher.machine.step(watcher.now_s)
    watcher.now_s += 1.3
    before = watcher.machine.gate.state(watcher.now_s)
    motion = watcher.machine.step(watcher.now_s)
    watcher.take(motion, before)
    assert watcher.machine.why == 'plans came too late'
    assert motion.end_s - motion.start_s < 2.6 and not watcher.machine.gate.refused


def test_set_points_that_were_held_up_stay_where_they_are():
    watcher = Watcher(machine(setpoints=True))
    watcher.machine.start(watcher.now_s, 0.6, 30.0)
    watcher.run(6.3)
    watcher.now_s += 0.4
    watcher.sample()
    assert watcher.machine.why == 'set-points came too late'
    place = watcher.setpoints[-1][1]
    watcher.run(5.0)
    assert watcher.setpoints[-1][1:] == (place, 0.0)


@pytest.mark.parametrize('moment_s', np.arange(0.5, 9.0, 0.71))
@pytest.mark.parametrize('amplitude_mm', [30.0, 60.0])
def test_braking_takes_less_than_two_thirds_of_a_second(moment_s, amplitude_mm):
    watcher = Watcher(machine(acceleration=0.7))
    watcher.machine.start(watcher.now_s, 0.7, amplitude_mm)
    watcher.run(moment_s)
    _, v, a = watcher.machine.gate.state(watcher.now_s + LATENCY_S)
    motion = watcher.brake()
    # What has hardly begun to move stays there, by a plan that is slow from anywhere.
    moves = abs(v) > STILL[0] or abs(a) > STILL[1]
    assert moves or moment_s < START_LEAD_S + 0.2
    assert motion.end_s - motion.start_s <= (0.65 if moves else 2.0)
    watcher.run(2.1)
    # The next session begins where it stands, and is at the rest position at its end.
    assert watcher.machine.start(watcher.now_s, 0.5, 30.0) == ''
    watcher.run(5.0)
    watcher.machine.stop(watcher.now_s, 'enough')
    watcher.run(4.0)
    assert watcher.machine.gate.state(watcher.now_s)[0] == 0.0 and not watcher.machine.gate.refused


@pytest.mark.parametrize('setpoints', [False, True])
@pytest.mark.parametrize('place_m', [-0.06, -0.01, 0.0, 0.03, 0.06])
def test_it_begins_where_it_stands(place_m, setpoints):
    watcher = Watcher(machine(setpoints=setpoints), place=place_m)
    assert watcher.machine.start(watcher.now_s, 0.6, 60.0) == ''
    watcher.tick()
    first = watcher.plans[0]
    assert abs(first.positions[0] - place_m) < 1e-4 and abs(first.velocities[0]) < 1e-2
    watcher.run(8.0)
    assert watcher.machine.is_rocking
    assert abs(place_m) < 0.06 + 1e-9 and watcher.peak < 0.7


def test_it_does_not_begin_outside_of_its_stroke_nor_with_set_points_from_nowhere():
    out = Watcher(machine(), place=0.08)
    assert 'bring it within 60 mm' in out.machine.start(out.now_s, 0.5, 30.0)
    blind = RockingMachine(DutyLog(), setpoints=True)
    assert blind.start(1000.0, 0.5, 30.0) == 'nobody knows where it stands'
    assert blind.brake(1000.0, 'stop') is None


def test_from_an_unknown_place_it_goes_to_the_rest_position_slowly_and_no_stop_assumes_one():
    joint = Joint('rocker', 0.5, 2.0)
    rocking = RockingMachine(DutyLog(), joint)
    assert rocking.brake(999.0, 'stop') is None
    assert rocking.start(1000.0, 0.5, 30.0) == ''
    first = rocking.step(1000.0)
    assert list(first.times_s) == [1003.0] and list(first.positions) == [0.5]
    # From either end of the stroke, whatever it is: 6 x / T^2.
    assert 6 * 0.06 / 9.0 < 0.7
    assert rocking.is_moving(1001.0) and rocking.brake(1001.0, 'stop') is None
    assert rocking.start(1001.5, 0.5, 30.0) == 'it still moves'
    for now_s in np.arange(1001.5, 1004.0, 0.05):
        assert rocking.step(now_s) is None
    assert not rocking.is_moving(1004.0)
    assert rocking.start(1004.0, 0.5, 30.0) == ''
    assert abs(rocking.step(1004.0).positions[0] - 0.5) < 1e-6


def test_limits_are_those_of_the_joint_in_its_own_units():
    for joint in (Joint('a', -3.0, 10.0), Joint('b', 6.0, 0.1)):
        gate = MotionGate(DutyLog(), joint)
        gate.anchor(1000.0, joint.rest)
        for metres, seconds, word in ((0.0601, 3.0, 'further'), (0.05, 0.4, 'more than'),
                                      (1000.0, 9.0, 'further')):
            assert gate.submit(1000.0, [1000.0 + seconds], [joint.position(metres)], [0.0]) is None
            assert word in gate.refused
        assert gate.submit(1000.0, [1003.0], [joint.position(0.059)], [0.0]) is not None
    for rest, units in ((1000.0, 1.0), (0.0, 1000.0), (0.0, 0.0), (math.nan, 1.0), (0.0, -1.0)):
        with pytest.raises(ValueError, match='expected'):
            Joint('c', rest, units)


def test_a_plan_that_jumps_for_who_takes_it_late_is_replaced_by_braking():
    watcher = Watcher(machine())
    watcher.machine.start(watcher.now_s, 0.6, 30.0)
    watcher.run(6.0)
    gate, now_s = watcher.machine.gate, watcher.now_s
    x, v, _ = gate.state(now_s)
    t = np.arange(1, 31) * 0.02
    slow = v / t[-1]
    speeds = np.append(v - slow * t[:-1], 0.0)       # at rest to the last bit
    gate.submit(now_s, now_s + t, x + v * t - 0.5 * slow * t ** 2, speeds)
    assert 'late' in gate.refused


def test_the_duty_of_an_hour_is_kept_and_comes_back():
    watcher = Watcher(machine(limit_s=200.0, session_s=90.0))
    refusals = 0
    for _ in range(4):
        refusals += bool(watcher.machine.start(watcher.now_s, 0.5, 30.0))
        watcher.run(95.0)
    assert refusals == 1 and 180.0 < watcher.worst_hour_s() <= 200.0
    watcher.now_s += 3600.0
    assert watcher.machine.start(watcher.now_s, 0.5, 30.0) == ''


def test_the_log_of_motion_survives_a_restart_and_a_reboot():
    duty = DutyLog(900.0)
    duty.note(100 * NS, 400 * NS)
    duty.note(1000 * NS, 1500 * NS)
    kept = duty.document('boot 1')
    same, other = DutyLog(900.0), DutyLog(900.0)
    same.restore(kept, 1600 * NS, 'boot 1')
    assert same.left_ns(1600 * NS) == 100 * NS
    assert same.left_ns(3900 * NS) == 300 * NS
    # The clock has begun again: as if it had moved until now.
    other.restore(kept, 20 * NS, 'boot 2')
    assert other.left_ns(20 * NS) == 100 * NS
    assert other.left_ns((20 + 2300) * NS) < 400 * NS
    broken = DutyLog(900.0)
    for junk in ({}, {'entries': [[3, 2]], 'clock_id': ''}, {'entries': 'x', 'clock_id': ''},
                 {'entries': [[1, 5], [2, 6]], 'clock_id': ''}):
        with pytest.raises(ValueError, match='no log of motion'):
            broken.restore(junk, 5 * NS, 'boot 1')
        assert broken.left_ns(5 * NS) == 0


def test_logs_of_motion_add_up_and_count_nothing_twice():
    one, other = DutyLog(900.0), DutyLog(900.0)
    one.note(100 * NS, 200 * NS)
    one.note(500 * NS, 600 * NS)
    other.note(150 * NS, 260 * NS)
    other.note(500 * NS, 600 * NS)
    other.note(700 * NS, 710 * NS)
    one.add(other)
    assert one.used_ns(800 * NS) == (160 + 100 + 10) * NS
    one.note(800 * NS, 805 * NS)
    assert one.used_ns(900 * NS) == 275 * NS
    assert other.used_ns(900 * NS) == 220 * NS


PLAN = st.lists(st.tuples(st.floats(-1.0, 12.0), st.floats(-0.2, 0.2), st.floats(-1.0, 1.0)),
                max_size=6)


@settings(max_examples=60, deadline=None)
@given(PLAN, st.booleans(), st.floats(0.0, 9.0))
def test_whatever_is_submitted_what_leaves_the_gate_is_within_the_limits(points, sort, before_s):
    watcher = Watcher(machine())
    watcher.machine.start(watcher.now_s, 0.6, 30.0)
    watcher.run(before_s)
    points = sorted(points) if sort else points
    gate, now_s = watcher.machine.gate, watcher.now_s
    before = gate.state(now_s)
    columns = list(zip(*points)) or [(), (), ()]
    watcher.take(gate.submit(now_s, [now_s + t for t in columns[0]], *columns[1:]), before)


@pytest.mark.parametrize('columns', [
    ([math.nan], [0.0], [0.0]), ([1001.0], [math.inf], [0.0]), ([1001.0], [0.0], []),
    ([[1001.0]], [[0.0]], [[0.0]]), (['x'], [0.0], [0.0]), ([1001.0], [0.0], [0.1]),
    ([1100.0], [0.0], [0.0]), ([1001.0], [0.061], [0.0]), ([1000.1], [0.05], [0.0])])
def test_the_gate_says_what_was_wrong_and_stays_at_rest(columns):
    gate = MotionGate(DutyLog())
    assert gate.submit(1000.0, [1003.0], [0.01], [0.0]) is None
    assert gate.refused == 'nobody knows where the joint is'
    gate.anchor(1000.0, 0.0)
    assert gate.submit(1000.0, *columns) is None
    assert gate.refused and gate.state(1001.0) == (0.0, 0.0, 0.0)


ACTIONS = st.lists(st.tuples(
    st.sampled_from(['start', 'start', 'stop', 'brake', 'pause', 'wait', 'hour', 'crash']),
    st.floats(0.02, 9.0), st.floats(0.1, 3.0), st.floats(0.5, 200.0)), min_size=1, max_size=10)


@settings(max_examples=40, deadline=None)
@given(ACTIONS, st.floats(0.05, 2.0), st.floats(5.0, 400.0), st.floats(1.0, 12.0),
       st.floats(20.0, 4000.0), st.booleans())
def test_no_command_is_ever_outside_the_limits(actions, acceleration, session_s, ramp_s, limit_s,
                                               setpoints):
    watcher = Watcher(machine(limit_s, acceleration=acceleration, session_s=session_s,
                              ramp_s=ramp_s, setpoints=setpoints))
    rocking = watcher.machine
    for action, seconds, frequency_hz, amplitude_mm in actions:
        if action == 'start':
            rocking.start(watcher.now_s, frequency_hz, amplitude_mm)
        elif action == 'stop':
            rocking.stop(watcher.now_s, 'a test')
        elif action == 'brake':
            watcher.brake()
        elif action == 'crash':
            # What was sent goes on to its rest; the next process knows the file alone, and
            # begins once the crib stands still.
            kept = rocking.duty.document('boot')
            watcher.now_s += 12.0
            duty = DutyLog(limit_s)
            duty.restore(kept, round(watcher.now_s * NS), 'boot')
            rocking = watcher.machine = RockingMachine(
                duty, acceleration=acceleration, session_s=session_s, ramp_s=ramp_s,
                setpoints=setpoints)
            rocking.gate.anchor(watcher.now_s, 0.01)
            watcher.setpoints = [(watcher.now_s, 0.01, 0.0)]
        elif action in ('pause', 'hour'):
            watcher.now_s += 0.2 * seconds if action == 'pause' else 400.0 * seconds
        watcher.run(seconds)
    for start, end in watcher.moved:
        assert end - start <= min(session_s, 300.0) + 0.5
    assert watcher.worst_hour_s() <= min(limit_s, 1800.0) + 1.0
