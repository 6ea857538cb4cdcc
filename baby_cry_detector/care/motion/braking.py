# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The ways to rest: at once, as fast as is gentle; or from a state that is not known exactly."""

import math
from typing import Iterator, List, Optional, Tuple

from baby_cry_detector.care.hard_limits import STROKE_M
from baby_cry_detector.care.motion.executed import Curve
from baby_cry_detector.care.motion.joint import Joint
import numpy as np

BRAKE_SPACING_S = 0.02
# From a measured state: durations, the best first, and shares of the way at constant speed. In one
# piece, so that an error of it is made up for slowly.
GENTLE_S, GENTLE_SHARES = (0.75, 0.5, 1.0, 1.1, 0.35, 0.25), (0.5, 1.0 / 3.0, 0.2, 0.1, 0.0)
# Where nobody has seen yet whether the sensor is right: straight to the rest position. Whatever
# that says, and wherever in a swing the crib is, it is at most 0.66 m/s^2 and within 58 mm; in
# 1.2 s it would be 0.73, in 1.6 s 62 mm. In mid-swing straight lines begin with a step: in m/s^2
# over 0.2 s.
UNTRIED_S, UNTRIED_HARDEST, LINES_S = 1.3, 0.68, 0.2
SWING_M, SWING_SPEED = 0.055, 0.19        # further and faster none is, whatever is measured
UNTRIED_SLOW, UNTRIED_STAY_M = 0.03, 0.05      # that slow (m/s) it may stay where it is seen, too
# What is executed of that then, in m/s^2, its change within 0.1 s, and steps of straight lines in
# m/s; and the share of these that is soft enough.
HARDEST, HARDEST_CHANGE, HARDEST_STEP, SOFT = 0.65, 0.9, 0.13, 0.6
# How old what a sensor says may be though it says nothing of it, and how late a plan comes; what a
# crib's acceleration may be that is not known, and how long ago a speed was then.
LATEST_S, MOST_UNKNOWN, UNKNOWN_LAG_S = 0.1, 0.6, 0.03
BEYOND_M = 5e-3                           # so far beyond the stroke is as bad as a blow
SHORT_OF_STROKE_M = 3e-4                  # by what noise makes of the measured state
# How long the way to the rest position takes for a joint that does not follow; slow is best, but
# not where a stop was not carried out before. What is not measured may be anywhere.
SETTLING_S = (2.0, 1.6, 1.3, 1.0, 0.75)
LATE_SETTLING_S, UNSEEN_SETTLING_S = 1.6, 1.3
# Its points, as shares of that. One alone: a consumer goes there from wherever *it* is.
SETTLING_PIECES = ((0.4, 0.7, 1.0), (1.0,))
# And ways that end elsewhere, as shares of the way at constant speed.
SETTLING_SHARES = (0.0, 0.1, 0.2, 1.0 / 3.0)
# Below it one point is enough: it hardly moves, and may stand where a hand has put it since.
SETTLING_SLOW = 0.03                      # m/s
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


def untried(position: float, velocity: float, acceleration: Optional[float]
            ) -> List[Tuple[float, float, bool]]:
    """
    Return the one way to rest of who found the crib moving: (duration in s, way in m, is safe).

    It leads to the rest position, or stays where it is if it has hardly begun, and is soft
    whatever was measured; safe if it is also soft in straight lines from there, as it is near the
    end of each swing.

    :param position: metres from the rest position, ``velocity`` in m/s.
    :param acceleration: in m/s^2; ``None``: not known.
    """
    a = 0.0 if acceleration is None else acceleration
    late_s = np.array([0.0, 0.5 * LATEST_S, LATEST_S])
    x = position + late_s * (velocity + 0.5 * a * late_s)
    place = 0.0
    if abs(velocity) <= UNTRIED_SLOW:
        place = max(-UNTRIED_STAY_M, min(UNTRIED_STAY_M, position))
    step = (place - x) / (UNTRIED_S - late_s) - (velocity + a * late_s)
    lines = float(np.abs(step / LINES_S + 0.5 * a).max())
    return [(UNTRIED_S, place - position, lines <= UNTRIED_HARDEST)]


def of_a_swing(position: float, velocity: float) -> Tuple[float, float]:
    """Return the state (m, m/s) of a swing that is nearest to what a sensor says that may lie."""
    velocity = max(-SWING_SPEED, min(SWING_SPEED, velocity))
    most = SWING_M * math.sqrt(1.0 - (velocity / SWING_SPEED) ** 2)
    return max(-most, min(most, position)), velocity


def gentle(position: float, velocity: float, acceleration: Optional[float]
           ) -> List[Tuple[float, float, bool]]:
    """
    Return ways to rest from a measured state, as (duration in s, way in m, is safe), best first.

    Of one point each. The best is the shortest that is soft whatever the sensor may have meant:
    one that says old places as new, or a plan that comes late, shows a state that is over; near
    the end of a swing that has turned meanwhile, and a short brake from there would be a blow.
    A way is safe if it is soft and within the stroke whatever was meant; at the end of each swing
    there is one.

    :param position: metres from the rest position, ``velocity`` in m/s.
    :param acceleration: in m/s^2; ``None``: a line is all that is known.
    """
    x, v, a, lost_s, late = _meant(position, velocity, acceleration)
    ranked: List[Tuple[float, int, float, float]] = []
    for duration_s in GENTLE_S:
        for share in GENTLE_SHARES:
            way = share * velocity * duration_s
            left_s = duration_s - lost_s
            ahead = position + way - x
            first = 6.0 * ahead / left_s ** 2 - 4.0 * v / left_s
            last = -6.0 * ahead / left_s ** 2 + 2.0 * v / left_s
            # Straight lines have steps of speed instead.
            steps = np.maximum(np.abs(v - ahead / left_s), np.abs(ahead / left_s))
            harsh = max(np.abs(first).max() / HARDEST, np.abs(last).max() / HARDEST,
                        np.abs(first - a).max() / HARDEST_CHANGE,
                        (steps * np.where(late, 0.7, 1.0)).max() / HARDEST_STEP)
            shares = np.linspace(0.0, 1.0, 9)[:, None]
            u = shares * left_s
            cubic = (last - first) / (6.0 * left_s)
            path = x + u * (v + u * (0.5 * first + u * cubic))
            beyond = float(np.abs(path).max()) - (STROKE_M - SHORT_OF_STROKE_M)
            ranked.append((max(harsh, SOFT) + max(0.0, beyond) / BEYOND_M, len(ranked),
                           duration_s, way))
    return [(duration_s, way, cost <= 1.0) for cost, _, duration_s, way in sorted(ranked)]


def settling(now_s: float, position: float, velocity: float, joint: Joint, is_seen: bool,
             is_late: bool = False) -> Iterator[Columns]:
    """
    Yield times, places and velocities of slow ways to rest, the best first.

    :param position: joint units, ``velocity`` joint units per second.
    :param is_seen: whether they are measured.
    :param is_late: whether it should have come to rest before.
    """
    durations_s = [duration_s for duration_s in SETTLING_S
                   if not (is_late and duration_s > LATE_SETTLING_S
                           or not is_seen and duration_s < UNSEEN_SETTLING_S)]
    in_pieces = is_seen and abs(velocity) > SETTLING_SLOW * joint.units_per_metre
    for pieces in SETTLING_PIECES if in_pieces else SETTLING_PIECES[1:]:
        for duration_s in durations_s:
            t = now_s + duration_s * np.array(pieces)
            way = Curve(np.array([now_s, t[-1]]), np.array([position, joint.rest]),
                        np.array([velocity, 0.0]))
            yield (t, *way.states(t)[:2])
    # On its way out there may be no room for one that leads back at once.
    for duration_s in SETTLING_S[1:] if in_pieces else ():
        for share in SETTLING_SHARES:
            place = position + share * velocity * duration_s
            yield np.array([now_s + duration_s]), np.array([place]), np.zeros(1)


def _meant(position: float, velocity: float, acceleration: Optional[float]) -> np.ndarray:
    """Return states that may be meant: places, speeds, accelerations, and how late they count."""
    states = []
    for a in (-MOST_UNKNOWN, MOST_UNKNOWN) if acceleration is None else (acceleration,):
        a = max(-MOST_UNKNOWN, min(MOST_UNKNOWN, a))
        lag_s = UNKNOWN_LAG_S if acceleration is None else 0.0
        for late_s, lost_s in ((0.0, 0.0), (0.05, 0.0), (LATEST_S, 0.0), (LATEST_S, LATEST_S)):
            states.append((position + late_s * velocity + 0.5 * a * late_s ** 2,
                           velocity + a * (late_s + lag_s), a, lost_s, late_s > 0.0))
    columns: np.ndarray = np.array(states).T
    return columns
