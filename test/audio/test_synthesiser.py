# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The synthetic cry: reproducible, and with the properties of a real one."""

from baby_cry_detector.audio.synthesis.synthesiser import demonstration, synthesise_cry
from baby_cry_detector.decision.intensity import rhythm_strength
import numpy as np
import pytest
from scipy import signal

pytestmark = pytest.mark.slow

RATE = 16000


def power(samples, duration_s=0.1):
    length = round(duration_s * RATE)
    frames = samples[:samples.size // length * length].reshape(-1, length)
    return np.mean(frames ** 2, axis=1)


def fundamental_hz(frame):
    """Return the first strong peak of the autocorrelation, NaN where there is none."""
    frame = frame - frame.mean()
    correlation = signal.correlate(frame, frame)[frame.size - 1:]
    correlation *= frame.size / np.arange(frame.size, 0, -1) / correlation[0]
    lags = np.arange(RATE // 1000, RATE // 200)
    peaks = [lag for lag in lags if correlation[lag] >= correlation[lag - 1]
             and correlation[lag] > correlation[lag + 1]
             and correlation[lag] > 0.85 * correlation[lags].max()]
    return RATE / peaks[0] if peaks and correlation[peaks[0]] > 0.8 else np.nan


def test_the_same_seed_gives_the_same_samples():
    first, again, other = (synthesise_cry(3.0, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1
    scene, intervals = demonstration(4)
    np.testing.assert_array_equal(scene, demonstration(4)[0])
    assert intervals == demonstration(4)[1]


@pytest.mark.parametrize('duration_s', [0.001, 0.05, 0.3, 1.0, 7.31])
@pytest.mark.parametrize('distress', [0.0, 1.0])
def test_any_length_and_distress_is_sound(duration_s, distress):
    for seed in range(3):
        samples = synthesise_cry(duration_s, seed=seed, distress=distress)
        assert samples.dtype == np.float64 and samples.shape == (round(duration_s * RATE),)
        assert np.isfinite(samples).all()
        assert np.abs(samples).max() == pytest.approx(0.5)


def test_f0_is_that_of_babies():
    medians = []
    for seed in range(12):
        samples = synthesise_cry(8.0, seed=seed, distress=0.3, snr_db=40)
        frames = samples[:samples.size // 640 * 640].reshape(-1, 640)
        loud = frames[np.mean(frames ** 2, axis=1) > 0.2 * np.mean(samples ** 2)]
        found = np.array([fundamental_hz(frame) for frame in loud])
        assert np.isfinite(found).mean() > 0.3
        medians.append(np.nanmedian(found))
    assert 360 < np.median(medians) < 540
    assert min(medians) > 280 and max(medians) < 680


def test_the_f0_that_is_asked_for_is_made():
    for f0_hz in (330, 450, 600):
        samples = synthesise_cry(6.0, seed=3, distress=0.2, f0_hz=f0_hz, snr_db=40)
        frames = samples[:samples.size // 640 * 640].reshape(-1, 640)
        loud = frames[np.mean(frames ** 2, axis=1) > 0.2 * np.mean(samples ** 2)]
        assert np.nanmedian([fundamental_hz(frame) for frame in loud]) \
            == pytest.approx(f0_hz, rel=0.15)


def test_harmonics_reach_4_khz_and_the_tract_has_resonances():
    spectra = []
    for seed in range(8):
        samples = synthesise_cry(8.0, seed=seed, snr_db=40)
        frequency, density = signal.welch(samples, RATE, nperseg=1024)
        spectra.append(10 * np.log10(density))
    mean_db = np.mean(spectra, axis=0)

    def band_db(low, high):
        return mean_db[(frequency >= low) & (frequency < high)].mean()

    assert band_db(3500, 4500) > mean_db.max() - 35
    assert band_db(900, 1500) > band_db(1900, 2500) + 3
    assert band_db(2900, 3700) > band_db(1900, 2500) - 6
    assert band_db(900, 1500) > band_db(6500, 7500) + 15
    assert band_db(900, 1500) > band_db(50, 200) + 15


def test_it_breathes_about_once_a_second():
    strengths, shares = [], []
    for seed in range(8):
        level = power(synthesise_cry(14.0, seed=seed, grow=False))[20:120]
        strengths.append(rhythm_strength(level))
        shares.append(np.mean(level > 0.1 * np.percentile(level, 90)))
    assert np.median(strengths) > 0.25
    assert 0.5 < np.median(shares) < 0.9


def test_fussing_grows_into_crying():
    for seed in range(5):
        level = power(synthesise_cry(12.0, seed=seed, snr_db=40), 1.0)
        assert np.max(level[6:]) > 6 * np.max(level[:2])


def test_the_noise_is_as_asked():
    quiet = power(synthesise_cry(10.0, seed=1, snr_db=40))
    noisy = power(synthesise_cry(10.0, seed=1, snr_db=5))
    assert np.percentile(noisy, 5) > 50 * np.percentile(quiet, 5)


def test_the_scene_has_its_cries_where_it_says():
    for seed in range(3):
        scene, intervals = demonstration(seed)
        assert 35 * RATE <= scene.size <= 60 * RATE and len(intervals) >= 2
        assert np.abs(scene).max() == pytest.approx(0.5)
        level = power(scene)
        centre_s = (np.arange(level.size) + 0.5) * 0.1
        crying = np.zeros(level.size, bool)
        for start_s, end_s in intervals:
            assert 3 < start_s < end_s < scene.size / RATE - 3
            crying |= (centre_s > start_s) & (centre_s < end_s + 0.6)
        assert np.mean(level[crying]) > 100 * np.mean(level[~crying])
        # What is heard besides is no louder than fussing, but it is there.
        assert np.max(level[~crying]) > 30 * np.percentile(level, 10)


@pytest.mark.parametrize('options, words', [
    ({'duration_s': 0.0}, 'duration'), ({'duration_s': float('nan')}, 'duration'),
    ({'duration_s': 1e9}, 'duration'), ({'duration_s': 1.0, 'distress': 2.0}, 'distress'),
    ({'duration_s': 1.0, 'f0_hz': 50.0}, 'F0')])
def test_wrong_options_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        synthesise_cry(**options)
