# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
EmoDB as the stand-in for a known voice: seven emotions as "needs", each speaker left out once.

A clip is its 384 functionals of IS09, projected to where classes differ more than clips of a class
do around their speaker's mean, learnt on the other speakers. Of the left-out speaker all clips are
heard, a few are labelled; the rest are told apart.
"""

from collections import Counter
from pathlib import Path
from typing import Dict

from baby_cry_detector.care.need.record import Outcome, Record, wilson
from baby_cry_detector.care.need.voice import Voice
from baby_cry_detector.features.extractor import extract
from baby_cry_detector.features.functionals import functionals
import numpy as np

SHRINKAGE = 0.5
REPEATS = 20
LABELS_EACH = (1, 3, 5)


def read_clips(folder: Path) -> tuple:
    """
    Return (functionals (N, 384), labels (N,), speakers (N,)) of ``emotion/emodb/LABEL/SPEAKER…``.

    :raises OSError: if there are none.
    """
    from baby_cry_detector.audio.sources import read_audio
    rows, labels, speakers = [], [], []
    for path in sorted(Path(folder).glob('emotion/emodb/*/*.flac')):
        rows.append(functionals(np.asarray(extract('is09', read_audio(path)), float)))
        labels.append(path.parent.name)
        speakers.append(path.name[:2])
    if not rows:
        raise OSError(f'there is no emotion/emodb/LABEL/*.flac in {folder}')
    return np.array(rows), np.array(labels), np.array(speakers)


def centred(rows: np.ndarray, speakers: np.ndarray) -> np.ndarray:
    """Return rows around their speakers' means."""
    result = rows.astype(float)
    for speaker in set(speakers):
        result[speakers == speaker] -= result[speakers == speaker].mean(axis=0)
    return result


class Projection:
    """
    Whitens what clips of one class differ in, and keeps the directions in which classes differ.

    :param rows: of the other speakers, shape (N, D).
    """

    def __init__(self, rows: np.ndarray, labels: np.ndarray, speakers: np.ndarray):
        """Learn it."""
        self._mean, self._deviation = rows.mean(axis=0), rows.std(axis=0) + 1e-9
        around = centred(self._scaled(rows), speakers)
        classes = sorted(set(labels))
        within = np.concatenate([around[labels == name] - around[labels == name].mean(axis=0)
                                 for name in classes])
        covariance = within.T @ within / len(within)
        level = np.trace(covariance) / len(covariance)
        covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * level * np.eye(len(covariance))
        values, vectors = np.linalg.eigh(covariance)
        whitening = vectors / np.sqrt(values) @ vectors.T
        means = np.array([(around[labels == name] @ whitening).mean(axis=0) for name in classes])
        _, _, directions = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
        self._matrix = whitening @ directions[:len(classes) - 1].T

    def _scaled(self, rows):
        return np.clip((rows - self._mean) / self._deviation, -5.0, 5.0)

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Return projected rows, shape (N, classes - 1)."""
        return self._scaled(rows) @ self._matrix


def recall(truth: np.ndarray, said: np.ndarray) -> float:
    """Return the mean of the classes' recalls (UAR)."""
    return float(np.mean([np.mean(said[truth == name] == name) for name in sorted(set(truth))]))


def run(rows: np.ndarray, labels: np.ndarray, speakers: np.ndarray, permute: int = 0) -> dict:
    """
    Return UAR over speakers: generic, heard (no label), and with labels of each class.

    :param permute: above 0: labels are shuffled within each speaker by this seed; then nothing
        is to be learnt.
    """
    labels = labels.copy()
    if permute:
        for number, speaker in enumerate(sorted(set(speakers))):
            chosen = np.flatnonzero(speakers == speaker)
            generator = np.random.default_rng([permute, number])
            labels[chosen] = generator.permutation(labels[chosen])
    results: Dict[str, list] = {'generic': [], 'heard': [],
                                **{f'labels_{count}': [] for count in LABELS_EACH}}
    for speaker in sorted(set(speakers)):
        own = speakers == speaker
        project = Projection(rows[~own], labels[~own], speakers[~own])
        others, mine, truth = project(rows[~own]), project(rows[own]), labels[own]
        around = centred(others, speakers[~own])
        classes = sorted(set(labels[~own]))
        general = {name: around[labels[~own] == name].mean(axis=0) for name in classes}
        plain = np.array([others[labels[~own] == name].mean(axis=0) for name in classes])
        distances = ((mine[:, None] - plain) ** 2).sum(axis=2)
        results['generic'].append(recall(truth, np.array(classes)[distances.argmin(axis=1)]))
        results['heard'].append(recall(truth, _told(general, mine, mine)))
        for count in LABELS_EACH:
            results[f'labels_{count}'].append(float(np.mean([
                _few(general, mine, truth, count, np.random.default_rng([repeat, count]))
                for repeat in range(REPEATS)])))
    return {name: {'uar': round(float(np.mean(values)), 3),
                   'interval': _interval(values)} for name, values in results.items()}


def gate(rows: np.ndarray, labels: np.ndarray, speakers: np.ndarray, permutations: int) -> dict:
    """
    Return how many speakers ever have a "need" named, clip by clip, as a record of a baby does.

    Each clip is answered, on record beside the commonest label so far, before its label is known
    and learnt from. ``permuted``: with labels shuffled within each speaker, so many times each;
    ``true``: as they are.
    """
    projected = []
    for speaker in sorted(set(speakers)):
        own = speakers == speaker
        project = Projection(rows[~own], labels[~own], speakers[~own])
        around = centred(project(rows[~own]), speakers[~own])
        general = {name: around[labels[~own] == name].mean(axis=0)
                   for name in sorted(set(labels[~own]))}
        projected.append((general, project(rows[own]), labels[own]))
    runs: Dict[str, list] = {'true': [], 'permuted': []}
    for number, (general, mine, truth) in enumerate(projected):
        for seed in range(permutations + 1):
            generator = np.random.default_rng([seed, number, 77])
            order = generator.permutation(len(truth))
            told = truth[generator.permutation(len(truth))] if seed else truth[order]
            runs['permuted' if seed else 'true'].append(_is_ever_named(
                general, mine[order], told))
    report = {}
    for name, named in runs.items():
        low, high = wilson(sum(named), len(named))
        report[name] = {'speakers': len(named), 'ever_named': sum(named),
                        'interval': [round(low, 4), round(high, 4)]}
    return report


def _is_ever_named(general, sounds, labels) -> bool:
    voice, record = Voice(general, scale=2.0), Record()
    counts: Counter = Counter()
    for number, (sound, label) in enumerate(zip(sounds, labels)):
        voice.hear(sound)
        heard = voice.probabilities(sound)
        commonest = max(general, key=lambda name: (counts[name], name))
        said = commonest if heard is None else max(heard, key=heard.__getitem__)
        record.note(Outcome(number + 1, said, 1.0 if heard is None else heard[said], commonest,
                            str(label)))
        if record.is_open:
            return True
        voice.learn(sound, str(label))
        counts[str(label)] += 1
    return False


def _told(general, heard, asked, taught=()):
    voice = Voice(general, scale=2.0)
    for sound in heard:
        voice.hear(sound)
    for sound, name in taught:
        voice.learn(sound, name)
    names = np.array(list(general))
    answers = [voice.probabilities(sound) for sound in asked]
    return names[[int(np.argmax([answer[name] for name in general])) for answer in answers]]


def _few(general, mine, truth, count, generator):
    taught = []
    for name in sorted(set(truth)):
        there = np.flatnonzero(truth == name)
        if len(there) > 1:
            taught += list(generator.choice(there, min(count, len(there) - 1), replace=False))
    rest = np.setdiff1d(np.arange(len(truth)), taught)
    return recall(truth[rest], _told(general, mine, mine[rest],
                                     [(mine[n], truth[n]) for n in taught]))


def _interval(values) -> list:
    """Return the 95 % bootstrap interval over speakers."""
    generator = np.random.default_rng(0)
    means = [np.mean(generator.choice(values, len(values))) for _ in range(2000)]
    return [round(float(np.percentile(means, q)), 3) for q in (2.5, 97.5)]
