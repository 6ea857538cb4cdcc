# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The messages of an audio topic → decisions, off the robot: what the live graph says about them.

Runs the nodes' own state machines (`extraction`, `classification`), driven by the times at which
the messages arrived, so that a bag gives the answer that the graph gave.
"""

from typing import Callable, Iterable, Iterator, List, Optional, Tuple

from baby_cry_detector.audio.bags import BagAudio, is_bag
from baby_cry_detector.audio.channels import AUTO, Choice
from baby_cry_detector.audio.echo import State
from baby_cry_detector.audio.ffmpeg import open_recording
from baby_cry_detector.audio.formats import AudioFormat
from baby_cry_detector.audio.messages import AudioMessage, FormatMessage, Message
from baby_cry_detector.audio.sources import AudioBlock, FileSource, PathLike
from baby_cry_detector.decision import CryDecision
from baby_cry_detector.features import FeatureSet
from baby_cry_detector.model.second.confirmation import Confirmation
from baby_cry_detector.stream.classification import Classification, NO_AUDIO_S
from baby_cry_detector.stream.extraction import Extraction
from baby_cry_detector.stream.intake import StampedFrames
from baby_cry_detector.stream.listener import FrameListener
from baby_cry_detector.stream.troubles import Troubles
from baby_cry_detector.units import SECOND_NS
import numpy as np

# What a loudspeaker plays is told so long before the microphone has it, in a recording of both.
LEAD_NS = 300_000_000
# Recordings of both whose durations differ by more are said to.
MOST_LONGER_S = 1.0
OWN_SOUND = 'own_sound'
# While no audio arrives the graph repeats its state as often as this.
IDLE_PERIOD_NS = 200_000_000


class MessageReplay:
    """
    One audio topic's messages through extraction, network and decision.

    :param feature_set: what to compute.
    :param on_audio: called with each block that counts: ``(stamp_ns, samples, sample_rate)``,
        mono float64 samples at the topic's own rate.
    :param on_frames: called with each `StampedFrames`.
    :param channel: ``'auto'``, ``'mix'`` or the number of a channel; see `ChannelMixer`.
    :ivar troubles: what was wrong with the audio.
    :ivar extraction: the state machine in front.
    """

    def __init__(self, feature_set: FeatureSet,
                 on_audio: Optional[Callable[..., object]] = None,
                 on_frames: Optional[Callable[[StampedFrames], object]] = None,
                 channel: Choice = AUTO) -> None:
        self.troubles = Troubles()
        self.extraction = Extraction(feature_set, channel, troubles=self.troubles,
                                     on_audio=on_audio)
        self._on_frames = on_frames

    @property
    def start_ns(self) -> Optional[int]:
        """Return the stamp of the first audio; ``None`` before it."""
        return self.extraction.start_ns

    def since_start(self, time_ns: int) -> int:
        """Return how long after the first audio a time is, whatever clocks were set meanwhile."""
        return self.extraction.since_start(time_ns)

    def frames(self, messages: Iterable[Message]) -> Iterator[StampedFrames]:
        """Yield the frames of `AudioMessage` and `FormatMessage` items in order of arrival."""
        for _, frames in self._stamped(messages):
            yield frames

    def decisions(self, messages: Iterable[Message], listener: FrameListener,
                  confirmation: Optional[Confirmation] = None,
                  period_ns: int = 0) -> Iterator[CryDecision]:
        """
        Yield the decision after each frame, and every 0.2 s while no audio arrives.

        :param listener: its crib takes its name from the audio.
        :param confirmation: the second listener, if there is one.
        :param period_ns: yield decisions that change, and one once so long, instead of all.
        """
        # What is wrong with the frames follows from what was wrong with the audio.
        classification = Classification(listener, confirmation=confirmation)
        arrived_ns = None
        for arrival_ns, frames in self._stamped(messages):
            if arrived_ns is not None:
                yield from self._wait(classification, arrival_ns - arrived_ns)
            arrived_ns = arrival_ns
            yield from classification.on_frames(frames, self.extraction.frame_id, period_ns)

    @staticmethod
    def _wait(classification: Classification, silent_ns: int) -> Iterator[CryDecision]:
        """Say what the graph says while nothing arrives."""
        passed_ns = round(NO_AUDIO_S * SECOND_NS) + 1
        while passed_ns < silent_ns:
            decision = classification.on_silence(passed_ns, 0)
            if decision is not None:
                yield decision
            passed_ns += IDLE_PERIOD_NS

    def _stamped(self, messages: Iterable[Message]) -> Iterator[Tuple[int, StampedFrames]]:
        """Yield (time of arrival, frames)."""
        arrived_ns = None
        for message in messages:
            arrival_ns = message.arrival_ns
            if isinstance(message, FormatMessage):
                frames = self.extraction.on_format(message)
            else:
                if arrived_ns is not None:
                    self.extraction.on_silence(arrival_ns - arrived_ns)
                frames = self.extraction.on_audio(message)
                arrived_ns = arrival_ns
            yield from self._give(arrival_ns, frames)
        if arrived_ns is not None:
            yield from self._give(arrived_ns, self.extraction.finish())

    def _give(self, arrival_ns: int, blocks: Iterable[StampedFrames]
              ) -> Iterator[Tuple[int, StampedFrames]]:
        for frames in blocks:
            if self._on_frames is not None:
                self._on_frames(frames)
            yield arrival_ns, frames


def block_messages(blocks: Iterable[AudioBlock], sample_rate: int,
                   start_ns: int = 0) -> Iterator[Message]:
    """Yield int16 blocks as the messages of an audio topic that begins at ``start_ns``."""
    yield FormatMessage(start_ns, AudioFormat(sample_rate, 1))
    for block in blocks:
        stamp_ns = start_ns + block.first_sample * SECOND_NS // sample_rate
        arrival_ns = stamp_ns + len(block.pcm) * SECOND_NS // sample_rate
        yield AudioMessage(arrival_ns, stamp_ns, '', np.asarray(block.pcm, '<i2').tobytes())


class OwnSoundBeside:
    """
    A recording of what a loudspeaker played, told beside one of the microphone as the graph is.

    :param blocks: int16 blocks of it, from the microphone's first sample on, about.
    :param sample_rate: theirs.
    """

    def __init__(self, blocks: Iterable[AudioBlock], sample_rate: int) -> None:
        self._messages = block_messages(blocks, sample_rate)
        self._rate = sample_rate
        self._lasts_ns = self._heard_ns = 0
        self._highest_db, self._state, self._has_sounded = 0.0, State.SILENT, False
        self._followed = False

    def beside(self, messages: Iterable[Message], extraction: Extraction) -> Iterator[Message]:
        """Yield the microphone's messages; what was played before each is told first."""
        first = next(self._messages)
        assert isinstance(first, FormatMessage)
        extraction.on_own_format(OWN_SOUND, first)
        for message in messages:
            while self._lasts_ns < message.arrival_ns + LEAD_NS and self._tell(extraction):
                pass
            yield message
            self._heard_ns = message.arrival_ns
            self._note(extraction)
        while self._tell(None):
            pass

    def _tell(self, extraction: Optional[Extraction]) -> bool:
        message = next(self._messages, None)
        if not isinstance(message, AudioMessage):
            return False
        self._lasts_ns = message.arrival_ns
        self._has_sounded |= any(message.data)
        if extraction is not None:
            extraction.on_own_sound(OWN_SOUND, message)
        return True

    def _note(self, extraction: Extraction) -> None:
        canceller = extraction.own_sound.canceller
        self._state = canceller.states.get(OWN_SOUND, State.SILENT)
        if self._state is State.FOLLOWING:
            self._followed = True
            self._highest_db = max(self._highest_db, canceller.return_loss_db)

    def sentences(self) -> List[str]:
        """Return what became of it, after the last message."""
        told = []
        longer_s = (self._lasts_ns - self._heard_ns) / SECOND_NS
        if abs(longer_s) > MOST_LONGER_S:
            told.append(f'what is played lasts {abs(longer_s):.1f} s '
                        f'{"longer" if longer_s > 0 else "shorter"} than the recording')
        if not self._has_sounded:
            told.append('what is played is silent: nothing is taken out')
        elif not self._followed:
            told.append('what is played was not found in the recording, from 0.5 s before to '
                        '1.5 s after where it should be: it is heard as it is')
        else:
            told.append(f'what is played was taken out, up to {self._highest_db:.0f} dB of it')
            if self._state is State.NOT_FOUND:
                told.append('what is played was lost again, and is heard as it is from there on')
        return told


def listen(blocks: Iterable[AudioBlock], listener: FrameListener, start_ns: int = 0,
           confirmation: Optional[Confirmation] = None) -> Iterator[CryDecision]:
    """
    Yield the decisions on a whole recording, frame by frame.

    :param blocks: int16 blocks at the feature set's rate.
    :param start_ns: time of the first sample.
    :param confirmation: the second listener, if there is one.
    """
    feature_set = listener.feature_set
    return MessageReplay(feature_set).decisions(
        block_messages(blocks, feature_set.sample_rate, start_ns), listener, confirmation)


def file_messages(path: PathLike, sample_rate: int, block_duration_s: float = 0.1,
                  channel: Choice = AUTO,
                  say: Callable[[str], None] = lambda sentence: None) -> Iterator[Message]:
    """
    Yield a recording as the messages of an audio topic that begins at time 0.

    :raises AudioSourceError: as `FileSource`.
    """
    source = open_recording(path, sample_rate, block_duration_s, channel=channel)
    yield from block_messages(_told(source, say), sample_rate)


def _told(source: FileSource, say: Callable[[str], None]) -> Iterator[AudioBlock]:
    for block in source:
        for sentence in source.take_news():
            say(sentence)
        yield block
    for sentence in source.take_news():
        say(sentence)


def open_messages(path: PathLike, sample_rate: int, topic: str = '', channel: Choice = AUTO,
                  say: Callable[[str], None] = lambda sentence: None,
                  audio_format: Optional[AudioFormat] = None) -> Iterable[Message]:
    """
    Return the messages of a bag, or of a recording as if it came on a topic.

    :param sample_rate: at which a recording is read; a bag has its own.
    :param topic: audio topic of a bag; '' takes the only one.
    :param channel: of a recording; a bag's is chosen where it is decoded.
    :param say: told what is found out about a recording.
    :param audio_format: of a bag that does not say it.
    :raises AudioSourceError: if there is no audio to be had.
    """
    if is_bag(path):
        return BagAudio(path, topic, audio_format)
    return file_messages(path, sample_rate, channel=channel, say=say)
