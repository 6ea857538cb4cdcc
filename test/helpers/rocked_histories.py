# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a consumer executes of what is published, over random histories; nothing here knows ROS.

A world has a joint with its controller (cubic or linear interpolation, a loop of 100 to 1000 Hz,
real stamps on a clock that somebody sets), its `joint_states`, a network that delays and loses,
hands that move the crib, and rockers that are killed, held up, started again and told to stop.
"""

from dataclasses import dataclass, field

import numpy as np

from baby_cry_detector.care.motion.crib_motion import CribMotion
from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.care.motion.executed import Curve, replaced
from baby_cry_detector.care.motion.joint import Joint
from baby_cry_detector.care.motion.rocking_machine import RockingMachine

LINEAR_WINDOW_S = 0.1         # over which straight pieces have an acceleration
PLAN_TICK_S = 0.02
NS = 1_000_000_000


@dataclass
class World:
    """The joint and who carries out what; times are those of a clock that nobody sets."""

    joint: Joint
    rng: np.random.Generator
    linear: bool = False
    loop_s: float = 0.002
    measured_s: float = 0.01          # period of joint_states; 0: nobody measures
    now_s: float = 1000.0
    wall_offset_s: float = 1.7e9
    lost: float = 0.0                 # share of messages that get lost
    segments: list = field(default_factory=list)      # (since, Curve, by hand)
    on_the_way: list = field(default_factory=list)    # (arrival, stamp, columns)
    faults: list = field(default_factory=list)
    moved: list = field(default_factory=list)

    def place(self, metres):
        """Put it somewhere, at rest, as before anything began or by hand while it rests."""
        self.segments.append((self.now_s, Curve(
            np.array([self.now_s]), np.array([self.joint.position(metres)]), np.zeros(1),
            self.linear), True))

    def state(self, at_s=None):
        """Return what is executed (position, velocity)."""
        at_s = self.now_s if at_s is None else at_s
        curve = next(curve for since, curve, _ in reversed(self.segments) if since <= at_s)
        return curve.state(at_s)[:2]

    def send(self, motion, stamp_wall_s, latency_s):
        """Publish a plan; it arrives later, or never."""
        if self.rng.random() < self.lost:
            return
        self.on_the_way.append((self.now_s + latency_s, stamp_wall_s,
                                motion.times_s - motion.start_s, motion.positions,
                                motion.velocities))
        if self.moved and motion.start_s <= self.moved[-1][1]:
            self.moved[-1][1] = motion.end_s
        else:
            self.moved.append([motion.start_s, motion.end_s])

    def advance(self, to_s):
        """Let the controller take what has arrived, at the next turn of its loop."""
        for message in sorted(self.on_the_way, key=lambda one: one[0]):
            arrival_s, stamp_wall_s, since_s, positions, velocities = message
            taken_s = np.ceil(arrival_s / self.loop_s) * self.loop_s
            if taken_s > to_s:
                continue
            self.on_the_way.remove(message)
            # The controller looks at its clock once, then counts the periods of its loop.
            start_s = stamp_wall_s - self.wall_offset_s
            running = self.segments[-1][1]
            curve = replaced(running, taken_s, start_s + since_s, positions, velocities)
            if curve is running:
                continue
            before, after = running.states(np.array([taken_s])), curve.states(np.array([taken_s]))
            jump = abs(after[0][0] - before[0][0]) / self.joint.units_per_metre
            if jump > 1e-4:
                self.faults.append(f'jumps by {1e3 * jump:.2f} mm at {taken_s:.3f}')
            self.segments.append((taken_s, curve, False))
        self.now_s = to_s

    def executed(self, from_s=0.0):
        """Return times, positions, velocities, accelerations of the loop, in metres, by hand."""
        columns = []
        for (since, curve, by_hand), (until, *_) in zip(
                self.segments, [*self.segments[1:], (self.now_s, None, None)]):
            t = np.arange(max(since, from_s), until, self.loop_s)
            if t.size:
                columns.append((t, *curve.states(t), np.full(t.shape, by_hand)))
        return [np.concatenate(column) for column in zip(*columns)]

    def check(self, from_s=0.0, acceleration=0.7, jerk=None):
        """Return what was outside of the limits, in joint units, as sentences."""
        joint, scale = self.joint, self.joint.units_per_metre
        faults = list(self.faults)
        t, x, v, a, _ = self.executed(from_s)
        x, v, a = (x - joint.rest) / scale, v / scale, a / scale
        if np.abs(x).max() > 0.06 + 2e-5:
            faults.append(f'{1e3 * np.abs(x).max():.2f} mm from rest')
        if np.abs(v).max() > 0.25:
            faults.append(f'{np.abs(v).max():.3f} m/s')
        if self.linear:
            steps = round(LINEAR_WINDOW_S / self.loop_s)
            even = np.interp(np.arange(t[0], t[-1], self.loop_s), t, x)
            a = (even[2 * steps:] - 2 * even[steps:-steps] + even[:-2 * steps]) / (
                steps * self.loop_s) ** 2
        highest = float(np.abs(a).max(initial=0.0))
        if highest > acceleration + 1e-3:
            faults.append(f'{highest:.2f} m/s²')
        if jerk is not None and not self.linear:
            steps = max(1, round(0.1 / self.loop_s))
            change = float(np.abs(a[steps:] - a[:-steps]).max(initial=0.0)) / (
                steps * self.loop_s)
            if change > jerk + 0.05:
                faults.append(f'{change:.1f} m/s³')
        return faults


class Rocker:
    """One process that moves the joint; what it keeps over its death is its duty."""

    def __init__(self, world, duty, acceleration=0.5, is_measured=True, ramp_s=3.0,
                 session_s=300.0):
        self.world = world
        self.duty = duty
        machine = RockingMachine(duty, world.joint, acceleration, session_s, ramp_s)
        self.motion = CribMotion(machine, world.now_s, is_measured)
        self.next_state_s = world.now_s
        self.pause_before_sending_s = 0.0
        self.pause_after_stamp_s = 0.0
        self.latency_s = 0.003
        self.said = []

    def publish(self, motion):
        """Stamp and send: one reading of both clocks, whatever the process does meanwhile."""
        if motion is None:
            return
        assert motion.velocities[-1] == 0.0
        # Points count from motion.start_s, which was read together with the stamp.
        stamp = motion.start_s + self.world.wall_offset_s
        latency_s = self.latency_s + self.pause_after_stamp_s
        self.world.send(motion, stamp, latency_s)

    def turn(self):
        """Do what the node does in a turn of its executor."""
        world, now_s = self.world, self.world.now_s
        if world.measured_s and now_s >= self.next_state_s:
            self.next_state_s = now_s + world.measured_s
            seen_s = now_s - 0.002
            noise = world.rng.normal(0.0, 3e-5) * world.joint.units_per_metre
            self.motion.measure(now_s, world.state(max(seen_s, world.segments[0][0]))[0] + noise,
                                0.002)
        self.publish(self.motion.step(now_s))

    def live(self, duration_s, tick_s=PLAN_TICK_S):
        """Go on for a time."""
        world = self.world
        end_s = world.now_s + duration_s
        while world.now_s < end_s - 1e-9:
            world.advance(min(end_s, world.now_s + tick_s))
            self.turn()

    def start(self, frequency_hz=0.6, amplitude_mm=30.0):
        """Begin as soon as it may, within some seconds; return why not."""
        for _ in range(100):
            why = self.motion.start(self.world.now_s, frequency_hz, amplitude_mm)
            if not why:
                self.turn()
                return ''
            self.live(0.1)
        return why

    def halt(self):
        """Stop as a caregiver's word does."""
        self.publish(self.motion.halt(self.world.now_s, 'a test'))


def make(rng, **fixed):
    """Return a world and a rocker, of random kind."""
    joint = Joint('joint', float(rng.choice([0.0, 0.5, -3.0])),
                  float(rng.choice([1.0, 2.5, 0.2])))
    options = dict(linear=bool(rng.random() < 0.3),
                   loop_s=float(rng.choice([0.001, 0.002, 0.005, 0.01])),
                   measured_s=float(rng.choice([0.01, 0.02, 0.05])))
    options.update(fixed)
    world = World(joint, rng, **options)
    world.place(float(rng.uniform(-0.03, 0.03)))
    return world, Rocker(world, DutyLog(900.0), float(rng.choice([0.3, 0.5, 0.7])))
