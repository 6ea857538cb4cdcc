# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Forgetting: a day at most at a look, by worth, and only after a copy was made."""

import gzip
import json
import os

from baby_cry_detector.care.diary import pruning
from baby_cry_detector.care.diary.pruning import prune, removed_folder
from baby_cry_detector.care.diary.repair import put_back
from baby_cry_detector.care.diary.rows import AlertEntry, CareEntry, Curve, EpisodeRow
from baby_cry_detector.care.diary.store import DiaryError, DiaryStore
from baby_cry_detector.units import DAY_NS, HOUR_NS
from baby_cry_detector.units import SECOND_NS as NS
import pytest

START_NS = 1_795_000_000 * NS // DAY_NS * DAY_NS


def episode(number, stamp_ns):
    """Return an episode with a curve of some size."""
    curve = Curve()
    for second in range(60):
        curve.add(second * NS, 0.9, 0.4)
    return EpisodeRow(f'c-{number}', 'crib', stamp_ns, stamp_ns + 60 * NS, False, curve=curve)


@pytest.fixture
def store(tmp_path):
    """Return a diary of 20 days with ten episodes, ten feeds, 20 rockings, five alerts each."""
    with DiaryStore(tmp_path / 'd.sqlite') as opened:
        for day in range(20):
            at = [START_NS + day * DAY_NS + hour * HOUR_NS for hour in range(10)]
            opened.write(
                [episode(f'{day}-{n}', stamp) for n, stamp in enumerate(at)],
                [CareEntry(f'f-{day}-{n}', stamp, 'fed', who='dad') for n, stamp in enumerate(at)]
                + [CareEntry(f'r-{day}-{n}', at[n % 10], 'rocking', who='rocker', text='x' * 100)
                   for n in range(20)],
                [AlertEntry(f'a-{day}-{n}', 'crib', '', at[n], 1, 1, 'x') for n in range(5)])
        yield opened


def counts(store):
    """Return how many of each there are."""
    figures = store.figures()
    return figures['episodes'], figures['events'], figures['alerts']


def test_age_takes_the_oldest_day_at_a_look_and_puts_it_into_a_file(store):
    now_ns = START_NS + 20 * DAY_NS
    pruned = prune(store, now_ns, 10.0, 100.0)
    assert dict(pruned.taken) == {'episodes': 10, 'events': 30, 'alerts': 5}
    assert counts(store) == (190, 570, 95)
    assert 'older than 10 days' in str(pruned) and pruned.file in str(pruned)
    assert os.stat(pruned.file).st_mode & 0o777 == 0o600
    with gzip.open(pruned.file, 'rt') as lines:
        kept = [json.loads(line) for line in lines]
    assert sum('episodes' in line for line in kept) == 10
    looks = 1
    while prune(store, now_ns, 10.0, 100.0):
        looks += 1
    assert looks == 10 and counts(store) == (100, 300, 50)
    # And all of it comes back.
    for file in sorted(removed_folder(store.path).iterdir()):
        put_back(store, file)
    assert counts(store) == (200, 600, 100)
    assert put_back(store, file) == 0


def test_size_takes_the_robots_own_words_first_and_episodes_last(store):
    now_ns, order, before = START_NS + 20 * DAY_NS, [], counts(store)
    for _ in range(400):
        pruned = prune(store, now_ns, 1000.0, 0.01)
        if pruned is None:
            break
        assert sum(pruned.taken.values()) <= 45, 'more than a day has'
        order += list(pruned.taken)
    kinds = [table for table, previous in zip(order, [None, *order]) if table != previous]
    assert kinds == ['events', 'alerts', 'events', 'episodes'], kinds
    assert before == (200, 600, 100)


def test_a_flood_goes_before_anything_else(store):
    day = START_NS + 15 * DAY_NS
    store.write([], [CareEntry(f'x-{n}', day + n * NS, 'labelled', who='evil', label='x' * 200,
                               episode_id='c-3-1') for n in range(5000)])
    now_ns, before = START_NS + 20 * DAY_NS, store.figures()['size_mb']
    while prune(store, now_ns, 1000.0, before - 1.0):
        pass
    assert store.figures()['episodes'] == 200 and store.figures()['alerts'] == 100
    left = {row['who']: row['n'] for row in store.rows(
        'SELECT who, count(*) AS n FROM events GROUP BY who')}
    assert left['dad'] == 200 and left['rocker'] == 400 and left['evil'] < 5000


def test_names_that_are_sql_are_names(store):
    evil = "'; DROP TABLE episodes; --\0\u202e"
    store.write([], [CareEntry(f'y-{n}', START_NS + n, 'note', who=evil, text='z' * 300)
                     for n in range(3000)])
    while prune(store, START_NS + 20 * DAY_NS, 1000.0, 0.9):
        pass
    assert store.figures()['episodes'] == 200


def test_without_a_copy_nothing_is_taken(store, monkeypatch):
    def full(*_):
        raise OSError('no space left on device')
    before = counts(store)
    monkeypatch.setattr(pruning, '_append', full)
    with pytest.raises(OSError, match='no space'):
        prune(store, START_NS + 20 * DAY_NS, 5.0, 100.0)
    assert counts(store) == before
    monkeypatch.undo()
    # A link where the copy's folder belongs is somebody's doing.
    folder = removed_folder(store.path)
    for file in folder.iterdir():
        file.unlink()
    (folder / 'removed-000001.jsonl.gz').symlink_to(store.path)
    pruned = prune(store, START_NS + 20 * DAY_NS, 5.0, 100.0)
    assert pruned.file.endswith('removed-000002.jsonl.gz')


def test_copies_are_bounded(store):
    folder = removed_folder(store.path)
    folder.mkdir()
    for number in range(1, 6):
        (folder / f'removed-{number:06d}.jsonl.gz').write_bytes(bytes(400_000))
    pruned = prune(store, START_NS + 20 * DAY_NS, 10.0, 1.5)
    assert pruned.copies_dropped and 'older such files were removed' in str(pruned)
    assert sum(f.stat().st_size for f in folder.iterdir()) <= 0.75e6


# Without the time, which would give each of two test processes other names of the tests.
@pytest.mark.parametrize('content', [b'', b'no gzip', *(
    gzip.compress(text, mtime=0) for text in (b'{"what": {}}\n', b'[1]\n', b'{"events": 3}\n'))])
def test_a_file_that_holds_no_entries_is_refused_or_adds_nothing(store, tmp_path, content):
    file = tmp_path / 'removed-000009.jsonl.gz'
    file.write_bytes(content)
    before = counts(store)
    try:
        assert put_back(store, file) == 0
    except DiaryError as error:
        assert str(file) in str(error)
    assert counts(store) == before
