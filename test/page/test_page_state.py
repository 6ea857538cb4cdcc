# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the page shows of what the topics said."""

import json
import math
from pathlib import Path
import re

from baby_cry_detector.care.alerts.alert_words import HARDNESS
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.needs import (CONFIRMATION_CONFIRMED, CONFIRMATION_NONE,
                                     CONFIRMATION_PENDING, CONFIRMATION_REFUSED, END, ENDED,
                                     HEARTBEAT, Need, ONGOING, START, STARTED, STATUS_DISABLED,
                                     STATUS_NO_AUDIO, STATUS_OK)
from baby_cry_detector.page import state as state_module
from baby_cry_detector.page.state import (AlertReport, CareReport, clean_text, LONGEST_ACTION_NS,
                                          PageState)
from baby_cry_detector.units import SECOND_NS
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

NOW_NS = 1_790_000_000 * SECOND_NS
CAN = {'acknowledge': True}


def shown(state, now_ns=NOW_NS, detector_silent_ns=0, alerter_silent_ns=0, can=None):
    """Return the snapshot after a trip through JSON, as the browser has it."""
    return json.loads(json.dumps(
        state.snapshot(now_ns, detector_silent_ns, alerter_silent_ns, CAN if can is None else can),
        allow_nan=False))


def crying(**changes):
    """Return a report of a cry that began ten seconds ago."""
    return CryState(**{
        'crib_id': 'nursery', 'status': STATUS_OK, 'crying': True, 'cry_probability': 0.97,
        'need': Need.HUNGRY, 'confidence': 0.6, 'labels': ('not_cry', 'hungry', 'belly_pain'),
        'probabilities': (0.1, 0.3, 0.6), 'intensity': 0.5, 'episode_id': 'nursery-1',
        'onset_ns': NOW_NS - 10 * SECOND_NS, 'duration_ns': 10 * SECOND_NS, **changes})


def test_a_cry_is_shown_since_its_onset():
    state = PageState()
    state.hear_need(crying())
    page = shown(state)
    assert page['state'] == 'crying'
    assert page['since_ms'] == page['now_ms'] - 10_000
    assert (page['need'], page['sure'], page['intensity']) == ('hungry', 0.6, 0.5)
    assert [pair['label'] for pair in page['needs']] == ['belly_pain', 'hungry']


@pytest.mark.parametrize('confirmation, words', [
    (CONFIRMATION_NONE, ''), (CONFIRMATION_PENDING, 'being checked'),
    (CONFIRMATION_CONFIRMED, 'confirmed'), (CONFIRMATION_REFUSED, 'not confirmed'), (250, '')])
def test_what_the_second_listener_says_is_shown_while_it_cries(confirmation, words):
    state = PageState()
    state.hear_need(crying(confirmation=confirmation))
    assert shown(state)['checked'] == words
    state.hear_need(crying(confirmation=confirmation, crying=False))
    assert shown(state)['checked'] == ''


def test_quiet_is_shown_since_the_last_cry():
    state = PageState()
    state.hear_need(crying(crying=False, onset_ns=NOW_NS - 60 * SECOND_NS))
    page = shown(state)
    assert page['state'] == 'quiet'
    assert page['since_ms'] == page['now_ms'] - 50_000
    assert page['need'] is None and page['intensity'] is None


@pytest.mark.parametrize('report, silent_ns, expected', [
    (crying(crying=False, status=STATUS_NO_AUDIO), 0, 'no_audio'),
    (crying(status=STATUS_DISABLED), 0, 'disabled'),
    (crying(crying=False), 3 * SECOND_NS, 'no_detector'),
    (crying(), 3 * SECOND_NS, 'no_detector'),
    (crying(status=77), 0, 'no_audio'),
])
def test_what_is_not_heard_now_is_neither_quiet_nor_crying(report, silent_ns, expected):
    state = PageState()
    state.hear_need(report)
    page = shown(state, detector_silent_ns=silent_ns)
    assert page['state'] == expected
    assert page['cry_probability'] is None and page['need'] is None


def test_before_the_first_word_it_is_starting():
    assert shown(PageState(), detector_silent_ns=None, alerter_silent_ns=None)['state'] == (
        'starting')


def test_an_alert_is_shown_until_its_end():
    state = PageState()
    state.hear_alert(AlertReport(state=START, priority=2, alert_id='a', text='cries',
                                 stamp_ns=NOW_NS))
    assert shown(state)['alert']['priority'] == 'medium'
    state.hear_alert(AlertReport(state=ONGOING, priority=3, alert_id='a', acknowledged=True,
                                 acknowledged_by='Anna', stamp_ns=NOW_NS + SECOND_NS))
    alert = shown(state)['alert']
    assert (alert['acknowledged_by'], alert['priority']) == ('Anna', 'high')
    assert alert['since_ms'] == NOW_NS // 1_000_000
    assert alert['said_ms'] == (NOW_NS + SECOND_NS) // 1_000_000
    state.hear_alert(AlertReport(state=HEARTBEAT))
    assert shown(state)['alert'] is not None
    state.hear_alert(AlertReport(state=END, alert_id='a'))
    assert shown(state)['alert'] is None


def test_the_page_knows_whether_somebody_would_call():
    state = PageState()
    assert shown(state, alerter_silent_ns=None)['alerter'] == 'absent'
    state.hear_alert(AlertReport(state=START, alert_id='a'))
    assert shown(state)['alerter'] == 'ready'
    for gone in (shown(state, alerter_silent_ns=1000 * SECOND_NS),
                 shown(state, can={'acknowledge': False})):
        assert gone['alerter'] == 'absent' and gone['alert'] is None
    state.hear_alert(AlertReport(listening=False))
    assert shown(state)['alerter'] == 'deaf'


def test_a_snooze_ends_by_itself():
    state = PageState()
    state.hear_alert(AlertReport(snoozed_until_ns=NOW_NS + SECOND_NS))
    assert shown(state)['snoozed_until_ms'] == NOW_NS // 1_000_000 + 1000
    assert shown(state, now_ns=NOW_NS + SECOND_NS)['snoozed_until_ms'] is None


def test_what_the_robot_does_is_shown_from_its_start_to_its_end():
    state = PageState()
    state.hear_care(CareReport(kind=1, phase=STARTED, action_id='r', who='rocker',
                               stamp_ns=NOW_NS))
    assert shown(state)['doing'] == [
        {'kind': 'rocking', 'since_ms': NOW_NS // 1_000_000, 'who': 'rocker'}]
    assert shown(state, now_ns=NOW_NS + LONGEST_ACTION_NS)['doing'] == []
    state.hear_care(CareReport(kind=1, phase=ENDED, action_id='r'))
    assert shown(state)['doing'] == []


def test_actions_without_an_end_do_not_pile_up():
    state = PageState()
    for number in range(1000):
        state.hear_care(CareReport(kind=1, phase=STARTED, action_id=str(number), stamp_ns=NOW_NS))
    assert len(shown(state)['doing']) == 8


def test_the_history_number_changes_with_what_the_diary_will_hold():
    state = PageState()
    numbers = [shown(state, detector_silent_ns=None)['history']]
    for report in (crying(), crying(crying=False), crying(episode_id='nursery-2')):
        state.hear_need(report)
        numbers.append(shown(state)['history'])
    state.hear_need(crying(episode_id='nursery-2', intensity=0.9))
    assert shown(state)['history'] == numbers[-1]
    state.hear_care(CareReport(kind=7))
    numbers.append(shown(state)['history'])
    assert numbers == sorted(set(numbers))


floats = st.floats(allow_nan=True, allow_infinity=True)
stamps = st.integers(-2**31, 2**62)


@settings(max_examples=60, deadline=None)
@given(st.text(), st.text(), st.integers(-300, 300), floats, floats, stamps, stamps, st.booleans(),
       st.lists(st.text(), max_size=40), st.lists(floats, max_size=40))
def test_nothing_hostile_breaks_the_json(name, text, number, share, other, onset, duration, flag,
                                         labels, probabilities):
    state = PageState()
    for status in (number, STATUS_OK):
        state.hear_need(CryState(
            crib_id=name, status=status, status_reason=text, crying=flag, cry_probability=share,
            need=number, confidence=other, labels=tuple(labels),
            probabilities=tuple(probabilities), intensity=other, episode_id=text,
            onset_ns=onset, duration_ns=duration).cleaned())
    state.hear_alert(AlertReport(state=START, priority=number, alert_id=name, text=text,
                                 acknowledged_by=name, snoozed_until_ns=onset))
    state.hear_care(CareReport(kind=number, phase=STARTED, action_id=text or 'x', who=name,
                               text=text, stamp_ns=onset))
    page = shown(state)
    assert len(json.dumps(page)) < 12_000
    for key in ('cry_probability', 'sure', 'intensity'):
        assert page[key] is None or 0 <= page[key] <= 1 and math.isfinite(page[key])


def test_text_is_one_printable_line_of_bounded_length():
    assert clean_text('a\x00b\r\n<b>\u202e\ud800') == 'a b <b> ?'
    assert len(clean_text('x' * 5000)) == 300


def test_alerts_and_page_use_the_same_words_for_how_hard_it_cries():
    script = (Path(state_module.__file__).parent / 'assets' / 'words.js').read_text()
    table = re.search(r'const HARDNESS = (.+);', script).group(1).replace("'", '"')
    assert json.loads(table) == [[below, word] for below, word in HARDNESS]


def test_when_the_ear_was_last_proven_to_hear_is_shown_and_never_and_nobody_says_differ():
    state = PageState()
    assert shown(state)['proven_ms'] is None
    state.hear_proven(0)
    assert shown(state)['proven_ms'] == 0
    state.hear_proven(NOW_NS)
    assert shown(state)['proven_ms'] == NOW_NS // 1_000_000
