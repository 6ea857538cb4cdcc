# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The ways to rest: at once, as fast as is gentle; or from a state that is not known exactly."""

import math
from typing import Tuple

import numpy as np

BRAKE_SPACING_S = 0.02
# From a measured state, m/s^2: in one piece, so that an error of it is made up for slowly.
GENTLE_ACCELERATIONS = (0.25, 0.35, 0.5)
SHORTEST_GENTLE_S = 0.75
Columns = Tuple[np.ndarray, np.ndarray, np.ndarray]


def brake(v: float, a: float, scale: float = 1.0, deceleration: float = 0.6, jerk: float = 8.0
          ) -> Columns:
    """
    Return times, ways and velocities of the shortest way to rest, 0.02 s apart.

    The acceleration goes on from where it is, and never changes faster than ``jerk``.

    :param v: velocity in joint units per second, ``a`` its acceleration.
    :param scale: joint units per metre.
    :param deceleration: the highest, in m/s^2, ``jerk`` in m/s^3.
    """
    jerk, deceleration = jerk * scale, deceleration * scale
    # What the velocity would be if the acceleration only faded says which way to push.
    sign = 1.0 if v + a * abs(a) / (2.0 * jerk) >= 0.0 else -1.0
    v0, a0 = sign * v, sign * a
    peak = min(deceleration, math.sqrt(max(0.0, jerk * v0 + 0.5 * a0 * a0)))
    peak = max(peak, -a0)
    first_s = (a0 + peak) / jerk
    v1 = v0 + a0 * first_s - 0.5 * jerk * first_s ** 2
    hold_s = max(0.0, (v1 - peak * peak / (2.0 * jerk)) / peak) if peak > 0.0 else 0.0
    last_s = peak / jerk
    total_s = first_s + hold_s + last_s
    steps = max(1, math.ceil(total_s / BRAKE_SPACING_S - 1e-9))
    t = np.arange(1, steps + 1) * (max(total_s, BRAKE_SPACING_S) / steps)
    x, velocity = np.zeros(steps), np.full(steps, v0)
    begin_s, acceleration = 0.0, a0
    for piece_s, slope in ((first_s, -jerk), (hold_s, 0.0), (last_s, jerk)):
        u = np.clip(t - begin_s, 0.0, piece_s)
        late = np.maximum(0.0, t - begin_s - piece_s)
        gained = acceleration * u + 0.5 * slope * u * u
        way = acceleration * u * u / 2.0 + slope * u ** 3 / 6.0
        whole = acceleration * piece_s + 0.5 * slope * piece_s ** 2
        x += way + whole * late
        velocity += gained
        acceleration += slope * piece_s
        begin_s += piece_s
    x += v0 * t
    velocity[-1] = 0.0
    return t, sign * x, sign * velocity


def gentle(v: float, room: float, scale: float = 1.0,
           slowest: float = GENTLE_ACCELERATIONS[0]) -> Tuple[float, float]:
    """
    Return how long and how far it is to rest from a measured state.

    :param v: velocity in joint units per second.
    :param room: how far it may go in that direction, joint units.
    :param slowest: the lowest deceleration, m/s^2.
    """
    speed = abs(v) / scale
    deceleration = max(slowest, min(GENTLE_ACCELERATIONS[-1],
                                    speed * speed / (2.0 * max(1e-6, room / scale))))
    duration_s = max(speed / deceleration,
                     SHORTEST_GENTLE_S if deceleration == GENTLE_ACCELERATIONS[0] else 0.25)
    return duration_s, 0.5 * v * duration_s
