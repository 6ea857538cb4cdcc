# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A damaged diary is set aside and comes back; copies are bounded; files may be replaced."""

import os
import sqlite3

from baby_cry_detector.care.diary import repair
from baby_cry_detector.care.diary.export import each_record
from baby_cry_detector.care.diary.repair import (back_up, backups, check, insert, recover,
                                                 restore, verify)
from baby_cry_detector.care.diary.rows import AlertEntry, CareEntry, Curve, EpisodeRow
from baby_cry_detector.care.diary.schema import inspect, SCHEMA
from baby_cry_detector.care.diary.store import DamagedError, DiaryError, DiaryStore
from baby_cry_detector.units import SECOND_NS as NS
import pytest

PAGE = 4096
NEW_IN_3 = ", confirmation TEXT NOT NULL DEFAULT 'none'"


def fill(path, first=0, last=400):
    """Write episodes, events and alerts."""
    curve = Curve()
    for second in range(100):
        curve.add(second * NS, 0.9, 0.4)
    with DiaryStore(path) as store:
        for number in range(first, last):
            stamp_ns = (1_790_000_000 + 100 * number) * NS
            store.write([EpisodeRow(f'c-{number}', 'crib', stamp_ns, stamp_ns + NS, False,
                                    curve=curve)],
                        [CareEntry(f'f-{number}', stamp_ns, 'fed')],
                        [AlertEntry(f'a-{number}', 'crib', f'c-{number}', stamp_ns, 1, 1, 'x')])
    return path


def wreck(path, page):
    """Overwrite a page."""
    with open(path, 'rb+') as file:
        file.seek(page * PAGE)
        file.write(b'\xa5' * PAGE)


@pytest.fixture(scope='module')
def filled(tmp_path_factory):
    """Return the bytes of a diary of 400 episodes."""
    return fill(tmp_path_factory.mktemp('filled') / 'd.sqlite').read_bytes()


@pytest.fixture
def path(tmp_path, filled):
    """Return a copy of it."""
    path = tmp_path / 'd.sqlite'
    path.write_bytes(filled)
    return path


@pytest.mark.parametrize('page', [6, 20, 60, 100])
def test_a_damaged_page_costs_what_was_on_it(path, page):
    before = path.read_bytes()
    wreck(path, page)
    damaged = path.read_bytes()
    assert damaged != before
    with pytest.raises(DamagedError), DiaryStore(path) as store:
        check(store)
    recovered = recover(path)
    with DiaryStore(path) as store:
        check(store)
        figures = store.figures()
    # Fifteen of 400 curves fit on a page; an inner page costs no rows, an index has the keys.
    assert sum(figures[name] for name in ('episodes', 'events', 'alerts')) >= 1050
    assert recovered.read >= 1050 and recovered.aside.exists()
    assert str(recovered.aside) in str(recovered)


def test_the_newest_copy_fills_what_can_not_be_read(path):
    with DiaryStore(path) as store:
        copy = back_up(store, 3)
    fill(path, 400, 420)
    for page in range(8, 100):
        wreck(path, page)
    recovered = recover(path)
    assert recovered.copy == copy and recovered.from_copy > 100
    with DiaryStore(path) as store:
        assert store.figures()['episodes'] >= 400


def test_a_diary_without_its_beginning_comes_back_from_its_copy(path):
    with DiaryStore(path) as store:
        back_up(store, 3)
    wreck(path, 0)
    assert inspect(path) == 'garbage' and repair.is_ours(path)
    recover(path)
    with DiaryStore(path) as store:
        assert store.figures()['episodes'] == 400


def test_cut_off_files_and_broken_curves_hide_nothing_else(path):
    connection = sqlite3.connect(path)
    connection.execute("UPDATE episodes SET curve = '{\"step_s\": 1, \"poi' WHERE "
                       "episode_id = 'c-3'")
    connection.execute("UPDATE episodes SET curve = '{\"step_s\": 1e300, \"points\": [[1,2]]}' "
                       "WHERE episode_id = 'c-5'")
    connection.execute("UPDATE episodes SET labels = 'null', curve = x'ff00' WHERE "
                       "episode_id = 'c-4'")
    connection.commit()
    connection.close()
    with DiaryStore(path) as store:
        episodes = store.episodes()
        assert len(episodes) == 400
        assert [episodes[n]['curve'] is None for n in (2, 3, 4, 5, 6)] == [
            False, True, True, True, False]
        store.write([store.stored_row('c-3')])
    os.truncate(path, os.path.getsize(path) * 2 // 3)
    recovered = recover(path)
    assert recovered.read > 300


def test_copies_are_whole_bounded_and_made_once(path):
    with DiaryStore(path) as store:
        first = back_up(store, 3)
        assert back_up(store, 3) is None, 'nothing has changed'
        for number in range(5):
            store.write([], [CareEntry(f'new-{number}', 1_790_000_000 * NS, 'fed')])
            back_up(store, 3)
    there = backups(path)
    assert len(there) == 3 and first not in there
    for copy in there:
        verify(copy)
        assert copy.stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in repair.backup_folder(path).iterdir()) == [
        p.name for p in there], 'a copy is one file'


def test_a_damaged_diary_is_never_copied_over_good_ones(path):
    with DiaryStore(path) as store:
        good = back_up(store, 1)
    wreck(path, 20)
    with DiaryStore(path) as store:
        with pytest.raises(DamagedError):
            back_up(store, 1)
    assert backups(path) == [good]


def test_restore_moves_the_present_one_aside_and_writers_follow(path, tmp_path):
    with DiaryStore(path) as store:
        copy = back_up(store, 3)
        store.write([], [CareEntry('later', 1_790_000_000 * NS, 'fed')])
        aside = restore(path, copy)
        # The store that was open goes on in the restored file.
        store.write([], [CareEntry('after', 1_790_000_000 * NS, 'fed')])
    with DiaryStore(path) as store:
        names = {row['event_id'] for row in store.events()}
        assert 'after' in names and 'later' not in names and len(names) == 401
    with DiaryStore(aside) as store:
        names = {row['event_id'] for row in store.events()}
        assert 'later' in names and 'after' not in names
    for wrong, error in ((tmp_path / 'none', ValueError), (__file__, DiaryError)):
        with pytest.raises(error):
            restore(path, wrong)
    with DiaryStore(path) as store:
        assert len(store.events()) == 401


def test_a_file_that_is_removed_or_moved_while_it_is_open_is_begun_anew(path):
    with DiaryStore(path) as store:
        path.unlink()
        store.write([], [CareEntry('after', 1_790_000_000 * NS, 'fed')])
        assert [row['event_id'] for row in store.events()] == ['after']
        os.rename(path.parent, path.parent.with_name('moved'))
        store.write([], [CareEntry('again', 1_790_000_000 * NS, 'fed')])
    with DiaryStore(path) as store:
        assert [row['event_id'] for row in store.events()] == ['again']


def test_a_link_is_followed_once_and_never_replaced(path, tmp_path):
    link = tmp_path / 'link' / 'diary.sqlite'
    link.parent.mkdir()
    link.symlink_to(path)
    with DiaryStore(link) as store:
        copy = back_up(store, 2)
    restore(link, copy)
    assert link.is_symlink() and len(list(link.parent.iterdir())) == 1
    loop = tmp_path / 'loop'
    loop.symlink_to(loop)
    with pytest.raises(OSError):
        DiaryStore(loop)


def test_version_1_is_read_as_it_is_and_brought_forward_when_written(tmp_path):
    path = tmp_path / 'old.sqlite'
    connection = sqlite3.connect(path)
    old = SCHEMA.replace(NEW_IN_3, '').replace(
        ',\n    doubtful INTEGER NOT NULL DEFAULT 0', '').replace(
        'CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;', '')
    assert not any(word in old for word in ('doubtful', 'meta', 'confirmation'))
    connection.executescript(f'{old} PRAGMA application_id = 0x62637279; PRAGMA user_version = 1;'
                             "INSERT INTO events VALUES ('e', 5, 'fed', '', 'moment', '', 'dad', "
                             "'', '', '', 0, NULL, NULL, NULL, NULL);")
    connection.close()
    with DiaryStore(path, create=False, read_only=True) as store:
        assert store.events()[0]['who'] == 'dad' and store.meta('clock', 7) == 7
        assert store.episodes() == []
    with DiaryStore(path) as store:
        store.write([EpisodeRow('c', 'crib', 5, 6)], [CareEntry('f', 6, 'fed')])
        assert [e['doubtful'] for e in store.events()] == [0, 0] and len(store.episodes()) == 1
        assert store.episodes()[0]['confirmation'] == 'none'


def test_version_2_is_read_as_it_is_and_brought_forward_when_written(tmp_path):
    path = tmp_path / 'old.sqlite'
    connection = sqlite3.connect(path)
    old = SCHEMA.replace(NEW_IN_3, '')
    assert 'confirmation' not in old and 'doubtful' in old
    connection.executescript(f'{old} PRAGMA application_id = 0x62637279; PRAGMA user_version = 2;'
                             "INSERT INTO episodes VALUES ('a', 'crib', 5, 6, 0, 'UNKNOWN', 0.5, "
                             "0.1, 0.2, '{}', '{}', 1);")
    connection.close()
    with DiaryStore(path, create=False, read_only=True) as store:
        assert [record['confirmation'] for record in each_record(store)] == ['none']
    with DiaryStore(path) as store:
        store.write([EpisodeRow('b', 'crib', 7, 8, confirmation='confirmed')])
        assert [(row['episode_id'], row['confirmation'], row['doubtful'])
                for row in store.episodes()] == [('a', 'none', 1), ('b', 'confirmed', 0)]
        assert store.rows('PRAGMA user_version') == [{'user_version': 3}]


def test_a_copy_of_version_2_gives_its_rows_to_one_of_today(tmp_path):
    row = {'episode_id': 'a', 'crib_id': '', 'onset_ns': 5, 'end_ns': 6, 'open': 0,
           'need': 'UNKNOWN', 'confidence': 0.5, 'intensity_mean': None, 'intensity_peak': None,
           'labels': '{}', 'curve': '{}', 'doubtful': 0}
    with DiaryStore(tmp_path / 'new.sqlite') as store:
        assert insert(store, 'episodes', [row, {**row, 'episode_id': 'b', 'confirmation': 7}]) == 1
        assert store.episodes()[0]['confirmation'] == 'none'


def test_what_others_may_read_is_mended(path):
    os.chmod(path, 0o644)
    with DiaryStore(path) as store:
        store.write([], [CareEntry('x', 1, 'fed')])
        for each in path.parent.glob('d.sqlite*'):
            assert each.stat().st_mode & 0o077 == 0, each
    folder = path.parent / 'baby_cry_detector'
    folder.mkdir(mode=0o755)
    with DiaryStore(folder / 'diary.sqlite'):
        assert folder.stat().st_mode & 0o777 == 0o700
