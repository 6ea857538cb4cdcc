# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The diary on disk: SQLite, one file for all cribs of a household.

Safe against kill -9 and power cuts (write-ahead log, every transaction synchronised), readable by
others while it is written, 0600, bounded by age and size. What is heard and what was done are kept
apart: an episode's label and who acknowledged it are the newest and first such *events*.
"""

from contextlib import contextmanager
import json
import os
from pathlib import Path
import sqlite3
from typing import (Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple,
                    Union)

from baby_cry_detector.care.diary.place import FileLock
from baby_cry_detector.care.diary.rows import (AlertEntry, CareEntry, Curve, EpisodeRow,
                                               LONGEST_TEXT)
from baby_cry_detector.care.diary.schema import (ALERT_COLUMNS, complain, DamagedError, DiaryError,
                                                 EPISODE_COLUMNS, EVENT_COLUMNS, inspect,
                                                 mend_modes, prepare, TABLES)

BUSY_TIMEOUT_S = 5.0
FOREVER_NS = 2**63 - 1
Value = Union[None, int, float, str]
Row = Dict[str, Any]                # by column; what SQLite and JSON give back
__all__ = ['DamagedError', 'DiaryError', 'DiaryStore', 'FOREVER_NS', 'Row']


# What SQLite says of a `-wal` that is gone, or shorter than it was.
CUT_OFF = 'disk I/O error'
# A schema that another program has changed under us.
LOST = ('no such table', 'no such column', 'table episodes has', 'table events has',
        'table alerts has')


def _insert(table: str, columns: Sequence[str], conflict: str) -> str:
    return (f'INSERT INTO {table} ({",".join(columns)}) VALUES '
            f'({",".join("?" * len(columns))}) ON CONFLICT {conflict}')


# An episode that is written again is the newer state; an event is what it was; an alert grows.
WRITE_EPISODE = _insert('episodes', EPISODE_COLUMNS, '(episode_id) DO UPDATE SET ' + ', '.join(
    f'{name} = excluded.{name}' for name in EPISODE_COLUMNS
    if name not in ('episode_id', 'crib_id', 'onset_ns', 'doubtful'))
    + ', doubtful = max(doubtful, excluded.doubtful)')
WRITE_EVENT = _insert('events', EVENT_COLUMNS, 'DO NOTHING')
WRITE_ALERT = _insert('alerts', ALERT_COLUMNS, (
    '(alert_id) DO UPDATE SET end_ns = coalesce(excluded.end_ns, end_ns), sequence = '
    'max(sequence, excluded.sequence), priority = max(priority, excluded.priority), text = '
    "excluded.text, acknowledged_by = CASE WHEN acknowledged_by = '' THEN "
    'excluded.acknowledged_by ELSE acknowledged_by END'))


class DiaryStore:
    """
    A diary that is open.

    Any number of processes may have it open; what is written by key (`episode_id`, `event_id`,
    `alert_id`) exists once, however often it is written.

    :param path: the file; it and its folder are made, readable by this user alone.
    :param create: False to raise instead where there is none.
    :param read_only: nothing is made, changed or mended.
    :param busy_timeout_s: how long others are waited for.
    :raises DiaryError: if the file is something else, or of a later version.
    :raises DamagedError: if it is a diary that can't be read; see `repair`.
    :raises OSError: if it can't be opened or made; `sqlite3.OperationalError` becomes one.
    """

    def __init__(self, path: Union[str, Path], create: bool = True, read_only: bool = False,
                 busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        """Open, and make the tables."""
        # A link is followed once: what is made beside the file lies where the file lies.
        self.path = Path(os.path.realpath(Path(path).expanduser()))
        self.read_only = read_only
        self.mode_trouble = ''
        self._busy_timeout_s = busy_timeout_s
        self._lock = FileLock(self.path)
        kind = inspect(self.path)
        if kind == 'none' and (read_only or not create):
            raise FileNotFoundError(f'there is no diary at {self.path}')
        complain(self.path, kind)
        if read_only:
            self._open()
            return
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock.held(False, busy_timeout_s):
            self._open()
        try:
            mend_modes(self.path)
        except OSError as error:
            self.mode_trouble = f'others may read the diary: {error}'

    def _open(self) -> None:
        if not self.read_only and not self.path.exists():
            # SQLite gives its two companions (-wal, -shm) the rights of this file. Those of a
            # file that was removed by hand do not belong to the one that is made now.
            for end in ('-wal', '-shm'):
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        with self._told():
            mode = '?mode=ro' if self.read_only else ''
            self._connection = sqlite3.connect(
                f'{self.path.as_uri()}{mode}', uri=True, timeout=self._busy_timeout_s,
                isolation_level=None, check_same_thread=False)
            # A byte that is no UTF-8 any more must not hide the rest.
            self._connection.text_factory = lambda data: data.decode('utf-8', 'replace')
            try:
                prepare(self._connection, self.path, self.read_only)
            except BaseException:
                self._connection.close()
                raise
        self._file = self._present_file()

    def _present_file(self) -> Optional[Tuple[int, int]]:
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what SQLite raises into `OSError`, a damaged file into `DamagedError`."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if str(error).startswith(LOST):    # another program took it away: it never comes back
                raise DamagedError(f'{self.path} is damaged: {error}') from None
            raise OSError(f'{self.path}: {error}') from None
        except sqlite3.DatabaseError as error:
            raise DamagedError(f'{self.path} is damaged: {error}') from None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """
        Give the connection for a block that is written as a whole or, if it fails, not at all.

        The file that the path names now is written: one that was put in its place is opened, one
        that was removed is made anew.

        :raises OSError: if the disk is full or broken, or others lock the file for too long.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock.held(False, self._busy_timeout_s):
            if self._present_file() != self._file:
                self._connection.close()
                self._open()
            with self._told():
                try:
                    self._connection.execute('BEGIN IMMEDIATE')
                    yield self._connection
                    self._connection.execute('COMMIT')
                except BaseException:
                    self._roll_back()
                    raise

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute('ROLLBACK')
            except sqlite3.Error:
                pass                    # SQLite had rolled back by itself

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> 'DiaryStore':
        """Return the open diary."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    # --- writing ---------------------------------------------------------------------------------
    def write(self, episodes: Iterable[EpisodeRow] = (), events: Iterable[CareEntry] = (),
              alerts: Iterable[AlertEntry] = (),
              is_doubtful: Callable[[int], bool] = lambda stamp_ns: False
              ) -> None:
        """
        Write all of it or, if that fails, nothing.

        What is stored of an episode and not in the row given stays: a restart in the middle loses
        nothing of its beginning.

        :param is_doubtful: says of a stamp whether it was made by a clock that is wrong.
        :raises OSError: see `transaction`.
        """
        with self.transaction() as connection:
            run = connection.execute
            for row in episodes:
                # A crib cries once at a time: what a crash left open is over.
                run('UPDATE episodes SET open = 0 WHERE open = 1 AND crib_id = ? AND '
                    'onset_ns < ?', (row.crib_id, row.onset_ns))
                stored = self.stored_row(row.episode_id)
                whole = row if stored is None else row.joined(stored)
                run(WRITE_EPISODE, (
                    row.episode_id, row.crib_id, whole.onset_ns, whole.end_ns, int(row.open),
                    whole.need, whole.confidence, _rounded(whole.intensity_mean),
                    _rounded(whole.intensity_peak), _json(whole.labels),
                    _json(whole.curve.to_document()), int(is_doubtful(row.onset_ns)),
                    whole.confirmation))
            for entry in events:
                run(WRITE_EVENT, [*(_rounded(getattr(entry, name)) for name in EVENT_COLUMNS
                                    if name != 'doubtful'), int(is_doubtful(entry.stamp_ns))])
            for alert in alerts:
                run(WRITE_ALERT, (
                    alert.alert_id, alert.crib_id, alert.episode_id, alert.stamp_ns,
                    alert.stamp_ns if alert.ended else None, alert.sequence, alert.priority,
                    alert.text[:LONGEST_TEXT], alert.acknowledged_by,
                    int(is_doubtful(alert.stamp_ns))))

    def keep_meta(self, name: str, value: object) -> None:
        """Keep a small JSON value about the diary as a whole."""
        with self.transaction() as connection:
            connection.execute('INSERT OR REPLACE INTO meta VALUES (?, ?)', (name, _json(value)))

    def meta(self, name: str, default: Any = None) -> Any:
        """Return what `keep_meta` kept; the default if there is nothing that can be read."""
        try:
            rows = self.rows('SELECT value FROM meta WHERE name = ?', (name,))
        except OSError:
            return default              # a file of version 1 that is only read
        return _decoded(rows[0]['value'], default) if rows else default

    # --- reading ---------------------------------------------------------------------------------
    def each(self, query: str, values: Sequence[Value] = ()) -> Iterator[Row]:
        """Yield rows as dictionaries, one at a time in memory."""
        with self._told():
            cursor = self._connection.execute(query, values)
            names = [column[0] for column in cursor.description]
            for row in cursor:
                yield dict(zip(names, row))

    def rows(self, query: str, values: Sequence[Value] = ()) -> List[Row]:
        """Return all rows of a query."""
        return list(self.each(query, values))

    def each_episode(self, since_ns: int = 0, until_ns: int = FOREVER_NS) -> Iterator[Row]:
        """
        Yield the episodes that touch a time, oldest first.

        Columns of the table and of the view `diary`; ``labels`` and ``curve`` are decoded, and
        ``None`` where they can't be.
        """
        for row in self.each('SELECT * FROM diary WHERE end_ns >= ? AND onset_ns < ? '
                             'ORDER BY onset_ns', (since_ns, until_ns)):
            row['labels'] = _decoded(row['labels'], {})
            row['curve'] = _curve_document(row['curve'])
            row['open'] = bool(row['open'])
            yield row

    def episodes(self, since_ns: int = 0, until_ns: int = FOREVER_NS) -> List[Row]:
        """Return what `each_episode` yields."""
        return list(self.each_episode(since_ns, until_ns))

    def each_event(self, since_ns: int = 0, until_ns: int = FOREVER_NS) -> Iterator[Row]:
        """Yield what was done in a time, oldest first."""
        return self.each('SELECT * FROM events WHERE stamp_ns >= ? AND stamp_ns < ? '
                         'ORDER BY stamp_ns', (since_ns, until_ns))

    def events(self, since_ns: int = 0, until_ns: int = FOREVER_NS) -> List[Row]:
        """Return what `each_event` yields."""
        return list(self.each_event(since_ns, until_ns))

    def alerts(self, since_ns: int = 0, until_ns: int = FOREVER_NS) -> List[Row]:
        """Return the alerts that began in a time, oldest first."""
        return self.rows('SELECT * FROM alerts WHERE start_ns >= ? AND start_ns < ? '
                         'ORDER BY start_ns', (since_ns, until_ns))

    def about(self, table: str, episode_id: str) -> List[Row]:
        """Return the ``'events'`` or ``'alerts'`` of an episode, oldest first, 5000 at most."""
        when = {'events': 'stamp_ns', 'alerts': 'start_ns'}[table]
        return self.rows(f'SELECT * FROM {table} WHERE episode_id = ? ORDER BY {when} '
                         'LIMIT 5000', (episode_id,))

    def newest_episode(self, crib_id: Optional[str] = None) -> Optional[str]:
        """Return the name of the newest episode, of one crib or of any."""
        where = '' if crib_id is None else 'WHERE crib_id = ?'
        rows = self.rows(f'SELECT episode_id FROM episodes {where} ORDER BY onset_ns DESC '
                         'LIMIT 1', () if crib_id is None else (crib_id,))
        return rows[0]['episode_id'] if rows else None

    def crib_of(self, episode_id: str) -> Optional[str]:
        """Return whose episode that is; ``None`` if there is none of that name."""
        rows = self.rows('SELECT crib_id FROM episodes WHERE episode_id = ?', (episode_id,))
        return rows[0]['crib_id'] if rows else None

    def cribs(self) -> List[str]:
        """Return the cribs that episodes are of, by name."""
        return [row['crib_id'] for row in self.rows(
            'SELECT DISTINCT crib_id FROM episodes ORDER BY crib_id')]

    def stored_row(self, episode_id: str) -> Optional[EpisodeRow]:
        """Return an episode as it is stored, without a curve that is broken; None if absent."""
        rows = self.rows('SELECT * FROM episodes WHERE episode_id = ?', (episode_id,))
        if not rows:
            return None
        row = rows[0]
        document = _curve_document(row['curve'])
        return EpisodeRow(
            row['episode_id'], row['crib_id'], row['onset_ns'], row['end_ns'], bool(row['open']),
            row['need'], row['confidence'], _decoded(row['labels'], {}),
            Curve() if document is None else Curve.from_document(document),
            row.get('confirmation', 'none'))

    def used_bytes(self) -> int:
        """Return how much of the file is in use."""
        with self._told():
            pages, free, size = (int(self._connection.execute(f'PRAGMA {name}').fetchone()[0])
                                 for name in ('page_count', 'freelist_count', 'page_size'))
        return (pages - free) * size

    def look_anew(self) -> None:
        """
        Read what somebody would read who opened the file now.

        This connection has in memory what it wrote: where another program overwrote the newest
        pages (`-wal`), nobody else can read them any more.

        :raises DamagedError: if that can't be read; not if somebody locks it.
        """
        # Not another `DiaryStore`: it would read the file's beginning by itself, and closing
        # that, this process loses the locks of this connection.
        connection = sqlite3.connect(f'{self.path.as_uri()}?mode=ro', uri=True,
                                     timeout=self._busy_timeout_s, isolation_level=None)
        try:
            for table in TABLES:
                connection.execute(f'SELECT count(*) FROM {table}').fetchone()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and not str(error).startswith(
                    (*LOST, CUT_OFF)):
                return                         # locked, say
            raise DamagedError(f'{self.path} is damaged: nobody who opens it now can read it '
                               f'({error})') from None
        finally:
            connection.close()

    def salvage(self) -> sqlite3.Connection:
        """Return the connection, to read what it still has; close it then."""
        self._connection.row_factory = sqlite3.Row
        return self._connection

    def figures(self) -> Row:
        """Return how much there is, for diagnostics."""
        counts = self.rows('SELECT (SELECT count(*) FROM episodes) AS episodes, '
                           '(SELECT count(*) FROM events) AS events, '
                           '(SELECT count(*) FROM alerts) AS alerts')[0]
        return {**counts, 'size_mb': round(self.used_bytes() / 1e6, 2)}


def _json(value: object) -> str:
    return json.dumps(value, separators=(',', ':'), ensure_ascii=False)


def _decoded(text: Any, default: Any) -> Any:
    try:
        value = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return default
    return value if default is None or isinstance(value, type(default)) else default


def _curve_document(text: Any) -> Optional[Row]:
    document: Row = _decoded(text, {})
    try:
        Curve.from_document(document)
    except ValueError:
        return None
    return document


def _rounded(value: Value) -> Value:
    return round(value, 4) if isinstance(value, float) else value
