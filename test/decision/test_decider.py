# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The whole decision: block size does not matter, nothing that comes in breaks it."""

from dataclasses import replace

from baby_cry_detector.decision import (CryDecider, DecisionSettings, Need, STATUS_DISABLED,
                                        STATUS_NO_AUDIO, STATUS_OK)
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
import numpy as np
import pytest

START = 1_700_000_000 * 10**9
STEP = 10_000_000
SETTINGS = DecisionSettings(enter_threshold=0.6, leave_threshold=0.4, smoothing_s=0.3,
                            min_cry_duration_s=0.3, hold_s=2.0)
NEEDS = ('hungry', 'tired', 'belly_pain')


def scene(seed=0, n=3000):
    """Return times, cry and need probabilities, levels and voicing of 30 s."""
    rng = np.random.default_rng(seed)
    crying = (np.arange(n) // 400) % 3 == 1
    return (START + STEP * np.arange(n),
            np.clip(np.where(crying, 0.9, 0.1) + rng.normal(0, 0.2, n), 0, 1),
            rng.dirichlet((0.3, 0.3, 6.0), n),
            np.where(crying, 0.1, 1e-3) * rng.lognormal(0, 0.3, n),
            rng.uniform(0, 1, n))


def decider(**options):
    return CryDecider(SETTINGS, NEEDS, (0.6, 0.3, 0.1), crib_id='crib', **options)


def cut(columns, start, stop):
    return [column[start:stop] for column in columns]


def test_a_scene_is_told_as_it_is():
    machine, columns = decider(), scene()
    decisions = list(machine.steps(*columns))
    assert len(decisions) == 3000
    crying = np.array([decision.crying for decision in decisions])
    assert not crying[:400].any() and crying[460:800].all() and not crying[1050:1600].any()
    assert crying[1660:2000].all() and not crying[2250:2800].any()
    first, second = decisions[700], decisions[1900]
    assert (first.episode, second.episode) == (1, 2)
    assert first.episode_id != second.episode_id and first.episode_id.startswith('crib-2023')
    assert abs(first.onset_ns - columns[0][400]) < 300_000_000
    assert decisions[1500].duration_ns == pytest.approx(4e9, abs=4e8)
    assert decisions[1500].episode_id == first.episode_id
    assert first.need is Need.UNKNOWN or first.need is Need.PAIN
    assert decisions[799].need is Need.PAIN and decisions[799].confidence > 0.6
    assert decisions[1500].need is Need.NONE and decisions[1500].intensity == 0.0
    assert first.intensity > 0.3 and first.stamp_ns == columns[0][700]
    assert first.labels == ('not_cry', *NEEDS) and first.need_name in ('unknown', 'pain')
    assert -25 < first.level_dbfs < -15 and -65 < decisions[1500].level_dbfs < -55
    assert decisions[1500].confidence == pytest.approx(1 - decisions[1500].cry_probability)
    changes = [decision for decision in decisions if decision.changed]
    assert 4 <= len(changes) <= 8 and decisions[-1].status == STATUS_OK


@pytest.mark.parametrize('size', [1, 2, 7, 160, 512, 4096])
def test_block_size_does_not_matter(size):
    columns = scene()
    expected = list(decider().steps(*columns))
    by_steps, by_updates, by_changes = decider(), decider(), decider()
    stepped, changes = [], []
    for start in range(0, 3000, size):
        part = cut(columns, start, start + size)
        stepped += by_steps.steps(*part)
        last = by_updates.update(*part)
        end = min(start + size, 3000)
        assert last == replace(expected[end - 1], changed=last.changed)
        assert last.changed == any(decision.changed for decision in expected[start:end])
        changes += by_changes.changes(*part)
    assert stepped == expected
    assert changes == [decision for decision in expected if decision.changed]


def test_nothing_new_changes_nothing():
    machine = decider()
    before = machine.update(*scene())
    assert machine.decision() == replace(before, changed=False)
    assert machine.update([], [], np.zeros((0, 3)), [], []) == replace(before, changed=False)


def test_the_first_10_ms_alone_are_no_cry():
    machine = CryDecider(replace(SETTINGS, min_cry_duration_s=0.0))
    assert not machine.update([START], [1.0]).crying
    assert machine.update(START + STEP * np.arange(1, 30), np.ones(29)).crying


def test_an_episode_survives_a_short_gap_but_no_long_one():
    for gap_s, survives in ((1.0, True), (3.0, False)):
        for told in (True, False):         # a jump of the stamps is a gap as well
            machine, columns = decider(), scene()
            first = machine.update(*cut(columns, 0, 600))
            assert first.crying
            if told:
                machine.gap()
            later = columns[0] + round(gap_s * 1e9)
            decisions = list(machine.steps(later[600:800], *cut(columns[1:], 600, 800)))
            assert decisions[0].cry_probability < 0.1
            assert machine.gaps == 1 + told
            assert (decisions[-1].episode_id == first.episode_id) is survives
            assert decisions[-1].crying


def test_a_gap_makes_no_cry_of_its_own():
    machine = decider()
    for i in range(50):
        machine.gap()
        times = START + i * 10**9 + STEP * np.arange(15)
        assert not machine.update(times, np.ones(15)).crying
    assert machine.decision().episode == 0


@pytest.mark.parametrize('jump_s', [-3600, -1, 1, 3600, 10**8])
def test_jumps_of_the_clock_leave_nothing_stuck(jump_s):
    machine, columns = decider(), scene()
    machine.update(*cut(columns, 0, 700))
    times = columns[0] + jump_s * 10**9
    decisions = list(machine.steps(times, *columns[1:]))
    assert not decisions[1200].crying and decisions[1900].crying and not decisions[2700].crying
    assert all(decision.duration_ns >= 0 for decision in decisions)


def test_no_audio_and_disabled():
    machine, columns = decider(), scene()
    machine.update(*cut(columns, 0, 700))
    last_ns = columns[0][699]
    idle = machine.idle(last_ns + 10**9)
    assert idle.status == STATUS_NO_AUDIO and idle.changed and idle.crying
    assert idle.cry_probability == 0.0 and idle.status_name == 'no_audio'
    assert not machine.idle(last_ns + 15 * 10**8).changed
    assert machine.idle(last_ns + 3 * 10**9).crying          # audio may only be late
    assert not machine.idle(last_ns + 3 * 10**9 + 1).crying
    again = machine.update(columns[0][:1] + 10**11, [0.0])
    assert again.status == STATUS_OK and again.changed
    machine.update(columns[0] + 2 * 10**11, *columns[1:])
    machine.update(*[column[:700] for column in (columns[0] + 4 * 10**11, *columns[1:])])
    disabled = machine.idle(columns[0][700] + 4 * 10**11, STATUS_DISABLED)
    assert disabled.status == STATUS_DISABLED and not disabled.crying
    assert disabled.need is Need.NONE and disabled.intensity == 0.0
    with pytest.raises(ValueError, match='no_audio or disabled'):
        machine.idle(0, STATUS_OK)


def test_reset_forgets_all_but_the_count():
    machine, columns = decider(), scene()
    machine.update(*cut(columns, 0, 700))
    machine.reset()
    decision = machine.decision()
    assert not decision.crying and decision.episode == 1 and decision.cry_probability == 0.0
    replayed = list(machine.steps(*columns))
    fresh = list(decider().steps(*columns))
    assert [d.crying for d in replayed] == [d.crying for d in fresh]
    assert [d.intensity for d in replayed] == [d.intensity for d in fresh]
    assert replayed[-1].episode == fresh[-1].episode + 1


def test_settings_change_while_crying():
    machine, columns = decider(), scene()
    before = machine.update(*cut(columns, 0, 700))
    machine.configure(replace(SETTINGS, enter_threshold=0.9, leave_threshold=0.8, hold_s=0.1,
                              smoothing_s=0.5))
    assert machine.decision().episode_id == before.episode_id
    assert not machine.update(*cut(columns, 700, 850)).crying


def test_without_needs_there_are_no_labels():
    machine = CryDecider(SETTINGS)
    decision = machine.update(START + STEP * np.arange(100), np.full(100, 0.75))
    assert decision.labels == decision.probabilities == ()
    assert decision.crying and decision.need is Need.UNKNOWN
    assert decision.confidence == pytest.approx(0.75) and decision.level_dbfs is None
    assert CryDecider().settings.enter_threshold == 0.5


def test_the_crib_can_be_named_later():
    machine = CryDecider(SETTINGS)
    machine.crib_id = 'nursery'
    decision = machine.update(START + STEP * np.arange(100), np.ones(100))
    assert decision.episode_id == 'nursery-20231114T221320.170000000Z'


ANY = st.floats(allow_nan=True, allow_infinity=True)


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(['steps', 'gap', 'idle', 'off', 'reset']),
                          st.integers(-2**62, 2**62), ANY, ANY, st.integers(1, 60)),
                max_size=15), st.booleans())
def test_whatever_comes_the_answer_makes_sense(events, even_times):
    machine, now_ns = decider(), START
    for kind, time_ns, probability, other, n in events:
        if kind == 'steps':
            begin = now_ns if even_times else min(time_ns, 2**62)
            times = begin + STEP * np.arange(1, n + 1)
            now_ns += n * STEP
            machine.update(times, np.full(n, probability), np.full((n, 3), other),
                           np.full(n, other), np.full(n, other))
        elif kind == 'gap':
            machine.gap()
        elif kind == 'reset':
            machine.reset()
        else:
            machine.idle(time_ns, STATUS_NO_AUDIO if kind == 'idle' else STATUS_DISABLED)
        decision = machine.decision()
        assert 0.0 <= decision.cry_probability <= 1.0
        assert 0.0 <= decision.confidence <= 1.0 and 0.0 <= decision.intensity <= 1.0
        assert sum(decision.probabilities) == pytest.approx(1.0)
        assert min(decision.probabilities) >= 0.0
        assert len(decision.probabilities) == len(decision.labels) == 4
        assert decision.duration_ns >= 0
        assert (decision.need is Need.NONE) is (not decision.crying)
        assert (decision.episode == 0) is (decision.episode_id == '')
    # and a real cry is still found
    times = max(now_ns, 2**62) + 10**12 + STEP * np.arange(100)
    assert machine.update(times, np.ones(100)).crying


def test_invalid_probabilities_are_counted():
    machine = CryDecider(SETTINGS)
    machine.update(START + STEP * np.arange(3), [float('nan'), 0.5, float('nan')])
    assert machine.invalid_steps == 2


@pytest.mark.parametrize('arguments, words', [
    (([0.5], [0.5]), 'times as integers'),
    (([START, START], [0.5]), '2 values of cry_probability'),
    (([START], [0.5], np.zeros((1, 2))), r'shape \(1, 3\)'),
    (([START], [0.5], None, [1.0, 2.0]), 'level_rms'),
    (([[START]], [[0.5]]), 'one a step')])
def test_wrong_sizes_are_named(arguments, words):
    machine = decider()
    for method in (machine.update, machine.steps):
        with pytest.raises(ValueError, match=words):
            method(*arguments)


def test_wrong_options_are_named():
    for step_s in (0.0, -1.0, 2.0, float('nan')):
        with pytest.raises(ValueError, match='a step above 0'):
            CryDecider(step_s=step_s)


@pytest.mark.parametrize('threshold, named', [(0.0, True), (0.9, True), (0.95, False),
                                              (1.0, False)])
def test_the_models_own_threshold_of_a_need_is_honoured(threshold, named):
    sure = replace(SETTINGS, need_min_confidence=0.5, need_min_cry_s=0.5, need_min_odds_ratio=1.0)
    machine = CryDecider(sure, NEEDS, need_threshold=threshold)
    rows = np.full((200, len(NEEDS)), 0.07 / (len(NEEDS) - 1))
    rows[:, 0] = 0.93
    decision = machine.update(START + STEP * np.arange(200), np.full(200, 0.95), rows)
    assert decision.crying and decision.is_need_named is named
