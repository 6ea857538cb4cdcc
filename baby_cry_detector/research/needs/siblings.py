# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Whether a baby can be told from a sibling or the television by how its episodes sound.

Enrolled are some clips of one; asked are others of the same one and of everybody else, by their
distance from the enrolled mean, in directions in which the others differ most. A phone of
donateacry is a baby, and also a microphone, a room and a way of coding: being told from other
phones is at most as much as being told from other babies. Grown-ups in one studio have no such
help; they speak, though, and there is no sibling among them.
"""

from collections import defaultdict
import csv
from pathlib import Path
import re
from typing import Callable, Dict, List, NamedTuple

from baby_cry_detector.decision.episode_sound import described
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
import numpy as np

ENROLLED = 5
SHRINKAGE = 0.5
DIRECTIONS = 20
ANOTHER_DAY_S = 6 * 3600.0
LEAST_CLIPS = 6
TELEVISION = ('ESC-10', 'asterisk-core-sounds-en', 'SpeechCommands', 'FSDD')
LET_IN = 0.9


class Clip(NamedTuple):
    """One clip: whose, recorded when (0: not known), by what kind of phone, and its sound."""

    who: str
    time_s: float
    kind: str
    values: np.ndarray


class Trial(NamedTuple):
    """Who is enrolled with which clips, and which are asked."""

    enrolled: List[Clip]
    same: List[Clip]
    others: List[Clip]


def read_clips(folder: Path, say: Callable[[str], None] = lambda text: None) -> List[Clip]:
    """
    Return the clips of a folder with a ``manifest.csv`` that this can be asked of.

    :raises OSError: if there is no such folder.
    """
    from baby_cry_detector.audio.sources import read_audio
    from baby_cry_detector.features.extractor import extract
    feature_set = FrameListener(open_checkpoint()).feature_set
    clips = []
    with open(Path(folder) / 'manifest.csv', newline='', encoding='utf-8') as file:
        rows = [row for row in csv.DictReader(file) if row['source'] in ('EmoDB', *TELEVISION)
                or row['source'].startswith('donateacry') and row['path'].startswith('cry/')]
    for row in rows:
        values = described(extract(feature_set, read_audio(Path(folder) / row['path'])),
                           feature_set)
        if values is None:
            say(f'{row["path"]}: too short')
            continue
        kind = 'television' if row['source'] in TELEVISION else row['source']
        stamp = re.search(r'_(\d{10})(\d{3})?\.', row['path'])
        clips.append(Clip(row['group'], float(stamp.group(1)) if stamp else 0.0, kind, values))
    return clips


def trials(clips: List[Clip]) -> Dict[str, List[Trial]]:
    """Return the trials of each question."""
    by_who: Dict[str, List[Clip]] = defaultdict(list)
    for clip in sorted(clips, key=lambda clip: (clip.who, clip.time_s)):
        by_who[clip.who].append(clip)
    television = [clip for clip in clips if clip.kind == 'television']
    found: Dict[str, List[Trial]] = {'speakers': [], 'phones_same_day': [],
                                     'phones_another_day': [], 'television': []}
    generator = np.random.default_rng(0)
    for who, mine in by_who.items():
        kind = mine[0].kind
        others = [clip for clip in clips if clip.kind == kind and clip.who != who]
        if kind == 'EmoDB':
            order = generator.permutation(len(mine))
            found['speakers'].append(Trial([mine[n] for n in order[:ENROLLED]],
                                           [mine[n] for n in order[ENROLLED:]], others))
        elif kind.startswith('donateacry'):
            later = [clip for clip in mine if clip.time_s - mine[0].time_s > ANOTHER_DAY_S]
            first = [clip for clip in mine if clip not in later]
            if later and len(first) >= 2:
                found['phones_another_day'].append(Trial(first[:ENROLLED], later, others))
                found['television'].append(Trial(first[:ENROLLED], later, television))
            if len(first) >= LEAST_CLIPS:
                half = min(ENROLLED, len(first) // 2)
                found['phones_same_day'].append(Trial(first[:half], first[half:], others))
    return found


def projection(clips: List[Clip]) -> np.ndarray:
    """
    Return the directions in which these differ more than clips of one do, shape (D, K).

    In each of them clips of one differ by 1.
    """
    by_who: Dict[str, List[np.ndarray]] = defaultdict(list)
    for clip in clips:
        by_who[clip.who].append(clip.values.astype(float))
    around = [np.array(rows) - np.mean(rows, axis=0) for rows in by_who.values() if len(rows) > 1]
    if not around:
        raise ValueError('nobody else has two clips of that kind')
    within = np.concatenate(around)
    scale = within.std(axis=0) + 1e-9
    within = within / scale
    covariance = (1 - SHRINKAGE) * (within.T @ within / len(within)) \
        + SHRINKAGE * np.eye(within.shape[1])
    values, vectors = np.linalg.eigh(covariance)
    matrix = (vectors / np.sqrt(values)) / scale[:, None]
    means = np.array([np.mean(rows, axis=0) for rows in by_who.values()]) @ matrix
    _, _, directions = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    return matrix @ directions[:DIRECTIONS].T


def asked(trial: Trial, clips: List[Clip]) -> tuple:
    """Return (distances of the same one's clips, of the others')."""
    who, kind = trial.enrolled[0].who, trial.enrolled[0].kind
    matrix = projection([clip for clip in clips if clip.kind == kind and clip.who != who])
    mean = np.mean([clip.values for clip in trial.enrolled], axis=0)
    return tuple(np.linalg.norm((np.array([clip.values for clip in some]) - mean) @ matrix, axis=1)
                 for some in (trial.same, trial.others))


def area(same: np.ndarray, others: np.ndarray) -> float:
    """Return how likely one of the same is nearer than one of the others."""
    return float(np.mean((same[:, None] < others) + 0.5 * (same[:, None] == others)))


def run(clips: List[Clip]) -> dict:
    """Return for each question how well it is told, with 95 % intervals over who is asked for."""
    report = {}
    for name, some in trials(clips).items():
        some = [trial for trial in some if trial.same and trial.others]
        if not some:
            continue
        distances = [asked(trial, clips) for trial in some]
        areas = np.array([area(*pair) for pair in distances])
        # One threshold for all, as a robot would have it: so that most of one's own are let in.
        limit = float(np.quantile(np.concatenate([same for same, _ in distances]), LET_IN))
        let_in = np.array([np.mean(others <= limit) for _, others in distances])
        report[name] = {
            'asked_for': len(some), 'clips': sum(len(trial.same) for trial in some),
            'others': sum(len(trial.others) for trial in some),
            'area': round(float(areas.mean()), 3), 'interval': _interval(areas),
            'others_let_in': round(float(let_in.mean()), 3), 'let_in_interval': _interval(let_in)}
    return report


def _interval(values: np.ndarray) -> list:
    generator = np.random.default_rng(0)
    means = [np.mean(generator.choice(values, len(values))) for _ in range(2000)]
    return [round(float(np.percentile(means, q)), 3) for q in (2.5, 97.5)]
