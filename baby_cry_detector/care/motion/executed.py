# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a consumer of joint trajectories executes, and whether that is within a joint's limits.

As ros2_controllers' `joint_trajectory_controller` does (4.42.1, Jazzy, and 6.9.0): a new
trajectory replaces the running one when it is first sampled; from the state at that moment a cubic
leads to the first point that is still to come, and on from point to point; points that have passed
are skipped, so that who comes too late jumps. A trajectory that has ended is refused; one whose
stamp is 0 counts from when it is first sampled. Consumers that know no velocities go from point to
point in straight lines.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Tuple

from baby_cry_detector.care.hard_limits import JERK_WINDOW_S
from baby_cry_detector.care.motion.joint import Joint
import numpy as np
from numpy.typing import ArrayLike

ROUNDING = 1e-6
JUMP = 1e-5                               # m and m/s that no curve can be told from


@dataclass(frozen=True)
class Motion:
    """
    A plan: where to be when; it ends at rest.

    :param start_s: time from which on it counts.
    :param times_s: ``(n,)``, increasing, after ``start_s``.
    :param positions: ``(n,)``, joint units.
    :param velocities: ``(n,)``, joint units per second; the last one is 0.
    :param at_arrival: whether all times move on with how late it arrives: its stamp is 0.
    """

    start_s: float
    times_s: np.ndarray
    positions: np.ndarray
    velocities: np.ndarray
    at_arrival: bool = False

    @property
    def end_s(self) -> float:
        """Return when it is at rest."""
        return float(self.times_s[-1])


class Curve:
    """
    Positions over time, from knot to knot; it rests before the first and after the last.

    :param times_s: ``(n,)``, increasing.
    :param positions: ``(n,)``, joint units.
    :param velocities: ``(n,)``, joint units per second.
    :param linear: straight from knot to knot, instead of cubic.
    """

    def __init__(self, times_s: np.ndarray, positions: np.ndarray, velocities: np.ndarray,
                 linear: bool = False) -> None:
        """Keep the knots and what lies between."""
        self.t, self.x, self.v, self.linear = times_s, positions, velocities, linear
        h = self.t[1:] - self.t[:-1]
        self._slope = (self.x[1:] - self.x[:-1]) / h
        if linear:
            self._c2 = self._c3 = np.zeros(len(h))
        else:
            self._c2 = (3.0 * self._slope - 2.0 * self.v[:-1] - self.v[1:]) / h
            self._c3 = (self.v[:-1] + self.v[1:] - 2.0 * self._slope) / (h * h)

    @property
    def end_s(self) -> float:
        """Return when it is at rest."""
        return float(self.t[-1])

    def accelerations(self) -> np.ndarray:
        """Return the extremes: at both ends of each cubic, ``(2 n - 2,)``."""
        h = self.t[1:] - self.t[:-1]
        return np.concatenate((2.0 * self._c2, 2.0 * self._c2 + 6.0 * self._c3 * h))

    def states(self, times_s: ArrayLike) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return positions, velocities and accelerations at times, each like ``times_s``."""
        t = np.asarray(times_s, np.float64)
        index = np.searchsorted(self.t, t, side='right') - 1
        inside = (index >= 0) & (index < len(self.t) - 1)
        i = np.minimum(np.maximum(index, 0), max(0, len(self.t) - 2))
        if len(self.t) == 1:
            return np.full(t.shape, self.x[0]), np.zeros(t.shape), np.zeros(t.shape)
        u = t - self.t[i]
        first = self._slope[i] if self.linear else self.v[i]
        c2, c3 = self._c2[i], self._c3[i]
        x = self.x[i] + u * (first + u * (c2 + u * c3))
        v = first + u * (2.0 * c2 + 3.0 * u * c3)
        a = 2.0 * c2 + 6.0 * u * c3
        x = np.where(index < 0, self.x[0], np.where(inside, x, self.x[-1]))
        return x, np.where(inside, v, 0.0), np.where(inside, a, 0.0)

    def state(self, time_s: float) -> Tuple[float, float, float]:
        """Return position, velocity and acceleration at a time."""
        i = bisect_right(self.t, time_s) - 1
        if not 0 <= i < len(self.t) - 1:
            return float(self.x[max(0, i)]), 0.0, 0.0
        u = time_s - float(self.t[i])
        first = float(self._slope[i] if self.linear else self.v[i])
        c2, c3 = float(self._c2[i]), float(self._c3[i])
        return (float(self.x[i]) + u * (first + u * (c2 + u * c3)),
                first + u * (2.0 * c2 + 3.0 * u * c3), 2.0 * c2 + 6.0 * u * c3)


def replaced(running: Curve, arrival_s: float, times_s: np.ndarray, positions: np.ndarray,
             velocities: np.ndarray) -> Curve:
    """
    Return what is executed once a trajectory is first sampled, from ``arrival_s`` on.

    :param running: what is executed until then.
    """
    to_come = times_s > arrival_s
    if not to_come.any():
        return running                     # refused: it ends in the past
    if to_come.all():
        x, v, _ = running.state(arrival_s)
    else:                                  # too late for the first points: a jump
        x, v, _ = Curve(times_s, positions, velocities, running.linear).state(arrival_s)
    return Curve(np.concatenate(([arrival_s], times_s[to_come])),
                 np.concatenate(([x], positions[to_come])),
                 np.concatenate(([v], velocities[to_come])), running.linear)


def joined(motion: Motion, arrival_s: float, x: float, v: float) -> Curve:
    """Return what is executed if a plan (see `Motion`) arrives then, in that state."""
    times_s = motion.times_s
    if motion.at_arrival:
        times_s = times_s + (arrival_s - motion.start_s)
    to_come = times_s > arrival_s
    return Curve(np.concatenate(([arrival_s], times_s[to_come])),
                 np.concatenate(([x], motion.positions[to_come])),
                 np.concatenate(([v], motion.velocities[to_come])))


def objection(joint: Joint, before: Curve, motion: Motion, is_sudden: bool = False,
              late_s: float = 0.0) -> str:
    """
    Return what is wrong with what is executed of a plan that arrives then, or ''.

    :param before: what is executed until then.
    :param is_sudden: whether how fast the acceleration changes does not count.
    """
    scale, arrival_s = joint.units_per_metre, motion.start_s + late_s
    x0, v0, a0 = before.state(arrival_s)
    curve = joined(motion, arrival_s, x0, v0)
    grid = np.arange(arrival_s, curve.end_s + 0.5 * JERK_WINDOW_S, 0.5 * JERK_WINDOW_S)
    x, v, a = curve.states(grid)
    x, v = np.concatenate((x, curve.x)), np.concatenate((v, curve.v))
    if np.abs(x - joint.rest).max() > joint.stroke + JUMP * scale:
        return f'further than {1e3 * joint.stroke / scale:g} mm from the rest position'
    if np.abs(v).max() > joint.speed + ROUNDING * scale:
        return f'faster than {joint.speed / scale:g} m/s'
    highest = float(np.abs(curve.accelerations()).max(initial=0.0))
    if highest > joint.acceleration + ROUNDING * scale:
        return f'{highest / scale:.3f} m/s² is more than {joint.acceleration / scale:g} m/s²'
    if not is_sudden:
        a = np.concatenate(([a0] * 2, a))                  # what it did until then
        change = float(np.abs(a[2:] - a[:-2]).max(initial=0.0))
        if change > joint.jerk * JERK_WINDOW_S + ROUNDING * scale:
            return (f'the acceleration changes by {change / scale:.2f} m/s² within '
                    f'{JERK_WINDOW_S:g} s')
    return ''


def late_objection(joint: Joint, before: Curve, motion: Motion, late_s: float,
                   is_sudden: bool = False) -> str:
    """Return what is wrong with how a plan is joined that arrives late, or ''."""
    if motion.at_arrival:                  # all of it comes later
        return objection(joint, before, motion, is_sudden, late_s)
    scale, arrival_s = joint.units_per_metre, motion.start_s + late_s
    x, v, a = before.state(arrival_s)
    h = float(motion.times_s[0]) - arrival_s
    late = f'where it arrives {late_s:.3f} s late'
    if h <= 0.0:
        plan = Curve(motion.times_s, motion.positions, motion.velocities)
        there = plan.state(arrival_s)
        if arrival_s < plan.end_s and max(abs(x - there[0]), abs(v - there[1])) > JUMP * scale:
            return f'it jumps {late}'
        return ''
    x1, v1 = float(motion.positions[0]), float(motion.velocities[0])
    slope = (x1 - x) / h
    first = (6.0 * slope - 4.0 * v - 2.0 * v1) / h
    last = (2.0 * v + 4.0 * v1 - 6.0 * slope) / h
    if max(abs(first), abs(last)) > joint.acceleration + ROUNDING * scale:
        return (f'{max(abs(first), abs(last)) / scale:.3f} m/s² is more than '
                f'{joint.acceleration / scale:g} m/s² {late}')
    if not is_sudden and abs(first - a) > joint.jerk * JERK_WINDOW_S + ROUNDING * scale:
        return f'the acceleration changes by {abs(first - a) / scale:.2f} m/s² {late}'
    return ''
