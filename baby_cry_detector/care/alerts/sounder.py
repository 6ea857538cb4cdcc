# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The local sounder: made tones through the loudspeaker, the more of them the more it matters.

The tones are not those of medical alarms, and this is none.
"""

import os
from typing import Optional

import numpy as np

from baby_cry_detector.care.alerts.channel import Sender, Undelivered
from baby_cry_detector.care.alerts.alert_words import Said
from baby_cry_detector.needs import END, HIGH, MEDIUM

RATE = 48_000
# Frequency in Hz and number of pulses; each 0.18 s with 0.12 s between them.
TONES = {0: (523.0, 1), 1: (523.0, 2), MEDIUM: (659.0, 3), HIGH: (880.0, 6)}
PULSE_S, PAUSE_S, RAMP_S = 0.18, 0.12, 0.02
# A tone that was not played in time helps nobody.
STALE_S = 15.0


def tone(priority: int, volume_dbfs: float) -> np.ndarray:
    """
    Return the tone of a priority, int16 at 48 kHz, mono.

    :param volume_dbfs: of its peak, at most 0.
    """
    frequency_hz, pulses = TONES[priority]
    time_s = np.arange(round(PULSE_S * RATE)) / RATE
    ramp = np.minimum(1.0, np.minimum(time_s, time_s[::-1]) / RAMP_S)
    # A little of the octave, so that it is found in a room.
    pulse = (0.8 * np.sin(2 * np.pi * frequency_hz * time_s)
             + 0.2 * np.sin(4 * np.pi * frequency_hz * time_s)) * ramp
    one = np.concatenate((pulse, np.zeros(round(PAUSE_S * RATE))))
    peak = 10.0 ** (min(0.0, volume_dbfs) / 20.0)
    return np.rint(32767 * peak * np.tile(one, pulses) / np.abs(one).max()).astype(np.int16)


class _QuietStderr:
    """Keeps what ALSA writes while devices are opened off the terminal."""

    def __enter__(self):
        self._null = os.open(os.devnull, os.O_WRONLY)
        self._saved = os.dup(2)
        os.dup2(self._null, 2)

    def __exit__(self, *_):
        os.dup2(self._saved, 2)
        os.close(self._saved)
        os.close(self._null)


class Sounder(Sender):
    """
    Plays a tone for each loud word.

    :param device: part of the loudspeaker's name; ``''`` for the default one.
    :param volume_dbfs: of the highest priority's peak; lower ones are 6 dB softer each.
    :raises ValueError: if PyAudio is missing.
    """

    name = 'sounder'
    keeps = False                      # a tone that is late tells nothing

    def __init__(self, device: str = '', volume_dbfs: float = -6.0):
        """Look for nothing yet: a loudspeaker may be plugged in later."""
        try:
            import pyaudio
        except ImportError:
            raise ValueError('the sounder needs PyAudio: install python3-pyaudio (apt)') from None
        self._pyaudio = pyaudio
        self._device = device
        self._volume_dbfs = volume_dbfs

    def wants(self, said: Said) -> bool:
        """Only what is loud; an end makes no noise."""
        return said.loud and said.state != END

    def _find(self, audio) -> Optional[int]:
        if not self._device:
            return None
        names = []
        for index in range(audio.get_device_count()):
            info = audio.get_device_info_by_index(index)
            if info['maxOutputChannels'] > 0:
                names.append(info['name'])
                if self._device.lower() in info['name'].lower():
                    return index
        raise Undelivered(f'no loudspeaker is called {self._device!r}; there '
                          + (f'are: {", ".join(names)}' if names else 'is none'))

    def send(self, said: Said, late_s: float) -> None:
        """Play, unless it is too late for that."""
        if late_s > STALE_S:
            return
        volume_dbfs = self._volume_dbfs - 6.0 * (HIGH - max(1, said.priority))
        pcm = tone(said.priority, volume_dbfs)
        audio = None
        try:
            with _QuietStderr():
                # PortAudio finds what was plugged in later only when it starts anew.
                audio = self._pyaudio.PyAudio()
                stream = audio.open(RATE, 1, self._pyaudio.paInt16, output=True,
                                    output_device_index=self._find(audio))
            stream.write(pcm.tobytes())
            stream.stop_stream()
            stream.close()
        except Undelivered:
            raise
        except (OSError, SystemError, ValueError) as error:
            raise Undelivered(f'no sound: the loudspeaker does not open ({error})') from None
        finally:
            if audio is not None:
                audio.terminate()
