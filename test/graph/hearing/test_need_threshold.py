# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A head that is sure, in a checkpoint that lets it say so or not: graph, page and command."""

from dataclasses import replace
import json

from baby_cry_detector.cli.main import main
from baby_cry_detector.model.checkpoint import save_checkpoint
from baby_cry_detector.msg import CryNeed
from baby_cry_detector.stream.listener import open_checkpoint
import numpy as np
from page_harness import ServedPage
import pytest
import soundfile

NS = 1_000_000_000
RATE = 16_000
START_NS = 1_700_000_000 * NS


def sure_checkpoint(folder, threshold):
    """Write the shipped detector with a head that always says "hungry"; return its path."""
    shipped = open_checkpoint()
    told = np.float32([40.0 * (need == 'hungry') for need in shipped.needs])
    members = tuple(
        replace(member, arrays={**member.arrays,
                                'need_head.bias': member.arrays['need_head.bias'] + told})
        if 'need_head.bias' in member.arrays else member for member in shipped.members)
    path = folder / 'sure.npz'
    save_checkpoint(path, replace(shipped, members=members, need_threshold=threshold))
    return path


@pytest.mark.parametrize('threshold, named', [(0.5, True), (1.0, False)])
def test_a_need_is_published_up_to_the_threshold_of_the_checkpoint_only(
        start_graph, demonstration, tmp_path, capsys, threshold, named):
    path = sure_checkpoint(tmp_path, threshold)
    graph = start_graph({node: {'model': str(path)}
                         for node in ('cry_classifier', 'feature_extractor')})
    probe, page = graph.probe, ServedPage(graph)
    pcm, cries = demonstration
    pcm = pcm[:round((cries[0][1] + 1.0) * RATE)]
    probe.wait_for_graph()
    probe.announce()
    probe.heard_until(probe.play(pcm, START_NS))
    crying = [need for need in probe.needs if need.crying]
    assert crying
    said = {need.need for need in crying} - {CryNeed.NEED_UNKNOWN}
    assert said == ({CryNeed.NEED_HUNGRY} if named else set())
    assert any(len(need.probabilities) for need in crying) is named
    shown = page.state()
    page.close()
    assert (shown['state'], shown['need']) == ('crying', 'hungry' if named else 'unknown')
    assert bool(shown['needs']) is named

    recording = tmp_path / 'demonstration.wav'
    soundfile.write(recording, pcm, RATE)
    assert main(['listen', str(recording), '--checkpoint', str(path), '--json']) == 0
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    assert {line['need'] for line in lines if line['crying']} - {'UNKNOWN'} == (
        {'HUNGRY'} if named else set())
