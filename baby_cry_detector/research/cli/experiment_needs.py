# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""``baby-cry experiment needs``: what the learner of needs reaches where the truth is known."""

import json
import os
from pathlib import Path
import sys
from typing import Callable

from baby_cry_detector.cli.arguments import number, output_path


def add_parser(kinds) -> None:
    """Add the command's options."""
    parser = kinds.add_parser('needs', help='the learner of needs on random babies, made '
                              'households, known speakers and real babies', description=__doc__)
    parser.add_argument('what', choices=('babies', 'households', 'voices', 'real',
                                         'siblings'))
    parser.add_argument('--count', type=number(int, 1, 100_000), default=300, metavar='N',
                        help='babies or households (default: 300)')
    parser.add_argument('--first', type=number(int, 0, 10**6), default=0, metavar='SEED',
                        help='seed of the first one (default: 0)')
    parser.add_argument('--permute', type=number(int, 0, 10**6), default=0, metavar='SEED',
                        help='voices: shuffle the labels within each speaker')
    parser.add_argument('--gate', type=number(int, 0, 10_000), default=0, metavar='N',
                        help='voices: how many speakers ever have something named, with the '
                             'labels as they are and shuffled N times')
    parser.add_argument('--as-node', action='store_true',
                        help='voices: as need_estimator hears, from its own labels alone and the '
                             "detector's descriptors")
    parser.add_argument('--data', type=Path, default=None, metavar='DIR',
                        help='voices, siblings: folder with manifest.csv and emotion/emodb; real: '
                             'the corpus (default: the folder that BABY_CRY_DATA_DIR names)')
    parser.add_argument('--layout', choices=('enes', 'donateacry'), default='enes',
                        help='real: EnesBabyCries, learnt from the other rounds of each baby; or '
                             "donateacry's phones with several reasons (default: enes)")
    parser.add_argument('--keep', type=output_path, default=None, metavar='F.jsonl',
                        help='babies and households: write each one there, and go on from what '
                             'is there')
    parser.set_defaults(run=run)


def run(args) -> int:
    """Run one experiment; print its figures as JSON."""
    if args.what in ('voices', 'real', 'siblings'):
        print(json.dumps(_of_recordings(args), indent=1))
        return 0
    step: Callable[[int], dict]
    if args.what == 'babies':
        from baby_cry_detector.research.needs.random_babies import raise_baby as step, summary
    else:
        from baby_cry_detector.research.needs.households import live as step, summary
    results = kept_results(args.keep)
    for seed in range(args.first + len(results), args.first + args.count):
        results.append(step(seed))
        if args.keep is not None:
            with open(args.keep, 'a', encoding='utf-8') as file:
                file.write(json.dumps(results[-1]) + '\n')
        print(f'\r{len(results)} of {args.count}', end='', file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(json.dumps(summary(results[:args.count]), indent=1))
    return 0


def _of_recordings(args) -> dict:
    """Return the figures of an experiment that hears a folder of recordings."""
    named = args.data or os.environ.get('BABY_CRY_DATA_DIR')
    if not named:
        raise ValueError('name the folder with --data or BABY_CRY_DATA_DIR')
    folder = Path(named)

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    if args.what == 'real':
        from baby_cry_detector.research.needs import real_babies
        return real_babies.run(real_babies.read_cries(args.layout, folder, say))
    if args.what == 'siblings':
        from baby_cry_detector.research.needs import siblings
        return siblings.run(siblings.read_clips(folder, say))
    if args.as_node:
        from baby_cry_detector.research.needs import own_sounds
        sounds, labels, speakers = own_sounds.read_sounds(folder)
        return own_sounds.run(sounds, labels, speakers, args.gate)
    from baby_cry_detector.research.needs import known_speakers
    rows, labels, speakers = known_speakers.read_clips(folder)
    if args.gate:
        return known_speakers.gate(rows, labels, speakers, args.gate)
    return known_speakers.run(rows, labels, speakers, args.permute)


def kept_results(path) -> list:
    """Return what an earlier run has written; none without a file."""
    if path is None or not path.exists():
        return []
    with open(path, encoding='utf-8') as file:
        return [json.loads(line) for line in file if line.endswith('\n')]
