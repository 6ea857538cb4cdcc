# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The second of the networks that know sounds: the same numbers as the published one."""

from baby_cry_detector.checkpoints import CONFIRMER
from baby_cry_detector.model.second.confirmer import load_confirmer
from baby_cry_detector.model.second.tagger import (doubled, frame_window, mel_bands, picture,
                                                   Tagger, tagger_shapes, WINDOW_SAMPLES)
import numpy as np
import pytest
from scipy import signal

# What the published network (torch, 32 bits) says of the two sounds below, at 32 kHz and -23 dB:
# points of its picture and every 32nd value of its embedding.
PICTURE = ((0, 0), (20, 10), (60, 50), (100, 97), (127, 40))
PUBLISHED = {
    'noise': ((-0.6067, 0.12, 1.1527, 1.5231, -1.1833), 0.4296, 4.9251,
              (-0.2247, -0.2072, -0.2641, -0.1481, 0.0143, 0.0263, 0.0094, -0.2679, -0.2514,
               -0.184, 0.0289, -0.0247)),
    'glide': ((-0.4998, 1.0825, -1.1369, 0.2075, -1.4026), -1.1559, 4.6097,
              (-0.2727, -0.287, -0.1288, -0.2472, -0.2744, -0.2678, -0.2399, -0.2168, -0.2719,
               -0.1571, -0.2098, -0.2079))}


def sound(name):
    if name == 'noise':
        return 0.1 * np.random.default_rng(0).standard_normal(WINDOW_SAMPLES)
    time = np.arange(WINDOW_SAMPLES) / 16000
    phase = 2 * np.pi * (400 * time + 300 * time * time)
    return 0.3 * np.sin(phase) + 0.1 * np.sin(3 * phase)


@pytest.fixture(scope='module')
def arrays():
    return load_confirmer(CONFIRMER).tagger


@pytest.mark.parametrize('name', PUBLISHED)
def test_it_sees_and_says_what_the_published_network_does(arrays, name):
    points, mean, norm, values = PUBLISHED[name]
    seen = picture(np.asarray(sound(name), np.float32), frame_window(), mel_bands())
    assert seen.shape == (128, 98)
    np.testing.assert_allclose([seen[at] for at in PICTURE], points, atol=2e-4)
    assert float(seen.mean()) == pytest.approx(mean, abs=1e-4)
    said = Tagger(arrays).embedding(sound(name))
    # Its weights have 16 bits here.
    assert said.shape == (384,) and said.dtype == np.float32
    np.testing.assert_allclose(said[::32], values, atol=0.01)
    assert float(np.linalg.norm(said)) == pytest.approx(norm, rel=0.01)


@pytest.mark.parametrize('count', [1, 20, WINDOW_SAMPLES])
def test_twice_the_rate_is_what_scipy_makes_of_it(count):
    samples = np.random.default_rng(count).standard_normal(count)
    np.testing.assert_allclose(doubled(samples), signal.resample_poly(samples, 2, 1), atol=1e-12)


def test_the_level_does_not_count(arrays):
    tagger = Tagger(arrays)
    np.testing.assert_allclose(tagger.embedding(sound('glide')),
                               tagger.embedding(0.05 * sound('glide')), atol=1e-3)


@pytest.mark.parametrize('length', [WINDOW_SAMPLES, 2 * WINDOW_SAMPLES, 4000])
def test_many_windows_at_once_give_what_one_gives(arrays, length):
    pytest.importorskip('torch')
    from baby_cry_detector.research.sounds.tagger import BatchTagger
    samples = np.concatenate([sound('noise'), sound('glide')])
    starts = np.array([0, 7000, WINDOW_SAMPLES])
    many = BatchTagger(arrays, length).embeddings(samples, starts)
    # Those that begin before the sound begins with silence.
    padded = np.pad(samples, (length, 0))
    for row, start in zip(many, starts):
        end = length + start + WINDOW_SAMPLES
        np.testing.assert_allclose(
            row, Tagger(arrays, length).embedding(padded[end - length:end]), atol=1e-4)


def test_what_is_no_window_or_no_network_is_refused(arrays):
    with pytest.raises(ValueError, match='15600'):
        Tagger(arrays).embedding(np.zeros(100))
    with pytest.raises(ValueError, match='last'):
        Tagger({name: value for name, value in arrays.items() if name != 'last'})
    assert set(arrays) == set(tagger_shapes())


def test_weights_of_something_else_are_one_sentence(tmp_path):
    pytest.importorskip('torch')
    from baby_cry_detector.research.sounds.tagger import read_tagger
    file = tmp_path / 'mn04.pt'
    file.write_bytes(b'no weights')
    with pytest.raises(ValueError, match='expected the weights of mn04'):
        read_tagger(file)
