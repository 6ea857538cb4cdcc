# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The page of a ward: what comes first, clocks that are off, and alarms that are told once."""

import json

from baby_cry_detector.cry_state import CryState
from baby_cry_detector.names import crib_names
from baby_cry_detector.needs import START, STATUS_DISABLED, STATUS_NO_AUDIO
from baby_cry_detector.page.state import AlertReport
from baby_cry_detector.page.ward import (MOST_CRIBS, ORDER, page_of, Reception,
                                         WardState, WardWatch)
from baby_cry_detector.units import SECOND_NS as NS
from hypothesis import given
from hypothesis import strategies as st
import pytest

NOW_NS = 1_790_000_000 * NS
HERE = Reception(0, 0, 1, True)


def state(crying=False, onset_s=-20.0, **kwargs):
    """Return what a crib says now."""
    values = {'crib_id': 'room', 'episode_id': 'e' if crying else '',
              'onset_ns': NOW_NS + round(onset_s * NS) if crying else 0,
              'duration_ns': round(-onset_s * NS) if crying else 0, 'intensity': 0.5}
    return CryState(NOW_NS, crying=crying, **{**values, **kwargs})


def alert(**kwargs):
    """Return an alert that has begun."""
    return AlertReport(state=START, priority=2, alert_id='a', text='cries', stamp_ns=NOW_NS,
                       **kwargs)


def ward_of(**cribs):
    """Return a ward of cribs, each with what it says or None."""
    ward = WardState(cribs)
    for name, said in cribs.items():
        if said is not None:
            ward.hear_need(name, said, NOW_NS)
    return ward


def test_what_is_not_heard_comes_first_then_crying_that_nobody_goes_to():
    ward = ward_of(
        quiet=state(), taken=state(True, -90), loud=state(True, -10), long=state(True, -60),
        deaf=state(status=STATUS_NO_AUDIO, status_reason='muted'), gone=state(), off=state(
            status=STATUS_DISABLED), never=None, twice=state())
    ward.hear_alert('taken', alert(acknowledged=True, acknowledged_by='Anna'))
    ward.hear_alert('long', alert())
    ward.hear_alert('loud', alert())
    how = dict.fromkeys(ward.cribs, HERE)
    how.update(gone=HERE._replace(need_silent_ns=3 * NS), twice=HERE._replace(publishers=2),
               never=Reception(publishers=0))
    shown = json.loads(json.dumps(ward.snapshot(NOW_NS, how), allow_nan=False))
    assert [line['name'] for line in shown['cribs']] == [
        'twice', 'gone', 'never', 'deaf', 'off', 'long', 'loud', 'taken', 'quiet']
    assert [line['state'] for line in shown['cribs'][:5]] == list(ORDER[:5])
    assert shown['count'] == {'not_heard': 5, 'crying': 3, 'quiet': 1}
    taken = shown['cribs'][7]
    assert taken['alert']['acknowledged_by'] == 'Anna' and taken['intensity'] == 0.5
    assert shown['cribs'][3]['why'] == 'muted' and shown['cribs'][1]['intensity'] is None


@pytest.mark.parametrize('off_s, told', [
    (0.0, 0.0), (-1.5, 0.0), (-5.0, -5.0), (5.0, 5.0), (0.3, 0.0), (86_400.0, 86_400.0)])
def test_a_clock_that_is_off_is_said_and_does_not_change_how_long_it_cries(off_s, told):
    ward = WardState(['a'])
    for passed_s, way_s in ((0.0, 0.8), (0.2, 0.05), (0.4, 1.9)):
        at_ns = NOW_NS + round(passed_s * NS)
        said = CryState(at_ns + round(off_s * NS), 'a', crying=True, episode_id='e',
                        onset_ns=NOW_NS + round((off_s - 30) * NS), duration_ns=30 * NS)
        ward.hear_need('a', said, at_ns + round(way_s * NS))
    line, = ward.snapshot(NOW_NS + NS, {'a': HERE})['cribs']
    assert line['clock_off_s'] == pytest.approx(told, abs=0.11)
    if told:
        assert line['since_ms'] == pytest.approx((NOW_NS - 30 * NS) / 1e6, abs=110)


def test_no_two_cribs_are_called_alike_on_the_page_and_in_what_is_told():
    ward = ward_of(room_1=state(crib_id='crib'), room_2=state(crib_id='crib'),
                   anna=state(crib_id='by the window'), ben=state(crib_id='By the window'),
                   eve=state(crib_id='Eve'))
    how = dict.fromkeys(ward.cribs, HERE._replace(need_silent_ns=3 * NS))
    lines_now = ward.lines(NOW_NS, how)
    assert {line['name']: line['crib'] for line in lines_now} == {
        'room_1': 'room_1', 'room_2': 'room_2', 'anna': 'anna (by the window)',
        'ben': 'ben (By the window)', 'eve': 'Eve'}
    watch = WardWatch(after_s=0)
    assert {word.text for word in watch.look(lines_now, 0, NOW_NS)} >= {
        'room_2 is not heard: its detector is silent'}


def lines(**states):
    """Return lines as far as the watch looks at them."""
    return [{'name': name, 'crib': name, 'state': each, 'why': ''}
            for name, each in states.items()]


def test_an_alarm_is_told_once_again_while_it_lasts_and_when_it_is_over():
    watch = WardWatch(after_s=10, repeat_s=60, steady_s=5)
    told = []
    for second in range(200):
        a = 'no_detector' if 20 <= second < 120 else 'quiet'
        told += [(second, word.kind, word.crib, word.sequence) for word in watch.look(
            lines(a=a, b='crying'), second * NS, NOW_NS + second * NS)]
    assert told == [(30, 'start', 'a', 1), (90, 'ongoing', 'a', 2), (125, 'end', 'a', 3)]
    assert watch.alarms == 0


def test_a_link_that_comes_and_goes_is_one_alarm_and_a_short_gap_none():
    watch, told = WardWatch(after_s=10, repeat_s=600, steady_s=5), []
    for second in range(100):
        gone = second < 12 or second % 8 < 4
        told += watch.look(lines(a='no_audio' if gone else 'quiet'), second * NS, NOW_NS)
    assert [word.kind for word in told] == ['start']
    assert len({word.alarm_id for word in told}) == 1
    watch = WardWatch(after_s=10)
    for second in range(100):
        assert not watch.look(lines(a='no_audio' if second % 20 < 9 else 'quiet'),
                              second * NS, NOW_NS)


@given(st.lists(st.sampled_from(ORDER), min_size=1, max_size=300))
def test_every_alarm_that_begins_ends_once_and_none_overlap(states):
    watch, words = WardWatch(after_s=3, repeat_s=5, steady_s=2), []
    for second, each in enumerate([*states, *['quiet'] * 5]):
        words += watch.look(lines(a=each), second * NS, NOW_NS + second * NS)
    kinds = [word.kind for word in words if word.kind != 'ongoing']
    assert kinds == ['start', 'end'] * (len(kinds) // 2)
    assert len({word.alarm_id for word in words}) == len(kinds) // 2


def test_names_of_cribs():
    assert crib_names(' room_1, /ward/b/ ,room_1,') == ['/room_1', '/ward/b']
    for wrong in ('a b', 'a//b', '1a', 'bébé', 'a;b'):
        with pytest.raises(ValueError, match='no namespace'):
            crib_names(wrong)
    with pytest.raises(ValueError, match='64'):
        WardState(f'/c{number}' for number in range(MOST_CRIBS + 1))
    assert page_of('https://{crib}.example/', '/ward/b') == 'https://ward-b.example/'
    assert page_of('', '/a') == ''
