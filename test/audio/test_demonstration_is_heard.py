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
"""The demonstration is made without any recording, yet the shipped model takes it for a cry."""

import numpy as np
import pytest

from baby_cry_detector.audio import AudioBlock, to_pcm16
from baby_cry_detector.audio.synthesiser import demonstration
from baby_cry_detector.listener import FrameListener, listen, open_checkpoint


@pytest.mark.parametrize('seed', [0, 1])
def test_each_bout_is_an_episode_and_nothing_else_is(seed):
    samples, bouts = demonstration(seed)
    pcm = to_pcm16(samples)
    blocks = (AudioBlock(start, pcm[start:start + 320]) for start in range(0, pcm.size, 320))
    decisions = list(listen(blocks, FrameListener(open_checkpoint())))
    times_s = np.array([decision.stamp_ns for decision in decisions]) / 1e9
    crying = np.array([decision.crying for decision in decisions])
    assert decisions[-1].episode == len(bouts) and not crying[-1]
    onsets_s = {decision.onset_ns / 1e9 for decision in decisions if decision.crying}
    for (start_s, end_s), onset_s in zip(bouts, sorted(onsets_s)):
        assert start_s < onset_s < start_s + 3.0
        assert crying[(times_s > start_s + 3.0) & (times_s < end_s)].all()
    assert not crying[times_s < bouts[0][0]].any()
