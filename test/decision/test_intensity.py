# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Intensity: what raises it, what lowers it, what must not matter."""

from baby_cry_detector.decision.intensity import Intensity, rhythm_strength
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

RATE = 100                     # steps in a second


def room(duration_s, level=1e-3, seed=0):
    """Return (hearing, level) of a quiet room."""
    n = round(duration_s * RATE)
    rng = np.random.default_rng(seed)
    return np.zeros(n, bool), level * rng.lognormal(0, 0.2, n)


def cry(duration_s, level=0.1, quiet=1e-3, period_s=1.1, seed=0):
    """Return (hearing, level) of bursts with breaths between."""
    n = round(duration_s * RATE)
    rng = np.random.default_rng(seed)
    burst = (np.arange(n) / RATE) % period_s < 0.75 * period_s
    return np.ones(n, bool), np.where(burst, level, quiet) * rng.lognormal(0, 0.2, n)


def follow(*parts, gain=1.0, voicing=None):
    """Feed the parts one after the other; return the values at the ends of the parts."""
    intensity, values = Intensity(), []
    for hearing, level in parts:
        for is_heard, value in zip(hearing, level * gain):
            intensity.update(is_heard, is_heard, value, voicing)
        values.append(intensity.value())
    return values


@settings(max_examples=25, deadline=None)
@given(st.floats(-5, 45), st.integers(0, 1000), st.sampled_from([0.7, 1.1, 1.9]))
def test_12_db_more_raise_it_and_12_db_less_lower_it(above_db, seed, period_s):
    level = 1e-3 * 10 ** (above_db / 20)
    _, soft, loud, soft_again = follow(
        room(20, seed=seed), cry(12, level, period_s=period_s, seed=seed),
        cry(12, 4 * level, period_s=period_s, seed=seed + 1),
        cry(12, level, period_s=period_s, seed=seed + 2))
    assert loud > soft + 0.01 and soft_again < loud - 0.01
    assert 0 <= soft <= 1 and 0 <= loud <= 1


def test_a_slow_growth_raises_it_all_the_way():
    hearing, level = cry(60, 0.01)
    growth = 10 ** (np.linspace(0, 12, level.size) / 20)
    _, grown_to = follow(room(20), (hearing, level * growth))
    _, stayed_at = follow(room(20), (hearing, level))
    _, fell_to = follow(room(20), (hearing, level / growth))
    assert grown_to > stayed_at + 0.08
    assert fell_to < stayed_at - 0.08


@settings(max_examples=15, deadline=None)
@given(st.floats(-40, 10), st.booleans())
def test_the_gain_of_the_stream_does_not_matter(gain_db, begins_with_room):
    parts = [cry(8, 0.02), cry(8, 0.08), room(5)]
    if begins_with_room:
        parts = [room(10), *parts]
    np.testing.assert_allclose(follow(*parts, gain=10 ** (gain_db / 20)), follow(*parts),
                               atol=1e-9)


def test_a_cry_that_begins_the_stream_can_still_grow_and_fall():
    soft, loud = follow(cry(10, 0.02), cry(10, 0.08))
    assert loud > soft + 0.05
    loud, soft = follow(cry(10, 0.08), cry(10, 0.02))
    assert soft < loud - 0.03


def test_long_crying_does_not_become_its_own_background():
    _, early, late = follow(room(20), cry(20), cry(300, seed=3))
    assert late == pytest.approx(early, abs=0.03)


def test_the_room_is_learned_anew_when_it_changes():
    intensity = Intensity()
    for hearing, level in (room(60, 1e-4), room(120, 1e-2)):
        for _is_heard, value in zip(hearing, level):
            intensity.update(False, False, value)
    assert intensity.background_db == pytest.approx(-40, abs=1.5)


def test_more_crying_raises_it():
    hearing, level = cry(20, 0.05)
    sparse = hearing & ((np.arange(hearing.size) // 200) % 3 == 0)
    values = []
    for heard in (hearing, sparse):
        intensity = Intensity()
        for _is_heard, value in zip(*room(20)):
            intensity.update(False, False, value)
        for is_heard, value in zip(heard, np.where(heard, level, 1e-3)):
            intensity.update(is_heard, True, value)
        values.append((intensity.value(), intensity.share))
    assert values[0][0] > values[1][0]
    assert values[0][1] == 1.0 and values[1][1] == pytest.approx(0.4, abs=0.01)


def test_rough_crying_is_more_intense_than_clean():
    rough = follow(room(10), cry(10), voicing=0.2)[-1]
    clean = follow(room(10), cry(10), voicing=0.95)[-1]
    unknown = follow(room(10), cry(10))[-1]
    assert rough > clean + 0.05
    assert 0 <= unknown <= 1
    assert follow(room(10), cry(10), voicing=float('nan'))[-1] == unknown


def test_rhythm_is_found_where_there_is_one():
    seconds = np.arange(100) / 10
    rng = np.random.default_rng(0)
    for period_s in (0.7, 1.0, 1.5, 1.9):
        siren = np.where(seconds % period_s < 0.7 * period_s, 1.0, 1e-3)
        assert rhythm_strength(siren) > 0.6
        louder = siren * 10 ** (np.linspace(0, 24, 100) / 10)
        assert rhythm_strength(louder) > 0.6
    random = [rhythm_strength(rng.exponential(1.0, 100)) for _ in range(50)]
    assert np.median(random) < 0.35
    assert rhythm_strength(np.ones(100)) == 0.0
    assert rhythm_strength(np.zeros(100)) == 0.0
    assert rhythm_strength(np.ones(10)) == 0.0


def test_without_levels_the_share_is_what_is_known():
    intensity = Intensity()
    for _ in range(500):
        intensity.update(True, True)
    assert intensity.value() == pytest.approx(0.5)
    intensity.reset()
    assert intensity.value() == 0.0


def test_a_gap_keeps_the_background():
    intensity = Intensity()
    for _, value in zip(*room(20)):
        intensity.update(False, False, value)
    background_db = intensity.background_db
    intensity.gap()
    assert intensity.background_db == background_db and intensity.share == 0.0
    intensity.reset()
    assert intensity.background_db is None


ODD = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True),
                st.sampled_from([0.0, 1e-300, 1e300, -1.0]))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), ODD, ODD), max_size=40),
       st.sampled_from([0.01, 0.02, 0.5]))
def test_whatever_comes_it_stays_within_0_and_1(steps, step_s):
    intensity = Intensity(step_s)
    for hearing, episode, level, voicing in steps:
        for _ in range(11):
            intensity.update(hearing, episode, level, voicing)
        assert 0.0 <= intensity.value() <= 1.0
    with pytest.raises(ValueError, match='a step above 0'):
        Intensity(0.0)
