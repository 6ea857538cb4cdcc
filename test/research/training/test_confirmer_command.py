# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The second listener's training: what it is fitted to, what is counted, what is shipped."""

import argparse
import json

from baby_cry_detector.checkpoints import CONFIRMER
from baby_cry_detector.decision.settings import LEAVE_TO_ENTER
from baby_cry_detector.model.second.confirmer import (load_confirmer, probe_log_odds,
                                                      save_confirmer, TAGGER_WINDOWS_S)
from baby_cry_detector.model.second.sound_network import WINDOW_SAMPLES
from baby_cry_detector.research.cli.confirmer import add_parser
from baby_cry_detector.research.evaluation.background import at_threshold, figures
from baby_cry_detector.research.evaluation.confirmed import (candidates, Evidence, evidence_of,
                                                             HINT_THRESHOLD)
from baby_cry_detector.research.sounds.tagger import many_windows
from baby_cry_detector.research.training.confirmer import (fit_probe, hear, Heard, HOP_S,
                                                           make_confirmer, NOT_FITTED,
                                                           out_of_fold,
                                                           ProbeSettings, second_at_recall,
                                                           with_listener)
from baby_cry_detector.research.training.confirmer_run import (first_thresholds, heard_folds,
                                                               Inputs, lines, measured,
                                                               NETWORKS, TWICE_S)
from baby_cry_detector.research.training.manifest import Clip, CRY, NOT_CRY
from baby_cry_detector.stream.listener import open_checkpoint
import numpy as np
import pytest
import soundfile

CHECKPOINT = open_checkpoint()


def made(fold, n_seconds=240.0):
    """Return a stream in which the first listener takes music for crying every 20 s."""
    rng = np.random.default_rng(fold)
    smooth = np.zeros(int(n_seconds * 100), np.float32)
    cries = [(at, at + 4.0, 10.0) for at in np.arange(10.0, n_seconds - 10, 20.0)]
    for at, end, _ in cries:
        smooth[int(at * 100):int(end * 100)] = 0.95
        smooth[int(at * 100) + 1000:int(end * 100) + 1000] = 0.95       # music, 10 s later
    numbers = np.arange(int((n_seconds - 1) / HOP_S))
    starts = numbers * HOP_S
    values = rng.random((len(numbers), 1024))
    for at, end, _ in cries:
        values[(starts + 0.975 > at + 0.3) & (starts < end - 0.3), :40] += 1.0
    return Heard(smooth, 0.065, numbers, values.astype(np.float16),
                 [(0.0, n_seconds, 'music')], cries)


@pytest.fixture(scope='module')
def heard():
    return {fold: made(fold) for fold in range(3)}


QUICK = ProbeSettings(hidden=8, epochs=6)


def test_the_probe_tells_what_the_first_listener_does_not(heard, tmp_path):
    (tmp_path / 'work').mkdir()
    report = measured(heard, CHECKPOINT, tmp_path, lambda text: None, QUICK)
    own = report['points']['']
    assert own['alone']['recall'] == 1.0 and own['alone']['false_events'] >= 30
    assert own['both']['recall'] >= 0.90 and own['both']['false_events'] <= 3
    assert own['both']['delay_s']['median'] > own['alone']['delay_s']['median']
    assert report['windows']['auc'] > 0.95
    assert 0.1 < report['heard']['music'] == report['heard']['all'] < 0.5
    assert any('own, both' in line for line in lines(report))
    assert sorted(path.name for path in (tmp_path / 'work').iterdir()) == [
        'probe-0.npz', 'probe-1.npz', 'probe-2.npz']


def test_a_probe_of_a_fold_has_not_seen_it(heard):
    probes = out_of_fold(heard, QUICK)
    alone = fit_probe([heard[1], heard[2]], QUICK)
    for name, value in alone.items():
        np.testing.assert_array_equal(probes[0][name], value)


def test_the_threshold_finds_what_was_asked_for(heard):
    probes = out_of_fold(heard, QUICK)
    second = second_at_recall(with_listener(heard, probes, CHECKPOINT, 0.0, 2), 0.6, 0.9)
    kept = at_threshold(with_listener(heard, probes, CHECKPOINT, second, 2), 0.6, 0.6).recall
    above = at_threshold(with_listener(heard, probes, CHECKPOINT, second + 0.3, 2), 0.6,
                         0.6).recall
    assert kept >= 0.9 > above


def test_what_must_not_be_fitted_to_weighs_nothing(heard):
    one = heard[0]
    one = Heard(one.smooth, one.lookahead_s, one.numbers, one.embeddings,
                [(0.0, 100.0, 'music'), (100.0, 240.0, f'cat{NOT_FITTED}')], one.cries)
    _, weight = one.targets()
    starts = one.numbers * HOP_S
    assert not weight[starts >= 100.0].any() and weight[starts < 99.0].any()


class Deaf:
    """A network that knows nothing of any window."""

    def embeddings(self, samples, starts):
        return np.zeros((len(starts), 1024), np.float32)


def test_a_cry_among_the_other_sounds_is_one_of_the_cries(tmp_path):
    def clip(name, kind, seconds):
        noise = 0.1 * np.random.default_rng(len(name)).standard_normal(seconds * 16000)
        soundfile.write(tmp_path / f'{name}.wav', noise, 16000)
        return Clip(name, tmp_path / f'{name}.wav', name, name, 0, kind)

    fan = clip('fan', NOT_CRY, 60)
    one = hear(0, [], [clip('cry', CRY, 5), fan, clip('rain', NOT_CRY, 40)], CHECKPOINT, Deaf(),
               0.0, 1.0)
    assert sorted(label for _, _, label in one.pieces) == ['fan', 'rain']
    assert one.cries and all(end_s - start_s <= 5.0 for start_s, end_s, _ in one.cries)


def test_what_was_heard_is_kept_as_it_was(heard, tmp_path):
    heard[0].save(tmp_path / 'x.npz')
    again = Heard.load(tmp_path / 'x.npz')
    assert (again.pieces, again.cries) == (heard[0].pieces, heard[0].cries)
    np.testing.assert_array_equal(again.embeddings, heard[0].embeddings)


def test_an_episode_counts_from_where_its_windows_agree():
    values = np.full(20, np.nan)
    values[4:9] = [-2.0, 3.0, 3.0, 3.0, 3.0]
    said = Evidence(values, 0.5, 2.0, pooled=2)
    # Window 6 is the first whose mean with the one before is high enough; it ends at 3.975 s.
    assert said.confirmed([(2.5, 6.0)]) == [(pytest.approx(4.175), 6.0)]
    assert said.confirmed([(0.0, 1.0), (9.0, 9.5)]) == []


def test_a_hint_counts_from_where_its_windows_agree_and_for_as_long():
    values = np.full(30, np.nan)
    values[4:11] = [-2.0, 3.0, 3.0, 3.0, -9.0, -9.0, -9.0]
    values[20:24] = 3.0
    hints = np.isfinite(values)
    said = Evidence(values, 0.5, 1.5, pooled=2, hint_margin=0.5, hints=hints)
    # Windows 6 and 7 agree, together with the one before each; 20 to 23 are another episode.
    assert said.confirmed([]) == [(pytest.approx(4.175), pytest.approx(4.675)),
                                  (pytest.approx(11.175), pytest.approx(12.675))]
    assert said.confirmed([(2.5, 9.0)]) == [(pytest.approx(4.175), pytest.approx(12.675))]
    hints[:15] = False
    assert len(said.confirmed([])) == 1


def test_candidates_are_the_windows_in_which_the_first_says_something():
    smooth = np.zeros(1000, np.float32)
    smooth[505] = 0.5
    numbers = candidates(smooth, 0.01, 0.5, 10.0)
    assert numbers.tolist() == [9, 10] and not len(candidates(0 * smooth, 0.01, 0.5, 10.0))


def test_an_episode_of_every_operating_point_has_candidates_throughout():
    lowest = min(first_thresholds(CHECKPOINT).values())
    assert HINT_THRESHOLD <= lowest * LEAVE_TO_ENTER


def test_many_windows_at_once_give_what_one_gives():
    confirmer = load_confirmer(CONFIRMER)
    rng = np.random.default_rng(1)
    samples = 0.1 * np.cumsum(rng.standard_normal(40000)) / 50
    starts = np.array([0, 7800, 20000])
    many = many_windows(confirmer.network, confirmer.tagger, confirmer.tagger_windows_s
                        ).embeddings(samples, starts)
    padded = np.pad(samples, (confirmer.n_samples - WINDOW_SAMPLES, 0))
    for row, start in zip(many, starts):
        one = confirmer.embedding(padded[start:start + confirmer.n_samples])
        np.testing.assert_allclose(row, one, atol=1e-3)
        assert probe_log_odds(confirmer.probe, row[None])[0] == pytest.approx(
            confirmer.log_odds(one[None])[0], abs=0.01)


@pytest.mark.parametrize('networks', NETWORKS)
def test_what_a_probe_reads_of_what_was_heard_is_what_its_file_hears(networks, tmp_path):
    shipped, reads = load_confirmer(CONFIRMER), NETWORKS[networks]
    samples = 0.1 * np.random.default_rng(1).standard_normal(40000)
    heard = many_windows(shipped.network, shipped.tagger, TWICE_S).embeddings(
        samples, np.array([20000]))[:, reads.columns]
    count = heard.shape[1]
    probe = {'mean': np.zeros(count, np.float32), 'std': np.ones(count, np.float32),
             'hidden': np.eye(4, count, dtype=np.float32), 'hidden_bias': np.zeros(4, np.float32),
             'output': np.ones(4, np.float32), 'output_bias': np.zeros(1, np.float32)}
    made = make_confirmer(shipped.network if reads.yamnet else {},
                          shipped.tagger if reads.windows_s else {}, probe, {'': 0.0}, 2, {},
                          reads.windows_s or TAGGER_WINDOWS_S)
    save_confirmer(tmp_path / 'made.npz', made)
    made = load_confirmer(tmp_path / 'made.npz')
    end = 20000 + WINDOW_SAMPLES
    np.testing.assert_allclose(made.embedding(samples[end - made.n_samples:end]), heard[0],
                               atol=1e-3)


def test_what_was_heard_twice_serves_for_less_and_not_the_other_way(heard, tmp_path):
    inputs = Inputs([], [], CHECKPOINT, {}, {}, {}, {}, [0])
    for name, windows_s in (('twice', TWICE_S), ('once', TAGGER_WINDOWS_S)):
        (tmp_path / name / 'work').mkdir(parents=True)
        heard[0].save(tmp_path / name / 'work' / 'heard-0.npz')
        heard_folds(inputs, tmp_path / name, 1.0, 2.0, windows_s)
    assert set(heard_folds(inputs, tmp_path / 'twice', 1.0, 2.0)) == {0}
    with pytest.raises(ValueError, match='hours or windows'):
        heard_folds(inputs, tmp_path / 'once', 1.0, 2.0, TWICE_S)
    file = tmp_path / 'once' / 'work' / 'run.json'     # as it was written before
    before = {name: value for name, value in json.loads(file.read_text()).items()
              if name != 'windows_s'}
    file.write_text(json.dumps(before))
    assert set(heard_folds(inputs, tmp_path / 'once', 1.0, 2.0)) == {0}


def test_the_command_offers_what_there_is():
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    for networks in NETWORKS:
        assert parser.parse_args(['train-confirmer', '--teacher', 'x', '--out', 'x',
                                  '--networks', networks]).networks == networks
    with pytest.raises(SystemExit):
        parser.parse_args(['train-confirmer', '--teacher', 'x', '--out', 'x', '--networks', '4'])


def test_the_shipped_one_hears_only_candidates():
    confirmer = load_confirmer(CONFIRMER)
    samples = np.zeros(16000 * 6)
    smooth = np.zeros(600, np.float32)
    smooth[250:300] = 0.9
    said = evidence_of(confirmer, samples, smooth, 0.01)
    assert 3 <= np.isfinite(said.values).sum() <= 4
    assert said.confirmed([(2.8, 5.0)]) == []


def test_figures_count_with_and_without(heard):
    probes = out_of_fold(heard, QUICK)
    never = with_listener(heard, probes, CHECKPOINT, 50.0, 2)
    assert figures(never, 0.6, 0.6)['recall'] == 0.0
