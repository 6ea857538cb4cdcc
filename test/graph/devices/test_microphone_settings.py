# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a user sets about the microphone, and what is said about it, on the running graph."""

from baby_cry_detector.audio.devices import capture as capturing
from baby_cry_detector.msg import CryNeed
import numpy as np
import pytest
from rclpy.parameter import Parameter
import virtual_microphones

WHY = virtual_microphones.missing()
pytestmark = pytest.mark.skipif(bool(WHY), reason=WHY or 'possible')
OK, WARN = b'\x00', b'\x01'
TONE = 0.05 * np.sin(2 * np.pi * 700 * np.arange(48_000 * 300) / 48_000)
TONE_DBFS = 20 * np.log10(0.05 / np.sqrt(2))


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    """Return a sound server with one virtual microphone of two channels."""
    running = virtual_microphones.VirtualMicrophones(
        tmp_path_factory.mktemp('pulse'), ['north_crib'])
    yield running
    running.stop()


@pytest.fixture
def listen(server, start_graph, monkeypatch):
    """Return a function that starts the graph on that microphone and waits for audio."""
    server.show_to(monkeypatch)

    def start(**parameters):
        graph = start_graph({'audio_capture': {
            'source': 'mic', 'device': 'north', **parameters}}, capture=True)
        graph.probe.spin_until(
            lambda: graph.probe.needs and graph.probe.needs[-1].status == CryNeed.STATUS_OK)
        return graph

    return start


def int16(samples):
    """Return float samples as int16."""
    return np.rint(32767 * samples).astype(np.int16)


def level_is(graph, level_dbfs, tolerance_db=0.5):
    """Wait until both nodes tell this level."""
    for node in ('audio_capture', 'feature_extractor'):
        graph.probe.spin_until(lambda: abs(float(graph.probe.diagnostics.get(
            node, (OK, '', {}))[2].get('level_dbfs', 'nan')) - level_dbfs) < tolerance_db)


def test_a_silent_microphone_is_named_until_it_is_heard(listen, server, monkeypatch):
    monkeypatch.setattr(capturing, 'SILENT_MICROPHONE_S', 1.0)
    graph = listen()

    def status():
        return graph.probe.diagnostics.get('audio_capture', (None, ''))

    graph.probe.spin_until(lambda: status()[0] == WARN and 'muted or stuck' in status()[1])
    assert float(status()[2]['silent_s']) >= 1.0
    with server.playing('north_crib', int16(TONE)):
        graph.probe.spin_until(lambda: status()[0] == OK)
        assert float(status()[2]['silent_s']) == 0.0
    graph.probe.spin_until(lambda: status()[0] == WARN)


def test_gain_changes_the_level_while_running_and_clipping_is_counted(listen, server):
    graph = listen()
    capture = graph.nodes[-1]
    with server.playing('north_crib', int16(TONE)):
        level_is(graph, TONE_DBFS)
        for gain_db in (12.0, -12.0):
            assert capture.set_parameters([Parameter('gain_db', value=gain_db)])[0].successful
            level_is(graph, TONE_DBFS + gain_db)
        assert not graph.probe.count('audio_capture', 'clipped_samples')
        capture.set_parameters([Parameter('gain_db', value=40.0)])
        graph.probe.spin_until(lambda: graph.probe.count('audio_capture', 'clipped_samples'))
    refused = capture.set_parameters([Parameter('gain_db', value=41.0)])[0]
    assert not refused.successful and '40' in refused.reason


@pytest.mark.parametrize('channel, level_dbfs', [
    ('0', TONE_DBFS), ('1', -120.0), ('mix', TONE_DBFS - 20 * np.log10(2)),
    ('auto', TONE_DBFS)])
def test_the_chosen_channel_is_heard(listen, server, channel, level_dbfs):
    graph = listen(channel=channel)
    with server.playing('north_crib', int16(np.stack((TONE, np.zeros_like(TONE)), axis=1))):
        if level_dbfs == -120.0:        # told apart from a microphone that hears nothing yet
            graph.probe.spin_until(server.is_playing)
            begin = graph.nodes[-1]._published_samples
            graph.probe.spin_until(
                lambda: graph.nodes[-1]._published_samples > begin + 2 * 16_000)
        level_is(graph, level_dbfs)


def test_a_thread_that_hangs_is_replaced_and_said_where(listen, monkeypatch):
    monkeypatch.setattr(capturing, 'HUNG_S', 6.0)
    graph = listen()
    capture = graph.nodes[-1]
    hung = capture._microphone.microphone
    hung._process._news.acquire()          # whatever it waits for, it never comes
    try:
        graph.probe.spin_until(lambda: graph.probe.count('audio_capture', 'microphone_hung'))
        del graph.probe.needs[:]
        graph.probe.spin_until(
            lambda: graph.probe.needs and graph.probe.needs[-1].status == CryNeed.STATUS_OK)
        assert capture._microphone.microphone is not hung
    finally:
        hung._process._news.release()
