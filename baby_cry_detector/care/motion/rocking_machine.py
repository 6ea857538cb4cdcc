# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
When the crib moves: sessions, their end, and stops; every plan passes the `MotionGate`.

Each plan covers half a second of rocking and then the whole way to rest, and is replaced long
before that half second is over. Whoever carries it out comes to rest by itself if nothing more is
said. Pure: times are seconds on one clock that does not go back, and come in with the calls.
"""

import math
from typing import Optional

import numpy as np

from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.care.motion.motion_gate import Motion, MotionGate
from baby_cry_detector.care.policy.policy import (
    HARD_ACCELERATION, LARGEST_AMPLITUDE_MM, LONGEST_ROCKING_S)
from baby_cry_detector.care.motion.rocking import fit, RockingProfile, SHORTEST_RAMP_S
from baby_cry_detector.units import SECOND_NS

HORIZON_S = 0.5
PLAN_PERIOD_S = 0.2
HORIZON_SPACING_S, TAIL_SPACING_S = 0.05, 0.1
SHORTEST_SESSION_S = 20.0
LONGEST_RAMP_S = 9.0                      # a plan is at most 10 s long


class RockingMachine:
    """
    One crib's motion.

    :param duty: how much was rocked; it is charged.
    :param acceleration: highest peak in m/s^2, at most 0.7.
    :param session_s: longest session, at most 300 s.
    :param ramp_s: duration of start and stop, 3 to 9 s.
    :param largest_mm: largest amplitude, at most 60 mm.
    :param lead: whether the first session begins by going to the rest position within ``ramp_s``,
        because nobody knows where the crib stands.
    :param setpoints: whether `setpoint` is what is sent, and not the plans themselves.
    """

    def __init__(self, duty: DutyLog, acceleration: float = 0.5,
                 session_s: float = LONGEST_ROCKING_S, ramp_s: float = SHORTEST_RAMP_S,
                 largest_mm: float = LARGEST_AMPLITUDE_MM, lead: bool = True,
                 setpoints: bool = False) -> None:
        """At rest, wherever that is."""
        self.gate = MotionGate(duty, setpoints=setpoints)
        self.duty = duty
        self._acceleration = min(acceleration, HARD_ACCELERATION)
        self._session_s = min(session_s, LONGEST_ROCKING_S)
        self._ramp_s = min(LONGEST_RAMP_S, max(SHORTEST_RAMP_S, ramp_s))
        self._largest_m = min(largest_mm, LARGEST_AMPLITUDE_MM) * 1e-3
        self._lead = lead
        self._profile: Optional[RockingProfile] = None
        self._deadline_s = math.inf
        self._planned_s = -math.inf
        self.why = 'nothing was asked for'    # the reason of the present state

    @property
    def profile(self) -> Optional[RockingProfile]:
        """Return the session in progress."""
        return self._profile

    @property
    def is_rocking(self) -> bool:
        """Return whether a session is in progress that was not told to stop."""
        return self._profile is not None and self._profile.stop_s is None

    def fit(self, frequency_hz: float, amplitude_mm: float):
        """Return (frequency, amplitude in m) that would be rocked."""
        return fit(frequency_hz, min(amplitude_mm * 1e-3, self._largest_m), self._acceleration,
                   self._ramp_s)

    def start(self, now_s: float, frequency_hz: float, amplitude_mm: float) -> str:
        """
        Begin a session; return why not, or ''.

        The first plan comes from `step`.
        """
        if self._profile is not None or self.gate.is_moving(now_s):
            return 'it still moves'
        left_s = self.duty.left_ns(round(now_s * SECOND_NS)) / SECOND_NS
        session_s = min(self._session_s, left_s - 0.1)
        if session_s < SHORTEST_SESSION_S:
            return (f'the duty of {self.duty.limit_ns / SECOND_NS / 60:g} min within an hour '
                    'is used up')
        frequency_hz, amplitude_m = self.fit(frequency_hz, amplitude_mm)
        x, _ = self.gate.state(now_s)
        lead_s = self._ramp_s if self._lead or x else 0.0
        self._lead = False
        self._profile = RockingProfile(frequency_hz, amplitude_m, self._ramp_s, now_s + lead_s)
        self._deadline_s = now_s + session_s - self._ramp_s - HORIZON_S - PLAN_PERIOD_S
        self._planned_s = -math.inf
        self.why = 'rocking'
        return ''

    def stop(self, now_s: float, why: str) -> None:
        """Come to rest smoothly at the rest position; the plan comes from `step`."""
        if self.is_rocking:
            self._profile.stop_s = now_s
            self._planned_s = -math.inf
            self.why = why

    def brake(self, now_s: float, why: str) -> Motion:
        """Come to rest at once, as fast as the hard limit allows, and stay there."""
        self._profile = None
        self.why = why
        return self.gate.brake(now_s)

    def setpoint(self, now_s: float):
        """Return (position, velocity) to be commanded now."""
        self._note_lateness(now_s)
        return self.gate.setpoint(now_s)

    def step(self, now_s: float) -> Optional[Motion]:
        """Return the plan to be sent now, if one is due; call this many times a second."""
        self._note_lateness(now_s)
        profile = self._profile
        if profile is None:
            return None
        if profile.stop_s is None:
            if now_s > self._planned_s + HORIZON_S > 0:
                # The last plan has begun to end by itself.
                profile.stop_s = self._planned_s + HORIZON_S
                self.why = 'plans came too late'
            elif now_s >= self._deadline_s:
                self.stop(now_s, 'the session is over')
        if now_s >= profile.end_s - 1e-3:
            self._profile = None
            return None
        if now_s < self._planned_s + PLAN_PERIOD_S:
            return None
        self._planned_s = now_s
        motion = self.gate.submit(now_s, *self._points(now_s))
        if self.gate.refused:
            self._profile, self.why = None, self.gate.refused
        return motion

    def _note_lateness(self, now_s: float) -> None:
        if self.gate.hold_if_late(now_s):
            self._profile, self.why = None, 'set-points came too late'

    def _points(self, now_s: float):
        """Return times, positions and velocities of the next plan."""
        profile = self._profile
        stop_s = now_s + HORIZON_S if profile.stop_s is None else profile.stop_s
        start_s = profile.start_s
        end_s = stop_s + profile.ramp_s if stop_s > start_s else start_s
        bend_s = min(end_s, now_s + HORIZON_S)
        t = np.concatenate((
            np.arange(now_s + HORIZON_SPACING_S, bend_s - 1e-2, HORIZON_SPACING_S),
            np.arange(bend_s, end_s, TAIL_SPACING_S)))
        # On the way to the rest position there is one point: its end.
        t = t[(t > start_s + 1e-2) & (t < end_s - 1e-2)]
        first = [start_s] if start_s >= now_s + HORIZON_SPACING_S else []
        last = [end_s] if end_s > start_s or not first else []
        t = np.concatenate((first, t, last))
        x, v = profile.state(t, stop_s)
        x[-1] = v[-1] = 0.0
        return t, x, v
