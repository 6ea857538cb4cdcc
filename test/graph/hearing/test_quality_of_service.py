# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Best-effort sources, incompatible ones, and what diagnostics say of a healthy graph."""

from audio_common_msgs.msg import AudioDataStamped
from baby_cry_detector.msg import CryNeed
from baby_cry_detector.ros.base import qos
import numpy as np
from rclpy.qos import qos_profile_sensor_data

NS = 1_000_000_000
START_NS = 1_700_000_000 * NS


RANDOM = np.random.default_rng(1)


def noise(length):
    """Return audio of a quiet room: what stands still or repeats is a fault of its own."""
    return RANDOM.integers(-50, 51, length).astype(np.int16)


def best_effort(probe):
    """Make the probe publish audio as sensor drivers do."""
    probe.node.destroy_publisher(probe.audio)
    probe.audio = probe.node.create_publisher(
        AudioDataStamped, 'audio_stamped', qos_profile_sensor_data)


def test_best_effort_source_is_heard_by_override(start_graph):
    graph = start_graph({'feature_extractor': {
        'qos_overrides./audio_stamped.subscription.reliability': 'best_effort'}})
    best_effort(graph.probe)
    graph.probe.wait_for_graph()
    graph.probe.announce()
    end_ns = graph.probe.play(np.zeros(32_000, np.int16), START_NS, lead_s=0.05)
    graph.probe.heard_until(end_ns)
    assert not graph.probe.count('feature_extractor', 'incompatible_qos')


def test_incompatible_source_is_named_with_the_parameter_that_helps(graph):
    probe = graph.probe
    best_effort(probe)
    probe.spin_until(lambda: probe.count('feature_extractor', 'incompatible_qos'))
    probe.spin_until(lambda: 'RELIABILITY' in probe.diagnostics['feature_extractor'][1])
    _, message, details = probe.diagnostics['feature_extractor']
    assert 'qos_overrides./audio_stamped.subscription.reliability' in message
    assert 'incompatible.audio_stamped' in details


def test_subscriber_that_asks_for_too_much_is_named(graph):
    probe = graph.probe
    from baby_cry_detector.msg import FrameFeatures
    probe.node.create_subscription(FrameFeatures, 'frame_features', print, qos.LATCHED)
    probe.spin_until(lambda: probe.count('feature_extractor', 'incompatible_qos'))
    probe.spin_until(lambda: 'DURABILITY' in probe.diagnostics['feature_extractor'][1])


def test_diagnostics_of_a_healthy_graph_are_complete(start_graph, tmp_path):
    import soundfile
    path = tmp_path / 'quiet.wav'
    soundfile.write(path, 0.01 * np.random.default_rng(0).standard_normal(16_000 * 8), 16_000)
    graph = start_graph({'audio_capture': {'source': 'file', 'file': str(path)}}, capture=True)
    probe = graph.probe
    probe.node.destroy_publisher(probe.audio)       # two sources would be reported
    wanted = {
        'audio_capture': {'device', 'source', 'level_dbfs', 'silent_s', 'published_s'},
        'feature_extractor': {'feature_set', 'level_dbfs', 'cost_us_per_frame', 'frames',
                              'real_time_factor', 'queue_age_s', 'sample_rate', 'channels'},
        'cry_classifier': {'model', 'cost_us_per_frame', 'real_time_factor', 'queue_age_s',
                           'cry_probability', 'crying', 'last_episode', 'enabled', 'frames'}}
    for node, keys in wanted.items():
        probe.spin_until(lambda: keys <= set(probe.diagnostics.get(node, (0, '', {}))[2]))
        assert probe.diagnostics[node][0] == b'\x00', probe.diagnostics[node][1]
    extracted = probe.diagnostics['feature_extractor'][2]
    assert 0 < float(extracted['cost_us_per_frame']) < 10_000
    assert 0 < float(extracted['real_time_factor']) < 1
    assert 0 < float(probe.diagnostics['cry_classifier'][2]['queue_age_s']) < 2
    assert abs(float(probe.diagnostics['audio_capture'][2]['level_dbfs']) + 40) < 1


def test_two_publishers_of_audio_in_one_crib_are_reported(graph):
    probe = graph.probe
    probe.announce()
    probe.heard_until(probe.play(noise(16_000), START_NS))
    other = probe.node.create_publisher(AudioDataStamped, 'audio_stamped', qos.stream(10))
    stamp_ns = START_NS + NS

    def complains():
        nonlocal stamp_ns
        probe.send(noise(640).tobytes(), stamp_ns)
        stamp_ns += NS // 25
        return '2 publishers' in probe.diagnostics.get('feature_extractor', (0, ''))[1]

    def answers():
        return 'feature_extractor' in probe.diagnostics

    # One that is only there, as one that was killed is for a while, is nobody's trouble.
    for _ in range(3):
        probe.diagnostics.clear()
        probe.spin_until(lambda: complains() or answers())
        assert not complains()
    probe.spin_until(lambda: complains() or other.publish(AudioDataStamped()))
    probe.node.destroy_publisher(other)
    probe.spin_until(lambda: not complains())
    assert probe.needs[-1].status == CryNeed.STATUS_OK
