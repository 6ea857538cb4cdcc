# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a consumer executes of what is published, over random histories; nothing here knows ROS.

A world has a joint with its controller (cubic or linear interpolation, a loop of 100 to 1000 Hz,
real stamps on a clock that somebody sets), its `joint_states`, a network that delays and loses,
hands that move the crib, and rockers that are killed, held up, started again and told to stop.
"""

import copy
from dataclasses import dataclass, field

from baby_cry_detector.care.motion.crib_motion import CribMotion
from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.care.motion.executed import Curve, replaced
from baby_cry_detector.care.motion.joint import Joint
from baby_cry_detector.care.motion.rocking_machine import RockingMachine
import numpy as np

LINEAR_WINDOW_S = 0.2         # over which straight pieces have an acceleration
PLAN_TICK_S = 0.025
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
        if self.moved and motion.start_s <= self.moved[-1][1]:
            self.moved[-1][1] = motion.end_s
        else:
            self.moved.append([motion.start_s, motion.end_s])
        if self.rng.random() < self.lost:
            return
        # None overtakes another.
        arrival_s = max([self.now_s + latency_s, *(one[0] + 1e-6 for one in self.on_the_way)])
        self.on_the_way.append((arrival_s, stamp_wall_s,
                                motion.times_s - motion.start_s, motion.positions,
                                motion.velocities))

    def advance(self, to_s):
        """Let the controller take what has arrived, at the next turn of its loop."""
        if not self.on_the_way:
            self.now_s = to_s
            return
        for message in sorted(self.on_the_way, key=lambda one: one[0]):
            arrival_s, stamp_wall_s, since_s, positions, velocities = message
            taken_s = np.ceil(arrival_s / self.loop_s) * self.loop_s
            if taken_s > to_s:
                continue
            self.on_the_way.remove(message)
            # The controller looks at its clock once, then counts the periods of its loop.
            start_s = stamp_wall_s - self.wall_offset_s
            if taken_s < self.segments[-1][0]:
                continue                   # put somewhere by hand since then
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
        t, x, v, a, by_hand = self.executed(from_s)
        x, v, a = (x - joint.rest) / scale, v / scale, a / scale
        # What a hand did is nobody's command: the story begins after it.
        first = int(np.flatnonzero(by_hand)[-1]) + 1 if by_hand.any() else 0
        t, x, v, a = t[first:], x[first:], v[first:], a[first:]
        if t.size < 2:
            return faults
        if np.abs(x).max() > 0.06 + 2e-5:
            faults.append(f'{1e3 * np.abs(x).max():.2f} mm from rest')
        if np.abs(v).max() > 0.25:
            faults.append(f'{np.abs(v).max():.3f} m/s')
        if self.linear:
            steps = round(LINEAR_WINDOW_S / self.loop_s)
            even = np.interp(np.arange(t[0], t[-1], self.loop_s), t, x)
            a = (even[2 * steps:] - 2 * even[steps:-steps] + even[:-2 * steps]) / (
                steps * self.loop_s) ** 2 if even.size > 2 * steps else np.zeros(1)
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
        self.pause_after_stamp_s = 0.0     # at most, between reading the clocks and publishing
        self.latency_s = 0.003
        self.hand_m_s = 0.0                # how fast somebody pushes it
        self.sees = lambda place: place    # what its sensor makes of where it is

    def publish(self, motion):
        """Stamp and send: one reading of both clocks, whatever the process does meanwhile."""
        if motion is None:
            return
        assert motion.velocities[-1] == 0.0
        # Points count from motion.start_s, which was read together with the stamp.
        stamp = motion.start_s + self.world.wall_offset_s
        late_s = self.pause_after_stamp_s * self.world.rng.random()
        self.world.send(motion, stamp, self.latency_s + late_s)

    def turn(self):
        """Do what the node does in a turn of its executor."""
        world, now_s = self.world, self.world.now_s
        if world.measured_s and now_s >= self.next_state_s:
            self.next_state_s = now_s + world.measured_s
            seen_s = now_s - 0.002
            noise = world.rng.normal(0.0, 3e-5) * world.joint.units_per_metre
            place = self.sees(world.state(max(seen_s, world.segments[0][0]))[0] + noise)
            if place is not None:
                self.motion.measure(now_s, place, 0.002)
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
    options = {'linear': bool(rng.random() < 0.3),
               'loop_s': float(rng.choice([0.001, 0.002, 0.005, 0.01])),
               'measured_s': float(rng.choice([0.01, 0.02, 0.05]))}
    options.update(fixed)
    world = World(joint, rng, **options)
    world.place(float(rng.uniform(-0.06, 0.06) if rng.random() < 0.2
                      else rng.uniform(-0.02, 0.02)))
    return world, Rocker(world, DutyLog(900.0), float(rng.choice([0.3, 0.5, 0.7])),
                         is_measured=world.measured_s > 0)


# --- what may happen, by name: each goes on until the crib is at rest, or for a time -------------
def again(rocker, **options):
    """Return the process that is started after the death of one; it knows its duty alone."""
    return Rocker(rocker.world, rocker.duty, is_measured=rocker.world.measured_s > 0, **options)


def killed(rocker, rng):
    """Nobody says anything more."""
    rocker.world.advance(rocker.world.now_s + 4.0)


def killed_and_stopped(rocker, rng):
    """Kill it, start it again, and tell it to stop at any moment after that."""
    rocker.world.advance(rocker.world.now_s + rng.uniform(0.0, 1.5))
    rocker = again(rocker)
    rocker.live(rng.uniform(0.0, 1.5))
    for _ in range(rng.integers(1, 4)):
        rocker.halt()
        rocker.live(rng.uniform(0.0, 1.2))
    rocker.live(1.2)


def killed_and_started(rocker, rng):
    """Kill it and start it again, to rock as soon as it may."""
    rocker.world.advance(rocker.world.now_s + rng.uniform(0.0, 1.5))
    rocker = again(rocker, acceleration=0.7)
    if rocker.world.measured_s == 0:
        rocker.live(10.1, 0.5)
    rocker.start(rng.uniform(0.3, 0.7), rng.choice([10.0, 30.0, 60.0]))
    rocker.live(rng.uniform(0.0, 2.0))
    rocker.halt()
    rocker.live(1.2)


def halted(rocker, rng):
    """Somebody says stop, once or several times."""
    for _ in range(rng.integers(1, 4)):
        rocker.halt()
        rocker.live(rng.uniform(0.0, 0.7))
    rocker.live(1.0)


def stopped(rocker, rng):
    """End it by the policy; somebody may say stop while it comes to rest."""
    rocker.motion.stop(rocker.world.now_s, 'a test')
    rocker.live(rng.uniform(0.0, 3.3))
    rocker.halt()
    rocker.live(1.0)


def changed(rocker, rng):
    """Let it go on otherwise."""
    rocker.motion.stop(rocker.world.now_s, 'a test')
    rocker.live(3.5)
    rocker.start(rng.uniform(0.3, 0.7), rng.choice([10.0, 30.0, 60.0]))
    rocker.live(rng.uniform(0.0, 2.0))


def configured_anew(rocker, rng):
    """Switch it off, give it other parameters, and switch it on."""
    rocker.halt()
    rocker.world.advance(rocker.world.now_s + rng.uniform(0.0, 0.5))
    rocker = again(rocker, acceleration=float(rng.choice([0.1, 0.7])),
                   ramp_s=float(rng.uniform(3.0, 9.0)))
    if rocker.world.measured_s == 0:
        rocker.live(10.1, 0.5)
    rocker.start(0.7, 60.0)
    rocker.live(rng.uniform(0.0, 2.0))


def held_up(rocker, rng):
    """Hold the process up for a time, at any moment, also between clock and publication."""
    for _ in range(rng.integers(1, 4)):
        rocker.world.advance(rocker.world.now_s + rng.uniform(0.0, 0.9))
        rocker.pause_after_stamp_s = 0.05
        rocker.live(rng.uniform(0.0, 0.6))
    rocker.halt()
    rocker.live(1.0)


def slow_network(rocker, rng):
    """Messages take up to 90 ms, each another time."""
    rocker.latency_s, rocker.pause_after_stamp_s = 0.005, 0.085
    rocker.live(rng.uniform(0.0, 1.5))
    rocker.halt()
    rocker.live(1.0)


def losing_network(rocker, rng):
    """Messages get lost, a stop too."""
    # Who is not measured depends on reliable delivery.
    rocker.world.lost = float(rng.choice([0.1, 0.3, 0.6])) if rocker.world.measured_s else 0.0
    rocker.live(rng.uniform(0.0, 2.0))
    rocker.halt()
    rocker.live(1.5)
    rocker.world.lost = 0.0
    rocker.live(1.5)


def clock_set(rocker, rng):
    """Somebody sets the clock of stamps and controller, back or ahead."""
    rocker.world.advance(rocker.world.now_s + 0.02)        # nothing is on the way
    rocker.world.wall_offset_s += float(rng.choice([-1.0, 1.0]) * 10 ** rng.uniform(-2, 6))
    rocker.live(rng.uniform(0.0, 1.0))
    if rng.random() < 0.5:
        rocker.halt()
    rocker.live(1.0)


def second_rocker(rocker, rng):
    """Another process commands the same controller: as soon as they see each other, none does."""
    other = again(rocker)
    other.motion.is_alone = False          # that is what it sees at once
    end_s = rocker.world.now_s + rng.uniform(0.0, 1.5)
    while rocker.world.now_s < end_s:
        rocker.live(0.05)
        other.turn()                       # it looks, and is not allowed to begin
    for one in (rocker, other) if rng.random() < 0.5 else (other, rocker):
        one.halt()
    for _ in range(30):
        rocker.live(0.05)
        other.turn()


def moved_by_hand(rocker, rng):
    """Let it rest, be moved by somebody, and rock."""
    rocker.halt()
    rocker.live(1.0)
    rocker.world.place(float(rng.uniform(-0.07, 0.07)))
    if rng.random() < 0.5:
        rocker = again(rocker)
    rocker.live(rng.uniform(0.1, 1.0))
    if rocker.world.measured_s == 0:
        return                             # declared to stay where it was told to be
    rocker.start(0.6, 60.0)
    rocker.live(rng.uniform(0.0, 3.0))
    rocker.halt()
    rocker.live(1.0)


def sensor_lost(rocker, rng):
    """Measure the joint no more, for a while or for ever."""
    rocker.sees = lambda place: None
    rocker.live(rng.uniform(0.0, 2.0))
    if rng.random() < 0.5:
        rocker.halt()
    rocker.sees = lambda place: place
    rocker.live(1.5)


def sensor_wild(rocker, rng):
    """Have the joint's sensor say things that can't be, or that are not so."""
    joint = rocker.world.joint
    said = rng.choice([np.nan, np.inf, 1e9, joint.position(0.02), joint.position(-0.05)])
    share = rng.choice([0.05, 0.5, 1.0])
    rocker.sees = lambda place: float(said) if rng.random() < share else place
    rocker.live(rng.uniform(0.0, 2.0))
    rocker.sees = lambda place: place
    rocker.live(1.5)


EVENTS = (killed, killed_and_stopped, killed_and_stopped, killed_and_started, halted, stopped,
          changed, configured_anew, held_up, slow_network, losing_network, clock_set,
          second_rocker, moved_by_hand, sensor_lost, sensor_wild)
# A sensor that lies is believed within bounds: somewhat more than 0.7 m/s^2, and no throw.
LIMITS = {'sensor_wild': 1.0}
# Where nothing is wrong, the acceleration changes gently too, m/s^3 over 0.1 s.
JERKS = {'killed': 10.0, 'stopped': 10.0, 'changed': 10.0, 'slow_network': 10.0,
         'moved_by_hand': 10.0}


def histories(seed, count, branches=25):
    """
    Yield (name of what happened, faults) of so many histories.

    Each rocking is lived through once; from moments of it on, different things happen.
    """
    rng = np.random.default_rng(seed)
    done = 0
    while done < count:
        blind = rng.random() < 0.1
        world, rocker = make(rng, **({'measured_s': 0.0} if blind else {}))
        if blind:
            rocker.live(10.1, 0.5)
        why = rocker.start(float(rng.uniform(0.3, 0.7)), float(rng.choice([10.0, 30.0, 60.0])))
        assert not why, why
        if blind:
            rocker.live(3.0)
        for _ in range(branches):
            rocker.live(float(rng.uniform(0.0, 0.5)))
            one = copy.deepcopy(rocker)
            one.live(float(rng.uniform(0.0, 0.3)))
            event = EVENTS[rng.integers(len(EVENTS))]
            since_s = one.world.now_s - 0.4
            event(one, rng)
            one.world.advance(one.world.now_s + 0.3)
            faults = one.world.check(since_s, LIMITS.get(event.__name__, 0.7),
                                     JERKS.get(event.__name__))
            moving = one.world.executed(since_s)
            moved_s = float((np.abs(moving[2]) > 1.1e-2 * one.world.joint.units_per_metre).sum()
                            * one.world.loop_s)
            counted_s = one.duty.used_ns(round(one.world.now_s * NS)) / NS
            if moved_s > counted_s + 0.2:
                faults.append(f'moved for {moved_s:.1f} s, counted {counted_s:.1f} s')
            yield event.__name__, faults
            done += 1
            if done == count:
                return
