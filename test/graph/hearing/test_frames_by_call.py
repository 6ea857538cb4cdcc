# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""In one process frames reach the classifier by a call; the topic is for whoever subscribes."""

from baby_cry_detector.msg import FrameFeatures
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.nodes import feature_extractor
import numpy as np

NS = 1_000_000_000
RATE = 16_000
START_NS = 1_700_000_000 * NS


def test_frames_are_made_into_messages_only_for_a_subscriber(graph, monkeypatch):
    made = []
    features_message = feature_extractor.features_message

    def counted(*args):
        made.append(args)
        return features_message(*args)
    monkeypatch.setattr(feature_extractor, 'features_message', counted)
    probe, classifier = graph.probe, graph.nodes[0]
    for subscription in list(probe.node.subscriptions):
        if subscription.topic_name.endswith('frame_features'):
            probe.node.destroy_subscription(subscription)
    extractor = graph.nodes[1]
    probe.spin_until(lambda: extractor._features.get_subscription_count() == 1)
    pcm = np.random.default_rng(0).normal(0, 300, 2 * RATE).astype(np.int16)
    probe.announce()
    heard_ns = probe.play(pcm, START_NS)
    probe.heard_until(heard_ns)
    assert not made and not probe.features

    probe.node.create_subscription(FrameFeatures, 'frame_features', probe.features.append,
                                   qos.stream(1000))
    probe.spin_until(lambda: extractor._features.get_subscription_count() == 2)
    end_ns = probe.play(pcm, heard_ns)
    probe.heard_until(end_ns)
    probe.spin_until(lambda: sum(message.frame_count for message in probe.features) >= 190)
    assert len(made) >= len(probe.features)
    # What came by the call did not come again by the topic.
    assert not classifier.counts['frames_repeated'] and not classifier.counts['continuity_lost']
    assert classifier._workload.figures()['frames'] <= 400
