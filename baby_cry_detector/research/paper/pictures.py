# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a comparison as PNG: the paper's figures 3 and 4, recalls, confusion."""

from pathlib import Path
from typing import Dict, List, Sequence

from baby_cry_detector.research.paper.data import PaperData
from baby_cry_detector.research.paper.figures import smoothed
from baby_cry_detector.research.paper.settings import EXPERIMENTS, MODELS
import numpy as np

COLOURS = {'lstm': '#4d4d4d', 'depth1': '#d6604d', 'depth2': '#4393c3', 'depth3': '#2f8f4e',
           'gru': '#8e5ea2', 'lstm_peephole': '#b08d3c', 'svm': '#000000'}
SVM_TITLE = 'functionals + linear SVM'


def draw_all(document: Dict, results: Sequence[Dict], data: PaperData, folder: Path
             ) -> List[Path]:
    """
    Write ``figure3.png``, ``figure4.png``, ``recall.png`` and ``confusion.png``.

    :param document: of `figures.make_figures`.
    :return: the files; a figure none of whose models was trained is left out.
    :raises ImportError: if matplotlib is missing.
    """
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot

    files = []

    def save(figure, name: str) -> None:
        figure.savefig(folder / name, dpi=90)
        pyplot.close(figure)
        files.append(folder / name)

    for number, models in zip((3, 4), EXPERIMENTS.values()):
        chosen = [model for model in models if model in document['models']]
        if len(chosen) > 1:
            save(_curves(pyplot, document, results, chosen, number), f'figure{number}.png')
    save(_recalls(pyplot, document), 'recall.png')
    save(_confusion(pyplot, document, data), 'confusion.png')
    return files


def _curves(pyplot, document: Dict, results: Sequence[Dict], models: Sequence[str],
            number: int):
    panels = [('loss', 'epoch', 'training loss'), ('war', 'epoch', 'test WAR'),
              ('uar', 'CPU seconds of training' if number == 4 else 'epoch', 'test UAR')]
    figure, axes = pyplot.subplots(1, 3, figsize=(12, 3.7), layout='constrained')
    for axis, (key, across, title) in zip(axes, panels):
        for model in models:
            runs = [run for run in results
                    if run['model'] == model and run['seed'] in document['seeds']]
            curves = np.array([smoothed(run[key]) for run in runs])
            position = np.arange(1, curves.shape[1] + 1.0)
            if across != 'epoch':
                position *= document['models'][model]['cpu_s_per_epoch']
            low, high = np.percentile(curves, [25, 75], axis=0)
            axis.plot(position, curves.mean(0), color=COLOURS[model], linewidth=1.8,
                      label=MODELS[model].title)
            axis.fill_between(position, low, high, color=COLOURS[model], alpha=0.12,
                              linewidth=0)
        if key != 'loss':
            chance, what = (('chance_uar', 'chance') if key == 'uar'
                            else ('majority_war', 'most frequent class'))
            _level(axis, document[chance], what, ':')
            if 'svm' in document['models']:
                _level(axis, document['models']['svm'][key], SVM_TITLE, '--')
        axis.margins(y=0.09)
        axis.set(xlabel=across, ylabel=title, xlim=(0, None))
        if key == 'loss':
            axis.set_ylim(0, None)
        axis.grid(alpha=0.25)
    axes[0].legend(fontsize=9)
    n_seeds = len(document['seeds'])
    figure.suptitle(f'Curves as in figure {number} of the paper: mean of '
                    f'{len(document["folds"])} folds × {n_seeds} seed{"s" * (n_seeds > 1)}, '
                    'band: middle half of the runs', fontsize=10)
    return figure


def _level(axis, value: float, what: str, style: str) -> None:
    axis.axhline(value, color='grey', linestyle=style, linewidth=1)
    axis.annotate(what, (1, value), xycoords=('axes fraction', 'data'), fontsize=8,
                  xytext=(-4, -3 if style == '--' else 3), textcoords='offset points',
                  ha='right', va='top' if style == '--' else 'bottom', color='grey')


def _recalls(pyplot, document: Dict):
    names = list(document['models'])
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 0.45 * len(names) + 1.3), sharey=True,
                                   layout='constrained')
    for axis, key, line, what in zip(axes, ('uar', 'war'), ('chance_uar', 'majority_war'),
                                     ('chance', 'most frequent class')):
        for row, name in enumerate(names):
            entry = document['models'][name]
            low, high = entry[f'{key}_95']
            axis.plot([low, high], [row, row], color=COLOURS[name], linewidth=2)
            axis.plot([entry[key]], [row], 'o', color=COLOURS[name])
            axis.annotate(f'{entry[key]:.3f}', (entry[key], row), xytext=(0, 6), ha='center',
                          textcoords='offset points', fontsize=8)
        axis.axvline(document[line], color='grey', linestyle=':', linewidth=1)
        axis.annotate(what, (document[line], -0.62), fontsize=8, color='grey', va='center',
                      xytext=(4, 0), textcoords='offset points')
        axis.set(xlabel=f'{key.upper()}, 95 % interval', ylim=(len(names) - 0.4, -0.9))
        axis.set_yticks(range(len(names)), [_title(name) for name in names])
        axis.grid(alpha=0.25, axis='x')
    return figure


def _confusion(pyplot, document: Dict, data: PaperData):
    names = list(document['models'])
    n_columns = min(3, len(names))
    n_rows = -(-len(names) // n_columns)
    size = 1.6 + 0.33 * len(data.labels)
    figure, axes = pyplot.subplots(n_rows, n_columns, squeeze=False, layout='constrained',
                                   sharex=True, sharey=True,
                                   figsize=(size * n_columns + 0.8, size * n_rows + 0.6))
    for axis in axes.flat[len(names):]:
        axis.set_visible(False)
    for axis, name in zip(axes.flat, names):
        matrix = np.array(document['models'][name]['confusion'])
        share = matrix / np.maximum(matrix.sum(1, keepdims=True), 1e-9)
        axis.imshow(share, cmap='Blues', vmin=0, vmax=1)
        for row, column in np.ndindex(share.shape):
            if share[row, column] >= 0.005:
                axis.text(column, row, f'{100 * share[row, column]:.0f}', ha='center',
                          va='center', fontsize=7.5,
                          color='white' if share[row, column] > 0.55 else 'black')
        axis.set_title(_title(name), fontsize=9)
        ticks = range(len(data.labels))
        axis.set_xticks(ticks, data.labels, rotation=60, ha='right', fontsize=8)
        axis.set_yticks(ticks, data.labels, fontsize=8)
        axis.tick_params(labelbottom=True)
    figure.supylabel('truth', fontsize=9)
    figure.supxlabel('answer; per cent of the truth', fontsize=9)
    return figure


def _title(name: str) -> str:
    return SVM_TITLE if name == 'svm' else MODELS[name].title
