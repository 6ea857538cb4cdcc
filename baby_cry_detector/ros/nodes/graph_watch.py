# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What `caregiver_alert` watches in the graph: others of its kind, and changes that weaken something.

One node of a kind in a namespace: whoever comes second stays silent while the first one speaks. On
one machine a lock tells (`kept_state`); this tells across machines and containers.
What was said is
kept by whoever said it and told to a newcomer at once, so a first one that lives is heard within a
second, and one that was killed, which the middleware still lists for a while, is not.
"""

from collections import deque
import time

from baby_cry_detector.care.alerts.weakening import ParameterWatch
from baby_cry_detector.ros.base import qos
from rcl_interfaces.msg import ParameterEvent
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import qos_profile_parameter_events

LISTEN_S = 1.0
REMEMBERED = 500


class OnlyOne:
    """
    Listens on the topic that its node publishes.

    :param node: a `ManagedNode`.
    :param key: returns what tells two messages apart.
    :param patience_s: the other one is waited for no longer than this after its last word.
    """

    def __init__(self, node, message_type, topic: str, key, patience_s: float):
        """Begin to listen; nothing may be published before `is_decided`."""
        self._node, self._topic, self._key = node, topic, key
        self._own: deque = deque(maxlen=REMEMBERED)
        self._since_s = time.monotonic()
        self.other_heard = False
        self._must_wait = False
        self._patience_s, self._heard_s = patience_s, 0.0
        self._hearing = node.hear(message_type, topic, self._hear, qos.EVENTS)

    def close(self) -> None:
        """Stop listening."""
        self._node.destroy_subscription(self._hearing)

    def note(self, message) -> None:
        """Take what the node itself is about to publish."""
        self._own.append(self._key(message))

    def _hear(self, message) -> None:
        if self._key(message) not in self._own:
            self.other_heard, self._heard_s = True, time.monotonic()
            if time.monotonic() - self._since_s < LISTEN_S:
                self._must_wait = True

    @property
    def is_decided(self) -> bool:
        """Return whether it has listened for long enough."""
        return time.monotonic() - self._since_s >= LISTEN_S

    @property
    def must_wait(self) -> bool:
        """Return whether another one was first and is still there."""
        silent = time.monotonic() - self._heard_s > self._patience_s
        if self._must_wait and (silent or self.others == 0):
            # It has gone, or hangs, or was never one: this one takes over.
            self._must_wait = self.other_heard = False
        return self._must_wait

    @property
    def others(self) -> int:
        """Return how many other publishers of the topic there are."""
        return max(0, self._node.count_publishers(self._topic) - 1)


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
