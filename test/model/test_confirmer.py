# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The second listener as it is shipped: what it hears, and files that are none."""

from dataclasses import replace
import json
import zipfile

from baby_cry_detector.audio import to_pcm16
from baby_cry_detector.audio.sources import read_audio
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.checkpoints import CONFIRMER
from baby_cry_detector.decision.operating_points import OPERATING_POINTS
from baby_cry_detector.model.second.confirmer import (ConfirmerError, load_confirmer, Pooling,
                                                      save_confirmer)
from baby_cry_detector.model.second.sound_network import SoundNetwork, WINDOW_SAMPLES
from baby_cry_detector.model.second.tagger import Tagger
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from recordings import SHIPPED

RATE = 16000


@pytest.fixture(scope='module')
def confirmer():
    return load_confirmer(CONFIRMER)


def best(confirmer, samples):
    """Return the highest pooled log-odds of a recording's windows, hop by hop."""
    pooling, found = confirmer.pooling(), []
    samples = np.pad(to_pcm16(samples), (
        confirmer.n_samples - WINDOW_SAMPLES, max(0, WINDOW_SAMPLES - len(samples))))
    for end in range(confirmer.n_samples, len(samples) + 1, round(confirmer.hop_s * RATE)):
        found.append(pooling.add(confirmer.evidence(samples[end - confirmer.n_samples:end])))
    return max(found)


def test_it_knows_real_cries_from_other_sounds(confirmer):
    said = {True: [], False: []}
    for path in sorted(SHIPPED.rglob('*.flac')):
        said[path.relative_to(SHIPPED).parts[0] == 'cry'].append(
            best(confirmer, read_audio(path)))
    assert len(said[True]) == 7 and len(said[False]) == 3
    assert max(said[False]) < min(confirmer.thresholds.values())
    assert sum(value >= confirmer.threshold() for value in said[True]) >= 6


def test_silence_and_noise_are_no_crying(confirmer):
    rng = np.random.default_rng(0)
    count = confirmer.n_samples
    for samples in (np.zeros(count), 1e-4 * rng.standard_normal(count),
                    0.1 * rng.standard_normal(count),
                    0.3 * np.sin(2 * np.pi * 440 / RATE * np.arange(count))):
        assert confirmer.evidence(to_pcm16(samples)) < min(confirmer.thresholds.values())


def test_the_level_does_not_count(confirmer):
    cry = synthesise_cry(3.0, seed=3)[8000:8000 + confirmer.n_samples]
    loud = confirmer.evidence(to_pcm16(cry / np.abs(cry).max()))
    assert confirmer.evidence(to_pcm16(0.1 * cry / np.abs(cry).max())) == pytest.approx(
        loud, abs=0.3)


def noise(confirmer):
    return 0.1 * np.random.default_rng(2).standard_normal(confirmer.n_samples)


def with_windows(confirmer, windows_s):
    """Return one of the same networks whose tagger hears these windows, and a made probe."""
    count = 1024 * bool(confirmer.network) + 384 * len(windows_s) * bool(confirmer.tagger)
    rng = np.random.default_rng(1)
    hidden = (0.1 * rng.standard_normal((8, count))).astype(np.float32)
    probe = {'mean': np.zeros(count, np.float32), 'std': np.ones(count, np.float32),
             'hidden': hidden, 'hidden_bias': np.zeros(8, np.float32),
             'output': np.ones(8, np.float32), 'output_bias': np.zeros(1, np.float32)}
    return replace(confirmer, probe=probe, tagger_windows_s=windows_s)


@pytest.mark.parametrize('windows_s', [(0.975,), (0.975, 1.95), (0.25, 3.0, 1.0)])
def test_its_embedding_is_that_of_its_networks_each_on_the_newest_of_it(confirmer, windows_s):
    confirmer = with_windows(confirmer, windows_s)
    lengths = [round(16000 * length_s) for length_s in windows_s]
    assert confirmer.n_samples == max(15600, *lengths)
    samples = noise(confirmer)
    values = confirmer.embedding(samples)
    assert values.shape == (1024 + 384 * len(windows_s),) and values.dtype == np.float32
    assert (values[:1024] >= 0).all()
    np.testing.assert_array_equal(
        values[:1024], SoundNetwork(confirmer.network).embedding(samples[-15600:]))
    for number, length in enumerate(lengths):
        np.testing.assert_array_equal(
            values[1024 + 384 * number:1408 + 384 * number],
            Tagger(confirmer.tagger, length).embedding(samples[-length:]))


@pytest.mark.parametrize('left_out, columns', [
    ('tagger', slice(0, 1024)), ('network', slice(1024, None))])
def test_one_network_does_too(confirmer, tmp_path, left_out, columns):
    probe = {name: value[..., columns] if name in ('mean', 'std', 'hidden') else value
             for name, value in confirmer.probe.items()}
    alone = replace(confirmer, probe=probe, **{left_out: {}})
    save_confirmer(tmp_path / 'alone.npz', alone)
    again = load_confirmer(tmp_path / 'alone.npz', in_memory=False)
    samples = noise(confirmer)
    np.testing.assert_allclose(again.embedding(samples[-again.n_samples:]),
                               confirmer.embedding(samples)[columns], rtol=1e-5, atol=1e-6)
    with pytest.raises(ConfirmerError, match='probe'):
        replace(confirmer, **{left_out: {}})


def test_what_is_no_window_is_refused(confirmer):
    with pytest.raises(ValueError, match=str(confirmer.n_samples)):
        confirmer.embedding(np.zeros(100))
    with pytest.raises(ValueError, match='31200'):
        Tagger(confirmer.tagger, 31200).embedding(np.zeros(15600))


@pytest.mark.parametrize('windows_s', [
    [], [0.0], [-1.0], [1e9], [float('nan')], [0.975, 11.0], [0.975] * 5, 0.975, None, ['long'],
    [True], {'0.975': 1}])
def test_absurd_windows_are_one_sentence(confirmer, tmp_path, windows_s):
    with pytest.raises(ConfirmerError, match='^tagger_windows_s: ') as caught:
        replace(confirmer, tagger_windows_s=windows_s)
    assert '\n' not in str(caught.value)
    file = written(tmp_path, confirmer, version=3, tagger_windows_s=windows_s)
    with pytest.raises(ConfirmerError, match='tagger_windows_s'):
        load_confirmer(file)


def written(tmp_path, confirmer, **entries):
    """Write a file whose document has other entries; ``None`` in place of one leaves it out."""
    file = tmp_path / 'other.npz'
    save_confirmer(file, confirmer)
    with np.load(file) as parts:
        arrays = dict(parts)
    document = json.loads(arrays['document'].tobytes())
    document.update(entries)
    document = {name: value for name, value in document.items() if value is not None}
    arrays['document'] = np.frombuffer(json.dumps(document).encode(), np.uint8)
    np.savez(file, **arrays)
    return file


def test_a_file_of_before_hears_windows_of_one_length(confirmer, tmp_path):
    old = with_windows(confirmer, (0.975,))
    for version, others in ((2, {}), (1, {'hint_threshold': 0.5, 'hint_margin': 9.0})):
        again = load_confirmer(written(tmp_path, old, version=version, **others))
        assert list(again.tagger_windows_s) == [0.975] and again.n_samples == 15600
        assert again.hint_threshold == (1.0 if version == 1 else confirmer.hint_threshold)
        samples = noise(again)
        np.testing.assert_array_equal(again.embedding(samples), old.embedding(samples))
    for version in (0, 4, True, None):
        with pytest.raises(ConfirmerError, match='version 1 to 3'):
            load_confirmer(written(tmp_path, old, version=version))
    with pytest.raises(ConfirmerError, match='expected the entries'):
        load_confirmer(written(tmp_path, old, version=2, tagger_windows_s=[0.975]))


def test_only_a_file_that_hears_more_is_of_the_new_version(confirmer, tmp_path):
    for windows_s, version in (((0.975,), 2), ([0.975], 2), ((0.975, 1.95), 3), ((1.0,), 3)):
        file = tmp_path / 'some.npz'
        save_confirmer(file, with_windows(confirmer, windows_s))
        with np.load(file) as parts:
            assert json.loads(parts['document'].tobytes())['version'] == version
        assert list(load_confirmer(file).tagger_windows_s) == list(windows_s)


def test_every_operating_point_has_a_threshold(confirmer):
    assert set(confirmer.thresholds) == {'', *OPERATING_POINTS}
    assert confirmer.threshold('of nobody') == confirmer.threshold()
    assert set(confirmer.provenance['measured']['points']) == set(confirmer.thresholds)


def test_saved_and_read_again_it_is_the_same(confirmer, tmp_path):
    file = tmp_path / 'again.npz'
    save_confirmer(file, confirmer)
    # The parts' bytes: those of the container differ between two Pythons of one version.
    again, shipped = zipfile.ZipFile(file), zipfile.ZipFile(CONFIRMER)
    assert again.namelist() == shipped.namelist()
    assert all(again.read(name) == shipped.read(name) for name in shipped.namelist())


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_damaged_file_is_one_sentence(tmp_path_factory, data):
    original = CONFIRMER.read_bytes()
    end = data.draw(st.sampled_from([0, 3, 400, len(original) // 2, len(original) - 40]))
    file = tmp_path_factory.mktemp('damaged') / 'x.npz'
    file.write_bytes(original[:end])
    with pytest.raises(ConfirmerError) as caught:
        load_confirmer(file)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('path', ['nothing.npz', '/dev/zero', '.'])
def test_what_is_no_file_is_one_sentence(path):
    with pytest.raises(ConfirmerError):
        load_confirmer(path)


@pytest.mark.parametrize('change', [
    {'hop_s': 0.0}, {'hop_s': float('nan')}, {'pooled': 0}, {'refuse_after_s': True},
    {'thresholds': {}}, {'thresholds': {'': 'high'}}, {'thresholds': {'': float('nan')}},
    {'provenance': None}, {'network': {}}, {'tagger': {}}, {'network': {}, 'tagger': {}},
    {'probe': {}}])
def test_what_does_not_fit_is_refused(confirmer, change):
    with pytest.raises(ConfirmerError):
        replace(confirmer, **change)


def test_arrays_of_another_shape_or_type_are_refused(confirmer):
    network = dict(confirmer.network)
    network['point3'] = network['point3'].astype(np.float32)
    with pytest.raises(ConfirmerError, match='point3'):
        replace(confirmer, network=network)
    with pytest.raises(ValueError, match='point3'):
        SoundNetwork(network)
    probe = dict(confirmer.probe, std=0 * confirmer.probe['std'])
    with pytest.raises(ConfirmerError, match='std'):
        replace(confirmer, probe=probe)


def test_pooling_is_the_mean_of_the_newest_and_survives_no_number():
    pooling = Pooling(2)
    assert [pooling.add(value) for value in (4.0, 2.0, float('nan'), 6.0)] == [4.0, 3.0, 1.0, 3.0]
