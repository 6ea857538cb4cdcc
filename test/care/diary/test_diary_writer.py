# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The writer's thread: nobody waits for the disk, what waits is on it, what is lost is said."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time

from baby_cry_detector.care.diary import care_of_file
from baby_cry_detector.care.diary import waiting as waiting_module
from baby_cry_detector.care.diary import writer as writer_module
from baby_cry_detector.care.diary.place import BusyError
from baby_cry_detector.care.diary.rows import (AlertEntry, CareEntry, Curve, EpisodeBook,
                                               EpisodeRow, request_id)
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.care.diary.waiting import from_line, QueueFile, to_line, Waiting
from baby_cry_detector.care.diary.writer import Bounds, DiaryWriter
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.units import SECOND_NS as NS
import pytest

NOW_NS = 1_795_000_000 * NS


@pytest.fixture
def path(tmp_path):
    """Return where the diary is to be."""
    return tmp_path / 'diary.sqlite'


class Home:
    """Writers of one diary, closed at the end."""

    def __init__(self, path):
        """Begin."""
        self.path, self.said, self.writers = path, [], []

    def start(self, name='queue', **kwargs):
        """Return a writer."""
        writer = DiaryWriter(self.path, self.path.with_name(name), Bounds(730.0, 200.0, 0),
                             lambda: NOW_NS, lambda level, text: self.said.append(text), **kwargs)
        self.writers.append(writer)
        return writer


@pytest.fixture
def home(path):
    """Return the writers of a diary."""
    running = Home(path)
    yield running
    for writer in running.writers:
        writer.close()


def until(condition, timeout_s=20.0):
    """Wait for a condition."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def fed(number):
    """Return an event."""
    return CareEntry(f'f-{number}', NOW_NS + number, 'fed', who='dad')


def read(path):
    """Return the events on disk."""
    with DiaryStore(path, create=False) as store:
        return [row['event_id'] for row in store.events()]


def test_another_programs_lock_costs_nothing_and_nobody_waits(home, path):
    """Issue 13, row 17: 38 cries became 33 rows, `lost: 0` was said, services took 13 s."""
    writer = home.start()
    assert writer.put(fed(0)).wait(5.0) == 'database'
    other = sqlite3.connect(path, isolation_level=None)
    other.execute('BEGIN EXCLUSIVE')
    book, slowest_s = EpisodeBook(), 0.0
    for cry in range(38):
        onset_ns = NOW_NS + 100 * cry * NS
        for second in range(1, 4):
            for row in book.observe(CryState(
                    onset_ns + second * NS, 'crib', crying=second < 3,
                    episode_id=f'crib-{onset_ns}', onset_ns=onset_ns, duration_ns=second * NS)):
                begun_s = time.monotonic()
                ticket = writer.put(row)
                slowest_s = max(slowest_s, time.monotonic() - begun_s)
    begun_s = time.monotonic()
    assert writer.put(fed(1)).wait(5.0) == 'queue'
    assert time.monotonic() - begun_s < 5.0 and slowest_s < 5.0
    assert 'locked' in writer.trouble and writer.waiting == 39
    # What waits is on the disk: whoever comes after a kill finds it.
    found = Waiting()
    assert QueueFile.load(_reader(path.with_name('queue')), found) and len(found) == 39
    other.execute('ROLLBACK')
    other.close()
    until(lambda: not writer.trouble and not writer.waiting)
    with DiaryStore(path) as store:
        assert len(store.episodes()) == 38 and not any(e['open'] for e in store.episodes())
    assert read(path) == ['f-0', 'f-1'] and writer.lost == 0
    assert not path.with_name('queue').exists()
    assert ticket.place in ('queue', 'database')


def _reader(path):
    """Return a queue's file that claims nothing."""
    reader = QueueFile.__new__(QueueFile)
    reader.path, reader.unreadable, reader._bytes = path, 0, 0
    return reader


def test_killed_while_the_database_is_locked_everything_comes_in_later(home, path):
    with DiaryStore(path):
        pass
    other = sqlite3.connect(path, isolation_level=None)
    other.execute('BEGIN EXCLUSIVE')
    script = ('import sys, time\n'
              'from baby_cry_detector.care.diary.rows import CareEntry\n'
              'from baby_cry_detector.care.diary.writer import Bounds, DiaryWriter\n'
              f'w = DiaryWriter({str(path)!r}, {str(path.with_name("queue"))!r}, '
              f'Bounds(730.0, 200.0, 0), lambda: {NOW_NS}, lambda *_: None)\n'
              'n = 0\n'
              'while True:\n'
              f'    place = w.put(CareEntry(f"f-{{n}}", {NOW_NS} + n, "fed")).wait(9)\n'
              '    print(n, place, flush=True); n += 1\n')
    process = subprocess.Popen([sys.executable, '-c', script], stdout=subprocess.PIPE, text=True,
                               env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
    promised = []
    for line in process.stdout:
        number, place = line.split()
        assert place == 'queue'
        promised.append(f'f-{number}')
        if len(promised) == 30:
            process.send_signal(signal.SIGKILL)
    process.wait()
    # Half a line at the end, as a power cut leaves it.
    with open(path.with_name('queue'), 'ab') as file:
        file.write(b'{"event": {"event_id": "half')
    other.execute('ROLLBACK')
    writer = home.start()
    until(lambda: not writer.waiting and path.exists() and len(read(path)) >= len(promised))
    assert set(promised) <= set(read(path))
    assert writer.lost == 1, 'the half line is counted'


def test_two_of_one_name_are_refused_and_two_of_two_names_share_a_diary(home, path):
    one = home.start('queue.a')
    with pytest.raises(BusyError, match='two diaries'):
        home.start('queue.a')
    two = home.start('queue.b')
    for number in range(40):
        one.put(fed(number))
        two.put(fed(number + 20))
    until(lambda: path.exists() and len(read(path)) == 60)
    # Both hear the same episode: what each has heard of it is kept.
    for writer, seconds in ((one, range(5)), (two, range(5, 10))):
        curve = Curve()
        for second in seconds:
            curve.add(second * NS, 0.9, 0.5)
        assert writer.put(EpisodeRow('c', 'crib', NOW_NS, NOW_NS + 9 * NS, curve=curve)
                          ).wait(10.0) in ('database', 'queue')

    def points():
        with DiaryStore(path) as store:
            row = store.stored_row('c')
            return row and [bool(point) for point in row.curve.points]
    until(lambda: points() == [True] * 10)


def test_a_database_that_breaks_while_it_is_written_is_set_aside(home, path):
    writer = home.start()
    for number in range(300):
        writer.put(fed(number))
    until(lambda: path.exists() and len(read(path)) == 300)
    with DiaryStore(path) as store:
        store._connection.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    with open(path, 'rb+') as file:
        file.seek(4096)
        file.write(b'\xa5' * (os.path.getsize(path) - 4096))
    for number in range(300, 330):
        writer.put(fed(number))
        time.sleep(0.01)
    until(lambda: any('is set aside' in text for text in home.said))
    until(lambda: not writer.trouble and not writer.waiting)
    assert {f'f-{number}' for number in range(300, 330)} <= set(read(path))
    assert list(path.parent.glob('diary.sqlite.damaged-*'))


@pytest.mark.parametrize('statement', [
    'DROP TABLE episodes', 'DROP TABLE events', 'ALTER TABLE events RENAME COLUMN crib_id TO cot'])
def test_a_table_that_another_program_takes_away_is_damage(home, path, statement):
    """It was "cannot write" for ever."""
    writer = home.start()
    writer.put(fed(0))
    until(lambda: path.exists() and read(path))
    with contextlib.closing(sqlite3.connect(path, timeout=10.0)) as other, other:
        other.execute(statement)
    for number in range(1, 5):
        writer.put(fed(number))
        writer.put(EpisodeRow(f'c{number}', 'crib', NOW_NS, NOW_NS + 9 * NS, curve=Curve()))
    until(lambda: any('is set aside' in text for text in home.said))
    until(lambda: not writer.trouble and not writer.waiting)
    assert {f'f-{number}' for number in range(1, 5)} <= set(read(path))


def test_damage_that_is_found_while_counting_is_told_and_nothing_else(home, path, monkeypatch):
    monkeypatch.setattr(writer_module, 'FIGURES_PERIOD_S', 0.0)
    monkeypatch.setattr(care_of_file, 'LOOK_PERIOD_NS', 0)         # a look is due then, too
    writer = home.start()
    for number in range(300):
        writer.put(fed(number))
    until(lambda: path.exists() and len(read(path)) == 300)

    def damage(store):                  # in the writer's thread: it counts next
        store._connection.execute('PRAGMA wal_checkpoint(TRUNCATE)')
        with open(path, 'rb+') as file:
            file.seek(4096)
            file.write(b'\xa5' * (os.path.getsize(path) - 4096))
        store._connection.execute('PRAGMA shrink_memory')      # what it has read of the file

    writer.ask(damage)
    until(lambda: any('is set aside' in text for text in home.said))
    until(lambda: not writer.trouble and writer.figures.get('events') is not None)
    assert not [text for text in home.said if 'Error' in text], home.said


def overwrite(path, how):
    """Make of a file what another program, or a broken disk, may make of it."""
    if how == 'gone':
        path.unlink()
        return
    size = path.stat().st_size
    with open(path, 'rb+') as file:
        file.write({'noise': os.urandom(size), 'zeros': b'\0' * size, 'cut': b''}[how])
        if how == 'cut':
            file.truncate(0)


@pytest.mark.parametrize('how', ['noise', 'zeros', 'cut', 'gone'])
def test_newest_pages_that_are_overwritten_are_noticed_and_nothing_is_lost(
        home, path, monkeypatch, how):
    """The writer had them in memory and said "writing", while no reader could open the diary."""
    monkeypatch.setattr(writer_module, 'FIGURES_PERIOD_S', 0.0)
    writer = home.start()
    for number in range(60):
        assert writer.put(fed(number)).wait(10.0) == 'database'
    overwrite(path.with_name(f'{path.name}-wal'), how)
    for number in range(60, 63):
        writer.put(fed(number))
    until(lambda: any('is set aside' in text for text in home.said))
    until(lambda: not writer.trouble and not writer.waiting
          and any('entries could be read' in text for text in home.said))
    assert set(read(path)) == {f'f-{number}' for number in range(63)}
    assert not list(path.parent.glob('*rescued*'))


def test_a_lock_of_another_program_is_no_damage_to_who_looks_anew(home, path, monkeypatch):
    monkeypatch.setattr(writer_module, 'FIGURES_PERIOD_S', 0.0)
    writer = home.start()
    assert writer.put(fed(0)).wait(10.0) == 'database'
    looked, look = [], DiaryStore.look_anew
    monkeypatch.setattr(DiaryStore, 'look_anew', lambda store: looked.append(look(store)))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute('BEGIN EXCLUSIVE')
        until(lambda: len(looked) > 3)
        other.execute('ROLLBACK')
    until(lambda: not writer.trouble)
    assert writer.put(fed(1)).wait(10.0) in ('database', 'queue')
    until(lambda: not writer.trouble and not writer.waiting)
    assert read(path) == ['f-0', 'f-1'] and not list(path.parent.glob('*damaged*'))


def test_a_damaged_diary_at_the_start_is_set_aside_and_entries_go_on(home, path):
    with DiaryStore(path) as store:
        for number in range(500):
            store.write([], [fed(number)])
    with open(path, 'rb+') as file:
        file.write(b'\0' * 100)
    writer = home.start()
    assert writer.put(fed(999)).wait(10.0) in ('database', 'queue')
    until(lambda: not writer.trouble and not writer.waiting)
    assert 'f-999' in read(path) and any('set aside' in text for text in home.said)


@pytest.mark.parametrize('options', ['size=200k', 'ro'])
def test_a_full_or_read_only_disk_is_said_and_survived(home, small_disk, fill, options):
    disk = small_disk('size=200k')
    if options == 'ro':
        subprocess.run(['mount', '-o', 'remount,ro', str(disk)], check=True)
    else:
        full = fill(disk)
    home.path = disk / 'diary.sqlite'
    writer = home.start()
    begun_s = time.monotonic()
    assert writer.put(fed(1)).wait(5.0) == '' and time.monotonic() - begun_s < 4.0
    until(lambda: 'cannot write the diary' in writer.trouble)
    assert writer.waiting == 1 and home.said
    with pytest.raises(OSError, match='cannot write the diary'):
        writer.ask(lambda store: store.newest_episode())
    if options == 'ro':
        subprocess.run(['mount', '-o', 'remount,rw', str(disk)], check=True)
    else:
        full.unlink()
    until(lambda: not writer.trouble and not writer.waiting)
    assert read(home.path) == ['f-1'] and writer.lost == 0
    writer.close()


def test_what_is_lost_is_counted_and_stands_in_the_diary(home, path, monkeypatch):
    monkeypatch.setattr(waiting_module, 'MOST_WAITING', 20)
    with DiaryStore(path):
        pass
    other = sqlite3.connect(path, isolation_level=None)
    other.execute('BEGIN EXCLUSIVE')
    writer = home.start()
    for number in range(30):
        writer.put(fed(number))
    writer.put(EpisodeRow('c', 'crib', NOW_NS, NOW_NS + NS))
    until(lambda: writer.lost == 11)
    other.execute('ROLLBACK')
    until(lambda: not writer.waiting and not writer.trouble)
    with DiaryStore(path) as store:
        assert len(store.episodes()) == 1
        note, = [row for row in store.events() if row['kind'] == 'note']
        assert '11 entries before this one were lost' in note['text']


def test_the_queues_file_is_bounded_and_nobody_elses(tmp_path, monkeypatch):
    monkeypatch.setattr(waiting_module, 'LARGEST_BYTES', 40_000)
    queue = QueueFile(tmp_path / 'queue')
    entries = [CareEntry(f'e-{n}', NOW_NS, 'note', text='x' * 400) for n in range(200)]
    assert queue.append(entries[:5]) and not queue.append(entries[5:100])
    assert queue.replace(entries) > 100
    assert os.path.getsize(queue.path) <= 40_000
    assert queue.path.stat().st_mode & 0o777 == 0o600
    queue.remove()
    victim = tmp_path / 'victim'
    victim.write_text('precious')
    queue.path.symlink_to(victim)
    with pytest.raises(OSError):
        queue.append(entries[:1])
    assert victim.read_text() == 'precious'
    queue.close()


@pytest.mark.parametrize('line', [
    '', '[]', '{}', '{"event": {}}', '{"thing": {"a": 1}}', '{"event": 3}',
    '{"event": {"event_id": 5, "stamp_ns": 1, "kind": "fed"}}',
    '{"event": {"event_id": "x", "stamp_ns": "1", "kind": "fed"}}',
    '{"episode": {"episode_id": "c", "curve": {}}}', '[' * 5000])
def test_a_line_that_is_no_entry_is_refused(line):
    with pytest.raises(ValueError):
        from_line(line)


def test_lines_carry_everything():
    curve = Curve()
    curve.add(0, 0.9, 0.4)
    for entry in (fed(3), AlertEntry('a', 'crib', 'c', 4, 1, 2, 'x', True, 'mum'),
                  EpisodeRow('c', 'crib', 1, 2, True, 'HUNGRY', 0.5, {'hungry': 0.5}, curve),
                  CareEntry('é\n\u2028', 1, 'rocking', cry_share_after=0.25)):
        assert from_line(to_line(entry)) == entry and '\n' not in to_line(entry)


def test_a_request_that_is_sent_again_is_the_same_event():
    assert request_id('k', 'fed', 'dad') == request_id('k', 'fed', 'dad')
    assert request_id('k', 'fed', 'dad') != request_id('k', 'changed', 'dad')
    assert request_id('', 'fed') != request_id('', 'fed')
