# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What `caregiver_alert` watches in the graph: others of its kind, and changes that weaken something.

One node of a kind in a namespace: the second one stays silent while the first one speaks. On
one machine a lock tells (`kept_state`); this tells across machines and containers.
What was said is kept by its node and told to a newcomer at once, so a first one that lives
is heard within a second, and one that was killed, which the middleware still lists for a while, is
not. Two that begin at once, or find each other late, both hear the other's claim, and both know
which one goes: the younger. A claim alone silences nobody for long: who makes it has to alert.
"""

from collections import deque
import math
import time
from typing import Dict, Optional
import uuid

from baby_cry_detector.care.alerts.weakening import ParameterWatch
from baby_cry_detector.ros.base import qos
from rcl_interfaces.msg import ParameterEvent
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import qos_profile_parameter_events
from std_msgs.msg import String
from std_srvs.srv import Trigger

LISTEN_S = 1.0
REMEMBERED = 500
CLAIM_PERIOD_S = 1.0
CLAIM_LASTS_S = 5.0
# A node that claims and does not alert within so long after an alert was due is not waited for.
PROOF_S = 10.0
MOST_CLAIMS = 20
# A soother that starts, or is started again, is waited for.
LOOK_PERIOD_S, PLAYER_GONE_S = 1.0, 10.0


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
        self._patience_s, self._heard_s = patience_s, -math.inf
        self.claim = f'{time.time_ns():020d} {uuid.uuid4().hex}'
        self._elders: Dict[str, float] = {}        # their claims, and when each was heard
        self._liars: set = set()                   # claims of who does not alert
        self._due_s: Optional[float] = None        # since when an alert is due that this one owes
        self._subscription = node.hear(message_type, topic, self._on_message, qos.EVENTS)
        self._claims = node.create_publisher(String, f'{topic}_claim', qos.STATE)
        self._claims_heard = node.hear(String, f'{topic}_claim', self._on_claim, qos.STATE)
        self._claiming = node.every(CLAIM_PERIOD_S, self._say_claim)

    def close(self) -> None:
        """Stop listening, and claim nothing any more."""
        self._node.destroy_subscription(self._subscription)
        self._node.destroy_subscription(self._claims_heard)
        self._node.destroy_timer(self._claiming)
        self._node.destroy_publisher(self._claims)

    def _say_claim(self) -> None:
        if self.is_decided and not self.must_wait:
            self._claims.publish(String(data=self.claim))

    def _on_claim(self, message: String) -> None:
        """Take another's claim; the older goes first, of equals the smaller name."""
        if message.data < self.claim and message.data not in self._liars and (
                message.data in self._elders or len(self._elders) < MOST_CLAIMS):
            self._elders[message.data] = time.monotonic()

    def expect(self, is_due: bool) -> None:
        """Note whether an alert is due: the node that claims to be the one has to say it."""
        now_s = time.monotonic()
        self._due_s = None if not is_due else now_s if self._due_s is None else self._due_s
        if self._due_s is not None and now_s - self._due_s > PROOF_S and self._elders and (
                now_s - self._heard_s > self._patience_s):
            self._liars = {*list(self._liars)[-MOST_CLAIMS:], *self._elders}
            self._elders.clear()

    def note(self, message) -> None:
        """Take what the node itself is about to publish."""
        self._own.append(self._key(message))

    def _on_message(self, message) -> None:
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
        now_s = time.monotonic()
        self._elders = {claim: heard_s for claim, heard_s in self._elders.items()
                        if now_s - heard_s < CLAIM_LASTS_S}
        silent = now_s - self._heard_s > self._patience_s
        if self._must_wait and (silent or self.others == 0):
            # It has gone, or hangs, or was never one: this one takes over.
            self._must_wait = self.other_heard = False
        return self._must_wait or bool(self._elders)

    @property
    def others(self) -> int:
        """Return how many other publishers of the topic there are."""
        return max(0, self._node.count_publishers(self._topic) - 1)


class NightlyTestWatch:
    """
    Notices that the policy asks for a self-test each night and nobody is there to ask for it.

    :param node: a `ManagedNode`.
    :param is_asked_for: returns whether the policy asks for one.
    :param tell: takes a sentence, once for each time that the player goes.
    """

    def __init__(self, node, is_asked_for, tell):
        """Begin to look."""
        self._node, self._is_asked_for, self._tell = node, is_asked_for, tell
        self._client = node.create_client(Trigger, 'soother/chirp')
        self._seen_s = time.monotonic()
        self.trouble = ''
        self._looking = node.every(LOOK_PERIOD_S, self.look)

    def look(self) -> None:
        """Look whether the node with the loudspeaker is there."""
        if self._client.service_is_ready() or not self._is_asked_for():
            self._seen_s, self.trouble = time.monotonic(), ''
        elif not self.trouble and time.monotonic() - self._seen_s > PLAYER_GONE_S:
            self.trouble = ('the policy asks for a nightly self-test and nobody does it: '
                            'soother does not run')
            self._tell(self.trouble)

    def close(self) -> None:
        """Look no more."""
        self._node.destroy_timer(self._looking)
        self._node.destroy_client(self._client)


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
        self._subscription = node.create_subscription(
            ParameterEvent, '/parameter_events', self._on_message, qos_profile_parameter_events)

    def close(self) -> None:
        """Stop listening."""
        self._node.destroy_subscription(self._subscription)

    def _on_message(self, event: ParameterEvent) -> None:
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
