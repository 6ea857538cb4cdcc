# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""``baby-cry train-confirmer``: the second listener, fitted and measured."""

import json
from pathlib import Path
import sys

from baby_cry_detector.cli.arguments import number, UsageError
from baby_cry_detector.cli.progress import Bars


def add_parser(subparsers) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        'train-confirmer', help='fit the second listener, which confirms what is taken for crying',
        description='Lays other sounds end to end with cries in them, fold by fold, lets the '
                    'detector hear them and YAMNet what the detector takes for crying, and fits '
                    'a probe that tells which of it is. Prints what both together do, each fold '
                    'by a probe that was fitted on the others. Everything heard is kept in '
                    '--out: run it again to go on.')
    parser.add_argument('--teacher', type=Path, required=True, metavar='FILE',
                        help='yamnet.tflite (Apache-2.0); needs LiteRT')
    parser.add_argument('--tagger', type=Path, default=None, metavar='FILE',
                        help='mn04_as_mAP_432.pt (EfficientAT, MIT): let that network hear the '
                             'same as well')
    parser.add_argument('--networks', choices=('yamnet', 'mn04', 'both', 'both-twice'),
                        default=None,
                        help='what the probe reads; both-twice: mn04 hears the newest 1.95 s '
                             'beside 0.975 s (default: both with --tagger, else yamnet)')
    parser.add_argument('--tune', action='store_true',
                        help="train mn04's last five blocks on together with the probe, fold by "
                             'fold on the others, and say what that brings against the probe '
                             'alone; with --networks both')
    parser.add_argument('--manifest', type=Path, action='append', default=[],
                        help='clips with cries (may be repeated; default: the folder that '
                             'BABY_CRY_DATA_DIR names)')
    parser.add_argument('--background', type=Path, action='append', default=[],
                        help='other sounds, such as of "baby-cry corpus" (may be repeated)')
    parser.add_argument('--checkpoint', default='', help='first listener (default: the shipped)')
    parser.add_argument('--folds', type=Path, default=None, metavar='DIR',
                        help='run of "train --folds": each fold is heard by the first listener '
                             'that was not trained on it')
    parser.add_argument('--out', type=Path, required=True, help='folder of the run')
    parser.add_argument('--music-hours', type=number(float, 0.0, 1000.0), default=0.6,
                        help='of each fold (default: 0.6)')
    parser.add_argument('--other-hours', type=number(float, 0.0, 1000.0), default=0.7,
                        help='of each fold (default: 0.7)')
    parser.add_argument('--json', action='store_true',
                        help='print the figures as JSON on standard output')
    parser.set_defaults(run=run)


def run(args) -> int:
    """Run the command; return the exit status."""
    from baby_cry_detector.model.second.confirmer import save_confirmer, TAGGER_WINDOWS_S
    from baby_cry_detector.research.training.confirmer import fit_probe, make_confirmer
    from baby_cry_detector.research.training.confirmer_run import (heard_folds, lines, measured,
                                                                   NETWORKS, open_inputs)
    networks = args.networks or ('both' if args.tagger else 'yamnet')
    if args.tagger is None and networks != 'yamnet':
        raise UsageError(f'--networks {networks} needs --tagger')
    if args.tune and networks != 'both':
        raise UsageError(f'--tune trains both networks of one window: it needs --networks both, '
                         f'not {networks}')
    with Bars() as bars:
        inputs = open_inputs(args)
        if not any(clip.is_cry for clip in inputs.clips):
            raise UsageError('no cries: give --manifest, or set BABY_CRY_DATA_DIR')
        reads = NETWORKS[networks]
        heard = {fold: one.reading(reads.columns) for fold, one in heard_folds(
            inputs, args.out, args.music_hours, args.other_hours,
            reads.windows_s or TAGGER_WINDOWS_S, bars.show).items()}
        tagger = inputs.tagger
        if args.tune:
            tagger, probe, report = _tuned(args, inputs, heard, bars)
        else:
            report = measured(heard, inputs.checkpoint, args.out, bars.say)
            probe = fit_probe(list(heard.values()))
        for line in lines(report):
            bars.say(line)
        thresholds = {name: point['threshold'] for name, point in report['points'].items()}
        file = args.out / 'cry_confirmer.npz'
        save_confirmer(file, make_confirmer(
            inputs.network if reads.yamnet else {}, tagger if reads.windows_s else {},
            probe, thresholds, report['pooled'],
            {'networks': inputs.digests, 'measured': report},
            reads.windows_s or TAGGER_WINDOWS_S))
        bars.say(f'second listener: {file}')
    if args.json:
        print(json.dumps(report))
    else:
        sys.stdout.flush()
    return 0


def _tuned(args, inputs, heard, bars):
    """Train mn04 on; return it, its probe and the report."""
    from baby_cry_detector.research.sounds.tagger_tuning import Classes
    from baby_cry_detector.research.sounds.tuned_run import compared, tuned_folds
    from baby_cry_detector.research.training.confirmer_run import measured
    tuned = tuned_folds(inputs, heard, Classes.read(args.tagger), args.out,
                        (args.music_hours, args.other_hours), say=bars.say, progress=bars.show)
    report = measured(tuned.heard, inputs.checkpoint, args.out, bars.say, probes=tuned.probes,
                      taggers=tuned.taggers)
    report['tuned'], lines = compared(inputs, heard, tuned)
    for line in lines:
        bars.say(f'mn04 trained on, {line}')
    return tuned.tagger, tuned.probe, report
