# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What plays now: one sound, faded in, timed, faded out, through the limiter; silence otherwise.

Pure: it is asked for the next samples and knows no clock, device or topic. Time is what was
rendered.
"""

from dataclasses import dataclass
from typing import List, Optional

from baby_cry_detector.audio.loudness.limiter import LevelLimiter, LimitedBlock
from baby_cry_detector.care.sound.comfort_sounds import SoundStream
import numpy as np

SHORTEST_FADE_S = 0.05         # a click is no way to end
CROSSFADE_S = 1.0
MOST_ENDING, MOST_VOICES = 2, 8


@dataclass
class _Voice:
    """A sound on its way, with an envelope that moves between levels along a raised cosine."""

    name: str
    stream: SoundStream
    gain: float
    remaining: Optional[int]           # samples until it has to be silent; None: endless
    fade_out: int                      # samples
    start: float = 0.0                 # envelope at the beginning of the present fade
    goal: float = 1.0
    length: int = 1                    # of the present fade
    done: int = 0

    @property
    def envelope(self) -> float:
        part = min(1.0, self.done / self.length)
        return self.start + (self.goal - self.start) * 0.5 * (1.0 - float(np.cos(np.pi * part)))

    @property
    def is_ending(self) -> bool:
        return self.goal == 0.0

    @property
    def is_over(self) -> bool:
        return self.is_ending and self.done >= self.length

    def fade_to(self, goal: float, length: int) -> None:
        self.start, self.goal, self.length, self.done = self.envelope, goal, max(1, length), 0

    def render(self, count: int) -> np.ndarray:
        """Return the next samples, with what ends within them ended."""
        if self.remaining is None or self.is_ending:
            return self._faded(count)
        before = max(0, min(count, self.remaining - self.fade_out))
        parts = [self._faded(before)]
        self.remaining -= before
        if before < count:
            self.fade_to(0.0, self.fade_out)
            parts.append(self._faded(count - before))
        return np.concatenate(parts)

    def _faded(self, count: int) -> np.ndarray:
        part = np.minimum(1.0, (self.done + 1 + np.arange(count)) / self.length)
        envelope = self.start + (self.goal - self.start) * 0.5 * (1.0 - np.cos(np.pi * part))
        self.done += count
        return self.stream.take(count) * envelope * self.gain


class SoundEngine:
    """
    Plays streams, one at a time, at a level, for a time.

    :param sample_rate: in Hz.
    :param cap_dbfs: most that may come out, in dBFS(A); see `LevelLimiter`.
    """

    def __init__(self, sample_rate: int, cap_dbfs: float) -> None:
        self.sample_rate = int(sample_rate)
        self.limiter = LevelLimiter(self.sample_rate, cap_dbfs)
        self.trouble = ''              # why the last sound ended before its time
        self._voices: List[_Voice] = []

    @property
    def playing(self) -> str:
        """Return the name of the sound that plays and is not being ended; '' if none does."""
        return next((voice.name for voice in self._voices if not voice.is_ending), '')

    @property
    def is_silent(self) -> bool:
        """Return whether nothing is left to be heard."""
        return not self._voices

    def start(self, name: str, stream: SoundStream, gain: float, fade_in_s: float,
              duration_s: Optional[float], fade_out_s: float) -> None:
        """
        Begin a sound; another one that plays is faded out meanwhile.

        :param gain: factor for its samples.
        :param duration_s: until it is silent again, fades included; ``None`` for "until stopped".
        """
        self.stop(CROSSFADE_S)
        for voice in self._voices[:-MOST_ENDING]:      # somebody is playing with the button
            voice.fade_to(0.0, round(SHORTEST_FADE_S * self.sample_rate))
        del self._voices[:-MOST_VOICES]
        fade_in, fade_out = (max(SHORTEST_FADE_S, fade_s) for fade_s in (fade_in_s, fade_out_s))
        remaining = None
        if duration_s is not None:
            remaining = round(max(0.0, duration_s) * self.sample_rate)
            fade_out = min(fade_out, max(SHORTEST_FADE_S, 0.5 * duration_s))
        voice = _Voice(name, stream, float(gain), remaining, round(fade_out * self.sample_rate))
        voice.length = round(fade_in * self.sample_rate)
        self._voices.append(voice)
        self.trouble = ''

    def stop(self, fade_s: float) -> None:
        """Fade out whatever plays; a fade-out that would be done sooner is left to it."""
        length = max(1, round(max(SHORTEST_FADE_S, fade_s) * self.sample_rate))
        for voice in self._voices:
            if not voice.is_ending or voice.length - voice.done > length:
                voice.fade_to(0.0, length)

    def render(self, blocks: int) -> LimitedBlock:
        """Return the next samples: ``blocks`` times the limiter's block of 10 ms."""
        count = blocks * self.limiter.block_size
        mixed = np.zeros(count)
        for voice in list(self._voices):
            try:
                mixed += voice.render(count)
            except (ValueError, OSError) as error:     # a file that turns out to be damaged
                self.trouble = f'{voice.name}: {error}'
                self._voices.remove(voice)
        self._voices = [voice for voice in self._voices if not voice.is_over]
        return self.limiter.process(mixed)
