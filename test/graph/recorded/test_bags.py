# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Bags: recorded from the topics, replayed at any rate on the bag's clock, the same episodes."""

import time

from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from baby_cry_detector.audio import AudioBlock
from baby_cry_detector.msg import CryNeed
from baby_cry_detector.ros.base.messages import audio_message, info_message
from baby_cry_detector.ros.base.ros_time import from_nanoseconds, to_nanoseconds
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.stream.replay import listen
from endurance import CRY_AT_S, minute_with_cry, START_NS
from graph_harness import blocks_of, NS, RATE
import numpy as np
from offline import episodes, hear_blocks
import pytest
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message, serialize_message
from rosgraph_msgs.msg import Clock
from separate_graph import long_cry

rosbag2 = pytest.importorskip('rosbags.rosbag2', reason='pip install rosbags to read bags')
AUDIO, INFO = '/audio_stamped', '/audio_info'
CLOCK_PERIOD_NS = 10_000_000
DEFINITIONS = {
    'AudioInfo': 'uint8 channels\nuint32 sample_rate\nstring sample_format\nuint32 bitrate\n'
                 'string coding_format\n',
    'AudioDataStamped': 'std_msgs/Header header\naudio_common_msgs/AudioData audio\n',
    'AudioData': 'uint8[] data\n'}


@pytest.fixture(scope='module')
def samples():
    """Return 26 s: quiet, a cry, quiet, another cry after a pause, quiet; int16."""
    first, second = minute_with_cry(4), minute_with_cry(5)
    cry = slice(int((CRY_AT_S - 3) * RATE), int((CRY_AT_S + 10) * RATE))
    return np.concatenate((first[cry], second[cry]))


def write_bag(folder, blocks):
    """Write [(stamp, bytes)] as audio_capture would be recorded; return the bag's folder."""
    from rosbags.typesys import get_types_from_msg, get_typestore, Stores
    store = get_typestore(Stores.ROS2_JAZZY)
    for name, text in DEFINITIONS.items():
        store.register(get_types_from_msg(text, f'audio_common_msgs/msg/{name}'))
    with rosbag2.Writer(folder, version=9) as writer:
        info = writer.add_connection(INFO, 'audio_common_msgs/msg/AudioInfo', typestore=store)
        audio = writer.add_connection(
            AUDIO, 'audio_common_msgs/msg/AudioDataStamped', typestore=store)
        writer.write(info, blocks[0][0], serialize_message(info_message(RATE)))
        for stamp_ns, data in blocks:
            message = audio_message(np.frombuffer(data, np.int16), stamp_ns, 'crib')
            writer.write(audio, stamp_ns + 40_000_000, serialize_message(message))
    return folder


@pytest.fixture(scope='module')
def bag(samples, tmp_path_factory):
    """Return the folder of a bag of the samples."""
    return write_bag(tmp_path_factory.mktemp('bags') / 'crib', blocks_of(samples, START_NS))


@pytest.fixture(scope='module')
def expected(samples):
    """Return the episodes that `baby-cry listen` hears in the same samples."""
    listener = FrameListener(open_checkpoint())
    blocks = iter([AudioBlock(0, samples)])
    # Frames that the end of a recording still owes never come from a stream that goes on.
    end_ns = START_NS + len(samples) * NS // RATE - NS // 10
    return episodes((d.crying, d.episode_id, d.onset_ns, d.duration_ns)
                    for d in listen(blocks, listener, START_NS) if d.stamp_ns < end_ns)


def replay(probe, folder, rate):
    """Publish a bag and its clock at a rate; 0 is as fast as the graph answers."""
    clock = probe.node.create_publisher(Clock, '/clock', QoSProfile(depth=10))
    probe.spin_until(lambda: clock.get_subscription_count() >= 2)
    begin_s, begin_ns, clock_ns = time.monotonic(), None, 0
    publishers = {AUDIO: (probe.audio, AudioDataStamped), INFO: (probe.info, AudioInfo)}
    with rosbag2.Reader(folder) as reader:
        for connection, stamp_ns, data in reader.messages():
            begin_ns = stamp_ns if begin_ns is None else begin_ns
            if rate:
                while time.monotonic() < begin_s + (stamp_ns - begin_ns) / NS / rate:
                    probe.executor.spin_once(timeout_sec=0.001)
            elif stamp_ns - begin_ns > 2 * NS:
                probe.spin_until(lambda: probe.newest_ns() >= stamp_ns - 2 * NS)
            if stamp_ns - clock_ns >= CLOCK_PERIOD_NS:
                clock.publish(Clock(clock=from_nanoseconds(stamp_ns)))
                clock_ns = stamp_ns
            publisher, kind = publishers[connection.topic]
            publisher.publish(deserialize_message(data, kind))
            probe.executor.spin_once(timeout_sec=0)
    return stamp_ns


def heard_of(needs):
    """Return the episodes in messages."""
    return episodes((n.crying, n.episode_id, to_nanoseconds(n.onset), to_nanoseconds(n.duration))
                    for n in needs)


def assert_the_same(got, expected):
    """Compare episodes; durations are told as often as the state is said."""
    assert [(name, onset) for name, onset, _ in got] == [
        (name, onset) for name, onset, _ in expected]
    for (*_, duration), (*_, wanted) in zip(got, expected):
        assert abs(duration - wanted) <= 0.25 * NS


@pytest.mark.parametrize('rate', (100.0, 0.0))
def test_a_bag_gives_the_same_episodes_at_any_rate(start_graph, bag, expected, rate):
    assert len(expected) == 2
    # Faster than this machine hears, messages wait: room for all of them by the standard override.
    graph = start_graph({name: {
        'use_sim_time': True, 'qos_overrides./audio_stamped.subscription.depth': 5000}
        for name in ('cry_classifier', 'feature_extractor')})
    probe = graph.probe
    probe.wait_for_graph()
    end_ns = replay(probe, bag, rate)
    probe.heard_until(end_ns, margin_s=0.4)
    heard = [need for need in probe.needs if need.status == CryNeed.STATUS_OK]
    assert_the_same(heard_of(heard), expected)
    assert not probe.count('cry_classifier', 'no_audio')
    assert not probe.count('feature_extractor', 'gap')


@pytest.mark.parametrize('gap_s, count', ((2.8, 1),))
def test_a_gap_shorter_than_the_hold_leaves_an_episode_live_and_in_a_bag(
        start_graph, tmp_path, gap_s, count):
    """Live, the graph says NO_AUDIO in the gap; in a bag nobody waits for it."""
    cry = long_cry(6.0 + gap_s + 6.0)
    start_ns = time.time_ns()
    blocks = [(stamp_ns, data) for stamp_ns, data in blocks_of(cry, start_ns)
              if not 6 * NS <= stamp_ns - start_ns < (6 + gap_s) * NS]
    offline = [d for d in hear_blocks(blocks) if d.stamp_ns < blocks[-1][0] - NS // 10]
    expected = episodes((d.crying, d.episode_id, d.onset_ns, d.duration_ns) for d in offline)
    assert len(expected) == count

    def silenced(probe):
        return any(need.status == CryNeed.STATUS_NO_AUDIO and need.episode for need in probe.needs)

    # The stamps lie in the past by as much as the test has taken so far; nothing asks for that.
    live = start_graph({'cry_classifier': {'no_audio_timeout_s': 1.5}}).probe
    live.wait_for_graph()
    live.announce()
    begin_s = time.monotonic()
    for stamp_ns, data in blocks:
        live.spin_until(lambda: time.monotonic() >= begin_s + (stamp_ns - start_ns) / NS)
        live.send(data, stamp_ns)
    assert silenced(live)
    live.heard_until(blocks[-1][0], margin_s=0.4)
    assert_the_same(heard_of(live.needs), expected)

    bag = write_bag(tmp_path / 'bag', blocks)
    replayed = start_graph({name: {'use_sim_time': True}
                            for name in ('cry_classifier', 'feature_extractor')}).probe
    replayed.wait_for_graph()
    replayed.heard_until(replay(replayed, bag, 10.0) - 40_000_000, margin_s=0.4)
    assert not silenced(replayed)
    assert_the_same(heard_of(replayed.needs), expected)


def test_clock_that_stands_still_is_no_silence(start_graph, bag):
    graph = start_graph({name: {'use_sim_time': True, 'no_audio_timeout_s': 0.2}
                         for name in ('cry_classifier', 'feature_extractor')})
    probe = graph.probe
    probe.wait_for_graph()
    replay(probe, bag, 0.0)
    seen = len(probe.needs)
    end_s = time.monotonic() + 1.5
    probe.spin_until(lambda: time.monotonic() > end_s)
    assert all(need.status == CryNeed.STATUS_OK for need in probe.needs[seen:])
