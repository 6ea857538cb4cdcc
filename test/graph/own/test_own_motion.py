# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The graph learns what rocking sounds like, and hears cries over it; composed and separate."""

from baby_cry_detector.audio import from_pcm16, to_pcm16
from baby_cry_detector.audio.loudness.weighting import leq_dbfs
from baby_cry_detector.audio.synthesis.rocking_motor import Motion, rocking_noise
from baby_cry_detector.care.sound.acoustics import as_heard
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.ros_time import from_nanoseconds, to_nanoseconds
import numpy as np
import pytest
from sensor_msgs.msg import JointState
from separate_graph import SeparateGraph

NS, RATE = 1_000_000_000, 16_000
START_NS = 1_700_000_000 * NS
ALONE_S = 40                   # that it rocks before somebody cries
FULL_SCALE_DBA, CRY_DBA, NOISE_DBA = 110.0, 70.0, 73.0
MACHINE = 13                   # over which, its motion not being known, no cry is heard
STATES_HZ = 50


def scene(demonstration):
    """Return (int16 samples of a crib that rocks, (begin, end) of each cry in seconds)."""
    pcm, cries = demonstration
    samples = from_pcm16(pcm)
    loud = samples[np.abs(samples) > 0.02 * np.abs(samples).max()]
    samples = samples * 10 ** ((CRY_DBA - FULL_SCALE_DBA - leq_dbfs(loud, RATE)) / 20)
    heard = np.concatenate((np.zeros(ALONE_S * RATE), samples))
    noise = rocking_noise(len(heard) / RATE, Motion(), np.random.default_rng(MACHINE))
    heard += as_heard(noise[:len(heard)], NOISE_DBA, 0.3, RATE, FULL_SCALE_DBA, MACHINE)
    heard += 1e-5 * np.random.default_rng(0).standard_normal(len(heard))
    return to_pcm16(heard), [(begin + ALONE_S, end + ALONE_S) for begin, end in cries]


def listen(probe, pcm, start_ns, states=None):
    """Let the graph hear it, with the joint's states or without; return when it said it cries."""
    del probe.needs[:]
    probe.announce()
    sent = 0
    for first in range(0, len(pcm), RATE // 4):
        while states is not None and sent / STATES_HZ < first / RATE + 0.5:
            message = JointState(name=['wheel', 'crib_rocking_joint'], position=[
                0.0, float(Motion().position(np.array([sent / STATES_HZ]))[0])])
            message.header.stamp = from_nanoseconds(start_ns + sent * NS // STATES_HZ)
            states.publish(message)
            sent += 1
        part = pcm[first:first + RATE // 4]
        probe.heard_until(probe.play(part, start_ns + first * NS // RATE), margin_s=0.4)
    stretches = []
    for need in probe.needs:
        time_s = (to_nanoseconds(need.header.stamp) - start_ns) / NS
        if time_s >= 0.0 and need.crying and (not stretches or stretches[-1][1] is not None):
            stretches.append([time_s, None])
        elif not need.crying and stretches and stretches[-1][1] is None:
            stretches[-1][1] = time_s
    return stretches


def cries_are_heard_once_the_motion_is_known(probe, demonstration, before=False):
    pcm, cries = scene(demonstration)

    def found(stretches):
        return sum(any(begin < end_s + 1.0 and (end is None or end > begin_s)
                       for begin, end in stretches) for begin_s, end_s in cries)

    assert not before or not found(listen(probe, pcm, START_NS))
    states = probe.node.create_publisher(JointState, 'joint_states', qos.sensor(100))
    probe.spin_until(states.get_subscription_count)
    stretches = listen(probe, pcm, START_NS + 3600 * NS, states)
    assert found(stretches) == len(cries), stretches
    for begin, _ in stretches:
        assert any(begin_s - 0.2 <= begin <= end_s + 1.0 for begin_s, end_s in cries), stretches
    probe.spin_until(lambda: probe.diagnostics.get(
        'feature_extractor', (0, '', {}))[2].get('own_motion') == 'softened')


@pytest.mark.timeout(900)          # minutes of audio through the graph, on a busy machine too
def test_in_one_process(graph, demonstration):
    cries_are_heard_once_the_motion_is_known(graph.probe, demonstration, before=True)


@pytest.mark.timeout(900)
def test_in_processes_of_their_own(demonstration, tmp_path):
    separate = SeparateGraph(tmp_path)
    try:
        cries_are_heard_once_the_motion_is_known(separate.probe, demonstration)
    finally:
        separate.close()
