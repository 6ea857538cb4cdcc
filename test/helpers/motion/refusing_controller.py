# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A controller on a busy machine: it stands, and refuses plans that it then takes too late."""

from rocking_process import again

# From a stop, or from when the controller stands no more, until the crib is at rest: three looks
# at how it moves, and the slowest way to rest.
STOPS_WITHIN_S = 2.6
# Of a process that was just started: its first brake is slow, and may have to be made again.
FIRST_STOPS_WITHIN_S = 3.6


def refusing_controller(rocker, rng):
    """
    Have what carries plans out stand for 0.05 to 0.5 s, once or up to four times.

    Nobody is told of the plans over 0.1 s old that it refuses then: they were acknowledged.
    """
    begin_s = rocker.world.now_s
    for _ in range(rng.integers(1, 5)):
        begin_s += rng.uniform(0.0, 0.4)
        end_s = begin_s + rng.uniform(0.05, 0.5)
        rocker.world.stalls.append((begin_s, end_s))
        begin_s = end_s
    within_s = STOPS_WITHIN_S
    if rng.random() < 0.3:
        within_s = FIRST_STOPS_WITHIN_S
        rocker.world.advance(rocker.world.now_s + rng.uniform(0.0, 1.0))
        rocker = again(rocker)
    if rng.random() < 0.3:
        rocker.motion.stop(rocker.world.now_s, 'a test')
    rocker.live(rng.uniform(0.0, 2.0))
    rocker.halt()
    heard_s = max(rocker.world.now_s, rocker.world.stalls[-1][1])
    if rocker.world.measured_s:
        rocker.world.rests_by_s = heard_s + within_s
    rocker.live(heard_s + within_s + 1.0 - rocker.world.now_s)


def refuses_at_random(rocker, rng):
    """Have each plan refused or not by a throw of dice, and nobody told; then stop."""
    world = rocker.world
    world.refuses = float(rng.choice([0.2, 0.4, 0.6]))
    rocker.live(rng.uniform(0.0, 2.0))
    if rng.random() < 0.3:
        rocker.motion.stop(world.now_s, 'a test')
        rocker.live(rng.uniform(0.0, 2.0))
    for _ in range(rng.integers(1, 4)):
        rocker.halt()
        rocker.live(rng.uniform(0.0, 0.8))
    rocker.live(3.0)
