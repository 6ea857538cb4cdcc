# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a consumer executes of what is published, over random histories; nothing here knows ROS.

In a world (see `rocked_world`) with hands that move the crib rockers are killed, held up, started
again and told to stop.
"""

from importlib import import_module
import json
from pathlib import Path
import pickle

import numpy as np
from rocked_world import LIMITS
from rocking_process import again, make, Scaled, truth

SLOWEST = 2e-3                # m/s; what is slower is no motion to a baby
NS = 1_000_000_000


# --- what may happen, by name: each goes on until the crib is at rest, or for a time -------------
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
    rocker.world.lost = float(rng.choice([0.1, 0.3, 0.6]))
    rocker.live(rng.uniform(0.0, 2.0))
    rocker.halt()
    rocker.live(1.5)
    rocker.world.lost = 0.0
    rocker.live(1.5)


def clock_set(rocker, rng):
    """Somebody sets the clock of stamps and controller, back or ahead, again and again."""
    rocker.world.is_careful = True
    for _ in range(rng.integers(1, 4)):
        rocker.world.set_clock(float(rng.choice([-1.0, 1.0]) * 10 ** rng.uniform(-2.5, 6)))
        rocker.live(rng.uniform(0.0, 0.7))
    if rng.random() < 0.5:
        rocker.halt()
    rocker.live(1.0)


def clock_set_in_rest(rocker, rng):
    """Set the clock while nothing is on the way to a controller that is not careful."""
    rocker.world.advance(rocker.world.now_s + 0.02)
    rocker.world.set_clock(float(rng.choice([-1.0, 1.0]) * 10 ** rng.uniform(-2.5, 6)))
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
    rocker.live(rng.uniform(0.0, 1.0) if rng.random() < 0.8 else 0.0)
    if rocker.world.measured_s == 0:
        return                             # declared to stay where it was told to be
    rocker.start(0.6, 60.0)
    if rng.random() < 0.3:                 # again, before it is seen
        rocker.world.place(float(rng.uniform(-0.06, 0.06)))
    rocker.live(rng.uniform(0.0, 3.0))
    rocker.halt()
    rocker.live(1.0)


def sensor_lost(rocker, rng):
    """Measure the joint no more, for a while or for ever."""
    rocker.sees = lambda place: None
    rocker.live(rng.uniform(0.0, 2.0))
    if rng.random() < 0.5:
        rocker.halt()
    rocker.sees = truth
    rocker.live(1.5)


def sensor_wild(rocker, rng):
    """Have the joint's sensor say things that can't be, or that are not so."""
    joint = rocker.world.joint
    said = rng.choice([np.nan, np.inf, 1e9, joint.position(0.02), joint.position(-0.05)])
    share = rng.choice([0.05, 0.5, 1.0])
    rocker.sees = lambda place: float(said) if rng.random() < share else place
    rocker.live(rng.uniform(0.0, 2.0))
    rocker.sees = truth
    rocker.live(1.5)


def sensor_in_other_units(rocker, rng):
    """Have the joint measured in other units or mirrored, from a start on or in a swing."""
    joint = rocker.world.joint
    factor = float(rng.choice([1000.0, 57.3, 0.0175, 2.5, 0.4, -1.0]))
    if rng.random() < 0.7:
        rocker.halt()
        rocker.live(1.0)
        rocker.world.place(float(rng.uniform(-0.06, 0.06) if rng.random() < 0.5 else 0.0))
        rocker = again(rocker)
    rocker.sees = Scaled(joint.rest, factor)
    if rocker.world.measured_s:
        rocker.start(float(rng.uniform(0.3, 0.7)), 60.0)
    rocker.live(rng.uniform(0.0, 3.0))
    rocker.halt()
    rocker.live(1.5)


def sensor_late(rocker, rng):
    """Have the sensor say old places, with their true stamp or with the present one."""
    if rng.random() < 0.5:
        rocker.seen_late_s = rocker.said_age_s = float(rng.uniform(0.02, 0.45))
    else:
        rocker.seen_late_s, rocker.said_age_s = float(rng.uniform(0.02, 0.1)), 0.0
    if rng.random() < 0.5:
        rocker.live(rng.uniform(0.0, 2.0))
        rocker.halt()
    else:
        rocker.world.advance(rocker.world.now_s + rng.uniform(0.0, 1.5))
        late = rocker.seen_late_s, rocker.said_age_s
        rocker = again(rocker)             # it knows the joint from there alone
        rocker.seen_late_s, rocker.said_age_s = late
        rocker.live(rng.uniform(0.0, 1.5))
        rocker.halt()
    rocker.live(1.5)


class Moved:
    """A sensor whose zero has moved, by 0.5 to 63 mm."""

    def __init__(self, joint, rng):
        way = rng.choice([-1, 1]) * 10 ** rng.uniform(-3.3, -1.2)
        self.by = float(way * joint.units_per_metre)

    def __call__(self, place):
        return place + self.by


def zero_moved(rocker, rng):
    """Have the sensor's zero move: in mid-swing, while nobody looks, or at rest; and back."""
    joint = rocker.world.joint
    how = rng.random()
    if how < 0.4:
        rocker.sees = Moved(joint, rng)
        rocker.live(rng.uniform(0.0, 2.0))
        if rng.random() < 0.5:
            rocker.sees = truth if rng.random() < 0.5 else Moved(joint, rng)
            rocker.live(rng.uniform(0.0, 0.5))
        rocker.halt()
    elif how < 0.8:
        rocker.world.advance(rocker.world.now_s + rng.uniform(0.0, 1.5))
        rocker = again(rocker)
        rocker.sees = Moved(joint, rng)
        rocker.live(rng.uniform(0.0, 1.5))
        for _ in range(rng.integers(1, 4)):
            if rng.random() < 0.2:
                rocker.sees = Moved(joint, rng)
            rocker.halt()
            rocker.live(rng.uniform(0.0, 1.2))
    else:
        rocker.halt()
        rocker.live(1.5)
        if rng.random() < 0.5:
            rocker = again(rocker)
        rocker.sees = Moved(joint, rng)
        if rocker.world.measured_s:
            rocker.start(float(rng.uniform(0.3, 0.7)), 60.0)
        rocker.live(rng.uniform(0.0, 3.0))
        if rng.random() < 0.3:
            rocker.sees = truth
        rocker.halt()
    rocker.live(1.5)


def clock_slewed(rocker, rng):
    """Have the clock of the stamps go 0.05 to 10 % faster or slower for seconds."""
    world = rocker.world
    world.is_slewed = bool(rng.random() < 0.5)
    for _ in range(rng.integers(1, 4)):
        world.slew(float(rng.choice([-1, 1]) * 10 ** rng.uniform(-3.3, -1.0)))
        rocker.live(rng.uniform(0.0, 2.5))
        if rng.random() < 0.3:
            world.slew(0.0)
            rocker.live(rng.uniform(0.0, 0.5))
    how = rng.random()
    if how < 0.5:
        rocker.halt()
    elif how < 0.7:
        rocker.motion.stop(world.now_s, 'a test')
    elif how < 0.85:
        world.advance(world.now_s + rng.uniform(0.0, 1.0))
        rocker = again(rocker)
        rocker.live(rng.uniform(0.0, 0.5))
        rocker.halt()
    rocker.live(1.0)


EVENTS = (killed, killed_and_stopped, killed_and_stopped, killed_and_started, halted, stopped,
          changed, configured_anew, held_up, slow_network, losing_network, clock_set,
          clock_set_in_rest, second_rocker, moved_by_hand, sensor_lost, sensor_wild,
          sensor_in_other_units, sensor_late, zero_moved, clock_slewed)


def limits(event):
    """Return what must not be exceeded by what is executed then; see `World.highest`."""
    allowed = dict(LIMITS)
    if event in (slow_network, losing_network, clock_set, clock_set_in_rest, clock_slewed,
                 sensor_wild, sensor_in_other_units, sensor_late, zero_moved
                 ) or event not in EVENTS:
        del allowed['straight']        # what is done is not what was told
    # Of the stroke some margin, but no push.
    if event in (sensor_in_other_units, sensor_late, zero_moved):
        allowed['stroke'] = 0.063
    return allowed


def histories(seed, count, branches=25, events=EVENTS):
    """
    Yield (name of what happened, faults, highest of what was executed) of so many histories.

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
            rocker.world.forget(rocker.world.now_s - 0.5)
            one = pickle.loads(pickle.dumps(rocker, -1))       # quicker than a deep copy
            one.live(float(rng.uniform(0.0, 0.3)))
            event = events[rng.integers(len(events))]
            since_s = one.world.now_s - 0.4
            event(one, rng)
            one.world.advance(one.world.now_s + 0.3)
            executed = one.world.executed(since_s)
            highest = one.world.highest(executed)
            faults = [f'{name} {highest[name]:.5g}' for name, allowed in limits(event).items()
                      if highest.get(name, 0.0) > allowed]
            moved_s = float((np.abs(executed[2]) > SLOWEST).sum() * one.world.loop_s)
            counted_s = one.duty.used_ns(round(one.world.now_s * NS)) / NS
            if moved_s > counted_s + 0.2:
                faults.append(f'moved for {moved_s:.1f} s, counted {counted_s:.1f} s')
            late = executed[0][(np.abs(executed[2]) > SLOWEST)
                               & (executed[0] > one.world.rests_by_s)]
            if late.size:
                faults.append(f'moved for {late[-1] - one.world.rests_by_s:.2f} s after a stop')
            yield event.__name__, faults, highest
            done += 1
            if done == count:
                return


def live_through(keep, seed, count, events=()):
    """Return what `histories` yields, or keeps in a folder; events by name (also of a module)."""
    happens = [getattr(import_module(name), name) for name in events]
    path = Path(keep) / f'{"_".join(events) or "motion"}_{seed}_{count}.json' if keep else None
    if path and path.exists():
        return json.loads(path.read_text())
    lived = list(histories(seed, count, events=happens or EVENTS))
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix('.part').write_text(json.dumps(lived))
        path.with_suffix('.part').rename(path)
    return lived
