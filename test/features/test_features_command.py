# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry features`: files written, names, pictures."""

import argparse
import csv
import wave

import numpy as np
import pytest

from baby_cry_detector.audio import read_audio
from baby_cry_detector.cli import features
from baby_cry_detector.features import extract, get_feature_set


def run(*arguments) -> int:
    """Run the subcommand."""
    parser = argparse.ArgumentParser()
    features.add_parser(parser.add_subparsers())
    args = parser.parse_args(['features', *map(str, arguments)])
    return args.run(args)


@pytest.fixture
def recording(tmp_path):
    """Write one second of a voiced sound."""
    t = np.arange(16000) / 16000
    tone = 0.1 * sum(np.sin(2 * np.pi * 450 * k * t) / k for k in range(1, 8))
    path = tmp_path / 'tone.wav'
    with wave.open(str(path), 'wb') as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(np.round(tone * 32767).astype('<i2').tobytes())
    return path


def test_csv_has_names_then_rows(recording, tmp_path):
    out = tmp_path / 'f.csv'
    assert run(recording, '--set', 'is09', '--out', out) == 0
    with open(out, newline='', encoding='utf-8') as file:
        names, *rows = csv.reader(file)
    assert tuple(names) == get_feature_set('is09').columns
    expected = extract('is09', read_audio(str(recording)))
    assert np.array_equal(np.array(rows, dtype=float), expected)


def test_npz_functionals_of_several_files(recording, tmp_path):
    second = tmp_path / 'other.wav'
    second.write_bytes(recording.read_bytes())
    out = tmp_path / 'f.npz'
    assert run(recording, second, '--functionals', '--out', out) == 0
    for name in ('tone.f.npz', 'other.f.npz'):
        with np.load(tmp_path / name, allow_pickle=False) as data:
            assert data['values'].shape == (1, 384)
            assert len(data['columns']) == 384 and data['feature_set'] == 'is09/1'


@pytest.mark.parametrize('name', ['cry', 'cepstra20', 'compare16'])
def test_picture(recording, tmp_path, name):
    pytest.importorskip('matplotlib')
    out = tmp_path / 'f.png'
    assert run(recording, '--set', name, '--plot', out) == 0
    assert out.read_bytes()[:8] == b'\x89PNG\r\n\x1a\n' and out.stat().st_size > 20_000


@pytest.mark.parametrize('arguments, words', [
    (['--set', 'is09'], 'nothing to do'),
    (['--plot', 'x.png', '--columns', 'nothing'], 'no column'),
])
def test_errors_say_what_is_wrong(recording, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=words):
        run(recording, *arguments)
