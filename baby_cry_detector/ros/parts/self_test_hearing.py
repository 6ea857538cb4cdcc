# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The self-test of who hears (`feature_extractor`): the service `~/self_test`.

It asks `soother` for a chirp (`self_test_chirping.py`) and answers once it is known.
"""

import importlib
import threading
import time

from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.ros_time import from_nanoseconds, now_nanoseconds
from baby_cry_detector.stream.self_test import CANNOT_TELL, HEARD
from builtin_interfaces.msg import Time
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.task import Future
from std_srvs.srv import Trigger

HEARD_TOPIC, CHIRP_SERVICE = 'self_test_heard', 'soother/chirp'
# Longer than all chirps of a test take: then audio or an answer stays away.
LONGEST_TEST_S = 60.0
ANSWER_S = 5.0
# How soon a test that nobody asked for is run again, where the microphone is less than it was.
UNASKED_S = 6 * 3600.0
NO_PLAYER = 'nobody plays the chirp: soother does not run'


def date_words(heard_ns: int) -> str:
    """Return when the chirp was last heard, in local time: '28 Nov 03:10'; 'never' for 0."""
    return time.strftime('%-d %b %H:%M', time.localtime(heard_ns * 1e-9)) if heard_ns else 'never'


class Listening:
    """
    Runs a `SelfTest` when it is asked for.

    :param node: a `ManagedNode`.
    :param keep: called when a test has ended.
    """

    def __init__(self, node, keep):
        """Offer the service."""
        self._node, self._keep = node, keep
        self._test = None
        self._began_s = self._asked_s = 0.0
        self._unasked_s = float('-inf')
        self._asked = self._outcome = None
        self._client = node.create_client(Trigger, CHIRP_SERVICE)
        self._heard = None
        # In a group of its own: the node goes on hearing while somebody waits for the answer.
        node.create_service(Trigger, '~/self_test', self._asked_for,
                            callback_group=ReentrantCallbackGroup())

    def offer(self) -> None:
        """Offer the topic that says when the ear was last proven to hear; the node owns it."""
        self._heard = self._node.offer(Time, HEARD_TOPIC, qos.LATCHED)

    def say(self, heard_ns: int) -> None:
        """Tell when the chirp was last heard, 0 for never."""
        if self._heard is not None:
            self._heard.publish(from_nanoseconds(heard_ns))

    def use(self, test) -> None:
        """Run the tests of this `SelfTest` from now on; ``None``: nothing is heard."""
        if self._test is not None and self._test.is_running:
            self._test.give_up('the node was stopped')
            self._answer()
        self._test = test
        if test is not None:
            self.say(test.heard_ns)

    async def _asked_for(self, request, response):
        """Play a chirp and say whether it was heard."""
        response.success, asked = False, None
        with self._node.alone:
            if self._test is None:
                response.message = 'the node is not active'
            elif self._test.is_running:
                response.message = 'a self-test is running already'
            else:
                asked = self._begin()
                self.step()                    # which may end it at once
        if asked is not None:
            outcome = await asked
            response.success, response.message = outcome.result == HEARD, outcome.sentence
        return response

    def _begin(self) -> Future:
        self._test.begin()
        # What looks for the chirp is large; it comes while the chirp is played, and the audio does
        # not wait for it.
        threading.Thread(target=importlib.import_module, args=('scipy.signal',),
                         daemon=True).start()
        self._outcome = Future()
        self._began_s = time.monotonic()
        return self._outcome

    def _begin_unasked(self, now_s: float) -> None:
        """Test a microphone that is less than it was, where somebody can play a chirp."""
        if (not self._test.is_wanted or self._test.is_running
                or now_s < self._unasked_s + UNASKED_S or not self._client.service_is_ready()):
            return
        self._unasked_s = now_s
        self._node.get_logger().info('the microphone is not as it was: a self-test')
        self._begin()

    def step(self) -> None:
        """Do what is due; to be called with each message of audio, and now and then."""
        test, now_s = self._test, time.monotonic()
        if test is not None and self._outcome is None:
            self._begin_unasked(now_s)
        if test is None or self._outcome is None:
            return
        if test.is_running and now_s - self._began_s > LONGEST_TEST_S:
            test.give_up('no audio arrives')
        if test.is_running and test.wants_chirp and self._asked is None:
            if not self._client.service_is_ready():
                test.give_up(NO_PLAYER)
            else:
                self._asked, self._asked_s = self._client.call_async(Trigger.Request()), now_s
                self._asked.add_done_callback(self._answered)
        if self._asked is not None and now_s - self._asked_s > ANSWER_S:
            self._client.remove_pending_request(self._asked)
            self._asked = None
            test.give_up('soother does not answer')
        if not test.is_running:
            self._answer()

    def _answered(self, asked):
        with self._node.alone:
            if asked is not self._asked:
                return
            self._asked = None
            if self._test is None or not self._test.is_running:
                return
            answer = asked.result()
            if answer.success:
                self._test.on_playing()
            else:
                self._test.give_up(answer.message)
                self.step()

    def _answer(self) -> None:
        outcome, self._outcome = self._outcome, None
        if self._asked is not None:
            self._client.remove_pending_request(self._asked)
            self._asked = None
        if outcome is None:
            return
        last = self._test.last
        self._test.note_time(now_nanoseconds(self._node))
        self._keep()
        self.say(self._test.heard_ns)
        if last.result == HEARD:           # rclpy allows one severity per line of code
            self._node.get_logger().info(f'self-test: {last.sentence}')
        elif last.result == CANNOT_TELL:
            self._node.get_logger().warning(last.sentence)
        else:
            self._node.get_logger().error(last.sentence)
        outcome.set_result(last)
