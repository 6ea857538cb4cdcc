# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The diary's file: exactly one row each, safe, bounded, and errors that say what to do."""

from contextlib import closing
import os
import sqlite3
import stat
import subprocess
import sys

from baby_cry_detector.care.diary.rows import AlertEntry, CareEntry, Curve, EpisodeRow
from baby_cry_detector.care.diary.schema import prepare
from baby_cry_detector.care.diary.store import DiaryError, DiaryStore
from baby_cry_detector.units import SECOND_NS as NS
import pytest

DAY_NS = 86_400 * NS


def row(number, open_=False, **kwargs):
    """Return an episode of ten seconds."""
    curve = Curve()
    for second in range(10):
        curve.add(second * NS, 0.9, 0.4)
    onset_ns = number * 1000 * NS
    return EpisodeRow(f'crib-{number}', 'crib', onset_ns, onset_ns + 10 * NS, open_,
                      curve=curve, **kwargs)


@pytest.fixture
def store(tmp_path):
    """Return an empty diary."""
    with DiaryStore(tmp_path / 'folder' / 'diary.sqlite') as opened:
        yield opened


def test_one_row_each_however_often_it_is_written(store):
    event = CareEntry('e1', 5 * NS, 'fed', who='dad')
    alert = AlertEntry('a1', 'crib', 'crib-1', 4 * NS, 1, 2, 'Crying')
    for _ in range(3):
        store.write([row(1, True), row(1)], [event, event], [alert])
    store.write(alerts=[AlertEntry('a1', 'crib', 'crib-1', 9 * NS, 3, 1, 'Over', ended=True,
                                   acknowledged_by='mum')])
    assert [e['episode_id'] for e in store.episodes()] == ['crib-1']
    assert [e['who'] for e in store.events()] == ['dad']
    kept, = store.alerts()
    assert (kept['start_ns'], kept['end_ns'], kept['priority'], kept['sequence'],
            kept['acknowledged_by']) == (4 * NS, 9 * NS, 2, 3, 'mum')


def test_what_the_second_listener_confirmed_outlives_a_restart(store):
    store.write([row(1, True, confirmation='confirmed')])
    assert store.stored_row('crib-1').confirmation == 'confirmed'
    store.write([row(1, True, confirmation='pending')])         # it begins anew
    assert store.episodes()[0]['confirmation'] == 'confirmed'


@pytest.mark.parametrize('statement', range(8))
def test_two_that_make_it_at_the_same_moment_have_one_diary(tmp_path, statement):
    path, run = tmp_path / 'diary.sqlite', []

    class Slow(sqlite3.Connection):
        """Lets another process make the diary just before one of its statements."""

        def execute(self, *query):
            run.append(query)
            if len(run) == statement + 1:
                with DiaryStore(path) as other:
                    other.write([row(1)])
            return super().execute(*query)

    with closing(sqlite3.connect(path, factory=Slow, isolation_level=None)) as connection:
        prepare(connection, path, False)
        assert connection.execute('SELECT count(*) FROM episodes').fetchone()[0] == (
            statement < len(run))


def test_label_and_acknowledgement_come_from_events(store):
    store.write([row(1)], [
        CareEntry('k1', 2 * NS, 'acknowledged', who='mum', episode_id='crib-1'),
        CareEntry('k2', 3 * NS, 'acknowledged', who='dad', episode_id='crib-1'),
        CareEntry('l1', 4 * NS, 'labelled', who='mum', episode_id='crib-1', label='hungry'),
        CareEntry('l2', 5 * NS, 'labelled', who='dad', episode_id='crib-1', label='wind')])
    episode, = store.episodes()
    assert (episode['label'], episode['labelled_by']) == ('wind', 'dad')
    assert (episode['acknowledged_by'], episode['acknowledged_ns']) == ('mum', 2 * NS)


def test_an_episode_is_resumed_from_the_file(store):
    store.write([row(1, True, need='HUNGRY', confidence=0.7, labels={'hungry': 0.7})])
    again = store.stored_row('crib-1')
    assert (again.open, again.need, again.labels) == (True, 'HUNGRY', {'hungry': 0.7})
    assert len(again.curve.points) == 10 and again.intensity_mean == pytest.approx(0.4)
    store.write([row(2)])
    assert not store.stored_row('crib-1').open, 'a crib cries once at a time'
    assert store.stored_row('nobody') is None
    assert store.newest_episode() == store.newest_episode('crib') == 'crib-2'
    assert store.newest_episode('other') is None


def test_only_its_owner_may_read_it(store):
    store.write([row(1)])
    for path in store.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700


def test_what_is_no_diary_is_left_alone_and_named(tmp_path):
    other = tmp_path / 'other.sqlite'
    with sqlite3.connect(other) as connection:
        connection.execute('CREATE TABLE t (x)')
    with pytest.raises(DiaryError, match='something else'):
        DiaryStore(other)
    text = tmp_path / 'text'
    text.write_text('this is not a database at all, whatever its name may be\n' * 100)
    with pytest.raises(DiaryError, match='is no diary'):
        DiaryStore(text)
    later = DiaryStore(tmp_path / 'later')
    later._connection.execute('PRAGMA user_version = 99')
    later._connection.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    later.close()
    with pytest.raises(DiaryError, match='later'):
        DiaryStore(tmp_path / 'later')
    with pytest.raises(FileNotFoundError, match='no diary'):
        DiaryStore(tmp_path / 'none', create=False)
    assert not (tmp_path / 'none').exists()
    with pytest.raises(OSError):
        DiaryStore(tmp_path / 'text' / 'below')


def test_two_write_at_once_and_a_third_reads(store):
    with DiaryStore(store.path) as other:
        for number in range(50):
            store.write([row(number)])
            other.write([row(number)], [CareEntry(f'e{number}', number, 'fed')])
        assert len(other.episodes()) == len(store.events()) == 50


def test_half_a_transaction_is_none(store):
    with pytest.raises(AttributeError):
        store.write([row(1)], [object()])
    assert store.episodes() == []
    store.write([row(1)])
    assert len(store.episodes()) == 1


def test_killed_while_writing_leaves_whole_rows(tmp_path):
    path = tmp_path / 'diary.sqlite'
    script = (
        'import itertools, os, sys\n'
        'from baby_cry_detector.care.diary.rows import EpisodeRow, CareEntry\n'
        'from baby_cry_detector.care.diary.store import DiaryStore\n'
        f'store = DiaryStore({str(path)!r})\n'
        'for n in itertools.count():\n'
        '    store.write([EpisodeRow(f"c-{n}", "crib", n, n)], [CareEntry(f"e-{n}", n, "fed")])\n'
        '    print(n, flush=True)\n')
    process = subprocess.Popen([sys.executable, '-c', script], stdout=subprocess.PIPE, text=True,
                               env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
    said = -1
    for line in process.stdout:
        said = int(line)
        if said == 40:
            process.kill()
    process.wait()
    with DiaryStore(path) as store:
        numbers = [e['onset_ns'] for e in store.episodes()]
        assert numbers == list(range(len(numbers))) and len(numbers) >= said + 1
        assert len(store.events()) == len(numbers)
