# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The self-test of who has the loudspeaker (`soother`): the service `~/chirp`, the nightly test.

Who hears (`self_test_hearing.py`) asks for the chirp, and is asked for the test at night.
"""

import time
import zlib

from baby_cry_detector.audio.chirp import CHIRP_S, chirps, EDGE_S
from baby_cry_detector.care.sound.comfort_sounds import SoundStream
from baby_cry_detector.care.sound.nightly import Nightly
from baby_cry_detector.ros.base.ros_time import now_nanoseconds
from std_srvs.srv import Trigger

SELF_TEST = 'feature_extractor/self_test'
CHIRP, CHIRP_DBA = 'chirp', 40.0
NIGHT_PERIOD_S = 20.0
SPREAD_MINUTES = 20


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
            self._nightly.done()               # the node that hears says the rest, louder
        else:
            self._nightly.failed(answer.message)
