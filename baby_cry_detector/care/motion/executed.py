# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a consumer of joint trajectories executes.

As ros2_controllers' `joint_trajectory_controller` does (4.42.1, Jazzy, and 6.9.0): a new
trajectory replaces the running one when it is first sampled; from the state at that moment a cubic
leads to the first point that is still to come, and on from point to point; points that have passed
are skipped, so that who comes too late jumps. A trajectory that has ended is refused. Consumers
that know no velocities go from point to point in straight lines.
"""

from bisect import bisect_right
from typing import Tuple

import numpy as np


class Curve:
    """
    Positions over time, from knot to knot; it rests before the first and after the last.

    :param times_s: ``(n,)``, increasing.
    :param positions: ``(n,)``, joint units.
    :param velocities: ``(n,)``, joint units per second.
    :param linear: straight from knot to knot, instead of cubic.
    """

    def __init__(self, times_s, positions, velocities, linear: bool = False) -> None:
        """Keep the knots and what lies between."""
        self.t, self.x, self.v, self.linear = times_s, positions, velocities, linear
        h = np.diff(self.t)
        self._slope = np.diff(self.x) / h
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
        h = np.diff(self.t)
        return np.concatenate((2.0 * self._c2, 2.0 * self._c2 + 6.0 * self._c3 * h))

    def states(self, times_s) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return positions, velocities and accelerations at times, each like ``times_s``."""
        t = np.asarray(times_s, np.float64)
        index = np.searchsorted(self.t, t, side='right') - 1
        inside = (index >= 0) & (index < len(self.t) - 1)
        i = np.clip(index, 0, max(0, len(self.t) - 2))
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


def replaced(running: Curve, arrival_s: float, times_s, positions, velocities) -> Curve:
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
