# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The graph fed by what the released `audio_capture` publishes (`released_capture.py`)."""

from baby_cry_detector.msg import CryNeed
from endurance import minute_with_cry
import numpy as np
import pytest
from released_capture import in_real_time, missing_gstreamer, ReleasedCapture
import virtual_microphones

WHY_NOT = missing_gstreamer()
with_gstreamer = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
BREAKS = ('gap', 'forward', 'overlap', 'duplicate', 'backward', 'undecodable')


@pytest.fixture
def probe(graph):
    """Return a probe that doesn't publish audio itself."""
    probe = graph.probe
    probe.node.destroy_publisher(probe.audio)
    probe.node.destroy_publisher(probe.info)
    return probe


def connect(probe):
    """Wait until the extractor and the classifier are found."""
    probe.spin_until(lambda: probe.node.count_subscribers('audio_stamped')
                     and probe.node.count_subscribers('audio_info')
                     and probe.node.count_subscribers('frame_features') >= 2
                     and probe.node.count_publishers('cry_need'))


def cry():
    """Return 7.5 s with a cry, int16 at 16 kHz."""
    return minute_with_cry(6)[int(19.5 * 16_000):int(27 * 16_000)]


@pytest.mark.parametrize('buffer_ms', [10, 25, 200])
def test_its_messages_are_heard_whatever_the_size_of_its_buffers(probe, buffer_ms):
    capture = ReleasedCapture(probe.node, 'wave')
    connect(probe)
    for _ in in_real_time(capture, cry(), buffer_ms):
        if len(capture.sizes) == 3:
            capture.say_info()            # only after the first buffers
        probe.executor.spin_once(timeout_sec=0.001)
    probe.spin_until(lambda: any(need.crying for need in probe.needs))
    assert set(capture.sizes) == {32 * buffer_ms}
    assert all(need.header.frame_id == '' for need in probe.needs)
    crying = next(need for need in probe.needs if need.crying)
    assert crying.status == CryNeed.STATUS_OK and crying.episode_id


@with_gstreamer
@pytest.mark.skipif(bool(virtual_microphones.missing()), reason=virtual_microphones.missing())
def test_a_real_pipeline_on_a_virtual_microphone_is_heard(probe, tmp_path, monkeypatch):
    server = virtual_microphones.VirtualMicrophones(tmp_path, ['north_crib'])
    monkeypatch.setenv('PULSE_SERVER', server.environment['PULSE_SERVER'])
    capture = ReleasedCapture(probe.node, 'wave')
    connect(probe)
    try:
        capture.play('pulsesrc device=north_crib.monitor')

        def heard(condition):
            capture.take()
            return condition()
        probe.spin_until(lambda: heard(
            lambda: probe.needs and probe.needs[-1].status == CryNeed.STATUS_OK))
        with server.playing('north_crib', cry(), rate=16_000):
            probe.spin_until(lambda: heard(lambda: any(need.crying for need in probe.needs)))
        stamps_s = 1e-9 * np.array(capture.stamps_ns)
        seen = len(capture.sizes)
        probe.spin_until(lambda: heard(lambda: len(capture.sizes) > seen + 100))
    finally:
        capture.close()
        server.stop()
    assert set(capture.sizes) <= set(range(2, 64_001, 2))
    # Capture times: each begins where the one before ended, but for the first ones.
    lengths_s = np.array(capture.sizes[:len(stamps_s)]) / 32_000
    errors_s = np.diff(stamps_s) - lengths_s[:-1]
    print(f'buffers of {np.median(capture.sizes) / 32:.0f} ms, stamps off by '
          f'{1e3 * np.abs(errors_s).max():.1f} ms at most; '
          f'{ {kind: probe.count("feature_extractor", kind) for kind in BREAKS} }')
    assert not probe.count('feature_extractor', 'undecodable')
    assert not probe.count('feature_extractor', 'internal_error')


@with_gstreamer
def test_its_default_is_mp3_and_is_named_with_what_to_do(probe):
    capture = ReleasedCapture(probe.node)
    connect(probe)
    try:
        capture.play('audiotestsrc is-live=true')

        def said():
            capture.take()
            return probe.diagnostics.get('feature_extractor', (0, ''))[1]
        probe.spin_until(lambda: 'mp3; set its format to wave' in said() and capture.sizes)
        probe.spin_until(lambda: said() and probe.count('feature_extractor', 'undecodable'))
    finally:
        capture.close()
    assert not any(need.crying for need in probe.needs)


@with_gstreamer
def test_other_sample_formats_are_named(probe):
    capture = ReleasedCapture(probe.node, 'wave', 'F32LE')
    connect(probe)
    try:
        capture.play('audiotestsrc is-live=true')

        def said():
            capture.take()
            return probe.diagnostics.get('feature_extractor', (0, ''))[1]
        probe.spin_until(lambda: "expected sample format 'S16LE'" in said())
    finally:
        capture.close()
