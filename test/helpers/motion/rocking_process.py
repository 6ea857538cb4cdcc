# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The process that moves a crib in a world (see `rocked_world`); it may die or hang. No ROS."""

from baby_cry_detector.care.motion.crib_motion import CribMotion
from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.care.motion.joint import Joint
from baby_cry_detector.care.motion.rocking_machine import RockingMachine
from rocked_world import World

PLAN_TICK_S = 0.025


def truth(place):
    """Return where it is."""
    return place


class Scaled:
    """A sensor that counts in other units, or backwards, from the rest position on."""

    def __init__(self, rest, factor):
        self.rest, self.factor = rest, factor

    def __call__(self, place):
        return self.rest + self.factor * (place - self.rest)


class Rocker:
    """One process that moves the joint; what it keeps over its death is its duty."""

    def __init__(self, world, duty, acceleration=0.5, is_measured=True, ramp_s=3.0,
                 session_s=300.0):
        self.world = world
        self.duty = duty
        # Straight lines are cut too far off the curve at 0.7 m/s^2.
        acceleration = min(acceleration, 0.5 if world.linear else 0.7)
        machine = RockingMachine(duty, world.joint, acceleration, session_s, ramp_s)
        self.motion = CribMotion(machine, world.now_s, is_measured)
        self.next_state_s = world.now_s
        self.pause_after_stamp_s = 0.0     # at most, between reading the clocks and publishing
        self.latency_s = 0.003
        self.hand_m_s = 0.0                # how fast somebody pushes it
        self.sees = truth                  # what its sensor makes of where it is
        self.seen_late_s, self.said_age_s = 0.002, 0.002      # how old that is, and is said to be

    def publish(self, motion):
        """Stamp and send: one reading of both clocks, whatever the process does meanwhile."""
        if motion is None:
            return
        assert motion.velocities[-1] == 0.0
        # Points count from motion.start_s, which was read together with the stamp.
        stamp = self.world.wall_s(motion.start_s)
        late_s = self.pause_after_stamp_s * self.world.rng.random()
        self.world.send(motion, stamp, self.latency_s + late_s)

    def turn(self):
        """Do what the node does in a turn of its executor."""
        world, now_s = self.world, self.world.now_s
        self.motion.read_clocks(now_s, world.wall_s())
        self.motion.is_delivered = world.is_delivered()
        if world.measured_s and now_s >= self.next_state_s:
            self.next_state_s = now_s + world.measured_s
            seen_s = now_s - self.seen_late_s
            noise = world.rng.normal(0.0, 3e-5) * world.joint.units_per_metre
            place = self.sees(world.state(max(seen_s, world.segments[0][0]))[0] + noise)
            if place is not None:
                self.motion.measure(now_s, place, self.said_age_s)
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
        self.motion.read_clocks(self.world.now_s, self.world.wall_s())
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


def again(rocker, **options):
    """Return the process that is started after the death of one; it knows its duty alone."""
    return Rocker(rocker.world, rocker.duty, is_measured=rocker.world.measured_s > 0, **options)
