# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the graph should say of stamped audio: the same pure objects, no graph and no clock."""

from baby_cry_detector.audio import AudioFormat
from baby_cry_detector.features import FeatureSet
from baby_cry_detector.stream.intake import AudioIntake
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint


def hear_blocks(blocks, sample_rate=16_000):
    """
    Return the decisions on stamped blocks, one a frame.

    :param blocks: [(stamp in ns, bytes of S16LE mono samples)].
    """
    checkpoint = open_checkpoint()
    intake = AudioIntake(FeatureSet.from_dict(checkpoint.feature_set))
    intake.set_format(AudioFormat(sample_rate, 1))
    listener = FrameListener(checkpoint)
    decisions = []
    expected = None
    for stamp_ns, data in blocks:
        for frames in intake.hear(stamp_ns, data):
            if expected is not None and frames.first_frame != expected:
                listener.lose_continuity()
            expected = frames.first_frame + len(frames.values)
            decisions += listener.process(frames.start_ns, frames.values)
    return decisions


def episodes(decisions):
    """Return [(id, onset, last duration)] of (crying, id, onset_ns, duration_ns)."""
    found = {}
    for crying, name, onset_ns, duration_ns in decisions:
        if crying:
            found[name] = (name, onset_ns, duration_ns)
    return list(found.values())
