# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""``baby-cry manifest``: a manifest from a corpus as it lies on disk."""

import os
from pathlib import Path
import sys

from baby_cry_detector.cli.arguments import output_path

LAYOUTS = ('donateacry', 'esc50', 'emodb', 'aibo', 'casia', 'enes', 'corvin', 'icsd',
           'debarbaro', 'fsd50k', 'audioset', 'folders')


def add_parser(subparsers) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        'manifest', help='make a manifest of a corpus',
        description='Writes a CSV with path, label, group, fold and kind of every recording '
                    'and names every file that is wrong or missing.')
    parser.add_argument('layout', choices=LAYOUTS,
                        help='donateacry-corpus (cleaned or raw buckets), ESC-50, EmoDB, FAU '
                             'Aibo (IS09 challenge), CASIA, EnesBabyCries, Corvin 2024, ICSD, '
                             'deBarbaroCry, FSD50K, AudioSet (strong labels), or one folder per '
                             'class')
    parser.add_argument('root', type=Path, help="the corpus' folder")
    parser.add_argument('--out', type=output_path, required=True, help='CSV to write')
    parser.add_argument('--convert-to', type=Path, default=None, metavar='FOLDER',
                        help='donateacry: convert raw 3gp and caf files with ffmpeg into it')
    parser.add_argument('--segments', type=output_path, default=None, metavar='CSV',
                        help='also write where in the recordings it cries, if the corpus says')
    add_map_option(parser)
    parser.add_argument('--skip-wrong', action='store_true',
                        help='write what is right although something is wrong')
    parser.set_defaults(run=run)


def add_map_option(parser) -> None:
    """Declare `--map`."""
    parser.add_argument('--map', action='append', default=[], metavar='NAME=MEANING',
                        help='what a folder or label means: cry, not_cry, emotion, skip, or the '
                             'reason of the cry (may be repeated)')


def say(text: str) -> None:
    """Write a line to standard error."""
    print(text, file=sys.stderr, flush=True)


def run(args) -> int:
    """Run the command; return the exit status."""
    from baby_cry_detector.research.corpus.layouts import Adapted, ADAPTERS
    from baby_cry_detector.research.corpus.layouts_public import PUBLIC
    from baby_cry_detector.research.training.labels import parse_mapping
    from baby_cry_detector.research.training.manifest import (kinds_table, load_clips,
                                                              write_manifest, write_table)

    if not args.root.is_dir():
        raise ValueError(f'{args.root}: no such folder')
    if args.layout == 'folders':
        found = Adapted()
        clips = load_clips(args.root, mapping=parse_mapping(args.map), say=say)
        say('\n'.join(kinds_table(clips)))
        for clip in clips:
            found.add(clip.path, clip.label, clip.group, clip.fold, clip.kind, args.root.name)
    elif args.layout == 'donateacry':
        found = ADAPTERS[args.layout](args.root, args.convert_to)
    else:
        found = {**ADAPTERS, **PUBLIC}[args.layout](args.root)
    for problem in found.problems:
        print(problem, file=sys.stderr)
    if not found.rows or (found.problems and not args.skip_wrong):
        print(f'{len(found.problems)} problems, nothing written'
              + ('; --skip-wrong writes the rest' if found.rows else ''), file=sys.stderr)
        return 1
    here = args.out.resolve().parent
    for row in found.rows:  # paths of a manifest are relative to it
        row['path'] = Path(os.path.relpath(args.root.resolve() / row['path'], here)).as_posix()
    write_manifest(found.rows, args.out)
    if args.segments is not None:
        for row in found.segments:
            row['path'] = Path(os.path.relpath(args.root.resolve() / row['path'],
                                               here)).as_posix()
        write_table(found.segments, ('path', 'start_s', 'end_s', 'label'), args.segments)
    print(f'{args.out}: {len(found.rows)} recordings of '
          f'{len({row["group"] for row in found.rows})} groups', file=sys.stderr)
    return 0
