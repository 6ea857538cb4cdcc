# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of agreement: minutes of each recording, onset errors, and where both differ."""

from pathlib import Path
from typing import List, Sequence

from baby_cry_detector.research.annotation.agreement import (length, onset_errors, Pair, within)
import numpy as np

MOST_LINES = 40


def agreement_plots(pairs: Sequence[Pair], folder: Path) -> List[Path]:
    """
    Write PNG files; return their names.

    :raises ImportError: without matplotlib.
    """
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, draw in (('minutes', _minutes), ('onsets', _onsets), ('timelines', _timelines)):
        figure = pyplot.figure(figsize=(9, 4.5), layout='constrained')
        draw(figure, pairs)
        written.append(folder / f'{name}.png')
        figure.savefig(written[-1], dpi=130)
        pyplot.close(figure)
    return written


def _minutes(figure, pairs: Sequence[Pair]) -> None:
    hours = np.array([each.duration_s for each in pairs]) / 3600
    human, machine = (np.array([length(getattr(each, who)) for each in pairs]) / 60 / hours
                      for who in ('human', 'machine'))
    left, right = figure.subplots(1, 2)
    top = max(1e-3, human.max(), machine.max()) * 1.05
    left.plot([0, top], [0, top], color='0.7')
    left.scatter(human, machine, s=14)
    left.set(xlabel='human, min of crying an hour', ylabel='machine', xlim=(0, top),
             ylim=(0, top))
    differences = machine - human
    right.scatter((human + machine) / 2, differences, s=14)
    right.axhline(differences.mean(), color='C1')
    if len(pairs) > 1:
        for sign in (-1.96, 1.96):
            right.axhline(differences.mean() + sign * differences.std(ddof=1), color='C1',
                          linestyle='--')
    right.set(xlabel='mean of both, min an hour', ylabel='machine − human')


def _onsets(figure, pairs: Sequence[Pair]) -> None:
    axes = figure.subplots()
    errors = onset_errors(pairs)
    if len(errors):
        axes.hist(np.clip(errors, -10, 10), bins=60)
    axes.axvline(0, color='0.5')
    axes.set(xlabel="machine's onset − human's, s (beyond ±10: at the edge)", ylabel='events')


def _timelines(figure, pairs: Sequence[Pair]) -> None:
    axes = figure.subplots()
    worst = sorted(pairs, key=lambda each: length(within(each.human, each.machine)) * 2
                   - length(each.human) - length(each.machine))[:MOST_LINES]
    for row, each in enumerate(worst):
        for offset, who, colour in ((0.0, each.human, 'C0'), (0.42, each.machine, 'C1')):
            axes.broken_barh([(start / 60, (stop - start) / 60) for start, stop in who],
                             (row + offset, 0.38), facecolors=colour)
    axes.set_yticks([row + 0.4 for row in range(len(worst))],
                    [each.name[-24:] for each in worst], fontsize=6)
    axes.set(xlabel='min; blue human, orange machine; those that differ most come first')
    axes.invert_yaxis()
