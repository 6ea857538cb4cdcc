# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The diary's rows: what is heard becomes one bounded row per episode, whatever happens."""

from baby_cry_detector.care.diary.rows import CareEntry, Curve, EpisodeBook, MOST_POINTS
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.needs import (CONFIRMATION_CONFIRMED, CONFIRMATION_NONE,
                                     CONFIRMATION_PENDING, CONFIRMATION_REFUSED, Need,
                                     STATUS_NO_AUDIO, STATUS_OK)
from baby_cry_detector.units import SECOND_NS as NS
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest


def sample(time_s, crying=True, episode='crib-a', onset_s=100.0, **kwargs):
    """Return what is heard at a time."""
    values = {'duration_ns': max(0, round((time_s - onset_s) * NS)), 'cry_probability': 0.9,
              'intensity': 0.5}
    values.update(kwargs)
    return CryState(round(time_s * NS), 'crib', crying=crying, episode_id=episode,
                    onset_ns=round(onset_s * NS), **values)


def test_an_episode_is_one_row_from_onset_to_end():
    book = EpisodeBook()
    written = []
    for step in range(50):
        written += book.observe(sample(100.2 + 0.2 * step, intensity=0.01 * step))
    written += book.observe(sample(112.0, crying=False, duration_ns=9 * NS))
    assert {id(row) for row in written} == {id(written[0])}
    row = written[-1]
    assert (row.onset_ns, row.end_ns, row.open) == (100 * NS, 110 * NS, False)
    assert len(row.curve.points) == 11
    assert row.intensity_mean == pytest.approx(0.245)
    assert 0.44 < row.intensity_peak < 0.5
    assert 10 <= len(written) <= 14, 'once a second, and at its beginning and end'
    assert book.observe(sample(113.0, crying=False, duration_ns=9 * NS)) == []


def test_the_named_need_stays_though_the_end_names_none():
    book = EpisodeBook()
    book.observe(sample(101, need=Need.HUNGRY, confidence=0.8, labels=('hungry',),
                        probabilities=(0.8,)))
    book.observe(sample(102, crying=False, need=Need.NONE, confidence=0.99))
    row = book.open_row('crib')
    assert (row.need, row.confidence, row.labels) == ('HUNGRY', 0.8, {'hungry': 0.8})


@pytest.mark.parametrize('said, kept', [
    ([CONFIRMATION_NONE, CONFIRMATION_NONE], 'none'),
    ([CONFIRMATION_PENDING, CONFIRMATION_PENDING], 'pending'),
    ([CONFIRMATION_PENDING, CONFIRMATION_REFUSED], 'refused'),
    ([CONFIRMATION_REFUSED, CONFIRMATION_PENDING], 'refused'),
    ([CONFIRMATION_REFUSED, CONFIRMATION_CONFIRMED, CONFIRMATION_NONE], 'confirmed'),
])
def test_what_the_second_listener_said_stays_with_the_episode(said, kept):
    book, rows = EpisodeBook(), []
    for number, confirmation in enumerate(said):
        rows += book.observe(sample(101.0 + number, confirmation=confirmation))
    rows += book.observe(sample(120.0, crying=False))
    assert rows[-1].confirmation == kept
    # After a restart in the middle the row knows what was said before it.
    later = EpisodeBook()
    again, = later.observe(sample(119.0, confirmation=CONFIRMATION_PENDING))
    assert again.joined(rows[-1].snapshot()).confirmation == (
        'pending' if kept == 'none' else kept)


def test_lost_audio_ends_an_episode_until_it_goes_on():
    book = EpisodeBook()
    book.observe(sample(101))
    assert not book.observe(sample(103, crying=False, status=STATUS_NO_AUDIO))[0].open
    again = book.observe(sample(105))
    assert again[0].open and again[0].episode_id == 'crib-a' and again[0].end_ns == 105 * NS


def test_what_ended_while_nobody_wrote_is_still_one_row():
    book = EpisodeBook()
    row, = book.observe(sample(130, crying=False, duration_ns=20 * NS))
    assert not row.open and row.end_ns == 120 * NS and row.intensity_mean is None


def test_a_new_episode_closes_the_old_one_and_old_news_change_nothing():
    book = EpisodeBook()
    first, = book.observe(sample(101))
    changed = book.observe(sample(201, episode='crib-b', onset_s=200))
    assert changed[0] is first and not first.open and changed[1].episode_id == 'crib-b'
    assert book.observe(sample(102, crying=False)) == []
    assert book.open_row('crib').episode_id == 'crib-b'


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-10**10, 3 * 10**14), min_size=1, max_size=60))
def test_a_curve_is_bounded_and_keeps_the_mean(offsets_ns):
    curve = Curve()
    for offset_ns in offsets_ns:
        curve.add(offset_ns, 0.25, 0.75)
    assert len(curve.points) <= MOST_POINTS
    heard = [point for point in curve.points if point]
    assert sum(point[2] for point in heard) == sum(offset >= 0 for offset in offsets_ns)
    assert all(point[:2] == pytest.approx([0.25, 0.75]) for point in heard)
    again = Curve.from_document(curve.to_document())
    assert again.step_ns == curve.step_ns
    assert [bool(point) for point in again.points] == [bool(point) for point in curve.points]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.booleans(),
                          st.integers(0, 400)), max_size=60))
def test_any_stream_gives_one_row_per_episode_and_at_most_one_open(stream):
    book = EpisodeBook()
    rows = {}
    for episode, crying, audible, time_s in stream:
        for row in book.observe(sample(
                time_s, crying, f'crib-{episode}' if episode else '', onset_s=100.0 * episode,
                status=STATUS_OK if audible else STATUS_NO_AUDIO)):
            rows[row.episode_id] = row
            assert row.end_ns >= row.onset_ns
    assert '' not in rows
    assert sum(row.open for row in rows.values()) <= 1
    assert {f'crib-{episode}' for episode, crying, *_ in stream if crying and episode} <= set(rows)


@pytest.mark.parametrize('changes, says', [
    ({'event_id': ''}, 'event_id'), ({'kind': 'fedd'}, 'fed'), ({'phase': 'now'}, 'started')])
def test_entries_that_cannot_be_kept_are_refused(changes, says):
    with pytest.raises(ValueError, match=says):
        CareEntry(**{'event_id': 'x', 'stamp_ns': 1, 'kind': 'fed', **changes})


def test_what_was_not_measured_is_nothing_and_long_texts_are_cut():
    entry = CareEntry('x', 1, 'note', text='a' * 9999, cry_share_after=float('nan'))
    assert len(entry.text) == 500 and entry.cry_share_after is None
