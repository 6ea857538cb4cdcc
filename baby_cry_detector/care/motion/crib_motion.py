# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
One crib: what is measured of it and what it is told; motion begins where it was measured.

Pure: times are seconds on one clock that does not go back, and come in with the calls. What comes
out is a `Motion` to be sent at once, or ``None``.
"""

import math
from typing import Optional

from baby_cry_detector.care.motion.known_crib import (KnownCrib, NOT_MEASURED, SURE_M,
                                                      SURE_TIMES)
from baby_cry_detector.care.motion.measured_joint import MOVING_S
from baby_cry_detector.care.motion.motion_gate import LATENCY_S, LONGEST_PLAN_S, Motion
from baby_cry_detector.care.motion.rocking_machine import RockingMachine
from baby_cry_detector.care.motion.stops.patience import Patience

# How soon after one another a joint that does not follow is told to brake.
BRAKE_AGAIN_S = 0.3
# How soon a brake is tried again where none was within the limits: each measurement would choose
# the one whose noise allows it.
TRY_AGAIN_S = 0.1
# So far from where it should have come to rest, and moving, it goes on.
ELSEWHERE_M = 8e-4
# So often where to stop is said again to a crib that nobody measures.
MOST_REPEATS = 4
# What seems to go on with a plan that is slower, in m/s and m/s^2, may be a sensor that drifts.
SLOW = 0.03, 0.15
# So often who has hardly begun is told again to stay, while nobody can see whether he will.
STAY_AGAIN_S, MOST_STAYS = 0.25, 8
# A plan that was not received by then was the last one: what was sent before comes to rest.
DELIVERY_S = 0.4


class CribMotion(KnownCrib):
    """
    A machine that is told where the joint is.

    :param machine: what moves it.
    :param is_measured: whether `joint_states` are needed. Else nobody measures it: the first
        movement then begins once whatever was sent before must have ended, and is gentle from
        anywhere within the stroke.
    :param has_place: whether places are commanded; speeds of a base begin at 0, wherever it is.
    :param now_s: when it is made.
    """

    def __init__(self, machine: RockingMachine, now_s: float, is_measured: bool = True,
                 has_place: bool = True) -> None:
        """Nothing was measured or told."""
        super().__init__(machine, now_s, is_measured, has_place)
        self._braked_s = self._tried_s = -BRAKE_AGAIN_S
        self._braking_until_s = self._settling_until_s = -math.inf
        self._patience = Patience()
        self.owed = ''                 # the reason of a stop that is still to be carried out
        self.lacks = ''                # and what that waits for
        self._stay_s, self._stays = math.inf, 0
        self._repeat_s, self._repeats = math.inf, 0    # when where to stop is sent again
        self._watched_until_s = -math.inf      # till when something may move it after a stop
        self._latest_end_s = now_s + LONGEST_PLAN_S    # of all that was ever sent
        self._halted = ''              # that of the stop that was returned last

    # --- what is told ----------------------------------------------------------------------------
    def start(self, now_s: float, frequency_hz: float, amplitude_mm: float) -> str:
        """Begin a session where the crib is; return why not, or ''."""
        if self.machine.is_moving(now_s):
            return 'it still moves'
        why = self.objection(now_s)
        if why:
            return why
        gate = self.machine.gate
        if not self._has_place:
            gate.anchor(now_s, self.machine.joint.rest)
        elif self.is_measured and self.joint.position is not None:
            gate.anchor(now_s, self.joint.position)
        elif not self._is_certain:
            gate.forget()
        self._is_certain, self._followed, self.owed = True, 0, ''      # at rest: nothing is owed
        self._watched_until_s = self._latest_end_s = -math.inf
        self._repeat_s = self._stay_s = math.inf
        self.heeding.begin()
        self.heeding.forget()
        why = self.machine.start(now_s, frequency_hz, amplitude_mm)
        if self.machine.profile is not None:
            self._beginning_until_s = self.machine.profile.start_s + LATENCY_S
        return why

    def stop(self, now_s: float, why: str) -> None:
        """Come to rest smoothly at the rest position; the plan comes from `step`."""
        self.machine.stop(now_s, why)

    def step(self, now_s: float) -> Optional[Motion]:
        """Return what is to be sent now, if anything is; call this many times a second."""
        self._halted = ''
        if self._is_misread:
            return self._misread(now_s)
        if self.owed:
            return self.halt(now_s, self.owed)
        if self._goes_on():
            return self._again(now_s)
        if self._moves_on(now_s):
            return self._brake_on(now_s)
        if now_s >= self._stay_s:
            return self._stay(now_s)
        if not self.is_measured and now_s >= self._repeat_s:
            return self._repeat(now_s)
        if not self.is_delivered and self.machine.is_rocking:
            if now_s >= self._told_s + DELIVERY_S:         # nobody knows what is carried out
                self.machine.abandon('a plan was not received')
                self._is_certain, self._since_s, self._followed = False, now_s, 0
            return None
        if self.needs_states and self.machine.is_moving(now_s):
            if not self.joint.is_fresh(now_s):
                if self.machine.profile is not None:
                    return self.halt(now_s, self.joint.trouble or NOT_MEASURED.format(
                        self.machine.joint.name))
            elif not self._follows():
                return self._recover(
                    now_s, f'{self.machine.joint.name} does not follow: it is '
                    f'{1e3 * self.joint.error_m:.0f} mm from where it was told to be')
            elif self.joint.is_astray and not self.machine.gate.setpoints:
                return None                    # the next measurements tell what this is
        if self.machine.is_due(now_s):
            self._look_around(now_s, False)
        motion = self.machine.step(now_s)
        if motion is None and self.machine.gate.refused and self._may_go_on(now_s):
            self.owed = self.machine.gate.refused
        if motion is not None:
            self._told_s, self._is_stamped = now_s, True
            self._latest_end_s = max(self._latest_end_s, motion.end_s)
            if self.machine.profile is None:           # the gate put a brake in its place
                return self._exactly(motion)
            if self.machine.gate.curve is not None:
                self.heeding.note_plan(self.machine.gate.curve)
        return motion

    def halt(self, now_s: float, why: str) -> Optional[Motion]:
        """
        Come to rest at once; never from a place that is only assumed.

        :return: ``None`` where it is at rest, or where nobody knows how it moves. Then the stop is
            `owed`, and waits for what it `lacks`: `step` returns it then, as long as what was sent
            before, by another process too, may go on.
        """
        self.heeding.begin()
        if self.needs_states and not self.machine.gate.setpoints:
            self._watched_until_s = self._latest_end_s
        motion = self._halt(now_s, why)
        self._halted = why if motion is not None else ''
        self.owed = why if motion is None and self._may_go_on(now_s) else ''
        if not self.is_measured and motion is not None:     # who knows whether it is carried out
            self._is_certain, self._since_s = False, now_s
        return motion

    def _halt(self, now_s: float, why: str) -> Optional[Motion]:
        machine = self.machine
        self.lacks = 'a brake that is within the limits'
        if machine.gate.is_known and machine.gate.is_moving(now_s):
            if now_s < self._braking_until_s:
                machine.why = why              # it is on its way to rest
                return None
            if machine.gate.setpoints:
                return self._braking(machine.brake(now_s, why))
            if self._is_in_doubt(now_s) or not self._is_sure(now_s) or (
                    self._is_beginning(now_s) and self.joint.error_m > SURE_M):
                return self._settle(now_s, why)
            told = machine.gate.curve
            self._look_around(now_s)
            if self.joint.error_m > SURE_M and machine.gate.curve is told:
                seen = self.joint.estimate(now_s)      # rather from where it is
                if seen is not None:
                    motion = self._braking(machine.brake_from(
                        now_s, *seen, why, self._is_patient(now_s)))
                    if motion is not None:
                        self.heeding.forget()
                    return motion
            motion = self._exactly(machine.brake(now_s, why, self._is_patient(now_s)))
            if motion is None and not self.is_measured:
                motion = self._softly(now_s)
            if motion is None and told is not None and machine.gate.curve is not told:
                machine.gate.resume(told)      # nothing was sent: looked at anew
            return motion
        machine.brake(now_s, why)              # there is nothing to send
        if self.needs_states and not machine.gate.setpoints:
            return self._recover(now_s, why)   # it may move though nothing here made it
        return None

    def _is_patient(self, now_s: float) -> bool:
        """Return whether what is measured next may show a better brake, and there is time."""
        if not self.is_measured:
            return True                    # nobody will ever see which plan is carried out
        return self.needs_states and self._patience.is_left(now_s)

    def _softly(self, now_s: float) -> Optional[Motion]:
        """Go slowly to the rest position, softly from each plan that may be carried out."""
        gate = self.machine.gate
        return self._exactly(gate.repeat(now_s, gate.ways, place=self.machine.joint.rest))

    def _exactly(self, motion: Optional[Motion]) -> Optional[Motion]:
        """Note a brake from what is surely carried out: it is seen whether it was taken."""
        motion, curve = self._braking(motion), self.machine.gate.curve
        if motion is not None and curve is not None:
            self.heeding.note_stop(motion.start_s, curve)
            self._repeat_s = math.inf if self.is_measured else motion.end_s
            self._repeats = 0
            self._stay_s, self._stays = math.inf, 0
            if self.machine.gate.is_still(motion.start_s) and self.is_measured:
                self._stay_s = motion.start_s + STAY_AGAIN_S
        return motion

    def _stay(self, now_s: float) -> Optional[Motion]:
        """Say again that it is to stay where it is: perhaps that was refused."""
        gate, scale = self.machine.gate, self.machine.joint.units_per_metre
        self._stay_s = now_s + STAY_AGAIN_S
        self._stays += 1
        if (self._stays > MOST_STAYS or not gate.is_still(now_s)
                or not self.heeding.is_unclear(now_s, scale)):
            self._stay_s = math.inf
            return None
        motion = gate.stay(now_s, gate.state(now_s)[0])
        if motion is not None:
            self._latest_end_s = max(self._latest_end_s, motion.end_s)
            self._braking_until_s = motion.end_s
        return motion

    def _repeat(self, now_s: float) -> Optional[Motion]:
        """Send where to stop again, slowly enough for a crib that went on; nobody sees it."""
        ways = self.heeding.may_go_on(now_s)
        if self._repeats >= MOST_REPEATS or not ways or not self._has_place:
            self._repeat_s = math.inf
            return None
        self._repeat_s, self._repeats = now_s + BRAKE_AGAIN_S, self._repeats + 1
        motion = self.machine.gate.repeat(now_s, ways, self._braking_until_s)
        if motion is not None:
            self.heeding.note_repeat(motion)
            self._latest_end_s = max(self._latest_end_s, motion.end_s)
            self._braking_until_s = motion.end_s
        return motion

    def _goes_on(self) -> bool:
        """Return whether it is seen that the controller did not take the last stop."""
        if self.joint.position is None:
            return False
        before = self.heeding.goes_on(self.joint.time_s, self.joint.position,
                                      self.machine.joint.units_per_metre)
        if before is not None:
            self.machine.gate.resume(before)
        return before is not None

    def _again(self, now_s: float) -> Optional[Motion]:
        """Send a stop again that was not taken, from what goes on; or it was, and is misread."""
        stop, gate = self.heeding.stop, self.machine.gate
        self._look_around(now_s)
        _, velocity, acceleration = gate.state(now_s)
        scale = self.machine.joint.units_per_metre
        if stop is None or (abs(velocity) > SLOW[0] * scale
                            or abs(acceleration) > SLOW[1] * scale):
            return self.heeding.count(self._exactly(self.machine.brake(
                now_s, self.machine.why, self._is_patient(now_s))))
        gate.ways.append(stop)
        motion = self._exactly(self.machine.brake(now_s, self.machine.why, True))
        return self.heeding.count(motion or self._softly(now_s))

    def is_watched(self, now_s: float) -> bool:
        """Return whether something that was sent before a stop may move it still."""
        return now_s < self._watched_until_s or self._repeat_s < math.inf

    def _moves_on(self, now_s: float) -> bool:
        """Return whether it moves though it was stopped, and should have come to rest."""
        gate, joint = self.machine.gate, self.joint
        if self.heeding.has_given_up or now_s >= self._watched_until_s or (
                joint.position is None or self.machine.is_moving(now_s)
                or joint.time_s < self._braking_until_s + MOVING_S + LATENCY_S
                or not joint.is_fresh(now_s) or joint.moved_since() >= now_s):
            return False
        elsewhere = ELSEWHERE_M * self.machine.joint.units_per_metre
        return not gate.is_known or abs(joint.position - gate.state(now_s)[0]) > elsewhere

    def _brake_on(self, now_s: float) -> Optional[Motion]:
        """Stop it again, from how it is seen moving."""
        self.machine.gate.forget()
        return self.heeding.count(self._recover(now_s, self.machine.why))

    def _may_go_on(self, now_s: float) -> bool:
        """Return whether something moves it that is not to be stopped now, and may be soon."""
        gate = self.machine.gate
        if gate.setpoints or now_s < self._braking_until_s:
            return False
        if gate.is_known and gate.is_moving(now_s):      # no brake was within the limits
            return gate.is_moving(now_s + LATENCY_S)
        return (self.needs_states and now_s >= self._braked_s + BRAKE_AGAIN_S
                and now_s < self._told_s + LONGEST_PLAN_S and not self.joint.is_at_rest(now_s))

    def unsend(self) -> None:
        """Take back what was returned last: it did not go out. A stop is then `owed`."""
        self.machine.unsend()
        self.owed = self._halted
        self._braked_s, self._braking_until_s = -BRAKE_AGAIN_S, -math.inf

    def _recover(self, now_s: float, why: str) -> Optional[Motion]:
        """Brake from where it is measured; what was sent before is not being carried out."""
        machine = self.machine
        if machine.gate.setpoints:
            return self._braking(machine.brake(now_s, why))      # a set-point elsewhere would jump
        machine.abandon(why)
        if now_s < max(self._braked_s + BRAKE_AGAIN_S, self._tried_s + TRY_AGAIN_S):
            return None
        if not self.is_alone and self._told_s == self._made_s:
            self.lacks = 'who moves it to stop it'
            return None
        seen = self.joint.estimate(now_s)
        if seen is None:                       # then from where it was told to be, if it was there
            self.lacks = f'joint_states to say how {machine.joint.name} moves'
            return (self._braking(machine.brake(now_s, why))
                    if self._followed >= SURE_TIMES else None)
        has_ended = machine.gate.is_known and not machine.gate.is_moving(now_s)
        if self.joint.position is not None and (self.joint.is_at_rest(now_s) or (
                has_ended and self.joint.moved_since() == math.inf)):
            machine.gate.anchor(now_s, self.joint.position)
            return None
        self._braked_s, self._followed = now_s, 0
        if machine.gate.is_known:
            is_late = self.is_watched(now_s)
            return self.heeding.count(self._settle(now_s, why, is_late), is_late)
        motion = self._braking(machine.brake_from(
            now_s, *seen, why, self._is_patient(now_s), is_untried=True))
        self._is_contradicted = True   # till it is where it was told to be
        if motion is None:             # the next measurement shows more
            self._braked_s, self._tried_s = -BRAKE_AGAIN_S, now_s
        return motion

    def _misread(self, now_s: float) -> Optional[Motion]:
        """Go slowly to the rest position, whatever is carried out."""
        self._is_misread, self._followed, self._is_certain = False, 0, False
        why = 'the clock was set, or slewed, while a plan was on its way'
        self._since_s = now_s
        if not self.machine.gate.is_known:
            self.machine.abandon(why)
            return None
        return self._settle(now_s, why)

    def _settle(self, now_s: float, why: str, is_late: bool = False) -> Optional[Motion]:
        self.heeding.forget()
        is_beginning, seen = self._is_beginning(now_s), None
        if self.needs_states and not is_beginning:
            seen = self.joint.estimate(now_s)
        if self._is_sure(now_s) and not self.joint.is_astray:
            seen = self.machine.gate.state(now_s)          # nothing is as exact
        position, velocity = (seen or self.machine.gate.state(now_s))[:2]
        if seen is not None and not self._is_received(now_s):
            self.machine.gate.forget()             # it is not doing what it was told
        # The last one is not carried out: it was lost, or the sensor is mirrored. From what that
        # says it would be a push again; straight to the rest position it is soft from anywhere.
        is_again = now_s < self._settling_until_s
        motion = self.machine.settle(
            now_s, position, velocity, why,
            seen is not None and not (self._is_contradicted or is_again),
            self._is_in_doubt(now_s), is_late)
        if motion is not None:
            self._settling_until_s = motion.end_s
        # Of one point: what is measured may be wrong, until it is as told again.
        self._is_contradicted = motion is not None and motion.times_s.size == 1
        if is_beginning and motion is not None:
            self._beginning_until_s = motion.end_s
        return self._braking(motion)

    def _braking(self, motion: Optional[Motion]) -> Optional[Motion]:
        if motion is not None:
            self._patience.end()
            self._braking_until_s, self._told_s = motion.end_s, motion.start_s
            self._is_stamped = not motion.at_arrival
            self._latest_end_s = max(self._latest_end_s, motion.end_s)
        return motion
