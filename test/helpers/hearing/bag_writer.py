# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Writes bags of audio without ROS."""

from baby_cry_detector.audio.bags import AUDIO_TYPE, audio_typestore, INFO_TYPE
import numpy as np

NS = 1_000_000_000


def write_bag(folder, streams, storage='mcap', sample_rate=16_000, channels=1, info=True,
              block_size=640, lost=(), sample_format='S16LE', big_endian=False,
              stamped=lambda stamp_ns: stamp_ns, said_rate=None, arriving=lambda ns: ns):
    """
    Write a bag and return its folder.

    :param streams: ``{audio topic: (start_ns, int16 samples (n,) or (n, channels))}``.
    :param storage: ``mcap`` or ``sqlite3``.
    :param info: whether the audio's format is recorded.
    :param sample_format: what `audio_info` says.
    :param big_endian: how the samples really are.
    :param stamped: what stands in a header whose audio was captured then.
    :param said_rate: what `audio_info` says of the rate; ``None``: the truth.
    :param arriving: when a block is recorded that was captured until then.
    :param lost: ``(start_s, end_s)`` of the stretches that never arrived.
    """
    from rosbags.rosbag2 import StoragePlugin, Writer
    store = audio_typestore()
    plugin = StoragePlugin.MCAP if storage == 'mcap' else StoragePlugin.SQLITE3
    types = store.types
    with Writer(folder, version=9, storage_plugin=plugin) as writer:
        for topic, (start_ns, samples) in streams.items():
            crib = topic.strip('/').split('/')[0]
            if info:
                beside = writer.add_connection(
                    f'{topic.rpartition("/")[0]}/audio_info', INFO_TYPE, typestore=store)
                writer.write(beside, start_ns, store.serialize_cdr(types[INFO_TYPE](
                    channels, said_rate or sample_rate, sample_format,
                    sample_rate * channels * 16, 'wave'),
                    INFO_TYPE))
            audio = writer.add_connection(topic, AUDIO_TYPE, typestore=store)
            for first in range(0, len(samples), block_size):
                at_s = first / sample_rate
                if any(begin <= at_s < end for begin, end in lost):
                    continue
                block = np.ascontiguousarray(samples[first:first + block_size],
                                             '>i2' if big_endian else '<i2')
                stamp_ns = start_ns + first * NS // sample_rate
                arrival_ns = start_ns + (first + len(block)) * NS // sample_rate
                header = types['std_msgs/msg/Header'](
                    types['builtin_interfaces/msg/Time'](*divmod(stamped(stamp_ns), NS)), crib)
                message = types[AUDIO_TYPE](header, types['audio_common_msgs/msg/AudioData'](
                    np.frombuffer(block.tobytes(), np.uint8)))
                writer.write(audio, arriving(arrival_ns), store.serialize_cdr(message, AUDIO_TYPE))
    return folder
