# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the robot plays and how it moves, heard as topics, to be taken out of what it hears."""

from functools import partial
from typing import Tuple

from baby_cry_detector.audio.messages import AudioMessage, format_message
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.managed_node import ManagedNode
from baby_cry_detector.ros.base.messages import AudioDataStamped, AudioInfo
from baby_cry_detector.ros.base.ros_time import now_nanoseconds, to_nanoseconds
from baby_cry_detector.stream.extraction import Extraction
from sensor_msgs.msg import JointState
from std_msgs.msg import Float32


class OwnSoundInput:
    """
    Subscribes to loudspeakers; to be made while its node is activated.

    :param node: that hears.
    :param names: topics of what is played, with commas; each has its format on ``{name}_info``.
    :param extraction: told of it.
    :param asks_probability: whether `cry_probability` is to be heard as a topic as well.
    :param motion: (topic with the joint that rocks, its name); no topic: none.
    """

    def __init__(self, node: ManagedNode, names: str, extraction: Extraction,
                 asks_probability: bool, motion: Tuple[str, str] = ('', '')) -> None:
        self._node, self._extraction = node, extraction
        self._names = [name.strip() for name in names.split(',') if name.strip()]
        for name in self._names:
            node.hear(AudioInfo, f'{name}_info', partial(self._on_info, name), qos.LATCHED)
            node.hear(AudioDataStamped, name, partial(self._on_sound, name),
                      qos.stream(qos.depth_for()))
        topic, self._joint = motion
        if topic:
            node.hear(JointState, topic, self._on_joint, qos.sensor(50))
        self._asks = bool(self._names or topic)
        if self._asks and asks_probability:
            node.hear(Float32, 'cry_probability', lambda message: self.tell(message.data),
                      qos.STATE)

    def tell(self, cry_probability: float) -> None:
        """Tell what the classifier says: while it cries nothing is learnt of the room."""
        if self._asks:
            self._extraction.on_probability(cry_probability)

    def _on_joint(self, message: JointState) -> None:
        if self._joint in message.name:
            index = message.name.index(self._joint)
            if index < len(message.position):
                stamp_ns = to_nanoseconds(message.header.stamp)
                self._extraction.own_motion.phase.add(
                    stamp_ns or now_nanoseconds(self._node), message.position[index])

    def _on_info(self, name: str, message: AudioInfo) -> None:
        self._extraction.on_own_format(
            name, format_message(now_nanoseconds(self._node), message))

    def _on_sound(self, name: str, message: AudioDataStamped) -> None:
        self._extraction.on_own_sound(name, AudioMessage(
            now_nanoseconds(self._node), to_nanoseconds(message.header.stamp),
            message.header.frame_id, message.audio.data))
