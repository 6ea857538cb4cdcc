# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the paper's comparison computes, on arrays made by hand."""

import numpy as np
import pytest

pytest.importorskip('torch')
from baby_cry_detector.research.evaluation import metrics  # noqa: E402, I100  # after importorskip
from baby_cry_detector.research.model.network import CryNetwork  # noqa: E402, I100, E501  # after importorskip
from baby_cry_detector.research.paper import data as paper_data  # noqa: E402  # after importorskip
from baby_cry_detector.research.paper import figures, runs  # noqa: E402  # after importorskip
from baby_cry_detector.research.paper.settings import (EMOTION, make_preset, MODELS,  # noqa: E402, E501  # after importorskip
                                                       NEEDS)
from baby_cry_detector.research.training.manifest import Clip  # noqa: E402  # after importorskip
import torch  # noqa: E402, I100  # after importorskip


def made_data(n_groups=4, per_group=6, n_columns=3, seed=0):
    rng = np.random.default_rng(seed)
    clips, frames = [], []
    for group in range(n_groups):
        for number in range(per_group):
            path = f'{group}/{number}.wav'
            clips.append(Clip(path, path, 'ab'[number % 2], f'g{group}', group % 2, 'emotion'))
            frames.append((group + rng.standard_normal((int(rng.integers(5, 30)), n_columns))
                           ).astype(np.float32))
    return paper_data.PaperData(
        'made', EMOTION, clips, ('a', 'b'), np.array([clip.label == 'b' for clip in clips], int),
        np.array([clip.group for clip in clips]), np.array([clip.fold for clip in clips]),
        frames, 'made/1', ('x', 'y', 'z'), '0')


def made_runs(data, seeds, right, model='lstm', seed=0):
    """Return one run a seed and fold that answers rightly with probability ``right``."""
    rng = np.random.default_rng(seed)
    found = []
    for number in seeds:
        for fold in data.fold_numbers:
            clips = np.flatnonzero(data.folds == fold)
            truth = data.truth[clips]
            decided = [np.where(rng.random(len(clips)) < right, truth, 1 - truth).tolist()
                       for _ in range(2)]
            found.append({'model': model, 'fold': fold, 'seed': number, 'clips': clips.tolist(),
                          'decided': decided, 'loss': [0.7, 0.5, 0.3, 0.2],
                          'train_war': [0.5, 0.6, 0.7, 0.9], 'uar': [0.5, 0.6, 0.7, 0.8],
                          'war': [0.5, 0.6, 0.7, 0.8], 'cpu_s': [2.0, 2.0, 2.0, 2.0]})
    return found


def test_presets_have_the_settings_of_table_1():
    needs, emotion = make_preset('paper', NEEDS), make_preset('paper', EMOTION)
    assert (needs.learning_rate, needs.beta2, needs.batch_size, needs.epochs) == (
        1e-3, 0.7, 64, 1500)
    assert (emotion.learning_rate, emotion.beta2, emotion.batch_size, emotion.epochs) == (
        1e-4, 0.9, 128, 1200)
    for preset in (needs, emotion):
        assert preset.weight_decay == 1e-4 and not preset.gate_bias
        network = preset.architecture(MODELS['depth2'], 32, 5)
        assert network.count_parameters(biases=False) == 1605632 + 33408
    assert make_preset('short', NEEDS).beta2 == 0.7
    with pytest.raises(ValueError, match='expected one of paper, short, recipe'):
        make_preset('quick', NEEDS)


def test_draws_of_every_group_once_give_the_matrix_itself():
    data = made_data()
    answers = figures.Answers(made_runs(data, [1, 2], 0.8), data, [1, 2])
    drawn = answers.drawn(np.ones((1, 4)), np.full((1, 2), 0.5))[0]
    assert np.allclose(drawn, answers.matrix())
    assert figures.uar(drawn) == pytest.approx(metrics.unweighted_recall(drawn))
    assert figures.war(drawn) == pytest.approx(metrics.weighted_recall(drawn))
    assert answers.matrix().sum() == pytest.approx(len(data.clips))


def test_a_group_drawn_twice_counts_twice():
    data = made_data()
    answers = figures.Answers(made_runs(data, [1], 0.5), data, [1])
    drawn = answers.drawn(np.array([[2.0, 0, 0, 0]]), np.ones((1, 1)))[0]
    assert np.allclose(drawn, 2 * answers.counts[0, 0])


def test_a_clear_difference_holds_and_none_is_not_shown():
    data = made_data(n_groups=10)
    preset = make_preset('short', EMOTION)
    results = made_runs(data, [1, 2], 0.6) + made_runs(data, [1, 2], 0.95, 'depth1', 1) \
        + made_runs(data, [1, 2], 0.6, 'gru', 2)
    document = figures.make_figures(results, data, preset, ['lstm', 'depth1', 'gru'])
    verdicts = {claim['compared']: claim['verdict'] for claim in document['claims']}
    assert verdicts['depth 1: UAR'] == figures.HOLDS
    low, high = document['differences']['gru - lstm']['uar']['interval_95']
    assert low < 0 < high
    assert verdicts['depth 1: CPU time per epoch'] == figures.OPEN     # equal times
    assert document['models']['depth1']['epochs_to']['half_loss']['minus_lstm'] == 0


def test_nothing_is_compared_where_nothing_is_heard():
    data = made_data(n_groups=10)
    results = made_runs(data, [1], 0.0) + made_runs(data, [1], 0.5, 'depth1', 1)
    document = figures.make_figures(results, data, make_preset('short', EMOTION),
                                    ['lstm', 'depth1'])
    assert document['differences']['depth1 - lstm']['uar']['interval_95'][0] > 0
    verdicts = {claim['compared']: claim['verdict'] for claim in document['claims']}
    assert document['models']['depth1']['permutation']['p_value'] > 0.05
    assert verdicts['depth 1: UAR'] == figures.NO_SIGNAL
    assert verdicts['depth 1: CPU time per epoch'] == figures.OPEN


def test_unfinished_seeds_do_not_count():
    data = made_data()
    results = made_runs(data, [1, 2], 0.7)
    assert figures.finished_seeds(results, ['lstm'], [0, 1]) == [1, 2]
    assert figures.finished_seeds(results[:-1], ['lstm'], [0, 1]) == [1]
    assert figures.finished_seeds(results, ['lstm', 'gru'], [0, 1]) == []
    with pytest.raises(ValueError, match='no seed'):
        figures.make_figures(results[:1], data, make_preset('short', EMOTION), ['lstm'])


def test_epochs_to_a_level():
    assert figures.epochs_to([4, 2, 1], 3) == 1.5
    assert figures.epochs_to([4, 2, 1], 2) == 2
    assert figures.epochs_to([4, 2, 1], 5) == 1
    assert figures.epochs_to([4, 2, 1], 0.5) == 4
    assert np.allclose(figures.smoothed([3, 6, 9, 12]), [3, 4.5, 6, 9])


@pytest.mark.parametrize('interval, wanted, expected', [
    ((0.1, 0.2), 1, figures.HOLDS), ((0.1, 0.2), -1, figures.OPPOSITE),
    ((-0.2, -0.1), -1, figures.HOLDS), ((-0.1, 0.1), 1, figures.OPEN),
    ((float('nan'), 1.0), 1, figures.OPEN)])
def test_verdicts(interval, wanted, expected):
    assert figures.verdict(interval, wanted) == expected


def test_training_normalisation_learns_nothing_from_the_scored_fold():
    data = made_data()
    frames = list(data.frames)
    before = paper_data.normalise(data, frames, 1, 'training')
    inside = np.concatenate([before[index] for index in np.flatnonzero(data.folds != 1)])
    assert np.allclose(inside.mean(0), 0, atol=1e-5)
    assert np.allclose(inside.std(0), 1, atol=1e-5)
    changed = [values * 3 if data.folds[index] == 1 else values
               for index, values in enumerate(frames)]
    after = paper_data.normalise(data, changed, 1, 'training')
    for index in np.flatnonzero(data.folds != 1):
        assert np.array_equal(before[index], after[index])


def test_speaker_normalisation_is_causal_and_knows_only_the_speaker(monkeypatch):
    monkeypatch.setattr(paper_data, 'PRIOR_FRAMES', 10)
    data = made_data(per_group=30)
    before = paper_data.normalise(data, data.frames, 1, 'speaker')
    spoken = [index for index in range(len(data.clips)) if data.groups[index] == 'g1']
    changed = [values.copy() for values in data.frames]
    changed[spoken[7]][-1] += 5
    after = paper_data.normalise(data, changed, 1, 'speaker')
    assert np.array_equal(before[spoken[7]][:-1], after[spoken[7]][:-1])
    others = [index for index in range(len(data.clips)) if index not in spoken]
    assert all(np.array_equal(before[index], after[index]) for index in others)
    assert any(not np.array_equal(before[index], after[index]) for index in spoken
               if index != spoken[7])      # clips of the same speaker heard later
    # A speaker a unit away from the training speakers is brought back to zero.
    late = np.concatenate([before[index] for index in spoken])
    assert abs(late.mean()) < 0.15


def test_long_clips_keep_their_loudest_stretch():
    samples = np.zeros(16000 * 4)
    samples[16000 * 2:16000 * 3] = 1.0
    frames = np.arange(398.0)[:, None]
    cut, short = paper_data.cut_clips([frames, frames[:50]], lambda index: samples, 1.0)
    assert cut[0, 0] == 200 and len(cut) == 100
    assert len(short) == 50
    assert len(paper_data.cut_clips([frames], lambda index: samples, 0.0)[0]) == 398


@pytest.mark.parametrize('pooling', ['last', 'mean'])
@pytest.mark.parametrize('model', ['lstm', 'depth2', 'gru'])
def test_padding_does_not_change_an_answer(pooling, model):
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    frames = [rng.standard_normal((n, 3)).astype(np.float32) for n in (9, 30, 2)]
    network = CryNetwork(make_preset('short', EMOTION, hidden_sizes=(5, 4)).architecture(
        MODELS[model], 3, 2)).eval()
    with torch.no_grad():
        together = runs.clip_logits(network, *runs.padded(frames, np.arange(3), 4), pooling)
        for row in range(3):
            batch, lengths = runs.padded(frames, np.array([row]), 4)
            assert lengths is None
            alone = runs.clip_logits(network, batch, lengths, pooling)
            assert torch.allclose(together[row], alone[0], atol=1e-6)


def test_class_weights_give_every_class_the_same_say():
    truth = np.array([0, 0, 0, 1])
    weights = runs.class_weights(truth, 3)
    assert float(weights[0] * 3) == pytest.approx(float(weights[1]))
    assert float(weights[truth].mean()) == pytest.approx(1)
