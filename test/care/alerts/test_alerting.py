# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The alert machine: exactly one END per START, never two at a time, silent when taken over."""

import json

from baby_cry_detector.care.alerts.alert_words import Facts, Said, Wish
from baby_cry_detector.care.alerts.alerting import AlertMachine, Timing
from baby_cry_detector.needs import END, HEARTBEAT, HIGH, LOW, MEDIUM, ONGOING, START
from baby_cry_detector.units import SECOND_NS as NS
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

HEARD = Facts(True)
CRY = Wish('crib-a', 100 * NS, MEDIUM)
DEAF = Wish('', 100 * NS, MEDIUM, 'no audio arrives', cry=False)


def crying(episode='crib-a', **kwargs):
    """Return that an episode is heard."""
    return Facts(True, True, episode, **{'intensity': 0.6, **kwargs})


def states(said):
    """Return the states of what was said."""
    return [word.state for word in said]


def test_one_alert_from_start_to_end():
    machine = AlertMachine('crib')
    assert states(machine.step(90 * NS, None, HEARD)) == [HEARTBEAT]
    start, = machine.step(130 * NS, CRY, crying())
    assert (start.state, start.sequence, start.priority, start.loud) == (START, 1, MEDIUM, True)
    assert start.text == 'Crying for 30 s, hard; reason unknown.'
    assert start.onset_ns == 100 * NS and start.duration_ns == 30 * NS
    assert machine.step(131 * NS, CRY, crying()) == []
    end, = machine.step(140 * NS, None, HEARD)
    assert (end.state, end.sequence, end.alert_id, end.loud) == (END, 2, start.alert_id, True)
    assert end.text == 'Not crying any more, 40 s after the onset.'
    assert machine.step(141 * NS, None, HEARD) == []
    again, = machine.step(142 * NS, CRY, crying())
    assert again.alert_id != start.alert_id


def test_texts_say_only_what_is_known():
    machine = AlertMachine('crib')
    said, = machine.step(225 * NS, CRY._replace(reason='Rocking did not help'),
                         crying(need='COLD_HOT', confidence=0.71, intensity=0.9))
    assert said.text == ('Crying for 2 min, very hard; perhaps cold or hot (71% sure). '
                         'Rocking did not help.')
    assert AlertMachine('crib').step(100 * NS, CRY, crying())[0].text == (
        'Crying, hard; reason unknown.')
    end, start = machine.step(230 * NS, DEAF, Facts())
    assert 'whether the crying has ended is not known' in end.text
    assert start.text == 'No audio arrives (since 2 min).' and not start.episode_id
    assert machine.step(231 * NS, None, HEARD)[0].text == 'The crib is heard again.'


def test_repeats_and_escalates_until_acknowledged():
    machine = AlertMachine('crib', Timing(60, 180, 1800, 30))
    loud = []
    for second in range(100, 700):
        loud += [(second, word.priority) for word in machine.step(
            second * NS, CRY._replace(priority=LOW), crying()) if word.loud]
    assert [second for second, _ in loud] == list(range(100, 700, 60))
    assert [priority for _, priority in loud] == [LOW] * 3 + [MEDIUM] * 3 + [HIGH] * 4
    done, _, said = machine.acknowledge(700 * NS, 'mum', '', crying())
    assert done and said[0].acknowledged_by == 'mum' and not said[0].loud
    for second in range(700, 2000):
        assert not any(word.loud for word in machine.step(
            second * NS, CRY._replace(priority=HIGH), crying()))
    end, = machine.step(2000 * NS, None, HEARD)
    assert end.state == END and not end.loud and end.acknowledged


def test_worse_is_said_at_once():
    machine = AlertMachine('crib')
    machine.step(100 * NS, CRY, crying())
    said, = machine.step(101 * NS, CRY._replace(priority=HIGH), crying())
    assert (said.state, said.priority, said.loud) == (ONGOING, HIGH, True)
    assert machine.step(102 * NS, CRY, crying()) == [], 'no way down within one alert'


def test_acknowledging_is_by_name_and_for_one_episode():
    machine = AlertMachine('crib')
    assert machine.acknowledge(0, 'mum', '', HEARD)[:2] == (False, 'there is no alert')
    first, = machine.step(100 * NS, CRY, crying())
    assert not machine.acknowledge(101 * NS, 'mum', 'other', crying())[0]
    assert machine.acknowledge(101 * NS, 'mum', first.alert_id, crying())[0]
    assert 'mum has it' in machine.acknowledge(102 * NS, 'dad', '', crying())[1]
    end, start = machine.step(200 * NS, Wish('crib-b', 190 * NS, LOW), crying('crib-b'))
    assert end.alert_id == first.alert_id and start.loud and not start.acknowledged


def test_snooze_holds_back_for_a_time_that_is_limited():
    machine = AlertMachine('crib', Timing(60, 180, 600, 30))
    done, sentence, said = machine.snooze(100 * NS, 3600 * NS, HEARD)
    assert done and 'longest' in sentence and machine.snoozed_until_ns == 700 * NS
    start, = machine.step(110 * NS, CRY, crying())
    assert start.state == START and not start.loud and start.snoozed_until_ns == 700 * NS
    loud = []
    for second in range(111, 760):
        loud += [second for word in machine.step(second * NS, CRY, crying()) if word.loud]
    assert loud == [700]
    assert machine.open.priority == MEDIUM, 'a snooze is no lack of an answer'
    machine.snooze(760 * NS, 60 * NS, crying())
    assert machine.snooze(761 * NS, 0, crying())[1] == 'alerts are not held back any more'
    assert machine.step(762 * NS, CRY, crying())[0].loud
    assert not machine.snooze(763 * NS, -1, crying())[0]


def test_heartbeats_come_when_nothing_else_is_said():
    machine = AlertMachine('crib', Timing(60, 180, 600, 30))
    said = []
    for second in range(300):
        said += machine.step(second * NS, CRY if 95 < second < 200 else None,
                             crying() if 95 < second < 200 else HEARD)
    stamps = [word.stamp_ns // NS for word in said]
    assert max(b - a for a, b in zip(stamps, stamps[1:])) <= 30
    assert [word.stamp_ns // NS for word in said if word.state == HEARTBEAT] == [
        0, 30, 60, 90, 230, 260, 290]
    deaf, = machine.step(320 * NS, None, Facts())
    assert not deaf.listening and 'not heard' in deaf.text


def test_whether_the_crib_is_heard_does_not_wait_for_the_next_heartbeat():
    machine = AlertMachine('crib', Timing(60, 180, 600, 30))
    assert not machine.step(0, None, Facts())[0].listening
    assert machine.step(NS // 2, None, HEARD) == []          # it may flicker
    heard, = machine.step(2 * NS, None, HEARD)
    assert heard.listening and machine.step(3 * NS, None, HEARD) == []
    assert not machine.step(10 * NS, None, Facts())[0].listening


def test_alerting_that_is_switched_off_says_so():
    machine = AlertMachine('crib')
    assert machine.finish(0) == []
    machine.step(100 * NS, CRY, crying())
    end, = machine.finish(110 * NS)
    assert end.state == END and 'switched off' in end.text and machine.open is None


def restarted(machine):
    """Return a machine that goes on from what the other one wrote."""
    other = AlertMachine('', machine.timing)
    other.resume(json.loads(json.dumps(machine.to_document())))
    return other


def test_a_restart_goes_on_with_the_same_alert():
    machine = AlertMachine('crib')
    start, = machine.step(100 * NS, CRY, crying())
    machine.acknowledge(101 * NS, 'mum', '', crying())
    again = restarted(machine)
    first, = again.step(105 * NS, None, Facts())
    assert (first.state, first.alert_id, first.sequence) == (ONGOING, start.alert_id, 3)
    assert first.acknowledged_by == 'mum' and not first.loud
    # The policy needs some time to ask again; the cry is still the same.
    assert again.step(107 * NS, None, crying()) == []
    assert again.step(109 * NS, CRY, crying()) == []
    end, = again.step(111 * NS, None, HEARD)
    assert (end.state, end.alert_id, end.sequence) == (END, start.alert_id, 4)


@pytest.mark.parametrize('facts', [HEARD, crying('crib-b')])
def test_what_ended_during_a_restart_is_told(facts):
    machine = AlertMachine('crib')
    start, = machine.step(100 * NS, CRY, crying())
    again = restarted(machine)
    said = again.step(105 * NS, None, facts)
    assert (said[0].state, said[0].alert_id) == (END, start.alert_id)


def test_after_a_restart_nothing_is_kept_open_for_ever():
    machine = AlertMachine('crib')
    machine.step(100 * NS, CRY, crying())
    again = restarted(machine)
    said = [word for second in range(101, 140) for word in again.step(second * NS, None, Facts())]
    assert states(said).count(END) == 1 and 'not known' in said[-1].text


@pytest.mark.parametrize('change', [
    {'open': {}}, {'open': 3}, {'now_ns': -1}, {'newest_id_ns': 'x'}, {'crib_id': None},
    {'now_ns': 7_258_118_400 * NS}, {'now_ns': 10**400}, {'now_ns': True}, {'open': [[]]}])
def test_state_that_makes_no_sense_is_refused(change):
    machine = AlertMachine('crib')
    machine.step(100 * NS, CRY, crying())
    with pytest.raises(ValueError, match='no state of alerts'):
        AlertMachine().resume({**machine.to_document(), **change})
    with pytest.raises(ValueError, match='no state of alerts'):
        AlertMachine().resume({})


@pytest.mark.parametrize('name, value', [
    ('sequence', 10**12), ('sequence', -1), ('since_ns', -5), ('priority', 9), ('alert_id', ''),
    ('intensity', float('nan')), ('confidence', float('inf')), ('need', 'BORED'), ('cry', 1),
    ('said_ns', 1.5), ('reason', None)])
def test_an_open_alert_that_makes_no_sense_is_refused(name, value):
    machine = AlertMachine('crib')
    machine.step(100 * NS, CRY, crying())
    document = machine.to_document()
    document['open'][name] = value
    with pytest.raises(ValueError, match='no state of alerts'):
        AlertMachine().resume(document)


def test_a_kept_snooze_until_2200_holds_nothing_back_for_longer_than_anybody_may_ask():
    machine = AlertMachine('crib', Timing(snooze_max_s=600))
    machine.step(100 * NS, CRY, crying())
    document = {**machine.to_document(), 'snoozed_until_ns': 4_000_000_000 * NS}
    again = AlertMachine('crib', Timing(snooze_max_s=600))
    again.resume(document)
    said = [word for second in range(101, 800) for word in again.step(second * NS, CRY, crying())]
    loud = [word for word in said if word.loud]
    assert loud and 700 * NS <= loud[0].stamp_ns <= 702 * NS


def test_texts_of_a_kept_alert_are_cut_to_size_and_lines():
    machine = AlertMachine('crib')
    machine.step(100 * NS, CRY, crying())
    document = machine.to_document()
    document['open']['reason'] = 'x\x1b[2J\n' * 5000
    document['open']['since_ns'] = 9_000 * NS
    again = AlertMachine('crib')
    again.resume(document)
    said, = again.step(101 * NS, CRY, crying())
    assert len(said.text) < 300 and '\x1b' not in said.text and '\n' not in said.text
    assert said.duration_ns >= 0


WISHES = st.one_of(
    st.none(),
    st.builds(Wish, st.sampled_from(['', 'a', 'b', 'c']), st.just(0), st.integers(1, 3),
              st.sampled_from(['', 'why']), st.booleans()))
FACTS = st.builds(Facts, st.booleans(), st.booleans(), st.sampled_from(['', 'a', 'b', 'c']),
                  st.floats(0, 1), st.sampled_from(['UNKNOWN', 'HUNGRY', 'NONE']),
                  st.floats(0, 1))
ACTS = st.one_of(
    st.tuples(st.just('step'), st.integers(-400, 400), WISHES, FACTS),
    st.tuples(st.just('acknowledge'), st.integers(0, 5), st.none(), FACTS),
    st.tuples(st.just('snooze'), st.integers(0, 900), st.none(), FACTS),
    st.tuples(st.just('restart'), st.just(0), st.none(), FACTS))


@settings(max_examples=300, deadline=None)
@given(st.lists(ACTS, max_size=80))
def test_whatever_happens_alerts_are_whole(acts):
    machine = AlertMachine('crib', Timing(60, 180, 600, 30))
    now_ns = 1000 * NS
    said, silent = [], []
    for act, number, wish, facts in acts:
        words = []
        if act == 'step':
            now_ns = max(0, now_ns + number * NS)
            words = machine.step(now_ns, wish, facts)
        elif act == 'acknowledge':
            words = machine.acknowledge(now_ns, 'mum', '', facts)[2]
        elif act == 'snooze':
            words = machine.snooze(now_ns, number * NS, facts)[2]
        else:
            machine = restarted(machine)
        silent += [word for word in words if word.acknowledged and word.loud]
        said += words
    said += machine.step(now_ns, None, HEARD)
    said += machine.step(now_ns + 30 * NS, None, HEARD)
    assert not silent, 'an alert that somebody has taken over is not loud'
    assert all(isinstance(word, Said) and word.text for word in said)
    open_, seen = None, set()
    for word in said:
        if word.state == START:
            assert open_ is None and word.alert_id not in seen and word.sequence == 1
            open_, sequence = word.alert_id, 1
            seen.add(open_)
        elif word.state in (ONGOING, END):
            assert word.alert_id == open_ and word.sequence == sequence + 1
            sequence += 1
            open_ = None if word.state == END else open_
        else:
            assert open_ is None
    assert open_ is None and machine.open is None


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 600), st.integers(5, 300), st.integers(1, 120))
def test_an_unanswered_alert_is_never_quiet_for_longer_than_its_repeat(delay_s, repeat_s, step_s):
    machine = AlertMachine('crib', Timing(repeat_s, 180, 600, 30))
    begin_s = 1000 + delay_s
    loud = []
    for second in range(1000, 1000 + delay_s + 2000, step_s):
        wish = CRY if second >= begin_s else None
        loud += [word.stamp_ns // NS for word in machine.step(second * NS, wish, crying())
                 if word.loud]
    assert loud[0] - begin_s < step_s, 'no later than the first look after it was asked for'
    assert max(b - a for a, b in zip(loud, loud[1:])) < repeat_s + step_s
