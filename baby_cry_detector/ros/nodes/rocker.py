# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that rocks the crib while the policy says so.

Motion begins where the joint is measured, and every command passes the `MotionGate`. Whatever is
not understood, comes late or goes wrong ends the motion; `rock_stop` and `~/stop` always do.
"""

import functools

from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.care.motion.duty_store import boot_seconds
from baby_cry_detector.care.motion.motion_gate import LONGEST_PLAN_S
from baby_cry_detector.care.motion.stops.stop_store import KeptStop
from baby_cry_detector.care.policy.engine import PolicyEngine, ROCK
from baby_cry_detector.care.policy.places import open_policy
from baby_cry_detector.msg import CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.crib_drive import CribDrive, joint_of
from baby_cry_detector.ros.base.crib_inputs import StopInputs
from baby_cry_detector.ros.base.managed_node import ManagedNode, survive
from baby_cry_detector.ros.base.messages import cry_state
from baby_cry_detector.ros.base.parameters import RockerSettings
from baby_cry_detector.ros.base.rocking_reports import diagnose, RockingEvents
from baby_cry_detector.ros.base.ros_time import Arrival, now_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from std_srvs.srv import SetBool, Trigger

WATCH_PERIOD_S, LOOK_PERIOD_S = 0.1, 0.2
# What an order may wait for that will soon be known: where the crib is, who else commands it.
PATIENCE_S = 3.0
NEED_DEPTH = 50


def brakes(callback):
    """Wrap a callback: if it raises, the crib is stopped before that is reported."""
    @functools.wraps(callback)
    def guarded(self, *args):
        try:
            return callback(self, *args)
        except Exception:
            self.halt('an error in this node')
            raise
    return survive(guarded)


class Rocker(ManagedNode[RockerSettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters, services and stop inputs; nothing can move yet."""
        super().__init__('rocker', RockerSettings, overrides, **kwargs)
        self._values = RockerSettings()
        self._engine = self._drive = self._events = self._policy = None
        self._duty = DutyLog()         # as long as the process lives
        self._order = None             # what the policy wants
        self._ordered = ('', 0.0)      # its action_id, and since when
        self._wanted = (0.0, 0.0)      # frequency and amplitude that were begun
        self._started = ''             # action_id that was begun
        self._is_changing = False      # it only rests to go on otherwise
        self._error = ''               # how the crib is connected wrongly
        self._needs_heard = Arrival(self)
        self._need_input = self._watch_timer = None
        self._stop = KeptStop(self.get_fully_qualified_name(), self.report)
        self._stop_inputs = StopInputs(self, self._hear_stop)
        self.every(LOOK_PERIOD_S, self._look)
        self.create_service(Trigger, '~/stop', self._stop_service)
        self.create_service(SetBool, '~/enable', self._enable)

    def validate(self, values: RockerSettings):
        """Refuse wheels that are not rated for it, and set-points from nobody knows where."""
        if values.interface == 'twist' and not values.platform_rated_for_rocking:
            raise ValueError('interface "twist" moves a mobile base with a baby: it needs '
                             'platform_rated_for_rocking, and a base whose maker approves it')
        if values.open_loop and values.interface == 'position':
            raise ValueError('open_loop: a set-point from nobody knows where would be a jump; it '
                             'needs interface "trajectory"')

    def configure(self, values: RockerSettings):
        """Read the policy, the last hour's motion, and which crib it was before."""
        self._stop.check_alone()
        policy = open_policy(values.policy)
        self._values = values
        if self._stop.latch.identify(joint_of(values).document()):
            self._stop.keep()
        self._drive = CribDrive(self, values, self._duty, self._tick)
        self._duty = self._drive.duty
        self._events = RockingEvents(self)
        self._engine = PolicyEngine(policy)
        for crib in (policy.common, *policy.cribs.values()):
            for row in (row for levels in crib.rows.values() for row in levels.values()):
                for rock in (step.rock for step in row.steps if step.rock):
                    self._drive.machine.fit(rock.frequency_hz, rock.amplitude_mm)  # takes a while
        self._policy = policy

    def activate(self):
        """Subscribe; nothing moves before a cry is heard beginning."""
        self._engine = PolicyEngine(self._policy)
        self._drive.activate(self._halt_if_moving)
        self._need_input = self.hear(CryNeed, 'cry_need', self._hear, qos.latched(NEED_DEPTH))
        self._watch_timer = self.every(WATCH_PERIOD_S, self._watch)
        left = self._stop.before()
        if left:                       # what moves is of a process that has ended
            self.halt(left)

    def deactivate(self):
        """Stop at once and unsubscribe."""
        if self._drive is not None:
            self.halt('the node was switched off', wait=True)
            self._drive.deactivate()
        if self._need_input is not None:
            self.destroy_subscription(self._need_input)
            self.destroy_timer(self._watch_timer)
        self._need_input = self._watch_timer = None
        self._order, self._started, self._is_changing, self._error = None, '', False, ''
        self._needs_heard.clear()

    def cleanup(self):
        """Give everything back."""
        for part in (self._drive, self._events):
            if part is not None:
                part.close()
        self._engine = self._drive = self._events = None

    def close(self):
        """Release everything; for process exit."""
        super().close()
        self._stop.close()

    # --- what is heard ---------------------------------------------------------------------------
    @brakes
    def _hear(self, message: CryNeed):
        state = cry_state(message)
        age_s = (now_nanoseconds(self) - state.stamp_ns) * 1e-9
        if abs(age_s) > self._values.stale_s:
            what = 'old' if age_s > 0 else 'ahead of the clock'
            self.report('stale', f'cry_need is over {self._values.stale_s:g} s {what}: '
                        'not acted on')
            return
        self._needs_heard.note()
        self._follow(self._engine.observe(state))
        if not state.is_heard:
            self._halt_if_moving(f'cry_need says {state.status_name}')

    def _follow(self, plan):
        """Do what the plan says."""
        self._order = plan.rock
        if plan.rock is not None and plan.rock.action_id != self._ordered[0]:
            self._ordered = (plan.rock.action_id, boot_seconds())
        self._tell_ends(plan)
        self._pursue()

    def _pursue(self):
        """Bring the motion to what is wanted: begin, change, or stop smoothly."""
        drive, order = self._drive, self._order
        if order is None:
            drive.stop('the policy ended it')
        elif drive.machine.is_rocking:
            self._is_changing = self._wanted != (order.frequency_hz, order.amplitude_mm)
            if self._is_changing:
                drive.stop('it goes on otherwise')
        elif self._started == order.action_id and not self._is_changing:
            self._give_up(drive.machine.why)
            return
        elif not drive.is_moving:
            self._begin(order)
        drive.step()

    def _begin(self, order):
        conditions = self._conditions()
        why = conditions.objection
        if why and why in (conditions.waits, conditions.crib) and (
                boot_seconds() - self._ordered[1] < PATIENCE_S):
            return                     # soon known: asked again by the watch
        why = why or self._drive.start(order.frequency_hz, order.amplitude_mm)
        if why:
            if self._started != order.action_id:
                self._events.refused(order, why, self._engine.crib_id)
            self._give_up(why)
            return
        self._wanted = (order.frequency_hz, order.amplitude_mm)
        self._is_changing = False
        if self._started != order.action_id:
            self._started = order.action_id
            self._drive.step()         # the command first
            self._events.started(order, self._engine.crib_id)

    def _conditions(self):
        return self._drive.conditions(self._stop.objection())

    def _give_up(self, why):
        self._follow(self._engine.give_up(ROCK, why))

    def _tell_ends(self, plan):
        for effect in plan.ended:
            if effect.action == ROCK and effect.action_id == self._started:
                self._events.ended(effect, self._engine.crib_id)

    # --- motion ----------------------------------------------------------------------------------
    @brakes
    def _tick(self):
        self._drive.step()
        if not self._drive.machine.is_rocking and self._order is not None:
            self._pursue()             # a change, or it ended by itself
        self._drive.rest()

    def halt(self, why: str, wait: bool = False) -> None:
        """Stop at once, whatever goes on; safe to call at any time. See `CribDrive.halt`."""
        if self._drive is None:
            return
        if self._drive.halt(why, wait):
            self.get_logger().warning(f'stopped: {why}')
        if self._drive.crib.owed:
            self._stop.owe(LONGEST_PLAN_S)
        self._order = None
        if self._engine is not None and self._is_active:
            self._tell_ends(self._engine.give_up(ROCK, why))

    def _halt_if_moving(self, why):
        if self._drive is not None and self._drive.is_moving:
            self.halt(why)

    @brakes
    def _watch(self):
        """Stop when nobody says any more how the baby is, or anything else is wrong."""
        conditions = self._conditions()
        if conditions.error != self._error:
            self._error = conditions.error
            if conditions.commanders > 1:
                self._events.wrong(conditions.error, self._engine.crib_id)
        if self._drive.is_moving:
            why = self._silence() or conditions.halts
            if why and self._drive.machine.why != why:
                self.halt(why)
        elif self._order is not None:
            self._pursue()             # what it waited for is known, or will not be
        else:
            self._drive.keep_again()

    def _silence(self):
        silent_ns = self._needs_heard.steady_silent_ns()
        if silent_ns is None or silent_ns > self._values.watchdog_s * 1e9:
            return 'cry_need is silent'
        return ''

    # --- stops -----------------------------------------------------------------------------------
    @survive
    def _look(self):
        self._stop_inputs.look()
        self._stop.keep_again()

    @survive
    def _hear_stop(self, who: str):
        self._say_stop(who)

    def _say_stop(self, who: str):
        """Stop at once and hold that, in every state of the node and over restarts."""
        try:
            self.halt(f'a caregiver said stop ({who})')
        finally:
            self._stop.stop(self.get_parameter('stop_hold_s').value)
            if self._drive is None:        # nobody knows yet what a process before left moving
                self._stop.owe(LONGEST_PLAN_S)

    @survive
    def _stop_service(self, request, response):
        """Stop at once."""
        self._say_stop('service')
        return self._answer(response, 'stopped')

    @survive
    def _enable(self, request, response):
        """Allow rocking, or stop and forbid it; allowing also ends a stop, and confirms a crib."""
        if request.data:
            self._stop.latch.allow()
        else:
            self._stop.latch.forbid()
        self._stop.keep()
        if not request.data:
            self.halt('rocking was switched off')
        return self._answer(
            response, 'rocking is allowed' if request.data else 'rocking is switched off')

    def _answer(self, response, message):
        response.success = True
        response.message = '; '.join(filter(None, (message, self._stop.trouble)))
        return response

    def diagnose(self):
        """Report what moves and why, and how much of the hour is left."""
        return diagnose(self._drive if self._is_active else None, self._duty, self._stop,
                        self._stop_inputs.count(),
                        self._engine.crib_id if self._engine is not None else '',
                        self._silence() if self._is_active else '')


def main(args=None) -> int:
    """Run the node until interrupted; a signal first stops the crib, then the node."""
    return run_nodes(lambda: [Rocker()], args, own_signals=True)
