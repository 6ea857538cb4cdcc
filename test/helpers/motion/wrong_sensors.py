# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Sensors that are worse than any in `rocked_histories`, and on a busy machine too."""

from rocked_histories import Scaled
from rocking_process import again


class Noisy:
    """A sensor with noise of so many joint units."""

    def __init__(self, rng, sigma):
        self.rng, self.sigma = rng, sigma

    def __call__(self, place):
        return place + float(self.rng.normal(0.0, self.sigma))


class RunsAway:
    """A sensor whose zero runs away, so many joint units a second."""

    def __init__(self, world, rate):
        self.world, self.rate, self.since_s = world, rate, world.now_s

    def __call__(self, place):
        return place + self.rate * (self.world.now_s - self.since_s)


def _stops(rocker, rng):
    """Live on, be told to stop, once or thrice, perhaps by a new process; or begin anew."""
    rocker.live(rng.uniform(0.0, 2.5))
    how = rng.random()
    if how < 0.4:
        sees = rocker.sees
        rocker.world.advance(rocker.world.now_s + rng.uniform(0.0, 1.5))
        rocker = again(rocker)
        rocker.sees = sees
        rocker.live(rng.uniform(0.0, 1.5))
    elif how < 0.6:
        rocker.halt()
        rocker.live(1.5)
        if rocker.world.measured_s:
            rocker.start(float(rng.uniform(0.3, 0.7)), 60.0)
        rocker.live(rng.uniform(0.0, 3.0))
    for _ in range(rng.integers(1, 4)):
        rocker.halt()
        rocker.live(rng.uniform(0.0, 1.2))
    rocker.live(2.0)


def noisy_sensor(rocker, rng):
    """Have the sensor's noise grow to 0.1 to 5 mm."""
    scale = rocker.world.joint.units_per_metre
    rocker.sees = Noisy(rocker.world.rng, scale * 10 ** rng.uniform(-4.0, -2.3))
    _stops(rocker, rng)


def zero_runs_away(rocker, rng):
    """Have the sensor's zero run away, by 1 mm to 0.1 m a second."""
    rate = rng.choice([-1.0, 1.0]) * 10 ** rng.uniform(-3.0, -1.0)
    rocker.sees = RunsAway(rocker.world, float(rate * rocker.world.joint.units_per_metre))
    _stops(rocker, rng)


def mirrored_on_a_busy_machine(rocker, rng):
    """Mirror the sensor while the process stands again and again, for up to 0.5 s."""
    joint = rocker.world.joint
    rocker.sees = Scaled(joint.rest, -1.0)
    rocker.pause_after_stamp_s = 0.05
    for _ in range(rng.integers(1, 8)):
        rocker.world.advance(rocker.world.now_s + 10 ** rng.uniform(-2.0, -0.3))
        rocker.live(rng.uniform(0.0, 0.4))
    _stops(rocker, rng)
