# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What comes from the cribs of a ward: their topics and their services."""

import concurrent.futures
from typing import Callable, Dict

from baby_cry_detector.msg import CryAlert, CryNeed
from baby_cry_detector.page.ward import Reception, WardState
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.care_messages import alert_report
from baby_cry_detector.ros.base.messages import cry_state
from baby_cry_detector.ros.base.ros_time import Arrival, now_nanoseconds
from baby_cry_detector.ros.web.requests import acknowledgement, ALERTS, answer, Requests, Service
from baby_cry_detector.srv import Acknowledge

NEED_TYPE = 'baby_cry_detector/msg/CryNeed'
NEED_TOPIC = '/cry_need'


class WardRequests(Requests):
    """What the page of a ward asks for: that somebody goes to a crib."""

    def __init__(self, node, on_answer: Callable[[], None]) -> None:
        """Nobody can be asked yet."""
        super().__init__(node, on_answer)
        self.services: Dict[str, Service] = {}

    def add(self, crib: str) -> None:
        """Know the alerts of a crib."""
        self.services[crib] = Service(
            self.client(Acknowledge, f'{crib.rstrip("/")}/caregiver_alert/acknowledge'), ALERTS,
            acknowledgement)

    def carry_out(self, action: str, fields: dict, future: concurrent.futures.Future) -> None:
        """Tell a crib's alerts who goes there."""
        service = self.services.get(fields['crib'])
        if service is None:
            answer(future, False, 'that crib is not known here')
        else:
            self.call(service, fields, future)


class WardCribs:
    """
    Hears the cribs of a ward, those that are listed and those that are found.

    :param node: a `ManagedNode` that is being activated; it owns what is made here.
    :param requests: gets to know each crib.
    :param names: those that are watched whether they are heard or not; where there are none, each
        that is found is watched from then on.
    :param on_change: called when something is to be shown at once.
    """

    def __init__(self, node, requests: WardRequests, names, on_change: Callable[[], None]) -> None:
        """Listen to those that are listed."""
        self._node, self._requests, self._on_change = node, requests, on_change
        self._finds_others = not names
        self.state = WardState()
        self._need: Dict[str, Arrival] = {}
        self._alert: Dict[str, Arrival] = {}
        self._told: Dict[str, tuple] = {}
        self.crowded_out = 0
        for name in names:
            self._add(name)

    def find(self) -> None:
        """Listen to cribs that have come since, where none are listed."""
        if not self._finds_others:
            return
        found = {topic[:-len(NEED_TOPIC)] or '/'
                 for topic, types in self._node.get_topic_names_and_types()
                 if topic.endswith(NEED_TOPIC) and NEED_TYPE in types}
        others = sorted(name for name in found - set(self.state.cribs)
                        if self._node.count_publishers(self._topic(name, 'cry_need')))
        with self._node.owning('activate'):
            self.crowded_out = sum(not self._add(name) for name in others)

    def received(self) -> Dict[str, Reception]:
        """Return how each crib is received."""
        return {name: Reception(
            self._need[name].silent_ns(), self._alert[name].silent_ns(),
            self._node.count_publishers(self._topic(name, 'cry_need')),
            self._requests.services[name].client.service_is_ready())
            for name in self.state.cribs}

    @staticmethod
    def _topic(name: str, topic: str) -> str:
        return f'{name.rstrip("/")}/{topic}'

    def _add(self, name: str) -> bool:
        if not self.state.add(name):
            return False
        self._need[name], self._alert[name] = Arrival(self._node), Arrival(self._node)
        self._node.hear(
            CryNeed, self._topic(name, 'cry_need'),
            lambda message: self._on_need(name, message), qos.NEED)
        self._node.hear(
            CryAlert, self._topic(name, 'alert'),
            lambda message: self._on_alert(name, message), qos.EVENTS)
        self._requests.add(name)
        return True

    def _on_need(self, name: str, message: CryNeed) -> None:
        self._need[name].note()
        self.state.hear_need(name, cry_state(message), now_nanoseconds(self._node))
        what = (message.status, message.crying, message.episode_id)
        if what != self._told.get(name):
            self._told[name] = what
            self._on_change()

    def _on_alert(self, name: str, message: CryAlert) -> None:
        self._alert[name].note()
        self.state.hear_alert(name, alert_report(message))
        self._on_change()
