# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry diary`: export, plot, enter, back up and mend the diary; works beside the node."""

import argparse
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
import getpass
import os
from pathlib import Path
import re
import sys
import time
from typing import List
import uuid

from baby_cry_detector.care.diary.clock import ClockRecord, is_doubtful
from baby_cry_detector.care.diary.export import (safe_cell, time_text, write_csv, write_events_csv,
                                                 write_json)
from baby_cry_detector.care.diary.mending import believed_until, marked_runs, shift
from baby_cry_detector.care.diary.place import default_path
from baby_cry_detector.care.diary.pruning import removed_folder
from baby_cry_detector.care.diary.repair import (back_up, backup_folder, backups, newest_backup,
                                                 put_back, restore)
from baby_cry_detector.care.diary.rows import CARE_KINDS, CareEntry
from baby_cry_detector.care.diary.store import DamagedError, DiaryStore, FOREVER_NS
from baby_cry_detector.cli.arguments import output, PICTURES, UsageError
from baby_cry_detector.units import SECOND_NS


def add_parser(subparsers):
    """Declare the subcommand and its own."""
    parser = subparsers.add_parser('diary', help='what was heard and done: export, plot, enter',
                                   description=__doc__)
    parser.add_argument('--database', metavar='FILE', type=Path, default=None,
                        help='default: the one that the diary node writes')
    inner = parser.add_subparsers(dest='action', required=True, metavar='ACTION')

    export = inner.add_parser('export', help='write everything to standard output')
    form = export.add_mutually_exclusive_group(required=True)
    form.add_argument('--csv', action='store_true', help='a line per episode')
    form.add_argument('--json', action='store_true',
                      help='episodes with their curves, actions and alerts, and all events')
    export.add_argument('--events', action='store_true',
                        help='with --csv: a line per event instead')
    export.add_argument('--since', type=moment, metavar='TIME', help='first moment')
    export.add_argument('--until', type=moment, metavar='TIME', help='moment after the last')
    export.set_defaults(run=run_export)

    plot = inner.add_parser('plot', help='a day and a week at a glance, as a picture')
    plot.add_argument('--out', type=output(PICTURES), required=True, metavar='F.png')
    plot.add_argument('--day', type=moment, metavar='DATE',
                      help='default: the day of the newest entry')
    plot.add_argument('--crib', default=None, help='one crib of several; default: all')
    plot.set_defaults(run=run_plot)

    add = inner.add_parser('add', help='enter what was done')
    add.add_argument('kind', choices=CARE_KINDS)
    add.add_argument('--at', type=moment, metavar='TIME', help='when; default: now')
    add.add_argument('--text', default='')
    add.add_argument('--who', default=None, help='default: your login name')
    add.add_argument('--crib', default='')
    add.set_defaults(run=run_add)

    label = inner.add_parser('label', help='say what an episode was about')
    label.add_argument('episode', metavar='EPISODE', help='its name, or "newest"')
    label.add_argument('label', metavar='LABEL', help='in your own words, or the name of a need')
    label.add_argument('--who', default=None, help='default: your login name')
    label.add_argument('--crib', default=None, help='whose newest, where there are several')
    label.set_defaults(run=run_label)

    backup = inner.add_parser('backup', help='copy the diary now')
    backup.add_argument('--keep', type=int, default=7, metavar='N',
                        help='copies there may be; older ones are removed (default: %(default)s)')
    backup.set_defaults(run=run_backup)

    restore = inner.add_parser(
        'restore', help="put a copy in the diary's place, or what was forgotten back into it")
    restore.add_argument('file', metavar='FILE', help='a copy (.sqlite), a removed-*.jsonl.gz, '
                         '"newest", or "list" to see what there is')
    restore.set_defaults(run=run_restore)

    clock = inner.add_parser('clock', help='entries that were made by a clock that was wrong: '
                             'show them, or move them to the right time')
    clock.add_argument('--by', type=span, metavar='SPAN', help='move them by so much: -365d, '
                       '+2h30m, 90s; 0s if the clock was right')
    clock.add_argument('--to', type=moment, metavar='TIME', help='move them so that the first of '
                       'them is at this time')
    clock.add_argument('--since', type=moment, metavar='TIME', help='first moment, as marked')
    clock.add_argument('--until', type=moment, metavar='TIME', help='moment after the last')
    clock.set_defaults(run=run_clock)


SPAN = re.compile(r'([+-]?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?')


def span(text: str) -> int:
    """Return a duration in nanoseconds; days, hours, minutes and seconds."""
    match = SPAN.fullmatch(text)
    if not match or not any(match.groups()[1:]):
        raise argparse.ArgumentTypeError(f'{text!r} is no span; expected for example -365d, '
                                         '+2h30m or 90s')
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    total_s = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if total_s * SECOND_NS >= 2**63:
        raise argparse.ArgumentTypeError(f'{text!r} is too long')
    return -total_s * SECOND_NS if match[1] == '-' else total_s * SECOND_NS


def moment(text: str) -> int:
    """
    Return a time in nanoseconds since 1970.

    :param text: ISO 8601 (``2026-11-23``, ``2026-11-23T04:10``), local unless it says otherwise;
        or ``HH:MM``, the newest such moment that has passed.
    """
    try:
        if len(text) <= 5 and ':' in text:
            clock = datetime.strptime(text, '%H:%M')
            now = datetime.now()
            when = now.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
            if when > now:
                when -= timedelta(days=1)
        else:
            when = datetime.fromisoformat(text)
        return round(when.timestamp()) * SECOND_NS
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(
            f'{text!r} is no time; expected 2026-11-23T04:10, 2026-11-23 or 04:10') from None


def user() -> str:
    """Return the login name, or '' where there is none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ''


@contextmanager
def opened(args, create=False, read_only=False):
    """Open the diary that the arguments name."""
    path = args.database or default_path()
    try:
        store = DiaryStore(path, create, read_only)
    except DamagedError as error:
        raise OSError(f'{error}; the diary node sets it aside when it starts, and '
                      '`baby-cry diary restore newest` puts a copy in its place') from None
    with store:
        yield store


def run_export(args) -> int:
    """Write to standard output."""
    if args.events and not args.csv:
        raise UsageError('--events belongs to --csv; --json has the events anyway')
    write = write_json if args.json else write_events_csv if args.events else write_csv
    skipped: List[str] = []
    with opened(args, read_only=True) as store:
        write(store, sys.stdout, args.since or 0, args.until or FOREVER_NS, skipped)
    if skipped:
        print(f'{len(skipped)} entries can not be read and were left out: '
              f'{", ".join(map(safe_cell, skipped[:5]))}', file=sys.stderr)
    return 0


def run_plot(args) -> int:
    """Draw the picture."""
    from baby_cry_detector.views.diary_plot import draw
    with opened(args, read_only=True) as store:
        draw(store, Path(args.out), args.day, args.crib)
    print(f'wrote {args.out}', file=sys.stderr)
    return 0


def run_add(args) -> int:
    """Enter what was done; the diary is made if there is none yet."""
    if args.kind == 'note' and not args.text.strip():
        raise UsageError('a note needs --text')
    now_ns = time.time_ns()
    if args.at is not None and args.at > now_ns + 60 * SECOND_NS:
        raise UsageError('--at lies in the future')
    entry = CareEntry(uuid.uuid4().hex, now_ns if args.at is None else args.at, args.kind,
                      args.crib, who=user() if args.who is None else args.who, text=args.text)
    with opened(args, create=True) as store:
        write_by_this_clock(store, entry)
    print(f'entered: {entry.kind}', file=sys.stderr)
    return 0


def write_by_this_clock(store: DiaryStore, entry: CareEntry) -> None:
    """Write an entry; mark and say it where the time it bears can't be right."""
    record = ClockRecord.from_document(store.meta('clock'))
    record.trusted_ns = record.trusted_ns or believed_until(store)
    store.write(events=[entry], is_doubtful=partial(is_doubtful, record))
    if is_doubtful(record, entry.stamp_ns):
        print(f'the time is doubted: {time_text(entry.stamp_ns)}; the entry is marked (baby-cry '
              'diary clock)', file=sys.stderr)


def run_label(args) -> int:
    """Label an episode."""
    if not args.label.strip():
        raise UsageError('the label is empty')
    with opened(args) as store:
        cribs = store.cribs()
        if args.crib is not None and args.crib not in cribs:
            raise ValueError(f'there is no episode of a crib {args.crib!r}; there are '
                             f'{", ".join(map(safe_cell, cribs)) or "none"}')
        if args.episode == 'newest' and args.crib is None and len(cribs) > 1:
            raise ValueError('whose newest? Name one with --crib: '
                             + ', '.join(map(safe_cell, cribs)))
        newest = store.newest_episode(args.crib)
        episode_id = args.episode if args.episode != 'newest' else newest
        crib_id = episode_id and store.crib_of(episode_id)
        if not episode_id or crib_id is None:
            raise ValueError(f'there is no episode {args.episode!r}; '
                             + (f'the newest is {safe_cell(newest)}' if newest else
                                'the diary has none'))
        if args.crib not in (None, crib_id):
            raise ValueError(f'{safe_cell(episode_id)} is an episode of {safe_cell(crib_id)!r}, '
                             f'not of {safe_cell(args.crib)!r}')
        write_by_this_clock(store, CareEntry(
            uuid.uuid4().hex, time.time_ns(), 'labelled', crib_id, who=user()
            if args.who is None else args.who, episode_id=episode_id, label=args.label.strip()))
    print(f'labelled {safe_cell(episode_id)}', file=sys.stderr)
    return 0


def run_backup(args) -> int:
    """Copy the diary."""
    if not 1 <= args.keep <= 1000:
        raise UsageError('--keep: expected 1 to 1000')
    with opened(args) as store:
        copy = back_up(store, args.keep)
    print(f'wrote {copy}' if copy else 'nothing has changed since the newest copy',
          file=sys.stderr)
    return 0


def run_restore(args) -> int:
    """Put a copy in place, or entries back; or list what there is."""
    path = Path(os.path.realpath(args.database or default_path()))
    if args.file == 'list':
        for copy in [*backups(path), *sorted(removed_folder(path).glob('removed-*.jsonl.gz'))]:
            print(copy)
        return 0
    file = newest_backup(path) if args.file == 'newest' else Path(args.file)
    if file is None:
        raise ValueError(f'there is no copy in {backup_folder(path)} that can be read')
    if file.name.endswith('.jsonl.gz'):
        with opened(args, create=True) as store:
            print(f'{put_back(store, file)} entries were put back', file=sys.stderr)
        return 0
    aside = restore(path, file)
    print(f'restored {file}' + ('' if aside == path else f'; the diary until now is in {aside}'),
          file=sys.stderr)
    return 0


def run_clock(args) -> int:
    """Show or move marked entries."""
    if args.by is not None and args.to is not None:
        raise UsageError('expected --by or --to, not both')
    with opened(args) as store:
        runs = [run for run in marked_runs(store) if run.last_ns >= (args.since or -FOREVER_NS)
                and run.first_ns < (args.until or FOREVER_NS)]
        if args.by is None and args.to is None:
            for run in runs:
                print(f'{time_text(run.first_ns)} to {time_text(run.last_ns)}: '
                      f'{run.entries} entries')
            for before_ns, step_ns in store.meta('clock_steps', []):
                print(f'the clock was set at {time_text(before_ns)} by '
                      f'{step_ns / SECOND_NS:+.0f} s')
            if not runs:
                print('no entries are marked', file=sys.stderr)
            return 0
        if args.to is not None and not runs:
            raise ValueError('no entries are marked')
        by_ns = args.by if args.to is None else args.to - max(runs[0].first_ns, args.since or
                                                              -FOREVER_NS)
        moved = shift(store, by_ns, -FOREVER_NS if args.since is None else args.since,
                      FOREVER_NS if args.until is None else args.until)
    print(f'{moved} entries were moved by {by_ns / SECOND_NS:+.0f} s', file=sys.stderr)
    return 0
