# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Clips: off by default; where they are on, whole WAV files with pre-roll, bounded, 0600."""

import os
import stat
import wave

from baby_cry_detector.care.diary.clips import ClipRecorder
import numpy as np
import pytest

NS = 1_000_000_000
RATE = 16_000


def hear(clips, first_s, last_s, value=0):
    """Let the recorder hear blocks of 0.1 s whose samples are their second."""
    for block in range(round(10 * first_s), round(10 * last_s)):
        samples = np.full(RATE // 10, value or block // 10, '<i2')
        clips.hear(block * NS // 10, samples.tobytes())


def read(path):
    """Return the samples of a clip."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), '<i2')


@pytest.fixture
def clips(tmp_path):
    """Return a recorder of one channel at 16 kHz."""
    recorder = ClipRecorder(tmp_path / 'clips', 5.0, 20.0, 2.0)
    recorder.set_format(RATE, 1)
    yield recorder
    recorder.end()


def test_a_clip_begins_with_the_pre_roll_and_is_whole_at_any_moment(clips):
    hear(clips, 0, 102)
    path = clips.begin('crib-a', 100 * NS)
    assert read(path).size == 7 * RATE
    hear(clips, 102, 104)
    samples = read(path)
    assert samples[0] == 95 and samples[-1] == 103 and samples.size == 9 * RATE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    clips.end()
    hear(clips, 104, 106)
    assert read(path).size == 9 * RATE


def test_what_came_before_the_format_was_told_is_kept(tmp_path):
    """The word may be later than the audio: it is a message of its own."""
    late = ClipRecorder(tmp_path / 'clips', 5.0, 20.0, 2.0)
    hear(late, 0, 9)
    assert late.begin('crib-a', 8 * NS) is None
    late.set_format(RATE, 1)
    hear(late, 9, 10)
    path = late.begin('crib-a', 8 * NS)
    assert set(read(path)) == set(range(3, 10)) and read(path).size == 7 * RATE
    late.set_format(RATE // 2, 1)          # another format is another sound
    assert late.begin('crib-b', 8 * NS).stat().st_size < 100
    late.end()


def test_while_nobody_says_what_it_is_no_more_is_kept_than_of_the_largest_format(tmp_path):
    late = ClipRecorder(tmp_path / 'clips', 5.0, 600.0, 20.0)
    block = bytes(480_000)                 # as 2.5 s of 48 kHz in two channels
    for number in range(100):
        late.hear(number * 2 * NS, block)
    late.set_format(48_000, 2)
    path = late.begin('crib-a', 0)
    assert path.stat().st_size <= 15 * 48_000 * 4 + 100
    late.end()


def test_no_clip_is_longer_than_allowed_and_the_oldest_make_room(clips):
    paths = []
    for number in range(6):
        hear(clips, 100 * number, 100 * number + 10, value=7)
        paths.append(clips.begin(f'crib/{number}', (100 * number + 9) * NS))
        hear(clips, 100 * number + 10, 100 * number + 40, value=7)
        assert read(paths[-1]).size == 20 * RATE
    left = [path for path in paths if path.exists()]
    assert left == paths[-len(left):] and 1 <= len(left) < 6
    assert sum(path.stat().st_size for path in left) <= 2e6


@pytest.mark.parametrize('wrong_ns', [0, 5 * NS, 2_000_000_000 * NS])
def test_a_clock_that_was_wrong_does_not_choose_what_goes(clips, wrong_ns):
    paths = []
    for number in range(7):
        hear(clips, 100 * number, 100 * number + 10, value=7)
        paths.append(clips.begin(f'crib/{number}', (100 * number + 9) * NS))
        hear(clips, 100 * number + 10, 100 * number + 15, value=7)
        if number == 2:                    # as if its end had been written under that clock
            os.utime(paths[-1], ns=(wrong_ns, wrong_ns))
            clips._keep_order(paths[-1])
        clips.end()
    left = [path for path in paths if path.exists()]
    assert left == paths[-len(left):] and 3 <= len(left) < 7


def test_without_a_format_or_after_a_crash_nothing_is_overwritten(clips, tmp_path):
    assert ClipRecorder(tmp_path / 'no', 5.0, 20.0, 2.0).begin('crib-a', 0) is None
    hear(clips, 0, 10)
    path = clips.begin('crib-a', 5 * NS)
    before = path.read_bytes()
    clips.end()
    assert clips.begin('crib-a', 5 * NS) is None
    assert path.read_bytes() == before


def test_cribs_of_any_name_keep_their_clips(clips):
    hear(clips, 0, 10)
    paths = [clips.begin(f'{crib}-1700000000.5', 9 * NS) for crib in ('宝宝', '房间', 'a b', 'a_b')]
    assert None not in paths and len(set(paths)) == 4
