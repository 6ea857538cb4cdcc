# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the robot's loudspeakers play, from messages to the canceller: `own_sound` of the graph.

Pure: times come in with the messages. Nothing that arrives here stops the hearing: what can't be
used is said, and the microphone is heard as it is.
"""

from typing import Dict, Optional, Tuple

from baby_cry_detector.audio.echo.canceller import EchoCanceller
from baby_cry_detector.audio.formats import AudioFormat, PCM16_SCALE
from baby_cry_detector.audio.messages import AudioMessage, FormatMessage
from baby_cry_detector.audio.resampler import StreamingResampler
from baby_cry_detector.units import SECOND_NS
import numpy as np

RATE = 16_000
MOST_CHANNELS = 2              # of one loudspeaker's sound; more are mixed
LONGEST_BLOCK_S = 5.0
#: A stamp so far from what the microphone gave last says nothing: it sounds now.
MOST_AWAY_S = 5.0
#: The probability of crying from which on the path is learned so much more slowly.
CRYING, CAUTION = 0.5, 4.0


class _Source:
    """One topic: its format, and the resampler of each channel."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self.format = audio_format
        self.channels = audio_format.channels if audio_format.channels <= MOST_CHANNELS else 1
        self._resamplers = [StreamingResampler(audio_format.sample_rate, RATE)
                            for _ in range(self.channels)]
        self._received = self._sent = 0

    def take(self, stamp_ns: int, data: bytes) -> Tuple[int, np.ndarray]:
        """Return (stamp of the first, ``(channels, n)`` samples at 16 kHz) that are complete."""
        frames = self.format.frames(data) / PCM16_SCALE
        if len(frames) > LONGEST_BLOCK_S * self.format.sample_rate:
            raise ValueError(f'expected blocks of at most {LONGEST_BLOCK_S:g} s')
        channels = (frames.T if self.channels == self.format.channels
                    else frames.mean(axis=1)[None, :])
        out = np.stack([resampler.process(channel)
                        for resampler, channel in zip(self._resamplers, channels)])
        # Output k is at k / 16000 of the same time in which input n is at n / its rate.
        behind = self._received * RATE - self._sent * self.format.sample_rate
        first_ns = stamp_ns - round(behind * SECOND_NS / (RATE * self.format.sample_rate))
        self._received += len(frames)
        self._sent += out.shape[1]
        return first_ns, out


class OwnSound:
    """
    The references of one microphone.

    :ivar canceller: what takes them out.
    :ivar trouble: why a reference can't be used, one sentence; '' if all can.
    """

    def __init__(self) -> None:
        self.canceller = EchoCanceller()
        self.trouble = ''
        self._sources: Dict[str, Optional[_Source]] = {}

    def on_format(self, name: str, message: FormatMessage) -> None:
        """Take what `own_sound_info` says of the sound to come."""
        source = self._sources.get(name)
        if message.format is None:
            self._sources[name], self.trouble = None, f'{name}: {message.trouble}'
        elif source is None or source.format != message.format:
            self._sources[name], self.trouble = _Source(message.format), ''

    def on_audio(self, name: str, message: AudioMessage) -> str:
        """Take what is played; return why it can't be used, '' if it can."""
        source = self._sources.get(name)
        if source is None:
            self.trouble = self.trouble or f'{name} arrives without {name}_info, its format'
            return self.trouble
        stamp_ns = message.stamp_ns
        newest_ns = self.canceller.newest_ns or stamp_ns
        if abs(stamp_ns - newest_ns) > MOST_AWAY_S * SECOND_NS:
            stamp_ns = newest_ns
        try:
            first_ns, samples = source.take(stamp_ns, message.data)
            self.canceller.play(name, first_ns, samples)
        except ValueError as error:
            self.trouble = f'{name}: {error}'
        else:
            self.trouble = ''
        return self.trouble

    def on_probability(self, cry_probability: float) -> None:
        """Take what the detector thinks: while somebody cries the path is learned slowly."""
        self.canceller.caution = CAUTION if cry_probability >= CRYING else 1.0

    def figures(self) -> Dict[str, str]:
        """Return what there is to say of the references; empty without one."""
        figures = self.canceller.figures()
        if self.trouble:
            figures['own_sound_trouble'] = self.trouble
        return figures
