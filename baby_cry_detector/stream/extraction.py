# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What becomes of each message of an audio topic: the state machine of `feature_extractor`.

Pure: times come in with the messages. The node, bags, recordings and the commands all run it, so
that what was recorded gives the answer that the graph gave.
"""

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Callable, Dict, List, Optional, Sequence
import zlib

from baby_cry_detector.audio.channels import AUTO, Choice
from baby_cry_detector.audio.echo.own_sound import OwnSound
from baby_cry_detector.audio.errors import AudioFormatError
from baby_cry_detector.audio.formats import AudioFormat
from baby_cry_detector.audio.messages import AudioMessage, FormatMessage
from baby_cry_detector.audio.motion_noise import MotionNoise
from baby_cry_detector.features import FeatureSet
from baby_cry_detector.stream.arrival.dropped import DroppedBlock, DroppedBlocks, joined
from baby_cry_detector.stream.arrival.elapsed import CLOCK_SET_NS, Elapsed
from baby_cry_detector.stream.arrival.stamp_verdicts import PACE
from baby_cry_detector.stream.intake import AudioIntake, SILENCE_DBFS, StampedFrames
from baby_cry_detector.stream.reception import Reception
from baby_cry_detector.stream.troubles import Troubles
from baby_cry_detector.stream.verdict import ERROR, Verdict
from baby_cry_detector.units import SECOND_NS
import numpy as np

# Audio that arrives before its format waits for it; this many messages, then the oldest go.
MOST_WAITING = 500
STAMP_TOLERANCE_S = 0.04
STREAM_END_S = 1.0
# While what arrives is not to be trusted it is said at least so often.
NOTICE_NS = 200_000_000
# Where nothing comes for longer nothing was lost: nobody sent it.
PAUSE_NS = SECOND_NS
# What is wrong with these was wrong from the beginning, however late it was found.
WRONG_THROUGHOUT = (PACE, 'byte_order')
# What the intake counts that is no break or drop.
NO_BREAKS = ('samples_lost', 'format_change')
# How files begin that somebody may send whole.
FILES = (b'RIFF', b'OggS', b'fLaC', b'FORM', b'caff')
NO_FORMAT = ('audio arrives, but audio_info, which says its format, never came: let the publisher '
             'latch it (transient local)')


class Extraction:
    """
    One audio topic's messages → stamped frames.

    :param feature_set: what to compute.
    :param channel: ``'auto'``, ``'mix'`` or the number of a channel; see `ChannelMixer`.
    :param stamp_tolerance_s: jitter of the stamps that still counts as continuous.
    :param no_audio_timeout_s: silence of the topic that is reported.
    :param troubles: told what goes wrong.
    :param floors_db: what `Ear.kept` returned in a process before this one.
    :param on_audio: called with each block that counts: ``(stamp_ns, samples, sample_rate)``,
        mono float64 samples at the topic's own rate.
    :ivar frame_id: of the newest audio.
    :ivar start_ns: stamp of the first audio that was used; ``None`` before it.
    :ivar remarks: each judgement that was made, by kind, with its newest sentence.
    :ivar reception: judges what arrives.
    :ivar own_sound: what the robot itself plays, which is taken out of what is heard.
    :ivar own_motion: how it moves, and the noise of that, which is made softer.
    :ivar used_ns: how much audio was heard.
    :ivar lost_ns: how much was lost on the way or could not be used; pauses are not.
    :ivar has_learnt: whether the ear knows more than it did; whoever keeps it sets it back.
    :ivar format_trouble: why the audio can't be decoded, one sentence; '' if it can.
    """

    def __init__(self, feature_set: FeatureSet, channel: Choice = AUTO,
                 stamp_tolerance_s: float = STAMP_TOLERANCE_S,
                 no_audio_timeout_s: float = STREAM_END_S,
                 troubles: Optional[Troubles] = None, floors_db: Sequence[float] = (),
                 on_audio: Optional[Callable[..., object]] = None) -> None:
        self.feature_set = feature_set
        self.troubles = troubles or Troubles()
        self.frame_id = ''
        self.start_ns: Optional[int] = None
        self._elapsed = Elapsed()
        self.format_trouble = ''
        self.reception = Reception(stamp_tolerance_s, floors_db)
        self.has_learnt = False
        self.own_sound, self.own_motion = OwnSound(), MotionNoise()
        self._intake = AudioIntake(feature_set, channel, stamp_tolerance_s,
                                   self.own_sound.canceller, self.own_motion)
        self.hop_ns = feature_set.hop_length * SECOND_NS // feature_set.sample_rate
        self._timeout_ns = round(no_audio_timeout_s * SECOND_NS)
        self._on_audio = on_audio
        self._waiting: List[AudioMessage] = []
        self._is_flowing = False
        self._told_kind = ''
        self.remarks: Dict[str, str] = {}
        self._noticed_ns: Optional[int] = None
        self._newest = (0, 0)                  # end of the newest frames, and their arrival
        self.used_ns = self.lost_ns = 0
        self._dropped = DroppedBlocks()
        self._arrived_ns: Optional[int] = None
        self._is_other_clock = False           # than told when what came before was captured

    @property
    def verdict(self) -> Verdict:
        """Return what is to be said of the audio that arrives."""
        if self.format_trouble:
            return Verdict(ERROR, 'format', self.format_trouble, False)
        return self.reception.verdict

    @property
    def format(self) -> Optional[AudioFormat]:  # noqa: A003  # what it is called everywhere else
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
        useful = self._is_flowing and not self.reception.is_useless
        return self._intake.level_dbfs if useful else SILENCE_DBFS

    @property
    def is_flowing(self) -> bool:
        """Return whether audio arrived within the timeout, as far as was told."""
        return self._is_flowing

    def figures(self) -> Dict[str, int]:
        """Return what was mended in silence since the start."""
        return self._intake.figures()

    def on_format(self, message: FormatMessage) -> List[StampedFrames]:
        """Take what `audio_info` says; return frames that became complete by it."""
        audio_format = message.format
        if audio_format is None:
            # What can't be true says nothing; what can (mp3 at 44,100 Hz) means that the audio
            # to come is not what it was.
            if self.format is None or message.possible:
                self.format_trouble = message.trouble
                self._waiting.clear()
            self.troubles.report('undecodable_format', message.trouble)
            return []
        self.format_trouble = ''
        if self.format is not None and audio_format != self.format:
            self.reception.stamps.reset()
            self._dropped.clear()
            self.reception.on_other_format(
                message.arrival_ns, f'{audio_format.sample_rate} Hz, {audio_format.channels} ch, '
                f'{audio_format.sample_format}')
        frames = self._noting(lambda: self._intake.set_format(audio_format))
        waiting, self._waiting = self._waiting, []
        for audio in waiting:
            frames += self._extract(audio, audio_format)
        return self._judged(frames, message.arrival_ns)

    def on_audio(self, message: AudioMessage) -> List[StampedFrames]:
        """
        Take a block of samples; return the frames that it completes.

        Where the audio is not to be trusted, frames carry the reason; where there are none, one
        without rows says so now and then.
        """
        self._is_flowing = True
        frames = []
        useless_ns = self._useless_ns(message.arrival_ns)
        if self.format_trouble:
            self.lost_ns += useless_ns
            self.troubles.count('undecodable')
        elif self.format is None:
            self._wait_for_format(message)
        else:
            frames = self._extract(message, self.format, useless_ns)
        return self._judged(frames, message.arrival_ns)

    def on_own_format(self, name: str, message: FormatMessage) -> None:
        """Take the format of what a loudspeaker of the robot plays."""
        self.own_sound.on_format(name, message)
        if self.own_sound.trouble:
            self.troubles.report('own_sound', self.own_sound.trouble)

    def on_probability(self, cry_probability: float) -> None:
        """Take what the classifier says: while somebody cries little is learned of the rest."""
        self.own_sound.on_probability(cry_probability)
        self.own_motion.on_probability(cry_probability)

    def on_own_sound(self, name: str, message: AudioMessage) -> None:
        """Take what a loudspeaker of the robot plays, by the topic's name."""
        trouble = self.own_sound.on_audio(name, message)
        if trouble:
            self.troubles.report('own_sound', trouble)

    def on_silence(self, silent_ns: Optional[int]) -> None:
        """
        Note for how long no audio has arrived.

        Nothing is forgotten: what comes next may only be late, and its stamp says whether it goes
        on where this ended.

        :param silent_ns: time since the last message; ``None`` if there was none.
        """
        if self._is_flowing and (silent_ns is None or silent_ns > self._timeout_ns):
            self._is_flowing = False
            self.reception.on_silence()
            self.troubles.report('no_audio', 'no audio arrives any more')

    def finish(self) -> List[StampedFrames]:
        """Return the frames that the end of a recording still owes, judged by all there is."""
        frames = []
        if self.reception.stamps.finish() and self.format is not None:
            frames = self._other_times() + self._hear_dropped(self.format)
        self.reception.byte_order.finish()
        return self._judged(frames + self._intake.finish(), self._arrived_ns or 0)

    @property
    def failure(self) -> str:
        """Return why a recording that has ended was not heard as a whole; '' if it was."""
        verdict = self.verdict
        if verdict.kind in WRONG_THROUGHOUT and not verdict.trusted:
            return verdict.sentence
        if self.lost_ns <= self.used_ns:
            return ''
        return (f'more of its audio was lost or could not be used '
                f'({self.lost_ns / SECOND_NS:.1f} s) than was heard '
                f'({self.used_ns / SECOND_NS:.1f} s)')

    def forget(self) -> None:
        """Forget stream and format: what comes next may be of another kind."""
        self._intake.forget()
        self._waiting.clear()
        self._dropped.clear()
        self.format_trouble = ''
        self._is_flowing = False
        self.reception.forget()

    def _wait_for_format(self, message: AudioMessage) -> None:
        self._waiting.append(message)
        if len(self._waiting) > MOST_WAITING:
            self._waiting.pop(0)
            self.troubles.count('dropped_without_format')
        self.troubles.report('without_format',
                             'audio arrives, waiting for its format on audio_info')
        self.reception.on_useless(message.arrival_ns, 'no_format', NO_FORMAT)

    def _useless_ns(self, arrival_ns: int) -> int:
        """Return how much audio a message stands for of which nothing can be used."""
        before_ns, self._arrived_ns = self._arrived_ns, arrival_ns
        since_ns = 0 if before_ns is None else max(0, arrival_ns - before_ns)
        return since_ns if since_ns <= PAUSE_NS else 0

    def _extract(self, message: AudioMessage, audio_format: AudioFormat,
                 useless_ns: int = 0) -> List[StampedFrames]:
        stamps = self.reception.stamps
        size, digest = memoryview(message.data).nbytes, zlib.crc32(message.data)
        count, rate = size // audio_format.bytes_per_frame, audio_format.sample_rate
        whole = count and not size % audio_format.bytes_per_frame
        stamp_ns = stamps.time_of(message.arrival_ns, message.stamp_ns, count, rate,
                                  audio_format.channels) if whole else message.stamp_ns
        breaks = self._breaks()
        try:
            _check_no_file(message.data)
            frames = self._noting(lambda: self._intake.hear(stamp_ns, message.data))
        except ValueError as error:
            self.lost_ns += useless_ns
            self.troubles.report('undecodable', str(error))
            self.reception.on_useless(message.arrival_ns, 'undecodable',
                                      f'nothing that arrives can be decoded: {error}')
            return []
        if not count:
            self.lost_ns += useless_ns
            self.reception.on_useless(message.arrival_ns, 'empty',
                                      'messages arrive without a single sample')
            return frames
        are_others = stamps.note(self._breaks() > breaks, digest)
        if are_others:
            frames += self._other_times()
        self._note_block(message, stamp_ns, count, digest, audio_format)
        if are_others:
            frames += self._hear_dropped(audio_format)
        return frames

    def _other_times(self) -> List[StampedFrames]:
        """End what was heard by the times that are no longer used; return what it owes."""
        frames = self._intake.finish()
        self._intake.tolerate(self.reception.stamps.tolerance_s)
        self._is_other_clock = True
        return frames

    def _hear_dropped(self, audio_format: AudioFormat) -> List[StampedFrames]:
        """Hear what was dropped by its stamps, by the times that are used now."""
        stamps, frames = self.reception.stamps, []
        for message, duration_ns, is_copy in self._dropped.take(stamps.stand):
            count = memoryview(message.data).nbytes // audio_format.bytes_per_frame
            stamp_ns = stamps.time_of(message.arrival_ns, message.stamp_ns, count,
                                      audio_format.sample_rate, audio_format.channels)
            self.troubles.count('duplicate', -1)
            self.lost_ns -= 0 if is_copy else duration_ns
            frames += self._noting(partial(self._intake.hear, stamp_ns, message.data))
            self._note_block(message, stamp_ns, count, zlib.crc32(message.data), audio_format)
        return joined(frames)

    def _note_block(self, message: AudioMessage, stamp_ns: int, count: int, digest: int,
                    audio_format: AudioFormat) -> None:
        """Take what became of a block: heard, or dropped."""
        samples, pcm = self._intake.used_samples, self._intake.used_frames
        rate = audio_format.sample_rate
        duration_ns = count * SECOND_NS // rate
        if samples is None:
            is_copy = self.reception.stamps.is_copy
            self._dropped.add(DroppedBlock(message, duration_ns, is_copy))
            self.lost_ns += 0 if is_copy else duration_ns
        else:
            self._dropped.clear()
            self.used_ns += duration_ns
            self._elapsed.note(stamp_ns, stamp_ns + duration_ns,
                               PAUSE_NS if self._is_other_clock else CLOCK_SET_NS)
            self._is_other_clock = False
        self.has_learnt |= self.reception.on_used(samples, rate, digest, message.arrival_ns)
        if pcm is not None:
            self.reception.byte_order.update(pcm[:, 0], audio_format)
        self.frame_id = message.frame_id
        if self.start_ns is None:
            self.start_ns = stamp_ns
        if self._on_audio is not None and samples is not None:
            self._on_audio(stamp_ns, samples, rate)

    def since_start(self, time_ns: int) -> int:
        """Return how long after the first audio a time is, whatever clocks were set meanwhile."""
        return self._elapsed.since_start(time_ns)

    def _breaks(self) -> int:
        counts = self._intake.counts
        if not counts:
            return 0
        return sum(counts.values()) - sum(counts[kind] for kind in NO_BREAKS)

    def _judged(self, frames: List[StampedFrames], arrival_ns: int) -> List[StampedFrames]:
        """Return the frames with what is wrong with them; a notice where there are none."""
        verdict = self.verdict
        if verdict.kind != self._told_kind:
            self._told_kind = verdict.kind
            if verdict.kind:
                self.troubles.report(verdict.kind, verdict.sentence)
                self.remarks[verdict.kind] = verdict.sentence
        if frames:
            newest = frames[-1]
            self._newest = (newest.start_ns + len(newest.values) * self.hop_ns, arrival_ns)
        if verdict.trusted:
            self._noticed_ns = None
            return frames
        frames = [replace(part, trouble=verdict.sentence) for part in frames]
        if frames:
            self._noticed_ns = arrival_ns
        elif self._noticed_ns is None or not 0 <= arrival_ns - self._noticed_ns < NOTICE_NS:
            self._noticed_ns = arrival_ns
            end_ns, then_ns = self._newest
            start_ns = end_ns + max(0, arrival_ns - then_ns) if end_ns else arrival_ns
            frames = [StampedFrames(0, start_ns, np.empty((0, len(self.feature_set.columns))),
                                    verdict.sentence)]
        return frames

    def _noting(self, step: Callable[[], List[StampedFrames]]) -> List[StampedFrames]:
        """Take a step of the intake; note the breaks and drops that it counts."""
        counts = self._intake.counts
        before = counts.copy() if counts else Counter()
        frames = step()
        if counts == before:
            return frames
        for kind, count in (self._intake.counts - before).items():
            if kind == 'samples_lost':
                self.troubles.count(kind, count)
                lost_ns = count * SECOND_NS // self.format.sample_rate if self.format else 0
                self.lost_ns += lost_ns if lost_ns <= PAUSE_NS else 0
            else:
                self.troubles.report(kind, f'audio_stamped is not continuous: {kind}')
        return frames


def _check_no_file(data: bytes) -> None:
    """Raise `AudioFormatError` if a message's bytes are a file of their own, header and all."""
    if bytes(data[:4]) in FILES:
        raise AudioFormatError(f'each message is a file of its own ({bytes(data[:4]).decode()}): '
                               'expected samples alone')
