# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The robot's loudspeaker plays into a room, and its microphone hears room and baby.

All that is not real is the air: the soother plays into a null sink of PulseAudio, its monitor goes
through a room's response into another one, recorded cries are played into that, and what that
one's monitor gives is the microphone.
"""

import os
from pathlib import Path
import subprocess
import time

from baby_cry_detector.audio import read_audio
from baby_cry_detector.audio.loudness.weighting import leq_dbfs
from baby_cry_detector.care.sound.acoustics import impulse_response
from baby_cry_detector.ros.base.ros_time import to_nanoseconds
from baby_cry_detector.ros.tools.supervisor import node_command
from graph_harness import RunningGraph
import numpy as np
from played_room import RATE, RoomFilter
import pytest
from scipy import signal
from std_srvs.srv import Trigger
from virtual_microphones import missing, VirtualMicrophones

WHY_NOT = missing()
pytestmark = [pytest.mark.skipif(bool(WHY_NOT), reason=f'no virtual microphones: {WHY_NOT}'),
              pytest.mark.timeout(900)]
CRIES = sorted((Path(__file__).parents[2] / 'data' / 'cry').rglob('*.flac'))
# 60 dB(A) at the ear are -30 dBFS(A); the cries are 2 dB softer at the microphone.
OWN_DBFS, RATIO_DB = -30.0, -2.0
ALONE_S, GAP_S = 15.0, 4.5
# What plays goes on playing, whatever is heard.
POLICY = """version: 1
needs:
  default:
    mild: {alert_after_s: 60, priority: low}
    moderate: {alert_after_s: 60, priority: low}
    strong: {alert_after_s: 60, priority: low}
"""


class Nursery:
    """Loudspeaker, room, baby, and the graph that hears them."""

    def __init__(self, folder, monkeypatch, sound):
        self.server = VirtualMicrophones(folder, ['crib', 'speaker'], speakers=True)
        monkeypatch.setenv('ALSA_CONFIG_PATH', str(self.server.alsa_config))
        monkeypatch.setenv('PULSE_SERVER', self.server.environment['PULSE_SERVER'])
        self.air = RoomFilter(self.server, 'speaker', 'crib', impulse_response(0.1, RATE, 3),
                              folder)
        hiss = (20 * np.random.default_rng(0).standard_normal(600 * RATE)).astype('<i2')
        self.noise = self.server.playing('crib', hiss, RATE)
        self.noise.__enter__()
        self.graph, self.soother, self.sound = None, None, sound
        self.policy = folder / 'policy.yaml'
        self.policy.write_text(POLICY)

    def start(self, own_sound):
        """Start the graph and let it play; return its probe."""
        self.graph = RunningGraph({'audio_capture': {'source': 'mic', 'device': 'crib'},
                                   'feature_extractor': {'own_sound': own_sound}}, capture=True)
        probe = self.graph.probe
        settings = {'device': 'speaker_speaker', 'sound': self.sound, 'level_dba': 60.0,
                    'cap_dba': 60.0, 'calibration_dba': 60.0, 'calibration_dbfs': OWN_DBFS,
                    'fade_in_s': 0.5, 'session_s': 600.0, 'policy': str(self.policy)}
        self.soother = subprocess.Popen(
            node_command('soother', settings), stderr=subprocess.DEVNULL,
            env={**os.environ, 'ROS_DOMAIN_ID': str(self.graph.domain_id)})
        client = probe.node.create_client(Trigger, 'soother/play')
        probe.spin_until(client.service_is_ready)
        while True:
            asked = client.call_async(Trigger.Request())
            probe.spin_until(asked.done)
            if asked.result().success:
                return probe
            assert self.soother.poll() is None

    def told(self, name):
        return self.graph.probe.diagnostics.get('feature_extractor', (0, '', {}))[2].get(name, '')

    def is_taken_out(self):
        return self.told('own_sound') == 'following' and (
            float(self.told('echo_return_loss_db')) > 20.0)

    def cries(self, is_known):
        """
        Play the recorded cries; return (how many were found, onsets beside them).

        Where a machine is too busy to play without a break the place is lost and found again: each
        cry waits until what is known is taken out.
        """
        probe, spans = self.graph.probe, []
        del probe.needs[:]
        began_ns = time.time_ns()
        for path in CRIES:
            if is_known:
                probe.spin_until(self.is_taken_out)
            samples = signal.resample_poly(read_audio(path), 3, 1)
            loud = samples[np.abs(samples) > 0.02 * np.abs(samples).max()]
            samples *= 10 ** ((OWN_DBFS + RATIO_DB - leq_dbfs(loud, RATE)) / 20)
            spans.append([time.time_ns(), 0])
            with self.server.playing('crib', np.rint(32767 * np.clip(samples, -1, 1)).astype(
                    '<i2'), RATE):
                end_ns = time.time_ns() + round(len(samples) / RATE * 1e9)
                probe.spin_until(lambda: probe.newest_ns() > end_ns)
            spans[-1][1] = time.time_ns()
            probe.spin_until(lambda: probe.newest_ns() > end_ns + GAP_S * 1e9)
        onsets = {to_nanoseconds(need.onset) for need in probe.needs if need.crying}
        onsets = {onset for onset in onsets if onset >= began_ns}
        found = sum(any(begin - 2e8 <= onset <= end + 1e9 for onset in onsets)
                    for begin, end in spans)
        return found, [onset for onset in onsets if not any(
            begin - 2e8 <= onset <= end + 1e9 for begin, end in spans)]

    def stop(self):
        """End the graph, not the room."""
        if self.graph is not None:
            if self.soother is not None:
                self.soother.terminate()
                self.soother.wait()
            self.graph.close()
        self.graph = self.soother = None

    def close(self):
        self.stop()
        self.noise.__exit__(None, None, None)
        self.air.close()
        self.server.stop()


@pytest.fixture
def nursery(tmp_path, monkeypatch):
    running = Nursery(tmp_path, monkeypatch, 'pink')
    yield running
    running.close()


def test_it_hears_cries_through_what_it_plays_and_takes_no_echo_for_one(nursery):
    probe = nursery.start('')
    probe.spin_until(lambda: probe.newest_ns() > 0)
    hidden, _ = nursery.cries(is_known=False)
    nursery.stop()
    probe = nursery.start('own_sound')
    probe.spin_until(nursery.is_taken_out)
    end_ns = probe.newest_ns() + ALONE_S * 1e9
    probe.spin_until(lambda: probe.newest_ns() > end_ns)
    assert not any(need.crying for need in probe.needs), 'its own sound is no cry'
    found, others = nursery.cries(is_known=True)
    assert found >= len(CRIES) - 1 and hidden <= found - 3, (found, hidden)
    assert not others
