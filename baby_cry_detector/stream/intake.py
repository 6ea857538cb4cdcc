# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
From blocks of samples to stamped frames: the samples' part of `extraction`.

Decodes, follows the stamps, resamples to the feature set's rate, takes out what the robot itself
plays and how it sounds when it moves, and extracts. Continuity is judged before anything is heard:
a short gap is bridged, and after a break the frames of the old stretch are completed, and the new
one starts with fresh state at frame 0.
"""

from collections import Counter
from dataclasses import dataclass
import math
from typing import Dict, List, Optional, Union

from baby_cry_detector.audio.channels import AUTO, ChannelMixer, Choice, parse_choice
from baby_cry_detector.audio.continuity import StreamClock
from baby_cry_detector.audio.echo import EchoCanceller
from baby_cry_detector.audio.formats import AudioFormat, from_pcm16, PCM16_SCALE, to_pcm16
from baby_cry_detector.audio.motion_noise import MotionNoise
from baby_cry_detector.audio.resampler import StreamingResampler
from baby_cry_detector.features import FeatureSet, StreamingExtractor
from baby_cry_detector.units import SECOND_NS
import numpy as np

SILENCE_DBFS = -120.0
LONGEST_BLOCK_S = 60.0
# Each start anew is deaf for as long as a descriptor looks around: of blocks of 20 ms a fifth lost
# hid five of seven recorded cries, and so bridged half of them hides none.
BRIDGED_S = 0.2
Cleaner = Union[EchoCanceller, MotionNoise]


@dataclass(frozen=True)
class StampedFrames:
    """
    Consecutive frames and when they were heard.

    :param first_frame: number of the first, counted from the last break in the audio.
    :param start_ns: capture time of its first sample.
    :param values: ``(n, F)`` float64; n = 0 only where there is a trouble to tell.
    :param trouble: why the audio is not to be trusted, a sentence; '' if it is.
    :param samples: int16, n hops from the first sample of the first frame on, mono at the feature
        set's rate; ``None`` where they did not come along.
    """

    first_frame: int
    start_ns: int
    values: np.ndarray
    trouble: str = ''
    samples: Optional[np.ndarray] = None


class AudioIntake:
    """
    One stream of audio messages.

    :param feature_set: what to compute.
    :param channel: ``'auto'``, ``'mix'`` or the number of a channel; see `ChannelMixer`.
    :param stamp_tolerance_s: jitter of the stamps that still counts as continuous.
    :param canceller: takes out what the robot itself plays; ``None``: nothing does.
    :param motion: makes the noise of its own motion softer; ``None``: nothing does.
    :ivar counts: breaks and drops by kind.
    :ivar used_samples: ``(n,)`` samples of the newest block at its own rate; ``None`` if it was
        not used.
    :ivar used_frames: ``(n, channels)`` int16 of the same.
    """

    def __init__(self, feature_set: FeatureSet, channel: Choice = AUTO,
                 stamp_tolerance_s: float = 0.04, canceller: Optional[EchoCanceller] = None,
                 motion: Optional[MotionNoise] = None):
        """Wait for a format."""
        self.feature_set = feature_set
        self.format: Optional[AudioFormat] = None
        self.counts: Counter[str] = Counter()
        self._newest = np.zeros(0)             # samples of the newest block
        self._before = np.zeros((0, 1), np.int16)      # the same before they were mixed
        self.used_samples: Optional[np.ndarray] = None
        self.used_frames: Optional[np.ndarray] = None
        self.channel = parse_choice(channel)
        self.mixer: Optional[ChannelMixer] = None
        self._clock = StreamClock(stamp_tolerance_s, BRIDGED_S)
        self._extractor = StreamingExtractor(feature_set)
        self._resampler: Optional[StreamingResampler] = None
        self._hop_ns = feature_set.hop_length * SECOND_NS // feature_set.sample_rate
        # One after the other; each with how many samples of this stretch it was given.
        self._cleaners: List[Cleaner] = [part for part in (canceller, motion) if part is not None]
        self._given = [0] * len(self._cleaners)
        self._next_frame = 0
        self._owed = np.zeros(0, np.int16)     # samples of frames that are not complete
        # Stamp that the next frame of this stretch should have; None before its first.
        self._next_start_ns: Optional[int] = None

    @property
    def level_dbfs(self) -> float:
        """Return the RMS level of the newest block, −120 to 0."""
        return level_dbfs(self._newest)

    def set_format(self, audio_format: AudioFormat) -> List[StampedFrames]:
        """
        Take the format of the blocks to come.

        :return: the frames that the old format still owed, if it changed in mid-stream.
        """
        if audio_format == self.format:
            return []
        frames = self.finish()
        if self.format is not None:
            self.counts['format_change'] += 1
        self.format, self.mixer = audio_format, None
        self._resampler = StreamingResampler(audio_format.sample_rate,
                                             self.feature_set.sample_rate)
        return frames

    def figures(self) -> Dict[str, int]:
        """Return what was mended in silence since the start, where anything was."""
        figures = {'slipped_samples': self._clock.slipped_samples,
                   'nonfinite_samples': self._extractor.nonfinite_samples}
        return {name: number for name, number in figures.items() if number}

    def hear(self, stamp_ns: int, data: bytes) -> List[StampedFrames]:
        """
        Take a block of 16-bit samples.

        :param stamp_ns: capture time of the first sample.
        :return: the frames that it completes; after a break also those that were owed before.
        :raises AudioFormatError: if the bytes are no whole number of frames.
        :raises ValueError: without a format, or if the block is absurdly long.
        """
        self.used_samples = self.used_frames = None
        if self.format is None:
            raise ValueError('expected audio_info before the audio')
        frames_in = self.format.frames(data)
        rate = self.format.sample_rate
        if self.mixer is None:
            self.mixer = ChannelMixer(self.format.channels, rate, self.channel)
        if not len(frames_in):
            return []
        if len(frames_in) > LONGEST_BLOCK_S * rate:
            raise ValueError(f'expected blocks of at most {LONGEST_BLOCK_S:g} s, '
                             f'got {len(frames_in) / rate:g} s')
        event = self._clock.update(stamp_ns, len(frames_in), rate)
        if event.dropped:
            self.counts[event.kind.value] += 1
            return []
        frames = []
        made = event.lost_samples if event.bridged else 0
        if event.breaks or made:
            self.counts[event.kind.value] += 1
            if event.lost_samples > 0:
                self.counts['samples_lost'] += event.lost_samples
        if event.breaks:
            frames = self._complete()
        if made:
            frames_in = np.concatenate((bridge(self._before, frames_in, made), frames_in))
        self._before = frames_in
        samples = self.mixer.process(frames_in) / PCM16_SCALE
        self._newest = self.used_samples = samples[made:]
        self.used_frames = frames_in[made:]
        ready = self._clean(self._resample(samples))
        as_it_came = ready is samples and self.format.channels == 1
        return frames + self._stamp(self._extract(ready, frames_in[:, 0] if as_it_came else None))

    def finish(self) -> List[StampedFrames]:
        """Complete the frames that are owed; the next block starts a new stretch."""
        frames = self._complete()
        self._clock.reset()
        return frames

    def tolerate(self, stamp_tolerance_s: float) -> None:
        """Judge stamps to come with another tolerance; after `finish`."""
        self._clock = StreamClock(stamp_tolerance_s, BRIDGED_S)

    def forget(self) -> None:
        """Forget stream and format: whatever is heard next may be of another kind."""
        self.finish()
        self.format = self._resampler = None
        self._newest = self._newest[:0]

    def _resample(self, samples: np.ndarray) -> np.ndarray:
        assert self._resampler is not None
        if self._resampler.is_identity:
            return samples
        return requantised(self._resampler.process(samples))

    def _clean(self, samples: np.ndarray) -> np.ndarray:
        """Return what is ready of the samples without what is the robot's own."""
        for number, cleaner in enumerate(self._cleaners):
            if not len(samples):
                break
            stamp_ns = self._clock.time_of(self._given[number], self.feature_set.sample_rate)
            self._given[number] += len(samples)
            samples = cleaner.process(stamp_ns, samples)
        return samples

    def _stamp(self, values: np.ndarray) -> List[StampedFrames]:
        """Return new frames, numbered and stamped by the clock as it is now."""
        if not len(values):
            return []
        first = self._next_frame
        start_ns = self._clock.time_of(first * self.feature_set.hop_length,
                                       self.feature_set.sample_rate)
        return [self._advance(first, start_ns, values)]

    def _advance(self, first: int, start_ns: int, values: np.ndarray) -> StampedFrames:
        self._next_frame = first + len(values)
        self._next_start_ns = start_ns + len(values) * self._hop_ns
        return StampedFrames(first, start_ns, values, samples=self._take_samples(len(values)))

    def _extract(self, samples: np.ndarray, pcm: Optional[np.ndarray] = None) -> np.ndarray:
        """Return rows of samples; ``pcm`` is what they were, where they were 16 bits."""
        self._owed = np.concatenate((self._owed, to_pcm16(samples) if pcm is None else pcm))
        return self._extractor.process(samples).values

    def _take_samples(self, n_frames: int) -> np.ndarray:
        """Return so many hops of what was extracted; silence where a stretch ended before."""
        size = n_frames * self.feature_set.hop_length
        taken, self._owed = self._owed[:size], self._owed[size:]
        return taken if len(taken) == size else np.pad(taken, (0, size - len(taken)))

    def _complete(self) -> List[StampedFrames]:
        """Return what the old stretch still owes, on its own time, and start anew."""
        frames = []
        if self._resampler is not None:
            tail = self._resampler.flush()
            tail = requantised(tail) if len(tail) else tail
            if self._cleaners:
                owed = [cleaner.flush() for cleaner in reversed(self._cleaners)]
                tail = np.concatenate((*owed, tail))
            parts = [self._extract(tail)] if len(tail) else []
            parts.append(self._extractor.flush().values)
            values = np.concatenate(parts)
            if len(values) and self._next_start_ns is not None:
                frames.append(self._advance(self._next_frame, self._next_start_ns, values))
        self._extractor.reset()
        self._owed = self._owed[:0]
        self._next_frame, self._given = 0, [0] * len(self._cleaners)
        self._next_start_ns = None
        return frames


def bridge(before: np.ndarray, after: np.ndarray, size: int) -> np.ndarray:
    """
    Return ``(size, channels)`` int16 for what was lost between two blocks.

    It is what they sound like: the mirror of one fades into that of the other.
    """
    left = np.pad(before, ((0, size), (0, 0)), 'symmetric')[len(before):]
    right = np.pad(after, ((size, 0), (0, 0)), 'symmetric')[:size]
    share = np.linspace(0.0, 1.0, size)[:, None]
    between: np.ndarray = np.rint(left * (1.0 - share) + right * share).astype(np.int16)
    return between


def requantised(samples: np.ndarray) -> np.ndarray:
    """Round resampled audio to 16 bits, as a recording read at another rate is."""
    return from_pcm16(to_pcm16(samples))


def level_dbfs(samples: np.ndarray) -> float:
    """Return 20 log10 of the RMS, at least −120; ``(n,)`` samples, full scale is 1."""
    power = float(np.mean(np.square(samples))) if len(samples) else 0.0
    return max(SILENCE_DBFS, 10.0 * math.log10(power)) if power > 0.0 else SILENCE_DBFS
