# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a real sound server does to an open microphone is noticed: muted, turned down, moved."""

import time

from baby_cry_detector.audio import MicrophoneSource
from baby_cry_detector.audio.devices.sound_server import source_of, SourceWatch
import pytest
from virtual_microphones import missing, VirtualMicrophones

WHY_NOT = missing()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=f'no virtual microphones: {WHY_NOT}')


@pytest.fixture
def server(tmp_path, monkeypatch):
    running = VirtualMicrophones(tmp_path, ['north_crib', 'south_crib'])
    running.show_to(monkeypatch)
    yield running
    running.stop()


def until(condition, timeout_s=60.0):
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_mute_volume_and_another_source_are_seen(server):
    with MicrophoneSource('north_crib') as source, SourceWatch(source.pid) as watch:
        until(lambda: watch.source is not None)
        assert watch.source.name == 'north_crib.monitor'
        assert not watch.source.muted and watch.source.volume_db == pytest.approx(0.0, abs=0.1)
        server._control('set-source-mute', 'north_crib.monitor', '1')
        until(lambda: watch.source.muted)
        server._control('set-source-mute', 'north_crib.monitor', '0')
        until(lambda: not watch.source.muted)
        server._control('set-source-volume', 'north_crib.monitor', '-20dB')
        until(lambda: watch.source.volume_db == pytest.approx(-20.0, abs=0.5))
        server.unplug('north_crib')
        until(lambda: watch.source is not None and watch.source.name == 'south_crib.monitor')


def test_no_sound_server_is_no_trouble(server, monkeypatch):
    monkeypatch.setenv('PULSE_SERVER', 'unix:/nowhere')
    with SourceWatch(1) as watch:
        assert watch.source is None and source_of(1) is None
    monkeypatch.setenv('PATH', '/nowhere')
    with SourceWatch(1) as watch:
        assert watch.source is None


NONSENSE = ['[null, 1]', '{}', '"x"', '[' * 100_000, '[{"properties": null}]', *(
    '[{"index": 1, "source": 1, "name": "x", "properties": {"application.process.id": "7"}, %s}]'
    % part for part in ('"volume": [1]', '"volume": "loud"', '"volume": {"a": null}',
                        '"volume": {"a": {"db": "nan dB"}}', '"active_port": {"a": 1}'))]


@pytest.mark.parametrize('answer', NONSENSE, ids=range(len(NONSENSE)))
def test_a_server_that_answers_nonsense_ends_no_watch(answer, tmp_path, monkeypatch):
    (tmp_path / 'answer').write_text(answer)
    program = tmp_path / 'pactl'
    program.write_text(f'#!/bin/sh\nexec /bin/cat {tmp_path}/answer\n')
    program.chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path))
    found = source_of(7)
    assert found is None or found.volume_db == 0.0
