# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The self-test on the graph: loudspeaker, room (a null sink) and microphone, deaf and well."""

import time

from baby_cry_detector.msg import CryAlert, CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.nodes.caregiver_alert import CaregiverAlert
from baby_cry_detector.ros.nodes.soother import Soother
from baby_cry_detector.ros.parts.self_test_hearing import date_words, HEARD_TOPIC
from baby_cry_detector.units import SECOND_NS
from builtin_interfaces.msg import Time
from graph_harness import RunningGraph
import numpy as np
import pytest
from std_srvs.srv import Trigger
from virtual_microphones import missing, VirtualMicrophones

ERROR, OK = b'\x02', b'\x00'
WHY_NOT = missing()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=f'no virtual microphones: {WHY_NOT}')
POLICY = """version: 1
alerts: {no_audio_after_s: 1}
self_test: {at: "%s"}
needs:
  default:
    mild: {alert_after_s: 60, priority: low}
    moderate: {alert_after_s: 30, priority: medium}
    strong: {alert_after_s: 0, priority: high}
"""


class Room:
    """A microphone in a quiet room, and a loudspeaker whose sound the air carries to it."""

    def __init__(self, folder, monkeypatch, at='never'):
        self.server = VirtualMicrophones(folder, ['crib', 'speaker'], speakers=True)
        self.server.show_to(monkeypatch)
        self.open_air()
        policy = folder / 'policy.yaml'
        policy.write_text(POLICY % at)
        self.noise = self.server.playing('crib', self.hiss(), 48000)
        self.noise.__enter__()
        self.graph = RunningGraph({'audio_capture': {'source': 'mic', 'device': 'crib'}},
                                  capture=True)
        self.probe = self.graph.probe
        for maker, values in (
                (Soother, {'device': 'speaker_speaker', 'calibration_dba': 70.0,
                           'calibration_dbfs': -20.0}),
                (CaregiverAlert, {'keep_alert': False})):
            node = maker({'policy': str(policy), **values}, context=self.graph.context)
            self.graph.nodes.append(node)
            self.graph.executor.add_node(node)
            assert node.autostart()
        self.soother, self.alerter = self.graph.nodes[-2:]
        self.alerts = []
        self.probe.node.create_subscription(CryAlert, 'alert', self.alerts.append, qos.EVENTS)
        self.client = self.probe.node.create_client(Trigger, 'feature_extractor/self_test')

    @staticmethod
    def hiss(duration_s=240):
        """Return a quiet room: a microphone that hears nothing at all is told otherwise."""
        return (20 * np.random.default_rng(0).standard_normal(duration_s * 48000)).astype('<i2')

    def test(self):
        """Ask for a self-test and return the answer."""
        self.probe.spin_until(self.client.service_is_ready)
        asked = self.client.call_async(Trigger.Request())
        self.probe.spin_until(asked.done)
        return asked.result()

    def open_air(self):
        """Let the microphone hear the loudspeaker."""
        done = self.server._control('load-module', 'module-loopback', 'source=speaker.monitor',
                                    'sink=crib', 'latency_msec=100')
        self._air = done.stdout.strip()

    def cut_air(self):
        """Let it hear the room, but not the loudspeaker: to it the same as being elsewhere."""
        self.server._control('unload-module', self._air)

    def status(self):
        return self.probe.needs[-1].status if self.probe.needs else None

    def is_told_that_it_is_deaf(self):
        """Wait until it is; while a busy machine loses audio, that is said first."""
        self.probe.spin_until(lambda: self.status() == CryNeed.STATUS_UNTRUSTED_AUDIO
                              and 'did not hear its own chirp'
                              in self.probe.needs[-1].status_reason)

    def close(self):
        self.graph.close()
        self.noise.__exit__(None, None, None)
        self.server.stop()


def test_it_hears_itself_and_says_so_when_it_does_not(tmp_path, monkeypatch):
    room = Room(tmp_path, monkeypatch)
    probe = room.probe
    proven, before_s = [], time.time()
    probe.node.create_subscription(Time, HEARD_TOPIC, proven.append, qos.LATCHED)
    try:
        probe.spin_until(lambda: proven and room.status() == CryNeed.STATUS_OK
                         and room.soother._player.is_ready)
        answer = room.test()
        assert answer.success, answer.message
        assert 'was heard' in answer.message
        probe.spin_until(lambda: proven and proven[-1].sec > before_s - 1)
        assert proven[0].sec == 0               # never, until then
        probe.spin_until(lambda: 'was heard' in probe.diagnostics['feature_extractor'][2].get(
            'self_test', ''))
        probe.spin_until(lambda: probe.diagnostics['feature_extractor'][2].get(
            'self_test_heard') == date_words(proven[-1].sec * SECOND_NS))
        assert room.status() == CryNeed.STATUS_OK
        heard = proven[-1]
        room.cut_air()
        answer = room.test()
        assert not answer.success and 'did not hear its own chirp' in answer.message
        room.is_told_that_it_is_deaf()
        assert proven[-1] == heard
        probe.spin_until(lambda: probe.diagnostics['feature_extractor'][0] == ERROR)
        probe.spin_until(lambda: any('chirp' in alert.text for alert in room.alerts))
        room.open_air()
        answer = room.test()
        assert answer.success, answer.message
        probe.spin_until(lambda: room.status() == CryNeed.STATUS_OK)
    finally:
        room.close()


@pytest.mark.parametrize('is_deaf', [False, True])
def test_a_microphone_that_is_less_than_it_was_is_tested_unasked(tmp_path, monkeypatch, is_deaf):
    """A quiet house is heard and usual from now on; what is covered is told as what it is."""
    room = Room(tmp_path, monkeypatch)
    probe = room.probe
    try:
        probe.spin_until(lambda: room.status() == CryNeed.STATUS_OK
                         and room.soother._player.is_ready)
        answer = room.test()               # how loud the chirp is usually
        assert answer.success, answer.message
        if is_deaf:
            room.cut_air()
        extractor = next(node for node in room.graph.nodes
                         if node.get_name() == 'feature_extractor')
        usual, less = [-50.0, -53.0, -30.0], [-70.0, -73.0, -60.0]
        with extractor.alone:
            extractor._extraction.reception.history.resume([usual] * 80 + [less])
        if is_deaf:
            room.is_told_that_it_is_deaf()
        else:
            probe.spin_until(lambda: 'quieter than in the quietest hours of the 2 days'
                             in probe.diagnostics['feature_extractor'][1])
            probe.spin_until(lambda: 'was heard' in probe.diagnostics['feature_extractor'][2].get(
                'self_test', '') and probe.diagnostics['feature_extractor'][0] == OK)
            assert room.status() == CryNeed.STATUS_OK
    finally:
        room.close()


def test_every_night_and_what_is_in_its_way_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr('baby_cry_detector.ros.parts.self_test_chirping.NIGHT_PERIOD_S', 0.5)
    now = time.localtime(time.time() - 25 * 60)     # each crib is some minutes late
    room = Room(tmp_path, monkeypatch, f'{now.tm_hour:02}:{now.tm_min:02}')
    probe = room.probe
    try:
        # Nobody asks; the first try may come before the loudspeaker is open, and says so then.
        probe.spin_until(lambda: probe.diagnostics.get('soother', (0, '', {}))[1] and (
            'self-test was not possible' in probe.diagnostics['soother'][1]
            or 'was heard' in probe.diagnostics['feature_extractor'][2].get('self_test', '')))
    finally:
        room.close()


def test_without_a_loudspeaker_or_twice_at_once_it_says_so(graph):
    probe = graph.probe
    client = probe.node.create_client(Trigger, 'feature_extractor/self_test')
    probe.spin_until(client.service_is_ready)
    answers = [client.call_async(Trigger.Request()) for _ in range(3)]
    probe.spin_until(lambda: all(answer.done() for answer in answers))
    for answer in answers:
        assert not answer.result().success
        assert 'soother does not run' in answer.result().message or (
            'running already' in answer.result().message)
