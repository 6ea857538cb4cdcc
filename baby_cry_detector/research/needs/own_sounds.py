# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the node's way of using sound reaches where sound tells something: EmoDB, label by label.

Seven emotions stand for needs. Nothing is learnt of other speakers; clip by clip each answer is
on record before its label. What babies' needs sound like is not known to be of that kind at all.
"""

from collections import Counter
from pathlib import Path
from typing import Dict, List

from baby_cry_detector.care.need.own_voice import OwnVoice
from baby_cry_detector.care.need.record import Outcome, Record, wilson
from baby_cry_detector.decision.episode_sound import described
from baby_cry_detector.research.needs.known_speakers import recall
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.units import HOUR_NS
import numpy as np

ORDERS = 10
AFTER = (0, 10, 20, 30)             # labels that are known; the last group is open


def read_sounds(folder: Path) -> tuple:
    """
    Return (sounds (N, D), labels (N,), speakers (N,)) of ``emotion/emodb/LABEL/SPEAKER…``.

    :raises OSError: if there are none.
    """
    from baby_cry_detector.audio.sources import read_audio
    from baby_cry_detector.features.extractor import extract
    feature_set = FrameListener(open_checkpoint()).feature_set
    rows, labels, speakers = [], [], []
    for path in sorted(Path(folder).glob('emotion/emodb/*/*.flac')):
        values = described(extract(feature_set, read_audio(path)), feature_set)
        if values is not None:
            rows.append(values)
            labels.append(path.parent.name)
            speakers.append(path.name[:2])
    if not rows:
        raise OSError(f'there is no emotion/emodb/LABEL/*.flac in {folder}')
    return np.array(rows), np.array(labels), np.array(speakers)


def told(sounds: np.ndarray, labels: np.ndarray, names) -> tuple:
    """Return (what was said before each label was known, whether any was ever named)."""
    voice, record = OwnVoice(tuple(names)), Record()
    counts: Counter = Counter()
    said: List[str] = []
    opened = False
    for number, (sound, label) in enumerate(zip(sounds, labels)):
        now_ns = (number + 1) * HOUR_NS
        voice.hear(sound, now_ns)
        heard = voice.probabilities(sound)
        commonest = max(names, key=lambda name: (counts[name], name))
        said.append(commonest if heard is None else max(heard, key=heard.__getitem__))
        record.note(Outcome(now_ns, said[-1], 1.0, commonest, str(label)))
        opened = opened or record.is_open
        voice.learn(sound, str(label), 1.0, now_ns)
        counts[str(label)] += 1
    return np.array(said), opened


def run(rows: np.ndarray, labels: np.ndarray, speakers: np.ndarray, permutations: int = 0) -> dict:
    """
    Return UAR by how many labels were known, and how many speakers ever had one named.

    :param permutations: above 0: with labels shuffled within each speaker so many times each.
    """
    names = sorted(set(labels))
    results: Dict[str, list] = {f'after_{count}': [] for count in AFTER}
    named: Dict[str, list] = {'true': [], 'permuted': []}
    for number, speaker in enumerate(sorted(set(speakers))):
        own = np.flatnonzero(speakers == speaker)
        said, truth, place = [], [], []
        for seed in range(ORDERS):
            order = np.random.default_rng([seed, number]).permutation(own)
            answers, opened = told(rows[order], labels[order], names)
            said.append(answers)
            truth.append(labels[order])
            place.append(np.arange(len(order)))
            named['true'].append(opened)
        places = np.concatenate(place)
        for low, high in zip(AFTER, (*AFTER[1:], 10**6)):
            inside = (places >= low) & (places < high)
            results[f'after_{low}'].append(recall(np.concatenate(truth)[inside],
                                                  np.concatenate(said)[inside]))
        for seed in range(permutations):
            generator = np.random.default_rng([seed, number, 77])
            order = generator.permutation(own)
            named['permuted'].append(told(rows[order], labels[generator.permutation(own)],
                                          names)[1])
    report: dict = {'chance': round(1 / len(names), 3)}
    for name, values in results.items():
        means = [np.mean(np.random.default_rng(n).choice(values, len(values)))
                 for n in range(2000)]
        report[name] = {'uar': round(float(np.mean(values)), 3), 'interval': [
            round(float(np.percentile(means, q)), 3) for q in (2.5, 97.5)]}
    for name, opened in named.items():
        if opened:
            report[name] = {'runs': len(opened), 'ever_named': int(sum(opened)), 'interval': [
                round(value, 4) for value in wilson(int(sum(opened)), len(opened))]}
    return report
