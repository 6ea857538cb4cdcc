# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The messages of an audio topic → decisions, off the robot: what the live graph says about them.

Does what `feature_extractor` and `cry_classifier` do with each message, driven by the times at
which the messages arrived, so that a bag gives the answer that the graph gave.
"""

from collections import Counter
from typing import Callable, Iterable, Iterator, Optional

import numpy as np

from baby_cry_detector.audio.bags import AudioMessage, BagAudio, FormatMessage, is_bag
from baby_cry_detector.audio.formats import AudioFormat
from baby_cry_detector.audio.sources import FileSource
from baby_cry_detector.decision import CryDecision
from baby_cry_detector.stream.intake import AudioIntake, StampedFrames
from baby_cry_detector.stream.listener import FrameListener
from baby_cry_detector.units import SECOND_NS

# The nodes' defaults: a stream that arrives no more has ended, and then the status is NO_AUDIO.
STREAM_END_S = 1.0
NO_AUDIO_S = 2.0
# While no audio arrives the graph repeats its state as often as this.
IDLE_PERIOD_S = 0.2
# Audio that arrives before its format waits for it, as in the node.
MOST_WAITING = 500


class MessageReplay:
    """
    One audio topic's messages through intake, network and decision.

    :param intake: decodes, judges continuity, extracts.
    :param on_audio: called with each block that counts: ``(stamp_ns, samples, sample_rate)``,
        mono float64 samples at the topic's own rate.
    :param on_frames: called with each `StampedFrames`.
    :ivar counts: breaks and drops by kind, with what could not be decoded.
    :ivar frame_id: of the newest audio.
    :ivar start_ns: stamp of the first audio; ``None`` before it.
    """

    def __init__(self, intake: AudioIntake, on_audio: Optional[Callable] = None,
                 on_frames: Optional[Callable] = None) -> None:
        self.intake = intake
        self.frame_id = ''
        self.start_ns: Optional[int] = None
        self._other = Counter()
        self._on_audio = on_audio
        self._on_frames = on_frames
        self._waiting = []
        self._trouble = ''

    @property
    def counts(self) -> Counter:
        """Return breaks and drops by kind."""
        return self.intake.counts + self._other

    def frames(self, messages: Iterable) -> Iterator[StampedFrames]:
        """Yield the frames of `AudioMessage` and `FormatMessage` items in order of arrival."""
        for _, frames in self._stamped(messages):
            yield frames

    def decisions(self, messages: Iterable, listener: FrameListener) -> Iterator[CryDecision]:
        """
        Yield the decision after each frame, and every 0.2 s while no audio arrives.

        :param listener: its crib takes its name from the audio.
        """
        next_frame = next_ns = None
        heard_ns = 0                           # when the newest frames arrived
        for arrival_ns, frames in self._stamped(messages):
            if listener.decider.crib_id != self.frame_id and self.frame_id:
                listener.decider.crib_id = self.frame_id
            if next_frame is not None:
                silent_ns = arrival_ns - heard_ns
                if silent_ns > NO_AUDIO_S * SECOND_NS:
                    listener.runtime.reset()
                    yield from self._idle(listener, next_ns, silent_ns, frames.start_ns)
                elif frames.first_frame != next_frame:
                    listener.lose_continuity()
            next_frame = frames.first_frame + len(frames.values)
            next_ns = frames.start_ns + len(frames.values) * listener.hop_ns
            heard_ns = arrival_ns
            yield from listener.process(frames.start_ns, frames.values)

    def _idle(self, listener, from_ns, silent_ns, until_ns) -> Iterator[CryDecision]:
        """Say what is believed without audio, on the clock of its stamps."""
        passed_ns = round(NO_AUDIO_S * SECOND_NS)
        while passed_ns < silent_ns and from_ns + passed_ns < until_ns:
            yield listener.decider.idle(from_ns + passed_ns)
            passed_ns += round(IDLE_PERIOD_S * SECOND_NS)

    def _stamped(self, messages):
        """Yield (time of arrival, frames)."""
        heard_ns = None
        for message in messages:
            arrival_ns = message.arrival_ns
            if heard_ns is not None and arrival_ns - heard_ns > STREAM_END_S * SECOND_NS:
                ended_ns = heard_ns + round(STREAM_END_S * SECOND_NS)
                yield from self._give(ended_ns, self.intake.finish())
                heard_ns = None
            if isinstance(message, FormatMessage):
                yield from self._take_format(message)
            elif self._trouble:
                self._other['undecodable'] += 1
            elif self.intake.format is None:
                self._waiting.append(message)
                if len(self._waiting) > MOST_WAITING:
                    self._waiting.pop(0)
                    self._other['dropped_without_format'] += 1
            else:
                yield from self._hear(message)
                heard_ns = arrival_ns
        if heard_ns is not None:
            yield from self._give(heard_ns + round(STREAM_END_S * SECOND_NS),
                                  self.intake.finish())

    def _take_format(self, message: FormatMessage):
        if message.format is None:
            self._trouble = message.trouble
            self._other['undecodable_format'] += 1
            return
        self._trouble = ''
        yield from self._give(message.arrival_ns, self.intake.set_format(message.format))
        waiting, self._waiting = self._waiting, []
        for audio in waiting:
            yield from self._hear(audio)

    def _hear(self, message):
        intake = self.intake
        dropped = self._dropped()
        try:
            frames = intake.hear(message.stamp_ns, message.data)
        except ValueError:                     # an odd size: counted and survived, as in the node
            self._other['undecodable'] += 1
            return
        self.frame_id = message.frame_id
        if self.start_ns is None:
            self.start_ns = message.stamp_ns
        if self._on_audio is not None and message.data and self._dropped() == dropped:
            samples = intake.format.decode(message.data, intake.channel)
            self._on_audio(message.stamp_ns, samples, intake.format.sample_rate)
        yield from self._give(message.arrival_ns, frames)

    def _dropped(self) -> int:
        return self.intake.counts['duplicate']

    def _give(self, arrival_ns, blocks):
        for frames in blocks:
            if self._on_frames is not None:
                self._on_frames(frames)
            yield arrival_ns, frames


def file_messages(path, sample_rate: int, block_duration_s: float = 0.1) -> Iterator:
    """
    Yield a recording as the messages of an audio topic that begins at time 0.

    :raises AudioSourceError: as `FileSource`.
    """
    source = FileSource(path, sample_rate, block_duration_s=block_duration_s)
    yield FormatMessage(0, AudioFormat(sample_rate, 1))
    for block in source:
        stamp_ns = block.first_sample * SECOND_NS // sample_rate
        arrival_ns = stamp_ns + len(block.pcm) * SECOND_NS // sample_rate
        yield AudioMessage(arrival_ns, stamp_ns, '', np.asarray(block.pcm, '<i2').tobytes())


def open_messages(path, sample_rate: int, topic: str = '') -> Iterable:
    """
    Return the messages of a bag, or of a recording as if it came on a topic.

    :param sample_rate: at which a recording is read; a bag has its own.
    :param topic: audio topic of a bag; '' takes the only one.
    :raises AudioSourceError: if there is no audio to be had.
    """
    if is_bag(path):
        return BagAudio(path, topic)
    return file_messages(path, sample_rate)


def replay_troubles(counts: Counter) -> str:
    """Return what was wrong with the audio of a bag, in words; '' if nothing was."""
    return ', '.join(f'{kind.replace("_", " ")} {count}' for kind, count in sorted(counts.items())
                     if count)
