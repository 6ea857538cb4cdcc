# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""``baby-cry experiment paper``: the paper's two experiments, its tables with our figures."""

import argparse
import json
from pathlib import Path
import shlex

from baby_cry_detector.cli.arguments import feature_set_name, number
from baby_cry_detector.cli.progress import Bars

MODEL_NAMES = ('lstm', 'depth1', 'depth2', 'depth3', 'gru', 'lstm_peephole')


def add_parser(kinds) -> None:
    """Add the command's options."""
    parser = kinds.add_parser(
        'paper', help="repeat the paper's experiments",
        description='Trains LSTM, attention gates of depth 1, 2, 3 and GRU on folds that share '
                    'no speaker, with several seeds, and a linear SVM on whole-clip statistics '
                    'in the same folds; writes report.md, figures.json, scores.json and '
                    'pictures. Stop it at any time: --resume goes on where it was.')
    parser.add_argument('--dataset', required=True, metavar='emodb|donateacry|MANIFEST',
                        help='EmoDB, the reasons of donateacry, or a CSV with path, label, '
                             'group, fold')
    parser.add_argument('--data', type=Path, default=None, metavar='DIR',
                        help="the corpus' folder, or one with a manifest.csv (default: the one "
                             'that BABY_CRY_DATA_DIR names); for MANIFEST: what it is relative '
                             'to')
    parser.add_argument('--features', default='is09', metavar='SET', type=feature_set_name,
                        help='feature set: is09, is10, compare16, ... (default: is09)')
    parser.add_argument('--preset', choices=('paper', 'short', 'recipe'), default='short',
                        help='paper: Table 1 (hours per network on a CPU); short: smaller and '
                             'faster, named as such; recipe: short with what serves these '
                             'networks best (default: short)')
    parser.add_argument('--seeds', type=number(int, 1, 1000), default=3, metavar='N',
                        help='seeds 1 to N (default: 3)')
    parser.add_argument('--models', nargs='+', choices=MODEL_NAMES, default=MODEL_NAMES[:5],
                        help='which networks (default: all but lstm_peephole)')
    parser.add_argument('--epochs', type=number(int, 1, 100_000), default=None,
                        help="instead of the preset's")
    parser.add_argument('--depth-strategy', choices=('cascade', 'mean', 'softmax'), default=None,
                        help='how a deep gate mixes its memories (default: cascade)')
    parser.add_argument('--class-weights', action=argparse.BooleanOptionalAction, default=None,
                        help="weight the loss by class (default: the preset's)")
    parser.add_argument('--out', type=Path, default=None,
                        help='folder (default: runs/paper-DATASET-FEATURES-PRESET)')
    parser.add_argument('--cache', type=Path, default=None,
                        help='folder for extracted features (default: OUT/cache)')
    parser.add_argument('--resume', action='store_true',
                        help='go on in a folder that holds finished runs')
    parser.add_argument('--report-only', action='store_true',
                        help='train nothing: report on the seeds that are finished')
    parser.add_argument('--threads', type=number(int, 1, 1024), default=1,
                        help='threads of torch (default: 1, which times are compared on)')
    parser.set_defaults(run=run)


def run(args) -> int:
    """Run the command; return the exit status."""
    from baby_cry_detector.research.training.manifest import ManifestError
    try:
        import torch
    except ImportError as error:
        raise ImportError(f'{error}; training needs PyTorch: '
                          'pip install baby_cry_detector[training], or apt install '
                          'python3-torch') from error
    torch.set_num_threads(args.threads)
    with Bars() as bars:
        try:
            return _run(args, bars)
        except ManifestError as error:
            bars.say(f'baby-cry experiment paper: {error}')
            return 2


def _run(args, bars: Bars) -> int:
    from baby_cry_detector.research.paper.data import load_data
    from baby_cry_detector.research.paper.figures import finished_seeds, make_figures
    from baby_cry_detector.research.paper.runs import Comparison, write_json
    from baby_cry_detector.research.paper.settings import make_preset

    name = args.dataset if args.dataset in ('emodb', 'donateacry') else Path(args.dataset).stem
    out = args.out or Path('runs') / f'paper-{name}-{args.features}-{args.preset}'
    data = load_data(args.dataset, args.data, args.features, args.cache or out / 'cache',
                     bars.show)
    preset = make_preset(args.preset, data.kind, epochs=args.epochs,
                         depth_strategy=args.depth_strategy, class_weights=args.class_weights)
    comparison = Comparison(data, preset, out, args.resume or args.report_only, bars.show,
                            bars.say)
    models = [model for model in MODEL_NAMES if model in args.models]
    seeds = list(range(1, args.seeds + 1))
    if args.report_only:
        results = comparison.finished(models)
        if not finished_seeds(results, models, data.fold_numbers):
            raise ValueError(f'{out}: no seed has all its runs yet: --resume goes on')
    else:
        results = comparison.run(models, seeds)
    baseline, notes = _baseline(comparison, bars)
    document = make_figures(results, data, preset, models, baseline)
    document = {'config': comparison.config, **document}
    pictures = []
    try:
        from baby_cry_detector.research.paper.pictures import draw_all
        pictures = [file.name for file in draw_all(document, results, data, out)]
    except ImportError as error:
        bars.say(f'no pictures: {error}; apt install python3-matplotlib, or pip install '
                 'matplotlib')
    from baby_cry_detector.research.paper.report import make_report
    write_json(out / 'figures.json', document)
    write_json(out / 'scores.json', {
        'config': comparison.config, 'paths': [clip.path for clip in data.clips],
        'truth': data.truth.tolist(), 'groups': data.groups.tolist(),
        'folds': data.folds.tolist(), 'runs': results, 'baseline': baseline})
    report = make_report(document, data, preset, comparison.config['versions'], pictures,
                         _command(args, document), notes)
    (out / 'report.md').write_text(report, encoding='utf-8')
    for claim in document['claims']:
        bars.say(f'{claim["claim"]}; {claim["compared"]}: {claim["value"]:+.3f} '
                 f'({claim["interval_95"][0]:+.3f} to {claim["interval_95"][1]:+.3f}): '
                 f'{claim["verdict"]}')
    bars.say(f'report: {out / "report.md"}')
    return 0


def _baseline(comparison, bars: Bars):
    """Return the baseline, from its file where there is one, and notes for the report."""
    from baby_cry_detector.research.paper.baseline import NoScikitLearn, run_baseline
    from baby_cry_detector.research.paper.runs import write_json
    file = comparison.out_dir / 'baseline.json'
    if file.is_file():
        return json.loads(file.read_text(encoding='utf-8')), []
    try:
        baseline = run_baseline(comparison.data, comparison.frames)
    except NoScikitLearn as error:
        bars.say(f'left out: {error}')
        return None, ['The statistical baseline was left out: scikit-learn was not installed.']
    write_json(file, baseline)
    return baseline, []


def _command(args, document) -> str:
    """Return the command line that makes this report."""
    words = ['baby-cry', 'experiment', 'paper', '--dataset', args.dataset]
    words += ['--features', args.features, '--preset', args.preset]
    words += ['--seeds', str(max(document['seeds']))]
    if tuple(args.models) != MODEL_NAMES[:5]:
        words += ['--models', *args.models]
    if args.epochs is not None:
        words += ['--epochs', str(args.epochs)]
    if args.depth_strategy is not None:
        words += ['--depth-strategy', args.depth_strategy]
    if args.class_weights is not None:
        words += ['--class-weights' if args.class_weights else '--no-class-weights']
    return shlex.join(words)
