# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The demonstration is made without any recording, yet the shipped model takes it for a cry."""

from baby_cry_detector.audio import AudioBlock, to_pcm16
from baby_cry_detector.audio.synthesis.synthesiser import demonstration
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.stream.replay import listen
import numpy as np
import pytest


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
