# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""``baby-cry annotate``: where babies cry in thousands of hours, in the field's formats."""

import json
import os
from pathlib import Path
import sys
import time

from baby_cry_detector.cli.arguments import number, UsageError
from baby_cry_detector.cli.listen import add_decision_options
from baby_cry_detector.cli.recordings import channel
from baby_cry_detector.decision import DECISION_PARAMETERS
from baby_cry_detector.printable import printable

SHOWN = 20                             # of what was not heard, on the terminal
LINE_EVERY_S = 20.0


def add_parser(subparsers) -> None:
    """Add the command's options."""
    from baby_cry_detector.research.annotation.export import DEFAULT_FORMATS, FORMATS
    parser = subparsers.add_parser(
        'annotate', help='find the crying in many recordings',
        description='Hears every recording of a folder, a list or a mounted bucket, side by side '
                    'on all cores or on a Dask cluster, and writes when babies cry. May be '
                    'stopped or killed at any moment: the same command goes on. Ends with 0 if '
                    'everything was heard, 1 if something was not (report.json says what and '
                    'why).')
    parser.add_argument('source', metavar='DIR|LIST|FILE',
                        help='folder (with those below), text file with a path a line (or ended '
                             'by zero bytes, as find -print0 gives), or one recording')
    parser.add_argument('--out', required=True, type=Path, metavar='DIR',
                        help='folder of the results')
    parser.add_argument('--format', action='append', default=[], metavar='NAME', dest='formats',
                        help=f'{", ".join(FORMATS)} or all; may be repeated; default: '
                             f'{" and ".join(DEFAULT_FORMATS)}')
    parser.add_argument('--frames', action='store_true',
                        help='also a row each 0.1 s: cry probability and intensity')
    parser.add_argument('--processes', type=number(int, 1, 4096), default=None, metavar='N',
                        help='recordings heard at a time; default: the number of cores')
    parser.add_argument('--scheduler', default='', metavar='ADDRESS',
                        help='of a Dask cluster, such as tcp://host:8786; its workers need this '
                             'package and the recordings under the same paths')
    parser.add_argument('--anew', action='store_true', help='forget results that are there')
    parser.add_argument('--json', action='store_true',
                        help='print the report on standard output')
    parser.add_argument('--checkpoint', default='', help='default: the shipped one')
    parser.add_argument('--confirmer', default='', metavar='FILE',
                        help='second listener; default: the shipped one; none: there is none')
    parser.add_argument('--channel', type=channel, default='auto', metavar='N|mix|auto',
                        help='channel to hear; see listen')
    add_decision_options(parser)
    parser.set_defaults(run=run)


def run(args) -> int:
    """Run the command; 1 where something was not heard."""
    from baby_cry_detector.research.annotation.export import (check_formats, DEFAULT_FORMATS,
                                                              FORMATS)
    from baby_cry_detector.research.annotation.recordings import find_recordings

    formats = list(dict.fromkeys(
        name for given in args.formats or DEFAULT_FORMATS for name in given.lower().split(',')))
    if 'all' in formats:
        formats = list(FORMATS)
    for name in formats:
        if name not in FORMATS:
            raise UsageError(f'--format: expected {", ".join(FORMATS)} or all, got {name!r}')
    check_formats(formats)
    options = _options(args)
    found = find_recordings(args.source, leave_out=[args.out])
    if not found.recordings and not found.problems:
        raise ValueError(f'{args.source}: holds no recording'
                         + (f' (among {sum(found.passed_over.values())} other files)'
                            if found.passed_over else ''))
    try:
        document = _annotate(args, options, found, formats)
    except OSError as error:
        if error.errno is None:            # not the disk's
            raise
        raise OSError(f'{error.filename or args.out}: {error.strerror}; what was heard until then '
                      'is kept, and the same command goes on') from None
    _say(document, args.out)
    if args.json:
        print(json.dumps(document))
    return 1 if document['problems'] or document['left'] else 0


def _annotate(args, options, found, formats):
    """Hear what is left, and write everything; return the report."""
    from baby_cry_detector.research.annotation import run as running
    from baby_cry_detector.research.annotation.export import export, write_report
    from baby_cry_detector.research.annotation.store import Store
    with Store(args.out, options.identity(), args.anew) as store:
        line = _Line()
        try:
            running.annotate(found, store, options, progress=line,
                             processes=args.processes or _cores(),
                             scheduler=args.scheduler)
        except KeyboardInterrupt:
            line.end()
            print('stopped; the same command goes on where this one ended', file=sys.stderr)
            raise
        finally:
            line.end()
        report = running.report_of(found, store)
        document = report.to_document(found, options)
        export(found.recordings, store, formats, args.frames)
        write_report(args.out / 'report.json', document)
    return document


def _options(args):
    from baby_cry_detector.research.annotation.hearing import Options
    values = {parameter.name: getattr(args, parameter.name) for parameter in DECISION_PARAMETERS}
    checkpoint, confirmer = (
        os.path.abspath(path) if os.path.exists(path) else path
        for path in (args.checkpoint, args.confirmer))
    return Options(checkpoint, confirmer, args.channel, values, args.frames)


def _cores() -> int:
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Line:
    """Progress on standard error: one line that is written over, or one each 20 s in a log."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._last = time.monotonic()
        self._open = False

    def __call__(self, progress) -> None:
        now = time.monotonic()
        if now - self._last < (0.2 if self._terminal else LINE_EVERY_S):
            return
        self._last, self._open = now, self._terminal
        print(f'\r\x1b[K{progress.line()}' if self._terminal else progress.line(),
              end='' if self._terminal else '\n', file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._open:
            self._open = False
            print(file=sys.stderr, flush=True)


def _say(document, out: Path) -> None:
    problems = document['problems']
    for problem in problems[:SHOWN]:
        print(f'{problem["status"]}: {printable(problem["name"])}: {printable(problem["reason"])}'
              f' ({problem["kind"]})', file=sys.stderr)
    if len(problems) > SHOWN:
        print(f'… and {len(problems) - SHOWN} more in report.json', file=sys.stderr)
    for name in document['named_twice'][:SHOWN]:
        print(f'named twice, heard once: {printable(name)}', file=sys.stderr)
    passed_over = sum(document['passed_over'].values())
    a_day = document['crying_min_per_day']
    print(f'{document["heard"]} of {document["recordings"]} recordings heard, '
          f'{document["partly"]} in part, {document["failed"]} not; {passed_over} other files '
          f'passed over\n'
          f'{document["hours"]:.2f} h of audio, {document["crying_min"]:.1f} min of crying'
          + (f' ({a_day:.1f} min a day)' if a_day is not None else '')
          + f' in {document["episodes"] - document["unconfirmed_episodes"]} episodes, '
          f'{document["unconfirmed_episodes"]} more unconfirmed; '
          f'{document["untrusted_min"]:.1f} min of audio not to be trusted\n'
          f'written to {out}', file=sys.stderr)
