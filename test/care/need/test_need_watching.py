# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A crib that is watched: what is said while it cries, learnt when it is over, and kept."""

import json

from baby_cry_detector.care.need import journal
from baby_cry_detector.care.need.from_diary import facts_of
from baby_cry_detector.care.need.labels import Cry, Fact
from baby_cry_detector.care.need.replay import replay
from baby_cry_detector.care.need.watching import CribWatch, weeks_of
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.needs import STATUS_NO_AUDIO
from baby_cry_detector.units import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from made_babies import clear_baby, NOW, picture


def say(watch, cry, step_ns=20 * SECOND_NS):
    """Let a watch hear an episode, and quiet after it."""
    for stamp_ns in range(cry.onset_ns + step_ns, cry.end_ns + 1, step_ns):
        watch.on_state(state(cry, stamp_ns))
    watch.on_state(state(cry, cry.end_ns + 5 * SECOND_NS, False))


def state(cry, stamp_ns, crying=True, crib='crib', **fields):
    """Return what `cry_need` says."""
    return CryState(stamp_ns=stamp_ns, crib_id=crib, crying=crying, intensity=0.5 * crying,
                    episode_id=cry.episode_id, onset_ns=cry.onset_ns,
                    duration_ns=min(stamp_ns, cry.end_ns) - cry.onset_ns, **fields)


def settle(watch):
    """Let a watch learn up to the present."""
    while not watch.step(5):
        pass


def lived(days=14):
    """Return (watch, cries, facts) of a baby that was watched for some days."""
    cries, facts, _ = clear_baby(days)
    watch = CribWatch('crib')
    for item in sorted([*cries, *facts], key=lambda it: getattr(it, 'end_ns', it.stamp_ns if (
            isinstance(it, Fact)) else 0)):
        if isinstance(item, Fact):
            watch.add([item])
        else:
            say(watch, item)
        watch.step()
    settle(watch)
    return watch, cries, facts


def test_what_is_watched_is_the_replay_of_it():
    watch, cries, facts = lived()
    assert picture(watch.baby) == picture(replay(cries, facts, until_ns=watch.now_ns))
    kept = json.loads(json.dumps(watch.document(watch.now_ns)))
    again = CribWatch('crib', *journal.read(kept))
    again.on_state(state(cries[-1], cries[-1].end_ns + 5 * SECOND_NS, False))
    settle(again)
    assert picture(again.baby) == picture(watch.baby)


def test_while_it_cries_it_says_why_and_afterwards_what_it_noted():
    watch, cries, _ = lived()
    assert watch.estimate().episode_id == '' and watch.estimate().names_needs
    onset_ns = cries[-1].end_ns + 4 * HOUR_NS
    watch.add([Fact(onset_ns - 4 * HOUR_NS, 'fed'), Fact(onset_ns - 20 * MINUTE_NS, 'slept')])
    cry = Cry('new', onset_ns, onset_ns + 5 * MINUTE_NS)
    watch.on_state(state(cry, onset_ns + SECOND_NS))
    assert 'still being read' in watch.estimate().reason or watch.step()
    settle(watch)
    said = watch.estimate()
    assert (said.episode_id, said.need, said.basis) == ('new', 'hungry', 1)
    assert said.reason.startswith('probably hungry; last fed 4 h') and 0 < said.confidence <= 1
    low, high = said.interval
    assert 0 < low < said.right / said.of < high <= 1
    assert said.right > said.base_right and said.of == sum(week.of for week in said.weeks)
    watch.add([Fact(cry.end_ns - SECOND_NS, 'fed')])
    say(watch, cry)
    watch.on_state(state(cry, cry.end_ns + 6 * MINUTE_NS, False))
    settle(watch)
    said = watch.estimate()
    assert (said.episode_id, said.noted_episode_id, said.noted_need) == ('', 'new', 'hungry')
    watch.add([Fact(cry.end_ns + 7 * MINUTE_NS, 'labelled', 'new', 'unknown')])     # undo
    watch.on_state(state(cry, cry.end_ns + 8 * MINUTE_NS, False))
    settle(watch)
    assert watch.estimate().noted_need == ''


def test_what_can_not_be_heard_and_other_cribs_are_no_episode():
    watch = CribWatch('crib')
    cry = Cry('c', NOW, NOW + 5 * MINUTE_NS)
    watch.on_state(state(cry, NOW + SECOND_NS, status=STATUS_NO_AUDIO))
    watch.on_state(state(cry, NOW + SECOND_NS, crib='other'))
    assert watch.open_episode == ''
    watch.on_state(state(cry, NOW + SECOND_NS))
    watch.on_state(state(cry, NOW + 2 * SECOND_NS, status=STATUS_NO_AUDIO))
    assert watch.open_episode == 'c', 'it may go on'
    watch.on_state(state(Cry('d', NOW + HOUR_NS, NOW + 2 * HOUR_NS), NOW + HOUR_NS + SECOND_NS))
    assert watch.open_episode == 'd' and [cry.episode_id for cry in watch.baby.items[0]] == ['c']


def test_forgotten_stays_forgotten_whoever_tells_it_again():
    watch, cries, facts = lived(4)
    watch.forget(watch.now_ns)
    settle(watch)
    watch.add([*cries, *facts])
    settle(watch)
    assert watch.baby.items == ([], []) and watch.estimate().of == 0
    assert watch.document(watch.now_ns)['since_ns'] == watch.now_ns
    watch.take_settings({'since_ns': 0, 'birth_ns': None, 'items': []}, watch.now_ns)
    assert watch.since_ns == watch.now_ns


def test_forgetting_while_it_cries_forgets_this_cry_too_and_the_next_one_is_learnt():
    watch, cries, _ = lived(4)
    onset_ns = cries[-1].end_ns + 3 * HOUR_NS
    cry = Cry('open', onset_ns, onset_ns + 8 * MINUTE_NS)
    watch.on_state(state(cry, onset_ns + 2 * MINUTE_NS))
    watch.forget(onset_ns + 3 * MINUTE_NS)
    settle(watch)
    assert watch.estimate().episode_id == 'open' and watch.estimate().need == 'unknown'
    watch.add([Fact(onset_ns + 7 * MINUTE_NS, 'fed'),
               Fact(onset_ns + 9 * MINUTE_NS, 'labelled', 'open', 'hungry')])
    say(watch, cry)
    later = Cry('later', onset_ns + 3 * HOUR_NS, onset_ns + 3 * HOUR_NS + 6 * MINUTE_NS)
    watch.add([Fact(later.end_ns - SECOND_NS, 'fed')])
    say(watch, later)
    watch.on_state(state(later, later.end_ns + 20 * MINUTE_NS, False))
    settle(watch)
    assert [answered.cry.episode_id for answered in watch.baby.answered] == ['later']
    assert watch.estimate().of == 1 and watch.estimate().noted_need == 'hungry'


def test_a_clock_that_was_ahead_and_is_set_back_does_not_end_the_learning():
    watch, cries, facts = lived(4)
    before = watch.now_ns
    ahead_ns = before + 3000 * DAY_NS
    far = Cry('far', ahead_ns, ahead_ns + 5 * MINUTE_NS)
    say(watch, far)
    watch.add([Fact(far.end_ns, 'changed')])
    watch.step(100)
    last = Cry('last', before + 3 * HOUR_NS, before + 3 * HOUR_NS + 6 * MINUTE_NS)
    fed = Fact(last.end_ns - SECOND_NS, 'fed')
    watch.add([fed])
    say(watch, last)
    watch.on_state(state(last, last.end_ns + 20 * MINUTE_NS, False))
    settle(watch)
    assert watch.now_ns < ahead_ns
    said = watch.estimate()
    assert said.noted_need == 'hungry' and said.of == sum(week.of for week in said.weeks) > 10
    expected = replay([*cries, last], [*facts, fed], until_ns=watch.now_ns)
    assert picture(watch.baby) == picture(expected), 'what is to come has not happened yet'
    kept = journal.read(watch.document(watch.now_ns))[0]
    assert 'far' not in [cry.episode_id for cry in kept if isinstance(cry, Cry)]


def test_twins_are_learnt_apart():
    cries, facts, _ = clear_baby(6)
    others, _, _ = clear_baby(6, seed=2, until_h=2.0)
    others = [Cry(f'twin-{cry.episode_id}', cry.onset_ns, cry.end_ns) for cry in others]
    rows = [{'crib_id': 'left', 'stamp_ns': fact.stamp_ns, 'kind': fact.kind, 'episode_id': '',
             'label': '', 'text': ''} for fact in facts]
    left, right = CribWatch('left', cries), CribWatch('right', others)
    for watch in (left, right):
        watch.add(facts_of(rows, watch.crib_id))
        for cry in (*cries, *others):
            watch.on_state(state(cry, cry.end_ns + 5 * SECOND_NS, False, crib='left'))
        settle(watch)
    assert len(left.baby.record.outcomes) > 20 and not right.baby.record.outcomes


def test_settings_that_make_no_sense_are_refused_and_change_nothing():
    watch, _, _ = lived(4)
    before = picture(watch.baby)
    refused = watch.take_settings(
        {'since_ns': 0, 'birth_ns': watch.now_ns + DAY_NS, 'items': []}, watch.now_ns)
    assert 'future' in refused and picture(watch.baby) == before
    assert watch.take_settings({'since_ns': 0, 'birth_ns': NOW - 200 * DAY_NS, 'items': []},
                               watch.now_ns) == ''
    settle(watch)
    assert watch.baby.answered[0].context.age_days > 199
    assert len(watch.baby.answered) == len(before[0])


def test_a_clock_that_is_behind_empties_nothing_and_what_comes_twice_is_kept_once():
    """A board without a battery starts in the past, keeps its file, and is set right later."""
    cries, facts, _ = clear_baby(14)
    whole = journal.to_document(cries, facts, now_ns=cries[-1].end_ns)
    for days in (0, 3, 30, 4000):
        assert journal.to_document(cries, facts, now_ns=cries[-1].end_ns - days * DAY_NS) == whole
        assert CribWatch('crib', [*cries, *facts]).document(NOW - days * DAY_NS) == {
            **whole, 'birth_ns': None}
    assert journal.to_document([*cries, *cries], [*facts, *facts]) == whole
    ahead = Cry('ahead', NOW + 4000 * DAY_NS, NOW + 4000 * DAY_NS + MINUTE_NS)
    assert len(journal.to_document([*cries, ahead], facts, now_ns=NOW)['cries']) == len(cries)


def test_weeks_are_the_records_own():
    watch, _, _ = lived(16)
    weeks = weeks_of(watch.baby.record, watch.now_ns)
    assert len(weeks) == 8 and weeks[0].of == 0 and weeks[-1].of > 20
    assert sum(week.of for week in weeks) == len(watch.baby.record.outcomes)
