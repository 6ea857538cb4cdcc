# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a loudspeaker of the robot plays, told to whoever listens beside it: `own_sound`."""

from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.messages import (audio_message, AudioDataStamped, AudioInfo,
                                                 info_message)
from baby_cry_detector.ros.base.ros_time import now_nanoseconds


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

    def begin(self) -> None:
        """Tell the format with the next block: nobody may have heard it before."""
        self._rate = 0

    def tell(self, pcm, duration_s: float, latency_s: float, frame_id: str) -> None:
        """
        Tell a block, stamped by when it leaves the loudspeaker; from any thread.

        :param pcm: int16 samples ``(n,)``, mono.
        :param latency_s: from now until its first sample is heard, as far as is known.
        """
        rate = round(pcm.size / duration_s)
        leaves_ns = now_nanoseconds(self._node) + round(latency_s * 1e9)
        try:
            if rate != self._rate:
                self._info.publish(info_message(rate))
                self._rate = rate
            self._audio.publish(audio_message(pcm, leaves_ns, frame_id or 'crib'))
        except Exception:
            # A signal takes the context away from whoever is publishing at that moment.
            if self._node.context.ok():
                raise
