# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Real babies by the strict protocol: learnt from a baby's other rounds, asked about this one.

A round is a stretch of its life in which it was recorded (EnesBabyCries), or one recording where
there is nothing else (donateacry's phones); nothing of a round is known when it is asked about,
not even how the baby sounds in it. What sounds differ in at all is learnt on the other babies.
Beside it stands what the baby's commonest reason of the other rounds would have got.
"""

from collections import Counter
import csv
import math
from pathlib import Path
from typing import Callable, List, NamedTuple

from baby_cry_detector.care.need.record import wilson
from baby_cry_detector.care.need.voice import Voice
from baby_cry_detector.research.needs.known_speakers import centred, Projection, recall
import numpy as np

LAYOUTS = ('enes', 'donateacry')
SHOWN_BELOW = 0.05


class Cries(NamedTuple):
    """Cries whose reason is known: shapes (N, D), (N,), (N,), (N,)."""

    rows: np.ndarray
    labels: np.ndarray
    babies: np.ndarray
    rounds: np.ndarray


def read_cries(layout: str, folder: Path, say: Callable[[str], None] = lambda text: None) -> Cries:
    """
    Return the cries of a folder; what is wrong with it is said line by line.

    :param layout: one of `LAYOUTS`; donateacry's folder may have a ``manifest.csv``.
    :raises ValueError: if there is none whose reason is known.
    """
    from baby_cry_detector.audio.sources import read_audio
    from baby_cry_detector.features.extractor import extract
    from baby_cry_detector.features.functionals import functionals
    found = []
    for row in _listed(layout, Path(folder), say):
        path = Path(folder) / row['path']
        try:
            values = functionals(np.asarray(extract('is09', read_audio(path)), float))
        except (OSError, ValueError) as error:
            say(f'{row["path"]}: {error}')
            continue
        if not np.isfinite(values).all():
            say(f'{row["path"]}: too short')
            continue
        found.append((values, row['label'], row['group'], row.get('round') or row['path']))
    if not found:
        raise ValueError(f'{folder}: no cry whose reason is known')
    return Cries(*(np.array(column) for column in zip(*found)))


def _listed(layout, folder, say) -> List[dict]:
    table = folder / 'manifest.csv'
    if layout == 'donateacry' and table.is_file():
        with open(table, newline='', encoding='utf-8') as file:
            rows = [row for row in csv.DictReader(file)
                    if row.get('source', '').startswith('donateacry')
                    and row['path'].startswith('cry/')]
        return [{name: row[name] for name in ('path', 'label', 'group')} for row in rows
                if row['label'] not in ('unknown', 'cry')]
    from baby_cry_detector.research.corpus.layouts import ADAPTERS
    from baby_cry_detector.research.corpus.layouts_public import PUBLIC
    adapted = {**ADAPTERS, **PUBLIC}[layout](folder)
    for problem in adapted.problems:
        say(problem)
    return [row for row in adapted.rows if row['label'] != 'unknown']


def run(cries: Cries) -> dict:
    """Return the figures of each baby, of all, and whether anything is shown."""
    babies = {}
    for baby in sorted(set(cries.babies)):
        mine = cries.babies == baby
        rounds = sorted(set(cries.rounds[mine]))
        if len(rounds) < 2 or len(set(cries.labels[mine])) < 2:
            continue
        project = _projection(cries, ~mine)
        truth, said, base = [], [], []
        for tested in rounds:
            asked = mine & (cries.rounds == tested)
            known = mine & ~asked
            commonest = Counter(sorted(cries.labels[known])).most_common(1)[0][0]
            truth += cries.labels[asked].tolist()
            base += [commonest] * int(asked.sum())
            said += _answers(project, cries, ~mine, known, asked)
        babies[str(baby)] = _figures(np.array(truth), np.array(said), np.array(base), len(rounds))
    return {'babies': babies, **_all_of(list(babies.values()))}


def _projection(cries, others):
    """Return what sounds differ in by the other babies; deviations alone where they tell none."""
    if len(set(cries.labels[others])) > 1:
        return Projection(cries.rows[others], cries.labels[others], cries.babies[others])
    mean, deviation = cries.rows.mean(axis=0), cries.rows.std(axis=0) + 1e-9
    width = math.sqrt(cries.rows.shape[1])
    return lambda rows: np.clip((rows - mean) / deviation, -5.0, 5.0) / width


def _answers(project, cries, others, known, asked) -> list:
    names = sorted(set(cries.labels[known]))
    around = centred(project(cries.rows[others]), cries.babies[others]) if others.any() else None
    width = project(cries.rows[asked][:1]).shape[1]
    general = {}
    for name in names:
        alike = cries.labels[others] == name
        general[name] = (around[alike].mean(axis=0) if around is not None and alike.any()
                         else np.zeros(width))
    voice = Voice(general, scale=2.0)
    for sound, name in zip(project(cries.rows[known]), cries.labels[known]):
        voice.hear(sound)
        voice.learn(sound, name)
    counts = Counter(cries.labels[known].tolist())
    answers = []
    for sound in project(cries.rows[asked]):
        # Few heard: nothing is said of its voice, the commonest is answered.
        heard = voice.probabilities(sound) or dict.fromkeys(names, 1.0)
        answers.append(max(names, key=lambda name: (heard[name] * counts[name], name)))
    return answers


def _figures(truth, said, base, rounds) -> dict:
    right, of = int((said == truth).sum()), len(truth)
    return {'rounds': rounds, 'of': of, 'right': right, 'base_right': int((base == truth).sum()),
            'uar': round(recall(truth, said), 3), 'interval': [
                round(value, 3) for value in wilson(right, of)]}


def _all_of(rows: List[dict]) -> dict:
    """Return sums, and an exact sign test over babies: each is better, worse, or neither."""
    better = sum(row['right'] > row['base_right'] for row in rows)
    worse = sum(row['right'] < row['base_right'] for row in rows)
    differ = better + worse
    chance = sum(math.comb(differ, count) for count in range(better, differ + 1)) / 2 ** differ
    total = {name: sum(row[name] for row in rows) for name in ('of', 'right', 'base_right')}
    shown = chance < SHOWN_BELOW
    return {'cries': total['of'], 'right': total['right'], 'base_right': total['base_right'],
            'babies_asked': len(rows), 'babies_better': better, 'babies_worse': worse,
            'sign_test': round(chance, 4), 'shown': shown,
            'words': 'better than the commonest reason in more babies than chance allows'
            if shown else 'nothing can be shown'}
