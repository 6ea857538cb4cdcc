# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""``baby-cry compare``: how far a machine's annotations agree with a human's."""

import json
from pathlib import Path
import sys

from baby_cry_detector.cli.arguments import number
from baby_cry_detector.printable import printable

SHOWN = 10


def add_parser(subparsers) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        'compare', help='compare annotations with those of people',
        description='Reads RTTM, TextGrid, ELAN, Audacity labels, CSV, a ChildProject or what '
                    'annotate wrote, a file or a folder each, and says how far both agree: time, '
                    'segments and events, minutes a day with their bias, onsets. Ends with 1 if '
                    'something could not be compared.')
    parser.add_argument('human', type=Path, metavar='HUMAN')
    parser.add_argument('machine', type=Path, metavar='MACHINE')
    parser.add_argument('--label', action='append', default=[], metavar='NAME',
                        help='label or tier of HUMAN that is crying (may be repeated); default: '
                             'cry, crying, cries, Y')
    parser.add_argument('--machine-label', action='append', default=[], metavar='NAME',
                        help="the same of MACHINE's")
    parser.add_argument('--uem', type=Path, default=None, metavar='FILE',
                        help='what people listened to; default: all of the recordings that '
                             'HUMAN names')
    parser.add_argument('--absent-is-quiet', action='store_true',
                        help='a recording that HUMAN does not name was listened to, and quiet')
    parser.add_argument('--collar-s', type=number(float, 0.0, 60.0), default=1.0, metavar='S',
                        help='between onsets of events that match (default: 1)')
    parser.add_argument('--segment-s', type=number(float, 0.01, 3600.0), default=1.0,
                        metavar='S', help='length of segments (default: 1)')
    parser.add_argument('--join-s', type=number(float, 0.0, 600.0), default=0.0, metavar='S',
                        help='close pauses up to this in both (default: 0; the hold of an '
                             'episode is 3)')
    parser.add_argument('--plots', type=Path, default=None, metavar='DIR',
                        help='write pictures (PNG) there')
    parser.add_argument('--json', action='store_true',
                        help='print one JSON object on standard output')
    parser.set_defaults(run=run)


def run(args) -> int:
    """Run the command; 1 where something could not be compared."""
    from baby_cry_detector.research.annotation.agreement import agreement, pairs_of
    from baby_cry_detector.research.annotation.reading import (CRY_LABELS, read_annotations,
                                                               read_uem)
    human = read_annotations(args.human, args.label or CRY_LABELS)
    machine = read_annotations(args.machine, args.machine_label or CRY_LABELS)
    _check_labels(args.human, human, '--label')
    listened, left_out = _listened(human, machine, read_uem(args.uem) if args.uem else None,
                                   args.absent_is_quiet)
    if not listened:
        raise ValueError(f'{args.human} and {args.machine} have no recording in common: '
                         f'{_some(human.crying)} and {_some(machine.crying)}')
    pairs = pairs_of(human.crying, machine.crying, listened, args.join_s)
    report = agreement(pairs, args.collar_s, args.segment_s)
    report['left_out'] = left_out
    report['problems'] = [{'file': file, 'reason': reason}
                          for file, reason in [*human.problems, *machine.problems]]
    for line in lines(report):
        print(line, file=sys.stderr)
    if args.plots is not None:
        from baby_cry_detector.research.annotation.agreement_plots import agreement_plots
        for file in agreement_plots(pairs, args.plots):
            print(f'written: {file}', file=sys.stderr)
    if args.json:
        print(json.dumps(report))
    return 1 if report['problems'] or left_out else 0


def _check_labels(source, annotated, option: str) -> None:
    if annotated.other_labels and not any(annotated.crying.values()):
        labels = sorted(annotated.other_labels, key=lambda name: -annotated.other_labels[name])
        raise ValueError(f'{source}: nothing is labelled as crying; there is '
                         f'{printable(", ".join(labels[:SHOWN]))}: name it with {option}')


def _listened(human, machine, uem, absent_is_quiet: bool):
    """Return (what both had to listen to by recording, {recording: why it is left out})."""
    listened, left_out = {}, {}
    for name in sorted({*human.crying, *machine.crying, *(uem or ())}):
        if name not in machine.crying:
            left_out[name] = 'only in HUMAN'
        elif uem is not None:
            if name in uem:
                listened[name] = uem[name]
            else:
                left_out[name] = 'not in --uem'
        elif name not in human.crying and not absent_is_quiet:
            left_out[name] = 'only in MACHINE'
        else:
            told = [each.duration_s[name] for each in (machine, human)
                    if name in each.duration_s]
            if told:
                listened[name] = [(0.0, told[0])]
            else:
                left_out[name] = 'how long it is, nobody says: give --uem'
    return listened, left_out


def _some(names) -> str:
    chosen = sorted(names)[:3]
    return printable(', '.join(chosen) or 'none') + (' …' if len(names) > 3 else '')


def lines(report):
    """Yield what a person wants to know."""
    time, events, minutes = report['time'], report['events'], report['minutes_a_day']
    yield f'{report["recordings"]} recordings, {report["hours"]:.2f} h'
    yield (f'time:     F1 {_n(time["f1"])} (precision {_n(time["precision"])}, recall '
           f'{_n(time["recall"])}), kappa {_n(time["kappa"])}, detection error rate '
           f'{_n(time["detection_error_rate"])}')
    segments = report['segments']
    yield (f'segments: F1 {_n(segments["f1"])} of {segments["segment_s"]:g} s (precision '
           f'{_n(segments["precision"])}, recall {_n(segments["recall"])}), kappa '
           f'{_n(segments["kappa"])}')
    yield (f'events:   F1 {_n(events["f1"])} within {events["collar_s"]:g} s; {events["human"]} '
           f'of people, {events["machine"]} of the machine; {_n(events["found"])} touched')
    yield (f'errors:   {events["missed_per_h"]:.2f} events missed and '
           f'{events["false_per_h"]:.2f} false an hour; {time["missed_min_per_h"]:.2f} min missed '
           f'and {time["false_min_per_h"]:.2f} min false an hour')
    limits = minutes.get('limits')
    yield (f'crying:   {minutes["human"]:.1f} min a day, the machine {minutes["machine"]:.1f}: '
           f'bias {minutes["bias"]:+.1f}'
           + (f', limits of agreement {limits[0]:+.1f} to {limits[1]:+.1f}' if limits else ''))
    onsets = report['onset_error_s']
    if onsets['events']:
        yield (f'onsets:   {onsets["p50"]:+.2f} s (10 to 90 %: {onsets["p10"]:+.2f} to '
               f'{onsets["p90"]:+.2f} s) of {onsets["events"]} events')
    for name, why in list(report['left_out'].items())[:SHOWN]:
        yield f'left out: {printable(name)}: {why}'
    if len(report['left_out']) > SHOWN:
        yield f'… and {len(report["left_out"]) - SHOWN} more'
    for problem in report['problems'][:SHOWN]:
        yield f'not read: {printable(problem["file"])}: {printable(problem["reason"])}'


def _n(value) -> str:
    return '–' if value is None else f'{value:.3f}'
