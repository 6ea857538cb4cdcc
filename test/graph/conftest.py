# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures that run the real graph; without ROS its tests are skipped with the reason."""

import os
import tempfile

import pytest

# Before ROS starts: tests never leave this machine.
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
# Nor do they find or leave anything in the home folder.
_STATE = tempfile.TemporaryDirectory(prefix='baby_cry_test_')
os.environ['XDG_STATE_HOME'] = _STATE.name

try:
    import baby_cry_detector.msg  # noqa: F401  # only whether it is there
    import rclpy  # noqa: F401  # only whether it is there
    WHY = ''
except ImportError as missing:
    WHY = f'needs ROS 2 and the built messages (make test): {missing}'


class SkippedModule(pytest.Module):
    """A module of graph tests on a machine that can't run them."""

    def collect(self):
        """Say why instead of importing."""
        pytest.skip(WHY, allow_module_level=True)


def pytest_pycollect_makemodule(module_path, parent):
    """Skip the modules of this folder, with the reason, where ROS is missing."""
    if WHY:
        return SkippedModule.from_parent(parent, path=module_path)
    return None


@pytest.fixture(autouse=True)
def state_folder(tmp_path, monkeypatch):
    """Let no test go on with the episode that another one left in progress."""
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path / 'state'))


@pytest.fixture
def start_graph(state_folder):
    """Return a function that starts graphs; they are closed after the test."""
    graphs = []

    def start(overrides=None, **kwargs):
        from graph_harness import RunningGraph
        graphs.append(RunningGraph(overrides, **kwargs))
        return graphs[-1]

    yield start
    for graph in graphs:
        graph.close()


@pytest.fixture
def graph(start_graph):
    """Return a running graph that listens to the probe."""
    running = start_graph()
    running.probe.wait_for_graph()
    return running


@pytest.fixture(scope='session')
def demonstration():
    """Return the synthesised demonstration as (int16 samples, [(start_s, end_s) of each cry])."""
    from baby_cry_detector.audio import to_pcm16
    from baby_cry_detector.audio.synthesis.synthesiser import demonstration as make
    samples, cries = make()
    return to_pcm16(samples), cries
