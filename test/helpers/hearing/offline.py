# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the graph should say of stamped audio: the same pure objects, no graph and no clock."""

from baby_cry_detector.audio.formats import AudioFormat
from baby_cry_detector.audio.messages import AudioMessage, FormatMessage
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.stream.replay import MessageReplay


def messages_of(blocks, sample_rate=16_000, channels=1):
    """
    Yield stamped blocks as messages that arrive when their last sample is captured.

    :param blocks: [(stamp in ns, bytes of S16LE samples)].
    """
    yield FormatMessage(blocks[0][0], AudioFormat(sample_rate, channels))
    for stamp_ns, data in blocks:
        duration_ns = len(data) // (2 * channels) * 1_000_000_000 // sample_rate
        yield AudioMessage(stamp_ns + duration_ns, stamp_ns, 'crib', data)


def hear_blocks(blocks, sample_rate=16_000):
    """
    Return the decisions on stamped blocks.

    :param blocks: [(stamp in ns, bytes of S16LE mono samples)].
    """
    listener = FrameListener(open_checkpoint())
    replay = MessageReplay(listener.feature_set)
    return list(replay.decisions(messages_of(blocks, sample_rate), listener))


def episodes(decisions):
    """Return [(id, onset, last duration)] of (crying, id, onset_ns, duration_ns)."""
    found = {}
    for crying, name, onset_ns, duration_ns in decisions:
        if crying:
            found[name] = (name, onset_ns, duration_ns)
    return list(found.values())
