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
from baby_cry_detector.care.motion.pursuit import Pursuit
from baby_cry_detector.care.policy.places import open_policy
from baby_cry_detector.msg import CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.crib_drive import CribDrive, joint_of
from baby_cry_detector.ros.base.managed_node import ManagedNode, survive
from baby_cry_detector.ros.base.messages import cry_state
from baby_cry_detector.ros.base.parameters import RockerSettings
from baby_cry_detector.ros.base.rocking_reports import diagnose, RockingEvents
from baby_cry_detector.ros.base.ros_time import Arrival, now_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.ros.parts.caregiver_stops import CaregiverStops

WATCH_PERIOD_S = 0.1
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
        self._pursuit = self._drive = self._events = self._policy = None
        self._duty = DutyLog()         # as long as the process lives
        self._error = ''               # how the crib is connected wrongly
        self._needs_heard = Arrival(self)
        self._need_input = self._watch_timer = None
        self._stops = CaregiverStops(self, self.halt, lambda: self._drive is not None)
        self._stop = self._stops.kept

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
        for crib in (policy.common, *policy.cribs.values()):
            for row in (row for levels in crib.rows.values() for row in levels.values()):
                for rock in (step.rock for step in row.steps if step.rock):
                    self._drive.machine.fit(rock.frequency_hz, rock.amplitude_mm)  # takes a while
        self._policy = policy
        self._want_nothing()

    def _want_nothing(self):
        self._pursuit = Pursuit(self._policy, self._drive, self._events, self._conditions)

    def activate(self):
        """Subscribe; nothing moves before a cry is heard beginning."""
        self._want_nothing()
        self._drive.activate(self._halt_if_moving)
        self._need_input = self.hear(CryNeed, 'cry_need', self._on_need, qos.latched(NEED_DEPTH))
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
        self._error = ''
        self._needs_heard.clear()

    def cleanup(self):
        """Give everything back."""
        for part in (self._drive, self._events):
            if part is not None:
                part.close()
        self._pursuit = self._drive = self._events = None

    def close(self):
        """Release everything; for process exit."""
        super().close()
        self._stop.close()

    # --- what is heard ---------------------------------------------------------------------------
    @brakes
    def _on_need(self, message: CryNeed):
        state = cry_state(message)
        age_s = (now_nanoseconds(self) - state.stamp_ns) * 1e-9
        if abs(age_s) > self._values.stale_s:
            what = 'old' if age_s > 0 else 'ahead of the clock'
            self.report('stale', f'cry_need is over {self._values.stale_s:g} s {what}: '
                        'not acted on')
            return
        self._needs_heard.note()
        self._pursuit.observe(state, boot_seconds())
        if not state.is_heard:
            self._halt_if_moving(f'cry_need says {state.status_name}')

    def _conditions(self):
        return self._drive.conditions(self._stop.objection())

    # --- motion ----------------------------------------------------------------------------------
    @brakes
    def _tick(self):
        self._drive.step()
        if not self._drive.machine.is_rocking and self._pursuit.has_order:
            self._pursuit.pursue(boot_seconds())       # a change, or it ended by itself
        self._drive.rest()

    def halt(self, why: str, wait: bool = False) -> None:
        """Stop at once, whatever goes on; safe to call at any time. See `CribDrive.halt`."""
        if self._drive is None:
            return
        if self._drive.halt(why, wait):
            self.get_logger().warning(f'stopped: {why}')
        if self._drive.crib.owed:
            self._stop.owe(LONGEST_PLAN_S)
        if self._pursuit is not None:
            self._pursuit.halted(why, self._is_active)

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
                self._events.wrong(conditions.error, self._pursuit.crib_id)
        if self._drive.is_moving:
            why = self._silence() or conditions.halts
            if why and self._drive.machine.why != why:
                self.halt(why)
        elif self._pursuit.has_order:
            self._pursuit.pursue(boot_seconds())       # what it waited for will be known, or not
        else:
            self._drive.keep_again()

    def _silence(self):
        silent_ns = self._needs_heard.steady_silent_ns()
        if silent_ns is None or silent_ns > self._values.watchdog_s * 1e9:
            return 'cry_need is silent'
        return ''

    def diagnose(self):
        """Report what moves and why, and how much of the hour is left."""
        return diagnose(self._drive if self._is_active else None, self._duty, self._stop,
                        self._stops.count(),
                        self._pursuit.crib_id if self._pursuit is not None else '',
                        self._silence() if self._is_active else '')


def main(args=None) -> int:
    """Run the node until interrupted; a signal first stops the crib, then the node."""
    return run_nodes(lambda: [Rocker()], args, own_signals=True)
