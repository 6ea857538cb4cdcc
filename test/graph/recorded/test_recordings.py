# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Real recordings through the graph give the decisions that `baby-cry listen` gives."""

import os

from baby_cry_detector.audio import FileSource
from baby_cry_detector.cli.listen import thin
from baby_cry_detector.model.second.confirmation import NO_CONFIRMER
from baby_cry_detector.ros.base.ros_time import to_nanoseconds
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.stream.replay import listen
import numpy as np
import pytest
from recordings import recordings

NS = 1_000_000_000
START_NS = 1_700_000_000 * NS
# Every clip of a fold takes some minutes; the default is a sample of it, spread over the kinds.
CLIPS = int(os.environ.get('BABY_CRY_TEST_CLIPS', '30'))
FOLD = '0'


def clips():
    """Return paths of one fold's clips, cries and not-cries in turn."""
    of_fold = recordings(fold=FOLD)
    chosen = []
    for kind in (True, False):
        of_kind = [path for path, is_cry in of_fold if is_cry == kind]
        step = max(1, len(of_kind) * 2 // CLIPS)
        chosen += of_kind[::step][:CLIPS // 2]
    return chosen


@pytest.mark.timeout(900)                    # some minutes of audio, in real time and slower
def test_graph_decides_as_listen_does(start_graph):
    # Without the second listener, who answers when he has time: a step sooner or later counts.
    probe = start_graph({'cry_classifier': {'confirmer': NO_CONFIRMER}}).probe
    probe.wait_for_graph()
    probe.announce()
    start_ns = START_NS
    differences, cries = [], 0
    checkpoint = open_checkpoint()
    for path in clips():
        blocks = [block.pcm for block in FileSource(path)]
        pcm = np.concatenate(blocks)
        expected = list(thin(listen(FileSource(path), FrameListener(checkpoint))))
        del probe.needs[:]
        end_ns = probe.play(pcm, start_ns)
        # A minute later in stamps: the graph completes this clip and starts anew.
        next_ns = end_ns + 60 * NS
        probe.send(bytes(1280), next_ns - NS)
        owed_ns = start_ns + expected[-1].stamp_ns
        probe.heard_until(owed_ns, margin_s=0.2)
        got = {to_nanoseconds(need.header.stamp) - start_ns: need for need in probe.needs}
        crying = any(decision.crying for decision in expected)
        heard = any(need.crying for stamp, need in got.items() if 0 <= stamp <= owed_ns)
        cries += crying
        if crying != heard:
            differences.append(str(path))
        together = [(decision, got[decision.stamp_ns]) for decision in expected
                    if decision.stamp_ns in got]
        assert together
        for decision, need in together:
            assert abs(decision.cry_probability - need.cry_probability) < 1e-4
            assert decision.crying == need.crying
        start_ns = next_ns
    assert not differences
    assert cries > 0
