# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The local sounder: made tones through the loudspeaker, the more of them the more it matters.

The tones are not those of medical alarms, and this is none.
"""

import importlib.util

from baby_cry_detector.audio.devices.speaker_sink import SpeakerSink
from baby_cry_detector.audio.errors import SpeakerLost, SpeakerUnavailable
from baby_cry_detector.audio.formats import from_pcm16
from baby_cry_detector.audio.loudness.limiter import LevelLimiter
from baby_cry_detector.care.alerts.alert_words import Said
from baby_cry_detector.care.alerts.channels.channel import Sender, Undelivered
from baby_cry_detector.needs import END, HIGH, MEDIUM
import numpy as np

RATE = 48_000
# An alarm is louder than a lullaby, but has a limit too: no second of it is above this, dBFS(A).
CAP_DBFS = -9.0
# Frequency in Hz and number of pulses; each 0.18 s with 0.12 s between them.
TONES = {0: (523.0, 1), 1: (523.0, 2), MEDIUM: (659.0, 3), HIGH: (880.0, 6)}
PULSE_S, PAUSE_S, RAMP_S = 0.18, 0.12, 0.02


def tone(priority: int, volume_dbfs: float, rate: int = RATE) -> np.ndarray:
    """
    Return the tone of a priority, int16, mono.

    :param volume_dbfs: of its peak, at most 0.
    :param rate: in Hz.
    """
    frequency_hz, pulses = TONES[priority]
    time_s = np.arange(round(PULSE_S * rate)) / rate
    ramp = np.minimum(1.0, np.minimum(time_s, time_s[::-1]) / RAMP_S)
    # A little of the octave, so that it is found in a room.
    pulse = (0.8 * np.sin(2 * np.pi * frequency_hz * time_s)
             + 0.2 * np.sin(4 * np.pi * frequency_hz * time_s)) * ramp
    one = np.concatenate((pulse, np.zeros(round(PAUSE_S * rate))))
    peak = 10.0 ** (min(0.0, volume_dbfs) / 20.0)
    tone: np.ndarray = np.rint(32767 * peak * np.tile(one, pulses) / np.abs(one).max())
    return tone.astype(np.int16)


class Sounder(Sender):
    """
    Plays a tone for each loud word.

    :param device: part of the loudspeaker's name, or its index; ``''`` for the default one.
    :param volume_dbfs: of the highest priority's peak; lower ones are 6 dB softer each.
    :raises ValueError: if PyAudio is missing.
    """

    name = 'sounder'
    keeps = False
    oldest_s = 15.0                    # a tone that is late tells nothing

    def __init__(self, device: str = '', volume_dbfs: float = -6.0):
        """Look for nothing yet: a loudspeaker may be plugged in later."""
        if importlib.util.find_spec('pyaudio') is None:
            raise ValueError('the sounder needs PyAudio: install python3-pyaudio (apt)')
        self._device = device
        self._volume_dbfs = volume_dbfs

    def wants(self, said: Said) -> bool:
        """Only what is loud; an end makes no noise."""
        return said.loud and said.state != END

    def send(self, said: Said, late_s: float) -> None:
        """Play."""
        volume_dbfs = self._volume_dbfs - 6.0 * (HIGH - max(1, said.priority))
        sink = None
        try:
            # In a process of its own: a driver that hangs takes no alert along.
            sink = SpeakerSink(self._device, RATE)
            limiter = LevelLimiter(sink.sample_rate, CAP_DBFS)
            samples = from_pcm16(tone(said.priority, volume_dbfs, sink.sample_rate))
            samples = np.pad(samples, (0, -samples.size % limiter.block_size))
            for start in range(0, samples.size, limiter.block_size):
                sink.play(limiter.process(samples[start:start + limiter.block_size]))
        except (SpeakerUnavailable, SpeakerLost, OSError, ValueError) as error:
            raise Undelivered(f'no sound: {error}') from None
        finally:
            if sink is not None:
                sink.close()
