# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Descriptors with the interface and the index of opensmile-python, and in scikit-learn."""

from baby_cry_detector.audio import read_audio
from baby_cry_detector.features import extract
from baby_cry_detector.features.functionals import functionals
import numpy as np
import pytest
from recordings import SHIPPED
import soundfile

pandas = pytest.importorskip('pandas')
opensmile = pytest.importorskip('baby_cry_detector.research.smile')

FILES = sorted(SHIPPED.glob('cry/unknown/*.flac'))[:2]


def test_a_users_script_changes_one_import():
    smile = opensmile.Smile(feature_set=opensmile.FeatureSet.IS09,
                            feature_level=opensmile.FeatureLevel.Functionals)
    table = smile.process_file(FILES[0])
    assert table.shape == (1, 384) and list(table.columns) == smile.feature_names
    assert table.index.names == ['file', 'start', 'end']
    file, start, end = table.index[0]
    samples = read_audio(FILES[0])
    assert file == str(FILES[0]) and start == pandas.Timedelta(0)
    assert end.total_seconds() == pytest.approx(len(samples) / 16_000)
    assert np.array_equal(table.to_numpy()[0], functionals(extract('is09', samples)))


def test_descriptors_have_a_row_each_10_ms():
    samples = read_audio(FILES[0])[:16_000]
    smile = opensmile.Smile('is09', 'lld')
    table = smile.process_signal(samples, 16_000)
    assert table.index.names == ['start', 'end'] and table.shape[1] == smile.num_features == 16
    starts, ends = (table.index.get_level_values(name).total_seconds().to_numpy()
                    for name in ('start', 'end'))
    assert np.allclose(np.diff(starts), 0.01) and np.allclose(ends - starts, 0.02)
    assert np.array_equal(table.to_numpy(), extract('is09', samples)[:, :16])
    deltas = opensmile.Smile('is09', opensmile.FeatureLevel.LowLevelDescriptors_Deltas)
    assert np.array_equal(deltas(samples, 16_000)[0].T, extract('is09', samples)[:, 16:])
    named = smile.process_signal(samples, 16_000, file='x', start=0.2, end='0.7s')
    assert named.index.names == ['file', 'start', 'end']
    assert named.index[0][1].total_seconds() == 0.2 and 40 < len(named) <= 50
    assert np.array_equal(named.to_numpy(), extract('is09', samples[3200:11_200])[:, :16])
    assert len(smile.process_signal(np.zeros(10), 16_000)) == 0
    functional = opensmile.Smile('is09').process_signal(np.zeros(10), 16_000)
    assert functional.shape == (1, 384) and functional.isna().all(axis=None)


@pytest.mark.parametrize('name, sizes', [('IS10', (38, 38)), ('ComParE_2016', (65, 65)),
                                         ('cry', (65, 21))])
def test_every_set_has_its_levels(name, sizes):
    signal = np.random.default_rng(1).normal(0, 0.1, 8000)
    for level, size in zip(('lld', 'lld_de'), sizes):
        smile = opensmile.Smile(opensmile.FeatureSet[name], level)
        assert smile.process_signal(signal, 16_000).shape[1] == smile.num_features == size
    with pytest.raises(ValueError, match='functionals are those of IS09 alone'):
        opensmile.Smile(opensmile.FeatureSet[name])


def test_files_folders_and_indices(tmp_path):
    for number, path in enumerate(FILES):
        soundfile.write(tmp_path / f'{number}.wav', read_audio(path), 16_000)
    smile = opensmile.Smile(num_workers=2)
    files = smile.process_files(['0.wav', '1.wav'], root=tmp_path)
    assert list(files.index.get_level_values('file')) == ['0.wav', '1.wav']
    folder = smile.process_folder(tmp_path, include_root=False)
    pandas.testing.assert_frame_equal(folder, files)
    pandas.testing.assert_frame_equal(smile.process_index(files.index, root=tmp_path), files)
    pandas.testing.assert_frame_equal(
        smile.process_index(pandas.Index(['0.wav', '1.wav'], name='file'), root=tmp_path), files)
    part = pandas.MultiIndex.from_arrays([['1.wav'], pandas.to_timedelta(['1s']), [pandas.NaT]],
                                         names=['file', 'start', 'end'])
    assert smile.process_index(part, root=tmp_path).index[0][1] == pandas.Timedelta('1s')


def test_rates_and_channels():
    signal = np.stack([np.zeros(44_100), np.sin(np.arange(44_100) * 0.05)])
    with pytest.raises(ValueError, match='resample=True'):
        opensmile.Smile().process_signal(signal, 44_100)
    smile = opensmile.Smile('is09', 'lld', channels=[1], resample=True)
    alone = smile.process_signal(signal, 44_100)['pcm_RMSenergy_sma'].median()
    assert alone > 0.01
    mixed = opensmile.Smile('is09', 'lld', mixdown=True, resample=True)
    assert mixed.process_signal(signal, 44_100)['pcm_RMSenergy_sma'].median() == pytest.approx(
        0.5 * alone, rel=0.01)
    for wrong in ({'channels': [0, 1]}, {'sampling_rate': 8000}, {'feature_set': 'eGeMAPS'}):
        with pytest.raises(ValueError):
            opensmile.Smile(**wrong)
    with pytest.raises(ValueError, match='has 2'):
        opensmile.Smile(channels=5, resample=True).process_signal(signal, 44_100)
    with pytest.raises(ValueError, match='floating point'):
        opensmile.Smile().process_signal(np.zeros(100, np.int16), 16_000)


def test_a_stream_gives_the_rows_of_the_whole():
    samples = read_audio(FILES[1])[:24_000]
    smile = opensmile.Smile('cry', 'lld')
    stream = smile.stream()
    rows = [stream.process(samples[at:at + 1000]).values for at in range(0, 24_000, 1000)]
    rows.append(stream.flush().values)
    assert np.array_equal(np.concatenate(rows)[:, smile._columns],
                          smile.process_signal(samples, 16_000).to_numpy())


def test_a_step_of_a_pipeline():
    sklearn = pytest.importorskip('sklearn')
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    others = sorted(SHIPPED.glob('not_cry/*/*.flac'))
    files = [*sorted(SHIPPED.glob('cry/unknown/*.flac'))[:3], *others]
    truth = [1, 1, 1, 0, 0, 0]
    transformer = opensmile.SmileTransformer()
    assert sklearn.clone(transformer).get_params() == transformer.get_params()
    pipeline = make_pipeline(transformer, StandardScaler(), LogisticRegression())
    assert list(pipeline.fit(files, truth).predict(files)) == truth
    assert pipeline[:1].get_feature_names_out().shape == (384,)
    signals = opensmile.SmileTransformer('cry').transform([read_audio(path) for path in files[:2]])
    paths = opensmile.SmileTransformer('cry').transform(files[:2])
    assert signals.shape == (2, 130) and np.allclose(signals, paths)
