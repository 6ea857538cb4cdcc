# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The last thing that every motion command passes: nothing outside the limits leaves it.

It knows only what was sent, and checks each new plan against it: position, speed, acceleration
(as a consumer interpolates between points, with cubic splines), that it goes on where the crib is,
that it ends at rest, and the duty. What does not pass is replaced by braking.
"""

from dataclasses import dataclass
import math
from typing import Sequence, Tuple

import numpy as np

from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.care.policy.policy import HARD_ACCELERATION, LARGEST_AMPLITUDE_MM
from baby_cry_detector.units import SECOND_NS

HARD_POSITION_M = LARGEST_AMPLITUDE_MM * 1e-3
HARD_SPEED = 0.25                         # m/s; 0.7 m/s^2 at 60 mm needs 0.21 and the envelope
BRAKE_ACCELERATION = 0.65                 # m/s^2
BRAKE_SPACING_S = 0.02
LONGEST_PLAN_S = 10.0
# A set-point that comes later than this finds the crib standing where the last one left it.
LATE_S = 0.1
ROUNDING = 1e-9


@dataclass(frozen=True)
class Motion:
    """
    A plan: where to be when; it ends at rest.

    :param start_s: time from which on it counts.
    :param times_s: ``(n,)``, increasing, after ``start_s``.
    :param positions_m: ``(n,)``.
    :param velocities: ``(n,)``, m/s; the last one is 0.
    """

    start_s: float
    times_s: np.ndarray
    positions_m: np.ndarray
    velocities: np.ndarray

    @property
    def end_s(self) -> float:
        """Return when it is at rest."""
        return float(self.times_s[-1])


def accelerations(motion: Motion, position_m: float, velocity: float) -> np.ndarray:
    """
    Return the accelerations at both ends of each piece of the cubic spline, ``(2 n,)``.

    They are its extremes. It begins at ``motion.start_s`` with the given state.
    """
    t = np.concatenate(([motion.start_s], motion.times_s))
    x = np.concatenate(([position_m], motion.positions_m))
    v = np.concatenate(([velocity], motion.velocities))
    step = np.diff(t)
    way = 6.0 * np.diff(x) / (step * step)
    return np.concatenate((way - (4.0 * v[:-1] + 2.0 * v[1:]) / step,
                           (2.0 * v[:-1] + 4.0 * v[1:]) / step - way))


class MotionGate:
    """
    Lets plans through, or brakes.

    :param duty: is charged with every plan.
    :param acceleration: highest allowed in m/s^2; more than 0.7 counts as 0.7.
    :param setpoints: whether the plans are not sent themselves but as set-points, one at a time.
    """

    def __init__(self, duty: DutyLog, acceleration: float = HARD_ACCELERATION,
                 setpoints: bool = False) -> None:
        """At rest at the rest position."""
        self.setpoints = setpoints
        self.duty = duty
        self.acceleration = min(acceleration, HARD_ACCELERATION)
        self.refused = ''                 # why the last plan was replaced
        self._sent = None
        self._x = self._v = 0.0           # where the plan began
        self._sample = (-math.inf, 0.0, 0.0)    # time, position, velocity

    def state(self, now_s: float) -> Tuple[float, float]:
        """Return (position, velocity) that the sent plan has at a time."""
        sent = self._sent
        if sent is None:
            return self._x, self._v
        if now_s >= sent.end_s:
            return float(sent.positions_m[-1]), 0.0
        index = int(np.searchsorted(sent.times_s, now_s, side='right'))
        if index == 0:
            t0, x0, v0 = sent.start_s, self._x, self._v
        else:
            t0, x0, v0 = (float(column[index - 1]) for column in (
                sent.times_s, sent.positions_m, sent.velocities))
        t1, x1, v1 = (float(column[index]) for column in (
            sent.times_s, sent.positions_m, sent.velocities))
        step = t1 - t0
        u = min(1.0, max(0.0, (now_s - t0) / step))
        position = ((1 + 2 * u) * (1 - u) ** 2 * x0 + u * (1 - u) ** 2 * step * v0
                    + u * u * (3 - 2 * u) * x1 + u * u * (u - 1) * step * v1)
        velocity = (6 * u * (u - 1) * (x0 - x1) / step + (1 - u) * (1 - 3 * u) * v0
                    + u * (3 * u - 2) * v1)
        return position, velocity

    def is_moving(self, now_s: float) -> bool:
        """Return whether the sent plan has not ended, or its last set-point was not sent."""
        return self._sent is not None and (
            now_s < self._sent.end_s or self.setpoints and self._sample[2] != 0.0)

    def submit(self, now_s: float, times_s: Sequence[float], positions_m: Sequence[float],
               velocities: Sequence[float]) -> Motion:
        """
        Return the plan if it may be sent, else braking; `refused` says why.

        :param now_s: the present time, on the clock of all plans.
        """
        self.hold_if_late(now_s)
        x, v = self.state(now_s)
        try:
            motion = Motion(float(now_s), *(np.array(column, np.float64) for column in (
                times_s, positions_m, velocities)))
            self.refused = self._objection(motion, x, v)
        except (TypeError, ValueError, OverflowError) as error:
            self.refused = f'this is no plan: {error}'
        if self.refused:
            return self.brake(now_s)
        if self.setpoints and not self.is_moving(now_s):
            self._sample = (now_s, x, v)       # none was due before
        return self._send(motion, x, v)

    def brake(self, now_s: float) -> Motion:
        """Return the shortest way to rest, wherever that is; at rest: stay there."""
        self.hold_if_late(now_s)
        x, v = self.state(now_s)
        brake_s = max(abs(v) / BRAKE_ACCELERATION, BRAKE_SPACING_S)
        steps = math.ceil(brake_s / BRAKE_SPACING_S - ROUNDING)
        t = np.arange(1, steps + 1) * (brake_s / steps)
        slow = v / brake_s
        positions = x + v * t - 0.5 * slow * t ** 2
        velocities = v - slow * t
        velocities[-1] = 0.0
        return self._send(Motion(float(now_s), now_s + t, positions, velocities), x, v)

    def setpoint(self, now_s: float) -> Tuple[float, float]:
        """Return (position, velocity) to be commanded now; see `hold_if_late`."""
        self.hold_if_late(now_s)
        self._sample = (now_s, *self.state(now_s))
        return self._sample[1:]

    def hold_if_late(self, now_s: float) -> bool:
        """
        Stay where the last set-point left the crib, if it came too long ago; return whether.

        Without set-points the crib has stopped there, whatever the plan says.
        """
        sampled_s, x, v = self._sample
        if not self.setpoints or now_s - sampled_s <= LATE_S or not (
                v or self.is_moving(sampled_s)):
            return False
        self._sample = (now_s, x, 0.0)
        self._send(Motion(float(now_s), np.array([now_s + BRAKE_SPACING_S]), np.array([x]),
                          np.zeros(1)), x, 0.0)
        return True

    def _send(self, motion: Motion, x: float, v: float) -> Motion:
        self._sent, self._x, self._v = motion, x, v
        self.duty.note(round(motion.start_s * SECOND_NS), round(motion.end_s * SECOND_NS))
        return motion

    def _objection(self, motion: Motion, x: float, v: float) -> str:
        columns = (motion.times_s, motion.positions_m, motion.velocities)
        if not (len({column.shape for column in columns}) == 1 and motion.times_s.ndim == 1
                and motion.times_s.size and all(np.isfinite(column).all() for column in columns)):
            return 'expected as many finite times, positions and velocities, at least one'
        if np.diff(motion.times_s, prepend=motion.start_s).min() < 1e-3:
            return 'points must be 1 ms apart and in the future'
        if motion.end_s - motion.start_s > LONGEST_PLAN_S:
            return f'longer than {LONGEST_PLAN_S:g} s'
        if motion.velocities[-1] != 0.0:
            return 'it does not end at rest'
        if np.abs(motion.positions_m).max() > HARD_POSITION_M + ROUNDING:
            return f'further than {HARD_POSITION_M * 1e3:g} mm from the rest position'
        if np.abs(motion.velocities).max() > HARD_SPEED + ROUNDING:
            return f'faster than {HARD_SPEED:g} m/s'
        highest = float(np.abs(accelerations(motion, x, v)).max())
        if highest > self.acceleration + ROUNDING:
            return f'{highest:.3f} m/s² is more than {self.acceleration:g} m/s²'
        start_ns = round(motion.start_s * SECOND_NS)
        end_ns = round(motion.end_s * SECOND_NS)
        already = max(0, round((self._sent.end_s if self._sent is not None else 0.0)
                               * SECOND_NS) - start_ns)
        if self.duty.left_ns(start_ns) + already < end_ns - start_ns:
            return 'the duty of this hour is used up'
        return ''
