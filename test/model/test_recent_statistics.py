# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The member that reads statistics of recent frames, alone and beside recurrent ones."""

from baby_cry_detector.model.architecture import Architecture, ArchitectureError
from baby_cry_detector.model.checkpoint import (checkpoint_from_bytes, checkpoint_to_bytes,
                                                CheckpointError)
from baby_cry_detector.model.recent_statistics import (QUANTILES, StatisticsArchitecture,
                                                       window_statistics)
from baby_cry_detector.model.runtime import make_runtime, Runtime
import numpy as np
import pytest

SMALL = StatisticsArchitecture(4, window_frames=60, period_frames=10, hidden_sizes=(8,))


@pytest.fixture
def checkpoint(make_checkpoint):
    """Return a recurrent member and one of statistics; statistics are standardised by 0 and 1."""
    made = make_checkpoint(Architecture(4, (12,), stack_frames=2), SMALL)
    arrays = made.members[1].arrays
    arrays['statistics.mean'][:] = 0
    arrays['statistics.std'][:] = 1
    return made


def softmax(logits):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def expected_logits(member, frames, until):
    """Say what the member says after ``until`` frames, from the definition."""
    a, w = member.architecture, member.arrays
    last = until - until % a.period_frames
    x = ((frames[max(0, last - a.window_frames):last] - member.mean) / member.std)
    x = x.astype(float)
    change = x[1:] - x[:-1]
    ordered = np.sort(x, axis=0)
    rows = [x.mean(0), x.std(0)]
    rows += [ordered[int(round(share * (len(x) - 1)))] for share in QUANTILES]
    rows += [change.std(0), np.abs(change).mean(0)]
    values = np.clip(np.concatenate(rows), -6, 6)
    values = np.maximum(w['dense.0.weight'] @ values + w['dense.0.bias'], 0)
    return w['label_head.weight'] @ values + w['label_head.bias']


@pytest.mark.parametrize('until', [10, 19, 20, 59, 60, 61, 70, 300])
def test_it_answers_from_the_newest_frames_alone(make_checkpoint, frames, until):
    checkpoint = make_checkpoint(SMALL)
    member = checkpoint.members[0]
    member.arrays['statistics.mean'][:], member.arrays['statistics.std'][:] = 0, 1
    columns = [checkpoint.feature_columns.index(name) for name in member.input_columns]
    cry, _ = make_runtime(checkpoint).process(frames[:until])
    wanted = softmax(expected_logits(member, frames[:, columns], until) / checkpoint.temperature)
    assert cry[-1] == pytest.approx(wanted[1], abs=1e-5)
    assert not cry[:9].any() and cry[9] > 0         # no answer before the first period is over


def test_order_in_time_matters_only_to_the_differences(frames):
    shuffled = np.random.default_rng(1).permutation(frames[:200])
    one, other = window_statistics(frames[:200]), window_statistics(shuffled)
    n = 7 * frames.shape[1]
    np.testing.assert_allclose(one[:n], other[:n], atol=1e-5)
    assert np.abs(one[n:] - other[n:]).max() > 0.01


def test_a_single_frame_has_no_spread_and_no_change():
    values = window_statistics(np.array([[3.0, -1.0]], np.float32)).reshape(9, 2)
    assert np.array_equal(values[:, 0], [3, 0, 3, 3, 3, 3, 3, 0, 0])


def test_blocks_of_any_size_give_the_same_bits(checkpoint, frames):
    frames = frames[:400]
    whole, _ = make_runtime(checkpoint).process(frames)
    assert np.std(whole[20:]) > 0.01
    for size in (1, 7, 160):
        runtime = make_runtime(checkpoint)
        parts = [runtime.process(frames[i:i + size])[0] for i in range(0, 400, size)]
        assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize('cut', [3, 37, 101])
def test_state_travels(checkpoint, frames, cut):
    runtime = Runtime(checkpoint)
    runtime.process(frames[:cut])
    state = runtime.export_state()
    expected, _ = runtime.process(frames[cut:300])
    other = Runtime(checkpoint)
    other.process(-frames[:200])
    other.import_state(state)
    assert np.array_equal(other.process(frames[cut:300])[0], expected)
    other.reset()
    assert np.array_equal(other.process(frames[:300])[0],
                          Runtime(checkpoint).process(frames[:300])[0])


def test_absurd_values_are_forgotten(checkpoint, frames):
    runtime = make_runtime(checkpoint)
    absurd = frames[:50].copy()
    absurd[::3], absurd[1::7] = 3e38, np.nan
    assert np.isfinite(runtime.process(absurd)[0]).all()
    # Only what lies in the window counts.
    alone = make_runtime(checkpoint)
    alone.process(frames[:50])
    later = frames[100:1600]
    assert np.abs(runtime.process(later)[0] - alone.process(later)[0])[-100:].max() < 1e-3


def test_it_travels_in_the_checkpoint(checkpoint, frames):
    copy = checkpoint_from_bytes(checkpoint_to_bytes(checkpoint))
    assert copy.members[1].architecture == SMALL
    assert np.array_equal(make_runtime(copy).process(frames[:200])[0],
                          make_runtime(checkpoint).process(frames[:200])[0])
    assert SMALL.count_parameters() == 36 * 8 + 8 + 8 * 2 + 2


@pytest.mark.parametrize('change, message', [
    ({'window_frames': 65}, 'multiple of period_frames'),
    ({'window_frames': 1}, 'window_frames: 1 is below 2'),
    ({'hidden_sizes': []}, 'expected 1 to'),
    ({'hidden_sizes': 'no'}, 'expected a list'),
    ({'period_frames': True}, 'period_frames'),
    ({'depth': 3}, "unknown entry 'depth'"),
    ({'input_size': None}, 'input_size')])
def test_wrong_architectures_are_named(checkpoint, change, message):
    with pytest.raises(ArchitectureError, match=message):
        StatisticsArchitecture.from_dict({**SMALL.to_dict(), **change})


def test_a_missing_array_is_named(checkpoint):
    del checkpoint.members[1].arrays['statistics.std']
    with pytest.raises(CheckpointError, match='member 1: array statistics.std is missing'):
        checkpoint_to_bytes(checkpoint)
