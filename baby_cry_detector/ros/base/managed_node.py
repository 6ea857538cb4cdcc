# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the three nodes share: a managed (lifecycle) node with declared parameters and diagnostics.

A node overrides `configure`, `activate`, `deactivate` and `cleanup`, which raise ValueError or
OSError with one sentence when something is wrong, and `live_change` for parameters that may
change while it runs.
"""

from collections import Counter
import functools
import sys
import time
import traceback

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rcl_interfaces.msg import (
    FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult)
import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.lifecycle import LifecycleState, Node, TransitionCallbackReturn
from rclpy.qos import qos_policy_name_from_kind

from baby_cry_detector.ros.base import qos
from baby_cry_detector.fields import Parameter, ParameterError, ParameterTable
from baby_cry_detector.printable import printable

DIAGNOSTICS_PERIOD_S = 1.0
REPORT_PERIOD_S = 5.0
MOST_REPORTS = 200


def describe(parameter: Parameter) -> ParameterDescriptor:
    """Return a parameter's ROS descriptor: description, range, when it may change."""
    changes = ('may change while running' if parameter.live else
               'given at start only' if parameter.read_only else 'fixed while running')
    choices = f' One of: {", ".join(parameter.choices)}.' if parameter.choices else ''
    descriptor = ParameterDescriptor(
        name=parameter.name, description=f'{parameter.description}{choices} ({changes})',
        read_only=parameter.read_only)
    if parameter.minimum is not None:
        if parameter.type_name == 'int':
            highest = sys.maxsize if parameter.maximum is None else int(parameter.maximum)
            descriptor.integer_range = [IntegerRange(
                from_value=int(parameter.minimum), to_value=highest, step=0)]
        else:
            highest = sys.float_info.max if parameter.maximum is None else parameter.maximum
            descriptor.floating_point_range = [FloatingPointRange(
                from_value=float(parameter.minimum), to_value=float(highest), step=0.0)]
    return descriptor


def survive(callback):
    """
    Wrap a message, timer or service callback: what it raises is counted and reported, not fatal.

    Expected trouble (ValueError, OSError) is one sentence; anything else comes with a traceback.
    """
    @functools.wraps(callback)
    def guarded(self, *args):
        try:
            return callback(self, *args)
        except (ValueError, OSError) as error:
            self.report(type(error).__name__, str(error))
        except Exception:
            # After a signal nothing can be published any more, whoever was about to.
            if self.context.ok():
                self.report('internal_error', traceback.format_exc())
        return args[-1] if len(args) == 2 else None  # a service must answer
    return guarded


def _or_error(result: TransitionCallbackReturn) -> TransitionCallbackReturn:
    """Return what a failed release is: an error, or the node would count as still active."""
    return (result if result == TransitionCallbackReturn.SUCCESS
            else TransitionCallbackReturn.ERROR)


class ManagedNode(Node):
    """
    A lifecycle node whose parameters come from a table.

    :param name: node name.
    :param table: its parameters.
    :param overrides: parameter values set in code (composition, tests), by name.
    """

    def __init__(self, name: str, table: ParameterTable, overrides=None, **kwargs):
        """Declare everything and open nothing."""
        self.table = {parameter.name: parameter for parameter in table}
        self.counts = Counter()
        self.failed = False
        self._reported_s = {}
        self._is_configured = False
        self._is_active = False
        self._is_ending = False
        self._incompatible = {}
        self._steady_clock = Clock(clock_type=ClockType.STEADY_TIME)
        super().__init__(name, parameter_overrides=[
            rclpy.Parameter(key, value=value) for key, value in (overrides or {}).items()],
            **kwargs)
        for parameter in table:
            self.declare_parameter(parameter.name, parameter.default, describe(parameter))
        self.add_on_set_parameters_callback(self._validate_change)
        self.add_post_set_parameters_callback(self._apply_change)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        self.every(DIAGNOSTICS_PERIOD_S, self._publish_diagnostics)

    # --- for the node to override ----------------------------------------------------------------
    def configure(self, values: dict) -> None:
        """Validate, load, allocate; ``values`` are the checked parameters."""

    def activate(self) -> None:
        """Open and start."""

    def deactivate(self) -> None:
        """Stop; must be safe to call at any time."""

    def cleanup(self) -> None:
        """Release; must be safe to call at any time."""

    def validate(self, values: dict) -> None:
        """Raise ParameterError if parameters do not fit together."""

    def live_change(self, values: dict) -> None:
        """Use new values of live parameters; called while configured."""

    def diagnose(self):
        """Return (level, message, {key: value}) of the node's own health."""
        return DiagnosticStatus.OK, 'ok', {}

    # --- topics and timers -----------------------------------------------------------------------
    def offer(self, message_type, topic: str, profile):
        """Return a managed publisher; who asks for more than it offers is reported."""
        return self.create_lifecycle_publisher(
            message_type, topic, profile, **qos.OVERRIDABLE,
            event_callbacks=PublisherEventCallbacks(
                incompatible_qos=lambda event: self._note_incompatible(
                    topic, event, 'a subscriber asks for more than is offered')))

    def hear(self, message_type, topic: str, callback, profile):
        """Return a subscription; a publisher that offers less than it asks for is reported."""
        return self.create_subscription(
            message_type, topic, callback, profile, **qos.OVERRIDABLE,
            event_callbacks=SubscriptionEventCallbacks(
                incompatible_qos=lambda event: self._note_incompatible(
                    topic, event, 'a publisher offers less than is asked for')))

    def every(self, period_s: float, callback):
        """Return a timer on the steady clock: a simulated one may stand still, or race."""
        return self.create_timer(period_s, callback, clock=self._steady_clock)

    def _note_incompatible(self, topic, event, what):
        policy = qos_policy_name_from_kind(event.last_policy_kind)
        name = self.resolve_topic_name(topic)
        kind = 'publisher' if 'subscriber' in what else 'subscription'
        self._incompatible[topic] = (
            f'incompatible {policy} on {name}: {what}; the parameter '
            f'qos_overrides.{name}.{kind}.{policy.lower()} changes it here')
        self.report('incompatible_qos', self._incompatible[topic])

    # --- parameters ------------------------------------------------------------------------------
    def values(self) -> dict:
        """Return all parameter values, checked."""
        return {name: parameter.check(self.get_parameter(name).value)
                for name, parameter in self.table.items()}

    def _validate_change(self, changes) -> SetParametersResult:
        try:
            values = self.values()
            for change in changes:
                if change.name == 'use_sim_time' and (
                        change.value != self.get_parameter('use_sim_time').value):
                    raise ParameterError('use_sim_time is given at start: whoever changes it '
                                         'changes the time by which the node judges')
                parameter = self.table.get(change.name)
                if parameter is None:
                    continue
                checked = parameter.check(change.value)
                if self._is_configured and not parameter.live and checked != values[change.name]:
                    raise ParameterError(f'{change.name} is fixed while the node is configured; '
                                         'clean the node up first, then set it')
                values[change.name] = checked
            self.validate(values)
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _apply_change(self, changes) -> None:
        if self._is_configured and any(change.name in self.table for change in changes):
            self.live_change(self.values())

    # --- lifecycle -------------------------------------------------------------------------------
    def _attempt(self, what: str, step, *args) -> TransitionCallbackReturn:
        try:
            step(*args)
            return TransitionCallbackReturn.SUCCESS
        except (ValueError, OSError) as error:
            self.get_logger().error(printable(f'cannot {what}: {error}'))
        except Exception:
            if self.context.ok():     # else a signal took the context away
                self.get_logger().error(f'cannot {what}: {traceback.format_exc()}')
        return TransitionCallbackReturn.FAILURE

    def _configure(self) -> None:
        values = self.values()
        self.validate(values)
        self.configure(values)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Validate parameters, load, allocate."""
        result = self._attempt('configure', self._configure)
        self._is_configured = result == TransitionCallbackReturn.SUCCESS
        if not self._is_configured:
            self.cleanup()
        return result

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start, once the publishers are active."""
        super().on_activate(state)
        result = self._attempt('activate', self.activate)
        self._is_active = result == TransitionCallbackReturn.SUCCESS
        if not self._is_active:
            self.deactivate()
            super().on_deactivate(state)
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and forget what was heard."""
        result = self._attempt('deactivate', self.deactivate)
        self._is_active = False
        super().on_deactivate(state)
        return _or_error(result)

    def _release(self) -> TransitionCallbackReturn:
        results = (self._attempt('deactivate', self.deactivate),
                   self._attempt('clean up', self.cleanup))
        self._is_active = self._is_configured = False
        self._incompatible.clear()
        return _or_error(min(results, key=lambda r: r == TransitionCallbackReturn.SUCCESS))

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything that configure took."""
        return self._release()

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything, from any state."""
        return self._release()

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything; the node can be configured again."""
        return self._release()

    def autostart(self) -> bool:
        """Configure and activate if the parameter says so; return False if that failed."""
        if self.get_parameter('autostart').value:
            if self.trigger_configure() != TransitionCallbackReturn.SUCCESS:
                self.failed = True
            elif self.trigger_activate() != TransitionCallbackReturn.SUCCESS:
                self.failed = True
        return not self.failed

    def close(self) -> None:
        """Release everything without a transition; for process exit."""
        self._is_ending = True
        self._release()
        self.destroy_node()

    # --- reports ---------------------------------------------------------------------------------
    def report(self, kind: str, sentence: str) -> None:
        """Count trouble of one kind and say it; see `tell`."""
        self.counts[kind] += 1
        self.tell(kind, sentence)

    def tell(self, kind: str, sentence: str) -> None:
        """Say what was counted elsewhere, at most every five seconds."""
        now_s = time.monotonic()
        said = (kind, sentence[:80])
        if len(self._reported_s) > MOST_REPORTS:      # sentences that never repeat
            self._reported_s.clear()
        if now_s - self._reported_s.get(said, -REPORT_PERIOD_S) >= REPORT_PERIOD_S:
            self._reported_s[said] = now_s
            self.get_logger().warning(
                f'{printable(sentence)} ({kind}: {self.counts[kind]} so far)')

    def _publish_diagnostics(self) -> None:
        level, message, details = self.diagnose()
        for topic, sentence in self._incompatible.items():
            details[f'incompatible.{topic}'] = sentence
            message = f'{message}; {sentence}'
            level = max(level, DiagnosticStatus.WARN)
        status = DiagnosticStatus(
            level=level, name=self.get_fully_qualified_name().lstrip('/'), message=message,
            hardware_id=str(details.pop('hardware_id', '')))
        counts = dict(self.counts)      # a microphone's thread counts too
        details.update({f'count.{kind}': counts[kind] for kind in sorted(counts)})
        status.values = [KeyValue(key=key, value=str(value)) for key, value in details.items()]
        array = DiagnosticArray(status=[status])
        array.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(array)
