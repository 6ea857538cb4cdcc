# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Wrong messages are counted, reported and dropped; the graph goes on hearing.

What needs no DDS is in `test/stream/test_stream_machines.py`.
"""

import math

from baby_cry_detector.msg import CryNeed, FrameFeatures
from baby_cry_detector.ros.base import qos
from baby_cry_detector.stream.listener import open_checkpoint
import numpy as np

NS = 1_000_000_000
START_NS = 1_700_000_000 * NS


def still_hears(probe, start_ns):
    """Play two quiet seconds and wait for the answer."""
    probe.announce()
    probe.heard_until(probe.play(np.zeros(32_000, np.int16), start_ns))


def test_mp3_is_refused_with_a_sentence_and_wave_is_heard_after_it(graph):
    probe = graph.probe
    probe.announce(coding_format='mp3')
    probe.send(b'\xff\xfb' * 100, START_NS)
    probe.spin_until(lambda: 'mp3' in probe.diagnostics.get('feature_extractor', (0, ''))[1])
    still_hears(probe, START_NS + NS)


def test_lost_and_repeated_audio_are_told_apart(graph):
    probe = graph.probe
    still_hears(probe, START_NS)
    probe.play(np.zeros(16_000, np.int16), START_NS + 5 * NS)      # 3 s are missing
    probe.spin_until(lambda: probe.count('feature_extractor', 'gap') == 1)
    probe.send(bytes(1280), START_NS + 5 * NS + NS // 2)           # heard before
    probe.spin_until(lambda: probe.count('feature_extractor', 'duplicate') == 1)
    probe.spin_until(lambda: probe.count('cry_classifier', 'continuity_lost') == 1)
    assert not any(need.crying for need in probe.needs)


def test_hostile_feature_messages(graph):
    probe = graph.probe
    publisher = probe.node.create_publisher(FrameFeatures, 'frame_features', qos.stream(500))
    checkpoint = open_checkpoint()
    name = f'{checkpoint.feature_set["name"]}/{checkpoint.feature_set["version"]}'
    width = len(checkpoint.feature_columns)
    probe.spin_until(lambda: publisher.get_subscription_count() >= 2)
    nan = [math.nan] * width
    for first, rows, columns, values, feature_set in (
            (0, 1, width, [0.0] * width, 'is10/9'), (0, 2, width, [0.0] * width, name),
            (0, 1, width + 1, [0.0] * (width + 1), name), (0, 0, width, [], name),
            (0, 2**32 - 1, width, [], name), (2**64 - 1, 1, width, [0.0] * width, name),
            (5, 1, width, nan, name), (6, 1, width, [math.inf] * width, name),
            (7, 1, width, [3e38] * width, name)):
        publisher.publish(FrameFeatures(feature_set=feature_set, first_frame=first,
                                        frame_count=rows, feature_count=columns, values=values))
    probe.spin_until(lambda: probe.count('cry_classifier', 'FeatureError') == 5)
    probe.spin_until(lambda: probe.count('cry_classifier', 'nonfinite_features') >= 1)
    still_hears(probe, START_NS)
    assert not probe.count('cry_classifier', 'internal_error')
    assert all(math.isfinite(need.cry_probability) for need in probe.needs)
    assert probe.needs[-1].status == CryNeed.STATUS_OK


def test_thresholds_that_do_not_fit_are_refused_with_a_reason(graph):
    classifier = graph.nodes[0]
    from rclpy.parameter import Parameter

    # The enter threshold is the checkpoint's, and a leave threshold has to fit that one too.
    alone = classifier.set_parameters([Parameter('leave_threshold', value=0.95)])[0]
    assert not alone.successful and 'leave_threshold' in alone.reason
    result = classifier.set_parameters_atomically(
        [Parameter('enter_threshold', value=0.5), Parameter('leave_threshold', value=0.6)])
    assert not result.successful and 'leave_threshold' in result.reason
    assert not classifier.set_parameters([Parameter('hold_s', value=-1.0)])[0].successful
    refused = classifier.set_parameters([Parameter('model', value='other.npz')])[0]
    assert not refused.successful and 'read-only' in refused.reason
    assert classifier.set_parameters([Parameter('hold_s', value=7.5)])[0].successful
    assert classifier._classifier.listener.decider.settings.hold_s == 7.5
