# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry features`: descriptors of recordings and bags as CSV or NPZ, and as a picture."""

import csv
from pathlib import Path
import sys
from typing import Tuple

import numpy as np

from baby_cry_detector.audio import read_audio, StreamingResampler
from baby_cry_detector.audio.bags import BagAudio, is_bag
from baby_cry_detector.cli.arguments import (
    feature_set_name, how_to_install, output, PICTURES, UsageError)
from baby_cry_detector.features import extract, feature_set_ids, get_feature_set
from baby_cry_detector.features.functionals import functional_columns, functionals
from baby_cry_detector.stream.replay import MessageReplay


def add_parser(subparsers):
    """Declare the subcommand."""
    parser = subparsers.add_parser('features', help='write descriptors', description=__doc__)
    parser.add_argument('files', nargs='+', metavar='FILE|BAG',
                        help='WAV, FLAC or OGG recording, or a ROS 2 bag (sqlite3, mcap)')
    parser.add_argument('--topic', default='', help='audio topic of a bag; default: its only one')
    parser.add_argument('--set', default='is09', dest='feature_set', metavar='NAME',
                        type=feature_set_name,
                        help=f'feature set: {", ".join(feature_set_ids())}; default: is09')
    parser.add_argument('--functionals', action='store_true',
                        help='one row of statistics over the whole recording (is09: 384 values) '
                        'instead of one row per 10 ms')
    parser.add_argument('--out', metavar='F.csv|F.npz', type=output(('.csv', '.npz')),
                        help='file to write; with several recordings their names are put '
                        'before it')
    parser.add_argument('--plot', metavar='F.png', type=output(PICTURES),
                        help='picture to write: waveform, spectrogram, F0 with voicing, '
                        'descriptors; names as for --out')
    parser.add_argument('--columns', metavar='A,B,…',
                        help='descriptors in the picture; default: a choice by set')
    parser.set_defaults(run=run)


def run(args) -> int:
    """Write one file and one picture per recording, as asked."""
    if not args.out and not args.plot:
        raise UsageError('nothing to do: give --out, --plot or both')
    feature_set = get_feature_set(args.feature_set)
    for column in args.columns.split(',') if args.columns else ():
        if column not in feature_set.columns:
            raise UsageError(f'--columns: {feature_set.id} has no column {column!r}; the first '
                             'row of a CSV (--out) lists them')
    for path in args.files:
        if is_bag(path):
            samples, values = read_bag(path, args.topic, feature_set)
        else:
            samples = read_audio(path)
            values = extract(feature_set, samples)
        if not len(values):
            raise ValueError(f'{path}: shorter than one window of '
                             f'{feature_set.window_length / 16:g} ms')
        if args.out:
            columns, rows = feature_set.columns, values
            if args.functionals:
                columns, rows = functional_columns(feature_set), functionals(values)[None]
            write(_name(args.out, path, args.files), feature_set.id, columns, rows)
        if args.plot:
            _plot(_name(args.plot, path, args.files), path, samples, feature_set, values,
                  args.columns)
    return 0


def read_bag(path: str, topic: str, feature_set) -> Tuple[np.ndarray, np.ndarray]:
    """
    Return the samples of a bag, (S,) at the set's rate, and the rows that the graph publishes.

    Where audio is missing, samples and rows of the next stretch follow at once; what was missing
    is said on standard error.
    """
    blocks, rows = [np.zeros(0)], [np.zeros((0, len(feature_set.columns)))]
    resampler = None

    def keep(stamp_ns, samples, sample_rate):
        nonlocal resampler
        if resampler is None or resampler[0] != sample_rate:
            resampler = sample_rate, StreamingResampler(sample_rate, feature_set.sample_rate)
        blocks.append(resampler[1].process(samples))

    replay = MessageReplay(feature_set, on_audio=keep)
    rows += [frames.values for frames in replay.frames(BagAudio(path, topic))]
    troubles = str(replay.troubles)
    if troubles:
        print(f'{path}: the audio was not whole: {troubles}', file=sys.stderr)
    return np.concatenate(blocks), np.concatenate(rows)


def _name(out: str, path: str, files) -> Path:
    """Return the name of the output for one of the recordings."""
    named = Path(out)
    return named.with_name(f'{Path(path).stem}.{named.name}') if len(files) > 1 else named


def write(out: Path, set_id: str, columns, values: np.ndarray) -> None:
    """
    Write rows (n, F) to a CSV (first row: column names) or an NPZ.

    The NPZ holds ``values``, ``columns`` and ``feature_set`` (the id).

    :raises ValueError: on another suffix.
    """
    if out.suffix == '.npz':
        np.savez_compressed(out, values=values, columns=np.array(columns),
                            feature_set=np.array(set_id))
    elif out.suffix == '.csv':
        with open(out, 'w', newline='', encoding='utf-8') as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(map(repr, row) for row in values.tolist())
    else:
        raise ValueError(f'{out}: expected a name that ends in .csv or .npz')


def _plot(out: Path, path: str, samples, feature_set, values, columns) -> None:
    try:
        from baby_cry_detector.views.descriptors import default_columns, draw
        chosen = columns.split(',') if columns else default_columns(feature_set)
        figure = draw(samples, feature_set, values, chosen, Path(path).name)
    except ImportError as error:
        raise ValueError(f'--plot needs matplotlib ({error}): '
                         + how_to_install('python3-matplotlib', 'matplotlib')) from error
    figure.savefig(out, dpi=130)
