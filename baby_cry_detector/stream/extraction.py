# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What becomes of each message of an audio topic: the state machine of `feature_extractor`.

Pure: times come in with the messages. The node, bags, recordings and the commands all run it, so
that what was recorded gives the answer that the graph gave.
"""

from typing import Callable, Dict, List, Optional

from baby_cry_detector.audio.channels import AUTO, Choice
from baby_cry_detector.audio.formats import AudioFormat
from baby_cry_detector.audio.messages import AudioMessage, FormatMessage
from baby_cry_detector.features import FeatureSet
from baby_cry_detector.stream.intake import AudioIntake, SILENCE_DBFS, StampedFrames
from baby_cry_detector.stream.troubles import Troubles
from baby_cry_detector.units import SECOND_NS

# Audio that arrives before its format waits for it; this many messages, then the oldest go.
MOST_WAITING = 500
STAMP_TOLERANCE_S = 0.04
STREAM_END_S = 1.0


class Extraction:
    """
    One audio topic's messages → stamped frames.

    :param feature_set: what to compute.
    :param channel: ``'auto'``, ``'mix'`` or the number of a channel; see `ChannelMixer`.
    :param stamp_tolerance_s: jitter of the stamps that still counts as continuous.
    :param no_audio_timeout_s: silence of the topic that is reported.
    :param troubles: told what goes wrong.
    :param on_audio: called with each block that counts: ``(stamp_ns, samples, sample_rate)``,
        mono float64 samples at the topic's own rate.
    :ivar frame_id: of the newest audio.
    :ivar start_ns: stamp of the first audio that was used; ``None`` before it.
    :ivar took_audio: whether the newest message could be decoded.
    :ivar format_trouble: why the audio can't be decoded, one sentence; '' if it can.
    """

    def __init__(self, feature_set: FeatureSet, channel: Choice = AUTO,
                 stamp_tolerance_s: float = STAMP_TOLERANCE_S,
                 no_audio_timeout_s: float = STREAM_END_S,
                 troubles: Optional[Troubles] = None,
                 on_audio: Optional[Callable] = None) -> None:
        self.feature_set = feature_set
        self.troubles = troubles or Troubles()
        self.frame_id = ''
        self.start_ns: Optional[int] = None
        self.format_trouble = ''
        self.took_audio = False
        self._intake = AudioIntake(feature_set, channel, stamp_tolerance_s)
        self._timeout_ns = round(no_audio_timeout_s * SECOND_NS)
        self._on_audio = on_audio
        self._waiting: List[AudioMessage] = []
        self._is_flowing = False

    @property
    def format(self) -> Optional[AudioFormat]:
        """Return the format of the audio; ``None`` before it is known."""
        return self._intake.format

    @property
    def channel_finding(self) -> str:
        """Return what was found out about the channels, one sentence; '' while all are mixed."""
        return self._intake.mixer.finding if self._intake.mixer is not None else ''

    def take_news(self) -> List[str]:
        """Return what was found out about the channels since the last call, sentences."""
        news = self._intake.mixer.take_news() if self._intake.mixer is not None else ''
        return [news] if news else []

    @property
    def level_dbfs(self) -> float:
        """Return the level of the newest block, −120 to 0; −120 while no audio arrives."""
        return self._intake.level_dbfs if self._is_flowing else SILENCE_DBFS

    @property
    def is_flowing(self) -> bool:
        """Return whether audio arrived within the timeout, as far as was told."""
        return self._is_flowing

    def figures(self) -> Dict[str, int]:
        """Return what was mended in silence since the start."""
        return self._intake.figures()

    def on_format(self, message: FormatMessage) -> List[StampedFrames]:
        """Take what `audio_info` says; return frames that became complete by it."""
        if message.format is None:
            # What can't be true says nothing; what can (mp3 at 44,100 Hz) means that the audio
            # to come is not what it was.
            if self.format is None or message.possible:
                self.format_trouble = message.trouble
                self._waiting.clear()
            self.troubles.report('undecodable_format', message.trouble)
            return []
        self.format_trouble = ''
        frames = self._noting(lambda: self._intake.set_format(message.format))
        waiting, self._waiting = self._waiting, []
        for audio in waiting:
            frames += self._hear(audio)
        return frames

    def on_audio(self, message: AudioMessage) -> List[StampedFrames]:
        """Take a block of samples; return the frames that it completes."""
        self.took_audio = False
        if self.format_trouble:
            self.troubles.count('undecodable')
            return []
        if self.format is None:
            self._wait_for_format(message)
            return []
        return self._hear(message)

    def on_silence(self, silent_ns: Optional[int]) -> None:
        """
        Note for how long no audio has arrived.

        Nothing is forgotten: what comes next may only be late, and its stamp says whether it goes
        on where this ended.

        :param silent_ns: time since the last message; ``None`` if there was none.
        """
        if self._is_flowing and (silent_ns is None or silent_ns > self._timeout_ns):
            self._is_flowing = False
            self.troubles.report('no_audio', 'no audio arrives any more')

    def finish(self) -> List[StampedFrames]:
        """Return the frames that the end of a recording still owes."""
        return self._intake.finish()

    def forget(self) -> None:
        """Forget stream and format: what comes next may be of another kind."""
        self._intake.forget()
        self._waiting.clear()
        self.format_trouble = ''
        self._is_flowing = False

    def _wait_for_format(self, message: AudioMessage) -> None:
        self._waiting.append(message)
        if len(self._waiting) > MOST_WAITING:
            self._waiting.pop(0)
            self.troubles.count('dropped_without_format')
        self.troubles.report('without_format',
                             'audio arrives, waiting for its format on audio_info')

    def _hear(self, message: AudioMessage) -> List[StampedFrames]:
        try:
            frames = self._noting(lambda: self._intake.hear(message.stamp_ns, message.data))
        except ValueError as error:
            self.troubles.report('undecodable', str(error))
            return []
        self._is_flowing = self.took_audio = True
        self.frame_id = message.frame_id
        if self.start_ns is None:
            self.start_ns = message.stamp_ns
        if self._on_audio is not None and self._intake.used_samples is not None:
            self._on_audio(message.stamp_ns, self._intake.used_samples, self.format.sample_rate)
        return frames

    def _noting(self, step: Callable[[], List[StampedFrames]]) -> List[StampedFrames]:
        """Take a step of the intake; note the breaks and drops that it counts."""
        before = self._intake.counts.copy()
        frames = step()
        for kind, count in (self._intake.counts - before).items():
            if kind == 'samples_lost':
                self.troubles.count(kind, count)
            else:
                self.troubles.report(kind, f'audio_stamped is not continuous: {kind}')
        return frames
