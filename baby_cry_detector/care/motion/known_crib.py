# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What is known of one crib: where it is, what it was told, and which of that is carried out.

Pure: times are seconds on one clock that does not go back, and come in with the calls.
"""

import math
from typing import Any, Dict

from baby_cry_detector.care.motion.measured_joint import MeasuredJoint
from baby_cry_detector.care.motion.motion_gate import LATENCY_S, LONGEST_PLAN_S
from baby_cry_detector.care.motion.rocking_machine import PLAN_PERIOD_S, RockingMachine
from baby_cry_detector.care.motion.stamp_clock import StampClock
from baby_cry_detector.care.motion.stops.heeding import Heeding, KEPT
from baby_cry_detector.units import SECOND_NS

# So far from where it was told to be it still counts as being there, and after so many samples.
SURE_M = 3e-4
SURE_TIMES = 3
# What is carried out is known by how it moved for so long.
NEAR_S = 0.25
# Where nothing is measured, each plan rocks for longer: five may be refused, and the next one
# still begins as all of them go on.
UNSEEN_HORIZON_S = 1.4
NOT_MEASURED = 'joint_states do not say where {} is'


class KnownCrib:
    """
    A machine and what is measured of the joint that it moves; see `CribMotion`.

    :param machine: what moves it.
    :param now_s: when it is made.
    :param is_measured: whether `joint_states` are needed.
    :param has_place: whether places are commanded.
    """

    def __init__(self, machine: RockingMachine, now_s: float, is_measured: bool, has_place: bool
                 ) -> None:
        """Nothing was measured or told."""
        self.machine, self.is_measured, self._has_place = machine, is_measured, has_place
        self.joint = MeasuredJoint(machine.joint, machine.gate.setpoints)
        self.heeding = Heeding()
        if not is_measured:
            machine.horizon_s = UNSEEN_HORIZON_S
        self._made_s = self._since_s = self._told_s = now_s
        self.is_alone = True                   # whether nobody else commands it
        self._compared_s = 0.0
        self._followed = 0                     # how often it was where it was told to be, in a row
        self._is_certain = False       # of where it is without measuring, since it was told
        self.is_delivered = True       # whether all that was sent has arrived, as far as known
        self._clock = StampClock()
        self._is_contradicted = False  # whether the sensor says what cannot follow from the above
        self._is_misread = False       # whether what was sent last was perhaps read by a set clock
        self._is_stamped = True        # whether that has a stamp, and does not count from arrival
        self._beginning_until_s = -math.inf    # till then it may be anywhere, whatever it shows

    def measure(self, now_s: float, position: float, age_s: float = 0.0) -> None:
        """
        Take a sample of `joint_states`; see `MeasuredJoint.take`.

        Motion that is seen soon after something was sent counts, though it may have been lost that
        it should end.
        """
        if self.joint.take(now_s, position, age_s) and (
                now_s < max(self._since_s, self._told_s) + LONGEST_PLAN_S):
            since_s = self.joint.moved_since()
            if since_s < now_s:
                self.machine.duty.extend(round(since_s * SECOND_NS), round(now_s * SECOND_NS))

    def read_clocks(self, now_s: float, stamp_s: float) -> None:
        """
        Compare the clock of the motion with that of the stamps; call this before each `step`.

        Who carries out a plan judges its stamp by his clock. One that was set between the stamp
        and that makes him begin in the middle, or later.
        """
        before_s = self._clock.read_s
        if not self._clock.read(now_s, stamp_s):
            return
        self._is_misread = (self._is_stamped and not self.machine.gate.setpoints
                            and self.machine.is_moving(now_s)
                            and self._told_s >= before_s - LATENCY_S)

    def objection(self, now_s: float) -> str:
        """Return why motion can't begin where the crib is now, or ''."""
        if not self._has_place:
            return ''
        name = self.machine.joint.name
        if self._is_in_doubt(now_s):
            return 'the clock of the stamps is set, or slewed'
        if self.is_measured:
            if not self.joint.is_fresh(now_s):
                return self.joint.trouble or NOT_MEASURED.format(name)
            if not self.joint.is_at_rest(now_s):
                return f'{name} is not at rest'
            return ''
        left_s = self._since_s + LONGEST_PLAN_S - now_s
        if not self._is_certain and left_s > 0.0:
            return f'what was sent before may go on for {left_s:.0f} s'
        return ''

    @property
    def needs_states(self) -> bool:
        """Return whether `joint_states` are needed."""
        return self.is_measured and self._has_place

    def figures(self) -> Dict[str, Any]:
        """Return what is measured, for diagnostics; empty where nothing is."""
        if not self.needs_states or self.joint.position is None:
            return {}
        place_m = self.machine.joint.metres(self.joint.position)
        return {'place_mm': round(1e3 * place_m, 1), 'stopped_again': self.heeding.unheeded,
                'astray_mm': round(1e3 * self.joint.error_m, 1)}

    def is_moving(self, now_s: float) -> bool:
        """Return whether anything that was sent has not come to its end."""
        return self.machine.is_moving(now_s)

    def _follows(self) -> bool:
        """Compare each measurement with what was sent, once."""
        if self.joint.time_s <= self._compared_s or not self.machine.gate.is_known:
            return True
        self._compared_s = self.joint.time_s
        gate, time_s = self.machine.gate, self.joint.time_s
        follows = self.joint.follows(*gate.state(time_s)[:2], gate.straight(time_s))
        self._followed = 0 if self.joint.is_astray else self._followed + 1
        # A sensor of other units seems to be followed for a while, and shows it at the end.
        self._is_contradicted &= self._followed < SURE_TIMES or gate.is_moving(time_s)
        self.machine.note_error(self.joint.off_m, self.joint.error_growth)
        return follows

    def _is_sure(self, now_s: float) -> bool:
        """Return whether it does what it was told, as far as anybody knows."""
        return (self._is_certain and self._is_received(now_s)
                and (not self.is_measured or self._followed >= SURE_TIMES))

    def _is_received(self, now_s: float) -> bool:
        """Return whether what was sent has arrived, or may still be on its way."""
        return self.is_delivered or now_s < self._told_s + LATENCY_S

    def _is_in_doubt(self, now_s: float) -> bool:
        return not self.machine.gate.setpoints and self._clock.is_in_doubt(now_s)

    def _is_beginning(self, now_s: float) -> bool:
        """
        Return whether it has not been yet where it was told to be for the first time.

        A sensor that counts in other units, or backwards, shows that by what moves first.
        """
        return now_s < self._beginning_until_s

    def _look_around(self, now_s: float, is_stop: bool = True) -> None:
        """Have what is sent joined from all that may be carried out; a stop from what is."""
        gate, joint, scale = self.machine.gate, self.joint, self.machine.joint.units_per_metre
        gate.ways = []
        if gate.curve is None or gate.setpoints or not self._has_place:
            return
        samples = joint.latest(NEAR_S) if joint.is_fresh(now_s) else ()
        before = gate.curve
        if is_stop:                            # what is measured may be wrong: right for both
            found = self.heeding.carried_out(before, samples, scale)
            if found is not before:
                gate.resume(found)
        most = round(self.machine.horizon_s / PLAN_PERIOD_S) - 1
        if not (self.is_measured or self.machine.is_rocking):
            most = KEPT                        # who is to end need not be told in time
        gate.ways = self.heeding.plausible(now_s, gate.curve, samples, scale, most)
        if gate.curve is not before:
            gate.ways.append(before)
