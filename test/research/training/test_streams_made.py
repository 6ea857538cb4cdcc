# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Augmentation and training streams: what they promise about fold, level, length and targets."""

from baby_cry_detector.research.sounds import augment as aug
from baby_cry_detector.research.sounds import made_sounds
from baby_cry_detector.research.training import chains
import numpy as np
import pytest

RNG = np.random.default_rng(3)


def sound(index, is_cry, seconds=2.0, level=0.1, label='x'):
    x = (RNG.standard_normal(int(16000 * seconds)) * level).astype(np.float32)
    return chains.Sound(index, x, chains.loud_frames(x), is_cry, label)


def band_power(x, low, high):
    spectrum = np.abs(np.fft.rfft(x)) ** 2
    frequency = np.fft.rfftfreq(len(x), 1 / 16000)
    return spectrum[(frequency >= low) & (frequency < high)].sum()


def only(**options):
    off = dict.fromkeys(('p_band_limit', 'p_tilt', 'p_speed', 'p_reverb', 'p_noise', 'p_overlay',
                         'gain_db'), 0.0)
    return aug.Augmentation(**{**off, **options})


def test_nothing_changes_when_everything_is_off():
    x = RNG.standard_normal(4000)
    assert np.array_equal(aug.augment(x, RNG, only()), x)


def test_band_limit_removes_what_is_above_4_khz():
    x = RNG.standard_normal(16000)
    y = aug.augment(x, RNG, only(p_band_limit=1.0))
    assert band_power(y, 4300, 8000) < 1e-3 * band_power(x, 4300, 8000)
    assert band_power(y, 100, 3300) == pytest.approx(band_power(x, 100, 3300), rel=0.05)


def test_speed_moves_a_tone_and_the_length_alike():
    time = np.arange(16000) / 16000
    x = np.sin(2 * np.pi * 1000 * time)
    for seed in range(6):
        y = aug.augment(x, np.random.default_rng(seed), only(p_speed=1.0, speed_range=0.1))
        factor = len(x) / len(y)
        peak = np.argmax(np.abs(np.fft.rfft(y * np.hanning(len(y))))) * 16000 / len(y)
        assert peak == pytest.approx(1000 * factor, rel=0.01)
        assert aug.rms(y[1000:-1000]) == pytest.approx(aug.rms(x), rel=0.02)


def test_added_noise_has_the_ratio_asked_for():
    x, noise = RNG.standard_normal(8000), RNG.standard_normal(1000)
    y = aug.add_at_snr(x, noise, 6.0)
    assert 20 * np.log10(aug.rms(x) / aug.rms(y - x)) == pytest.approx(6.0, abs=1e-9)


def test_noise_slope_is_that_asked_for():
    noise = aug.coloured_noise(1 << 16, 6.0, np.random.default_rng(1))
    octave = [band_power(noise, f, 2 * f) / f for f in (400, 800, 1600)]
    assert 10 * np.log10(octave[0] / octave[1]) == pytest.approx(6.0, abs=0.7)
    assert aug.rms(noise) == pytest.approx(1.0)


def test_reverberation_keeps_length_and_level_and_adds_a_tail():
    x = np.zeros(16000)
    x[:2000] = RNG.standard_normal(2000)
    y = aug.reverberate(x, np.random.default_rng(2), aug.Augmentation())
    assert len(y) == len(x) and aug.rms(y) == pytest.approx(aug.rms(x))
    assert aug.rms(y[2400:4000]) > 1e-3


def test_streams_repeat_and_have_exactly_their_frames():
    sounds = [sound(0, True), sound(1, False), sound(2, False, label='y')]
    options = chains.StreamOptions(length_s=3.0, per_fold=3)
    makers = [chains.StreamMaker(sounds, options, aug.Augmentation(), seed=4) for _ in range(2)]
    first, second = ([maker.make(number) for number in range(3)] for maker in makers)
    for one, two in zip(first, second):
        assert np.array_equal(one.samples, two.samples)
        assert (len(one.samples) - 400) // 160 + 1 == 300 == len(one.target)
        assert np.abs(one.samples).max() <= 1.0
        assert ((one.weight >= 0) & (one.weight <= 1)).all()
        assert set(np.unique(one.clip)) <= {-1, 0, 1, 2}
        assert np.array_equal(one.target > 0, one.clip == 0)
    assert not np.array_equal(first[0].samples, first[1].samples)


class OnDisk:
    """Ten minutes that remember how much of them was read at once."""

    def __init__(self):
        self.read = []

    def __len__(self):
        return 600 * 16000

    def __getitem__(self, where):
        start, stop, _ = where.indices(len(self))
        self.read.append(stop - start)
        return np.full(stop - start, 0.1, np.float32)


def test_of_a_long_recording_only_a_piece_is_read():
    long = OnDisk()
    sounds = [sound(0, True), chains.Sound(1, long, np.zeros(0, bool), False, 'music')]
    options = chains.StreamOptions(length_s=3.0, quiet_share=0.0, p_long_crop=0.0)
    maker = chains.StreamMaker(sounds, options, only(p_overlay=1.0, p_speed=1.0), seed=2)
    for number in range(5):
        maker.make(number)
    assert long.read and max(long.read) < 16000 * 10


def test_a_fold_needs_both_kinds():
    with pytest.raises(ValueError, match='at least one cry and one other'):
        chains.StreamMaker([sound(0, True)], chains.StreamOptions(), aug.Augmentation(), 0)


def test_first_sound_is_found_behind_silence_and_a_click():
    x = RNG.standard_normal(48000) * 1e-4
    x[8000:8100] += 0.5
    x[24000:40000] += RNG.standard_normal(16000) * 0.2
    assert chains.first_sound_s(x) == pytest.approx(1.5, abs=0.05)
    assert chains.first_sound_s(np.zeros(300)) == 0.0


def test_nothing_counts_before_the_first_loud_part_of_a_cry():
    loud = np.zeros(300, bool)
    loud[100:150] = True
    weight = chains._cry_weight(loud)
    assert weight[:110].max() == 0.0 and weight[140] == pytest.approx(1.0)
    assert weight[250] == pytest.approx(0.3)  # a long pause tells little


def test_made_sounds_are_not_cries_and_stay_in_range():
    options = chains.StreamOptions(length_s=3.0, quiet_share=0.0, made_share=1.0)
    stream = chains.StreamMaker([sound(0, True), sound(1, False)], options, aug.Augmentation(),
                                seed=1).make(0)
    assert stream.target.max() == 0.0 and set(stream.clip) == {-1}
    for seed in range(20):
        x = made_sounds.made_sound(8000, np.random.default_rng(seed))
        assert x.shape == (8000,) and np.isfinite(x).all() and 1e-4 < aug.rms(x) < 1.0


def test_a_made_tone_has_the_pitch_asked_for():
    x = made_sounds.tone(16000, 500.0, np.random.default_rng(0), slope=1.0)
    spectrum = np.abs(np.fft.rfft(x))
    assert set(np.argsort(spectrum)[-3:]) == {500, 1000, 1500}
