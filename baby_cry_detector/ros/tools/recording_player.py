# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Plays a recording into the graph: at a rate, or as fast as the graph hears it.

It waits for its hearers, since what is published before they are connected is lost; and it
never runs further ahead of the newest `cry_need` than the queues hold.
"""

import time
from typing import Any, Optional

from baby_cry_detector.audio import AudioSourceError
from baby_cry_detector.audio.ffmpeg import open_recording
from baby_cry_detector.msg import CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.parameters import AudioCaptureSettings
from baby_cry_detector.ros.base.ros_time import now_nanoseconds, to_nanoseconds
from baby_cry_detector.units import SECOND_NS

# A recording played faster than real time may lag by this much before it stops catching up.
LONGEST_LAG_S = 2.0
WAIT_FOR_HEARERS_S = 10.0
LEAD_NS = 3 * SECOND_NS
# Without progress for this long nobody hears, and the recording goes on alone.
STALL_S = 2.0


class RecordingPlayer:
    """
    One playing of a recording.

    :param node: the node that publishes.
    :param settings: its parameters.
    :param publish: takes a block and its stamp; returns whether it was heard in this call.
    :raises AudioSourceError: if the recording can't be opened.
    """

    def __init__(self, node, settings: AudioCaptureSettings, publish):
        """Open the recording."""
        self.finished = False
        self.trouble = ''
        self.source = open_recording(settings.file, settings.sample_rate,
                                     settings.block_duration_s, settings.loop,
                                     settings.channel)
        self._node = node
        self._publish = publish
        self._rate = settings.rate
        self._duration_s = settings.block_duration_s
        self._sample_rate = settings.sample_rate
        self._blocks = iter(self.source)
        self._start_ns: Optional[int] = None
        self._wait_until_s = time.monotonic() + WAIT_FOR_HEARERS_S
        self._time_ns = 0              # of the newest block, from the start
        self._heard_ns: Optional[int] = None     # likewise of the newest cry_need
        self._progress_s = 0.0
        # Between two waits the executor must find time for the others, hence no period of 0.
        self._timer = node.every(self._duration_s / self._rate if self._rate else 1e-4, self.step,
                                 may_be_early=False)
        self._answers: Any = None
        if self._rate != 1.0:          # in real time nobody has to be waited for who hears here
            self._subscribe_to_answers()

    def stop(self) -> None:
        """Stop playing."""
        self._node.destroy_timer(self._timer)
        if self._answers is not None:
            self._node.destroy_subscription(self._answers)

    def step(self) -> None:
        """Publish what is due: one block, or several if the timer was late."""
        if self.finished:
            return
        start_ns = self._begin_if_heard()
        if start_ns is None:
            return
        while not self.finished and not self._is_far_ahead():
            block = self._next_block()
            if block is None:
                self.finished = True
                return
            for sentence in self.source.take_news():
                self._node.get_logger().warning(f'{self.source.path}: {sentence}')
            self._time_ns = block.first_sample * SECOND_NS // self._sample_rate
            if self._publish(block, start_ns + self._time_ns) and self._answers is None:
                self._heard_ns = self._time_ns
            else:
                self._subscribe_to_answers()
            if not self._rate or self._is_on_time():
                return

    def _begin_if_heard(self) -> Optional[int]:
        """Return when it began; not before everybody is there, or has been waited for."""
        if self._start_ns is not None:
            return self._start_ns
        node = self._node
        audio, frames = (node.resolve_topic_name(name)
                         for name in ('audio_stamped', 'frame_features'))
        heard = node.count_subscribers(audio) and (
            node.count_subscribers(frames) or not node.count_publishers(frames))
        if not heard and time.monotonic() < self._wait_until_s:
            return None
        # As from a microphone: a block is published once its last sample has been heard.
        self._start_ns = now_nanoseconds(node) - round(self._duration_s * SECOND_NS)
        self._wall_start_s = time.monotonic()
        return self._start_ns

    def _next_block(self):
        try:
            return next(self._blocks, None)
        except AudioSourceError as error:
            self.trouble = f'the recording ends early: {error}'
            return None

    def _is_on_time(self) -> bool:
        lag_s = (time.monotonic() - self._wall_start_s
                 - (self._time_ns / SECOND_NS + self._duration_s) / self._rate)
        if lag_s > LONGEST_LAG_S:
            self._wall_start_s += lag_s
        return lag_s < self._duration_s / self._rate

    def _subscribe_to_answers(self) -> None:
        if self._answers is None:
            self._answers = self._node.create_subscription(
                CryNeed, 'cry_need', self._note_answer, qos.STATE)

    def _note_answer(self, message: CryNeed) -> None:
        if message.status == CryNeed.STATUS_OK and self._start_ns is not None:
            self._heard_ns = to_nanoseconds(message.header.stamp) - self._start_ns
            self._progress_s = time.monotonic()

    def _is_far_ahead(self) -> bool:
        """Return whether the hearers need time."""
        if self._time_ns - (self._heard_ns or 0) < LEAD_NS:
            return False
        if self._heard_ns is None and not self._node.count_publishers(
                self._node.resolve_topic_name('cry_need')):
            return False
        self._progress_s = self._progress_s or time.monotonic()
        return time.monotonic() - self._progress_s < STALL_S
