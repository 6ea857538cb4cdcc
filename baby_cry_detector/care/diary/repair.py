# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What happens to a diary that is damaged, and the copies from which it comes back.

A damaged file is moved aside, never deleted; a new one takes its place, filled with what can be
read of the old one and with what its newest copy has besides.
"""

from contextlib import closing
from datetime import datetime
import gzip
import json
import os
from pathlib import Path
import shutil
import sqlite3
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional

from baby_cry_detector.care.diary.place import FileLock
from baby_cry_detector.care.diary.schema import COLUMNS, complain, inspect, TABLES
from baby_cry_detector.care.diary.store import DamagedError, DiaryError, DiaryStore, Row

LOCK_TIMEOUT_S = 5.0
PAGES_AT_ONCE = 500
PAUSE_S = 0.01
COMPANIONS = ('', '-wal', '-shm', '-journal')
LONGEST_LINE = 10_000_000


class Recovered(NamedTuple):
    """What came out of a damaged diary."""

    aside: Path
    read: int
    from_copy: int
    copy: Optional[Path]

    def __str__(self) -> str:
        """Return a sentence for the log."""
        more = (f', {self.from_copy} more came from {self.copy.name}' if self.copy else
                ', there is no copy')
        return (f'the damaged diary stands in {self.aside}; {self.read} entries could be read'
                f'{more}')


def check(store: DiaryStore) -> None:
    """
    Read the whole file once.

    :raises DamagedError: if it contradicts itself.
    """
    said = store.rows('PRAGMA quick_check(1)')[0]
    if list(said.values()) != ['ok']:
        raise DamagedError(f'{store.path} is damaged: {next(iter(said.values()))}')


def is_ours(path: Path) -> bool:
    """Return whether what lies at a path was a diary once, whatever its content is now."""
    return any(path.with_name(path.name + end).exists() for end in ('.lock', '-wal')) or (
        backup_folder(path).is_dir())


def set_aside(path: Path, why: str = 'damaged') -> Path:
    """
    Move a diary and its companions out of the way, under a name with the date.

    :return: where it is now.
    :raises OSError: if somebody writes it, or it can't be moved.
    """
    with FileLock(path).held(True, LOCK_TIMEOUT_S):
        return _move_aside(path, why)


def _move_aside(path: Path, why: str) -> Path:
    aside = free_name(path, why)
    for end in COMPANIONS:
        try:
            os.rename(f'{path}{end}', f'{aside}{end}')
        except FileNotFoundError:
            pass
    return aside


def free_name(path: Path, why: str) -> Path:
    """Return a name beside a diary that nobody has: date, and a number where needed."""
    date = datetime.now().strftime('%Y-%m-%d')
    for number in range(1, 10_000):
        name = path.with_name(f'{path.name}.{why}-{date}' + (f'-{number}' if number > 1 else ''))
        if not any(os.path.lexists(f'{name}{end}') for end in COMPANIONS):
            return name
    raise OSError(f'there are 10000 files like {path}.{why}-{date}')


def recover(path: Path, rescued: Optional[Path] = None) -> Recovered:
    """
    Set a damaged diary aside, begin a new one, and bring back what can be brought back.

    :param rescued: what was in memory of it (see `rescue`); it is deleted afterwards.
    :raises OSError: if the disk is full, or others have the file.
    """
    aside = set_aside(path)
    with DiaryStore(path) as store:
        read = copy_entries(rescued, store) if rescued else 0
        read += copy_entries(aside, store)
        copy = newest_backup(path)
        from_copy = copy_entries(copy, store) if copy else 0
    if rescued:
        remove(rescued)
    return Recovered(aside, read, from_copy, copy)


def rescue(store: DiaryStore) -> Optional[Path]:
    """
    Copy what an open diary can still read, before it is closed.

    Closing writes its newest pages (`-wal`) into the file, whatever another program made of them.

    :return: a diary beside it; ``None``: nothing could be copied.
    """
    path = store.path.with_name(f'{store.path.name}.rescued')
    try:
        remove(path)
        with DiaryStore(path) as rescued:
            for table in TABLES:
                insert(rescued, table, readable_rows(store.salvage(), table))
    except (OSError, ValueError, sqlite3.Error):     # a full disk, say: the file itself is left
        return None
    return path


def remove(path: Path) -> None:
    """Remove a database and what belongs to it, if it is there."""
    for end in (*COMPANIONS, '.lock'):
        path.with_name(f'{path.name}{end}').unlink(missing_ok=True)


def copy_entries(source: Path, store: DiaryStore) -> int:
    """
    Add what can be read of a database to a diary that is open; what it has already stays.

    :return: how many entries were new.
    """
    try:
        connection = sqlite3.connect(str(source), isolation_level=None)
    except sqlite3.Error:
        return 0
    new = 0
    with closing(connection):
        connection.text_factory = lambda data: data.decode('utf-8', 'replace')
        connection.row_factory = sqlite3.Row
        try:                            # else a file that was cut off is not read at all
            connection.execute('PRAGMA writable_schema = ON')
        except sqlite3.Error:
            pass
        for table in TABLES:
            new += insert(store, table, readable_rows(connection, table))
    return new


def readable_rows(connection: sqlite3.Connection, table: str) -> Iterator[Row]:
    """Yield the rows of a table that can be read, around pages that can't; each at least once."""
    key, when = TABLES[table]
    clean = True
    for order in (key, f'{key} DESC'):
        try:
            for row in connection.execute(f'SELECT * FROM {table} ORDER BY {order}'):
                yield dict(row)
            break
        except sqlite3.Error:
            clean = False
    if clean:
        return
    try:                                # an index has all keys on pages of its own
        keys = [row[0] for row in connection.execute(
            f'SELECT {key} FROM {table} INDEXED BY {INDEX[table]} ORDER BY {when}')]
    except sqlite3.Error:
        return
    for value in keys:
        try:
            for row in connection.execute(f'SELECT * FROM {table} WHERE {key} = ?', (value,)):
                yield dict(row)
        except sqlite3.Error:
            continue


INDEX = {'episodes': 'episodes_by_onset', 'events': 'events_by_stamp',
         'alerts': 'alerts_by_start'}
# A row whose parts are of other kinds than these is damaged too.
NUMBERS = {'onset_ns', 'end_ns', 'open', 'stamp_ns', 'until_ns', 'start_ns', 'sequence',
           'priority', 'doubtful'}
MEASURES = {'confidence', 'intensity_mean', 'intensity_peak', 'cry_share_before',
            'cry_share_after', 'intensity_before', 'intensity_after'}

# What a file of an older version does not have.
ABSENT = {'doubtful': 0, 'confirmation': 'none'}


def sound_row(table: str, row: Row) -> Optional[List[Any]]:
    """Return the values of a row in the order of the columns; ``None`` if it is damaged."""
    values = []
    for name in COLUMNS[table]:
        value = row.get(name, ABSENT.get(name))
        if name == 'end_ns' and table == 'alerts' and value is None or (
                name in MEASURES and name != 'confidence' and value is None):
            pass
        elif name in NUMBERS:
            if type(value) is not int or not -2**63 <= value < 2**63:
                return None
        elif name in MEASURES:
            if type(value) not in (int, float):
                return None
        elif not isinstance(value, str):
            return None
        values.append(value)
    return values if values[0] else None


def insert(store: DiaryStore, table: str, rows: Iterable[Row]) -> int:
    """Add rows that a diary does not have yet; return how many. Few at once, so it stays short."""
    new = 0
    batch: List[List[Any]] = []
    marks = ','.join('?' * len(COLUMNS[table]))

    def write() -> int:
        with store.transaction() as connection:
            before = connection.total_changes
            connection.executemany(
                f'INSERT INTO {table} ({",".join(COLUMNS[table])}) VALUES ({marks}) '
                'ON CONFLICT DO NOTHING', batch)
            return connection.total_changes - before

    for row in rows:
        values = sound_row(table, row)
        if values is not None:
            batch.append(values)
        if len(batch) >= 500:
            new += write()
            batch.clear()
    return new + (write() if batch else 0)


# --- copies --------------------------------------------------------------------------------------
def backup_folder(path: Path) -> Path:
    """Return the folder of a diary's copies."""
    return path.with_name(f'{path.stem}_backups')


def backups(path: Path) -> List[Path]:
    """Return a diary's copies, oldest first; their numbers tell, whatever the clock said."""
    return sorted(backup_folder(path).glob('diary-??????-????-??-??.sqlite'))


def newest_backup(path: Path) -> Optional[Path]:
    """Return the newest copy that is whole, if there is one."""
    for copy in reversed(backups(path)):
        try:
            verify(copy)
            return copy
        except (OSError, ValueError):
            continue
    return None


def verify(copy: Path) -> None:
    """
    Check a copy.

    :raises DiaryError: if it is no diary, or of a later version.
    :raises OSError: if it is damaged or can't be read.
    """
    kind = inspect(copy)
    complain(copy, kind)
    if kind != 'diary':
        raise DiaryError(f'{copy} is no diary')
    with DiaryStore(copy, create=False, read_only=True) as store:
        check(store)


def back_up(store: DiaryStore, most: int) -> Optional[Path]:
    """
    Copy a diary that is in use; the oldest copies beyond the bound are removed.

    :param most: how many copies there may be.
    :return: the copy; ``None`` if nothing has changed since the newest one.
    :raises DamagedError: if what was copied contradicts itself: the diary is damaged.
    :raises OSError: if the disk has no room for it twice over.
    """
    folder = backup_folder(store.path)
    folder.mkdir(exist_ok=True, mode=0o700)
    there = backups(store.path)
    state = store.rows(' UNION ALL '.join(
        f'SELECT count(*) AS count, max({when}) AS newest FROM {table}'
        for table, (_, when) in TABLES.items()))
    if there and store.meta('backed_up') == [there[-1].name, *(list(r.values()) for r in state)]:
        check(store)
        return None
    if shutil.disk_usage(folder).free < 2 * store.used_bytes() + 10_000_000:
        raise OSError('the disk has no room for a copy of the diary')
    number = max((int(copy.name[6:12]) for copy in there if copy.name[6:12].isdigit()), default=0)
    copy = folder / f'diary-{number + 1:06d}-{datetime.now():%Y-%m-%d}.sqlite'
    new = copy.with_suffix('.new')
    new.unlink(missing_ok=True)
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with store._told(), closing(sqlite3.connect(new, isolation_level=None)) as target:
            store._connection.backup(target, pages=PAGES_AT_ONCE, sleep=PAUSE_S)
            target.execute('PRAGMA journal_mode = DELETE')      # one file, nothing beside it
            said = target.execute('PRAGMA quick_check(1)').fetchone()[0]
        if said != 'ok':
            raise DamagedError(f'{store.path} is damaged: {said}')
        os.replace(new, copy)
    finally:
        for end in COMPANIONS:
            Path(f'{new}{end}').unlink(missing_ok=True)
    store.keep_meta('backed_up', [copy.name, *(list(row.values()) for row in state)])
    for old in backups(store.path)[:-most]:
        old.unlink(missing_ok=True)
    return copy


def restore(path: Path, copy: Path) -> Path:
    """
    Put a copy in the diary's place; the present diary is moved aside.

    Nodes that have it open go on with the restored one.

    :return: where the present diary is now; ``path`` itself if there was none.
    :raises DiaryError: if the copy is no diary.
    :raises OSError: if it can't be read, or the disk is full; then nothing has changed.
    """
    verify(copy)
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(f'{path.name}.restored')
    new.unlink(missing_ok=True)
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        shutil.copyfile(copy, new)
        with open(new, 'rb+') as file:
            os.fsync(file.fileno())
        with FileLock(path).held(True, LOCK_TIMEOUT_S):
            aside = _move_aside(path, 'before-restore') if path.exists() else path
            os.rename(new, path)
    finally:
        new.unlink(missing_ok=True)
    return aside


def put_back(store: DiaryStore, file: Path) -> int:
    """
    Add what pruning took away; return how many entries were new.

    :param file: a ``removed-*.jsonl.gz``.
    :raises DiaryError: if it is no such file.
    """
    new = 0
    try:
        with gzip.open(file, 'rt', encoding='utf-8', errors='replace') as lines:
            batch: Dict[str, List[Row]] = {table: [] for table in TABLES}
            while line := lines.readline(LONGEST_LINE):
                try:
                    (table, row), = json.loads(line).items()
                    batch[table].append(row if isinstance(row, dict) else {})
                except (ValueError, KeyError, AttributeError, RecursionError):
                    raise DiaryError(f'{file} holds no entries of a diary') from None
                if sum(map(len, batch.values())) >= 500:
                    new += sum(insert(store, table, rows) for table, rows in batch.items())
                    batch = {table: [] for table in TABLES}
            new += sum(insert(store, table, rows) for table, rows in batch.items())
    except (EOFError, gzip.BadGzipFile) as error:
        raise DiaryError(f'{file} is cut off or no such file: {error}; {new} entries were put '
                         'back') from None
    return new
