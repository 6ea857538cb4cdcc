# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How often a laugh is called crying, by the first listener alone and where the second confirms.

    python3 benchmarks/laughter.py --laughs 200
    python3 benchmarks/laughter.py --laughs 0 --clips more/manifest.csv --clips corpus/manifest.csv

Free recordings of laughing babies hardly exist. Made ones (`research/sounds/made_voices.py`), by
the size of who laughs, stand in for them; the shipped first listener was trained with their like,
the second was not. Of manifests it takes what has a laugh in its name; with --confirmer RUN of
"baby-cry train-confirmer" each is heard by the probe that was not fitted on it.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
import sys
from typing import Dict, List

from baby_cry_detector.audio.sources import read_audio
from baby_cry_detector.checkpoints import CONFIRMER
from baby_cry_detector.decision.settings import LEAVE_TO_ENTER
from baby_cry_detector.research.evaluation.background import score_detector, Stream
from baby_cry_detector.research.evaluation.confirmed import SecondListeners
from baby_cry_detector.research.sounds.made_voices import laugh
from baby_cry_detector.research.training.confirmer_run import first_thresholds
from baby_cry_detector.research.training.manifest import load_several
from baby_cry_detector.stream.listener import open_checkpoint
import numpy as np

RATE = 16000
SIZES = {'baby': (0.0, 0.25), 'child': (0.25, 0.5), 'grown-up': (0.5, 1.0)}
LAUGH_S, QUIET_S = 4.0, 1.5
LEVEL, HISS = 0.05, 3e-4


@dataclass
class Laugh:
    """One laugh: whose, of which fold, and its samples."""

    kind: str
    fold: int
    samples: np.ndarray


def made(count: int) -> List[Laugh]:
    """Return so many of each size, with a quiet room around."""
    found = []
    for kind, (low, high) in SIZES.items():
        for number in range(count):
            rng = np.random.default_rng([number, len(kind)])
            sound = laugh(int(LAUGH_S * RATE), rng, rng.uniform(low, high))
            sound = sound * LEVEL / max(float(np.sqrt(np.mean(np.square(sound)))), 1e-9)
            sound = np.pad(sound, int(QUIET_S * RATE))
            found.append(Laugh(f'made, {kind}', number % 5,
                               sound + HISS * rng.standard_normal(len(sound))))
    return found


def recorded(manifests: List[Path]) -> List[Laugh]:
    """Return those of manifests, by their name; each sound once."""
    found: Dict[str, Laugh] = {}
    for clip in load_several(manifests) if manifests else ():
        if 'laugh' in clip.path.lower() and not clip.is_cry:
            samples = np.asarray(read_audio(clip.file), float)
            found.setdefault(f'{clip.group} {len(samples) // RATE}', Laugh(
                f'recorded, {clip.label}', clip.fold, np.pad(samples, int(QUIET_S * RATE))))
    return list(found.values())


def main() -> int:
    """Print a row for each kind of laugh and operating point."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--laughs', type=int, default=100, help='made ones of each size')
    parser.add_argument('--clips', type=Path, action='append', default=[], help='a manifest')
    parser.add_argument('--confirmer', type=Path, default=CONFIRMER)
    parser.add_argument('--checkpoint', default='')
    args = parser.parse_args()
    checkpoint, second = open_checkpoint(args.checkpoint), SecondListeners(args.confirmer)
    called: Dict[str, Dict[str, List[List[bool]]]] = {}
    for one in [*made(args.laughs), *recorded(args.clips)]:
        stream = Stream(one.samples, [(0.0, len(one.samples) / RATE, one.kind)], [])
        first = score_detector(checkpoint, stream)
        evidence = second(one.fold, stream, first)
        for name, threshold in first_thresholds(checkpoint).items():
            alone = first.episodes(threshold, LEAVE_TO_ENTER)
            both = replace(evidence, threshold=second.whole.threshold(name)).confirmed(alone)
            called.setdefault(one.kind, {}).setdefault(name or 'default', []).append(
                [bool(alone), bool(both)])
    print('| laughs | | first listener alone | both |\n|---|---|---|---|')
    for kind, by_point in called.items():
        for name, answers in by_point.items():
            alone, both = np.sum(answers, axis=0)
            print(f'| {kind} | {name} | {alone} of {len(answers)} | {both} of {len(answers)} |')
    return 0


if __name__ == '__main__':
    sys.exit(main())
