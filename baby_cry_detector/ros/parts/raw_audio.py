# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The audio as Foxglove plays it, where its messages are installed."""

from typing import Any

from baby_cry_detector.audio import AudioFormat
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.managed_node import ManagedNode


class RawAudioOutput:
    """
    The topic `monitor/raw_audio`.

    :param node: that owns it; made in its configure.
    :raises ValueError: where the package foxglove_msgs is not installed.
    """

    def __init__(self, node: ManagedNode) -> None:
        try:
            from foxglove_msgs.msg import RawAudio
        except ImportError as error:
            raise ValueError(
                f'raw_audio needs the package foxglove_msgs ({error})') from None
        self._message_type: Any = RawAudio
        self._publisher = node.offer(RawAudio, 'monitor/raw_audio', qos.STATE)

    def get_subscription_count(self) -> int:
        """Return how many subscribe, as a publisher does."""
        return self._publisher.get_subscription_count()

    def publish(self, stamp, data, audio_format: AudioFormat) -> None:
        """Publish little-endian int16 samples, while somebody subscribes."""
        if self.get_subscription_count():
            self._publisher.publish(self._message_type(
                timestamp=stamp, data=data, format='pcm-s16',
                sample_rate=audio_format.sample_rate, number_of_channels=audio_format.channels))
