# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A flood fills neither the diary nor the memory, and does not keep out who is no part of it."""

from baby_cry_detector.care.diary.limits import ALL_OF_A_GROUP, FloodGate, MOST_SOURCES, ONE_SOURCE
from baby_cry_detector.care.diary.rows import EpisodeBook, MOST_CRIBS
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.units import MINUTE_NS
from baby_cry_detector.units import SECOND_NS as NS
from hypothesis import given, settings
from hypothesis import strategies as st


def test_one_source_is_bounded_and_others_are_not():
    gate = FloodGate()
    flood = sum(gate.admits_event('rocking', 'evil', n * NS // 1000) for n in range(20_000))
    assert flood <= ONE_SOURCE[0] + 3
    assert gate.admits_event('rocking', 'rocker', 20 * NS)
    assert gate.admits_event('fed', 'mum', 20 * NS)
    (source, count), = gate.refused.items()
    assert 'evil' in source and count == 20_000 - flood
    # Half an hour later it has some again.
    assert sum(gate.admits_event('rocking', 'evil', 20 * NS + 30 * MINUTE_NS)
               for _ in range(1000)) == 30 * ONE_SOURCE[1]


def test_who_takes_ever_new_names_is_bounded_too_and_what_people_enter_has_its_own():
    gate = FloodGate()
    flood = sum(gate.admits_event('sound', f'evil-{n}', n * NS // 1000) for n in range(20_000))
    assert flood <= ALL_OF_A_GROUP[0] + 5
    assert len(gate._sources) <= MOST_SOURCES + 2 and len(gate.refused) <= 25
    assert gate.admits_event('fed', 'mum', 20 * NS)


def test_a_night_of_the_worst_kind_is_no_flood():
    """A cry every two minutes, rocked and sung to and told each time, for 24 hours."""
    gate = FloodGate()
    for cry in range(720):
        now_ns = cry * 2 * MINUTE_NS
        assert gate.admits('episodes', 'crib', now_ns) and gate.admits('alerts', 'crib', now_ns)
        for who in ('rocker', 'soother', 'caregiver_alert'):
            for _ in range(4):
                assert gate.admits_event('rocking', who, now_ns)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-10**15, 10**15)), max_size=200))
def test_no_order_of_times_gives_more_than_the_bound(asked):
    gate, now_ns = FloodGate(), 0
    for _, now_ns in asked:
        gate.admits_event('fed', 'x', now_ns)
    assert sum(gate.admits_event('fed', 'x', now_ns) for _ in range(5000)) <= ONE_SOURCE[0]


def test_cribs_that_nobody_has_do_not_fill_the_memory():
    book = EpisodeBook()
    for crib in range(1000):
        book.observe(CryState(NS, f'crib-{crib}', crying=True, episode_id=f'e-{crib}',
                              duration_ns=NS))
    assert len(book._rows) <= MOST_CRIBS and book.open_row('crib-999') is not None
