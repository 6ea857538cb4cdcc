# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The one way of sound to a loudspeaker: through the limiter, in a process of its own."""

from baby_cry_detector.audio.devices.speaker import Speaker
from baby_cry_detector.audio.loudness.limiter import LimitedBlock


class SpeakerSink:
    """
    A loudspeaker that takes nothing but what the limiter made.

    :param device: part of its name, its index, or '' for the default one.
    :param preferred_rate: rate in Hz that is tried first; `sample_rate` is what it became.
    :ivar latency_s: how long what was written takes to leave it, about.
    :raises SpeakerUnavailable: if it can't be opened.
    """

    def __init__(self, device: str, preferred_rate: int):
        """Open it."""
        self._speaker = Speaker(device, preferred_rate)
        self.sample_rate = self._speaker.sample_rate
        self.description = self._speaker.description
        self.latency_s = self._speaker.latency_s

    def play(self, block: LimitedBlock, is_silent: bool = False) -> None:
        """
        Play a block; silence too, so that a lost device is noticed before it is needed.

        :raises SpeakerLost: if the device went away or takes nothing any more.
        """
        if not isinstance(block, LimitedBlock):
            raise TypeError('a loudspeaker takes only what went through the limiter')
        self._speaker.write(block.pcm)

    def close(self) -> None:
        """Give the device back once it has played what it has."""
        self._speaker.close()

    def kill(self) -> None:
        """End the device's process, from any thread, without waiting for anything."""
        self._speaker.kill()
