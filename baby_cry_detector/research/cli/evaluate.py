# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""``baby-cry evaluate``: how well a checkpoint detects cries, on the clips of a manifest."""

import csv
import json
from pathlib import Path
import sys
from typing import Dict, Union

from baby_cry_detector.cli.arguments import number, output_path, UsageError
from baby_cry_detector.cli.progress import Bars
from baby_cry_detector.research.cli.manifest import add_map_option
import numpy as np


def add_parser(subparsers) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        'evaluate', help='score a checkpoint on recordings',
        description='Scores every clip with the streaming runtime and prints AUC, F1 at the '
                    "checkpoint's own threshold, onset delay, and errors by kind of sound. "
                    'Paths under cry/ and labels that the checkpoint knows as cries count as '
                    'cries; emotion/ (adult emotional speech) is left out by default.')
    parser.add_argument('--manifest', type=Path, action='append', default=[],
                        help='CSV with path and label (default: the folder that '
                             'BABY_CRY_DATA_DIR names), or a folder per class (may be repeated)')
    parser.add_argument('--checkpoint', default='', help='.npz (default: the shipped one)')
    parser.add_argument('--folds', type=Path, default=None, metavar='DIR',
                        help='report the out-of-fold scores of a run of "train --folds"')
    parser.add_argument('--with-emotion', action='store_true',
                        help='count acted emotional speech among the not-cries')
    parser.add_argument('--streams', action='store_true',
                        help='also evaluate on streams assembled from the clips')
    parser.add_argument('--background', type=Path, action='append', default=[],
                        metavar='MANIFEST',
                        help="false events on streams of these other sounds, with the clips' "
                             'cries in them, at equal recall (may be repeated)')
    parser.add_argument('--hours', type=number(float, 0.01, 1000.0), default=2.0,
                        help='hours of the background for each fold (default: 2)')
    parser.add_argument('--cry-every', type=number(float, 5.0, 1e6), default=60.0, metavar='S',
                        help='about how often a cry comes in the background (default: 60)')
    parser.add_argument('--peer', choices=('yamnet',), default=None,
                        help='with --background: another detector that hears the same')
    parser.add_argument('--peer-file', type=Path, default=None, metavar='FILE',
                        help="the peer's network, yamnet.tflite")
    parser.add_argument('--confirmer', type=Path, default=None, metavar='FILE|DIR',
                        help='with --background or --household: also with this second listener; '
                             'of a folder of "train-confirmer" each fold is heard by a probe '
                             'that was not fitted on it')
    parser.add_argument('--household', type=number(int, 0, 1000), default=0, metavar='HOURS',
                        help='with --folds and --confirmer: what both listeners make of so many '
                             "hours a fold at a household's density, and of the clips, at the "
                             'operating points of --checkpoint')
    parser.add_argument('--further', type=Path, action='append', default=[], metavar='MANIFEST',
                        help='with --household: what both make of these clips as well, by kind '
                             '(may be repeated)')
    add_map_option(parser)
    parser.add_argument('--name-points', type=Path, default=None, metavar='CHECKPOINT',
                        help='with --background: store the thresholds of these recalls in this '
                             'checkpoint as its operating points')
    parser.add_argument('--scores', type=output_path, default=None,
                        help='write a CSV with the score of every clip')
    parser.add_argument('--draws', type=number(int, 0, 100_000), default=300,
                        help='draws of the group bootstrap, 0 for no intervals (default: 300)')
    parser.add_argument('--plots', type=Path, default=None, metavar='DIR',
                        help='write ROC, reliability, score and confusion plots (PNG) there')
    parser.add_argument('--permutations', type=number(int, 0, 1_000_000), default=0, metavar='N',
                        help='also compare the AUC with that of N shuffles of the labels within '
                             'each fold (default: 0)')
    parser.add_argument('--json', action='store_true',
                        help='print one JSON object on standard output')
    parser.set_defaults(run=run)


def run(args) -> int:
    """Run the command; return the exit status."""
    from baby_cry_detector.research.evaluation.clips import (detection_report, known_groups,
                                                             summary_lines)
    from baby_cry_detector.research.training.labels import parse_mapping
    from baby_cry_detector.research.training.manifest import (CRY_LABELS, DATA_DIR_VARIABLE,
                                                              default_data_dir, kinds_table,
                                                              load_several)

    sources = args.manifest or [default_data_dir()]
    if not sources[0]:
        raise UsageError(f'no recordings: give --manifest or set {DATA_DIR_VARIABLE}')
    if args.streams and args.folds is None:
        raise UsageError('--streams needs --folds DIR: each fold is heard by the detector that '
                         'was not trained on it')
    if args.name_points and not args.background:
        raise UsageError('--name-points needs --background')
    if args.confirmer and not (args.background or args.household):
        raise UsageError('--confirmer needs --background or --household')
    if args.household and not (args.folds and args.confirmer):
        raise UsageError('--household needs --folds and --confirmer')
    if args.peer and not (args.background and args.peer_file):
        raise UsageError('--peer needs --background and --peer-file')
    extra: Dict[str, Union[int, str]] = {}
    with Bars() as bars:
        if args.folds is not None:
            clips = load_several(sources, check_files=False, mapping=parse_mapping(args.map))
            result, clips = _out_of_fold(args.folds, clips)
            extra['folds'] = str(args.folds)
            detector = args.folds
        else:
            from baby_cry_detector.research.evaluation.scoring import score_with_checkpoint
            from baby_cry_detector.stream.listener import open_checkpoint
            checkpoint = detector = open_checkpoint(args.checkpoint)
            known = set(CRY_LABELS) | set(checkpoint.cry_labels) | set(checkpoint.needs)
            known |= set(checkpoint.provenance.get('cry_labels', ()))
            known.discard('unknown')
            clips = load_several(sources, cry_labels=known, mapping=parse_mapping(args.map),
                                 say=bars.say)
            for line in kinds_table(clips):
                bars.say(line)
            if not args.with_emotion:
                clips = [clip for clip in clips if clip.kind != 'emotion']
            seen = known_groups(clips, checkpoint.provenance)
            if seen:
                extra['trained_on_groups'] = len(seen)
                n_clips = sum(clip.group in set(seen) for clip in clips)
                warning = (
                    f'{n_clips} of {len(clips)} clips are of {len(seen)} groups that this '
                    'checkpoint was trained on: these figures are too good; --folds DIR gives '
                    'honest ones')
                extra['warning'] = warning
                _warn(bars, warning)
            result = score_with_checkpoint(checkpoint, clips, bars.show)
        report = detection_report(clips, result, with_emotion=args.with_emotion,
                                  n_draws=args.draws)
        report.update(extra)
        if args.permutations:
            report['permutation'] = _permutation(clips, result, args)
        if args.streams:
            from baby_cry_detector.research.evaluation.streams import (evaluate_streams,
                                                                       stream_lines)
            report['streams'] = evaluate_streams(args.folds, clips, progress=bars.show)
        if args.background:
            report['background'] = _background(detector, args, clips, bars)
        if args.household:
            report.update(_both(args, clips, bars))
        for line in summary_lines(report):
            bars.say(line)
        if args.household:
            from baby_cry_detector.research.evaluation.household import household_lines
            for line in household_lines(report):
                bars.say(line)
        if args.streams:
            for line in stream_lines(report['streams']):
                bars.say(line)
        if args.background:
            from baby_cry_detector.research.evaluation.background import background_lines
            for line in background_lines(report['background']):
                bars.say(line)
            if args.name_points:
                _name_points(args.name_points, report['background'])
        if args.permutations:
            found = report['permutation']
            bars.say(f'AUC of shuffled labels: mean {found["permuted_mean"]:.3f}, 95 % below '
                     f'{found["permuted_95"]:.3f}; p = {found["p_value"]:.4f}')
    if args.scores is not None:
        _write_scores(args.scores, clips, result)
    if args.plots is not None:
        from baby_cry_detector.research.training.plots import detection_plots
        counted, scores = _counted(clips, result, args)
        detection_plots(counted, scores, args.plots)
    if args.json:
        print(json.dumps(report))
    return 0


def _background(detector, args, clips, bars):
    """Return the figures on other sounds."""
    from baby_cry_detector.research.evaluation.background import evaluate_background
    from baby_cry_detector.research.training.manifest import load_several
    peer = second = None
    if args.confirmer:
        from baby_cry_detector.research.evaluation.confirmed import SecondListeners
        second = SecondListeners(args.confirmer, progress=bars.show)
    if args.peer:
        from baby_cry_detector.research.evaluation.peer import yamnet
        peer = yamnet(args.peer_file)
    sounds = load_several(args.background, taken=clips)
    others = [clip for clip in sounds if not clip.is_cry]
    if len(others) < len(sounds):
        bars.say(f'{len(sounds) - len(others)} cries among the other sounds are left out: found, '
                 'they would be false events')
    return evaluate_background(detector, clips, others,
                               hours_per_fold=args.hours, cry_every_s=args.cry_every, peer=peer,
                               second=second,
                               progress=bars.show)


def _both(args, clips, bars):
    """Return what both listeners make of households and of clips."""
    from baby_cry_detector.research.evaluation.confirmed import SecondListeners
    from baby_cry_detector.research.evaluation.household import (confirmed, evaluate_clips,
                                                                 evaluate_household, hear_clips)
    from baby_cry_detector.research.training.confirmer_run import first_thresholds
    from baby_cry_detector.research.training.manifest import load_several
    from baby_cry_detector.stream.listener import open_checkpoint
    second = SecondListeners(args.confirmer)
    points = first_thresholds(open_checkpoint(args.checkpoint))
    further = load_several(args.further, taken=clips)
    return {'household': evaluate_household(args.folds, clips, second, points,
                                            hours=args.household, progress=bars.show),
            'clips': evaluate_clips(args.folds, clips, second, points, n_draws=args.draws,
                                    progress=bars.show),
            'further': confirmed(further, hear_clips(args.folds, further, second, bars.show),
                                 second, points) if further else {}}


def _name_points(file, found):
    """Store what was measured in a checkpoint."""
    from baby_cry_detector.model.checkpoint import load_checkpoint, save_checkpoint
    from baby_cry_detector.research.evaluation.background import with_operating_points
    save_checkpoint(file, with_operating_points(load_checkpoint(file), found))


def _counted(clips, result, args):
    """Return the clips and scores that the report's figures count."""
    from baby_cry_detector.research.evaluation.clips import ClipScores
    keep = np.array([args.with_emotion or clip.kind != 'emotion' for clip in clips], bool)
    return ([clip for clip, is_kept in zip(clips, keep) if is_kept],
            ClipScores(result.score[keep], result.threshold[keep], result.delay_s[keep]))


def _permutation(clips, result, args):
    """Return the AUC beside that of shuffled labels."""
    from baby_cry_detector.research.evaluation import metrics
    clips, result = _counted(clips, result, args)
    return metrics.permutation_test(
        lambda truth: metrics.auc(truth, result.score),
        np.array([clip.is_cry for clip in clips], bool),
        strata=[clip.fold for clip in clips], n_permutations=args.permutations)


def _warn(bars: Bars, text: str) -> None:
    bars.say('*' * 72)
    bars.say(f'WARNING: {text}')
    bars.say('*' * 72)


def _out_of_fold(folder: Path, clips):
    """Return the scores of a run with folds and the clips in the same order."""
    from baby_cry_detector.research.evaluation.clips import ClipScores
    file = folder / 'out_of_fold.csv'
    if not file.is_file():
        raise ValueError(f'{file}: no such file; "baby-cry train CONFIG --folds --out {folder}" '
                         'makes it')
    with open(file, newline='', encoding='utf-8') as stream:
        rows = {row['path']: row for row in csv.DictReader(stream)}
    missing = [clip.path for clip in clips if clip.path not in rows]
    chosen = [clip for clip in clips if clip.path in rows]
    if not chosen:
        raise ValueError(f'{file}: holds no clip of this manifest')
    if missing:
        print(f'{len(missing)} clips of the manifest have no out-of-fold score, first '
              f'{missing[0]}; they are left out', file=sys.stderr)
    picked = [rows[clip.path] for clip in chosen]
    return ClipScores(np.array([float(row['score']) for row in picked]),
                      np.array([float(row['threshold']) for row in picked]),
                      np.array([float(row['delay_s'] or 'nan') for row in picked])), chosen


def _write_scores(file: Path, clips, result) -> None:
    with open(file, 'w', newline='', encoding='utf-8') as stream:
        writer = csv.writer(stream)
        writer.writerow(['path', 'label', 'is_cry', 'score', 'threshold', 'delay_s'])
        for clip, score, threshold, delay in zip(clips, result.score, result.threshold,
                                                 result.delay_s):
            writer.writerow([clip.path, clip.label, int(clip.is_cry), f'{score:.6f}',
                             f'{threshold:.6f}', '' if np.isnan(delay) else f'{delay:.3f}'])
