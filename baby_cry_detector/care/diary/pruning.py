# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Forgetting, so that the diary stays bounded: never much at once, and never without a copy.

By age first, the oldest day of the diary at a look. By size then, by worth: what a flood has left
on one day, then what the robot says of itself, then alerts, then what people did; episodes last.
Whatever is taken is first appended to a file beside the diary, which `restore` reads.
"""

from collections import Counter
import gzip
import json
import os
from pathlib import Path
import statistics
from typing import List, NamedTuple, Optional, Sequence, Tuple

from baby_cry_detector.care.diary.schema import TABLES
from baby_cry_detector.care.diary.store import DiaryStore, Row
from baby_cry_detector.units import DAY_NS

# A day with so many more entries of a kind than the usual day was no usual day.
FLOOD_FACTOR, FLOOD_LEAST = 10, 300
MOST_AT_ONCE = 20_000               # entries, of a day too
ROBOTS_KINDS = ('rocking', 'sound', 'alert')
# In the order in which they are given up: (table, condition).
WORTH = (('events', f'kind IN {ROBOTS_KINDS}'), ('alerts', '1'),
         ('events', "kind IN ('acknowledged', 'snoozed')"),
         ('events', "kind IN ('note', 'fed', 'slept', 'changed', 'burped', 'comforted')"),
         ('events', '1'), ('episodes', '1'))


# What is to go: (table, condition, at most, in what order).
Chosen = Tuple[str, str, int, str]


class Pruned(NamedTuple):
    """What a look has taken away, and where it is now."""

    taken: Counter[str]
    why: str
    file: str
    copies_dropped: int

    def __str__(self) -> str:
        """Return a sentence for the log."""
        what = ', '.join(f'{count} {table}' for table, count in self.taken.items())
        dropped = (f'; {self.copies_dropped} older such files were removed'
                   if self.copies_dropped else '')
        return f'forgot {what} ({self.why}); they stand in {self.file}{dropped}'


def removed_folder(path: Path) -> Path:
    """Return the folder of what was taken out of a diary."""
    return path.with_name(f'{path.stem}_removed')


def prune(store: DiaryStore, now_ns: int, keep_days: float, largest_mb: float
          ) -> Optional[Pruned]:
    """
    Take out at most a day's share.

    :param now_ns: of a clock that is believed; who doubts it does not call this.
    :param largest_mb: size of the file, in 10⁶ bytes.
    :return: `Pruned`, or ``None`` where nothing was to be done.
    :raises OSError: if the copy or the diary can't be written; then nothing was taken.
    """
    limit_ns = now_ns - round(keep_days * DAY_NS)
    oldest_ns = min((row['stamp_ns'] for row in store.rows(' UNION ALL '.join(
        f'SELECT min({when}) AS stamp_ns FROM {table} WHERE doubtful = 0'
        for table, (_, when) in TABLES.items())) if row['stamp_ns'] is not None), default=now_ns)
    until_ns = min(limit_ns, oldest_ns + DAY_NS)
    if oldest_ns < limit_ns:
        # What is marked has no age that one could go by; it waits to be mended.
        chosen = [(table, f'{when} < {until_ns} AND doubtful = 0', MOST_AT_ONCE, when)
                  for table, (_, when) in TABLES.items()]
        return _take(store, chosen, f'older than {keep_days:g} days', largest_mb)
    if store.used_bytes() > largest_mb * 1e6:
        return _take(store, _least_worth(store), f'more than {largest_mb:g} MB', largest_mb)
    return None


def _least_worth(store: DiaryStore) -> List[Chosen]:
    """Return what to give up: as much as the diary has of a day on average."""
    share = _days_share(store)
    for table, (_, when) in TABLES.items():
        if table == 'episodes':
            continue
        days = store.rows(f'SELECT {when} / {DAY_NS} AS day, count(*) AS count FROM {table} '
                          f'GROUP BY day ORDER BY count DESC')
        usual = statistics.median(day['count'] for day in days) if len(days) > 1 else 0
        flood = days[0] if days else {'count': 0}
        if flood['count'] > max(FLOOD_LEAST, FLOOD_FACTOR * usual):
            surplus = flood['count'] - round(max(FLOOD_LEAST, FLOOD_FACTOR * usual))
            # The largest source of that day is what has flooded it.
            who = 'who, kind' if table == 'events' else 'crib_id'
            source = store.rows(
                f'SELECT {who}, count(*) AS count FROM {table} WHERE {when} / {DAY_NS} = ? '
                f'GROUP BY {who} ORDER BY count DESC LIMIT 1', (flood['day'],))[0]
            where = f'{when} / {DAY_NS} = {flood["day"]}' + ''.join(
                f' AND {name} = {_quoted(source[name])}' for name in who.split(', '))
            return [(table, where, min(surplus, source['count'], share), f'{when} DESC')]
    for table, where in WORTH:
        key, when = TABLES[table]
        count = store.rows(f'SELECT count(*) AS count FROM {table} WHERE {where}')[0]['count']
        if count:
            return [(table, where, max(1, min(share, count)), when)]
    return []


def _days_share(store: DiaryStore) -> int:
    """Return how many entries the diary has for each day that it has any."""
    days = store.rows('SELECT count(DISTINCT day) AS days, count(*) AS count FROM (' + (
        ' UNION ALL '.join(f'SELECT {when} / {DAY_NS} AS day FROM {table}'
                           for table, (_, when) in TABLES.items())) + ')')[0]
    entries, n_days = int(days['count']), int(days['days'])
    return min(MOST_AT_ONCE, max(1, entries // max(1, n_days)))


def _quoted(text: object) -> str:
    return f"CAST(X'{str(text).encode().hex()}' AS TEXT)"


def _take(store: DiaryStore, chosen: Sequence[Chosen], why: str, largest_mb: float
          ) -> Optional[Pruned]:
    taken: Counter[str] = Counter()
    folder = removed_folder(store.path)
    folder.mkdir(exist_ok=True, mode=0o700)
    with store.transaction() as connection:
        file = None
        for table, where, most, order in chosen:
            key = TABLES[table][0]
            rows = store.rows(f'SELECT * FROM {table} WHERE {where} ORDER BY {order} '
                              f'LIMIT {most}')
            if not rows:
                continue
            file = file or _next_file(folder)
            _append(file, table, rows)
            connection.executemany(f'DELETE FROM {table} WHERE {key} = ?',
                                   [(row[key],) for row in rows])
            taken[table] += len(rows)
    # One step gives one page back; a script steps to the end.
    with store._told():
        store._connection.executescript('PRAGMA incremental_vacuum;')
    return Pruned(taken, why, str(file), _bound(folder, largest_mb * 1e6 / 2)) if taken else None


def _next_file(folder: Path) -> Path:
    """Return a file that is not there yet; its number tells the order, whatever the clock says."""
    numbers = [int(path.name[8:14]) for path in folder.glob('removed-??????.jsonl.gz')
               if path.name[8:14].isdigit()]
    return folder / f'removed-{max(numbers, default=0) + 1:06d}.jsonl.gz'


def _append(file: Path, table: str, rows: Sequence[Row]) -> None:
    """Add a whole compressed part, on the disk before anything is deleted."""
    data = gzip.compress(''.join(f'{json.dumps({table: row})}\n' for row in rows).encode(), 6)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    with open(descriptor, 'wb') as out:
        out.write(data)
        out.flush()
        os.fsync(descriptor)


def _bound(folder: Path, largest_bytes: float) -> int:
    """Remove the oldest copies beyond the bound; return how many."""
    files = sorted(folder.glob('removed-*.jsonl.gz'))
    sizes = [file.stat().st_size for file in files]
    dropped = 0
    while len(files) - dropped > 1 and (
            sum(sizes[dropped:]) > largest_bytes or len(files) - dropped > 2000):
        files[dropped].unlink(missing_ok=True)
        dropped += 1
    return dropped
