# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Hears which parameters are changed in a namespace while its nodes run."""

from rcl_interfaces.msg import ParameterEvent
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import qos_profile_parameter_events

from baby_cry_detector.care.alerts.weakening import ParameterWatch


class WeakenedParameters:
    """
    Calls back with a sentence about each change that weakens hearing, privacy or a limit.

    :param node: a `ManagedNode`; changes in its own namespace are listened to.
    :param tell: takes the sentence.
    """

    def __init__(self, node, tell):
        """Begin to listen."""
        self._node, self._tell = node, tell
        self._prefix = f'{node.get_namespace().rstrip("/")}/'
        self._watch = ParameterWatch()
        self._hearing = node.create_subscription(
            ParameterEvent, '/parameter_events', self._hear, qos_profile_parameter_events)

    def close(self) -> None:
        """Stop listening."""
        self._node.destroy_subscription(self._hearing)

    def _hear(self, event: ParameterEvent) -> None:
        name = event.node.removeprefix(self._prefix)
        if name == event.node or '/' in name:
            return                  # another crib's
        for parameter in event.new_parameters:
            self._watch.declare(name, parameter.name, parameter_value_to_python(parameter.value))
        for parameter in event.changed_parameters:
            sentence = self._watch.change(name, parameter.name,
                                          parameter_value_to_python(parameter.value))
            if sentence:
                self._tell(sentence)
