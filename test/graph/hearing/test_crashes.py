# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of each node in the middle of a cry, under the supervisor, and what comes after it."""

import time

from baby_cry_detector.msg import CryNeed
import numpy as np
import pytest
from separate_graph import LiveAudio, long_cry, SeparateGraph
import soundfile

NS = 1_000_000_000


@pytest.fixture
def separate(tmp_path):
    """Return a function that starts three processes; they must end cleanly after the test."""
    graphs = []

    def start(**options):
        graphs.append(SeparateGraph(tmp_path / 'state', log=tmp_path / 'log.txt', **options))
        return graphs[-1]

    yield start
    for graph in graphs:
        clean = graph.close()
        log = (tmp_path / 'log.txt').read_text()
        assert clean, log
        assert 'Traceback' not in log, log


def wait_for_crying(probe, episode_id=None):
    """Wait for a message that says crying (of an episode); return it."""
    def found():
        return [need for need in probe.needs if need.crying and (
            episode_id is None or need.episode_id == episode_id)]
    probe.spin_until(found)
    return found()[-1]


@pytest.mark.parametrize('victim', ('cry_classifier', 'feature_extractor'))
def test_a_killed_node_comes_back_and_the_episode_goes_on_or_was_closed(separate, victim):
    graph = separate()
    probe = graph.probe
    probe.announce()
    audio = LiveAudio(probe, long_cry(80.0))
    try:
        episode = wait_for_crying(probe).episode_id
        end_s = time.monotonic() + 2.0
        probe.spin_until(lambda: time.monotonic() > end_s)
        others = {name: pid for name, pid in graph.pids().items() if name != victim}
        graph.kill(victim)
        probe.spin_until(lambda: graph.supervisor.respawned[victim] == 1)
        end_s = time.monotonic() + 0.2          # what was on its way
        probe.spin_until(lambda: time.monotonic() > end_s)
        gone_ns = max(probe.newest_ns(), time.time_ns() - 2 * NS)
        said = [need for need in probe.needs if not need.crying and need.episode_id == episode]
        del probe.needs[:]
        probe.spin_until(lambda: probe.newest_ns() > gone_ns)
        need = wait_for_crying(probe)
        # The classifier resumes its episode. Without features for longer than hold_s it closes
        # it, having said so, and begins another.
        if need.episode_id != episode:
            assert victim == 'feature_extractor' and need.episode == 2
            assert said + [need for need in probe.needs if not need.crying]
        assert others.items() <= graph.pids().items()
    finally:
        audio.close()


def test_a_cry_that_is_over_when_the_classifier_returns_is_closed_and_reported(separate):
    graph = separate()
    probe = graph.probe
    probe.announce()
    quiet = np.zeros(60 * 16_000, np.int16)
    audio = LiveAudio(probe, np.concatenate((long_cry(8.0), quiet)))
    try:
        crying = wait_for_crying(probe)
        graph.kill('cry_classifier')
        end_s = time.monotonic() + 1.0
        probe.spin_until(lambda: time.monotonic() > end_s)
        del probe.needs[:]
        # It may still hear the end of the cry; sooner or later it says that the episode is over.
        probe.spin_until(lambda: probe.needs and probe.needs[-1].status == CryNeed.STATUS_OK
                         and not probe.needs[-1].crying)
        closed = probe.needs[-1]
        assert closed.episode_id == crying.episode_id
        assert (closed.onset, closed.episode) == (crying.onset, crying.episode)
        # What was kept of a cry that had just begun when it was killed may be short.
        assert 0.0 < closed.duration.sec + closed.duration.nanosec * 1e-9 < 12.0
    finally:
        audio.close()


def test_a_killed_source_comes_back_and_is_heard(separate, tmp_path):
    path = tmp_path / 'cry.wav'
    soundfile.write(path, long_cry(30.0), 16_000)
    graph = separate(parameters={'audio_capture': {
        'source': 'file', 'file': str(path), 'loop': True}}, capture=True)
    probe = graph.probe
    episode = wait_for_crying(probe).episode_id
    others = {name: pid for name, pid in graph.pids().items() if name != 'audio_capture'}
    graph.kill('audio_capture')
    probe.spin_until(lambda: graph.supervisor.respawned['audio_capture'] == 1)
    # A source that is back within the time-out is a jump in the frames, a slower one a silence.
    probe.spin_until(lambda: probe.count('cry_classifier', 'continuity_lost')
                     or probe.count('cry_classifier', 'no_audio'))
    del probe.needs[:]
    need = wait_for_crying(probe)
    assert need.episode_id == episode or need.episode == 2
    assert others.items() <= graph.pids().items()
