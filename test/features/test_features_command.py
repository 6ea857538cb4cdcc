# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry features`: files written, names, pictures."""

import argparse
import csv
import tracemalloc
import wave

from baby_cry_detector.audio import read_audio
from baby_cry_detector.cli import features
from baby_cry_detector.features import extract
from baby_cry_detector.features import functionals as functionals_module
from baby_cry_detector.features import get_feature_set
import numpy as np
import pytest


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


def tone_of(tmp_path, name, hertz):
    """Write a recording under a name that may have folders."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = 8000 * np.sin(2 * np.pi * hertz * np.arange(8000) / 16000)
    with wave.open(str(path), 'wb') as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(tone.astype('<i2').tobytes())
    return path


def test_recordings_of_one_name_get_a_file_each(tmp_path):
    files = [tone_of(tmp_path, name, hertz) for name, hertz in (
        ('mon/rec.wav', 300), ('tue/rec.wav', 500), ('tue/Rec.wav', 700), ('宝宝.wav', 400))]
    assert run(*files, '--set', 'is09', '--out', tmp_path / 'f.csv') == 0
    written = sorted(path.name for path in tmp_path.glob('*.csv'))
    assert written == ['mon.rec.f.csv', 'tue.Rec.wav.f.csv', 'tue.rec.wav.f.csv', '宝宝.f.csv'] or (
        len(written) == 4 and 'mon.rec.f.csv' in written)
    assert len({(tmp_path / name).read_bytes() for name in written}) == 4


def test_nothing_is_written_over_that_was_named_by_itself(tmp_path):
    files = [tone_of(tmp_path, f'{name}.wav', 300) for name in ('a', 'b')]
    (tmp_path / 'b.f.csv').write_text('mine')
    with pytest.raises(ValueError, match='b.f.csv would be written over'):
        run(*files, '--out', tmp_path / 'f.csv')
    assert (tmp_path / 'b.f.csv').read_text() == 'mine' and not (tmp_path / 'a.f.csv').exists()
    assert run(*files, '--out', tmp_path / 'f.csv', '--overwrite') == 0
    assert (tmp_path / 'b.f.csv').read_text() != 'mine'
    with pytest.raises(ValueError, match='given twice'):
        run(files[0], files[0], '--out', tmp_path / 'g.csv')


def test_a_recording_without_rows_leaves_no_file(tmp_path):
    path = tone_of(tmp_path, 'a.wav', 300)
    path.write_bytes(path.read_bytes()[:44 + 20])
    for suffix in ('csv', 'npz'):
        with pytest.raises(ValueError, match='shorter than one window'):
            run(path, '--out', tmp_path / f'f.{suffix}')
    assert [file.name for file in tmp_path.iterdir()] == ['a.wav']


def test_the_memory_does_not_grow_with_the_recording(tmp_path):
    random = np.random.default_rng(0)
    peaks = []
    for minutes in (1, 4):
        path = tmp_path / f'{minutes}.wav'
        with wave.open(str(path), 'wb') as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            for _ in range(60 * minutes):
                file.writeframes(random.integers(-9999, 9999, 16000).astype('<i2').tobytes())
        for more in ((), ('--functionals',)):
            tracemalloc.start()
            out = tmp_path / f'{minutes}.npz'
            assert run(path, '--set', 'cepstra20', '--out', out, *more) == 0
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert max(peaks[2:]) < 1.2 * max(peaks[:2]) + 1_000_000, peaks


def test_functionals_of_a_stream_are_those_of_all_rows():
    random = np.random.default_rng(1)
    values = np.concatenate([random.standard_normal((500, 6)) * 10.0 ** np.arange(-3, 3) + 5,
                             random.standard_normal((37, 6))])
    values[:, 5] = 2.0
    values[:, 4] = np.arange(len(values))
    for cuts in ([], [1, 2, 100], range(1, 537)):
        stream = functionals_module.FunctionalsOfStream()
        for part in np.split(values, list(cuts)):
            stream.add(part)
        np.testing.assert_allclose(stream.result(), functionals_module.functionals(values),
                                   rtol=1e-9, atol=1e-9)
