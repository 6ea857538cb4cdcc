# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The last thing that every motion command passes, in the joint's own units; nothing comes after it.

It knows where the joint was measured and what was sent since, and checks what a consumer will
*execute* of a new plan, whenever within `LATENCY_S` of its stamp it arrives: position, speed,
acceleration, jerk, that it ends at rest, and the duty. What does not pass is replaced by braking;
where nobody knows where the joint is, nothing is sent.
"""

from itertools import product
import math
from typing import List, Optional, Sequence, Tuple

from baby_cry_detector.care.motion import braking
from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.care.motion.executed import (
    Curve, joined, late_objection, Motion, objection)
from baby_cry_detector.care.motion.joint import Joint
from baby_cry_detector.units import SECOND_NS
import numpy as np
from numpy.typing import ArrayLike

# A command may reach who carries it out so much later than its stamp: until then a new plan does
# what the one before does.
LATENCY_S = 0.1
LONGEST_PLAN_S = 10.5
# A set-point that comes later than this finds the crib standing where the last one left it.
LATE_S = 0.1
# From the latest arrival to the first point of a brake, the best first.
BRAKE_LEADS_S = (0.06, 0.1, 0.2)
# How long the way takes to where a crib was told to stop that nobody measures: a hand may have
# moved it anywhere.
REPEATED_S = (1.3, 1.6, 2.0)
# What is measured may be faster by that, m/s.
SETTLING_MARGIN = 0.03
# What is slower than that, in m/s and m/s^2, stands still.
STILL = 2e-3, 0.02
# Brakes, the best first: acceleration in m/s^2, and its change in m/s^3.
BRAKES = ((0.6, 8.0), (0.65, 9.0), (0.45, 8.0), (0.3, 6.0))
_LATENESS = (0.25 * LATENCY_S, 0.5 * LATENCY_S, 0.75 * LATENCY_S, 0.95 * LATENCY_S)


class MotionGate:
    """
    Lets plans through, or brakes.

    :param duty: is charged with every plan.
    :param joint: whose limits are kept.
    :param setpoints: whether the plans are not sent themselves but as set-points, one at a time.
    """

    def __init__(self, duty: DutyLog, joint: Joint = Joint(), setpoints: bool = False) -> None:
        """Nobody knows where it is."""
        self.duty, self.joint, self.setpoints = duty, joint, setpoints
        self.refused = ''                 # why the last plan was replaced
        self.ways: List[Curve] = []       # what may be executed though something else was told
        self._curve: Optional[Curve] = None
        self._straight: Optional[Curve] = None    # as who draws straight lines executes it
        self._before: Tuple[Optional[Curve], Optional[Curve]] = (None, None)
        self._sample = (-math.inf, 0.0, 0.0)    # time, position, velocity

    # --- where it is -----------------------------------------------------------------------------
    def anchor(self, now_s: float, position: float, velocity: float = 0.0) -> None:
        """Take the joint's measured state; it goes on as it is until something is sent."""
        if velocity == 0.0:
            columns = [now_s], [position], [0.0]
        else:                              # nobody knows for how long: not to be relied on
            columns = ([now_s, now_s + 1.0], [position, position + velocity], [velocity] * 2)
        self.resume(Curve(*_floats(*columns)))
        self._sample = (-math.inf, position, 0.0)

    def forget(self) -> None:
        """Know no longer where it is."""
        self._curve = self._straight = None
        self._sample = (-math.inf, 0.0, 0.0)

    @property
    def curve(self) -> Optional[Curve]:
        """Return what is executed if all that was sent is taken; ``None``: not known."""
        return self._curve

    def resume(self, curve: Curve) -> None:
        """Know that this is still executed, whatever was sent since."""
        self._curve = curve
        self._straight = Curve(curve.t, curve.x, curve.v, True)

    def straight(self, now_s: float) -> float:
        """Return where who draws straight lines from point to point is at a time."""
        return (self.state(now_s) if self._straight is None else self._straight.state(now_s))[0]

    @property
    def is_known(self) -> bool:
        """Return whether it is known where the joint is."""
        return self._curve is not None

    def state(self, now_s: float) -> Tuple[float, float, float]:
        """Return (position, velocity, acceleration) as executed at a time; ValueError: unknown."""
        if self._curve is None:
            raise ValueError('nobody knows where the joint is')
        return self._curve.state(now_s)

    def is_moving(self, now_s: float) -> bool:
        """Return whether what was sent has not ended, or its last set-point was not sent."""
        return self._curve is not None and (
            now_s < self._curve.end_s or self.setpoints and self._sample[2] != 0.0)

    # --- what may be sent ------------------------------------------------------------------------
    def submit(self, now_s: float, times_s: ArrayLike, positions: ArrayLike,
               velocities: ArrayLike) -> Optional[Motion]:
        """
        Return the plan if it may be sent, else braking; `refused` says why.

        :param now_s: the present time, on the clock of all plans.
        :return: ``None`` where nothing may be sent at all.
        """
        self.hold_if_late(now_s)
        try:
            motion = Motion(float(now_s), *_floats(times_s, positions, velocities))
            self.refused = self._objection(motion)
        except (TypeError, ValueError, OverflowError) as error:
            self.refused = f'this is no plan: {error}'
        if self.refused:
            return self.brake(now_s, True)
        if self.setpoints and not self.is_moving(now_s):
            self._sample = (now_s, *self.state(now_s)[:2])       # none was due before
        return self._send(motion)

    def submit_from_anywhere(self, now_s: float, duration_s: float) -> Optional[Motion]:
        """
        Return the way to the rest position from wherever within the stroke it stands.

        :return: ``None``, and `refused` says why, where even that is too much.
        """
        rest, stroke = self.joint.rest, self.joint.stroke
        motion = Motion(float(now_s), np.array([now_s + duration_s]), np.array([rest]),
                        np.zeros(1))
        for place in (rest - stroke, rest + stroke):
            self.anchor(now_s, place)
            self.refused = self._objection(motion)
            if self.refused:
                self.forget()
                return None
        motion = self._send(motion)
        self._curve = self._straight = None    # until it has got there
        return motion

    def brake(self, now_s: float, is_patient: bool = False) -> Optional[Motion]:
        """
        Return the shortest way to rest, wherever that is.

        :param is_patient: whether only one will do that is joined smoothly from all `ways`.
        :return: ``None`` if it is at rest or nobody knows where it is, or where no brake is within
            the limits (`refused` says so): what was sent before ends at rest, and was.
        """
        self.hold_if_late(now_s)
        if self._curve is None:
            return None
        begin_s = now_s if self.setpoints else now_s + LATENCY_S
        if begin_s >= self._curve.end_s:
            return None                    # what was sent comes to rest before that
        x, v, a = self._curve.state(begin_s)
        if not self.setpoints and self.is_still(begin_s):
            return self.stay(now_s, x)
        why, second = '', None
        for lead_s, (acceleration, jerk) in product(BRAKE_LEADS_S, BRAKES):
            t, way, velocities = braking.brake(v, a, self.joint.units_per_metre, acceleration,
                                               jerk)
            # Who takes it as late as may be, and is a hair elsewhere, has time to get there.
            lead_s = 0.0 if self.setpoints else lead_s
            later = t >= min(lead_s, t[-1])
            motion = Motion(float(now_s), begin_s + np.maximum(t[later], lead_s), x + way[later],
                            velocities[later])
            wrong = self._form_objection(motion) or self._motion_objection(motion)
            if not wrong and self.is_joined(motion):
                return self._send(motion)
            second = second or (motion if not wrong else None)
            why = why or wrong
        if second is not None:             # for what was told
            return None if is_patient else self._send(second)
        self.refused = self.refused or f'no brake: {why}'
        return None

    def is_joined(self, motion: Motion) -> bool:
        """Return whether a plan is joined smoothly from all that may be executed."""
        return self.setpoints or not any(
            late_objection(self.joint, way, motion, late_s)
            for way in self.ways for late_s in (0.0, *_LATENESS))

    def is_still(self, at_s: float) -> bool:
        """Return whether it stands still then, or has hardly begun to move."""
        _, velocity, acceleration = self.state(at_s)
        scale = self.joint.units_per_metre
        return abs(velocity) <= STILL[0] * scale and abs(acceleration) <= STILL[1] * scale

    def stay(self, now_s: float, place: float) -> Optional[Motion]:
        """
        Return a plan that hardly moves, instead of one that has hardly begun.

        Slow from anywhere: what is measured of a joint that has not moved may be another place's
        (a hand, other units), and who has not been there yet would be thrown there.
        """
        motion = Motion(float(now_s), np.array([now_s + braking.SETTLING_S[0]]), np.array([place]),
                        np.zeros(1))
        self.refused = self._form_objection(motion) or self._motion_objection(motion)
        return None if self.refused else self._send(motion)

    def brake_from(self, now_s: float, position: float, velocity: float,
                   acceleration: Optional[float] = None, is_patient: bool = False,
                   is_untried: bool = False) -> Optional[Motion]:
        """
        Return a gentle way to rest from a measured state; what was sent before no longer counts.

        :param acceleration: ``None``: not known.
        :param is_patient: whether only a way will do that is safe whatever was meant.
        :param is_untried: whether nobody has seen yet that what is measured is right; the way is
            then soft from anywhere in a swing.
        :return: ``None``, and `refused` says why, where there is none within the limits.
        """
        scale, before = self.joint.units_per_metre, (self._curve, self._straight, self._sample)
        seen = self.joint.metres(position), velocity / scale
        if is_untried:
            seen = braking.of_a_swing(*seen)
            position, velocity = self.joint.position(seen[0]), scale * seen[1]
        acceleration = None if acceleration is None else acceleration / scale
        find = braking.untried if is_untried else braking.gentle
        self.anchor(now_s, position, velocity)
        for t, way, is_safe in find(*seen, acceleration):
            if is_patient and not is_safe:
                self.refused = ''
                break                          # nor are those that follow
            motion = Motion(float(now_s), np.array([now_s + t]),
                            np.array([position + way * scale]), np.zeros(1))
            self.refused = self._form_objection(motion) or self._motion_objection(motion, True)
            if not self.refused:
                return self._send(motion)
        self._curve, self._straight, self._sample = before
        return None

    def repeat(self, now_s: float, ways: Sequence[Curve], end_s: float = 0.0,
               place: Optional[float] = None) -> Optional[Motion]:
        """
        Return a slow way to where it was told to stop, within the limits whatever is executed.

        :param ways: what may be executed beside what was told.
        :param end_s: when it should have got there; later where that is too soon.
        :param place: where to stop instead.
        :return: ``None``, and `refused` says why, where there is none.
        """
        told, on_lines = self._curve, self._straight
        if told is None:
            return None
        places = told.x[-1:] if place is None else np.array([place])
        for duration_s in (max(end_s - now_s, REPEATED_S[0]), *REPEATED_S):
            motion = Motion(float(now_s), np.array([now_s + duration_s]), places, np.zeros(1))
            self.refused = self._form_objection(motion)
            for way in (told, *ways):
                self._curve = way
                self.refused = self.refused or self._motion_objection(motion, True)
            self._curve, self._straight = told, on_lines
            if not self.refused:
                return self._send(motion)
        return None

    def settle(self, now_s: float, position: float, velocity: float, is_seen: bool = True,
               at_arrival: bool = False, is_late: bool = False) -> Optional[Motion]:
        """
        Return a slow way to the rest position for a joint that does not follow.

        Right for where it is measured and for where it was told to be, as far as possible.

        :param is_seen: whether that state is measured.
        :param at_arrival: whether it counts from when it arrives: the clock of the stamps is in
            doubt.
        :param is_late: whether it should have come to rest before.
        :return: ``None``, and `refused` says why, where there is none within the limits.
        """
        told, on_lines, best, why = self._curve, self._straight, None, ''
        # Measured, it may be faster than it seems; what does not follow may be the sensor.
        faster = velocity + math.copysign(SETTLING_MARGIN * self.joint.units_per_metre, velocity)
        for t, places, speeds in braking.settling(
                now_s, position, velocity, self.joint, is_seen, is_late):
            motion = Motion(float(now_s), t, places, speeds, at_arrival)
            self.anchor(now_s, position, faster)
            margin = is_seen and self._motion_objection(motion, True)
            self.anchor(now_s, position, velocity)
            measured = self._form_objection(motion) or self._motion_objection(motion, True)
            if told is not None:
                self._curve, self._straight = told, on_lines
            wrong = [measured, self._motion_objection(motion, True)]
            why = why or measured
            # More of the stroke is better than a push; where it may be one, a single point.
            pushes = sum(bool(text) and 'further' not in text for text in wrong)
            further = sum(map(bool, wrong)) - pushes
            rank = (pushes, pushes * len(t), further, further * (t[-1] - now_s), bool(margin))
            if not all(wrong) and (best is None or rank < best[0]):
                best = rank, motion, measured
            if rank == (0, 0, 0, 0.0, False):
                break
        self.refused = '' if best is not None else why
        if best is None:
            self.forget()
            return None
        if not best[2]:                    # else what is measured is no state of a crib
            self.anchor(now_s, position, velocity)
        return self._send(best[1])

    def unsend(self) -> None:
        """Take back the last plan: it did not go out. The duty it was charged with stays."""
        self._curve, self._straight = self._before

    # --- set-points ------------------------------------------------------------------------------
    def setpoint(self, now_s: float) -> Tuple[float, float]:
        """Return (position, velocity) to be commanded now; see `hold_if_late`."""
        self.hold_if_late(now_s)
        self._sample = (now_s, *self.state(now_s)[:2])
        return self._sample[1:]

    def hold_if_late(self, now_s: float) -> bool:
        """
        Stay where the last set-point left the crib, if it came too long ago; return whether.

        Without set-points the crib has stopped there, whatever the plan says.
        """
        sampled_s, x, v = self._sample
        if not self.setpoints or self._curve is None or sampled_s == -math.inf or (
                now_s - sampled_s <= LATE_S) or not (v or self.is_moving(sampled_s)):
            return False
        self.anchor(now_s, x)
        return True

    # --- inside ----------------------------------------------------------------------------------
    def _send(self, motion: Motion) -> Motion:
        self.duty.note(round(motion.start_s * SECOND_NS), round(motion.end_s * SECOND_NS))
        self._before = self._curve, self._straight
        if self._curve is not None:
            x, v, _ = self._curve.state(motion.start_s)
            on_lines = self.straight(motion.start_s)
            self._curve = joined(motion, motion.start_s, x, v)
            self._straight = Curve(self._curve.t, np.concatenate(([on_lines], self._curve.x[1:])),
                                   self._curve.v, True)
        return motion

    def _objection(self, motion: Motion) -> str:
        return (self._form_objection(motion) or self._motion_objection(motion)
                or self._duty_objection(motion))

    def _form_objection(self, motion: Motion) -> str:
        """Return what is wrong with a plan whoever carries it out, or ''."""
        columns = (motion.times_s, motion.positions, motion.velocities)
        if not (len({column.shape for column in columns}) == 1 and motion.times_s.ndim == 1
                and motion.times_s.size and all(np.isfinite(column).all() for column in columns)):
            return 'expected as many finite times, positions and velocities, at least one'
        if np.diff(motion.times_s, prepend=motion.start_s).min() < 1e-3:
            return 'points must be 1 ms apart and in the future'
        if motion.end_s - motion.start_s > LONGEST_PLAN_S:
            return f'longer than {LONGEST_PLAN_S:g} s'
        if motion.velocities[-1] != 0.0:
            return 'it does not end at rest'
        return ''

    def _motion_objection(self, motion: Motion, is_sudden: bool = False) -> str:
        """Return what is wrong with what is executed of a plan, whenever it arrives, or ''."""
        if self._curve is None:
            return 'nobody knows where the joint is'
        why = objection(self.joint, self._curve, motion, is_sudden)
        if not (why or self.setpoints):
            for late_s in _LATENESS:
                why = why or late_objection(self.joint, self._curve, motion, late_s, is_sudden)
        return why

    def _duty_objection(self, motion: Motion) -> str:
        assert self._curve is not None         # else the motion was objected to
        start_ns, end_ns = (round(s * SECOND_NS) for s in (motion.start_s, motion.end_s))
        already = max(0, round(self._curve.end_s * SECOND_NS) - start_ns)
        if self.duty.left_ns(start_ns) + already < end_ns - start_ns:
            return 'the duty of this hour is used up'
        return ''


def _floats(t: ArrayLike, x: ArrayLike, v: ArrayLike
            ) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.array(t, np.float64), np.array(x, np.float64), np.array(v, np.float64)
