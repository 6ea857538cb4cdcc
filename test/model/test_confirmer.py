# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The second listener as it is shipped: what it hears, and files that are none."""

from dataclasses import replace
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
    samples = np.pad(to_pcm16(samples), (0, max(0, WINDOW_SAMPLES - len(samples))))
    for start in range(0, len(samples) - WINDOW_SAMPLES + 1, round(confirmer.hop_s * RATE)):
        found.append(pooling.add(confirmer.evidence(samples[start:start + WINDOW_SAMPLES])))
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
    for samples in (np.zeros(WINDOW_SAMPLES), 1e-4 * rng.standard_normal(WINDOW_SAMPLES),
                    0.1 * rng.standard_normal(WINDOW_SAMPLES),
                    0.3 * np.sin(2 * np.pi * 440 / RATE * np.arange(WINDOW_SAMPLES))):
        assert confirmer.evidence(to_pcm16(samples)) < min(confirmer.thresholds.values())


def test_the_level_does_not_count(confirmer):
    cry = synthesise_cry(2.0, seed=3)[8000:8000 + WINDOW_SAMPLES]
    loud = confirmer.evidence(to_pcm16(cry / np.abs(cry).max()))
    assert confirmer.evidence(to_pcm16(0.1 * cry / np.abs(cry).max())) == pytest.approx(
        loud, abs=0.3)


def test_its_embedding_is_that_of_both_networks(confirmer):
    samples = 0.1 * np.random.default_rng(2).standard_normal(WINDOW_SAMPLES)
    values = confirmer.embedding(samples)
    assert values.shape == (1408,) and values.dtype == np.float32
    np.testing.assert_array_equal(values[1024:], Tagger(confirmer.tagger).embedding(samples))
    assert (values[:1024] >= 0).all()


@pytest.mark.parametrize('left_out, columns', [
    ('tagger', slice(0, 1024)), ('network', slice(1024, 1408))])
def test_one_network_does_too(confirmer, tmp_path, left_out, columns):
    probe = {name: value[..., columns] if name in ('mean', 'std', 'hidden') else value
             for name, value in confirmer.probe.items()}
    alone = replace(confirmer, probe=probe, **{left_out: {}})
    save_confirmer(tmp_path / 'alone.npz', alone)
    again = load_confirmer(tmp_path / 'alone.npz', in_memory=False)
    samples = 0.1 * np.random.default_rng(2).standard_normal(WINDOW_SAMPLES)
    np.testing.assert_allclose(again.embedding(samples), confirmer.embedding(samples)[columns],
                               rtol=1e-5, atol=1e-6)
    with pytest.raises(ConfirmerError, match='probe'):
        replace(confirmer, **{left_out: {}})


def test_what_is_no_window_is_refused(confirmer):
    with pytest.raises(ValueError, match='15600'):
        confirmer.embedding(np.zeros(100))


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
