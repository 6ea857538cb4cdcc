# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A muted microphone, and one that the sound server replaced, are no quiet night."""

from baby_cry_detector.msg import CryNeed
from graph_harness import RunningGraph
import pytest
from virtual_microphones import missing, VirtualMicrophones

ERROR, OK = b'\x02', b'\x00'
WHY_NOT = missing()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=f'no virtual microphones: {WHY_NOT}')


def test_muted_is_untrusted_and_another_microphone_is_no_audio(tmp_path, monkeypatch):
    server = VirtualMicrophones(tmp_path, ['north_crib', 'south_crib'])
    server.show_to(monkeypatch)
    graph = RunningGraph({'audio_capture': {'source': 'mic', 'device': 'north_crib'}},
                         capture=True)
    probe = graph.probe

    try:
        probe.spin_until(lambda: probe.status() == CryNeed.STATUS_OK
                         and graph.nodes[-1]._microphone.source is not None)
        server._control('set-source-mute', 'north_crib.monitor', '1')
        probe.spin_until(lambda: probe.status() == CryNeed.STATUS_UNTRUSTED_AUDIO)
        assert 'is muted' in probe.needs[-1].status_reason
        probe.spin_until(lambda: probe.diagnostics['audio_capture'][0] == ERROR)
        server._control('set-source-mute', 'north_crib.monitor', '0')
        probe.spin_until(lambda: probe.status() == CryNeed.STATUS_OK)
        server.unplug('north_crib')            # the server moves the stream to south_crib
        probe.spin_until(lambda: probe.status() == CryNeed.STATUS_NO_AUDIO)
        probe.spin_until(lambda: probe.diagnostics['audio_capture'][0] == ERROR)
        server.plug('north_crib')
        probe.spin_until(lambda: probe.status() == CryNeed.STATUS_OK)
        assert graph.nodes[-1]._microphone.source.name == 'north_crib.monitor'
    finally:
        graph.close()
        server.stop()
