# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Detectors that disagree are one alarm; what comes and goes is one alert; changes are told."""

from dataclasses import replace

from baby_cry_detector.care.alerts.alert_words import DISAGREEMENT, Facts, Wish
from baby_cry_detector.care.alerts.alerting import AlertMachine
from baby_cry_detector.care.alerts.notices import MOST, Notices
from baby_cry_detector.care.alerts.sources import Disagreement
from baby_cry_detector.care.alerts.weakening import ParameterWatch
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.needs import END, LOW, MEDIUM, START, STATUS_NO_AUDIO
from baby_cry_detector.units import SECOND_NS as NS
import pytest

STEP_NS = NS // 5
QUIET = CryState(crib_id='crib')
CRYING = replace(QUIET, crying=True, episode_id='crib-1')


def disagreement(states, step_ns=STEP_NS, stamp_ns=lambda index: 100 * NS + index * STEP_NS):
    """Return after how many states it is seen, ``None`` if never."""
    sources = Disagreement()
    for index, state in enumerate(states):
        sources.note(replace(state, stamp_ns=stamp_ns(index)), 7 * NS + index * step_ns)
        if sources.is_seen(7 * NS + index * step_ns):
            return index + 1
    return None


@pytest.mark.parametrize('one, other', [
    (CRYING, QUIET), (CRYING, replace(CRYING, episode_id='crib-2')),
    (QUIET, replace(QUIET, status=STATUS_NO_AUDIO)), (QUIET, replace(QUIET, crib_id='other'))])
def test_two_that_contradict_each_other_are_noticed_within_a_second(one, other):
    assert disagreement([one, other] * 20) <= 6


def test_stamps_of_two_clocks_are_noticed_though_both_say_the_same():
    assert disagreement([QUIET] * 40, stamp_ns=lambda index: (
        index % 2 * 3600 + 100) * NS + index * STEP_NS) <= 10


@pytest.mark.parametrize('cry_s, pause_s', [(0.4, 3.0), (3.0, 3.2), (10.0, 30.0)])
def test_one_that_changes_its_mind_is_not_two(cry_s, pause_s):
    states = []
    for number in range(30):
        states += [replace(CRYING, episode_id=f'crib-{number}')] * round(cry_s * 5)
        states += [QUIET] * round(pause_s * 5)
    assert disagreement(states) is None
    assert disagreement(states, step_ns=NS // 1000) is None       # a bag, as fast as possible


def test_a_clock_that_is_set_back_once_is_not_two():
    assert disagreement([QUIET] * 50, stamp_ns=lambda index: (
        100 if index < 25 else 10) * NS + index * STEP_NS) is None


def test_it_is_over_when_they_agree_for_half_a_minute():
    sources = Disagreement()
    for index in range(10):
        sources.note(replace((CRYING, QUIET)[index % 2], stamp_ns=index * STEP_NS), 0)
    assert sources.is_seen(29 * NS) and not sources.is_seen(30 * NS)


def loud_of(wishes, step_ns=STEP_NS):
    """Return what is said aloud."""
    machine, said = AlertMachine('crib'), []
    for index, wish in enumerate(wishes):
        facts = Facts(True, wish is not None and wish.cry, wish.episode_id if wish else '')
        said += machine.step(100 * NS + index * step_ns, wish, facts)
    return [word for word in said if word.loud], said


def test_alerts_that_come_and_go_are_damped_to_one():
    cry = [Wish(f'crib-{number}', 100 * NS, MEDIUM) for number in range(300)]
    deaf = Wish('', 100 * NS, MEDIUM, 'no audio', False)
    for wishes in ([wish for one in cry[:75] for wish in (one, None)], cry,
                   [wish for one in cry[:75] for wish in (one, deaf)]):
        loud, said = loud_of(wishes)
        assert len(loud) <= 12, len(loud)
        assert [word.state for word in said].count(START) <= 6
    _, said = loud_of([wish for one in cry[:75] for wish in (one, None)] + [None] * 200)
    states = [word.state for word in said]
    assert states.count(START) == states.count(END)
    for one in {word.alert_id for word in said} - {''}:
        own = [word.state for word in said if word.alert_id == one]
        assert own[0] == START and own[-1] == END and own.count(START) == own.count(END) == 1


def test_a_disagreement_has_words_of_its_own():
    wish = Wish('', 100 * NS, MEDIUM, 'two detectors disagree whether it cries', False,
                DISAGREEMENT)
    loud, said = loud_of([wish] * 50 + [None])
    assert [word.state for word in loud] == [START, END]
    assert loud[0].text.startswith('Two detectors disagree')
    assert loud[1].text == 'The detectors agree again.'


@pytest.mark.parametrize('name, before, after, told', [
    ('enter_threshold', 0.5, 0.95, True), ('enter_threshold', 0.5, 0.4, False),
    ('enter_threshold', 0.0, 0.9, True), ('enter_threshold', None, 0.9, True),
    ('gain_db', 0.0, -20.0, True), ('gain_db', 0.0, 20.0, True), ('gain_db', 3.0, 3.0, False),
    ('cap_dba', 50.0, 60.0, True), ('cap_dba', 50.0, 40.0, False), ('clips', False, True, True),
    ('require_imu', True, False, True), ('theme', 'dark', 'light', False),
    ('min_cry_duration_s', 0.3, 10.0, True)])
def test_what_weakens_something_is_told(name, before, after, told):
    watch = ParameterWatch()
    if before is not None:
        watch.declare('node', name, before)
    sentence = watch.change('node', name, after)
    assert bool(sentence) is told
    assert not told or (name in sentence and repr(after) in sentence)
    assert watch.change('node', name, after) is None


def test_a_notice_is_told_once_for_a_minute_and_many_are_bounded():
    notices = Notices()
    assert [notices.add(f'change {number}\n\x1b[2J') for number in range(MOST + 3)] == (
        [True] * MOST + [False] * 3)
    shown = [notices.wish(100 * NS, second * NS) for second in range(60 * MOST + 1)]
    assert shown[-1] is None and len({wish.subject for wish in shown[:-1]}) == MOST
    assert all(wish.priority == LOW and not wish.cry and '\x1b' not in wish.reason
               for wish in shown[:-1])
