# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What all nodes share: a managed (lifecycle) node with declared parameters and diagnostics.

A node overrides `configure`, `activate`, `deactivate` and `cleanup`, which raise ValueError or
OSError with one sentence when something is wrong, and `live_change` for parameters that may
change while it runs. What it makes by `hear`, `every`, `offer` and `own` belongs to the step in
which it was made, and is given back with it: what `activate` made after `deactivate`, what
`configure` made after `cleanup`. No callback, service or diagnosis that fails ends a node.
"""

from collections import Counter
import contextlib
import functools
import sys
import time
import traceback
from typing import Any, Dict, Generic, Mapping, Optional, Sequence, Type, TypeVar

from baby_cry_detector.fields import ParameterError
from baby_cry_detector.own_thread import OwnThread
from baby_cry_detector.printable import printable
from baby_cry_detector.ros.base.declaring import declare, retyped, unknown_parameters
from baby_cry_detector.ros.base.owning import OwningNode, survive
from baby_cry_detector.ros.base.parameters import NodeSettings
from baby_cry_detector.ros.base.running import Restarts
from baby_cry_detector.ros.start.discovery import OPENED_BY
from baby_cry_detector.ros.start.parameter_files import meant_for_others, missed
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rcl_interfaces.msg import SetParametersResult
import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.timer import Timer

DIAGNOSTICS_PERIOD_S = 1.0
REPORT_PERIOD_S = 5.0
MOST_CAUSES = 10
# A node that can't be configured tries again after so long; the last one counts from then on.
RETRY_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
SUCCESS = TransitionCallbackReturn.SUCCESS
Own = TypeVar('Own', bound=NodeSettings)
# How bad it is, as `stream.verdict` numbers it.
LEVELS = (DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR)
__all__ = ['LEVELS', 'ManagedNode', 'survive']


def _or_error(result: TransitionCallbackReturn) -> TransitionCallbackReturn:
    """Return what a failed release is: an error, or the node would count as still active."""
    return result if result == SUCCESS else TransitionCallbackReturn.ERROR


def _alone(step):
    """Wrap a step of the life cycle, which rclpy calls: nothing else of the node runs then."""
    @functools.wraps(step)
    def alone(self, *args):
        with self.alone:
            return step(self, *args)
    return alone


class ManagedNode(OwningNode, Generic[Own]):
    """
    A lifecycle node whose parameters are declared by a class.

    :param name: node name.
    :param settings: declares its parameters, and holds their values.
    :param overrides: parameter values set in code (composition, tests), by name.
    :param own_thread: calls what is periodic; without it the executor does.
    :param beside: names of the nodes that share this process and what it was given.
    """

    def __init__(self, name: str, settings: Type[Own],
                 overrides: Optional[Mapping[str, Any]] = None,
                 own_thread: Optional[OwnThread] = None, beside: Sequence[str] = (),
                 **kwargs: Any) -> None:
        """Declare everything and open nothing."""
        self.own_thread, self._recurring = own_thread, []
        self.alone = contextlib.nullcontext() if own_thread is None else own_thread.lock
        table = settings.table()
        self._settings_type = settings
        self.table = {field.name: field for field in table}
        self.counts = Counter()
        self.failed = False
        self._reported_s: Dict[str, Dict[str, float]] = {}     # by kind and cause
        self._is_configured = False
        self._is_active = False
        self._is_ending = False
        self._incompatible = {}
        self._taken: Dict[str, str] = {}         # names that came as numbers
        self._held = {'configure': [], 'activate': []}     # (thing, how to give it back)
        self._inputs = {}
        self._opening_in = ''                    # in which things are made now
        self._why_not_started = ''                  # why it could not be configured or activated
        self._retry_timer: Optional[Timer] = None
        self._retry_count = 0
        self._steady_clock = Clock(clock_type=ClockType.STEADY_TIME)
        super().__init__(name, parameter_overrides=[
            rclpy.Parameter(key, value=value) for key, value in (overrides or {}).items()],
            **kwargs)
        self._refused_at_start = declare(self, table)
        self._unknown_given = [
            *unknown_parameters(self, table, beside),
            *missed(sys.argv, self.get_fully_qualified_name())]
        for sentence in self._unknown_given:
            self.get_logger().error(printable(sentence))
        for sentence in meant_for_others(sys.argv, self.get_fully_qualified_name()):
            self.get_logger().warning(printable(sentence))
        self.add_pre_set_parameters_callback(
            functools.partial(retyped, self.table, self._taken))
        self.add_on_set_parameters_callback(self._validate_change)
        self.add_post_set_parameters_callback(self._apply_change)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        self.every(DIAGNOSTICS_PERIOD_S, self._publish_diagnostics)

    # --- for the node to override ----------------------------------------------------------------
    def configure(self, values: Own) -> None:
        """Validate, load, allocate; ``values`` are the checked parameters."""

    def activate(self) -> None:
        """Open and start."""

    def deactivate(self) -> None:
        """Stop; must be safe to call at any time."""

    def cleanup(self) -> None:
        """Release; must be safe to call at any time."""

    def validate(self, values: Own) -> None:
        """Raise ParameterError if parameters do not fit together."""

    def live_change(self, values: Own) -> None:
        """Use new values of live parameters; called while configured."""

    def diagnose(self):
        """Return (level, message, {key: value}) of the node's own health."""
        return DiagnosticStatus.OK, 'ok', {}

    # --- parameters ------------------------------------------------------------------------------
    def values(self) -> Own:
        """
        Return all parameter values, checked.

        :raises ParameterError: also where one that was given at start had to be refused.
        """
        if self._refused_at_start:
            raise ParameterError('; '.join(self._refused_at_start.values()))
        return self._settings_type(**self._present())

    def _present(self) -> Dict[str, Any]:
        return {name: self.get_parameter(name).value for name in self.table}

    @_alone
    def _validate_change(self, changes) -> SetParametersResult:
        try:
            values = self._present()
            for change in changes:
                if change.name == 'use_sim_time' and (
                        change.value != self.get_parameter('use_sim_time').value):
                    raise ParameterError('use_sim_time is given at start: whoever changes it '
                                         'changes the time by which the node judges')
                field = self.table.get(change.name)
                if field is None:
                    continue
                checked = field.check(change.value)
                if self._is_configured and not field.live and checked != values[change.name]:
                    raise ParameterError(f'{change.name} is fixed while the node is configured; '
                                         'clean the node up first, then set it')
                values[change.name] = checked
            self.validate(self._settings_type(**values))
        except ValueError as error:
            return SetParametersResult(successful=False, reason=printable(str(error)))
        except Exception as error:
            self.report('internal_error', traceback.format_exc())
            return SetParametersResult(successful=False, reason=f'internal error: {error}')
        return SetParametersResult(successful=True)

    @survive
    def _apply_change(self, changes) -> None:
        for change in changes:
            self._refused_at_start.pop(change.name, None)
            if change.name in self._taken:     # rclpy gives no reason with what succeeds
                self.get_logger().warning(printable(self._taken[change.name]))
        if self._is_configured and any(change.name in self.table for change in changes):
            self.live_change(self.values())

    # --- lifecycle -------------------------------------------------------------------------------
    def _attempt(self, what: str, step, *args) -> TransitionCallbackReturn:
        try:
            step(*args)
            return SUCCESS
        except (ValueError, OSError) as error:
            self._why_not_started = printable(f'cannot {what}: {error}')
            self.get_logger().error(self._why_not_started)
        except Exception as error:
            if self.context.ok():     # else a signal took the context away
                self._why_not_started = printable(
                    f'cannot {what}: {type(error).__name__}: {error}')
                self.get_logger().error(f'cannot {what}: {traceback.format_exc()}')
        return TransitionCallbackReturn.FAILURE

    def _configure(self) -> None:
        values = self.values()
        self.validate(values)
        self.configure(values)

    @_alone
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Validate parameters, load, allocate."""
        self._opening_in = 'configure'
        result = self._attempt('configure', self._configure)
        self._opening_in = ''
        self._is_configured = result == SUCCESS
        if not self._is_configured:
            why = self._why_not_started
            self._release()
            self._why_not_started = why
        return result

    @_alone
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start, once the publishers are active."""
        super().on_activate(state)
        self._opening_in = 'activate'
        result = self._attempt('activate', self.activate)
        self._opening_in = ''
        self._is_active = result == SUCCESS
        if self._is_active:
            self._why_not_started = ''
        else:
            self._deactivate()
            super().on_deactivate(state)
        return result

    def _deactivate(self) -> TransitionCallbackReturn:
        result = self._attempt('deactivate', self.deactivate)
        self._give_back('activate')
        self._is_active = False
        return result

    @_alone
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and forget what was heard."""
        result = self._deactivate()
        super().on_deactivate(state)
        return _or_error(result)

    def _release(self) -> TransitionCallbackReturn:
        results = self._deactivate(), self._attempt('clean up', self.cleanup)
        self._give_back('configure')
        self._is_configured = False
        self._incompatible.clear()
        return _or_error(min(results, key=lambda r: r == SUCCESS))

    @_alone
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything that configure took."""
        return self._release()

    @_alone
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything, from any state."""
        return self._release()

    @_alone
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything; the node can be configured again."""
        return self._release()

    # --- start and end of the process ------------------------------------------------------------
    def autostart(self, waited_s: float = 0.0) -> bool:
        """
        Configure and activate if the parameter says so.

        Where that fails and ``keep_trying`` is set, it is tried again, less and less often.

        :param waited_s: so long ago the first node of this process was started: after crashes in
            series all of them wait together.
        :return: False if the process should end.
        """
        if not self.get_parameter('autostart').value:
            return True
        keep_trying = self.get_parameter('keep_trying').value
        if keep_trying:
            Restarts(self.get_fully_qualified_name(), self.get_logger().warning).wait(
                waited_s=waited_s)
        if self._start():
            self.failed = False
            return True
        self.failed = not keep_trying
        if keep_trying:
            self._retry_later()
        return keep_trying

    def _start(self) -> bool:
        if not self._is_configured and self.trigger_configure() != SUCCESS:
            return False
        return self._is_active or self.trigger_activate() == SUCCESS

    def _retry_later(self) -> None:
        delay_s = RETRY_S[min(self._retry_count, len(RETRY_S) - 1)]
        self._retry_count += 1
        self.get_logger().error(f'trying again in {delay_s:g} s')
        self._retry_timer = self.create_timer(delay_s, self.guarded(self._start_again),
                                              clock=self._steady_clock)

    def _start_again(self) -> None:
        self.destroy_timer(self._retry_timer)
        self._retry_timer = None
        if not self._is_active and not self._start():
            self._retry_later()

    def close(self) -> None:
        """Release everything without a transition; for process exit."""
        with self.alone:
            self._is_ending = True
            self._release()
            for recurring in self._recurring:
                recurring.cancel()
            self.destroy_node()

    # --- reports ---------------------------------------------------------------------------------
    def report(self, kind: str, sentence: str) -> None:
        """Count trouble of one kind and say it; see `tell`."""
        self.counts[kind] += 1
        self.tell(kind, sentence)

    def tell(self, kind: str, sentence: str, about: str = '') -> None:
        """
        Say what was counted elsewhere, at most every five seconds.

        :param about: tells apart what one kind may happen to: a topic, a cause. Sentences do not,
            for they hold numbers. More than `MOST_CAUSES` are not told apart.
        """
        if not self.context.ok():      # what a process hears while it ends is no trouble
            return
        now_s = time.monotonic()
        causes = self._reported_s.setdefault(kind, {})
        for cause, said_s in list(causes.items()):
            if now_s - said_s >= REPORT_PERIOD_S:
                del causes[cause]
        if about not in causes and len(causes) < MOST_CAUSES:
            causes[about] = now_s
            self.get_logger().warning(
                f'{printable(sentence)} ({kind}: {self.counts[kind]} so far)')

    def _health(self):
        """Return (level, message, details), also where a node can't even tell its health."""
        try:
            level, message, details = self.diagnose()
            details.update(self.listening())
        except Exception:
            if self.context.ok():      # else a signal took it from whoever counted publishers
                self.report('internal_error', traceback.format_exc())
            level, message, details = DiagnosticStatus.ERROR, 'its health cannot be told', {}
        if self._why_not_started and not self._is_active:
            level, message = DiagnosticStatus.ERROR, self._why_not_started
        opened = [OPENED_BY['not asked']] if OPENED_BY['not asked'] else []
        for sentence in (*self._incompatible.values(), *self._unknown_given, *opened):
            message = f'{message}; {sentence}'
            level = max(level, DiagnosticStatus.WARN)
        details.update((f'incompatible.{topic}', sentence)
                       for topic, sentence in self._incompatible.items())
        if any(OPENED_BY.values()):
            details['open'] = ''.join(OPENED_BY.values())
        return level, message, details

    def _publish_diagnostics(self) -> None:
        if not self.context.ok():
            return
        level, message, details = self._health()
        status = DiagnosticStatus(
            level=level, name=self.get_fully_qualified_name().lstrip('/'),
            message=printable(message), hardware_id=str(details.pop('hardware_id', '')))
        counts = dict(self.counts)      # a microphone's thread counts too
        details.update({f'count.{kind}': counts[kind] for kind in sorted(counts)})
        status.values = [KeyValue(key=key, value=str(value)) for key, value in details.items()]
        array = DiagnosticArray(status=[status])
        array.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(array)
