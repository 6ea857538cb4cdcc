# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A bag recorded from the running graph gives the answer that the graph gave."""

from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from baby_cry_detector.audio import to_pcm16
from baby_cry_detector.audio.bags import audio_typestore, BagAudio
from baby_cry_detector.audio.resampler import resample
from baby_cry_detector.msg import CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.ros_time import to_nanoseconds
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.stream.replay import MessageReplay
from endurance import CRY_AT_S, minute_with_cry, START_NS
from graph_harness import NS, RATE
import numpy as np
import pytest
from rclpy.serialization import deserialize_message

rosbag2 = pytest.importorskip('rosbags.rosbag2', reason='pip install rosbags to read bags')
TYPES = {'/audio_stamped': AudioDataStamped, '/audio_info': AudioInfo, '/cry_need': CryNeed}
# Both shorter and longer than what a cry may pause (hold_s).
LOST = ((5.0, 6.2), (10.0, 14.5))


class Recorder:
    """Keeps the serialised messages of the topics, as a recorder does."""

    def __init__(self, probe):
        self.kept = []
        for topic, kind in TYPES.items():
            profile = (qos.stream(5000) if kind is AudioDataStamped else qos.LATCHED)
            probe.node.create_subscription(
                kind, topic, lambda data, topic=topic: self.kept.append((topic, data)), profile,
                raw=True)

    def write(self, folder, storage):
        """Write a bag; what was played faster than real time arrives when it would have."""
        store = audio_typestore()
        arrival_ns = START_NS
        with rosbag2.Writer(folder, version=9, storage_plugin=storage) as writer:
            topics = {topic: writer.add_connection(
                topic, f'audio_common_msgs/msg/{kind.__name__}', typestore=store)
                for topic, kind in TYPES.items() if kind is not CryNeed}
            for topic, data in self.kept:
                if TYPES[topic] is AudioDataStamped:
                    stamp = deserialize_message(data, AudioDataStamped).header.stamp
                    arrival_ns = max(arrival_ns, to_nanoseconds(stamp) + NS // 25)
                if topic in topics:
                    writer.write(topics[topic], arrival_ns, data)
        return folder


def pcm_at(rate, channels):
    """Return two cries with pauses between them, ``(n, channels)`` int16."""
    first, second = minute_with_cry(4), minute_with_cry(5)
    cry = slice(int((CRY_AT_S - 3) * RATE), int((CRY_AT_S + 10) * RATE))
    samples = np.concatenate((first[cry], second[cry])) / 32767.0
    if rate != RATE:
        samples = resample(samples, RATE, rate)
    return np.repeat(to_pcm16(samples)[:, None], channels, axis=1)


@pytest.mark.parametrize('storage, rate, channels', [('MCAP', RATE, 1), ('SQLITE3', 44_100, 2)])
def test_the_bag_gives_the_episodes_of_the_graph(start_graph, tmp_path, storage, rate, channels):
    graph = start_graph()
    probe = graph.probe
    recorder = Recorder(probe)
    probe.wait_for_graph()
    probe.announce(rate, channels)
    probe.spin_until(lambda: any(topic == '/audio_info' for topic, _ in recorder.kept), 60.0)
    pcm, block = pcm_at(rate, channels), rate // 25
    seconds = len(pcm) / rate
    parts = [(0.0, LOST[0][0]), (LOST[0][1], LOST[1][0]), (LOST[1][1], seconds)]
    for begin_s, end_s in parts:
        part = pcm[int(begin_s * rate):int(end_s * rate)]
        end_ns = probe.play(part[:len(part) // block * block],
                            START_NS + round(begin_s * NS), rate, block)
    probe.heard_until(end_ns)
    sent = sum(int((end_s - begin_s) * 25) for begin_s, end_s in parts)
    probe.spin_until(lambda: sum(topic == '/audio_stamped' for topic, _ in recorder.kept)
                     >= sent - 3, 60.0)
    folder = recorder.write(tmp_path / 'bag', rosbag2.StoragePlugin[storage])

    heard = {need.episode_id: (to_nanoseconds(need.onset), to_nanoseconds(need.duration))
             for need in probe.needs if need.crying}
    listener = FrameListener(open_checkpoint())
    replay = MessageReplay(listener.feature_set)
    told, probabilities = {}, {}
    for decision in replay.decisions(BagAudio(folder), listener):
        probabilities[decision.stamp_ns] = decision.cry_probability
        if decision.crying:
            told[decision.episode_id] = (decision.onset_ns, decision.duration_ns)
    assert len(heard) >= 2 and list(told) == list(heard)
    for name, (onset_ns, duration_ns) in heard.items():
        assert told[name][0] == onset_ns
        assert abs(told[name][1] - duration_ns) <= 0.25 * NS   # as often as the state is said
    compared = [(need.cry_probability, probabilities[to_nanoseconds(need.header.stamp)])
                for need in probe.needs if need.status == CryNeed.STATUS_OK
                and to_nanoseconds(need.header.stamp) in probabilities]
    assert len(compared) > 80
    np.testing.assert_allclose(*np.transpose(compared), atol=1e-6)
