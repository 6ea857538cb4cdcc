# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""mn04 trained on: what of it changes, what it keeps, and that a robot hears the same."""

from dataclasses import replace

from baby_cry_detector.checkpoints import CONFIRMER
from baby_cry_detector.cli.arguments import UsageError
from baby_cry_detector.cli.main import make_parser
from baby_cry_detector.model.second.confirmer import load_confirmer, probe_log_odds
from baby_cry_detector.model.second.sound_network import WINDOW_SAMPLES
from baby_cry_detector.model.second.tagger import BLOCKS, N_TAGGER_VALUES, Tagger
from baby_cry_detector.research.cli.confirmer import run
from baby_cry_detector.research.evaluation.background import Stream
from baby_cry_detector.research.evaluation.confirmed import keep_second, SecondListeners
from baby_cry_detector.research.sounds.tagger import BatchTagger
from baby_cry_detector.research.sounds.tagger_tuning import (Classes, embedded, fronts, Part,
                                                             TunableTagger, tune,
                                                             TuningSettings)
from baby_cry_detector.research.sounds.tuned_run import compared, tuned_folds
from baby_cry_detector.research.training.confirmer import fit_probe, Heard, window_starts
from baby_cry_detector.research.training.confirmer_run import Inputs
from baby_cry_detector.stream.listener import open_checkpoint
import numpy as np
import pytest
import torch

N_BLOCKS, COUNT = 2, 24
# Few updates, all of a few windows.
QUICK = TuningSettings(blocks=N_BLOCKS, epochs=1, draws=16 * 64, rate=3e-3, dropout=0.0,
                       p_hidden=0.2)


@pytest.fixture(scope='module')
def arrays():
    return {name: np.asarray(value) for name, value in load_confirmer(CONFIRMER).tagger.items()}


def sounds():
    """Return windows end to end, every other of which glides where the rest of them hum."""
    rng, time = np.random.default_rng(3), np.arange(WINDOW_SAMPLES) / 16000
    found = []
    for number in range(COUNT):
        pitch = rng.uniform(300, 500) * (1 + (number % 2) * 0.15 * np.sin(2 * np.pi * 3 * time))
        found.append(0.2 * np.sin(2 * np.pi * np.cumsum(pitch) / 16000)
                     + 0.05 * rng.standard_normal(WINDOW_SAMPLES))
    return np.concatenate(found)


@pytest.fixture(scope='module')
def part(arrays):
    samples, starts = sounds(), np.arange(COUNT) * WINDOW_SAMPLES
    front = fronts(arrays, N_BLOCKS, samples, starts)
    return Part(front, BatchTagger(arrays).embeddings(samples, starts).astype(np.float16),
                np.arange(COUNT) % 2 == 1, np.ones(COUNT))


@pytest.fixture(scope='module')
def classes():
    rng = np.random.default_rng(0)

    def some(*shape):
        return torch.from_numpy(rng.normal(0, 0.1, shape).astype(np.float32))

    return Classes({'classifier.2.weight': some(512, N_TAGGER_VALUES),
                    'classifier.2.bias': some(512), 'classifier.5.weight': some(527, 512),
                    'classifier.5.bias': some(527)})


def indifferent(count=N_TAGGER_VALUES):
    rng = np.random.default_rng(1)
    return {'mean': np.zeros(count, np.float32), 'std': np.ones(count, np.float32),
            'hidden': rng.normal(0, 0.05, (8, count)).astype(np.float32),
            'hidden_bias': np.zeros(8, np.float32), 'output': np.full(8, 0.1, np.float32),
            'output_bias': np.zeros(1, np.float32)}


def test_what_was_not_trained_is_what_it_was(arrays):
    for name, value in TunableTagger(arrays, N_BLOCKS).arrays().items():
        assert value.dtype == arrays[name].dtype
        np.testing.assert_array_equal(value, arrays[name])


@pytest.mark.parametrize('blocks', [1, 5])
def test_what_is_kept_of_the_first_blocks_gives_the_same(arrays, blocks):
    samples = sounds()[:3 * WINDOW_SAMPLES]
    starts = np.array([0, 900, 2 * WINDOW_SAMPLES])
    told = embedded(arrays, blocks, fronts(arrays, blocks, samples, starts))
    for row, start in zip(told, starts):
        np.testing.assert_allclose(
            row, Tagger(arrays).embedding(samples[start:start + WINDOW_SAMPLES]), atol=0.02)


def test_it_learns_with_its_last_blocks_alone_and_a_robot_hears_the_same(arrays, part, classes):
    before = indifferent()
    tagger, probe = tune([part], arrays, before, classes, QUICK)
    last = tuple(f'{name}{number}' for number in range(len(BLOCKS) - N_BLOCKS, len(BLOCKS))
                 for name in ('expand', 'depth', 'squeeze', 'excite', 'project'))
    changed = {name for name in arrays if not np.array_equal(arrays[name], tagger[name])}
    assert changed == {name for name in arrays
                       if name.removesuffix('_bias') in (*last, 'last')}
    values = embedded(tagger, N_BLOCKS, part.front)
    said = probe_log_odds(probe, values)
    assert said[part.is_cry].min() > said[~part.is_cry].max()
    assert _apart(said, part) > 0.05 + _apart(probe_log_odds(before, part.known), part)
    assert np.abs(probe_log_odds(probe, part.known) - said).max() > 0.01
    np.testing.assert_allclose(Tagger(tagger).embedding(sounds()[:WINDOW_SAMPLES]), values[0],
                               atol=0.02)


def _apart(said, part):
    return float(said[part.is_cry].mean() - said[~part.is_cry].mean())


def test_the_same_seed_gives_the_same(arrays, part, classes):
    short = replace(QUICK, draws=128)
    first, again = (tune([part], arrays, indifferent(), classes, short) for _ in range(2))
    for one, other in zip(first, again):
        for name, value in one.items():
            np.testing.assert_array_equal(value, other[name])


def test_its_own_classes_are_kept(arrays, part, classes):
    def forgets(keep):
        tagger, _ = tune([part], arrays, indifferent(), classes, replace(QUICK, keep=keep))
        told = [torch.sigmoid(classes(torch.from_numpy(np.asarray(values, np.float32))))
                for values in (embedded(tagger, N_BLOCKS, part.front), part.known)]
        return float((told[0] - told[1]).abs().mean())

    assert forgets(10.0) < 0.5 * forgets(0.0)


def test_a_fold_is_heard_by_the_network_that_was_not_trained_on_it(arrays, tmp_path):
    whole = load_confirmer(CONFIRMER)
    (tmp_path / 'work').mkdir()
    (tmp_path / 'cry_confirmer.npz').write_bytes(CONFIRMER.read_bytes())
    other = {**arrays, 'last_bias': arrays['last_bias'] + 1}
    keep_second(tmp_path / 'work', {0: whole.probe, 1: whole.probe}, {1: other})
    listeners = SecondListeners(tmp_path)
    np.testing.assert_array_equal(listeners.of_fold(1).tagger['last_bias'], other['last_bias'])
    np.testing.assert_array_equal(listeners.of_fold(0).tagger['last_bias'], arrays['last_bias'])
    samples = sounds()[:3 * WINDOW_SAMPLES]
    smooth = np.full(len(samples) // 160, 0.5, np.float32)
    stream = Stream(samples, [(0.0, len(samples) / 16000, 'hum')], [])
    first = Heard(smooth, 0.0, np.arange(0), np.zeros((0, 1)), stream.pieces, [])
    scored = first.scored(open_checkpoint(), None)
    said = [listeners(fold, stream, scored).values for fold in (0, 1, 0)]
    np.testing.assert_array_equal(said[0], said[2])
    assert np.nanmax(np.abs(said[0] - said[1])) > 0.1
    # Another run there, without networks of its own, leaves nothing of this one.
    keep_second(tmp_path / 'work', {0: whole.probe, 1: whole.probe}, {})
    np.testing.assert_array_equal(SecondListeners(tmp_path).of_fold(1).tagger['last_bias'],
                                  arrays['last_bias'])


def tune_on(heard, inputs, classes, out, settings):
    """Return mn04 trained on one fold, fold 1, alone."""
    is_cry, weight = heard.targets()
    counts = weight > 0
    front = np.load(out / 'work' / f'front-{settings.blocks}-1.npy')[counts]
    part = Part(front, heard.embeddings[counts], is_cry[counts], weight[counts])
    return tune([part], inputs.tagger, fit_probe([heard]), classes, settings)[0]


def test_a_run_goes_on_and_says_what_was_gained(arrays, classes, tmp_path, monkeypatch):
    samples, n_seconds = sounds(), COUNT * 0.975
    numbers = np.arange(0, 2 * COUNT - 2, 2)
    cries = [(at * 0.975, at * 0.975 + 0.975, 10.0) for at in range(1, COUNT - 1, 8)]
    values = BatchTagger(arrays).embeddings(samples, window_starts(numbers)).astype(np.float16)
    heard = {fold: Heard(np.full(int(n_seconds * 100), 0.5, np.float32), 0.0, numbers, values,
                         [(0.0, n_seconds, 'hum')], cries) for fold in range(2)}
    monkeypatch.setattr('baby_cry_detector.research.sounds.tuned_run.fold_stream',
                        lambda fold, *rest: Stream(samples, heard[fold].pieces, cries))
    (tmp_path / 'work').mkdir()
    inputs = Inputs([], [], open_checkpoint(), {}, {}, arrays, {}, [0, 1])
    told = []
    short = replace(QUICK, draws=64)
    first = tuned_folds(inputs, heard, classes, tmp_path, (0.0, 1.0), short, told.append)
    assert told == ['mn04 trained without fold 0', 'mn04 trained without fold 1',
                    'mn04 trained on all folds']
    (tmp_path / 'work' / next(iter(tmp_path.glob('work/tuned-*-1.npz'))).name).unlink()
    again = tuned_folds(inputs, heard, classes, tmp_path, (0.0, 1.0), short, told.append)
    assert told[3:] == ['mn04 trained without fold 1']
    alone = tune_on(heard[1], inputs, classes, tmp_path, short)
    for name, value in first.taggers[0].items():
        np.testing.assert_array_equal(value, alone[name])
    for fold in (0, 1):
        np.testing.assert_array_equal(first.heard[fold].embeddings, again.heard[fold].embeddings)
        assert not np.array_equal(first.heard[fold].embeddings, heard[fold].embeddings)
    report, lines = compared(inputs, heard, again)
    assert set(report) == {'windows', 'events'} and lines[0].startswith('windows: AUC')


def test_it_is_refused_where_there_is_nothing_to_train():
    args = make_parser().parse_args(['train-confirmer', '--teacher', 'x', '--out', 'x',
                                     '--tune'])
    with pytest.raises(UsageError, match='--networks both, not yamnet'):
        run(args)
