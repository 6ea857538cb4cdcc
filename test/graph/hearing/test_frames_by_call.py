# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""In one process audio and frames go by calls; their topics are for whoever subscribes."""

import threading

from audio_common_msgs.msg import AudioDataStamped
from baby_cry_detector.msg import FrameFeatures
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.nodes import audio_capture, feature_extractor
import numpy as np
import soundfile

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


def test_audio_is_heard_by_a_call_on_a_thread_of_its_own(start_graph, tmp_path, monkeypatch):
    made, threads = [], set()
    audio_message = audio_capture.audio_message

    def counted(*args):
        made.append(args)
        return audio_message(*args)
    monkeypatch.setattr(audio_capture, 'audio_message', counted)
    path = tmp_path / 'room.wav'
    soundfile.write(path, np.random.default_rng(0).normal(0, 1e-3, 2 * RATE), RATE)
    graph = start_graph({'audio_capture': {'source': 'file', 'file': str(path), 'loop': True}},
                        capture=True)
    probe, (classifier, extractor, capture) = graph.probe, graph.nodes
    hear = extractor._on_block
    monkeypatch.setattr(extractor, '_on_block', lambda *args: (
        threads.add(threading.current_thread().name), hear(*args))[1])
    probe.spin_until(lambda: classifier._workload.frames > 100)
    assert not made and threads == {'hearing'}

    heard = []
    probe.node.create_subscription(AudioDataStamped, 'audio_stamped', heard.append,
                                   qos.stream(1000))
    probe.spin_until(lambda: len(heard) > 20)
    assert len(made) >= len(heard) and threads == {'hearing'}
    # What came by the call did not come again by the topic.
    assert not classifier.counts['continuity_lost'] and not extractor.counts['duplicate']
    assert classifier._workload.frames <= 4 * (capture._published_samples // 640)
