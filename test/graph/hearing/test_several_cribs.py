# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Three cribs at once in one domain: each hears its own baby and nobody else's."""

from baby_cry_detector.ros.base.ros_time import to_nanoseconds
from endurance import GraphProcess, minute_with_cry, START_NS
from graph_harness import next_domain, NS
import numpy as np
import pytest

CRIBS = ('nursery', 'bedroom', 'upstairs')


@pytest.fixture
def cribs():
    """Return three running graphs, each in a namespace and process of its own."""
    domain_id = next_domain()
    running = [GraphProcess(namespace=f'/{name}', domain_id=domain_id) for name in CRIBS]
    yield running
    assert [graph.close() for graph in running] == [0, 0, 0]


def test_no_crib_hears_another(cribs):
    cry = minute_with_cry(6)[int(18 * 16_000):int(28 * 16_000)]
    quiet = np.random.default_rng(3).normal(0, 20, len(cry)).astype(np.int16)
    # One after the other and then two at once: 1, 2, then 0 and 2.
    plan = [(quiet, cry, quiet), (quiet, quiet, cry), (cry, quiet, cry)]
    probes = [graph.probe for graph in cribs]
    for probe in probes:
        probe.announce()
    for step, sounds in enumerate(plan):
        start_ns = START_NS + 60 * step * NS
        for probe in probes:
            del probe.needs[:]
        for first in range(0, len(cry), 3200):
            for probe, sound, name in zip(probes, sounds, CRIBS):
                probe.send(sound[first:first + 3200].tobytes(), start_ns + first * NS // 16_000,
                           frame_id=name)
                probe.executor.spin_once(timeout_sec=0)
            sent_ns = start_ns + first * NS // 16_000
            for probe in probes:
                probe.spin_until(lambda: probe.newest_ns() >= sent_ns - 2 * NS)
        for probe, sound, name in zip(probes, sounds, CRIBS):
            probe.heard_until(start_ns + len(cry) * NS // 16_000)
            crying = [need for need in probe.needs
                      if need.crying and to_nanoseconds(need.header.stamp) >= start_ns]
            assert bool(crying) == (sound is cry)
            assert all(need.header.frame_id == name and need.episode_id.startswith(f'{name}-')
                       for need in crying)
    statuses = {status for probe in probes for status in probe.diagnostics}
    assert {'feature_extractor', 'cry_classifier'} <= statuses
