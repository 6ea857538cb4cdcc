# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a node plays, as topics: `own_sound` beside its loudspeaker, `audio_out` in its place."""

from contextlib import contextmanager
from typing import List

from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.messages import (audio_message, AudioData, AudioDataStamped,
                                                 AudioInfo, info_message)
from baby_cry_detector.ros.base.ros_time import now_nanoseconds
import numpy as np

#: Of sound in a message of `own_sound`; and how far from what follows a block is that does not.
MESSAGE_NS, BURST_NS = 100_000_000, 500_000_000


class OwnSoundOutput:
    """
    The topics `own_sound` and `own_sound_info` of a node that plays.

    :param node: that owns them; made in its configure, and given back with it.
    """

    def __init__(self, node) -> None:
        self._node = node
        self._audio = node.offer(AudioDataStamped, 'own_sound', qos.stream(qos.depth_for()))
        self._info = node.offer(AudioInfo, 'own_sound_info', qos.LATCHED)
        self._rate = 0                         # that was told
        self._held: List[np.ndarray] = []      # blocks that were not told yet
        # When the first of them leaves, and the block to come.
        self._held_ns = self._next_ns = 0

    def begin(self) -> None:
        """Tell the format with the next block: nobody may have heard it before."""
        self._rate = 0
        self._held = []

    def tell(self, pcm, duration_s: float, latency_s: float, frame_id: str) -> None:
        """
        Tell a block, stamped by when it leaves the loudspeaker; from any thread.

        A loudspeaker takes blocks in bursts and plays them one after the other: they are stamped
        as it plays them. Some go together: a message costs its listener more than what is in it.

        :param pcm: int16 samples ``(n,)``, mono; silence within a sound as well.
        :param latency_s: from now until its first sample is heard, as far as is known.
        """
        rate = round(pcm.size / duration_s)
        leaves_ns = now_nanoseconds(self._node) + round(latency_s * 1e9)
        if rate != self._rate or abs(leaves_ns - self._next_ns) > BURST_NS:
            if self._held:
                self._publish(frame_id)
            self._next_ns = leaves_ns          # a sound begins
        if rate != self._rate:
            with _unless_ending(self._node):
                self._info.publish(info_message(rate))
            self._rate = rate
        if not self._held:
            self._held_ns = self._next_ns
        self._held.append(pcm)
        self._next_ns += round(duration_s * 1e9)
        if self._next_ns - self._held_ns >= MESSAGE_NS:
            self._publish(frame_id)

    def _publish(self, frame_id: str) -> None:
        held, self._held = np.concatenate(self._held), []
        with _unless_ending(self._node):
            self._audio.publish(audio_message(held, self._held_ns, frame_id or 'crib'))


class AudioOutput:
    """
    The topics `audio_out`, `audio_out_stamped` and `audio_out_info`, which play elsewhere.

    :param node: as of `OwnSoundOutput`.
    """

    def __init__(self, node, sample_rate: int) -> None:
        self._node, self._rate = node, sample_rate
        quality = qos.stream(qos.depth_for())
        self._audio = node.offer(AudioData, 'audio_out', quality)
        self._stamped = node.offer(AudioDataStamped, 'audio_out_stamped', quality)
        self._info = node.offer(AudioInfo, 'audio_out_info', qos.LATCHED)

    def begin(self) -> None:
        """Tell the format."""
        self._info.publish(info_message(self._rate))

    def tell(self, pcm, frame_id: str) -> None:
        """Tell a block of int16 samples ``(n,)``, mono, that is to be played now."""
        message = audio_message(pcm, now_nanoseconds(self._node), frame_id or 'crib')
        with _unless_ending(self._node):
            self._stamped.publish(message)
            self._audio.publish(message.audio)


@contextmanager
def _unless_ending(node):
    """Let pass what fails because a signal took the context away from who publishes just then."""
    try:
        yield
    except Exception:
        if node.context.ok():
            raise
