# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Audio that can't be trusted: `cry_need`, diagnostics and the reason, on the graph."""

from audio_common_msgs.msg import AudioDataStamped
from baby_cry_detector.msg import CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.health import Interleaving
from graph_harness import NS, RATE
import numpy as np
import pytest
from rclpy.node import Node

START_NS = 1_700_000_000 * NS


def noise(duration_s, seed=0):
    return (30 * np.random.default_rng(seed).standard_normal(int(duration_s * RATE))).astype('<i2')


def made(most):
    """Return 18 s of noise that a driver makes."""
    return np.random.default_rng(1).integers(-most, most + 1, 18 * RATE)


def hum():
    """Return 27 s of mains hum, and not even a microphone's own noise."""
    at = 2.0 * np.pi * np.arange(27 * RATE) / RATE
    return np.rint(3000.0 * np.sin(50.0 * at) + 900.0 * np.sin(150.0 * at))


@pytest.mark.parametrize('make, word', [
    (lambda: made(1), 'muted'), (lambda: made(32_767), 'turned up far too high'),
    (lambda: np.tile(noise(0.7), 38), 'driver is stuck'), (hum, 'covered')])
def test_a_muted_microphone_and_a_faulty_driver_are_told_and_trusted_again(graph, make, word):
    probe = graph.probe
    probe.announce()
    fault = make().astype('<i2')
    samples = np.concatenate((noise(3.0), fault))
    end_ns = START_NS
    for first in range(0, len(samples), 10 * 640):
        end_ns = probe.play(samples[first:first + 6400], START_NS + first * NS // RATE)
        probe.spin_until(lambda: probe.needs and any(
            need.header.stamp.sec * NS + need.header.stamp.nanosec >= end_ns - NS
            for need in probe.needs[-5:]))
    probe.spin_until(lambda: probe.needs[-1].status == CryNeed.STATUS_UNTRUSTED_AUDIO)
    assert word in probe.needs[-1].status_reason and not probe.needs[-1].crying
    for node in ('feature_extractor', 'cry_classifier'):
        probe.spin_until(lambda: word in probe.diagnostics.get(node, (0, ''))[1])
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


@pytest.mark.parametrize('apart_ns', [0, 1000])
def test_two_microphones_on_one_topic_are_named_and_not_trusted_until_one_ends(graph, apart_ns):
    probe, sent = graph.probe, 0
    probe.announce()
    second = Node('second_microphone', context=graph.context)
    microphones = [probe.audio,
                   second.create_publisher(AudioDataStamped, 'audio_stamped', qos.stream(500))]
    probe.spin_until(lambda: all(one.get_subscription_count() for one in microphones))

    def says(status):
        nonlocal sent
        for number, microphone in enumerate(microphones):
            probe.audio = microphone
            probe.send(noise(0.04, 2 * sent + number).tobytes(),
                       START_NS + sent * NS // 25 + number * apart_ns)
        sent += 1
        return probe.needs and probe.needs[-1].status == status

    probe.spin_until(lambda: says(CryNeed.STATUS_UNTRUSTED_AUDIO))
    for name in ('2 publishers of audio', '/probe', '/second_microphone'):
        assert name in probe.needs[-1].status_reason
    probe.spin_until(lambda: says(CryNeed.STATUS_UNTRUSTED_AUDIO) and '2 publishers' in
                     probe.diagnostics.get('feature_extractor', (0, ''))[1])
    assert probe.diagnostics['feature_extractor'][0] == b'\x02'
    probe.audio = microphones[0]
    second.destroy_publisher(microphones.pop())
    probe.spin_until(lambda: says(CryNeed.STATUS_OK))
    second.destroy_node()


def test_who_sends_in_turn_is_seen_in_the_numbers_of_messages():
    in_turn, alone, own, unnumbered = (Interleaving() for _ in range(4))
    for number in range(1, 20):
        in_turn.note(number + 1000)
        in_turn.note(number)
        alone.note(number)
        own.note_own()
        unnumbered.note((1 << 64) - 1)
    assert in_turn.is_seen() and in_turn.is_told
    assert not alone.is_seen() and alone.is_told
    assert not own.is_seen() and not unnumbered.is_told
    for number in range(5):
        own.note_own()
        own.note(number + 1)
    assert own.is_seen()
