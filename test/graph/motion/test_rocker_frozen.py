# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A process that is frozen in full swing: nothing is thrown when it goes on."""

import signal

from baby_cry_detector.ros.tools.simulated_crib import SimulatedCrib
from care_graph import CareGraph
import pytest
from rocked_crib import Baby, POLICY, Spun


class SwungCrib(SimulatedCrib):
    """Carries out what it is told."""

    def is_swinging(self):
        """Return whether it is in full swing."""
        return abs(self.curve.state(self.now_s())[1]) > 0.05


@pytest.fixture
def care(tmp_path, monkeypatch):
    """Return a made classifier, and a crib."""
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    (tmp_path / 'policy.yaml').write_text(POLICY)
    graph = CareGraph(tmp_path)
    graph.crib = SwungCrib(context=graph.context)
    spun = Spun(graph.crib)
    yield graph
    spun.close()
    graph.crib.destroy_node()
    assert graph.close()


def test_a_process_that_is_frozen_in_full_swing_throws_nobody_when_it_goes_on(care, tmp_path):
    baby, crib = Baby(care), care.crib
    rocker = care.start('rocker', policy=str(tmp_path / 'policy.yaml'), duty_min_per_hour=30.0)
    for frozen_s in (0.15, 0.5, 1.2, 3.0, 6.0):
        baby.is_rocked(care, crib.is_swinging)
        rocker.send_signal(signal.SIGSTOP)
        try:
            baby.pause(frozen_s)
        finally:
            rocker.send_signal(signal.SIGCONT)
        baby.pause(1.0)
        assert crib.faults() == [], frozen_s
