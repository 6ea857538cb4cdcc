# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The stream clock: what is a gap, what is jitter, and that nothing is lost unnoticed."""

from baby_cry_detector.audio.continuity import Continuity, StreamClock
from baby_cry_detector.audio.errors import AudioFormatError
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

MS = 1_000_000
START = 1_700_000_000_000_000_000


def feed(clock, stamps_ms, n_samples=320, rate=16000):
    return [clock.update(START + round(ms * MS), n_samples, rate) for ms in stamps_ms]


def kinds(events):
    return [event.kind for event in events]


def test_an_even_stream_is_continuous():
    clock = StreamClock()
    events = feed(clock, range(0, 4000, 20))
    assert set(kinds(events)) == {Continuity.CONTINUOUS}
    assert [event.first_sample for event in events] == list(range(0, 200 * 320, 320))
    assert clock.time_of(16000) == START + 1000 * MS
    assert clock.time_of(0) == START
    assert clock.counts == {Continuity.CONTINUOUS: 200}


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([5, 10, 20, 32, 64, 128, 250]), st.integers(0, 2**31),
       st.floats(-200e-6, 200e-6))
def test_jitter_and_drift_are_continuous_and_tracked(block_ms, seed, drift):
    clock = StreamClock()
    rng = np.random.default_rng(seed)
    n = block_ms * 16
    count = 30_000 // block_ms
    jitter = rng.uniform(-0.49, 0.49, count) * min(block_ms, 40)
    true_ms = np.arange(count) * block_ms * (1 + drift)
    events = feed(clock, np.maximum.accumulate(true_ms + jitter + 1e-3 * np.arange(count)), n)
    assert set(kinds(events)) == {Continuity.CONTINUOUS}
    error_ms = (clock.time_of((count - 1) * n) - START) / MS - true_ms[-1]
    assert abs(error_ms) < 12


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31))
def test_times_increase_whatever_the_jitter(seed):
    clock = StreamClock()
    rng = np.random.default_rng(seed)
    last = None
    for i in range(300):
        event = clock.update(START + i * 20 * MS + int(rng.uniform(-9, 9) * MS), 320, 16000)
        time_ns = clock.time_of(event.first_sample + 319)
        assert last is None or time_ns > last
        last = time_ns


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 50), st.integers(45, 59_000), st.sampled_from([8000, 44100, 48000]))
def test_a_gap_is_found_and_measured(before, lost_ms, rate):
    clock = StreamClock()
    n = rate // 50
    feed(clock, [20 * i for i in range(before)], n, rate)
    event = feed(clock, [20 * before + lost_ms], n, rate)[0]
    assert event.kind is Continuity.GAP and event.breaks and not event.dropped
    assert event.first_sample == 0
    assert event.lost_samples == pytest.approx(lost_ms * rate / 1000, abs=1)
    assert clock.lost_samples == event.lost_samples
    assert clock.time_of(0) == START + round((20 * before + lost_ms) * MS)
    assert feed(clock, [20 * before + lost_ms + 20], n, rate)[0].kind is Continuity.CONTINUOUS


def test_a_short_gap_has_numbers_where_it_is_asked_for_and_the_stream_goes_on():
    clock = StreamClock(bridged_s=0.2)
    feed(clock, [0, 20, 40], 320, 16_000)
    event, after = feed(clock, [160, 180], 320, 16_000)
    assert event.kind is Continuity.GAP and event.bridged and not event.breaks
    assert event.lost_samples == clock.lost_samples == 1600 and event.first_sample == 960 + 1600
    assert after.kind is Continuity.CONTINUOUS and clock.time_of(0) == START
    longer = feed(clock, [411], 320, 16_000)[0]
    assert longer.breaks and longer.first_sample == 0


@pytest.mark.parametrize('jump_s', [61, 3600, 10**8])
def test_a_clock_that_was_set_on_is_a_break_and_no_loss(jump_s):
    clock = StreamClock()
    feed(clock, range(0, 1000, 20))
    events = feed(clock, [1000 + jump_s * 1000, 1020 + jump_s * 1000])
    assert kinds(events) == [Continuity.FORWARD, Continuity.CONTINUOUS]
    assert events[0].breaks and events[0].first_sample == 0
    assert clock.lost_samples == 0


def test_repeated_messages_are_dropped_and_change_nothing():
    plain, doubled = StreamClock(), StreamClock()
    feed(plain, range(0, 2000, 20))
    events = [event for ms in range(0, 2000, 20) for event in feed(doubled, [ms, ms])]
    assert kinds(events) == [Continuity.CONTINUOUS, Continuity.DUPLICATE] * 100
    assert [event.dropped for event in events] == [False, True] * 100
    assert not any(event.breaks for event in events)
    assert doubled.time_of(5000) == plain.time_of(5000)


def test_a_message_that_comes_too_late_is_dropped():
    clock = StreamClock()
    events = feed(clock, [0, 20, 40, 80, 60, 100, 120])
    assert kinds(events)[4] is Continuity.DUPLICATE
    assert not any(event.breaks for event in events)


def test_an_old_message_is_dropped():
    clock = StreamClock()
    events = feed(clock, [*range(0, 1000, 20), 300, 1000])
    assert kinds(events)[-2:] == [Continuity.DUPLICATE, Continuity.CONTINUOUS]


def test_a_recording_that_starts_again_is_a_break():
    clock = StreamClock()
    events = feed(clock, [*range(0, 10_000, 20), *range(0, 400, 20)])
    assert kinds(events)[500] is Continuity.BACKWARD
    assert set(kinds(events[501:])) == {Continuity.CONTINUOUS}
    assert events[501].first_sample == 320


def test_a_clock_that_was_set_back_by_less_than_a_breath_costs_that_much_audio():
    clock = StreamClock()
    feed(clock, range(0, 5000, 20))
    events = feed(clock, range(4900, 6000, 20))
    assert kinds(events) == [Continuity.DUPLICATE] * 5 + [Continuity.CONTINUOUS] * 50


@pytest.mark.parametrize('back_ms', [300, 500, 1500, 2500, 86_400_000])
def test_a_clock_that_was_set_back_is_followed_within_half_a_second(back_ms):
    clock = StreamClock()
    feed(clock, range(0, 5000, 20))
    events = feed(clock, range(5000 - back_ms, 6000 - back_ms, 20))
    assert kinds(events).count(Continuity.BACKWARD) == 1
    found = kinds(events).index(Continuity.BACKWARD)
    assert found * 20 <= 500
    assert set(kinds(events[:found])) <= {Continuity.DUPLICATE}
    assert set(kinds(events[found + 1:])) == {Continuity.CONTINUOUS}


def test_a_long_block_that_was_partly_heard_is_an_overlap():
    clock = StreamClock()
    feed(clock, range(0, 2000, 20))
    event = clock.update(START + 1850 * MS, 16000, 16000)
    assert event.kind is Continuity.OVERLAP and event.breaks
    assert event.lost_samples == -2400


def test_another_rate_is_a_break():
    clock = StreamClock()
    feed(clock, [0, 20, 40])
    events = feed(clock, [60, 80], 882, 44100)
    assert kinds(events) == [Continuity.RATE_CHANGE, Continuity.CONTINUOUS]
    assert events[1].first_sample == 882
    assert clock.time_of(16000, sample_rate=16000) == START + 1060 * MS


@pytest.mark.parametrize('block_ms', [10, 20, 30])
def test_a_lost_block_within_the_tolerance_is_counted_in_the_end(block_ms):
    clock = StreamClock()
    stamps = [i * block_ms for i in range(200) if i != 50]
    events = feed(clock, stamps, block_ms * 16)
    assert set(kinds(events)) == {Continuity.CONTINUOUS}
    assert clock.lost_samples == pytest.approx(block_ms * 16, rel=0.25)
    truth = START + stamps[-1] * MS
    assert abs(clock.time_of(events[-1].first_sample) - truth) < 4 * MS


def test_an_even_stream_with_strong_drift_has_no_slips():
    clock = StreamClock()
    feed(clock, np.arange(3000) * 20 * (1 + 500e-6))
    assert clock.slipped_samples == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-2**62, 2**62), st.integers(1, 2**31),
                          st.sampled_from([4000, 16000, 44100, 384000])), max_size=40))
def test_hostile_stamps_never_break_it(blocks):
    clock = StreamClock()
    for stamp, n_samples, rate in blocks:
        event = clock.update(stamp, n_samples, rate)
        assert event.first_sample >= 0
        if event.breaks:
            assert event.first_sample == 0 and clock.time_of(0) == stamp
    assert sum(clock.counts.values()) == len(blocks)
    assert len(clock._errors) < 10_000
    # and it works as before on what follows
    later = 2**62 + 10**12
    first = clock.update(later, 320, 16000)
    assert first.kind is not Continuity.DUPLICATE
    second = clock.update(later + 20 * MS, 320, 16000)
    assert second.kind is Continuity.CONTINUOUS


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match='at least 1 sample'):
        StreamClock().update(0, 0, 16000)
    with pytest.raises(AudioFormatError, match='4000 to 384000'):
        StreamClock().update(0, 160, 1)
    with pytest.raises(ValueError, match='tolerance'):
        StreamClock(tolerance_s=5.0)
    with pytest.raises(ValueError, match='a block before'):
        StreamClock().time_of(0)
