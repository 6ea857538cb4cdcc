# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From bytes to stamped frames: the same frames as the extractor alone, whatever happens."""

from baby_cry_detector.audio import AudioFormat, to_pcm16
from baby_cry_detector.features import extract, get_feature_set
from baby_cry_detector.stream.intake import AudioIntake, bridge, level_dbfs
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

NS = 1_000_000_000
RATE = 16_000
START_NS = 1_700_000_000 * NS
FEATURES = get_feature_set('is09')


def noise(n, seed=0):
    return np.random.default_rng(seed).integers(-8000, 8000, n).astype('<i2')


def play(intake, pcm, start_ns=START_NS, rate=RATE, block=640):
    frames = []
    for first in range(0, len(pcm), block):
        frames += intake.hear(start_ns + first * NS // rate, pcm[first:first + block].tobytes())
    return frames


def new_intake(rate=RATE, channels=1):
    intake = AudioIntake(FEATURES)
    intake.set_format(AudioFormat(rate, channels))
    return intake


@settings(max_examples=15, deadline=None)
@given(st.integers(20, 5000))
def test_blocks_of_any_size_give_the_frames_of_the_whole(block):
    pcm = noise(24_000)
    intake = new_intake()
    frames = play(intake, pcm, block=block) + intake.finish()
    values = np.concatenate([part.values for part in frames])
    np.testing.assert_allclose(values, extract(FEATURES, pcm / 32767.0), rtol=1e-9, atol=1e-9)
    number = 0
    for part in frames:
        assert part.first_frame == number
        assert part.start_ns == START_NS + number * NS // 100
        number += len(part.values)


def test_a_gap_completes_the_old_stretch_on_its_own_time_and_starts_at_frame_0():
    pcm = noise(16_000)
    intake = new_intake()
    old = play(intake, pcm)
    later_ns = START_NS + 5 * NS
    new = play(intake, pcm, later_ns)
    tail = new[0]
    assert tail.first_frame == old[-1].first_frame + len(old[-1].values)
    assert tail.start_ns == START_NS + tail.first_frame * NS // 100
    assert new[1].first_frame == 0 and new[1].start_ns == later_ns
    assert intake.counts['gap'] == 1
    assert intake.counts['samples_lost'] == 4 * RATE
    heard = np.concatenate([part.values for part in old + [tail]])
    np.testing.assert_allclose(heard, extract(FEATURES, pcm / 32767.0), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('rate, channels', [(RATE, 1), (48_000, 2), (44_100, 1)])
def test_short_gaps_are_bridged_and_what_follows_keeps_its_number_and_time(rate, channels):
    block = rate // 20                         # 50 ms: 40 may be jitter
    pcm = noise(2 * RATE) if rate == RATE else np.random.default_rng(1).integers(
        -3000, 3000, (2 * rate, channels), np.int16)
    intake, frames = new_intake(rate, channels), []
    lost = [number for number in range(1, 39) if number % 7 in (2, 3) or number % 11 == 5]
    for number in range(40):
        if number not in lost:
            data = np.ascontiguousarray(pcm[number * block:(number + 1) * block]).tobytes()
            frames += intake.hear(START_NS + number * NS // 20, data)
            assert len(intake.used_samples) == block
    frames += intake.finish()
    ends = [part.first_frame + len(part.values) for part in frames]
    assert [part.first_frame for part in frames] == [0, *ends[:-1]] and ends[-1] > 190
    assert all(abs(part.start_ns - START_NS - part.first_frame * NS // 100) < 1000
               for part in frames)
    assert set(intake.counts) == {'gap', 'samples_lost'}
    assert intake.counts['samples_lost'] == pytest.approx(len(lost) * block, abs=2)


def test_a_bridge_is_as_loud_as_its_banks_and_meets_them():
    wave = np.rint(9000 * np.sin(np.arange(900) * 0.2))[:, None].astype(np.int16)
    for size in (1, 160, 320, 3200):
        made = bridge(wave[:320], wave[500:820], size)
        assert made.shape == (size, 1) and abs(int(made[0, 0]) - int(wave[319, 0])) <= 1
        assert abs(int(made[-1, 0]) - int(wave[500, 0])) <= (0 if size > 1 else 20_000)
        assert np.abs(made).max() <= 9000


def test_repeated_audio_is_dropped():
    pcm = noise(16_000)
    intake = new_intake()
    play(intake, pcm)
    assert intake.hear(START_NS + NS // 2, pcm[:640].tobytes()) == []
    assert intake.counts['duplicate'] == 1


def test_stereo_at_48_khz_has_the_same_times_and_nearly_the_same_frames():
    t = np.arange(2 * 48_000) / 48_000
    tone = to_pcm16(0.3 * np.sin(2 * np.pi * 440 * t))
    intake = new_intake(48_000, 2)
    stereo = np.repeat(tone[:, None], 2, axis=1).astype('<i2')
    frames = play(intake, stereo, rate=48_000, block=1920) + intake.finish()
    values = np.concatenate([part.values for part in frames])
    expected = extract(FEATURES, to_pcm16(0.3 * np.sin(2 * np.pi * 440 * t[::3])) / 32767.0)
    assert values.shape == expected.shape
    inner = slice(10, -10)
    rms = FEATURES.index('pcm_RMSenergy_sma')
    np.testing.assert_allclose(values[inner, rms], expected[inner, rms], rtol=1e-3)
    starts = [part.start_ns for part in frames]
    assert abs(starts[-1] - START_NS - frames[-1].first_frame * NS // 100) < 1_000_000


def test_format_change_in_mid_stream_completes_what_is_owed():
    intake = new_intake()
    play(intake, noise(8000))
    assert intake.set_format(AudioFormat(16_000, 1)) == []
    owed = intake.set_format(AudioFormat(8000, 1))
    assert owed and owed[0].first_frame > 0
    assert intake.counts['format_change'] == 1
    assert play(intake, noise(4000), START_NS + NS // 2, 8000)[0].first_frame == 0


def test_what_is_no_audio_is_an_error_that_says_what_was_expected():
    intake = AudioIntake(FEATURES)
    with pytest.raises(ValueError, match='audio_info'):
        intake.hear(START_NS, bytes(2))
    intake.set_format(AudioFormat(RATE, 2))
    with pytest.raises(ValueError, match='expected'):
        intake.hear(START_NS, bytes(3))
    with pytest.raises(ValueError, match='at most 60 s'):
        intake.hear(START_NS, bytes(4 * RATE * 61))
    assert intake.hear(START_NS, b'') == []


def test_level():
    assert level_dbfs(np.zeros(100)) == -120.0
    assert level_dbfs(np.ones(100)) == pytest.approx(0.0)
    assert level_dbfs(0.1 * np.ones(100)) == pytest.approx(-20.0)
