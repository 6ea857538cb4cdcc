# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that rocks the crib while the policy says so.

Every command passes the `MotionGate`. Whatever is not understood, comes late or goes wrong ends
the motion; `rock_stop` and `~/stop` always do.
"""

import functools
import time

from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import Imu
from std_msgs.msg import Empty
from std_srvs.srv import SetBool, Trigger

from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.care.policy.engine import PolicyEngine, ROCK
from baby_cry_detector.care.motion.imu_guard import ImuGuard, OK, STOP, up_from_quaternion
from baby_cry_detector.care.motion.rocking_machine import RockingMachine
from baby_cry_detector.msg import CareEvent, CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.care.motion.duty_store import boot_seconds, KeptDuty
from baby_cry_detector.ros.base.messages import cry_state
from baby_cry_detector.ros.base.managed_node import ManagedNode, survive
from baby_cry_detector.ros.base.motion_output import MotionOutput
from baby_cry_detector.ros.base.parameters import TABLES
from baby_cry_detector.ros.base.ros_time import (
    Arrival, from_nanoseconds, now_nanoseconds, StandingClock)
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.care.policy.places import open_policy

PLAN_TICK_S, SETPOINT_TICK_S = 0.05, 0.02
WATCH_PERIOD_S = 0.1
KEEP_PERIOD_S = 1.0
IMU_TIMEOUT_S = 0.5
NEED_DEPTH = 50
CLOCK_STANDS = 'the clock stands still'


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


class Rocker(ManagedNode):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters and services; nothing can move yet."""
        super().__init__('rocker', TABLES['rocker'], overrides, **kwargs)
        self._values = {}
        self._engine = self._machine = self._output = self._kept = self._care = None
        self._duty = DutyLog()         # as long as the process lives
        self._policy = None
        self._order = None             # what the policy wants
        self._wanted = (0.0, 0.0)      # frequency and amplitude that were begun
        self._started = ''             # action_id that was begun
        self._is_changing = False      # it only rests to go on otherwise
        self._enabled = True
        self._held_until_s = 0.0
        self._kept_s = 0.0
        self._needs_heard, self._clock_watch = Arrival(self), StandingClock(self)
        self._imu, self._imu_heard, self._imu_state = ImuGuard(), Arrival(self), (OK, '')
        self._inputs, self._timers_, self._tick_timer = [], [], None
        self.create_service(Trigger, '~/stop', self._stop_service)
        self.create_service(SetBool, '~/enable', self._enable)

    def validate(self, values):
        """Refuse wheels that are not rated for it."""
        if values['interface'] == 'twist' and not values['platform_rated_for_rocking']:
            raise ValueError('interface "twist" moves a mobile base with a baby: it needs '
                             'platform_rated_for_rocking, and a base whose maker approves it')

    def configure(self, values):
        """Read the policy and the last hour's motion."""
        policy = open_policy(values['policy'])
        self._values = values
        duty = DutyLog(60.0 * values['duty_min_per_hour'])
        if values['keep_duty']:
            self._kept = KeptDuty(self.get_fully_qualified_name(), self.report)
            self._kept.open(duty)
        duty.add(self._duty)
        self._duty = duty
        self._output = MotionOutput(self, values)
        self._care = self.offer(CareEvent, 'care_event', qos.EVENTS)
        self._engine = PolicyEngine(policy)
        self._machine = self._new_machine()
        for crib in (policy.common, *policy.cribs.values()):
            for row in (row for levels in crib.rows.values() for row in levels.values()):
                for rock in (step.rock for step in row.steps if step.rock):
                    self._machine.fit(rock.frequency_hz, rock.amplitude_mm)    # takes a while
        self._policy = policy

    def _new_machine(self):
        values = self._values
        return RockingMachine(
            self._duty, values['max_acceleration'], values['session_s'], values['ramp_s'],
            values['max_amplitude_mm'], lead=values['interface'] != 'twist',
            setpoints=not self._output.is_trajectory)

    def activate(self):
        """Subscribe; nothing moves before a cry is heard beginning."""
        self._engine = PolicyEngine(self._policy)
        self._machine = self._new_machine()
        self._output.has_commanded = False
        self._imu = ImuGuard(self._values['imu_acceleration_limit'])
        self._imu_state = (OK, '')
        self._inputs = [
            self.hear(CryNeed, 'cry_need', self._hear, qos.latched(NEED_DEPTH)),
            self.hear(Empty, 'rock_stop', self._hear_stop, qos.STATE),
            # A sensor's own profile: best effort.
            self.create_subscription(Imu, 'imu', self._hear_imu, qos.sensor(10))]
        tick_s = PLAN_TICK_S if self._output.is_trajectory else SETPOINT_TICK_S
        self._tick_timer = self.every(tick_s, self._tick)
        self._tick_timer.cancel()
        self._timers_ = [self._tick_timer, self.every(WATCH_PERIOD_S, self._watch)]

    def deactivate(self):
        """Stop at once and unsubscribe."""
        if self._machine is not None and self._output is not None:
            self.halt('the node was switched off', wait=True)
            self._keep()
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        for timer in self._timers_:
            self.destroy_timer(timer)
        self._inputs, self._timers_, self._tick_timer = [], [], None
        self._order, self._started, self._is_changing = None, '', False
        self._needs_heard.clear()
        self._imu_heard.clear()

    def cleanup(self):
        """Give everything back."""
        if self._output is not None:
            self._output.close()
        if self._care is not None:
            self.destroy_lifecycle_publisher(self._care)
        if self._kept is not None:
            self._kept.close()
        self._engine = self._machine = self._output = self._care = self._kept = None

    # --- what is heard ---------------------------------------------------------------------------
    @brakes
    def _hear(self, message: CryNeed):
        state = cry_state(message)
        age_s = (now_nanoseconds(self) - state.stamp_ns) * 1e-9
        if abs(age_s) > self._values['stale_s']:
            what = 'old' if age_s > 0 else 'ahead of the clock'
            self.report('stale', f'cry_need is over {self._values["stale_s"]:g} s {what}: '
                        'not acted on')
            return
        self._needs_heard.note()
        self._follow(self._engine.observe(state))
        if not state.is_heard and self._is_moving():
            self.halt(f'cry_need says {state.status_name}')

    def _follow(self, plan):
        """Do what the plan says."""
        self._order = plan.rock
        for effect in plan.ended:
            if effect.action == ROCK:
                self._tell_end(effect)
        self._pursue()

    def _pursue(self):
        """Bring the motion to what is wanted: begin, change, or stop smoothly."""
        machine, order, now_s = self._machine, self._order, boot_seconds()
        if order is None:
            machine.stop(now_s, 'the policy ended it')
        elif machine.is_rocking:
            self._is_changing = self._wanted != (order.frequency_hz, order.amplitude_mm)
            if self._is_changing:
                machine.stop(now_s, 'it goes on otherwise')
        elif self._started == order.action_id and not self._is_changing:
            self._give_up(machine.why)
            return
        elif not self._is_moving():
            self._begin(order, now_s)
        self._step()

    def _begin(self, order, now_s):
        why = self._objection(now_s) or self._machine.start(
            now_s, order.frequency_hz, order.amplitude_mm)
        if why:
            if self._started != order.action_id:
                self._tell(order, CareEvent.PHASE_REFUSED, 'refused', order.since_ns, why)
            self._give_up(why)
            return
        self._wanted = (order.frequency_hz, order.amplitude_mm)
        self._is_changing = False
        self._tick_timer.reset()
        if self._started != order.action_id:
            self._started = order.action_id
            self._step()               # the command first
            self._tell(order, CareEvent.PHASE_STARTED, 'started', order.since_ns, order.reason)

    def _objection(self, now_s):
        """Return why nothing may be begun now, or ''."""
        if self._clock_stands():
            return CLOCK_STANDS
        if not self._enabled:
            return 'rocking is switched off'
        if now_s < self._held_until_s:
            return f'a caregiver said stop; not before {self._held_until_s - now_s:.0f} s'
        if self._misses_imu():
            return 'the IMU is silent' if self._imu_heard.steady_silent_ns() else 'no IMU is heard'
        if self._imu_state[0] != OK:
            return f'IMU: {self._imu_state[1]}'
        return ''

    def _give_up(self, why):
        self._follow(self._engine.give_up(ROCK, why))

    # --- motion ----------------------------------------------------------------------------------
    def _is_moving(self):
        return self._machine.profile is not None or self._machine.gate.is_moving(boot_seconds())

    def _step(self):
        """Send what is due."""
        now_s = boot_seconds()
        motion = self._machine.step(now_s)
        if self._output.is_trajectory:
            if motion is not None:
                self._output.send_plan(motion)
        elif self._tick_timer is not None and not self._tick_timer.is_canceled():
            self._output.send_setpoint(*self._machine.setpoint(now_s))
        if self._machine.gate.refused:
            self.report('gate', f'a plan was replaced by braking: {self._machine.gate.refused}')
            self._machine.gate.refused = ''
        if self._is_moving():
            self._keep(KEEP_PERIOD_S)

    @brakes
    def _tick(self):
        self._step()
        if not self._machine.is_rocking and self._order is not None:
            self._pursue()             # a change, or it ended by itself
        if not self._is_moving():
            self._tick_timer.cancel()
            self._keep()

    def halt(self, why: str, wait: bool = False) -> None:
        """
        Stop at once, whatever goes on; safe to call at any time.

        :param wait: whether to stay here (a third of a second at most) until set-points have
            brought it to rest.
        """
        if self._machine is None or self._output is None:
            return
        now_s = boot_seconds()
        was_moving = self._is_moving()
        motion = self._machine.brake(now_s, why)
        if self._output.is_trajectory:
            if self._output.has_commanded:
                self._output.send_plan(motion)
        elif self._output.has_commanded or self._output.interface == 'twist':
            self._output.send_setpoint(*self._machine.setpoint(now_s))
            if wait:
                while self._machine.gate.is_moving(now_s):
                    time.sleep(SETPOINT_TICK_S)
                    now_s = boot_seconds()
                    self._output.send_setpoint(*self._machine.setpoint(now_s))
            elif self._tick_timer is not None:
                self._tick_timer.reset()
        self._order = None
        if was_moving:
            self.get_logger().warning(f'stopped: {why}')
        if self._engine is not None and self._is_active:
            for effect in self._engine.give_up(ROCK, why).ended:
                if effect.action == ROCK:
                    self._tell_end(effect)

    def _keep(self, period_s=0.0):
        now_s = boot_seconds()
        if self._kept is not None and now_s - self._kept_s >= period_s:
            self._kept_s = now_s
            self._kept.keep(self._duty)

    @survive
    def _watch(self):
        """Stop when nobody says any more how the baby is, in real time."""
        clock_stands = self._clock_stands()    # which has to be asked regularly
        if not self._is_moving():
            if self._kept is not None and self._kept.trouble:
                self._keep(KEEP_PERIOD_S)      # perhaps there is room again
            return
        if self._need_is_silent():
            self.halt('cry_need is silent')
        elif clock_stands:
            self.halt(CLOCK_STANDS)
        elif self._misses_imu():
            self.halt('the IMU is silent')

    def _need_is_silent(self):
        silent_ns = self._needs_heard.steady_silent_ns()
        return silent_ns is None or silent_ns > self._values['watchdog_s'] * 1e9

    def _clock_stands(self):
        return self._clock_watch.standing_ns() > self._values['watchdog_s'] * 1e9

    # --- stops -----------------------------------------------------------------------------------
    @survive
    def _hear_stop(self, message: Empty):
        self._stop('rock_stop')

    def _stop(self, who: str):
        self.halt(f'a caregiver said stop ({who})')
        self._held_until_s = boot_seconds() + self._values['stop_hold_s']

    @survive
    def _stop_service(self, request, response):
        """Stop at once."""
        if self._is_active:
            self._stop('service')
        response.success = True
        response.message = 'stopped' if self._is_active else 'the node is not active'
        return response

    @survive
    def _enable(self, request, response):
        """Allow rocking, or stop and forbid it; allowing also ends the hold after a stop."""
        self._enabled = request.data
        if request.data:
            self._held_until_s = 0.0
        elif self._is_active:
            self.halt('rocking was switched off')
        response.success = True
        response.message = 'rocking is allowed' if request.data else 'rocking is switched off'
        return response

    @brakes
    def _hear_imu(self, message: Imu):
        self._imu_heard.note()
        a, q = message.linear_acceleration, message.orientation
        up = None
        if message.orientation_covariance[0] != -1.0:
            up = up_from_quaternion(q.x, q.y, q.z, q.w)
        self._imu_state = self._imu.update(boot_seconds(), (a.x, a.y, a.z), up)
        if self._imu_state[0] == STOP and self._is_moving():
            self.halt(f'IMU: {self._imu_state[1]}')

    def _misses_imu(self):
        silent_ns = self._imu_heard.steady_silent_ns()
        if silent_ns is None:
            return self._values['require_imu']
        return silent_ns > IMU_TIMEOUT_S * 1e9       # once heard, it is needed

    # --- reports ---------------------------------------------------------------------------------
    def _tell(self, action, phase, word, stamp_ns, text, **measured):
        message = CareEvent(
            event_id=f'{action.action_id}/{word}', action_id=action.action_id,
            kind=CareEvent.KIND_ROCKING, phase=phase, who=self.get_name(),
            episode_id=action.episode_id, text=text,
            **{name: measured.get(name, float('nan')) for name in (
                'cry_share_before', 'cry_share_after', 'intensity_before', 'intensity_after')})
        message.header.stamp = from_nanoseconds(stamp_ns)
        message.header.frame_id = self._engine.crib_id
        self._care.publish(message)

    def _tell_end(self, effect):
        if effect.action_id == self._started:
            self._tell(effect, CareEvent.PHASE_ENDED, 'ended', effect.until_ns, effect.why,
                       cry_share_before=effect.cry_share_before,
                       cry_share_after=effect.cry_share_after,
                       intensity_before=effect.intensity_before,
                       intensity_after=effect.intensity_after)

    def diagnose(self):
        """Report what moves and why, and how much of the hour is left."""
        now_s = boot_seconds()
        details = {'enabled': self._enabled, 'imu': ' '.join(self._imu_state).strip(),
                   'rocked_s': round(self._duty.used_ns(round(now_s * 1e9)) * 1e-9, 1),
                   'left_s': round(self._duty.left_ns(round(now_s * 1e9)) * 1e-9, 1)}
        if not self._is_active:
            return DiagnosticStatus.WARN, 'not active', details
        machine = self._machine
        details.update(interface=self._output.interface, crib=self._engine.crib_id,
                       why=machine.why)
        if machine.is_rocking:
            details.update(frequency_hz=round(machine.profile.frequency_hz, 3),
                           amplitude_mm=round(1e3 * machine.profile.amplitude_m, 1))
        if self._need_is_silent():
            return DiagnosticStatus.WARN, 'cry_need is silent', details
        if self._clock_stands():
            return DiagnosticStatus.WARN, CLOCK_STANDS, details
        if self._imu_state[0] != OK:
            return DiagnosticStatus.WARN, f'IMU: {self._imu_state[1]}', details
        state = ('rocking' if machine.is_rocking else
                 'coming to rest' if self._is_moving() else 'at rest')
        if self._kept is not None and self._kept.trouble:
            return DiagnosticStatus.WARN, f'{state}; {self._kept.trouble}', details
        return DiagnosticStatus.OK, state, details


def main(args=None) -> int:
    """Run the node until interrupted; a signal first stops the crib, then the node."""
    return run_nodes(lambda: [Rocker()], args, own_signals=True)
