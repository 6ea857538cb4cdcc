# Copyright 2026 The baby_cry_detector authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""What the graph should say of stamped audio: the same pure objects, no graph and no clock."""

from baby_cry_detector.audio import AudioFormat
from baby_cry_detector.features import FeatureSet
from baby_cry_detector.intake import AudioIntake
from baby_cry_detector.listener import FrameListener, open_checkpoint


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
