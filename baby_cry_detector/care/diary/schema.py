# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The tables of the diary, what kind of file lies at a path, and the steps from older ones."""

import os
from pathlib import Path
import sqlite3
from typing import Union

SCHEMA_VERSION = 3
APPLICATION_ID = 0x62637279         # "bcry": this file is a diary
MAGIC = b'SQLite format 3\0'
TABLES = {'episodes': ('episode_id', 'onset_ns'), 'events': ('event_id', 'stamp_ns'),
          'alerts': ('alert_id', 'start_ns')}      # table: (key, when)

EPISODE_COLUMNS = ('episode_id', 'crib_id', 'onset_ns', 'end_ns', 'open', 'need', 'confidence',
                   'intensity_mean', 'intensity_peak', 'labels', 'curve', 'doubtful',
                   'confirmation')
EVENT_COLUMNS = ('event_id', 'stamp_ns', 'kind', 'crib_id', 'phase', 'action_id', 'who',
                 'episode_id', 'text', 'label', 'until_ns', 'cry_share_before', 'cry_share_after',
                 'intensity_before', 'intensity_after', 'doubtful')
ALERT_COLUMNS = ('alert_id', 'crib_id', 'episode_id', 'start_ns', 'end_ns', 'sequence',
                 'priority', 'text', 'acknowledged_by', 'doubtful')
COLUMNS = {'episodes': EPISODE_COLUMNS, 'events': EVENT_COLUMNS, 'alerts': ALERT_COLUMNS}

SCHEMA = """
CREATE TABLE episodes (
    episode_id TEXT PRIMARY KEY, crib_id TEXT NOT NULL, onset_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL, open INTEGER NOT NULL, need TEXT NOT NULL, confidence REAL NOT NULL,
    intensity_mean REAL, intensity_peak REAL, labels TEXT NOT NULL, curve TEXT NOT NULL,
    doubtful INTEGER NOT NULL DEFAULT 0, confirmation TEXT NOT NULL DEFAULT 'none'
) WITHOUT ROWID;
CREATE INDEX episodes_by_onset ON episodes (onset_ns);
CREATE INDEX open_episodes ON episodes (crib_id, onset_ns) WHERE open = 1;
CREATE TABLE events (
    event_id TEXT PRIMARY KEY, stamp_ns INTEGER NOT NULL, kind TEXT NOT NULL,
    crib_id TEXT NOT NULL, phase TEXT NOT NULL, action_id TEXT NOT NULL, who TEXT NOT NULL,
    episode_id TEXT NOT NULL, text TEXT NOT NULL, label TEXT NOT NULL, until_ns INTEGER NOT NULL,
    cry_share_before REAL, cry_share_after REAL, intensity_before REAL, intensity_after REAL,
    doubtful INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX events_by_stamp ON events (stamp_ns);
CREATE INDEX events_by_episode ON events (episode_id, kind);
CREATE TABLE alerts (
    alert_id TEXT PRIMARY KEY, crib_id TEXT NOT NULL, episode_id TEXT NOT NULL,
    start_ns INTEGER NOT NULL, end_ns INTEGER, sequence INTEGER NOT NULL,
    priority INTEGER NOT NULL, text TEXT NOT NULL, acknowledged_by TEXT NOT NULL,
    doubtful INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX alerts_by_episode ON alerts (episode_id);
CREATE INDEX alerts_by_start ON alerts (start_ns);
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
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
FROM_VERSION_2 = """
ALTER TABLE episodes ADD COLUMN confirmation TEXT NOT NULL DEFAULT 'none';
"""
FROM_VERSION_1 = """
ALTER TABLE episodes ADD COLUMN doubtful INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN doubtful INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN doubtful INTEGER NOT NULL DEFAULT 0;
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
""" + FROM_VERSION_2
STEPS = {1: FROM_VERSION_1, 2: FROM_VERSION_2}


class DiaryError(ValueError):
    """The file is no diary that can be used; says why and what to do."""


class DamagedError(OSError):
    """The file is a diary, and parts of it can't be read any more."""


def inspect(path: Union[str, Path]) -> str:
    """
    Return what lies at a path, from its first bytes alone.

    :return: ``'none'``, ``'empty'``, ``'diary'``, ``'later'`` (of a version to come),
        ``'foreign'`` (another program's database) or ``'garbage'`` (no database at all).
    :raises OSError: if it can't be read.
    """
    path = Path(path)
    try:
        if path.stat().st_size == 0:
            return 'empty'
        with open(path, 'rb') as file:
            head = file.read(100)
    except FileNotFoundError:
        return 'none'
    if len(head) < 100 or not head.startswith(MAGIC):
        return 'garbage'
    version = int.from_bytes(head[60:64], 'big')
    if int.from_bytes(head[68:72], 'big') == APPLICATION_ID:
        return 'later' if version > SCHEMA_VERSION else 'diary'
    # A diary that was being made when the power went has its first page in the log.
    return 'empty' if int.from_bytes(head[28:32], 'big') <= 1 else 'foreign'


def complain(path: Path, kind: str) -> None:
    """
    Raise what speaks against using the file at a path.

    :param kind: as `inspect` says.
    :raises DiaryError: for what must be left alone.
    """
    if kind == 'foreign':
        raise DiaryError(f'{path} is a database of something else; name another file')
    if kind == 'later':
        raise DiaryError(f'{path} was written by a later version of this program, which knows '
                         f'more than version {SCHEMA_VERSION}; update, or name another file')
    if kind == 'garbage':
        raise DiaryError(f'{path} is no diary; move it away, or name another file')


def prepare(connection: sqlite3.Connection, path: Path, read_only: bool) -> None:
    """
    Make the tables, or bring them to the present version, unless it is only read.

    :raises DiaryError: if the file is something else, or of a later version.
    :raises sqlite3.Error: as SQLite does.
    """
    run = connection.execute
    # In this order: who makes them at this moment makes the tables and gives them their owner in
    # one step, so an owner that is looked at later is theirs.
    tables = run('SELECT count(*) FROM sqlite_master').fetchone()[0]
    owner = run('PRAGMA application_id').fetchone()[0]
    version = run('PRAGMA user_version').fetchone()[0]
    if tables and owner != APPLICATION_ID:
        complain(path, 'foreign')
    if version > SCHEMA_VERSION:
        complain(path, 'later')
    if read_only:
        if not tables:
            raise DiaryError(f'{path} is an empty file')
        return
    if not tables:
        run('PRAGMA auto_vacuum = INCREMENTAL')      # before the first table
    run('PRAGMA journal_mode = WAL')
    run('PRAGMA synchronous = FULL')
    run('PRAGMA journal_size_limit = 1000000')
    if tables and version == SCHEMA_VERSION:
        return
    step = STEPS.get(version, FROM_VERSION_1) if tables else SCHEMA
    try:
        connection.executescript(
            f'BEGIN IMMEDIATE; {step} PRAGMA application_id = {APPLICATION_ID}; '
            f'PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;')
    except sqlite3.OperationalError:
        if connection.in_transaction:
            run('ROLLBACK')
        # Two that start together: one of them makes the tables.
        if run('PRAGMA user_version').fetchone()[0] != SCHEMA_VERSION:
            raise


def mend_modes(path: Path) -> None:
    """
    Let nobody but its owner read the diary and what lies beside it, as far as that is possible.

    :raises OSError: if the file is another user's, or the file system knows no rights.
    """
    for each in (path, *(path.with_name(path.name + end) for end in ('-wal', '-shm', '.lock'))):
        try:
            if each.stat().st_mode & 0o077:
                os.chmod(each, 0o600)
        except FileNotFoundError:
            pass
    folder = path.parent
    # A folder of another name is somebody's own; this one is the diary's.
    if folder.name == 'baby_cry_detector' and folder.stat().st_mode & 0o077:
        os.chmod(folder, 0o700)
