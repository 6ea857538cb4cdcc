# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Minutes-long forms of `make soak`: long input, hostile floods, idle subscribers, two graphs."""

import os

from baby_cry_detector.msg import CryNeed
from baby_cry_detector.ros.base import qos
from endurance import CRY_AT_S, CRY_S, GraphProcess, Hostile, listen_for, minute_with_cry, START_NS
from graph_harness import next_domain, NS, PATIENCE_S
import numpy as np
import pytest
from separate_graph import long_cry
from std_srvs.srv import SetBool, Trigger

MINUTES = int(os.environ.get('BABY_CRY_TEST_MINUTES', '6'))
FLOOD = 10_000


@pytest.fixture
def start_process(tmp_path):
    """Return a function that starts graphs as processes; they must end cleanly."""
    graphs = []

    def start(**options):
        with open(tmp_path / f'log_{len(graphs)}.txt', 'w') as log:
            graphs.append(GraphProcess(log=log, **options))
        return graphs[-1]

    yield start
    for index, graph in enumerate(graphs):
        code = graph.close()
        log = (tmp_path / f'log_{index}.txt').read_text()
        assert code == 0, log[-3000:]
        assert 'Traceback' not in log, log[-3000:]


def test_every_cry_is_heard_and_memory_stays(start_process):
    stretches = list(listen_for(start_process(), MINUTES, report_each=2))
    assert sum(s.heard for s in stretches) == sum(s.cries for s in stretches) == MINUTES
    assert not any(s.false for s in stretches)
    assert stretches[-1].resident_mb < 1.05 * stretches[0].resident_mb


def test_hostile_floods_leave_the_graph_hearing_and_its_memory_flat(start_process):
    graph = start_process()
    hostile = Hostile(graph.probe)
    graph.probe.announce()
    # Buffers grow to the largest messages, and other rates load the resampler: once.
    hostile.flood(Hostile.ANY, FLOOD // 2)
    before_mb = graph.resident_mb
    hostile.flood(Hostile.ANY, FLOOD // 2)
    after_mb = graph.resident_mb
    assert after_mb < 1.05 * before_mb
    probe = graph.probe
    hostile.calm_down()
    start_ns = START_NS + 7200 * NS
    first = int((CRY_AT_S - 2) * 16_000)
    cry = minute_with_cry(3)[first:first + int((CRY_S + 3) * 16_000)]
    # The graph is awake again once it has heard a quiet second.
    probe.heard_until(probe.play(np.zeros(16_000, np.int16), start_ns - NS))
    assert hostile.hears_through(cry, start_ns)
    hostile.flood(Hostile.ANY, FLOOD // 10)
    for kind, request in ((SetBool, SetBool.Request(data=False)),
                          (SetBool, SetBool.Request(data=True)), (Trigger, Trigger.Request())):
        name = 'enable' if kind is SetBool else 'reset'
        client = probe.node.create_client(kind, f'cry_classifier/{name}')
        assert client.wait_for_service(PATIENCE_S)
        future = client.call_async(request)
        hostile.flood(Hostile.ANY, 100)        # services answer in the middle of it
        probe.spin_until(future.done)
        assert future.result().success
    assert graph.resident_mb < 1.05 * before_mb
    for name in ('feature_extractor', 'cry_classifier'):
        assert not probe.count(name, 'internal_error')


def test_a_hundred_idle_subscribers(start_process):
    graph = start_process()
    probe = graph.probe
    for index in range(100):
        probe.node.create_subscription(
            CryNeed, 'cry_need', lambda _: None, qos.LATCHED if index % 2 else qos.STATE)
    probe.announce()
    pcm = minute_with_cry(1)[int(18 * 16_000):int(26 * 16_000)]
    probe.heard_until(probe.play(pcm, START_NS))
    assert any(need.crying for need in probe.needs)


def test_two_graphs_of_one_name_in_one_domain(start_process):
    domain_id = next_domain()
    first, second = (start_process(domain_id=domain_id) for _ in range(2))
    first.probe.announce()
    pcm = minute_with_cry(2)[int(18 * 16_000):int(26 * 16_000)]
    # Either may answer first, also one that has not yet heard all of it.
    first.probe.play(pcm, START_NS)
    first.probe.spin_until(lambda: any(need.crying for need in first.probe.needs))
    assert first.process.poll() is None and second.process.poll() is None


def test_a_disk_that_fills_up_in_mid_cry_costs_nothing_but_the_file(
        start_process, small_disk, fill):
    mounted = small_disk('size=64k')
    probe = start_process(environment={'XDG_STATE_HOME': str(mounted)}).probe
    probe.announce()
    kept = mounted / 'baby_cry_detector'

    def files():
        return sorted(path for path in kept.glob('*.json') if path.stat().st_size)

    end_ns = probe.play(long_cry(6.0), START_NS)
    probe.spin_until(files)
    before = files()[0].read_text()
    filler = fill(mounted)
    end_ns = probe.play(long_cry(6.0, seed=2), end_ns)
    probe.heard_until(end_ns)
    probe.spin_until(lambda: probe.count('cry_classifier', 'episode_not_kept'))
    assert probe.needs[-1].crying
    assert files()[0].read_text() == before          # the last whole state, not half of one
    filler.unlink()
    probe.heard_until(probe.play(long_cry(6.0, seed=3), end_ns))
    probe.spin_until(lambda: files()[0].read_text() != before)
    assert len({need.episode_id for need in probe.needs if need.crying}) == 1
    assert not probe.count('cry_classifier', 'internal_error')


@pytest.mark.parametrize('fault', ('no home', 'home is a file', 'full disk', 'read-only'))
def test_disks_that_cannot_be_written(start_process, tmp_path, small_disk, fill, fault):
    environment = {'XDG_STATE_HOME': '', 'ROS_LOG_DIR': '', 'ROS_HOME': ''}
    mounted = None
    if fault in ('full disk', 'read-only'):
        mounted = small_disk('size=64k' if fault == 'full disk' else 'ro')
        environment['HOME'] = str(mounted)
    if fault == 'full disk':
        fill(mounted)
    elif not mounted:
        (tmp_path / 'file').write_text('')
        environment['HOME'] = '' if fault == 'no home' else str(tmp_path / 'file')
    graph = start_process(environment=environment)
    probe = graph.probe
    probe.announce()
    pcm = minute_with_cry(2)[int(18 * 16_000):int(26 * 16_000)]
    probe.heard_until(probe.play(pcm, START_NS))
    assert any(need.crying for need in probe.needs)
