# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The two ends of the self-test: who hears asks for a chirp, and who has the loudspeaker plays it.

`Listening` is `feature_extractor`'s: the service `~/self_test`, which answers once it is known.
`Chirping` is `soother`'s: the service `~/chirp`, and the test of every night.
"""

import importlib
import threading
import time
import zlib

from baby_cry_detector.audio.chirp import CHIRP_S, chirps, EDGE_S
from baby_cry_detector.care.sound.comfort_sounds import SoundStream
from baby_cry_detector.care.sound.nightly import Nightly
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.ros_time import from_nanoseconds, now_nanoseconds
from baby_cry_detector.stream.self_test import CANNOT_TELL, HEARD
from builtin_interfaces.msg import Time
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.task import Future
from std_srvs.srv import Trigger

HEARD_TOPIC = 'self_test_heard'
SELF_TEST, CHIRP_SERVICE = 'feature_extractor/self_test', 'soother/chirp'
CHIRP, CHIRP_DBA = 'chirp', 40.0
# Longer than all chirps of a test take: then audio or an answer stays away.
LONGEST_TEST_S = 60.0
ANSWER_S = 5.0
NIGHT_PERIOD_S = 20.0
SPREAD_MINUTES = 20
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
                self._test.begin()
                # What looks for the chirp is large; it comes while the chirp is played, and the
                # audio does not wait for it.
                threading.Thread(target=importlib.import_module, args=('scipy.signal',),
                                 daemon=True).start()
                asked = self._outcome = Future()
                self._began_s = time.monotonic()
                self.step()                    # which may end it at once
        if asked is not None:
            outcome = await asked
            response.success, response.message = outcome.result == HEARD, outcome.sentence
        return response

    def step(self) -> None:
        """Do what is due; to be called with each message of audio, and now and then."""
        test = self._test
        if test is None or self._outcome is None:
            return
        now_s = time.monotonic()
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


class Chirping:
    """
    Plays the chirp when it is asked for, and asks for the test at night.

    :param node: a `ManagedNode`.
    :param play: takes the name of a sound, level in dB(A), and its fades and duration in seconds;
        returns why it is not played, '' if it is.
    """

    def __init__(self, node, play):
        """Offer the service."""
        self._node, self._play, self._at_minute = node, play, None
        self._nightly = Nightly()
        self._late_minutes = zlib.crc32(node.get_fully_qualified_name().encode()) % SPREAD_MINUTES
        self._asked = None
        self._client = node.create_client(Trigger, SELF_TEST)
        node.create_service(Trigger, '~/chirp', self._chirp)

    @staticmethod
    def sound(sample_rate: int) -> SoundStream:
        """Return chirp after chirp."""
        return SoundStream(chirps(sample_rate))

    def start(self, at_minute) -> None:
        """
        Watch the time while the node is active.

        :param at_minute: returns the minute of the day from which the policy asks for a test;
            ``None`` for never.
        """
        self._at_minute = at_minute
        self._node.every(NIGHT_PERIOD_S, self._watch)

    @property
    def trouble(self) -> str:
        """Return why last night's test said nothing; '' if it did, or is not to be done."""
        return self._nightly.trouble

    def _chirp(self, request, response):
        """Play one chirp."""
        why_not = self._play(CHIRP, CHIRP_DBA, EDGE_S, CHIRP_S)
        response.success = not why_not
        response.message = why_not or f'plays a chirp of at most {CHIRP_DBA:g} dB(A)'
        return response

    def _watch(self):
        steady_s = time.monotonic()
        local = time.localtime(now_nanoseconds(self._node) * 1e-9)
        at_minute = self._at_minute()
        # Two cribs in one house must not take each other's chirp for their own.
        minute = local.tm_hour * 60 + local.tm_min - self._late_minutes
        if self._nightly.is_due(at_minute, minute, steady_s):
            if not self._client.service_is_ready():
                self._nightly.failed('feature_extractor does not run')
                return
            self._asked = self._client.call_async(Trigger.Request())
            self._asked.add_done_callback(self._known)
        elif self._nightly.is_overdue(steady_s) and self._asked is not None:
            self._client.remove_pending_request(self._asked)
            self._asked = None
            self._nightly.failed('feature_extractor does not answer')

    def _known(self, asked):
        if asked is not self._asked:
            return                             # it had been given up
        self._asked = None
        answer = asked.result()
        if answer.success or 'did not hear' in answer.message:
            self._nightly.done()               # whoever hears says the rest, louder
        else:
            self._nightly.failed(answer.message)
