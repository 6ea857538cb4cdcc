# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The diary's last days as the page draws them, from a real database."""

import json

from baby_cry_detector.care.diary.rows import CareEntry, EpisodeRow
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.page.history import ABANDONED_NS, read_history
from baby_cry_detector.units import DAY_NS
from baby_cry_detector.units import SECOND_NS as NS

NOW_NS = 1_790_000_000 * NS
HOSTILE = '<img src=x onerror=alert(1)>\u202e\x00'


def row(name, ago_s, lasts_s, crib='nursery', is_open=False):
    """Return an episode that began so long ago."""
    onset_ns = NOW_NS - ago_s * NS
    made = EpisodeRow(name, crib, onset_ns, onset_ns + lasts_s * NS, is_open, 'HUNGRY', 0.7)
    made.confirmation = 'refused'
    made.curve.add(0, 0.9, 0.5)
    return made


def written(path, episodes=(), events=()):
    """Return the history of a diary with these in it, after a trip through JSON."""
    with DiaryStore(path) as store:
        for episode in episodes:
            store.write([episode])
        store.write(events=events)
    return json.loads(json.dumps(read_history(path, 'nursery', NOW_NS), allow_nan=False))


def test_episodes_and_events_of_the_crib_come_oldest_first(tmp_path):
    history = written(
        tmp_path / 'diary.sqlite',
        [row('a', 7200, 600), row('other', 5000, 60, crib='attic'), row('b', 3600, 60)],
        [CareEntry('1', NOW_NS - 3000 * NS, 'fed', 'nursery', who='Anna', text='120 ml'),
         CareEntry('2', NOW_NS - 2000 * NS, 'labelled', 'nursery', who='Anna', episode_id='a',
                   label='tired'),
         CareEntry('3', NOW_NS - 1000 * NS, 'acknowledged', 'nursery', who='Ben',
                   episode_id='b'),
         CareEntry('4', NOW_NS - 900 * NS, 'fed', 'attic'),
         CareEntry('5', NOW_NS - 800 * NS, 'rocking', 'nursery', phase='ended')])
    assert history['available'] and history['why'] == ''
    assert [(e['id'], e['label'], e['acknowledged_by']) for e in history['episodes']] == [
        ('a', 'tired', ''), ('b', '', 'Ben')]
    assert history['episodes'][0]['end_ms'] - history['episodes'][0]['start_ms'] == 600_000
    assert history['episodes'][0]['intensity'] == 0.5
    assert history['episodes'][0]['need'] == 'hungry'
    assert history['episodes'][0]['confirmation'] == 'refused'
    assert [(e['kind'], e['who'], e['text']) for e in history['events']] == [
        ('fed', 'Anna', '120 ml'), ('acknowledged', 'Ben', '')]


def test_an_episode_that_a_crash_left_open_is_over(tmp_path):
    history = written(tmp_path / 'diary.sqlite', [
        row('now', 30, 29, is_open=True)])
    assert history['episodes'][0]['open']
    history = written(tmp_path / 'left.sqlite', [
        row('left', 30 + ABANDONED_NS // NS, 29, is_open=True)])
    assert not history['episodes'][0]['open']


def test_only_the_last_days_are_read(tmp_path):
    day_s = DAY_NS // NS
    history = written(tmp_path / 'diary.sqlite', [row('old', 20 * day_s, 60),
                                                  row('new', 6 * day_s, 60)])
    assert [e['id'] for e in history['episodes']] == ['new']


def test_what_others_wrote_is_text_of_bounded_length(tmp_path):
    history = written(tmp_path / 'diary.sqlite', [row('a' + HOSTILE * 30, 60, 30)], [
        CareEntry('1', NOW_NS - NS, 'note', 'nursery', who=HOSTILE * 30, text=HOSTILE * 30)])
    assert len(history['episodes'][0]['id']) <= 120
    assert len(history['events'][0]['text']) <= 300 and len(history['events'][0]['who']) <= 40
    assert history['events'][0]['text'].isprintable()


def test_a_diary_that_is_not_there_or_none_is_said_and_not_made(tmp_path):
    missing = read_history(tmp_path / 'none.sqlite', '', NOW_NS)
    assert not missing['available'] and 'no diary' in missing['why']
    assert not (tmp_path / 'none.sqlite').exists()
    (tmp_path / 'other.sqlite').write_text('not a database at all, but some text' * 100)
    other = read_history(tmp_path / 'other.sqlite', '', NOW_NS)
    assert not other['available'] and 'can not be read' in other['why']


def test_a_very_full_week_is_bounded(tmp_path):
    with DiaryStore(tmp_path / 'diary.sqlite') as store:
        store.write([row(f'{number}', 600_000 - 200 * number, 60) for number in range(2500)])
    history = read_history(tmp_path / 'diary.sqlite', '', NOW_NS)
    assert len(history['episodes']) == 2000
    assert history['episodes'][-1]['id'] == '2499'
