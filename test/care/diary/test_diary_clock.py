# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A clock is doubted before anything is deleted by it; what it stamped is marked and mended."""

from baby_cry_detector.care.diary.care_of_file import CareOfFile
from baby_cry_detector.care.diary.clock import (ClockRecord, FIRST_NS, first_trust, is_doubtful,
                                                judge, LAST_NS, StepWatch)
from baby_cry_detector.care.diary.mending import marked_runs, shift
from baby_cry_detector.care.diary.rows import CareEntry, EpisodeRow
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.care.diary.writer import Bounds
from baby_cry_detector.units import DAY_NS, HOUR_NS
from baby_cry_detector.units import SECOND_NS as NS
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

NOW_NS = 1_795_000_000 * NS          # November 2026
YEAR_NS = 365 * DAY_NS
BOUNDS = Bounds(730.0, 200.0, 0)


@pytest.mark.parametrize('now_ns, word', [
    (0, 'before this program'), (NOW_NS - 2 * DAY_NS, 'before the newest'),
    (NOW_NS + 40 * DAY_NS, 'after the newest'), (NOW_NS + 11 * YEAR_NS, 'after the newest'),
    (NOW_NS + 40 * YEAR_NS, 'far beyond'), (-5, 'before this program')])
def test_a_clock_that_cannot_be_right_is_doubted(now_ns, word):
    record = ClockRecord(NOW_NS)
    assert word in judge(record, now_ns, HOUR_NS)
    assert record.trusted_ns == NOW_NS
    assert judge(record, NOW_NS + DAY_NS, HOUR_NS) == '' and record.trusted_ns == NOW_NS + DAY_NS


@pytest.mark.parametrize('now_ns', [NOW_NS - HOUR_NS, NOW_NS, NOW_NS + 30 * DAY_NS])
def test_a_journey_and_winter_time_are_no_reason_to_doubt(now_ns):
    assert judge(ClockRecord(NOW_NS), now_ns, HOUR_NS) == ''


def test_a_clock_that_goes_on_evenly_for_three_days_is_believed():
    """Else a robot that was in the cellar between two babies would doubt for ever."""
    record, later_ns = ClockRecord(NOW_NS), NOW_NS + 2 * YEAR_NS
    doubts = [judge(record, later_ns + hour * HOUR_NS, HOUR_NS) for hour in range(80)]
    assert all(doubts[:72]) and doubts[-1] == ''
    # One that jumps about is not; nor is one that the software cannot have lived to see.
    record = ClockRecord(NOW_NS)
    assert all(judge(record, later_ns + (hour % 2) * YEAR_NS + hour * HOUR_NS, HOUR_NS)
               for hour in range(200))
    record = ClockRecord(NOW_NS)
    assert all(judge(record, hour * HOUR_NS, HOUR_NS) for hour in range(200))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-2**63, 2**63 - 1), max_size=30), st.integers(0, 2**63 - 1))
def test_any_clock_moves_the_trust_only_forward_or_after_probation(stamps, start_ns):
    record = ClockRecord(start_ns)
    for stamp_ns in stamps:
        before_ns = record.trusted_ns
        why = judge(record, stamp_ns, HOUR_NS)
        assert record.trusted_ns == before_ns if why else FIRST_NS <= stamp_ns <= LAST_NS
        assert ClockRecord.from_document(record.to_document()) == record or stamp_ns < 0


def test_the_newest_entries_before_a_gap_are_believed():
    real = [NOW_NS + day * DAY_NS for day in range(100)]
    assert first_trust([*real, 5, NOW_NS + 11 * YEAR_NS]) == real[-1]
    assert first_trust([]) == first_trust([0, 2**62]) == 0


@pytest.mark.parametrize('broken', [None, 3, {'trusted_ns': 'x'}, {'other': 1},
                                    {'trusted_ns': 2**70}, {'trusted_ns': True}])
def test_a_record_that_is_broken_is_as_good_as_none(broken):
    assert ClockRecord.from_document(broken) == ClockRecord()


def test_a_step_of_the_clock_is_noticed_and_its_drift_is_not():
    watch = StepWatch()
    assert [watch.look(second * 1_000_100_000, second * NS) for second in range(5)] == [0] * 5
    assert watch.look(2 * YEAR_NS, 5 * NS) == pytest.approx(2 * YEAR_NS, abs=6 * NS)


class Clock:
    """Stands where it is put."""

    def __init__(self, now_ns):
        """Put it."""
        self.now_ns = now_ns

    def __call__(self):
        """Return the time."""
        return self.now_ns


def diary(path, days=700):
    """Return a diary with an episode and a feed a day until now."""
    store = DiaryStore(path)
    store.write([EpisodeRow(f'c-{day}', 'crib', NOW_NS - day * DAY_NS, NOW_NS - day * DAY_NS + NS,
                            False) for day in range(days)],
                [CareEntry(f'f-{day}', NOW_NS - day * DAY_NS, 'fed') for day in range(days)])
    return store


def test_a_clock_eleven_years_ahead_deletes_nothing_and_is_said(tmp_path):
    """Issue 13, row 16: 700 episodes and 700 events were gone at the start."""
    said = []
    # Whole days of this diary lie before there was such a program: 300 fit behind it.
    with diary(tmp_path / 'd.sqlite', days=300) as store:
        store.keep_meta('clock', {})
        clock = Clock(NOW_NS + 11 * YEAR_NS)
        care = CareOfFile(clock, lambda level, text: said.append(text))
        care.begin(store)
        for _ in range(3):
            care.look(store, BOUNDS)
            care._looked_ns = None
        assert store.figures()['episodes'] == store.figures()['events'] == 300
        assert any('doubted' in text and 'nothing is forgotten' in text for text in said)
        # What is entered meanwhile is marked, the rest is not.
        store.write([], [CareEntry('bad', clock.now_ns, 'fed')], is_doubtful=care.is_doubtful)
        assert [(run.entries, run.first_ns) for run in marked_runs(store)] == [(1, clock.now_ns)]
        # The right time again: believed at once, and still nothing is gone.
        clock.now_ns = NOW_NS + HOUR_NS
        care.look(store, BOUNDS)
        assert care.doubt == '' and any('was set from' in text for text in said)
        assert store.figures()['episodes'] == 300
        assert shift(store, -11 * YEAR_NS) == 1 and marked_runs(store) == []
        assert store.rows("SELECT stamp_ns FROM events WHERE event_id = 'bad'") == [
            {'stamp_ns': NOW_NS}]


def test_entries_of_1970_are_marked_and_never_the_next_to_go(tmp_path):
    with DiaryStore(tmp_path / 'd.sqlite') as store:
        store.write([EpisodeRow('old', 'crib', 5 * NS, 9 * NS, False)],
                    [CareEntry('e', 7 * NS, 'fed')])
        said = []
        care = CareOfFile(Clock(NOW_NS), lambda level, text: said.append(text))
        care.begin(store)
        care.look(store, BOUNDS)
        assert store.figures()['episodes'] == 1 and store.figures()['events'] == 1
        assert any('2 entries were made by a clock that was wrong' in text for text in said)
        with pytest.raises(ValueError, match='no such time'):
            shift(store, -YEAR_NS)
        assert shift(store, NOW_NS) == 2
        episode, = store.episodes()
        assert (episode['onset_ns'], episode['end_ns'], episode['doubtful']) == (
            NOW_NS + 5 * NS, NOW_NS + 9 * NS, 0)


def test_doubt_outlives_a_restart(tmp_path):
    with diary(tmp_path / 'd.sqlite', days=10) as store:
        for start in range(3):
            care = CareOfFile(Clock(NOW_NS + 3 * YEAR_NS + start * HOUR_NS), lambda *_: None)
            care.begin(store)
            care.look(store, BOUNDS)
            assert care.doubt
        assert is_doubtful(ClockRecord.from_document(store.meta('clock')), NOW_NS + 3 * YEAR_NS)
