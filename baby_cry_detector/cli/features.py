# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry features`: descriptors of recordings and bags as CSV or NPZ, and as a picture."""

from pathlib import Path
import sys
from typing import Iterator, List, Optional, Tuple

from baby_cry_detector.audio import StreamingResampler
from baby_cry_detector.audio.bags import BagAudio, is_bag
from baby_cry_detector.audio.formats import from_pcm16
from baby_cry_detector.cli.arguments import (feature_set_name, how_to_install, output, PICTURES,
                                             UsageError)
from baby_cry_detector.cli.recordings import (add_audio_options, blocks_of, not_whole, say,
                                              told_format)
from baby_cry_detector.cli.tables import open_table
from baby_cry_detector.features import feature_set_ids, get_feature_set, StreamingExtractor
from baby_cry_detector.features.functionals import functional_columns, FunctionalsOfStream
from baby_cry_detector.names import distinct_names
from baby_cry_detector.stream.replay import MessageReplay
import numpy as np

LONGEST_PICTURE_S = 600.0


def add_parser(subparsers):
    """Declare the subcommand."""
    parser = subparsers.add_parser('features', help='write descriptors', description=__doc__)
    parser.add_argument('files', nargs='+', metavar='FILE|BAG',
                        help='WAV, FLAC or OGG recording, or a ROS 2 bag (sqlite3, mcap)')
    add_audio_options(parser)
    parser.add_argument('--set', default='is09', dest='feature_set', metavar='NAME',
                        type=feature_set_name,
                        help=f'feature set: {", ".join(feature_set_ids())}; default: is09')
    parser.add_argument('--functionals', action='store_true',
                        help='one row of statistics over the whole recording (is09: 384 values) '
                        'instead of one row per 10 ms')
    parser.add_argument('--out', metavar='F.csv|F.npz', type=output(('.csv', '.npz')),
                        help='file to write; with several recordings their names are put '
                        'before it, with folders where two have one name')
    parser.add_argument('--plot', metavar='F.png', type=output(PICTURES),
                        help='picture to write: waveform, spectrogram, F0 with voicing, '
                        'descriptors of the first 10 minutes; names as for --out')
    parser.add_argument('--overwrite', action='store_true',
                        help='with several recordings: write over files that are there already')
    parser.add_argument('--columns', metavar='A,B,…',
                        help='descriptors in the picture; default: a choice by set')
    parser.set_defaults(run=run)


def run(args) -> int:
    """Write one file and one picture per recording, as asked; nothing is held in memory."""
    if not args.out and not args.plot:
        raise UsageError('nothing to do: give --out, --plot or both')
    feature_set = get_feature_set(args.feature_set)
    for column in args.columns.split(',') if args.columns else ():
        if column not in feature_set.columns:
            raise UsageError(f'--columns: {feature_set.id} has no column {column!r}; the first '
                             'row of a CSV (--out) lists them')
    audio_format = told_format(args, args.files)
    outs, plots = (_outputs(out, args) for out in (args.out, args.plot))
    codes = [0]
    for path, out, plot in zip(args.files, outs, plots):
        picture = _Picture(feature_set) if plot else None
        parts = (_of_bag(path, BagAudio(path, args.topic, audio_format), args.channel,
                         feature_set, codes)
                 if is_bag(path) else _of_file(path, args.channel, feature_set))
        count = _write(out, parts, picture, feature_set, args.functionals)
        if not count:
            raise ValueError(f'{path}: shorter than one window of '
                             f'{feature_set.window_length / 16:g} ms')
        if picture is not None:
            picture.save(plot, path, args.columns, count)
    return max(codes)


def _outputs(out: Optional[str], args) -> list:
    """
    Return the name of the output for each recording.

    :raises UsageError: if two would get one name, or a name that was made up is taken.
    """
    if out is None or len(args.files) == 1:
        return [Path(out) if out else None] * len(args.files)
    try:
        names = distinct_names(args.files)
    except ValueError as error:
        raise UsageError(str(error)) from None
    outs = [Path(out).with_name(f'{name}.{Path(out).name}') for name in names]
    taken = [] if args.overwrite else [str(path) for path in outs if path.exists()]
    if taken:
        raise UsageError(f'{", ".join(taken[:3])}{" …" if len(taken) > 3 else ""} would be '
                         'written over: give another --out, or --overwrite')
    return outs


def _write(out, parts, picture, feature_set, as_functionals: bool) -> int:
    """Take (samples, rows) as they come, write, and return the number of rows."""
    count, statistics = 0, FunctionalsOfStream()
    columns = functional_columns(feature_set) if as_functionals else feature_set.columns
    with open_table(out, feature_set.id, columns) as table:
        for samples, rows in parts:
            count += len(rows)
            if as_functionals:
                statistics.add(rows)
            else:
                table.add(rows)
            if picture is not None:
                picture.add(samples, rows)
        if as_functionals and count:
            table.add(statistics.result()[None])
        if not count:
            table.give_up()
    return count


Part = Tuple[np.ndarray, np.ndarray]


def _of_file(path, channel, feature_set) -> Iterator[Part]:
    """Yield samples and the rows that they complete."""
    extractor = StreamingExtractor(feature_set)
    for block in blocks_of(path, feature_set.sample_rate, channel, 1.0):
        samples = from_pcm16(block.pcm)
        yield samples, extractor.process(samples).values
    yield np.zeros(0), extractor.flush().values


def _of_bag(path, messages, channel, feature_set, codes: List[int]) -> Iterator[Part]:
    """
    Yield the samples of a bag, at the set's rate, and the rows that the graph publishes.

    Where audio is missing, samples and rows of the next stretch follow at once; what was missing
    is said on standard error.

    :param codes: at the end, 1 is added to them if much could not be heard, else 0.
    """
    waiting = []
    resampler = None

    def keep(stamp_ns, samples, sample_rate):
        nonlocal resampler
        if resampler is None or resampler.rate_in != sample_rate:
            resampler = StreamingResampler(sample_rate, feature_set.sample_rate)
        waiting.append(resampler.process(samples))

    replay = MessageReplay(feature_set, on_audio=keep, channel=channel)
    for frames in replay.frames(messages):
        yield np.concatenate(waiting or [np.zeros(0)]), frames.values
        waiting.clear()
    yield np.concatenate(waiting or [np.zeros(0)]), np.zeros((0, len(feature_set.columns)))
    say(path, replay.extraction.take_news())
    say(path, replay.extraction.remarks.values())
    troubles = str(replay.troubles)
    if troubles:
        say(path, [f'the audio was not whole: {troubles}'])
    codes.append(not_whole(path, replay.extraction))


class _Picture:
    """The first minutes of a recording."""

    def __init__(self, feature_set) -> None:
        self._feature_set = feature_set
        self._room = round(LONGEST_PICTURE_S * feature_set.sample_rate)
        self._samples, self._rows = [np.zeros(0)], [np.zeros((0, len(feature_set.columns)))]

    def add(self, samples: np.ndarray, rows: np.ndarray) -> None:
        if self._room > 0:
            self._samples.append(samples)
            self._rows.append(rows)
            self._room -= len(samples)

    def save(self, out: Path, path: str, columns: Optional[str], count: int) -> None:
        rows = np.concatenate(self._rows)
        if len(rows) < count - 100:
            print(f'{path}: the picture shows the first {LONGEST_PICTURE_S / 60:g} minutes; '
                  '"baby-cry plot" draws any length', file=sys.stderr)
        try:
            from baby_cry_detector.views.descriptors import default_columns, draw
            chosen = columns.split(',') if columns else default_columns(self._feature_set)
            figure = draw(np.concatenate(self._samples), self._feature_set, rows, chosen,
                          Path(path).name)
        except ImportError as error:
            raise ValueError(f'--plot needs matplotlib ({error}): '
                             + how_to_install('python3-matplotlib', 'matplotlib')) from error
        figure.savefig(out, dpi=130)
