# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys

from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.model.runtime import make_runtime, Runtime, RuntimeStateError
import numpy as np
import pytest

pytestmark = pytest.mark.slow

KINDS = [{'depth': depth, 'depth_strategy': strategy} for depth in (1, 2, 3)
         for strategy in ('cascade', 'mean', 'softmax')]
KINDS += [{'depth': 2, 'gate_activation': 'hard_sigmoid'},
          {'depth': 3, 'depth_strategy': 'mean', 'gate_activation': 'softmax'},
          {'gate_bias': False}, {'bias': False, 'gate_bias': False}]
KINDS += [{'cell': cell} for cell in ('lstm', 'lstm_peephole', 'gru')]
KINDS += [{'cell': cell, 'bias': False} for cell in ('lstm', 'lstm_peephole', 'gru')]


def name_of(kind):
    return '-'.join(map(str, kind.values()))


def architecture_of(kind, stack, **others):
    return Architecture(4, (14, 10), stack_frames=stack, **{
        'dense_sizes': (6,), 'n_needs': 3, **kind, **others})


def whole_sequence(checkpoint, frames):
    """Return what the training network says of all frames at once, answers held in between."""
    torch = pytest.importorskip('torch', reason='training code needs PyTorch')
    from baby_cry_detector.research.model.network import CryNetwork
    labels, needs = [], []
    for member in checkpoint.members:
        a = member.architecture
        network = CryNetwork(a).eval()
        network.load_arrays(member.arrays)
        columns = [checkpoint.feature_columns.index(name) for name in member.input_columns]
        x = torch.from_numpy((frames[:, columns] - member.mean) / member.std)[None]
        with torch.no_grad():
            own_labels, own_needs, _ = network(x)
        for rows, own in ((labels, own_labels), (needs, own_needs)):
            if own is not None:
                held = own[0].repeat_interleave(a.stack_frames, 0)
                missing = held.new_full((a.stack_frames - 1, held.shape[1]), float('nan'))
                rows.append(torch.cat([missing, held])[:len(frames)])
    answers = []
    for rows, temperature in ((labels, checkpoint.temperature),
                              (needs, checkpoint.need_temperature)):
        if rows:
            mean = torch.stack(rows).mean(0)
            answers.append(torch.softmax(mean / temperature, -1).nan_to_num(0).numpy())
    cries = [checkpoint.labels.index(label) for label in checkpoint.cry_labels]
    return answers[0][:, cries].sum(-1), answers[1] if needs else None


@pytest.mark.parametrize('kind, stack', [
    *((kind, 2) for kind in KINDS), *((KINDS[n], 1) for n in (0, 4, 6, 8, 13, 14, 15))],
    ids=lambda value: name_of(value) if isinstance(value, dict) else str(value))
def test_a_minute_of_stream_equals_the_training_code(make_checkpoint, frames, kind, stack):
    checkpoint = make_checkpoint(architecture_of(kind, stack))
    cry, needs = make_runtime(checkpoint).process(frames)
    expected_cry, expected_needs = whole_sequence(checkpoint, frames)
    assert np.abs(cry - expected_cry).max() <= 1e-5
    assert np.abs(needs - expected_needs).max() <= 1e-5
    assert np.std(cry) > 0.01 and cry.min() >= 0 and cry.max() <= 1


def test_ensemble_averages_logits_of_different_members(make_checkpoint, frames):
    checkpoint = make_checkpoint(
        architecture_of({}, 2), architecture_of({'cell': 'gru'}, 3, n_needs=0),
        architecture_of({'depth': 2, 'depth_strategy': 'mean'}, 1))
    cry, needs = make_runtime(checkpoint).process(frames)
    expected_cry, expected_needs = whole_sequence(checkpoint, frames)
    assert np.abs(cry - expected_cry).max() <= 1e-5
    assert np.abs(needs - expected_needs)[2:].max() <= 1e-5
    assert not cry[:2].any() and not needs[:2].any() and cry[2] > 0
    alone = make_runtime(make_checkpoint(checkpoint.members[0].architecture))
    assert np.abs(alone.process(frames)[0] - cry).max() > 0.01


def test_several_labels_may_be_cries(make_checkpoint, frames):
    labels = ('not_cry', 'cry', 'whimper')
    a = architecture_of({}, 1, n_labels=3)
    one = make_checkpoint(a, labels=labels, cry_labels=('cry',))
    two = make_checkpoint(a, labels=labels, cry_labels=('cry', 'whimper'))
    rest = make_checkpoint(a, labels=labels, cry_labels=('not_cry',))
    answers = [make_runtime(c).process(frames)[0] for c in (one, two, rest)]
    assert np.abs(answers[1] - whole_sequence(two, frames)[0]).max() <= 1e-5
    assert np.abs(answers[1] + answers[2] - 1).max() <= 1e-6
    assert (answers[0] < answers[1]).all()


@pytest.mark.parametrize('kind', [{'depth': 3}, {'cell': 'lstm'}, {'cell': 'gru'}], ids=name_of)
def test_blocks_of_any_size_give_the_same_bits(make_checkpoint, frames, kind):
    checkpoint = make_checkpoint(architecture_of(kind, 2), architecture_of(kind, 3))
    frames = frames[:400]
    whole, whole_needs = make_runtime(checkpoint).process(frames)
    for size in (1, 7, 160):
        runtime = make_runtime(checkpoint)
        parts = [runtime.process(frames[i:i + size]) for i in range(0, 400, size)]
        assert np.array_equal(np.concatenate([part[0] for part in parts]), whole)
        assert np.array_equal(np.concatenate([part[1] for part in parts]), whole_needs)
    runtime = make_runtime(checkpoint)
    for index, frame in enumerate(frames):
        cry, needs = runtime.step(frame)
        assert cry == whole[index] and np.array_equal(needs, whole_needs[index])


@pytest.mark.parametrize('kind', KINDS, ids=name_of)
def test_state_travels(make_checkpoint, frames, kind):
    checkpoint = make_checkpoint(architecture_of(kind, 3), architecture_of(kind, 1))
    frames = frames[:200]
    runtime = Runtime(checkpoint)
    runtime.process(frames[:101])
    state = runtime.export_state()
    expected, expected_needs = runtime.process(frames[101:])
    other = Runtime(checkpoint)
    other.process(-frames)
    other.import_state(state)
    cry, needs = other.process(frames[101:])
    assert np.array_equal(cry, expected) and np.array_equal(needs, expected_needs)
    assert all(np.array_equal(value, state[name]) for name, value in state.items())


def test_wrong_states_are_named_and_change_nothing(make_checkpoint, frames, small):
    checkpoint = make_checkpoint(small)
    runtime, twin = Runtime(checkpoint), Runtime(checkpoint)
    for one in (runtime, twin):
        one.process(frames[:31])
    good = runtime.export_state()
    wrong = [({k: v for k, v in good.items() if k != 'member0.layer1.h'}, 'layer1.h is missing'),
             ({**good, 'member3.layer0.h': np.zeros(3)}, 'member3.layer0.h is unknown'),
             ({**good, 'member0.layer0.memories': np.zeros((3, 12))}, 'layer0.memories'),
             ({**good, 'member0.layer0.h': np.full(12, np.nan)}, 'layer0.h'),
             ({**good, 'member0.layer0.h': np.full(12, 1e30)}, 'layer0.h'),
             ({**good, 'member0.labels': ['a', 'b']}, 'labels'),
             ({**good, 'member0.pending_count': 2}, 'pending_count')]
    for state, message in wrong:
        with pytest.raises(RuntimeStateError, match=message):
            runtime.import_state(state)
    assert np.array_equal(runtime.process(frames[31:99])[0], twin.process(frames[31:99])[0])


def test_reset_forgets_everything(make_checkpoint, frames, small):
    runtime = make_runtime(make_checkpoint(small))
    fresh = runtime.process(frames[:51])[0]
    bad = frames[:77].copy()
    bad[5] = np.nan
    runtime.process(bad)
    assert runtime.nonfinite_values == 4
    runtime.reset()
    assert runtime.nonfinite_values == 0
    assert np.array_equal(runtime.process(frames[:51])[0], fresh)
    assert fresh[0] == 0 and fresh[1] > 0


def test_values_that_are_not_finite_become_the_mean(make_checkpoint, frames, small):
    checkpoint = make_checkpoint(small)
    frames = frames[:300]
    bad, repaired = frames.copy(), frames.copy()
    columns = {name: index for index, name in enumerate(checkpoint.feature_columns)}
    means = dict(zip(checkpoint.input_columns, checkpoint.mean))
    for row, name, value in ((10, 'pitch', np.nan), (11, 'c1', np.inf), (12, 'c2', -np.inf),
                             (12, 'pitch', np.nan), (40, 'energy', np.nan)):
        bad[row, columns[name]] = value
        repaired[row, columns[name]] = means.get(name, 0)
    runtime = make_runtime(checkpoint)
    cry, _ = runtime.process(bad)
    assert runtime.nonfinite_values == 4            # nobody reads energy
    assert np.abs(cry - make_runtime(checkpoint).process(repaired)[0]).max() < 1e-6
    assert np.abs(cry - make_runtime(checkpoint).process(frames)[0]).max() > 1e-4


@pytest.mark.parametrize('kind', [{'depth': 2}, {'cell': 'lstm_peephole'}, {'cell': 'gru'},
                                  {'depth': 2, 'depth_strategy': 'softmax'}], ids=name_of)
def test_absurd_values_do_not_poison_the_state(make_checkpoint, frames, kind):
    runtime = make_runtime(make_checkpoint(architecture_of(kind, 1)))
    absurd = np.array([1e300, -1e300, 3e38, -3e38, 1e38, -1e38])
    cry, _ = runtime.process(np.stack([absurd, -absurd, absurd[::-1]]))
    assert np.isfinite(cry).all()
    cry, _ = runtime.process(frames[:2000])
    assert np.isfinite(cry).all() and np.std(cry) > 1e-3


def test_a_long_stream_forgets_its_start(make_checkpoint, frames):
    # Mild weights hold no memory for ever; what then remains would be an error of the runtime.
    checkpoint = make_checkpoint(Architecture(4, (14,), stack_frames=2))
    for name in ('weight_hh_l0', 'gate_w', 'gate_v'):
        checkpoint.arrays[f'layers.0.{name}'] *= 0.5
    old, young = make_runtime(checkpoint), make_runtime(checkpoint)
    old.process(50 * frames)
    old_cry, young_cry = old.process(frames)[0], young.process(frames)[0]
    assert np.abs(old_cry - young_cry)[3000:].max() < 1e-6
    assert np.abs(old_cry - young_cry)[:20].max() > 1e-3


@pytest.mark.parametrize('wrong', [
    np.zeros((3, 5)), np.zeros(6), np.zeros((1, 1, 6)), np.zeros((2, 6), complex),
    np.array([['a'] * 6]), np.array([[None] * 6])])
def test_wrong_frames_are_refused(make_checkpoint, frames, small, wrong):
    runtime = make_runtime(make_checkpoint(small))
    expected = make_runtime(make_checkpoint(small)).process(frames[:9])[0]
    first = runtime.process(frames[:3])[0]
    with pytest.raises(ValueError, match=r'shape \(n, 6\)'):
        runtime.process(wrong)
    assert np.array_equal(np.concatenate([first, runtime.process(frames[3:9])[0]]), expected)


def test_no_frames_no_answers(make_checkpoint, small):
    runtime = make_runtime(make_checkpoint(small, Architecture(4, (5,))))
    cry, needs = runtime.process(np.empty((0, 6)))
    assert cry.shape == (0,) and needs.shape == (0, 3)


def test_the_runtime_imports_no_torch(tmp_path, make_checkpoint, small, frames):
    from baby_cry_detector.model.checkpoint import save_checkpoint
    save_checkpoint(tmp_path / 'model.npz', make_checkpoint(small))
    np.save(tmp_path / 'frames.npy', frames[:50])
    script = ('import sys, numpy\n'
              'from baby_cry_detector.model.checkpoint import load_checkpoint\n'
              'from baby_cry_detector.model.runtime import make_runtime\n'
              'runtime = make_runtime(load_checkpoint(sys.argv[1]))\n'
              'print(repr(float(runtime.process(numpy.load(sys.argv[2]))[0][-1])))\n'
              'print([name for name in ("torch", "onnx", "onnxruntime", "scipy", "rclpy")\n'
              '       if name in sys.modules])\n')
    result = subprocess.run(
        [sys.executable, '-c', script, str(tmp_path / 'model.npz'), str(tmp_path / 'frames.npy')],
        capture_output=True, text=True, check=True).stdout.splitlines()
    assert result[1] == '[]'
    expected = make_runtime(make_checkpoint(small)).process(frames[:50])[0][-1]
    assert float(result[0]) == float(expected)
