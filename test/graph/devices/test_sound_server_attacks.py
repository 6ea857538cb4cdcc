# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What anybody can do to a microphone through a real sound server is said, and when it is over."""

import contextlib
import signal

from baby_cry_detector.msg import CryNeed
from graph_harness import RunningGraph
import pytest
from virtual_microphones import missing, VirtualMicrophones

OK, NO_AUDIO = CryNeed.STATUS_OK, CryNeed.STATUS_NO_AUDIO
UNTRUSTED = CryNeed.STATUS_UNTRUSTED_AUDIO
WHY_NOT = missing()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=f'no virtual microphones: {WHY_NOT}')


class Heard:
    """A graph that hears a microphone of a server of its own."""

    def __init__(self, server, device='north_crib'):
        """Start it."""
        self.server = server
        self.graph = RunningGraph({'audio_capture': {'source': 'mic', 'device': device}},
                                  capture=True)
        self.probe = self.graph.probe

    @property
    def microphone(self):
        """Return what reads it."""
        return self.graph.nodes[-1]._microphone

    def status(self):
        """Return what was said last, and why."""
        last = self.probe.needs[-1] if self.probe.needs else None
        return (last.status, last.status_reason) if last else (None, '')

    def until(self, status, why=''):
        """Wait until it says so."""
        self.probe.spin_until(lambda: self.status()[0] == status and why in self.status()[1])

    def stream(self):
        """Return the number of our stream, as the server counts."""
        return self.server._control('list', 'short', 'source-outputs').stdout.split()[0]


@pytest.fixture
def server(tmp_path, monkeypatch):
    running = VirtualMicrophones(tmp_path, ['north_crib', 'south_crib'])
    running.alsa_config.write_text(
        f'{running.alsa_config.read_text()}\npcm.!default {{ type pulse\n'
        f' server "{running.environment["PULSE_SERVER"]}"\n fallback ""\n'
        ' hint { show on\n description "default" } }\n')
    running.show_to(monkeypatch)
    yield running
    running._server.send_signal(signal.SIGCONT)
    running.stop()


@pytest.fixture
def heard(server):
    graph = Heard(server)
    with contextlib.closing(graph.graph):
        graph.probe.spin_until(lambda: graph.status()[0] == OK
                               and graph.microphone.source is not None)
        yield graph


SOURCE = 'north_crib.monitor'


@pytest.mark.parametrize('harm, mend, status, why', [
    (('set-source-volume', SOURCE, '-20dB'), ('set-source-volume', SOURCE, '0dB'), UNTRUSTED,
     'turned down by 20 dB'),
    (('set-source-volume', SOURCE, '0'), ('set-source-volume', SOURCE, '100%'), UNTRUSTED,
     'turned down'),
    (('set-source-output-volume', 'STREAM', '-40dB'),
     ('set-source-output-volume', 'STREAM', '0dB'), UNTRUSTED, 'turned down by 40 dB'),
    (('set-source-output-mute', 'STREAM', '1'), ('set-source-output-mute', 'STREAM', '0'),
     UNTRUSTED, 'is muted'),
    (('suspend-sink', 'north_crib', '1'), ('suspend-sink', 'north_crib', '0'), NO_AUDIO, '')],
    ids=('source down', 'source off', 'stream down', 'stream muted', 'suspended'))
def test_what_makes_a_microphone_deaf_is_said_until_it_is_undone(heard, harm, mend, status, why):
    stream = heard.stream()
    harm, mend = ([stream if part == 'STREAM' else part for part in each]
                  for each in (harm, mend))
    heard.server._control(*harm)
    heard.until(status, why)
    heard.server._control(*mend)
    heard.until(OK)


def test_a_stream_that_is_moved_is_lost_and_taken_back(heard):
    heard.server._control('move-source-output', heard.stream(), 'south_crib.monitor')
    heard.until(NO_AUDIO)
    heard.until(OK)
    assert heard.microphone.source.name == SOURCE


def test_another_default_takes_no_microphone_away_that_was_chosen_by_name(heard):
    """The server moves the stream, and it is taken back."""
    heard.server._control('set-default-source', 'south_crib.monitor')
    heard.server._control('set-source-volume', SOURCE, '-3dB')       # seen after it
    heard.probe.spin_until(lambda: heard.microphone.source.volume_db < -2.0
                           and heard.microphone.source.name == SOURCE
                           and heard.status()[0] == OK)


def test_a_sound_server_that_stands_is_no_audio_and_goes_on(heard):
    heard.server._server.send_signal(signal.SIGSTOP)
    heard.until(NO_AUDIO)
    heard.server._server.send_signal(signal.SIGCONT)
    heard.until(OK)


def test_a_flood_of_events_hides_no_mute(heard):
    """Whoever moves a slider of another microphone all the time."""
    for number in range(300):
        heard.server._control('set-source-volume', 'south_crib.monitor', f'{number % 100}%')
        if number == 150:
            heard.server._control('set-source-mute', SOURCE, '1')
    heard.until(UNTRUSTED, 'is muted')


def test_what_a_loudspeaker_plays_is_no_microphone_unless_it_was_chosen(server):
    """As where the only microphone was unplugged before the start."""
    graph = Heard(server, 'default')
    with contextlib.closing(graph.graph):
        graph.until(UNTRUSTED, 'what a loudspeaker plays')
