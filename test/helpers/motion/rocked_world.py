# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A joint with its controller, as `care/motion/executed.py` says, and a network; nothing knows ROS.

The controller interpolates cubically or straight, in a loop of 100 to 1000 Hz, and judges real
stamps by a clock that somebody sets.
"""

from dataclasses import dataclass, field

from baby_cry_detector.care.hard_limits import (HARD_ACCELERATION, HARD_JERK, HARD_SPEED,
                                                JERK_WINDOW_S, STROKE_M)
from baby_cry_detector.care.motion.executed import Curve, replaced
from baby_cry_detector.care.motion.joint import Joint
import numpy as np

# Straight pieces have an acceleration over some time only, s. Where what is done is not what was
# told, they have steps of velocity that no sender can know of.
STRAIGHT_S, STRAIGHT_ELSEWHERE_S = 0.2, 0.3
# Of what `World.highest` returns, in metres.
LIMITS = {'jump': 1e-5, 'stroke': STROKE_M + 1e-5, 'speed': HARD_SPEED,
          'acceleration': HARD_ACCELERATION + 1e-3, 'jerk': HARD_JERK + 0.01,
          'straight': HARD_ACCELERATION + 1e-3, 'straight_slow': HARD_ACCELERATION + 1e-3}
MISSED_S = 1.0                # after so long a lost message has been repeated
CAREFUL_S = 0.1               # for so long a controller whose clock was set takes no stamps
OLDEST_PLAN_S = 0.1           # what is older when it is taken a controller refuses


@dataclass
class World:
    """The joint and who carries out what; times are those of a clock that nobody sets."""

    joint: Joint
    rng: np.random.Generator
    linear: bool = False
    loop_s: float = 0.002
    measured_s: float = 0.01          # period of joint_states; 0: nobody measures
    now_s: float = 1000.0
    wall_offset_s: float = 1.7e9      # of the clock of the stamps, when it was slewed last
    pace: float = 0.0                 # how much faster that goes, and since when
    slewed_s: float = 0.0
    is_slewed: bool = False           # whether the controller counts its periods by it too
    rate: float = 1.0                 # at which it does
    lost: float = 0.0                 # share of messages that get lost
    is_careful: bool = False          # whether the controller notices that its clock was set
    clock_set_s: float = -np.inf
    missed_s: float = -np.inf         # when the sender can't know any more that one was lost
    stalls: list = field(default_factory=list)        # (since, until) the controller stands
    refuses: float = 0.0              # share of plans that it refuses, and nobody is told
    refused: int = 0                  # how many it did
    rests_by_s: float = np.inf        # when a stop has to have been carried out
    segments: list = field(default_factory=list)      # (since, Curve, by hand)
    on_the_way: list = field(default_factory=list)    # (arrival, stamp, columns)
    jump: float = 0.0                 # the largest, metres
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
            self.missed_s = self.now_s + MISSED_S
            return
        # None overtakes another.
        arrival_s = max([self.now_s + latency_s, *(one[0] + 1e-6 for one in self.on_the_way)])
        self.on_the_way.append((arrival_s, 0.0 if motion.at_arrival else stamp_wall_s,
                                motion.times_s - motion.start_s, motion.positions,
                                motion.velocities))

    def set_clock(self, by_s):
        """Set the clock that the stamps are read from, and judged by."""
        self.wall_offset_s += by_s
        self.clock_set_s = self.now_s

    def slew(self, pace):
        """Have that clock go faster, or slower, from now on."""
        self.wall_offset_s = self.wall_s() - self.now_s
        self.pace, self.slewed_s = pace, self.now_s
        if self.is_slewed and self.segments:       # what is carried out goes on at that pace
            since, curve, _ = self.segments[-1]
            rate = (1.0 + pace) / self.rate
            self.rate = 1.0 + pace
            to_come = curve.t > self.now_s
            if rate != 1.0 and to_come.any():
                x, v, _ = curve.state(self.now_s)
                self.segments.append((self.now_s, Curve(
                    np.concatenate(([self.now_s],
                                    self.now_s + (curve.t[to_come] - self.now_s) / rate)),
                    np.concatenate(([x], curve.x[to_come])),
                    rate * np.concatenate(([v], curve.v[to_come])), self.linear), False))

    def wall_s(self, at_s=None):
        """Return what the clock of the stamps says."""
        at_s = self.now_s if at_s is None else at_s
        return at_s + self.wall_offset_s + self.pace * (at_s - self.slewed_s)

    def is_delivered(self):
        """
        Return whether all that was sent was received, as a reliable writer knows.

        What lies in the queue of a controller that stands was acknowledged.
        """
        stands = any(since_s <= self.now_s < until_s for since_s, until_s in self.stalls)
        return (not self.on_the_way or stands) and self.now_s >= self.missed_s

    def advance(self, to_s):
        """Let the controller take what has arrived, at the next turn of its loop."""
        if not self.on_the_way:
            self.now_s = to_s
            return
        for message in sorted(self.on_the_way, key=lambda one: one[0]):
            arrival_s, stamp_wall_s, since_s, positions, velocities = message
            taken_s = np.ceil(arrival_s / self.loop_s) * self.loop_s
            for stands_s, until_s in self.stalls:
                if stands_s <= taken_s < until_s:
                    taken_s = np.ceil(until_s / self.loop_s) * self.loop_s
            if taken_s > to_s:
                continue
            self.on_the_way.remove(message)
            # The controller looks at its clock once, then counts the periods of its loop.
            start_s = taken_s
            if stamp_wall_s:
                start_s += (stamp_wall_s - self.wall_s(taken_s)) / self.rate
            if taken_s < self.segments[-1][0]:
                continue                   # put somewhere by hand since then
            if self.is_careful and stamp_wall_s and taken_s < self.clock_set_s + CAREFUL_S:
                continue
            if self.stalls and stamp_wall_s and taken_s > start_s + OLDEST_PLAN_S:
                self.refused += 1          # and nobody is told: it was delivered
                continue
            if self.refuses and self.rng.random() < self.refuses:
                self.refused += 1
                continue
            running = self.segments[-1][1]
            curve = replaced(running, taken_s, start_s + since_s / self.rate, positions,
                             velocities * self.rate)
            if curve is running:
                continue
            before, after = running.states(np.array([taken_s])), curve.states(np.array([taken_s]))
            self.jump = max(self.jump, float(
                abs(after[0][0] - before[0][0]) / self.joint.units_per_metre))
            self.segments.append((taken_s, curve, False))
        self.now_s = to_s

    def forget(self, before_s):
        """Keep nothing of what was executed before then."""
        while len(self.segments) > 1 and self.segments[1][0] <= before_s:
            del self.segments[0]

    def executed(self, from_s=0.0):
        """Return times, positions, velocities, accelerations of the loop, in metres, by hand."""
        columns = []
        for (since, curve, by_hand), (until, *_) in zip(
                self.segments, [*self.segments[1:], (self.now_s, None, None)]):
            t = np.arange(max(since, from_s), until, self.loop_s)
            if t.size:
                columns.append((t, *curve.states(t), np.full(t.shape, by_hand)))
        t, x, v, a, by_hand = (np.concatenate(column) for column in zip(*columns))
        scale = self.joint.units_per_metre
        return t, (x - self.joint.rest) / scale, v / scale, a / scale, by_hand

    def highest(self, executed) -> dict:
        """
        Return the highest of all that was `executed`, in metres, by name.

        `stroke` is the distance from the rest position, or, where a hand put it further out, how
        much further than that it went, beyond the 60 mm; `straight` and `straight_slow` are the
        acceleration of straight pieces over `STRAIGHT_S` and `STRAIGHT_ELSEWHERE_S`.
        """
        t, x, v, a, by_hand = executed
        # What a hand did is nobody's command: the story begins after it.
        first = int(np.flatnonzero(by_hand)[-1]) + 1 if by_hand.any() else 0
        t, x, v, a = t[first:], x[first:], v[first:], a[first:]
        if t.size < 2:
            return {'jump': self.jump}
        # From where a hand put it there is only one way: in.
        outside = max(0.0, abs(float(x[0])) - STROKE_M) if first else 0.0
        found = {'jump': self.jump, 'stroke': float(np.abs(x).max()) - outside,
                 'speed': float(np.abs(v).max())}
        if self.linear:
            for name, window_s in (('straight', STRAIGHT_S),
                                   ('straight_slow', STRAIGHT_ELSEWHERE_S)):
                steps = round(window_s / self.loop_s)
                even = np.interp(np.arange(t[0], t[-1], self.loop_s), t, x)
                if even.size > 2 * steps:
                    found[name] = float(np.abs(
                        even[2 * steps:] - 2 * even[steps:-steps] + even[:-2 * steps]).max()) / (
                            steps * self.loop_s) ** 2
            return found
        found['acceleration'] = float(np.abs(a).max(initial=0.0))
        steps = max(1, round(JERK_WINDOW_S / self.loop_s))
        found['jerk'] = float(np.abs(a[steps:] - a[:-steps]).max(initial=0.0)) / (
            steps * self.loop_s)
        return found
