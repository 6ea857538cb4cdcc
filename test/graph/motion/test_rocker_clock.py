# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The rocker on a simulated clock that stands still or vanishes: the crib comes to rest."""

import time

from baby_cry_detector.msg import CareEvent
from baby_cry_detector.ros.base.ros_time import from_nanoseconds
import pytest
from rocked_crib import Baby, care_of, events, is_brake, rockers_of
from rosgraph_msgs.msg import Clock


class SimulatedClock:
    """Publishes `/clock` a hundred times a second, until it stands or is gone."""

    def __init__(self, node):
        """Begin at the time of day."""
        self._node = node
        self._publisher = node.create_publisher(Clock, '/clock', 10)
        self.moves = True
        self.now_ns = time.time_ns()
        node.create_timer(0.01, self._tick)

    def _tick(self):
        if self.moves:
            self.now_ns = time.time_ns()
        if self._publisher is not None:
            self._publisher.publish(Clock(clock=from_nanoseconds(self.now_ns)))

    def vanish(self):
        """Take the topic away."""
        self.moves = False
        self._node.destroy_publisher(self._publisher)
        self._publisher = None


@pytest.fixture
def care(tmp_path, monkeypatch):
    """Return a made classifier that watches the rocker's commands."""
    with care_of(tmp_path, monkeypatch) as graph:
        graph.clock = SimulatedClock(graph.node)
        yield graph


@pytest.fixture
def rocker(care):
    """Return a running rocker that lives by the simulated clock."""
    with rockers_of(care) as start:
        yield start(use_sim_time=True)


@pytest.mark.parametrize('silent', [False, True], ids=['who still cries', 'and all is silent'])
@pytest.mark.parametrize('how', ['stands', 'vanishes'])
def test_without_a_clock_that_moves_the_crib_comes_to_rest(care, rocker, how, silent):
    baby = Baby(care, lambda: care.clock.now_ns)
    baby.is_rocked(care)
    del care.plans[:]
    if how == 'stands':
        care.clock.moves = False
    else:
        care.clock.vanish()
    wait = care.until if silent else baby.until
    wait(lambda: any(map(is_brake, care.plans)))
    # The joint's stamps run ahead of a clock that stands, too.
    wait(lambda: 'the clock' in care.diagnosis('rocker')[2].get('why', '')
         or care.diagnosis('rocker')[2].get('why') == 'cry_need is silent')
    wait(lambda: events(care, CareEvent.PHASE_ENDED))
    del care.plans[:]
    if how == 'stands' and not silent:
        baby.pause(2.0)
        assert all(map(is_brake, care.plans))
        # Nothing begins on a clock that stands ...
        baby.quiet()
        baby.pause(0.5)
        baby.cry()
        baby.pause(2.0)
        assert all(map(is_brake, care.plans))
        # ... and the next episode rocks again, once it moves.
        care.clock.moves = True
        baby.is_rocked(care)
