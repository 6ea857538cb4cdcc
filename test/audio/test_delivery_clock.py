# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Capture times of samples that arrive in bursts, late, or never."""

from baby_cry_detector.audio.delivery_clock import DeliveryClock
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

MS = 1_000_000
START = 5_000_000_000_000


def run(clock, delays_ms, n=320, rate=16000, first=0, start=START):
    """Deliver blocks late by ``delays_ms``, in order; return what was said to be lost."""
    lost, arrival = [], 0
    for i, delay_ms in enumerate(delays_ms):
        end = first + (i + 1) * n
        arrival = max(arrival, start + round(end * 1e9 / rate) + round(delay_ms * MS))
        lost.append(clock.update(arrival, end))
    return lost


def error_ms(clock, sample, rate=16000):
    return (clock.time_of(sample) - START - sample * 1e9 / rate) / MS


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([8000, 44100, 48000]))
def test_random_delays_lose_nothing(seed, rate):
    clock = DeliveryClock(rate)
    delays = np.random.default_rng(seed).exponential(15.0, 2000)
    run(clock, delays[:25], rate // 50, rate)
    clock.settle()             # what a microphone does with its first half second
    assert not any(run(clock, delays[25:], rate // 50, rate, first=25 * (rate // 50)))
    assert abs(error_ms(clock, 2000 * (rate // 50), rate)) < 5


@pytest.mark.parametrize('burst', [2, 5, 20])
def test_bursts_lose_nothing_and_tell_the_time(burst):
    clock = DeliveryClock(16000)
    delays = [20 * (burst - 1 - i % burst) for i in range(1000)]
    assert not any(run(clock, delays[:burst]))
    clock.settle()
    assert abs(error_ms(clock, 320 * burst)) < 0.1
    assert not any(run(clock, delays, first=320 * burst))
    assert abs(error_ms(clock, 320 * 1000)) < 1


def test_a_stalled_reader_loses_nothing():
    clock = DeliveryClock(16000)
    delays = np.zeros(2000)
    delays[500:700] = np.arange(200, 0, -1) * 20       # 4 s come at once
    assert not any(run(clock, delays))
    assert abs(error_ms(clock, 640_000)) < 1


@pytest.mark.parametrize('lost_ms', [80, 500, 20_000])
def test_what_the_driver_lost_unseen_is_found(lost_ms):
    clock = DeliveryClock(16000)
    lost = run(clock, [0] * 500 + [lost_ms] * 100)
    assert sum(lost) == pytest.approx(lost_ms * 16, abs=80)
    assert lost.index(max(lost)) <= 500 + 51
    assert error_ms(clock, 600 * 320) == pytest.approx(lost_ms, abs=3)


@settings(max_examples=20, deadline=None)
@given(st.floats(-300e-6, 300e-6))
def test_drift_is_followed(drift):
    clock = DeliveryClock(16000)
    delays = np.arange(6000) * 20 * drift
    assert not any(run(clock, delays))
    assert abs(error_ms(clock, 6000 * 320) - delays[-1]) < 5


def test_stamps_of_blocks_stay_continuous():
    clock = DeliveryClock(16000)
    rng = np.random.default_rng(1)
    times = []
    for i in range(3000):
        run(clock, [rng.exponential(30.0) + 0.01 * i], first=320 * i)
        times.append(clock.time_of(320 * i))
    steps_ms = np.diff(times) / MS
    assert np.abs(steps_ms - 20).max() < 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**62), st.integers(0, 2**40)), min_size=1, max_size=50))
def test_anything_is_survived(arrivals):
    clock = DeliveryClock(44100)
    for arrival_ns, end_sample in arrivals:
        assert clock.update(arrival_ns, end_sample) >= 0
        assert len(clock._bins) < 20
    clock.time_of(0)


def test_no_time_before_an_arrival():
    with pytest.raises(ValueError, match='an arrival before'):
        DeliveryClock(16000).time_of(0)
