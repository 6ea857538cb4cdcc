# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry experiment paper` from made recordings to its report, through the real command."""

import csv
import json

from baby_cry_detector.cli.main import main
import numpy as np
import pytest
import soundfile

pytest.importorskip('torch')

MODELS = ['lstm', 'depth1', 'depth2', 'gru']


def made_voice(rng, label, seconds):
    """Return a tone that rises, falls or stays, with noise: three classes by order in time."""
    time = np.arange(int(16000 * seconds)) / 16000
    bend = {'falls': -1.0, 'rises': 1.0, 'stays': 0.0}[label]
    f0 = rng.uniform(180, 260) * (1 + 0.5 * bend * (time / seconds - 0.5))
    phase = 2 * np.pi * np.cumsum(f0) / 16000
    voice = sum(np.sin(k * phase) / k for k in range(1, 6))
    return 0.1 * voice + 1e-3 * rng.standard_normal(len(time))


@pytest.fixture(scope='module')
def corpus(tmp_path_factory):
    """Return a manifest of 3 folds x 2 speakers x (2 falls, 2 rises, 1 stays)."""
    root = tmp_path_factory.mktemp('voices')
    rng = np.random.default_rng(7)
    rows = []
    for speaker in range(6):
        for number, label in enumerate(['falls', 'falls', 'rises', 'rises', 'stays']):
            path = f'emotion/{speaker}-{number}.wav'
            (root / 'emotion').mkdir(exist_ok=True)
            samples = made_voice(rng, label, rng.uniform(0.4, 0.7))
            soundfile.write(root / path, samples, 16000, subtype='PCM_16')
            rows.append([path, label, f's{speaker}', speaker % 3])
    with open(root / 'voices.csv', 'w', newline='') as stream:
        csv.writer(stream).writerows([['path', 'label', 'group', 'fold'], *rows])
    return root


def command(corpus, out, *others):
    return ['experiment', 'paper', '--dataset', str(corpus / 'voices.csv'), '--features',
            'cepstra20', '--epochs', '3', '--seeds', '2', '--models', *MODELS, '--out', str(out),
            '--cache', str(corpus / 'cache'), *others]


@pytest.fixture(scope='module')
def finished(corpus):
    """Return the folder of a finished comparison."""
    out = corpus / 'out'
    assert main(command(corpus, out)) == 0
    return out


def test_every_run_is_scored_out_of_fold(finished):
    scores = json.loads((finished / 'scores.json').read_text())
    assert len(scores['runs']) == len(MODELS) * 3 * 2
    for run in scores['runs']:
        assert [scores['folds'][clip] for clip in run['clips']] == [run['fold']] * 10
        assert len(run['loss']) == len(run['uar']) == len(run['decided']) == 3
        assert all(seconds > 0 for seconds in run['cpu_s'])
        assert np.allclose(np.sum(run['probability'], 1), 1, atol=1e-3)
        assert run['decided'][-1] == [int(np.argmax(row)) for row in run['probability']]
    assert scores['config']['preset']['name'] == 'short'
    assert scores['config']['preset']['beta2'] == 0.9      # the column of emotional speech


def test_figures_follow_from_the_scores(finished):
    scores = json.loads((finished / 'scores.json').read_text())
    figures = json.loads((finished / 'figures.json').read_text())
    truth = np.array(scores['truth'])
    for model in MODELS:
        right = [np.mean([np.array(decided) == truth[run['clips']] for decided in run['decided']])
                 for run in scores['runs'] if run['model'] == model]
        entry = figures['models'][model]
        assert entry['war'] == pytest.approx(np.mean(right), abs=1e-4)
        assert entry['war_95'][0] <= entry['war'] <= entry['war_95'][1]
    assert figures['models']['depth1']['weights'] == figures['models']['depth2']['weights']
    assert figures['models']['depth1']['weights'] < figures['models']['lstm']['weights']
    assert figures['rare'] == ['stays'] and figures['majority_war'] == 0.4
    difference = figures['differences']['depth2 - lstm']['war']['value']
    assert difference == pytest.approx(figures['models']['depth2']['war']
                                       - figures['models']['lstm']['war'], abs=2e-4)
    claims = {claim['claim'] for claim in figures['claims']}
    assert {'faster convergence than LSTM', 'higher recall than LSTM', 'depth helps rare classes',
            'depth 2 better than depth 1', 'less training time than LSTM'} <= claims


def test_report_and_pictures(finished):
    pytest.importorskip('matplotlib')
    report = (finished / 'report.md').read_text()
    for text in ('preset `short`', 'not Table 1', '0.940 / 0.940', '0.625 / 0.601',
                 'seeds 1, 2', '| stays (6) |', '--models lstm depth1 depth2 gru'):
        assert text in report
    for name in ('figure3', 'figure4', 'recall', 'confusion'):
        assert f'({name}.png)' in report
        assert (finished / f'{name}.png').read_bytes().startswith(b'\x89PNG')


def test_statistical_baseline_in_the_same_folds(finished):
    pytest.importorskip('sklearn')
    baseline = json.loads((finished / 'baseline.json').read_text())
    scores = json.loads((finished / 'scores.json').read_text())
    assert sorted(baseline['clips']) == list(range(30)) and baseline['n_values'] == 480
    truth = np.array(scores['truth'])[baseline['clips']]
    assert np.mean(np.array(baseline['decided']) == truth) > 0.6    # slopes are among them
    figures = json.loads((finished / 'figures.json').read_text())
    assert figures['models']['svm']['war'] == pytest.approx(
        np.mean(np.array(baseline['decided']) == truth), abs=1e-4)


def test_without_scikit_learn_the_rest_is_reported(corpus, finished, capsys, monkeypatch):
    import sys
    baseline = (finished / 'baseline.json').read_bytes() if (
        finished / 'baseline.json').is_file() else None
    (finished / 'baseline.json').unlink(missing_ok=True)
    report = (finished / 'report.md').read_bytes()
    monkeypatch.setitem(sys.modules, 'sklearn.svm', None)
    assert main(command(corpus, finished, '--report-only')) == 0
    assert 'needs scikit-learn' in capsys.readouterr().err
    assert 'was left out' in (finished / 'report.md').read_text()
    if baseline is not None:
        (finished / 'baseline.json').write_bytes(baseline)
    (finished / 'report.md').write_bytes(report)


def test_resume_trains_only_what_is_missing(corpus, finished, capsys):
    kept = finished / 'runs' / 'lstm-fold-0-seed-1.json'
    lost = finished / 'runs' / 'depth2-fold-1-seed-2.json'
    before, stamp = json.loads(lost.read_text()), kept.stat().st_mtime_ns
    lost.unlink()
    assert main(command(corpus, finished)) == 2
    assert '23 finished runs; --resume' in capsys.readouterr().err
    assert not lost.exists()
    assert main(command(corpus, finished, '--resume')) == 0
    assert kept.stat().st_mtime_ns == stamp
    after = json.loads(lost.read_text())
    before.pop('cpu_s')
    after.pop('cpu_s')
    assert after == before      # the same seed gives the same answers


def test_other_settings_are_not_mixed_in(corpus, finished, capsys):
    arguments = command(corpus, finished, '--resume')
    arguments[arguments.index('--epochs') + 1] = '4'
    assert main(arguments) == 2
    assert 'another preset' in capsys.readouterr().err


def test_report_only_needs_a_finished_seed(corpus, tmp_path, capsys):
    assert main(command(corpus, tmp_path / 'none', '--report-only')) == 1
    assert 'no seed has all its runs' in capsys.readouterr().err


def test_leaking_speakers_are_refused(corpus, tmp_path, capsys):
    leaking = corpus / 'leaking.csv'
    leaking.write_text((corpus / 'voices.csv').read_text().replace(',s1,', ',s0,'))
    assert main(['experiment', 'paper', '--dataset', str(leaking), '--out',
                 str(tmp_path / 'out')]) == 2
    assert 'more than one fold' in capsys.readouterr().err


def test_a_corpus_as_distributed_names_what_is_missing(corpus, tmp_path, capsys):
    (tmp_path / 'wav').mkdir()
    soundfile.write(tmp_path / 'wav' / '03a01Fa.wav', np.zeros(8000), 16000)
    (tmp_path / 'wav' / 'notes.wav').write_bytes(b'')
    assert main(['experiment', 'paper', '--dataset', 'emodb', '--data', str(tmp_path), '--out',
                 str(tmp_path / 'out')]) == 2
    error = capsys.readouterr().err
    assert 'speaker 16: no recording' in error and 'wav/notes.wav' in error
    assert '--skip-wrong' in error
    assert main(['experiment', 'paper', '--dataset', 'donateacry', '--data',
                 str(tmp_path / 'nowhere')]) == 2


def test_recipe_preset_runs_with_all_its_options(corpus, tmp_path):
    out = tmp_path / 'recipe'
    arguments = command(corpus, out, '--preset', 'recipe')
    arguments[arguments.index('--seeds') + 1] = '1'
    assert main(arguments) == 0
    preset = json.loads((out / 'config.json').read_text())['preset']
    assert preset['normalisation'] == 'speaker' and preset['gate_bias']
