# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The diary on disk: SQLite, one file for all cribs of a household.

Safe against kill -9 and power cuts (write-ahead log, every transaction synchronised), readable by
others while it is written, 0600, bounded by age and size. What is heard and what was done are kept
apart: an episode's label and who acknowledged it are the newest and first such *events*.
"""

import json
import os
from pathlib import Path
import sqlite3
from typing import Iterable, List, Optional

from baby_cry_detector.care.diary.rows import (
    AlertEntry, CareEntry, Curve, EpisodeRow, LONGEST_TEXT)
from baby_cry_detector.units import DAY_NS

SCHEMA_VERSION = 1
APPLICATION_ID = 0x62637279         # "bcry": this file is a diary
BUSY_TIMEOUT_S = 5.0
EVENT_COLUMNS = ('event_id', 'stamp_ns', 'kind', 'crib_id', 'phase', 'action_id', 'who',
                 'episode_id', 'text', 'label', 'until_ns', 'cry_share_before', 'cry_share_after',
                 'intensity_before', 'intensity_after')

SCHEMA = """
CREATE TABLE episodes (
    episode_id TEXT PRIMARY KEY, crib_id TEXT NOT NULL, onset_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL, open INTEGER NOT NULL, need TEXT NOT NULL, confidence REAL NOT NULL,
    intensity_mean REAL, intensity_peak REAL, labels TEXT NOT NULL, curve TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX episodes_by_onset ON episodes (onset_ns);
CREATE INDEX open_episodes ON episodes (crib_id, onset_ns) WHERE open = 1;
CREATE TABLE events (
    event_id TEXT PRIMARY KEY, stamp_ns INTEGER NOT NULL, kind TEXT NOT NULL,
    crib_id TEXT NOT NULL, phase TEXT NOT NULL, action_id TEXT NOT NULL, who TEXT NOT NULL,
    episode_id TEXT NOT NULL, text TEXT NOT NULL, label TEXT NOT NULL, until_ns INTEGER NOT NULL,
    cry_share_before REAL, cry_share_after REAL, intensity_before REAL, intensity_after REAL
) WITHOUT ROWID;
CREATE INDEX events_by_stamp ON events (stamp_ns);
CREATE INDEX events_by_episode ON events (episode_id, kind);
CREATE TABLE alerts (
    alert_id TEXT PRIMARY KEY, crib_id TEXT NOT NULL, episode_id TEXT NOT NULL,
    start_ns INTEGER NOT NULL, end_ns INTEGER, sequence INTEGER NOT NULL,
    priority INTEGER NOT NULL, text TEXT NOT NULL, acknowledged_by TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX alerts_by_episode ON alerts (episode_id);
CREATE INDEX alerts_by_start ON alerts (start_ns);
CREATE VIEW diary AS SELECT *,
    (SELECT label FROM events v WHERE v.episode_id = e.episode_id AND kind = 'labelled'
     ORDER BY stamp_ns DESC LIMIT 1) AS label,
    (SELECT who FROM events v WHERE v.episode_id = e.episode_id AND kind = 'labelled'
     ORDER BY stamp_ns DESC LIMIT 1) AS labelled_by,
    (SELECT who FROM events v WHERE v.episode_id = e.episode_id AND kind = 'acknowledged'
     ORDER BY stamp_ns LIMIT 1) AS acknowledged_by,
    (SELECT stamp_ns FROM events v WHERE v.episode_id = e.episode_id AND kind = 'acknowledged'
     ORDER BY stamp_ns LIMIT 1) AS acknowledged_ns
FROM episodes e;
"""


class DiaryError(ValueError):
    """The file is no diary that can be used; says why and what to do."""


class DiaryStore:
    """
    A diary that is open.

    Any number of processes may have it open; what is written by key (`episode_id`, `event_id`,
    `alert_id`) exists once, however often it is written.

    :param path: the file; it and its folder are made, readable by this user alone.
    :param create: False to raise instead where there is none.
    :raises DiaryError: if the file is something else, or of a later version.
    :raises OSError: if it can't be opened or made; `sqlite3.OperationalError` becomes one.
    """

    def __init__(self, path, create: bool = True):
        """Open, and make the tables."""
        self.path = Path(path).expanduser()
        if not self.path.exists():
            if not create:
                raise FileNotFoundError(f'there is no diary at {self.path}')
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # SQLite gives its two companions (-wal, -shm) the rights of this file.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        try:
            self._connection = sqlite3.connect(
                self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        except sqlite3.OperationalError as error:
            raise OSError(f'{self.path}: {error}') from None
        try:
            self._prepare()
        except sqlite3.OperationalError as error:
            self.close()
            raise OSError(f'{self.path}: {error}') from None
        except sqlite3.DatabaseError as error:
            self.close()
            raise DiaryError(f'{self.path} is no diary ({error}); move it away') from None
        except DiaryError:
            self.close()
            raise

    def _prepare(self):
        run = self._connection.execute
        version = run('PRAGMA user_version').fetchone()[0]
        owner = run('PRAGMA application_id').fetchone()[0]
        tables = run('SELECT count(*) FROM sqlite_master').fetchone()[0]
        if tables and owner != APPLICATION_ID:
            raise DiaryError(f'{self.path} is a database of something else; name another file')
        if version > SCHEMA_VERSION:
            raise DiaryError(f'{self.path} has version {version}, this program knows '
                             f'{SCHEMA_VERSION}: it was written by a later one')
        if not tables:
            run('PRAGMA auto_vacuum = INCREMENTAL')      # before the first table
        run('PRAGMA journal_mode = WAL')
        run('PRAGMA synchronous = FULL')
        run('PRAGMA journal_size_limit = 1000000')
        if not tables:
            try:
                self._connection.executescript(
                    f'BEGIN IMMEDIATE; {SCHEMA} PRAGMA application_id = {APPLICATION_ID}; '
                    f'PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;')
            except sqlite3.OperationalError:
                self._roll_back()
                # Two that start together: one of them makes the tables.
                if run('PRAGMA application_id').fetchone()[0] != APPLICATION_ID:
                    raise

    def _roll_back(self):
        if self._connection.in_transaction:
            try:
                self._connection.execute('ROLLBACK')
            except sqlite3.OperationalError:
                pass                    # SQLite had rolled back by itself

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> 'DiaryStore':
        """Return the open diary."""
        return self

    def __exit__(self, *_) -> None:
        """Close the file."""
        self.close()

    # --- writing ---------------------------------------------------------------------------------
    def write(self, episodes: Iterable[EpisodeRow] = (), events: Iterable[CareEntry] = (),
              alerts: Iterable[AlertEntry] = ()) -> None:
        """
        Write all of it or, if that fails, nothing.

        :raises OSError: if the disk is full or broken, or others lock the file for too long.
        """
        run = self._connection.execute
        try:
            run('BEGIN IMMEDIATE')
            for row in episodes:
                # A crib cries once at a time: what a crash left open is over.
                run('UPDATE episodes SET open = 0 WHERE open = 1 AND crib_id = ? AND '
                    'onset_ns < ?', (row.crib_id, row.onset_ns))
                run('INSERT INTO episodes VALUES (?,?,?,?,?,?,?,?,?,?,?) '
                    'ON CONFLICT (episode_id) DO UPDATE SET end_ns = max(end_ns, excluded.end_ns),'
                    ' open = excluded.open, need = excluded.need, confidence = '
                    'excluded.confidence, intensity_mean = excluded.intensity_mean, '
                    'intensity_peak = excluded.intensity_peak, labels = excluded.labels, '
                    'curve = excluded.curve',
                    (row.episode_id, row.crib_id, row.onset_ns, row.end_ns, int(row.open),
                     row.need, row.confidence, _rounded(row.intensity_mean),
                     _rounded(row.intensity_peak), _json(row.labels),
                     _json(row.curve.to_document())))
            marks = ','.join('?' * len(EVENT_COLUMNS))
            for entry in events:
                run(f'INSERT OR IGNORE INTO events ({",".join(EVENT_COLUMNS)}) VALUES ({marks})',
                    [_rounded(getattr(entry, name)) for name in EVENT_COLUMNS])
            for alert in alerts:
                run('INSERT INTO alerts VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (alert_id) DO '
                    'UPDATE SET end_ns = coalesce(excluded.end_ns, end_ns), sequence = '
                    'max(sequence, excluded.sequence), priority = max(priority, '
                    'excluded.priority), text = excluded.text, acknowledged_by = CASE WHEN '
                    "acknowledged_by = '' THEN excluded.acknowledged_by ELSE acknowledged_by END",
                    (alert.alert_id, alert.crib_id, alert.episode_id, alert.stamp_ns,
                     alert.stamp_ns if alert.ended else None, alert.sequence, alert.priority,
                     alert.text[:LONGEST_TEXT], alert.acknowledged_by))
            run('COMMIT')
        except sqlite3.Error as error:
            self._roll_back()
            raise OSError(f'{self.path}: {error}') from None
        except BaseException:
            self._roll_back()
            raise

    def prune(self, now_ns: int, keep_days: float, largest_mb: float) -> int:
        """
        Forget what is older than ``keep_days``, then the oldest until the file is small enough.

        :param largest_mb: of the file, in 10⁶ bytes.
        :return: how many episodes were forgotten.
        :raises OSError: if the file can't be written.
        """
        run = self._connection.execute
        try:
            forgotten = self._forget_before(now_ns - round(keep_days * DAY_NS))
            while self._used_bytes() > largest_mb * 1e6:
                oldest = run('SELECT stamp_ns FROM (SELECT onset_ns AS stamp_ns FROM episodes '
                             'UNION ALL SELECT stamp_ns FROM events UNION ALL SELECT start_ns '
                             'FROM alerts) ORDER BY stamp_ns').fetchall()
                if not oldest:
                    break
                forgotten += self._forget_before(oldest[len(oldest) // 10][0] + 1)
            # One step gives one page back; a script steps to the end.
            self._connection.executescript('PRAGMA incremental_vacuum;')
            return forgotten
        except sqlite3.Error as error:
            self._roll_back()
            raise OSError(f'{self.path}: {error}') from None

    def _forget_before(self, limit_ns: int) -> int:
        run = self._connection.execute
        run('BEGIN IMMEDIATE')
        episodes = run('DELETE FROM episodes WHERE onset_ns < ?', (limit_ns,)).rowcount
        run('DELETE FROM events WHERE stamp_ns < ?', (limit_ns,))
        run('DELETE FROM alerts WHERE start_ns < ?', (limit_ns,))
        run('COMMIT')
        return episodes

    def _used_bytes(self) -> int:
        run = self._connection.execute
        pages, free, size = (run(f'PRAGMA {name}').fetchone()[0]
                             for name in ('page_count', 'freelist_count', 'page_size'))
        return (pages - free) * size

    # --- reading ---------------------------------------------------------------------------------
    def _rows(self, query: str, values=()) -> List[dict]:
        try:
            cursor = self._connection.execute(query, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor]
        except sqlite3.Error as error:
            raise OSError(f'{self.path}: {error}') from None

    def episodes(self, since_ns: int = 0, until_ns: int = 2**63 - 1) -> List[dict]:
        """
        Return the episodes that touch a time, oldest first.

        Columns of the table and of the view `diary`; ``labels`` and ``curve`` are decoded.
        """
        rows = self._rows('SELECT * FROM diary WHERE end_ns >= ? AND onset_ns < ? '
                          'ORDER BY onset_ns', (since_ns, until_ns))
        for row in rows:
            row['labels'], row['curve'] = json.loads(row['labels']), json.loads(row['curve'])
            row['open'] = bool(row['open'])
        return rows

    def events(self, since_ns: int = 0, until_ns: int = 2**63 - 1) -> List[dict]:
        """Return what was done in a time, oldest first."""
        return self._rows('SELECT * FROM events WHERE stamp_ns >= ? AND stamp_ns < ? '
                          'ORDER BY stamp_ns', (since_ns, until_ns))

    def alerts(self, since_ns: int = 0, until_ns: int = 2**63 - 1) -> List[dict]:
        """Return the alerts that began in a time, oldest first."""
        return self._rows('SELECT * FROM alerts WHERE start_ns >= ? AND start_ns < ? '
                          'ORDER BY start_ns', (since_ns, until_ns))

    def newest_episode(self, crib_id: Optional[str] = None) -> Optional[str]:
        """Return the name of the newest episode, of one crib or of any."""
        where, values = ('', ()) if crib_id is None else ('WHERE crib_id = ?', (crib_id,))
        rows = self._rows(f'SELECT episode_id FROM episodes {where} ORDER BY onset_ns DESC '
                          'LIMIT 1', values)
        return rows[0]['episode_id'] if rows else None

    def has_episode(self, episode_id: str) -> bool:
        """Return whether there is an episode of that name."""
        return bool(self._rows('SELECT 1 FROM episodes WHERE episode_id = ?', (episode_id,)))

    def stored_row(self, episode_id: str) -> Optional[EpisodeRow]:
        """Return an episode as `EpisodeBook` resumes it; ``None`` if there is none."""
        rows = self._rows('SELECT * FROM episodes WHERE episode_id = ?', (episode_id,))
        if not rows:
            return None
        row = rows[0]
        return EpisodeRow(
            row['episode_id'], row['crib_id'], row['onset_ns'], row['end_ns'], bool(row['open']),
            row['need'], row['confidence'], json.loads(row['labels']),
            Curve.from_document(json.loads(row['curve'])))

    def figures(self) -> dict:
        """Return how much there is, for diagnostics."""
        counts = self._rows('SELECT (SELECT count(*) FROM episodes) AS episodes, '
                            '(SELECT count(*) FROM events) AS events, '
                            '(SELECT count(*) FROM alerts) AS alerts')[0]
        return {**counts, 'size_mb': round(self._used_bytes() / 1e6, 2)}


def _json(value) -> str:
    return json.dumps(value, separators=(',', ':'), ensure_ascii=False)


def _rounded(value):
    return round(value, 4) if isinstance(value, float) else value
