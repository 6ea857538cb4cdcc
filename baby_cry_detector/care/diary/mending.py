# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Entries that were made by a clock that was wrong: found, marked, and moved to the right time."""

from typing import Callable, List, NamedTuple

from baby_cry_detector.care.diary.clock import first_trust
from baby_cry_detector.care.diary.schema import TABLES
from baby_cry_detector.care.diary.store import DiaryStore, FOREVER_NS
from baby_cry_detector.units import DAY_NS

TIMES = {'episodes': ('onset_ns', 'end_ns'), 'events': ('stamp_ns', 'until_ns'),
         'alerts': ('start_ns', 'end_ns')}
APART_NS = DAY_NS


class Run(NamedTuple):
    """Marked entries that stand together in time."""

    first_ns: int
    last_ns: int
    entries: int


def marked_runs(store: DiaryStore) -> List[Run]:
    """Return the marked entries in runs, oldest first."""
    runs: List[Run] = []
    for row in store.each(' UNION ALL '.join(
            f'SELECT {when} AS stamp_ns FROM {table} WHERE doubtful = 1'
            for table, (_, when) in TABLES.items()) + ' ORDER BY stamp_ns'):
        stamp_ns = row['stamp_ns']
        if runs and stamp_ns - runs[-1].last_ns < APART_NS:
            runs[-1] = Run(runs[-1].first_ns, stamp_ns, runs[-1].entries + 1)
        else:
            runs.append(Run(stamp_ns, stamp_ns, 1))
    return runs


def mark(store: DiaryStore, is_doubtful: Callable[[int], bool]) -> int:
    """
    Mark what was written before anybody doubted the clock.

    :param is_doubtful: says it of a stamp.
    :return: how many entries were marked.
    """
    marked = 0
    for table, (key, when) in TABLES.items():
        bounds = store.rows(f'SELECT min({when}) AS low, max({when}) AS high FROM {table} '
                            'WHERE doubtful = 0')[0]
        if bounds['low'] is None or not (is_doubtful(bounds['low'])
                                         or is_doubtful(bounds['high'])):
            continue
        keys = [(row[key],) for row in store.each(
            f'SELECT {key}, {when} FROM {table} WHERE doubtful = 0') if is_doubtful(row[when])]
        with store.transaction() as connection:
            connection.executemany(f'UPDATE {table} SET doubtful = 1 WHERE {key} = ?', keys)
        marked += len(keys)
    return marked


def shift(store: DiaryStore, by_ns: int, since_ns: int = -FOREVER_NS,
          until_ns: int = FOREVER_NS) -> int:
    """
    Move marked entries to another time, and take the mark away.

    :param by_ns: how far; 0 if the clock was right after all.
    :return: how many entries were moved.
    :raises ValueError: if a time would leave what can be kept.
    """
    moved = 0
    with store.transaction() as connection:
        for table, (_, when) in TABLES.items():
            chosen = f'doubtful = 1 AND {when} >= ? AND {when} < ?'
            first, last = TIMES[table]
            bounds = connection.execute(
                f'SELECT min({first}), max(max({first}, coalesce({last}, 0))) FROM {table} '
                f'WHERE {chosen}', (since_ns, until_ns)).fetchone()
            if bounds[0] is None:
                continue
            if not (0 <= bounds[0] + by_ns and bounds[1] + by_ns < FOREVER_NS):
                raise ValueError('there is no such time to move the entries to')
            moved += connection.execute(
                f'UPDATE {table} SET doubtful = 0, {first} = {first} + ?, {last} = CASE WHEN '
                f'{last} > 0 THEN {last} + ? ELSE {last} END WHERE {chosen}',
                (by_ns, by_ns, since_ns, until_ns)).rowcount
    return moved


def believed_until(store: DiaryStore) -> int:
    """Return the latest time that the entries of a diary speak for; see `clock.first_trust`."""
    return first_trust([row['stamp_ns'] for row in store.each(' UNION '.join(
        f'SELECT {when} AS stamp_ns FROM {table} WHERE doubtful = 0'
        for table, (_, when) in TABLES.items()))])
