# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The report of a comparison as Markdown: the paper's tables with our figures beside them."""

import os
from pathlib import Path
import platform
from typing import Dict, List, Sequence

from baby_cry_detector.research.paper.data import PaperData
from baby_cry_detector.research.paper.pictures import SVM_TITLE
from baby_cry_detector.research.paper.settings import (EXPERIMENTS, make_preset, MODELS, Preset,
                                                       PUBLISHED)

NO_FIGURE = '–'


def machine() -> str:
    """Return the processor's name and number of cores."""
    name = platform.processor() or platform.machine()
    info = Path('/proc/cpuinfo')
    if info.is_file():
        for line in info.read_text(encoding='utf-8', errors='replace').splitlines():
            if line.startswith('model name'):
                name = line.split(':', 1)[1].strip()
                break
    return f'{name}, {os.cpu_count()} cores'


def make_report(document: Dict, data: PaperData, preset: Preset, versions: Dict[str, str],
                pictures: Sequence[str], command: str, notes: Sequence[str] = ()) -> str:
    """
    Return the report.

    :param document: of `figures.make_figures`. :param pictures: file names beside the report.
    :param command: what makes it. :param notes: sentences on what was left out.
    """
    parts = [_head(document, data, preset, versions, command, notes), _claims(document),
             _settings(data, preset)]
    for number, (title, compared) in enumerate(EXPERIMENTS.items()):
        models = [model for model in compared if model in document['models']]
        if len(models) < 2:
            continue
        rows = models + [name for name in ('svm',) if name in document['models']]
        parts.append(f'## {title[0].upper()}{title[1:]}: '
                     + ', '.join(MODELS[model].title for model in models))
        parts.append(_averages(document, rows) if number == 0 else _costs(document, models))
        if number == 0:
            parts.append(_by_class(document, data, rows))
        if f'figure{number + 3}.png' in pictures:
            parts.append(f'![Curves as in figure {number + 3} of the paper]'
                         f'(figure{number + 3}.png)')
    parts.append(_convergence(document))
    parts += [f'![{name[:-4]}]({name})' for name in pictures if name in
              ('recall.png', 'confusion.png')]
    return '\n\n'.join(part for part in parts if part) + '\n'


def _head(document: Dict, data: PaperData, preset: Preset, versions: Dict[str, str],
          command: str, notes: Sequence[str]) -> str:
    labels = ', '.join(f'{label} {count}' for label, count in document['labels'].items())
    shorter = '' if preset.name == 'paper' else ' (not Table 1 of the paper: see Settings)'
    seeds = ', '.join(str(seed) for seed in document['seeds'])
    lines = [
        f"# The paper's comparison on {data.name}, {data.feature_set}, preset `{preset.name}`",
        f'{document["n_clips"]} clips of {document["n_groups"]} groups (speakers or phones), '
        f'{len(document["folds"])} folds that share no group; classes: {labels}. '
        f'Preset `{preset.name}`{shorter}, {preset.epochs} epochs, seeds {seeds}; '
        f'{machine()}, one thread; '
        + ', '.join(f'{name} {version}' for name, version in versions.items()) + '.',
        "Recall is out of fold. UAR is the unweighted mean of the classes' recalls, WAR the "
        'sample-weighted one, that is accuracy; the paper\'s "recall AVG" is a WAR. Figures are '
        'means over the answers after each of the last epochs (ten at most) and over seeds, '
        'since which epoch comes last is chance; intervals (95 %) draw groups and seeds with '
        'replacement, differences within each draw.',
        f'Chance has a UAR of {document["chance_uar"]:.3f}; always answering the most frequent '
        f'class a WAR of {document["majority_war"]:.3f}.']
    lines += list(notes)
    lines.append(f'```bash\n{command}\n```')
    return '\n\n'.join(lines)


def _claims(document: Dict) -> str:
    rows = []
    for claim in document['claims']:
        digits = 1 if claim['unit'] == 'epochs' else 3
        low, high = claim['interval_95']
        rows.append([claim['claim'], claim['compared'],
                     f'{claim["value"]:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})',
                     f'**{claim["verdict"]}**'])
    weights = document['models']
    if 'lstm' in weights and 'depth1' in weights:
        share = weights['depth1']['weights'] / weights['lstm']['weights'] - 1
        rows.append(['fewer parameters than LSTM', 'depth 1, all layers, without biases',
                     f'{100 * share:+.1f} %', '**holds**' if share < 0 else '**does not hold**'])
    return ("## The paper's claims here\n\n"
            + table(['claim', 'compared', 'difference (95 %)', 'verdict'], rows)
            + "\n\n*Holds*: the whole interval is on the claim's side of zero. *Not shown*: it "
              'has zero in it. *Neither beats shuffled labels*: the UAR of both is one that more '
              'than 5 % of shuffles reach, so there is nothing to compare.')


def _settings(data: PaperData, preset: Preset) -> str:
    paper = make_preset('paper', data.kind)
    names = [('hidden_sizes', 'cells'), ('dense_sizes', 'dense'), ('epochs', 'epochs'),
             ('batch_size', 'batch'), ('learning_rate', 'learning rate'), ('beta2', 'beta2'),
             ('weight_decay', 'L2'), ('stack_frames', 'frames of 10 ms a step'),
             ('max_clip_s', 'longest clip, s (0: all)'), ('normalisation', 'normalisation'),
             ('class_weights', 'loss weighted by class'), ('gate_bias', 'gate bias'),
             ('dropout', 'dropout'), ('gradient_clip', 'gradient clip (0: none)'),
             ('depth_strategy', 'depth strategy'), ('pooling', 'classified'),
             ('averaging', 'weight averaging'), ('input_noise', 'input noise'),
             ('cosine', 'learning rate falls to 0')]
    rows = [[title, _plain(getattr(paper, name)),
             _plain(getattr(preset, name)) if getattr(preset, name) == getattr(paper, name)
             else f'**{_plain(getattr(preset, name))}**'] for name, title in names]
    return ('## Settings\n\n' + table(['', 'paper (Table 1)', f'preset `{preset.name}`'], rows)
            + '\n\nThe paper splits 4 : 1 at random, so its test speakers are known ones, and '
              'reports the best test epoch.')


def _plain(value) -> str:
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if isinstance(value, tuple):
        return str(list(value))
    return f'{value:g}' if isinstance(value, float) else str(value)


def _averages(document: Dict, rows: Sequence[str]) -> str:
    head = ['', 'UAR (95 %)', 'WAR (95 %)', 'p**', 'macro F1', 'weighted F1',
            'WAR of best test epoch*']
    head += [f'paper, {name}: recall / F1' for name in PUBLISHED]
    lines = []
    for name in rows:
        entry = document['models'][name]
        line = [_title(name), _with_interval(entry, 'uar'), _with_interval(entry, 'war'),
                f'{entry["permutation"]["p_value"]:.3f}', f'{entry["macro_f1"]:.3f}',
                f'{entry["weighted_f1"]:.3f}',
                f'{entry["best_epoch_war"]:.3f}' if 'best_epoch_war' in entry else NO_FIGURE]
        for figures in PUBLISHED.values():
            pair = figures.get(name)
            line.append(f'{pair[0]:.3f} / {pair[1]:.3f}' if pair else NO_FIGURE)
        lines.append(line)
    return table(head, lines) + ('\n\n\\* chosen on the scored fold as the paper does, so too '
                                 'good: for comparison with its figures only. '
                                 '\\*\\* share of 500 shuffles of the labels within the '
                                 'folds with at least this UAR.')


def _by_class(document: Dict, data: PaperData, rows: Sequence[str]) -> str:
    lines = [[f'{label} ({document["labels"][label]})']
             + [f'{_number(document["models"][name]["recall"][index])} / '
                f'{_number(document["models"][name]["f1"][index])}' for name in rows]
             for index, label in enumerate(data.labels)]
    return 'Recall / F1 by class (clips):\n\n' + table(['', *map(_title, rows)], lines)


def _costs(document: Dict, rows: Sequence[str]) -> str:
    lines = []
    for name in rows:
        entry = document['models'][name]
        ratio = NO_FIGURE
        if 'cpu_per_epoch_to_lstm' in entry:
            low, high = entry['cpu_per_epoch_to_lstm_95']
            ratio = f'{entry["cpu_per_epoch_to_lstm"]:.2f} ({low:.2f}–{high:.2f})'
        lines.append([_title(name), f'{entry["weights"]:,}', f'{entry["weights_with_biases"]:,}',
                      f'{entry["cpu_s_per_epoch"]:.3f}', ratio, _with_interval(entry, 'uar'),
                      _with_interval(entry, 'war')])
    return table(['', 'weights', 'with biases', 'CPU s an epoch', 'to LSTM (95 %)', 'UAR (95 %)',
                  'WAR (95 %)'], lines) + (
        '\n\nTraining alone, all models interleaved in one run on one thread.')


def _convergence(document: Dict) -> str:
    lines = []
    for name, entry in document['models'].items():
        if 'epochs_to' not in entry:
            continue
        line = [_title(name)]
        for level in ('half_loss', 'low_loss', 'test_uar'):
            found = entry['epochs_to'][level]
            line += [f'{found["mean"]:.1f}', f'{found["cpu_time_to_lstm"]:.2f}']
        lines.append(line + [f'{entry["final_loss"]:.3f}', f'{entry["final_train_war"]:.3f}'])
    if not lines:
        return ''
    return ('## Convergence\n\n' + table(
        ['', 'epochs to half of the fall of the loss', "CPU time to LSTM's",
         'to nine tenths', 'CPU time', "to nine tenths of LSTM's test UAR", 'CPU time',
         'training loss at the end', 'training accuracy'], lines)
        + '\n\nLevels are those of the LSTM of the same fold and seed: half and nine tenths of '
          'the way from log(classes) down to its training loss at the end. All models take the '
          'same number of iterations an epoch. A level that is never reached counts as one '
          'epoch more than there are.')


def _with_interval(entry: Dict, key: str) -> str:
    low, high = entry[f'{key}_95']
    return f'{entry[key]:.3f} ({low:.3f}–{high:.3f})'


def _number(value) -> str:
    return NO_FIGURE if value is None else f'{value:.2f}'


def _title(name: str) -> str:
    return SVM_TITLE if name == 'svm' else MODELS[name].title


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines: List[Sequence[str]] = [head, ['---'] * len(head), *rows]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)
