# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The strict protocol on a made folder in the layout of EnesBabyCries."""

import json

from baby_cry_detector.cli.main import main
import numpy as np
import soundfile

RATE = 16_000
PITCHES_HZ = {'hunger': 380.0, 'discomfort': 560.0}


def cry(pitch_hz, generator):
    """Return half a second of a harmonic sound in some noise."""
    time_s = np.arange(RATE // 2) / RATE
    pitch_hz *= generator.uniform(0.97, 1.03)
    sound = sum(np.sin(2 * np.pi * pitch_hz * k * time_s) / k for k in range(1, 6))
    return 0.1 * sound + 0.002 * generator.standard_normal(len(time_s))


def folder(root, babies=5, means_something=True):
    """Write cries of some babies, two rounds each, that sound by their cause, or by the round."""
    generator = np.random.default_rng(4)
    for baby in range(babies):
        voice = generator.uniform(0.85, 1.15)
        for turn in (1, 2):
            for number, (cause, pitch_hz) in enumerate(PITCHES_HZ.items()):
                if not means_something and turn == 2:
                    pitch_hz = list(PITCHES_HZ.values())[1 - number]
                for part in range(3):
                    soundfile.write(
                        root / f'b{baby}_F_{turn}_other_{cause}_2019010{turn}_031{number}_'
                        f'{part}.wav', cry(voice * pitch_hz, generator), RATE)
    return root


def told(capsys, *arguments):
    """Run the command; return (exit code, figures or None, errors)."""
    code = main(['experiment', 'needs', 'real', *map(str, arguments)])
    captured = capsys.readouterr()
    return code, json.loads(captured.out) if captured.out else None, captured.err


def test_what_sounds_by_its_cause_is_known_in_another_round(capsys, tmp_path):
    folder(tmp_path)
    soundfile.write(tmp_path / 'notes.wav', np.zeros(RATE), RATE)
    soundfile.write(tmp_path / 'b0_F_1_other_whatever_20190101_0319_1.wav', np.zeros(RATE), RATE)
    (tmp_path / 'b0_F_1_other_hunger_20190101_0318_1.wav').write_bytes(b'RIFF')
    code, figures, errors = told(capsys, '--data', tmp_path)
    assert code == 0 and 'notes.wav' in errors and '0318_1.wav' in errors
    assert (figures['babies_asked'], figures['cries'], figures['shown']) == (5, 60, True)
    assert figures['right'] > 50 and figures['base_right'] == 30
    assert all(row['rounds'] == 2 and row['of'] == 12 for row in figures['babies'].values())


def test_what_sounded_otherwise_in_the_other_round_is_not_known(capsys, tmp_path):
    code, figures, _ = told(capsys, '--data', folder(tmp_path, means_something=False))
    assert code == 0 and not figures['shown'] and figures['words'] == 'nothing can be shown'
    assert figures['right'] < 30


def test_of_one_baby_nothing_can_be_shown_and_of_none_a_sentence(capsys, tmp_path):
    code, figures, _ = told(capsys, '--data', folder(tmp_path, babies=1))
    assert code == 0 and figures['babies_asked'] == 1 and not figures['shown']
    (tmp_path / 'empty').mkdir()
    code, _, errors = told(capsys, '--data', tmp_path / 'empty')
    assert code == 1 and 'no cry whose reason is known' in errors


def test_phones_with_several_reasons_are_asked_clip_by_clip(capsys, tmp_path):
    generator, rows = np.random.default_rng(5), ['path,label,group,source']
    (tmp_path / 'cry').mkdir()
    for phone in range(3):
        for number, label in enumerate(('hungry', 'hungry', 'tired', 'unknown')[:4 - phone % 2]):
            path = f'cry/{phone}_{number}.wav'
            soundfile.write(tmp_path / path, cry(300.0 + 100 * number, generator), RATE)
            rows.append(f'{path},{label},dac:{phone},donateacry-ios')
    rows.append('not_cry/x.wav,noise,dac:0,donateacry-ios')
    (tmp_path / 'manifest.csv').write_text(chr(10).join(rows) + chr(10))
    code, figures, _ = told(capsys, '--layout', 'donateacry', '--data', tmp_path)
    assert code == 0 and (figures['babies_asked'], figures['cries']) == (3, 9)
    assert figures['base_right'] == 6 and figures['words'] == 'nothing can be shown'
