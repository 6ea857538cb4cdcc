# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Episodes: when one begins, lasts and ends."""

from baby_cry_detector.cry_state import episode_name
from baby_cry_detector.decision.episodes import EpisodeTracker
from baby_cry_detector.decision.settings import DecisionSettings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
import pytest

STEP_NS = 10_000_000
START = 1_700_000_000 * 10**9


def tracker(**changes):
    values = {'enter_threshold': 0.6, 'leave_threshold': 0.4, 'min_cry_duration_s': 0.3,
              'hold_s': 2.0, **changes}
    return EpisodeTracker(DecisionSettings(**values), crib_id='crib')


def run(machine, probability, duration_s, start_s):
    """Feed a constant probability; return the seconds at which crying changed."""
    changes = []
    for i in range(round(duration_s * 100)):
        time_ns = START + round(start_s * 1e9) + i * STEP_NS
        before = machine.crying
        if machine.update(time_ns, probability) != before:
            changes.append(round((time_ns - START) / 1e9, 2))
    return changes


def test_a_cry_begins_lasts_and_ends():
    machine = tracker()
    assert run(machine, 0.5, 1.0, 0.0) == []           # below enter
    assert run(machine, 0.6, 1.0, 1.0) == [1.29]       # 30 steps of 10 ms
    assert machine.episode.onset_ns == START + 10**9
    assert run(machine, 0.45, 3.0, 2.0) == []          # above leave
    assert run(machine, 0.1, 5.0, 5.0) == [7.0]        # 4.99 + 2 s
    assert machine.episode.duration_ns == pytest.approx(3.99e9)
    assert machine.episode.number == machine.count == 1


def test_a_short_sound_is_no_episode():
    machine = tracker()
    for i in range(20):
        assert run(machine, 1.0, 0.28, 2.0 * i) == []
        assert run(machine, 0.0, 1.72, 2.0 * i + 0.28) == []
    assert machine.count == 0 and machine.episode is None


def test_a_breath_does_not_undo_what_was_heard():
    machine = tracker(min_cry_duration_s=1.0)
    run(machine, 1.0, 0.6, 0.0)
    run(machine, 0.0, 0.4, 0.6)
    assert run(machine, 1.0, 0.6, 1.0) == [1.39]
    assert machine.episode.onset_ns == START


def test_a_pause_within_the_hold_is_the_same_episode():
    machine = tracker()
    run(machine, 1.0, 1.0, 0.0)
    assert run(machine, 0.0, 1.9, 1.0) == []
    assert run(machine, 1.0, 1.0, 2.9) == []
    assert machine.count == 1 and machine.episode.duration_ns == pytest.approx(3.89e9)
    run(machine, 0.0, 2.5, 3.9)
    run(machine, 1.0, 1.0, 6.4)
    assert machine.count == 2 and machine.episode.onset_ns == START + 6_400_000_000


def test_within_a_pause_only_the_enter_threshold_counts():
    machine = tracker()
    run(machine, 1.0, 1.0, 0.0)
    run(machine, 0.0, 0.1, 1.0)
    assert run(machine, 0.5, 5.0, 1.1) == [3.0]


def test_no_hold_ends_at_once():
    machine = tracker(hold_s=0.0, min_cry_duration_s=0.0)
    assert run(machine, 1.0, 1.0, 0.0) == [0.0]
    assert run(machine, 0.0, 1.0, 1.0) == [1.0]


def test_an_episode_survives_a_short_gap_and_no_long_one():
    for gap_s, count in ((1.5, 1), (2.5, 2)):
        machine = tracker()
        run(machine, 1.0, 1.0, 0.0)
        machine.gap()
        run(machine, 0.0, 0.1, 0.9 + gap_s - 0.1)
        assert machine.crying is (count == 1)
        run(machine, 1.0, 1.0, 0.9 + gap_s)
        assert machine.crying and machine.count == count


def test_a_gap_is_no_pause():
    for gaps_s, pause_s, count in (((1.9,), 1.5, 1), ((1.9,), 2.1, 2), ((0.9, 0.9), 1.5, 1),
                                   ((1.1, 1.1), 0.5, 2)):
        machine = tracker()
        run(machine, 1.0, 1.0, 0.0)
        time_s = 1.0
        for gap_s in gaps_s:
            time_s += gap_s
            run(machine, 0.0, pause_s / len(gaps_s), time_s)
            time_s += pause_s / len(gaps_s)
        run(machine, 1.0, 1.0, time_s)
        assert machine.count == count, (gaps_s, pause_s)


@pytest.mark.parametrize('gap_s', (0.3, 1.9, 2.1, 2.9, 3.5))
def test_time_that_passes_in_a_gap_decides_nothing_that_stamps_do_not(gap_s):
    counts = []
    for live in (False, True):
        machine = tracker()
        run(machine, 1.0, 1.0, 0.0)
        if live:        # the time is guessed, from when audio arrived last
            for tenth in range(int(gap_s * 10) + 3):
                machine.advance(START + 990_000_000 + tenth * 100_000_000)
        run(machine, 0.0, 0.5, 1.0 + gap_s)
        run(machine, 1.0, 1.0, 1.5 + gap_s)
        counts.append((machine.count, machine.episode))
    assert counts[0] == counts[1]
    assert counts[0][0] == (1 if gap_s < 2.0 else 2)


def test_a_candidate_does_not_survive_a_gap():
    machine = tracker()
    run(machine, 1.0, 0.2, 0.0)
    assert run(machine, 1.0, 0.2, 1.0) == []
    assert run(machine, 1.0, 0.2, 1.2) == [1.29]
    assert machine.episode.onset_ns == START + 10**9


def test_time_without_audio_ends_an_episode_after_the_hold():
    machine = tracker()
    run(machine, 1.0, 1.0, 0.0)
    assert machine.advance(START + 3_990_000_000)           # the hold, and what may be late
    assert not machine.advance(START + 3_990_000_001)
    assert machine.episode.duration_ns == pytest.approx(0.99e9)


def test_a_clock_set_back_ends_an_episode_unless_a_little():
    for back_s, crying in ((0.05, True), (1.0, True), (5.0, False)):
        machine = tracker()
        run(machine, 1.0, 10.0, 0.0)
        machine.update(START + 10**10 - round(back_s * 1e9), 0.0)
        assert machine.crying is crying
        run(machine, 0.0, 5.0, 10.0 - back_s)
        assert not machine.crying and machine.episode.duration_ns >= 0


def test_names_are_unique_and_readable():
    assert episode_name('crib', 1_767_225_600_000_000_001) == 'crib-20260101T000000.000000001Z'
    assert episode_name('', 0) == '19700101T000000.000000000Z'
    names = {episode_name(crib, onset) for crib in ('a', 'b')
             for onset in (0, 1, 10**9, -1, 2**63 - 1, -2**63, 2**80)}
    assert len(names) == 14


def agreeing():
    machine = tracker()
    machine.hint_threshold = 0.05
    return machine


def agree(machine, onset_s, until_s):
    return machine.agree(START + round(onset_s * 1e9), START + round(until_s * 1e9))


def test_a_hint_is_told_nobody_and_lasts_a_moment():
    machine = agreeing()
    assert run(machine, 0.04, 1.0, 0.0) == [] and machine.hint_since_ns is None
    assert run(machine, 0.06, 0.1, 1.0) == [] and not machine.hearing
    assert machine.hint_since_ns == START + 10**9
    run(machine, 0.0, 0.9, 1.1)
    assert machine.hint_since_ns == START + 10**9
    run(machine, 0.0, 0.2, 2.0)
    assert machine.hint_since_ns is None and machine.current is None and machine.count == 0
    run(machine, 0.9, 0.1, 3.0)
    assert machine.hint_since_ns == START + 3 * 10**9
    machine.reset()
    assert machine.hint_since_ns is None


def test_without_a_second_listener_there_are_no_hints():
    machine = tracker()
    run(machine, 1.0, 1.0, 0.0)
    assert machine.crying and machine.hint_since_ns is None


def test_an_agreement_begins_an_episode_that_lasts_as_long_as_it_is_renewed():
    machine = agreeing()
    run(machine, 0.1, 2.0, 0.0)
    assert agree(machine, 0.8, 1.8)
    assert machine.crying and machine.count == 1
    assert machine.episode.onset_ns == START + 800_000_000
    assert machine.episode.episode_id == episode_name('crib', machine.episode.onset_ns)
    run(machine, 0.1, 1.0, 2.0)
    assert machine.hearing                             # a hint counts now
    assert not agree(machine, 1.8, 2.8) and machine.count == 1
    # 1.5 s after what was agreed to a hint is none any more; then the hold.
    assert run(machine, 0.1, 6.0, 3.0) == [6.31]
    assert machine.episode.last_heard_ns == START + 4_300_000_000
    run(machine, 0.1, 1.0, 9.0)
    assert machine.hint_since_ns and not machine.hearing and machine.count == 1


def test_an_agreement_to_what_is_about_to_count_keeps_its_onset():
    machine = agreeing()
    run(machine, 0.1, 1.0, 0.0)
    run(machine, 0.7, 0.2, 1.0)
    assert not agree(machine, 0.1, 1.1)                # the same candidate
    assert machine.crying and machine.episode.onset_ns == START + 100_000_000
    run(machine, 0.0, 5.0, 1.2)
    assert agree(machine, 5.2, 6.2) and machine.count == 2


def test_an_agreement_within_an_episode_leaves_its_onset():
    machine = agreeing()
    run(machine, 0.9, 1.0, 0.0)
    run(machine, 0.0, 1.5, 1.0)
    assert not agree(machine, 1.0, 2.4)
    assert machine.episode.onset_ns == START and machine.count == 1
    assert run(machine, 0.0, 4.0, 2.5) == [4.41]


def test_an_agreement_to_what_is_over_begins_nothing():
    machine = agreeing()
    run(machine, 0.1, 6.0, 0.0)
    assert not agree(machine, 2.0, 3.0) and not machine.crying and machine.count == 0
    run(machine, 0.9, 1.0, 6.0)
    run(machine, 0.0, 2.5, 7.0)                        # over since 9.0 s
    assert not agree(machine, 6.0, 6.9) and not machine.crying and machine.count == 1


def test_episodes_do_not_overlap():
    machine = agreeing()
    run(machine, 0.9, 1.0, 0.0)
    run(machine, 0.0, 2.5, 1.0)                        # over
    before = machine.episode.last_heard_ns
    assert agree(machine, 0.5, 3.4) and machine.count == 2
    assert machine.episode.onset_ns == before


def test_thresholds_have_to_be_resolved():
    with pytest.raises(ValueError, match='resolve'):
        EpisodeTracker(DecisionSettings())


STEPS = st.lists(st.tuples(
    st.sampled_from(['step', 'step', 'step', 'jump', 'back', 'gap', 'advance', 'close', 'agree']),
    st.floats(0, 1), st.integers(1, 500)), max_size=60)


@hypothesis_settings(max_examples=150, deadline=None)
@given(STEPS, st.floats(0, 2), st.floats(0, 5))
def test_whatever_happens_episodes_make_sense(steps, min_cry_duration_s, hold_s):
    machine = tracker(min_cry_duration_s=min_cry_duration_s, hold_s=hold_s)
    machine.hint_threshold = 0.1
    time_ns, seen, agreed = START, [], set()
    for kind, probability, size in steps:
        crying = machine.crying
        if kind == 'gap':
            machine.gap()
        elif kind == 'agree':
            until_ns = machine._time_ns or time_ns
            machine.agree(until_ns - 2 * 10**9 - size * STEP_NS, until_ns)
            agreed.add(machine.count)
        elif kind == 'close':
            machine.close()
            assert not machine.crying
        elif kind == 'advance':
            time_ns += size * STEP_NS
            machine.advance(time_ns)
            assert not machine.crying or crying
        else:
            time_ns += {'step': 0, 'jump': size * STEP_NS, 'back': -size * STEP_NS}[kind]
            for _ in range(size if kind == 'step' else 1):
                time_ns += STEP_NS
                machine.update(time_ns, probability)
        if machine.episode is not None:
            episode = machine.episode
            assert episode.number == machine.count
            assert episode.duration_ns >= 0
            least_ns = 0 if episode.number in agreed else min_cry_duration_s * 1e9 - 1
            assert episode.heard_ns >= least_ns
            seen.append(episode.number)
        else:
            assert not machine.crying and machine.count == 0
    assert seen == sorted(seen)
    time_ns = max(time_ns, machine._time_ns or 0) + round(hold_s * 1e9) + 10**9
    machine.update(time_ns, 0.0)
    assert not machine.crying          # nothing gets stuck
