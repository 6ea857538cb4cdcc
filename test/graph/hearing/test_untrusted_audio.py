# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Audio that can't be trusted: `cry_need`, diagnostics and the reason, on the graph."""

from baby_cry_detector.msg import CryNeed
from graph_harness import NS, RATE
import numpy as np

START_NS = 1_700_000_000 * NS


def noise(duration_s, seed=0):
    return (30 * np.random.default_rng(seed).standard_normal(int(duration_s * RATE))).astype('<i2')


def test_a_muted_microphone_is_told_and_trusted_again(graph):
    probe = graph.probe
    probe.announce()
    steps = np.random.default_rng(1).integers(-1, 2, 18 * RATE).astype('<i2')
    samples = np.concatenate((noise(3.0), steps))
    end_ns = START_NS
    for first in range(0, len(samples), 10 * 640):
        end_ns = probe.play(samples[first:first + 6400], START_NS + first * NS // RATE)
        probe.spin_until(lambda: probe.needs and any(
            need.header.stamp.sec * NS + need.header.stamp.nanosec >= end_ns - NS
            for need in probe.needs[-5:]))
    probe.spin_until(lambda: probe.needs[-1].status == CryNeed.STATUS_UNTRUSTED_AUDIO)
    assert 'muted' in probe.needs[-1].status_reason and not probe.needs[-1].crying
    for node in ('feature_extractor', 'cry_classifier'):
        probe.spin_until(lambda: 'muted' in probe.diagnostics.get(node, (0, ''))[1])
        assert probe.diagnostics[node][0] == b'\x02'
    probe.play(noise(2.0, 2), end_ns)
    probe.spin_until(lambda: probe.needs[-1].status == CryNeed.STATUS_OK)
    assert not probe.needs[-1].status_reason


def test_audio_without_its_format_is_told(graph):
    probe = graph.probe
    sent = 0

    def told():
        nonlocal sent
        probe.send(noise(0.04).tobytes(), START_NS + sent * NS // 25)
        sent += 1
        return (probe.needs and probe.needs[-1].status == CryNeed.STATUS_UNTRUSTED_AUDIO
                and 'audio_info' in probe.diagnostics.get('feature_extractor', (0, ''))[1])

    probe.spin_until(told)
    assert 'audio_info' in probe.needs[-1].status_reason
