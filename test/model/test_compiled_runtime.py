# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The compiled networks against the NumPy ones they follow."""

from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.model.compiled import CompiledModel, CompiledRuntime
from baby_cry_detector.model.recent_statistics import StatisticsArchitecture
from baby_cry_detector.model.runtime import Runtime
from compiled_core import core
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

KINDS = [{'depth': depth, 'depth_strategy': strategy} for depth in (1, 2, 3, 16)
         for strategy in ('cascade', 'mean', 'softmax')]
KINDS += [{'depth': 2, 'gate_activation': 'hard_sigmoid'},
          {'depth': 3, 'depth_strategy': 'mean', 'gate_activation': 'softmax'},
          {'gate_bias': False}, {'bias': False, 'gate_bias': False}]
KINDS += [{'cell': cell, 'bias': bias} for cell in ('lstm', 'lstm_peephole', 'gru')
          for bias in (True, False)]


def name_of(kind):
    return '-'.join(map(str, kind.values()))


def compiled_runtime(checkpoint):
    return CompiledRuntime(CompiledModel(checkpoint, core()))


def differences(checkpoint, frames):
    pairs = zip(compiled_runtime(checkpoint).process(frames), Runtime(checkpoint).process(frames))
    return max(np.abs(mine - theirs).max(initial=0.0) for mine, theirs in pairs)


@pytest.mark.parametrize('kind', KINDS, ids=name_of)
def test_every_cell_equals_numpy(make_checkpoint, frames, kind):
    # Sizes that fill no block of the compiled matrices, several layers, members of three rates.
    checkpoint = make_checkpoint(
        Architecture(4, (14, 10, 37), stack_frames=2, dense_sizes=(6, 9), n_needs=3, **kind),
        Architecture(4, (64,), stack_frames=1, **kind),
        StatisticsArchitecture(4, window_frames=21, period_frames=3, hidden_sizes=(6, 5)))
    assert differences(checkpoint, frames[:600]) <= 1e-5


@pytest.mark.parametrize('window, period', [(2, 1), (7, 7), (40, 4), (200, 10)])
def test_statistics_equal_numpy(make_checkpoint, frames, window, period):
    member = StatisticsArchitecture(4, window_frames=window, period_frames=period)
    tied = np.round(frames[:900])               # many equal values in a window
    checkpoint = make_checkpoint(member, member)
    assert differences(checkpoint, frames[:900]) <= 1e-5
    assert differences(checkpoint, tied) <= 1e-5


def test_members_that_read_the_same_statistics_share_them(make_checkpoint, frames):
    member = StatisticsArchitecture(4, window_frames=40, period_frames=4)
    checkpoint = make_checkpoint(member, member)
    twin, other = checkpoint.members[0], checkpoint.members[1]
    other.input_columns, other.mean, other.std = twin.input_columns, twin.mean, twin.std
    assert differences(checkpoint, frames[:300]) <= 1e-5


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 400), max_size=30))
def test_blocks_of_any_size_give_the_same_bits(cuts):
    from made_checkpoints import checkpoint_of, made_frames
    checkpoint = checkpoint_of(
        Architecture(4, (14,), depth=3, stack_frames=3),
        StatisticsArchitecture(4, window_frames=20, period_frames=5))
    frames = made_frames()[:400]
    runtime = compiled_runtime(checkpoint)
    whole, _ = runtime.process(frames)
    runtime.reset()
    parts = [runtime.process(part)[0] for part in np.split(frames, sorted(cuts))]
    assert np.array_equal(np.concatenate(parts), whole)


def test_streams_of_one_model_know_nothing_of_each_other(make_checkpoint, frames, small):
    model = CompiledModel(make_checkpoint(small), core())
    one, other = CompiledRuntime(model), CompiledRuntime(model)
    expected, _ = one.process(frames[:100])
    one.reset()
    got = []
    for frame in frames[:100]:
        got.append(one.step(frame)[0])
        other.process(np.full((1, 6), np.nan, np.float32))
    assert np.array_equal(np.array(got, np.float32), expected)
    assert other.nonfinite_values == 400 and one.nonfinite_values == 0


def test_absurd_values_do_not_poison_the_state(make_checkpoint, frames, small):
    statistics = StatisticsArchitecture(4, window_frames=40, period_frames=4)
    checkpoint = make_checkpoint(small, statistics)
    runtime = compiled_runtime(checkpoint)
    absurd = np.array([1e300, -1e300, 3e38, -3e38, np.nan, np.inf])
    cry, needs = runtime.process(np.stack([absurd, -absurd, absurd[::-1]] * 20))
    assert np.isfinite(cry).all() and np.isfinite(needs).all()
    cry, _ = runtime.process(1e-40 * frames[:500])
    assert np.isfinite(cry).all()
    assert differences(checkpoint, np.where(frames > 1, np.nan, frames)[:400]) <= 1e-5


def test_a_model_that_does_not_fit_is_refused(make_checkpoint, small):
    checkpoint = make_checkpoint(small)
    checkpoint.members[0].arrays['label_head.bias'] = np.zeros(7, np.float32)
    with pytest.raises(ValueError, match='member 0'):
        CompiledModel(checkpoint, core())
    checkpoint = make_checkpoint(small)
    checkpoint.members[0].std = np.zeros(4, np.float32)
    with pytest.raises(ValueError, match='member 0'):
        CompiledModel(checkpoint, core())


def test_wrong_frames_are_refused_before_the_core_sees_them(make_checkpoint, small):
    runtime = compiled_runtime(make_checkpoint(small))
    for wrong in (np.zeros((3, 5)), np.zeros(6), np.zeros((2, 6), complex)):
        with pytest.raises(ValueError, match=r'shape \(n, 6\)'):
            runtime.process(wrong)
    cry, needs = runtime.process(np.empty((0, 6)))
    assert cry.shape == (0,) and needs.shape == (0, 3)


def test_the_paper_s_network_equals_numpy():
    from made_checkpoints import checkpoint_of
    for depth in (1, 3):
        checkpoint = checkpoint_of(Architecture.paper(4, 5, depth=depth), cry_labels=('l1',),
                                   labels=tuple(f'l{n}' for n in range(5)))
        rng = np.random.default_rng(depth)
        assert differences(checkpoint, rng.normal(size=(30, 6)).astype(np.float32)) <= 1e-5
