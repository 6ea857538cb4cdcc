# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From made recordings to a checkpoint, through the real commands."""

import csv
import json

from baby_cry_detector.cli.main import main
from baby_cry_detector.model.checkpoint import load_checkpoint
import numpy as np
import pytest
import soundfile

pytest.importorskip('torch')

CONFIG = """
name: tiny
seeds: [1]
data:
  exclude_sources: [forbidden]
features:
  set: cepstra20
streams:
  length_s: 3.0
  per_fold: 10
model:
  hidden_sizes: [12]
training:
  updates: 60
  batch_size: 10
  learning_rate: 0.02
  evaluate_every: 20
statistics:
  seeds: [4]
  columns: ['!*[1*]']
  window_frames: 100
  hidden_sizes: [8]
  batch_size: 64
need:
  labels: [hungry, tired]
  permutations: 3
"""


def made_cry(rng, seconds):
    """Bursts of a harmonic voice with a rising and falling melody."""
    time = np.arange(int(16000 * seconds)) / 16000
    f0 = rng.uniform(380, 520) * (1 + 0.15 * np.sin(2 * np.pi * time / 0.9))
    phase = 2 * np.pi * np.cumsum(f0) / 16000
    voice = sum(np.sin(k * phase) / k for k in range(1, 8))
    return voice * (np.sin(2 * np.pi * time / 0.9) > -0.5)


def made_other(rng, seconds):
    noise = rng.standard_normal(int(16000 * seconds))
    return np.convolve(noise, np.ones(int(rng.integers(1, 12))), mode='same')


@pytest.fixture(scope='module')
def corpus(tmp_path_factory):
    """Return a manifest of 3 folds x (4 cries + 4 others + 1 of a forbidden source)."""
    root = tmp_path_factory.mktemp('corpus')
    rng = np.random.default_rng(5)
    rows = []
    for number in range(27):
        fold, is_cry = number % 3, number < 12
        seconds = rng.uniform(1.0, 1.8)
        x = (made_cry if is_cry else made_other)(rng, seconds)
        x = x / np.abs(x).max() * rng.uniform(0.05, 0.5)
        x += rng.standard_normal(len(x)) * 1e-3
        path = f'{"cry" if is_cry else "not_cry"}/{number}.wav'
        (root / path).parent.mkdir(exist_ok=True)
        soundfile.write(root / path, x, 16000, subtype='PCM_16')
        label = ('hungry', 'tired')[number // 3 % 2] if is_cry else 'noise'
        rows.append([path, label, f'g{number}', fold, 'forbidden' if number > 23 else 'made'])
    with open(root / 'manifest.csv', 'w', newline='') as stream:
        csv.writer(stream).writerows([['path', 'label', 'group', 'fold', 'source'], *rows])
    (root / 'tiny.yaml').write_text(CONFIG)
    return root


@pytest.fixture(scope='module')
def run_dir(corpus):
    """Return the folder of a finished training run."""
    out = corpus / 'run'
    assert main(['train', str(corpus / 'tiny.yaml'), '--manifest', str(corpus / 'manifest.csv'),
                 '--out', str(out)]) == 0
    return out


def test_train_writes_folds_scores_curves_and_the_checkpoint(run_dir):
    with open(run_dir / 'out_of_fold.csv', newline='') as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 27
    report = json.loads((run_dir / 'report.json').read_text())
    assert report['auc'] > 0.9  # tones against noise: far below, something is broken
    assert len(list(csv.DictReader(open(run_dir / 'work' / 'fold-0-seed-1.csv')))) == 3
    curve = list(csv.DictReader(open(run_dir / 'work' / 'fold-0-statistics-4.csv')))
    assert float(curve[-1]['loss']) < float(curve[0]['loss'])
    assert [single['kind'] for single in report['single_networks']] == ['recurrent', 'statistics']
    checkpoint = load_checkpoint(run_dir / 'tiny.npz')
    assert len(checkpoint.members) == 2
    assert checkpoint.labels == ('not_cry', 'cry')
    assert checkpoint.needs == ('hungry', 'tired')
    assert checkpoint.provenance['fold_left_out'] is None
    assert len(checkpoint.provenance['data_sha256']) == 64
    # Nothing of an excluded source was trained on.
    assert set(checkpoint.provenance['groups']) == {f'g{number}' for number in range(24)}
    fold = load_checkpoint(run_dir / 'fold-1.npz')
    assert 'g1' not in fold.provenance['groups'] and 'g0' in fold.provenance['groups']


def test_fold_checkpoints_reproduce_the_out_of_fold_scores(run_dir, corpus, capsys):
    with open(run_dir / 'out_of_fold.csv', newline='') as stream:
        wanted = {row['path']: row for row in csv.DictReader(stream) if row['fold'] == '2'}
    scores = corpus / 'scores.csv'
    assert main(['evaluate', '--manifest', str(corpus / 'manifest.csv'), '--scores', str(scores),
                 '--checkpoint', str(run_dir / 'fold-2.npz'), '--draws', '0', '--json']) == 0
    output = capsys.readouterr()
    report = json.loads(output.out)  # JSON stands alone on standard output
    assert 'WARNING' in output.err and report['trained_on_groups'] == 16
    with open(scores, newline='') as stream:
        found = {row['path']: row for row in csv.DictReader(stream)}
    for path, row in wanted.items():
        assert float(found[path]['score']) == pytest.approx(float(row['score']), abs=2e-5)
        assert float(found[path]['threshold']) == pytest.approx(float(row['threshold']), abs=2e-6)


def test_evaluate_folds_reports_what_train_did(run_dir, corpus, capsys):
    assert main(['evaluate', '--manifest', str(corpus / 'manifest.csv'), '--folds', str(run_dir),
                 '--json', '--draws', '20']) == 0
    output = capsys.readouterr()
    report = json.loads(output.out)
    trained = json.loads((run_dir / 'report.json').read_text())
    for key in ('auc', 'f1', 'n_cry', 'n_not_cry', 'onset_delay_s'):
        assert report[key] == trained[key]
    assert report['n_cry'] == 12 and report['n_not_cry'] == 15
    assert 'WARNING' not in output.err


def test_evaluate_against_shuffled_labels(run_dir, corpus, capsys):
    assert main(['evaluate', '--manifest', str(corpus / 'manifest.csv'), '--folds', str(run_dir),
                 '--json', '--draws', '0', '--permutations', '50']) == 0
    output = capsys.readouterr()
    report = json.loads(output.out)
    assert report['permutation']['value'] == report['auc']
    assert report['permutation']['p_value'] <= 0.1
    assert 0.35 < report['permutation']['permuted_mean'] < 0.65
    assert 'shuffled labels' in output.err


def test_streams_of_the_folds(run_dir, corpus, capsys, monkeypatch):
    from baby_cry_detector.research.evaluation import streams as stream_evaluation
    monkeypatch.setattr(stream_evaluation, 'HOME_MINUTES', 0.5)
    monkeypatch.setattr(stream_evaluation, 'DRIFT_HOURS', 0.02)
    assert main(['evaluate', '--manifest', str(corpus / 'manifest.csv'), '--folds', str(run_dir),
                 '--streams', '--json', '--draws', '0']) == 0
    output = capsys.readouterr()
    streams = json.loads(output.out)['streams']
    assert streams['dense']['hours'] > 0
    assert streams['drift']['largest_difference'] < 0.02
    assert set(streams) == {'dense', 'cries', 'home', 'drift'}
    for kind in ('dense', 'cries', 'home'):        # as text too
        found = streams[kind]
        assert (f'streams, {kind}: {found["hours"]:.1f} h, {found["false_events_per_h"]:.1f} '
                'false events an hour') in output.err
    assert 'streams, drift' in output.err


def test_both_listeners_in_a_household_and_on_clips(run_dir, corpus, capsys, monkeypatch):
    from baby_cry_detector.checkpoints import CONFIRMER
    from baby_cry_detector.research.evaluation import household
    from baby_cry_detector.research.evaluation import streams as stream_evaluation
    monkeypatch.setattr(stream_evaluation, 'HOME_MINUTES', 1.0)
    monkeypatch.setattr(household, 'HOME_CRY_EVERY_S', 20.0)
    arguments = ['evaluate', '--manifest', str(corpus / 'manifest.csv'), '--household', '1',
                 '--confirmer', str(CONFIRMER)]
    assert main(arguments) == 2 and '--household needs' in capsys.readouterr().err
    assert main([*arguments, '--folds', str(run_dir), '--checkpoint', str(run_dir / 'tiny.npz'),
                 '--json', '--draws', '0']) == 0
    output = capsys.readouterr()
    report = json.loads(output.out)
    own = report['household']['points']['']
    assert own['alone']['hours'] == pytest.approx(3 / 60, abs=0.01) and own['alone']['cries'] > 3
    assert own['alone']['recall'] > 0.5 and 'quiet' in own['alone']['by_kind']
    # It can only take away, and only later.
    assert own['both']['recall'] <= own['alone']['recall']
    assert own['both']['false_events'] <= own['alone']['false_events']
    clips = report['clips']['points']['']
    assert clips['both']['recall'] <= clips['alone']['recall'] and clips['alone']['f1'] > 0.8
    # Bursts of a made voice are no baby to who knows what a sound is; the first ranks them.
    assert report['clips']['score']['auc'] > 0.9
    assert 'household, own threshold, both' in output.err and 'clips, both: AUC' in output.err


def test_figures_of_streams_with_cries_as_lines():
    from baby_cry_detector.research.evaluation.streams import stream_lines
    found = {'hours': 1.43, 'false_events': 22, 'false_events_per_h': 15.38,
             'false_events_per_h_95': [9.64, 23.28],
             'false_events_per_h_without_app_noise': 3.49,
             'false_by_kind': {'app_noise': 17, 'sneeze': 5}, 'cries': 193, 'recall': 0.8394,
             'recall_from_5_db': 0.8333, 'delay_s': {'median': 1.162, 'p90': 4.602}}
    lines = stream_lines({'dense': found, 'cries': found, 'home': found,
                          'drift': {'hours': 6.0, 'largest_difference': 0.000013}})
    assert lines[2] == (
        'streams, cries: 1.4 h, 15.4 false events an hour (9.6 to 23.3), 3.5 outside app_noise; '
        '0.84 of 193 cries found, 0.83 from 5 dB on, after 1.2 s (p90 4.6 s)')
    assert lines[3] == '  false events: app_noise 17, sneeze 5'
    assert lines[-1] == 'streams, drift: 0.000013 in probability after 6 h'


def test_a_second_run_trains_nothing_and_a_broken_off_one_goes_on(run_dir, corpus):
    arguments = ['train', str(corpus / 'tiny.yaml'), '--manifest', str(corpus / 'manifest.csv'),
                 '--out', str(run_dir), '--folds']
    work = run_dir / 'work'
    kept, lost = work / 'fold-0-seed-1.npz', work / 'fold-1-seed-1.npz'
    before = lost.read_bytes()
    stamp = kept.stat().st_mtime_ns
    lost.unlink()
    assert main(arguments) == 0
    assert kept.stat().st_mtime_ns == stamp
    assert lost.read_bytes() == before  # the same seed gives the same weights, bit by bit


def test_a_folder_of_another_run_is_not_mixed_in(run_dir, corpus, capsys):
    other = corpus / 'other.yaml'
    other.write_text(CONFIG.replace('updates: 60', 'updates: 61'))
    assert main(['train', str(other), '--manifest', str(corpus / 'manifest.csv'),
                 '--out', str(run_dir)]) != 0
    assert 'another configuration' in capsys.readouterr().err


def test_leaking_groups_are_refused(corpus, capsys):
    text = (corpus / 'manifest.csv').read_text().replace(',g1,', ',g0,')
    (corpus / 'leak.csv').write_text(text)
    assert main(['train', str(corpus / 'tiny.yaml'), '--manifest', str(corpus / 'leak.csv'),
                 '--out', str(corpus / 'leak')]) != 0
    error = capsys.readouterr().err
    assert '1 groups lie in more than one fold' in error and 'g0' in error


@pytest.mark.parametrize('text, message', [
    ('trainin: {}', "unknown entry 'trainin' (did you mean training?)"),
    ('training: {updates: many}', "training.updates: expected int, got 'many'"),
    ('features: {columns: [nonsense*]}', "'nonsense*' matches no column"),
    ('- a', 'expected entries'), ('a: [', 'not YAML'),
    ('seeds: []', 'seeds: expected at least one'),
    ('{seeds: [], statistics: {seeds: [4]}, need: {labels: [hungry]}}',
     'needs are told by the first network of seeds')])
def test_wrong_configurations(corpus, tmp_path, capsys, text, message):
    config = tmp_path / 'c.yaml'
    config.write_text(text)
    assert main(['train', str(config), '--manifest', str(corpus / 'manifest.csv'),
                 '--out', str(tmp_path / 'run')]) != 0
    assert message in capsys.readouterr().err


def test_unreadable_recordings_are_named(corpus, tmp_path, capsys):
    (tmp_path / 'cry').mkdir()
    (tmp_path / 'cry' / 'a.wav').write_bytes(b'not audio at all')
    (tmp_path / 'm.csv').write_text('path,label\ncry/a.wav,hungry\n')
    assert main(['evaluate', '--manifest', str(tmp_path / 'm.csv')]) != 0
    assert 'a.wav' in capsys.readouterr().err


def test_manifest_command(corpus, tmp_path, capsys):
    out = tmp_path / 'm.csv'
    assert main(['manifest', 'folders', str(corpus), '--out', str(out)]) != 1 or out.exists()
    assert main(['manifest', 'casia', str(corpus), '--out', str(out)]) == 1
    assert 'no recording' in capsys.readouterr().err


def test_plots(run_dir, corpus, tmp_path):
    pytest.importorskip('matplotlib')
    assert main(['evaluate', '--manifest', str(corpus / 'manifest.csv'), '--folds', str(run_dir),
                 '--plots', str(tmp_path), '--draws', '0']) == 0
    for name in ('roc', 'reliability', 'scores', 'confusion'):
        assert (tmp_path / f'{name}.png').read_bytes().startswith(b'\x89PNG')
