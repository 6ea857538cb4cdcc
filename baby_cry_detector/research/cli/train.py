# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""``baby-cry train CONFIG``: manifest or folders in, checkpoint out."""

from functools import partial
import json
from pathlib import Path
import sys

from baby_cry_detector.cli.progress import Bars
from baby_cry_detector.research.cli.manifest import add_map_option


def add_parser(subparsers) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        'train', help='train a detector from a configuration',
        description='Trains what the configuration (YAML) says, on the recordings of its '
                    'manifest, of --manifest, or of the folder that BABY_CRY_DATA_DIR names. '
                    'Everything finished is kept in --out: run it again to go on.')
    parser.add_argument('config', type=Path, help='YAML file, see config/training/')
    parser.add_argument('--folds', action='store_true',
                        help='only train fold by fold and score every clip out of fold')
    parser.add_argument('--out', type=Path, default=None,
                        help='folder of the run (default: runs/NAME)')
    parser.add_argument('--manifest', type=Path, action='append', default=[],
                        help='CSV with path, label, group, fold; or a folder per class (may be '
                             'repeated)')
    add_map_option(parser)
    parser.add_argument('--background', type=Path, action='append', default=[],
                        help='manifest of sounds to train on that are in no figure of clips and '
                             'do not move the threshold, such as the one of "baby-cry corpus" '
                             '(may be repeated)')
    parser.add_argument('--opinions', type=Path, default=None, metavar='CSV',
                        help="table with path and the configuration's opinion_column")
    parser.add_argument('--segments', type=Path, default=None, metavar='CSV',
                        help='where recordings cry: path, start_s, end_s, label')
    parser.add_argument('--teacher', type=Path, default=None, metavar='FILE',
                        help='yamnet.tflite, for a configuration with distillation')
    parser.add_argument('--cache', type=Path, default=None,
                        help='folder for extracted features (default: OUT/cache)')
    parser.add_argument('--json', action='store_true',
                        help='print the figures as JSON on standard output')
    parser.set_defaults(run=run)


def run(args) -> int:
    """Run the command; return the exit status."""
    from baby_cry_detector.research.training.config import ConfigError, load_config
    from baby_cry_detector.research.training.labels import parse_mapping
    from baby_cry_detector.research.training.manifest import (DATA_DIR_VARIABLE, default_data_dir,
                                                              join_table, kinds_table,
                                                              load_several, ManifestError)

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    try:
        config = load_config(args.config)
        sources = args.manifest or [config.data.manifest or default_data_dir()]
        if not sources[0]:
            say('baby-cry train: no recordings: give --manifest, or data.manifest in the '
                f'configuration, or set {DATA_DIR_VARIABLE}')
            return 2
        load = partial(load_several, n_folds=config.data.n_folds,
                       mapping=parse_mapping(args.map), say=say)
        clips = load(sources)
        background = load(args.background, taken=clips)
        say('\n'.join(['recordings by kind:', *kinds_table(clips)]))
        if not any(clip.is_cry for clip in clips):
            raise ManifestError('no cry found: say with --map NAME=cry which label means one')
        if args.opinions is not None:
            clips = join_table(clips, args.opinions)
    except (ConfigError, ValueError) as error:
        say(f'baby-cry train: {error}')
        return 2
    try:
        from baby_cry_detector.research.training.run import TrainingRun
    except ImportError as error:
        say(f'baby-cry train: {error}; training needs PyTorch: '
            'pip install baby_cry_detector[training], or apt install python3-torch')
        return 3
    from baby_cry_detector.research.evaluation.clips import summary_lines
    from baby_cry_detector.research.sounds.teacher import Teacher
    from baby_cry_detector.research.training.segments import Segments
    out_dir = args.out or Path('runs') / config.name
    with Bars() as bars:
        try:
            training = TrainingRun(
                config, clips, out_dir, args.cache or out_dir / 'cache', bars.show, bars.say,
                background=background,
                segments=Segments(args.segments) if args.segments else None,
                teacher=Teacher(args.teacher) if args.teacher else None)
            report = training.run_folds()
            for line in summary_lines(report):
                bars.say(line)
            if not args.folds:
                file = training.run_all()
                report['checkpoint'] = str(file)
                bars.say(f'checkpoint: {file}')
        except (ManifestError, ValueError) as error:
            bars.say(f'baby-cry train: {error}')
            return 2
    if args.json:
        print(json.dumps(report))
    return 0
