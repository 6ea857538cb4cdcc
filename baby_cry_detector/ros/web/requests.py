# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the buttons of a page ask for: from the server's threads to services, and back.

Requests wait in a short queue for the ROS thread; an answer that does not come is given up.
"""

import concurrent.futures
import queue
import time
from typing import Any, Callable, Dict, NamedTuple, Tuple

from baby_cry_detector.care.diary.rows import CARE_KINDS
from baby_cry_detector.needs import KIND_NAMES
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.ros_time import (duration_from_nanoseconds, from_nanoseconds,
                                                 now_nanoseconds)
from baby_cry_detector.srv import Acknowledge, LabelEpisode, RecordCare, Snooze
from baby_cry_detector.units import MINUTE_NS
from std_msgs.msg import Empty
from std_srvs.srv import Trigger

MOST_REQUESTS = 32
ANSWER_S = 5.0
CARE_NUMBERS = {kind: KIND_NAMES.index(kind) for kind in CARE_KINDS}
ALERTS, DIARY = 'the alerts are not running', 'the diary is not running'
ESTIMATOR = 'nothing here learns'


class Service(NamedTuple):
    """Where an action goes: its client, what to say where there is none, how it is asked."""

    client: Any
    absent: str
    request: Callable[[dict], Any]


class Requests:
    """
    Carries out what browsers ask for; a page says in `carry_out` what that is.

    :param node: a `ManagedNode` that is being configured; it owns what is made here.
    :param on_answer: called in the ROS thread after a service has answered.
    """

    def __init__(self, node, on_answer: Callable[[], None]) -> None:
        """Nothing is asked yet."""
        self.node, self._on_answer = node, on_answer
        self._requests: queue.Queue = queue.Queue(MOST_REQUESTS)
        self._pending: Dict[Any, Tuple[Any, float, concurrent.futures.Future]] = {}
        self._wake = node.own(node.create_guard_condition(self._take),
                              node.destroy_guard_condition)

    def carry_out(self, action: str, fields: dict, future: concurrent.futures.Future) -> None:
        """Do it, or `call` who does, in the ROS thread; the future is answered."""
        raise NotImplementedError

    def client(self, srv_type, name: str):
        """Return a client that the node owns."""
        return self.node.own(self.node.create_client(srv_type, name), self.node.destroy_client)

    def call(self, service: 'Service', fields: dict, future: concurrent.futures.Future) -> None:
        """Ask a service; its answer is the future's."""
        if not service.client.service_is_ready():
            return answer(future, False, service.absent)
        asked = service.client.call_async(service.request(fields))
        self._pending[asked] = (service.client, time.monotonic() + ANSWER_S, future)
        asked.add_done_callback(self._answered)

    def ask(self, action: str, fields: dict) -> concurrent.futures.Future:
        """Hand a request to the ROS thread, from any thread; see `page.server.Backend`."""
        future: concurrent.futures.Future = concurrent.futures.Future()
        future.set_running_or_notify_cancel()      # what was taken on is carried out
        try:
            self._requests.put_nowait((action, fields, future))
            self._wake.trigger()
        except queue.Full:
            future.set_result((False, 'too much was asked for at once'))
        return future

    def expire(self) -> None:
        """Give up on services that died with a request."""
        for asked, (client, deadline_s, future) in list(self._pending.items()):
            if time.monotonic() > deadline_s:
                del self._pending[asked]
                client.remove_pending_request(asked)
                answer(future, False, 'no answer; try again')

    def refuse(self) -> None:
        """Answer everything that waits: the page is being closed."""
        for _, _, future in self._pending.values():
            answer(future, False, 'the page is being closed')
        self._pending.clear()
        while not self._requests.empty():
            answer(self._requests.get_nowait()[2], False, 'the page is being closed')

    def _take(self) -> None:
        while True:
            try:
                action, fields, future = self._requests.get_nowait()
            except queue.Empty:
                return
            try:
                fields['who'] = fields['who'] or 'phone'
                self.carry_out(action, fields, future)
            except Exception as error:
                self.node.report('request_failed', f'{action}: {error!r}')
                answer(future, False, "that failed; the robot's log says why")

    def _answered(self, asked) -> None:
        pending = self._pending.pop(asked, None)
        if pending is None:
            return
        response = asked.result()
        answer(pending[2], response.success, response.message)
        self._on_answer()


def answer(future: concurrent.futures.Future, done: bool, message: str) -> None:
    """Answer the browser, unless that has been done."""
    if not future.done():
        future.set_result((bool(done), str(message)))


class PageRequests(Requests):
    """What the page of one crib asks for."""

    def __init__(self, node, on_answer: Callable[[], None]) -> None:
        """Make the clients; nothing is asked yet."""
        super().__init__(node, on_answer)
        self._stop = node.offer(Empty, 'rock_stop', qos.STATE)

        def service(srv_type, name, absent, request):
            return Service(self.client(srv_type, name), absent, request)
        self._services = {
            'acknowledge': service(Acknowledge, 'caregiver_alert/acknowledge', ALERTS,
                                   acknowledgement),
            'snooze': service(Snooze, 'caregiver_alert/snooze', ALERTS, _snooze),
            'label': service(LabelEpisode, 'diary/label_episode', DIARY, _label),
            'forget_learnt': service(Trigger, 'need_estimator/forget', ESTIMATOR,
                                     lambda fields: Trigger.Request()),
            'care': service(RecordCare, 'diary/record_care', DIARY,
                            lambda fields: _care(fields, now_nanoseconds(node))),
        }

    def can(self) -> Dict[str, bool]:
        """Return which actions there is somebody for."""
        can = {action: service.client.service_is_ready()
               for action, service in self._services.items()}
        can['stop_rocking'] = self._stop.get_subscription_count() > 0
        return can

    def carry_out(self, action: str, fields: dict, future: concurrent.futures.Future) -> None:
        """Do what a button asks for."""
        if action != 'stop_rocking':
            self.call(self._services[action], fields, future)
        elif not self._stop.get_subscription_count():
            answer(future, False, 'nothing here can rock')
        else:
            self._stop.publish(Empty())
            answer(future, True, 'told to stop')


def acknowledgement(fields: dict) -> Acknowledge.Request:
    """Return a request to take an alert over."""
    return Acknowledge.Request(who=fields['who'], alert_id=fields['alert_id'])


def _snooze(fields: dict) -> Snooze.Request:
    return Snooze.Request(who=fields['who'], duration=duration_from_nanoseconds(
        round(fields['minutes'] * MINUTE_NS)))


def _label(fields: dict) -> LabelEpisode.Request:
    return LabelEpisode.Request(who=fields['who'], episode_id=fields['episode_id'],
                                label=fields['label'], event_id=fields['key'])


def _care(fields: dict, now_ns: int) -> RecordCare.Request:
    request = RecordCare.Request(who=fields['who'], kind=CARE_NUMBERS[fields['kind']],
                                 text=fields['text'], event_id=fields['key'])
    if fields['minutes_ago']:
        request.stamp = from_nanoseconds(now_ns - round(fields['minutes_ago'] * MINUTE_NS))
    return request
