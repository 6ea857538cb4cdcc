# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What an audio topic carries, whether it comes from ROS, a bag or a recording."""

from dataclasses import dataclass
from typing import Any, Optional, Union

from baby_cry_detector.audio.errors import AudioFormatError
from baby_cry_detector.audio.formats import (AudioFormat, MAX_CHANNELS, MAX_SAMPLE_RATE,
                                             MIN_SAMPLE_RATE)


@dataclass(frozen=True)
class AudioMessage:
    """
    One message of an audio topic.

    :param arrival_ns: when it arrived, or was recorded.
    :param stamp_ns: capture time of its first sample, as its header says.
    :param frame_id: names the crib.
    :param data: samples in the topic's format; bytes or anything with the buffer protocol.
    """

    arrival_ns: int
    stamp_ns: int
    frame_id: str
    data: bytes


@dataclass(frozen=True)
class FormatMessage:
    """
    What an `audio_info` message says of the audio to come.

    :param arrival_ns: when it arrived, or was recorded.
    :param format: ``None`` where the samples can't be decoded.
    :param trouble: why not, one sentence.
    :param possible: whether there can be audio of such a rate and channel count at all.
    """

    arrival_ns: int
    format: Optional[AudioFormat]  # noqa: A003  # what it is called everywhere else
    trouble: str = ''
    possible: bool = True


Message = Union[AudioMessage, FormatMessage]


def format_message(arrival_ns: int, info: Any) -> FormatMessage:
    """Return what an ``audio_common_msgs/AudioInfo`` says, of ROS or of a bag's reader."""
    rate, channels = int(info.sample_rate), int(info.channels)
    try:
        audio_format = AudioFormat(rate, channels, info.sample_format, info.coding_format)
        return FormatMessage(arrival_ns, audio_format)
    except AudioFormatError as error:
        possible = (MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE
                    and 1 <= channels <= MAX_CHANNELS)
        return FormatMessage(arrival_ns, None, str(error), possible)
