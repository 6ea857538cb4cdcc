# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Experiments with how one sounds: found where it is there, not where it is not."""

import csv
import json

from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.cli.main import main
from baby_cry_detector.research.needs import own_sounds
from baby_cry_detector.research.needs.siblings import Clip, run
import numpy as np
import pytest

WIDTH = 12
DAY_S = 86_400.0


def made(differ, kinds=('donateacry-android', 'EmoDB', 'television'), each=12):
    """Return clips of many whose means differ by so much beside a spread of 1."""
    generator = np.random.default_rng(4)
    clips = []
    for kind in kinds:
        for number in range(9):
            mean = differ * generator.normal(size=WIDTH)
            clips += [Clip(f'{kind}-{number}', 1e9 + (place >= 7) * DAY_S + place, kind,
                           (mean + generator.normal(size=WIDTH)).astype(np.float32))
                      for place in range(each)]
    return clips


def test_who_sounds_differently_is_told_apart_and_who_does_not_is_not():
    apart, alike = run(made(3.0)), run(made(0.0))
    assert set(apart) == {'speakers', 'phones_same_day', 'phones_another_day', 'television'}
    for name in apart:
        assert apart[name]['area'] > 0.95 and apart[name]['others_let_in'] < 0.2, name
        assert 0.35 < alike[name]['area'] < 0.65 and alike[name]['others_let_in'] > 0.7, name
        assert apart[name]['interval'][0] <= apart[name]['area'] <= apart[name]['interval'][1]
    assert apart['phones_another_day']['clips'] == 9 * 5
    assert set(run(made(1.0, ('EmoDB',)))) == {'speakers'}


@pytest.mark.parametrize('differ, least, most', ((2.0, 0.6, 1.0), (0.0, 0.05, 0.25)))
def test_labels_by_sound_alone_are_learnt_where_there_is_something(differ, least, most):
    generator = np.random.default_rng(5)
    names, rows, labels, speakers = [f'l{number}' for number in range(7)], [], [], []
    for speaker in ('03', '08', '09'):
        usual = 50 * generator.normal(size=WIDTH)
        centres = {name: differ * generator.normal(size=WIDTH) for name in names}
        for number in range(56):
            name = names[number % 7]
            rows.append(usual + centres[name] + generator.normal(size=WIDTH))
            labels.append(name)
            speakers.append(speaker)
    report = own_sounds.run(np.array(rows), np.array(labels), np.array(speakers), 10)
    assert least <= report['after_30']['uar'] <= most
    # Shuffled ones that are all alike in number make "the commonest so far" worse than chance.
    assert report['permuted']['runs'] == 30 and report['permuted']['ever_named'] <= 1
    assert (report['true']['ever_named'] > 15) == (differ > 0)


def test_the_command_reads_a_folder_and_says_what_is_missing(tmp_path, capsys):
    soundfile = pytest.importorskip('soundfile', reason='needs soundfile to write recordings')
    rows = []
    for who in range(3):
        for number in range(8):
            name = f'cry/hungry/dac_{who}_{1_430_000_000 + number * 20_000}.wav'
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(tmp_path / name, synthesise_cry(1.5, seed=8 * who + number), 16000)
            rows.append({'path': name, 'group': f'dac:{who}', 'source': 'donateacry-android'})
    (tmp_path / 'cry' / 'short.wav').write_bytes((tmp_path / rows[0]['path']).read_bytes()[:9000])
    rows.append({'path': 'cry/short.wav', 'group': 'dac:9', 'source': 'donateacry-ios'})
    with open(tmp_path / 'manifest.csv', 'w', newline='') as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert main(['experiment', 'needs', 'siblings', '--data', str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)['phones_another_day']['asked_for'] == 3
    assert 'cry/short.wav: too short' in captured.err
    assert main(['experiment', 'needs', 'siblings', '--data', str(tmp_path / 'none')]) == 1
    assert main(['experiment', 'needs', 'voices', '--as-node', '--data', str(tmp_path)]) == 1
