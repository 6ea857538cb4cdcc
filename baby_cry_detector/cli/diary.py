# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry diary`: export, plot, add and label what the diary holds; works beside the node."""

import argparse
from contextlib import contextmanager
from datetime import datetime, timedelta
import getpass
from pathlib import Path
import sys
import time
import uuid

from baby_cry_detector.care.diary.rows import CARE_KINDS, CareEntry
from baby_cry_detector.cli.arguments import output, PICTURES, UsageError
from baby_cry_detector.care.diary.export import write_csv, write_events_csv, write_json
from baby_cry_detector.care.diary.place import default_path
from baby_cry_detector.care.diary.store import DiaryStore
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
    label.set_defaults(run=run_label)


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
def opened(args, create=False):
    """Open the diary that the arguments name."""
    with DiaryStore(args.database or default_path(), create) as store:
        yield store


def run_export(args) -> int:
    """Write to standard output."""
    if args.events and not args.csv:
        raise UsageError('--events belongs to --csv; --json has the events anyway')
    write = write_json if args.json else write_events_csv if args.events else write_csv
    with opened(args) as store:
        write(store, sys.stdout, args.since or 0, args.until or 2**63 - 1)
    return 0


def run_plot(args) -> int:
    """Draw the picture."""
    from baby_cry_detector.care.diary.plot import draw
    with opened(args) as store:
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
        store.write(events=[entry])
    print(f'entered: {entry.kind}', file=sys.stderr)
    return 0


def run_label(args) -> int:
    """Label an episode."""
    if not args.label.strip():
        raise UsageError('the label is empty')
    with opened(args) as store:
        episode_id = args.episode if args.episode != 'newest' else store.newest_episode()
        if not episode_id or not store.has_episode(episode_id):
            newest = store.newest_episode()
            raise ValueError(f'there is no episode {args.episode!r}; '
                             + (f'the newest is {newest}' if newest else 'the diary has none'))
        store.write(events=[CareEntry(
            uuid.uuid4().hex, time.time_ns(), 'labelled', who=user() if args.who is None
            else args.who, episode_id=episode_id, label=args.label.strip())])
    print(f'labelled {episode_id}', file=sys.stderr)
    return 0
