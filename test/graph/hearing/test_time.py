# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Clocks that jump, sources that restart, messages out of order: no phantom cry, none lost."""

from baby_cry_detector.audio import to_pcm16
from baby_cry_detector.msg import CryNeed
from baby_cry_detector.ros.base.ros_time import to_nanoseconds
from endurance import CRY_AT_S, minute_with_cry, room
from faulty_ways import repeat, shift
from graph_harness import blocks_of, NS, RATE
import pytest

START_NS = 1_700_000_000 * NS


def send_all(probe, blocks):
    """Send blocks, some at a time; wait until all that was sent is worked off."""
    for number, (stamp_ns, data) in enumerate(blocks):
        probe.send(data, stamp_ns)
        probe.executor.spin_once(timeout_sec=0)
        if number % 25 == 24:      # a second of audio takes far less than this
            for _ in range(4):
                probe.executor.spin_once(timeout_sec=0.02)
    probe.spin_until(lambda: probe.needs and probe.needs[-1].status == CryNeed.STATUS_NO_AUDIO)


# The others are tried without DDS: test/stream/test_stream_machines.py.
FAULTS = {'an hour back': shift(-3600.0), 'duplicated': repeat}


@pytest.mark.parametrize('name', FAULTS)
def test_no_phantom_cry_in_a_quiet_room_and_no_cry_lost(start_graph, name):
    probe = start_graph({node: {'no_audio_timeout_s': 1.0}
                         for node in ('feature_extractor', 'cry_classifier')}).probe
    probe.wait_for_graph()
    probe.announce()
    quiet = to_pcm16(room(14.0, seed=5))
    send_all(probe, FAULTS[name](blocks_of(quiet, START_NS)))
    assert not any(need.crying for need in probe.needs)
    counted = sum(int(value) for key, value in probe.diagnostics['feature_extractor'][2].items()
                  if key in ('count.gap', 'count.forward', 'count.backward', 'count.duplicate',
                             'count.overlap'))
    assert counted >= 1
    # A jump is no loss: what is counted as lost can't be more than was sent.
    assert probe.count('feature_extractor', 'samples_lost') <= len(quiet)
    assert probe.count('cry_classifier', 'frames_lost') <= len(quiet) // 160
    # The cry begins at 3 s of this stretch, the fault comes in the middle of it.
    cut = slice(int((CRY_AT_S - 7) * RATE), int((CRY_AT_S + 9) * RATE))
    cry = blocks_of(minute_with_cry(3)[cut], START_NS + 24 * 3600 * NS)
    del probe.needs[:]
    send_all(probe, FAULTS[name](cry))
    crying = [need for need in probe.needs if need.crying]
    assert crying
    if name == 'duplicated':
        assert len({need.episode_id for need in crying}) == 1     # it survives a short gap
    assert not probe.needs[-1].crying
    for need in crying:
        assert to_nanoseconds(need.onset) <= to_nanoseconds(need.header.stamp)
    for node in ('feature_extractor', 'cry_classifier'):
        assert not probe.count(node, 'internal_error')
