# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Wild messages on every topic that any node hears: none dies, and an ordinary cry is told."""

import os
import random
import re
import time

from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from baby_cry_detector.msg import CareEvent, CryAlert, CryNeed, FrameFeatures
from baby_cry_detector.needs import Need, STATUS_NO_AUDIO
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.messages import cry_state
from builtin_interfaces.msg import Duration, Time
from care_graph import CareGraph, NS
import pytest
from sensor_msgs.msg import Imu
from std_msgs.msg import Empty, Float32

NODES = {'rocker': {}, 'soother': {}, 'caregiver_alert': {},
         'diary': {'clips': True, 'clip_pre_roll_s': 2.0}, 'caregiver_page': {'port': 0},
         'cry_monitor': {}, 'feature_extractor': {}, 'cry_classifier': {}}
TOPICS = {'cry_need': (CryNeed, qos.latched(50)), 'care_event': (CareEvent, qos.EVENTS),
          'alert': (CryAlert, qos.latched(50)), 'imu': (Imu, qos.sensor(10)),
          'rock_stop': (Empty, qos.STATE), 'audio_info': (AudioInfo, qos.LATCHED),
          'audio_stamped': (AudioDataStamped, qos.stream(500)),
          'frame_features': (FrameFeatures, qos.stream(500)),
          'level_dbfs': (Float32, qos.STATE), 'cry_probability': (Float32, qos.STATE)}
FLOATS = (float('nan'), float('inf'), float('-inf'), 0.0, -1.0, 0.5, 3e38)
STRINGS = ('', 'crib', 'cry/1', 'is10/9', 'x' * 5000, '\u2603/../..', "'; drop table--", '\n\t',
           'crib-20260101T000000.000000000Z')
FOREVER = 2**31 - 1
ROUNDS = int(os.environ.get('BABY_CRY_TEST_ROUNDS', '60'))


class Wild:
    """Fills messages of any type with what their fields can hold; reproducible by seed."""

    def __init__(self, seed):
        """Begin."""
        self._random = random.Random(seed)

    def message(self, kind):
        """Return a message of that type."""
        if kind is Time or kind is Duration:
            return kind(sec=self._random.choice([0, 1, int(time.time()), FOREVER] + (
                [-FOREVER, -1] if kind is Duration else [])),
                        nanosec=self._random.choice([0, 999_999_999, 2**32 - 1]))
        message = kind()
        for name, field_type in kind.get_fields_and_field_types().items():
            setattr(message, name, self._value(field_type, getattr(message, name)))
        return message

    def _value(self, field_type, default):
        sequence = re.fullmatch(r'sequence<(\w+)>|(\w+)\[(\d+)\]', field_type)
        if sequence:
            count = int(sequence[3] or self._random.choice([0, 1, 6, 86, 86, 20_000]))
            if (sequence[1] or sequence[2]) == 'uint8':
                return self._random.randbytes(count)
            one = self._value(sequence[1] or sequence[2], None)
            return [one] * count
        if '/' in field_type:
            return self.message(type(default))
        if field_type == 'string':
            return self._random.choice(STRINGS)
        if field_type == 'boolean':
            return self._random.random() < 0.5
        if field_type in ('float', 'double'):
            return self._random.choice(FLOATS)
        bits = int(re.search(r'\d+', field_type)[0])
        # Small ones most of the time: they are enumerations, or pass the first check.
        return self._random.choice([0, 1, 1, 2, 3, 86, 2**(bits - 1) - 1]
                                   + ([2**bits - 1] if field_type[0] == 'u' else [-1]))


@pytest.fixture
def care(tmp_path):
    """Return a graph of processes that end cleanly."""
    graph = CareGraph(tmp_path)
    yield graph
    assert graph.close()


@pytest.mark.parametrize('said, heard', [
    (float('inf'), 1.0), (3e38, 1.0), (float('-inf'), 0.0), (-1.0, 0.0), (0.25, 0.25)])
def test_what_is_heard_lies_within_its_range(said, heard):
    word = cry_state(CryNeed(intensity=said, confidence=said, need=255, status=255))
    assert (word.intensity, word.confidence, word.need, word.status) == (
        heard, heard, Need.UNKNOWN, STATUS_NO_AUDIO)
    untold = cry_state(CryNeed(intensity=float('nan'), confidence=float('nan')))
    assert (untold.intensity, untold.confidence) == (0.5, 0.0)


def test_no_node_dies_of_what_anybody_publishes(care):
    for name, parameters in NODES.items():
        care.start(name, **parameters)
    publishers = {topic: (kind, care.node.create_publisher(kind, topic, profile))
                  for topic, (kind, profile) in TOPICS.items()}
    care.until(lambda: all(publisher.get_subscription_count()
                           for topic, (_, publisher) in publishers.items()
                           if topic not in ('level_dbfs', 'cry_probability')))
    wild = Wild(1)
    assert AudioData in {type(wild.message(AudioDataStamped).audio)}
    for number in range(ROUNDS):
        for kind, publisher in publishers.values():
            publisher.publish(wild.message(kind))
        # Also what is only a little wrong: an ordinary word of another time.
        for shift_s in (0, -3600, 3600):
            stamp_ns = time.time_ns() + shift_s * NS
            care.say(stamp_ns, stamp_ns - NS, crying=bool(number % 2))
        care.spin(0.01)
    care.probe.diagnostics.clear()
    care.until(lambda: NODES.keys() <= care.probe.diagnostics.keys(), 120.0)
    for name in NODES:
        assert care.processes[name].poll() is None, care.log(name)[-3000:]
        assert not care.probe.count(name, 'internal_error'), care.log(name)[-3000:]
        assert 'Traceback' not in care.log(name), care.log(name)[-3000:]
    # While two detectors contradict each other, that is the alarm; once the wild one has gone,
    # an ordinary cry is told.
    for _, publisher in publishers.values():
        care.node.destroy_publisher(publisher)
    for name in ('feature_extractor', 'cry_classifier'):
        care.processes.pop(name).terminate()
    onset_ns = time.time_ns()
    episode = f'crib-{onset_ns}'

    def crying():
        care.say(time.time_ns(), onset_ns, intensity=0.9)
        return any(alert.state == CryAlert.STATE_START and alert.episode_id == episode
                   for alert in care.alerts)
    care.until(crying, 120.0)
