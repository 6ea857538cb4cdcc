# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
When the crib moves: sessions, their end, and stops; every plan passes the `MotionGate`.

Each plan covers 0.8 s of rocking and then the whole way to rest, and is replaced long before that
is over. Whoever carries it out comes to rest by itself if nothing more is said, and two plans that
got lost change nothing. Pure: times are seconds on one clock that does not go back, and come in
with the calls.
"""

import math
from typing import Optional, Tuple

from baby_cry_detector.care.hard_limits import (HARD_ACCELERATION, LARGEST_AMPLITUDE_MM,
                                                LONGEST_ROCKING_S, SHORTEST_RAMP_S)
from baby_cry_detector.care.motion.braking import Columns
from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.care.motion.joint import Joint
from baby_cry_detector.care.motion.motion_gate import LATENCY_S, Motion, MotionGate
from baby_cry_detector.care.motion.rocking import fit, offset_acceleration, RockingProfile
from baby_cry_detector.units import SECOND_NS
import numpy as np

HORIZON_S = 0.8
PLAN_PERIOD_S = 0.2
# From the latest arrival of a plan to its first point. A controller that refused the plans before,
# unheard, may stand a hair off their curve, and must not have to join it at once.
JOINING_S = 0.06
HORIZON_SPACING_S, TAIL_SPACING_S = 0.02, 0.05
SHORTEST_SESSION_S = 20.0
# What making up for a lag may add, m/s^2, as far as the lead allows.
JOINING_ACCELERATION, LONGEST_LEAD_S = 0.1, 0.5
LEADS_S = (0.25, 0.35)
BRAKING_MM = 5.0                          # further than the amplitude: for stops near its end
START_LEAD_S = 1.15                       # see `start`; of which a message may take 0.1
LONGEST_RAMP_S = 9.0                      # a plan is at most 10 s long


class RockingMachine:
    """
    One crib's motion.

    :param duty: how much was rocked; it is charged.
    :param joint: whose limits are kept.
    :param acceleration: highest peak in m/s^2, at most `HARD_ACCELERATION`.
    :param session_s: longest session, at most `LONGEST_ROCKING_S`.
    :param ramp_s: duration of start and stop, `SHORTEST_RAMP_S` to 9 s.
    :param largest_mm: largest amplitude, at most 60 mm.
    :param setpoints: whether `setpoint` is what is sent, and not the plans themselves.
    """

    def __init__(self, duty: DutyLog, joint: Joint = Joint(), acceleration: float = 0.5,
                 session_s: float = LONGEST_ROCKING_S, ramp_s: float = SHORTEST_RAMP_S,
                 largest_mm: float = LARGEST_AMPLITUDE_MM, setpoints: bool = False) -> None:
        """Nobody knows where it is: see `gate.anchor`."""
        self.joint = joint
        self.gate = MotionGate(duty, joint, setpoints=setpoints)
        self.duty = duty
        self._acceleration = min(acceleration, HARD_ACCELERATION)
        self._session_s = min(session_s, LONGEST_ROCKING_S)
        self._ramp_s = min(LONGEST_RAMP_S, max(SHORTEST_RAMP_S, ramp_s))
        self._largest_m = min(largest_mm, LARGEST_AMPLITUDE_MM - BRAKING_MM) * 1e-3
        # Set-points are carried out when they come; a plan may come late.
        self._latency_s = 0.0 if setpoints else LATENCY_S
        self._least_lead_s = 0.0 if setpoints else LATENCY_S + JOINING_S
        self._lead_s = self._least_lead_s     # until the first point of a plan
        self.horizon_s = HORIZON_S            # of rocking in each plan
        self._profile: Optional[RockingProfile] = None
        self._deadline_s = math.inf
        self._planned_s = self._planned_before_s = -math.inf
        self._stop_is_new = False
        self._ends_s = -math.inf              # when what was sent last begins to end by itself
        self._coming_home_s: Optional[float] = None
        self.why = 'nothing was asked for'    # the reason of the present state

    @property
    def profile(self) -> Optional[RockingProfile]:
        """Return the session in progress."""
        return self._profile

    @property
    def is_rocking(self) -> bool:
        """Return whether a session is in progress that was not told to stop."""
        return self._profile is not None and self._profile.stop_s is None

    def is_moving(self, now_s: float) -> bool:
        """Return whether anything that was sent has not come to its end."""
        return (self._profile is not None or self.gate.is_moving(now_s)
                or self._coming_home_s is not None and now_s < self._coming_home_s)

    def fit(self, frequency_hz: float, amplitude_mm: float, offset_m: float = 0.0
            ) -> Tuple[float, float]:
        """Return (frequency, amplitude in m) that would be rocked, from a place in metres."""
        # In steps of a millimetre, as it takes a while.
        offset_m = math.ceil(abs(offset_m) * 1e3) * 1e-3
        return fit(frequency_hz, min(amplitude_mm * 1e-3, self._largest_m),
                   self._acceleration - offset_acceleration(offset_m, self._ramp_s), self._ramp_s)

    def start(self, now_s: float, frequency_hz: float, amplitude_mm: float) -> str:
        """
        Begin a session; return why not, or ''.

        The first plan comes from `step`. Where it is not known where the joint stands, it first
        goes to the rest position, as slowly as is right from anywhere.
        """
        if self.is_moving(now_s):
            return 'it still moves'
        left_s = self.duty.left_ns(round(now_s * SECOND_NS)) / SECOND_NS
        session_s = min(self._session_s, left_s - 0.1)
        if session_s < SHORTEST_SESSION_S:
            return (f'the duty of {self.duty.limit_ns / SECOND_NS / 60:g} min within an hour '
                    'is used up')
        # The first way is long enough for a crib that a hand has moved just now.
        begin_s, offset_m = now_s + (0.0 if self.gate.setpoints else START_LEAD_S), 0.0
        if self.gate.is_known:
            offset_m = self.joint.metres(self.gate.state(now_s)[0])
            if abs(offset_m) * self.joint.units_per_metre > self.joint.stroke:
                return (f'it stands {1e3 * abs(offset_m):.0f} mm from its rest position: bring it '
                        f'within {LARGEST_AMPLITUDE_MM:g} mm')
        elif self.gate.setpoints:
            return 'nobody knows where it stands'
        else:
            begin_s += self._ramp_s
        frequency_hz, amplitude_m = self.fit(frequency_hz, amplitude_mm, offset_m)
        self._profile = RockingProfile(frequency_hz, amplitude_m, self._ramp_s, begin_s, offset_m)
        self._deadline_s = now_s + session_s - self._ramp_s - self.horizon_s - PLAN_PERIOD_S
        self._planned_s, self._stop_is_new = -math.inf, False
        self.why = 'rocking'
        return ''

    def note_error(self, error_m: float, growth: float = 0.0) -> None:
        """
        Give a consumer that joins a plan from where it is measured, and not told, time for that.

        :param error_m: how far it is from where it was told to be.
        :param growth: how fast that grows, m/s.
        """
        if not self.gate.setpoints:
            self._lead_s = min(LONGEST_LEAD_S, max(
                self._least_lead_s, math.sqrt(6.0 * error_m / JOINING_ACCELERATION),
                4.0 * abs(growth) / JOINING_ACCELERATION))

    def stop(self, now_s: float, why: str) -> None:
        """Come to rest smoothly at the rest position; the plan comes from `step`."""
        if self._profile is not None and self._profile.stop_s is None:
            self._profile.stop_s = now_s
            self._ends_s = -math.inf if self.gate.setpoints else self._planned_s + self.horizon_s
            self._planned_s, self._stop_is_new = -math.inf, True
            self.why = why

    def brake(self, now_s: float, why: str, is_patient: bool = False) -> Optional[Motion]:
        """Come to rest at once, as fast as is gentle, and stay there; ``None``: nothing to do."""
        self._profile = None
        self.why = why
        return self.gate.brake(now_s, is_patient)

    def abandon(self, why: str) -> None:
        """Plan no more: what was sent comes to its end, or something else is sent."""
        self._profile, self.why = None, why

    def brake_from(self, now_s: float, position: float, velocity: float,
                   acceleration: Optional[float], why: str, is_patient: bool = False,
                   is_untried: bool = False) -> Optional[Motion]:
        """Come to rest from a measured state; see `MotionGate.brake_from`."""
        self._profile = None
        self.why = why
        return self.gate.brake_from(now_s, position, velocity, acceleration, is_patient,
                                    is_untried)

    def settle(self, now_s: float, position: float, velocity: float, why: str,
               is_seen: bool = True, at_arrival: bool = False, is_late: bool = False
               ) -> Optional[Motion]:
        """Go slowly to the rest position; see `MotionGate.settle`."""
        self.abandon(why)
        return self.gate.settle(now_s, position, velocity, is_seen, at_arrival, is_late)

    def unsend(self) -> None:
        """Take back the last plan: it did not go out."""
        self._planned_s = self._planned_before_s
        self._coming_home_s = None
        self.gate.unsend()

    def setpoint(self, now_s: float) -> Tuple[float, float]:
        """Return (position, velocity) to be commanded now, in joint units."""
        self._note_lateness(now_s)
        return self.gate.setpoint(now_s)

    def is_due(self, now_s: float) -> bool:
        """Return whether a plan may be due."""
        return self._profile is not None and now_s >= self._planned_s + PLAN_PERIOD_S

    def step(self, now_s: float) -> Optional[Motion]:
        """Return the plan to be sent now, if one is due; call this many times a second."""
        self._note_lateness(now_s)
        if self._coming_home_s is not None:
            self._come_home(now_s, self._coming_home_s)
            return None
        profile = self._profile
        if profile is None:
            return None
        if not self.gate.is_known:
            self._coming_home_s = now_s + self._ramp_s
            motion = self.gate.submit_from_anywhere(now_s, self._ramp_s)
            if motion is None:
                self._profile, self._coming_home_s, self.why = None, None, self.gate.refused
            return motion
        if profile.stop_s is None:
            if now_s + self._latency_s > self._planned_s + self.horizon_s > 0:
                # The last plan has begun to end by itself.
                profile.stop_s = self._planned_s + self.horizon_s
                self.why = 'plans came too late'
            elif now_s >= self._deadline_s:
                self.stop(now_s, 'the session is over')
        if self._stop_is_new:
            # From when on nobody carries out the plan before any more; or, better, from when on
            # that ends by itself: a controller that refuses a plan or three ends as all say.
            profile.stop_s, self._stop_is_new = max(
                now_s + self._latency_s, self._ends_s), False
        if now_s >= profile.end_s - self._latency_s - 1e-3:
            self._profile = None           # what was sent ends there
            return None
        if now_s < self._planned_s + PLAN_PERIOD_S:
            return None
        points = self._joinable(now_s, profile)
        if points is None:
            return None                    # what is measured next tells what goes on
        self._planned_before_s, self._planned_s = self._planned_s, now_s
        motion = self.gate.submit(now_s, *points)
        if self.gate.refused:
            self._profile, self.why = None, self.gate.refused
        return motion

    def _come_home(self, now_s: float, home_s: float) -> None:
        """Wait until it is at the rest position, from wherever it was."""
        if now_s < home_s + self._latency_s:
            return
        self.gate.anchor(now_s, self.joint.rest)
        self._coming_home_s = None
        if self._profile is not None:
            self._profile.start_s = now_s + START_LEAD_S

    def _note_lateness(self, now_s: float) -> None:
        if self.gate.hold_if_late(now_s):
            self._profile, self.why = None, 'set-points came too late'

    def _joinable(self, now_s: float, profile: RockingProfile) -> Optional[Columns]:
        """Return the next plan, joined as smoothly from plans before: those since were refused."""
        for lead_s in (self._lead_s, *(each for each in LEADS_S if each > self._lead_s)):
            points = self._points(now_s, lead_s, profile)
            if self.gate.is_joined(Motion(now_s, *points)):
                return points
        return None

    def _points(self, now_s: float, lead_s: float, profile: RockingProfile) -> Columns:
        """Return times, positions and velocities of the next plan, in joint units."""
        stop_s = now_s + self.horizon_s if profile.stop_s is None else profile.stop_s
        end_s = stop_s + profile.ramp_s
        if stop_s <= profile.start_s:
            end_s = profile.start_s + profile.ramp_s
        first_s = max(now_s + max(lead_s, HORIZON_SPACING_S), profile.start_s)
        bend_s = min(end_s, now_s + self.horizon_s)
        t = np.concatenate((
            np.arange(first_s, bend_s - 1e-2, HORIZON_SPACING_S),
            np.arange(max(bend_s, first_s), end_s - 1e-2, TAIL_SPACING_S), [end_s]))
        x, v = profile.state(t, stop_s)
        x[-1] = v[-1] = 0.0
        return t, self.joint.position(x), self.joint.units_per_metre * v
