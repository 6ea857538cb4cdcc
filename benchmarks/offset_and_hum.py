# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a microphone's offset and mains hum cost the detector, with and without the front end.

For each condition (the recording as it is, an offset of .05 or .3 of full scale, hum of 50.05 or
60 Hz with 19 harmonics that fall by 6 dB an octave, -20 dBFS together) it prints how many cries
are found, how many other sounds are taken for one, the mean of the highest intensity, and the AUC
of the clips' scores (the highest smoothed probability).

    BABY_CRY_DATA_DIR=... python benchmarks/offset_and_hum.py [--clips 25] [--sets cry/1 cry/2]

The network is the shipped one in all rows: the sets have the same columns.
"""

import argparse
from pathlib import Path
import sys

from baby_cry_detector.audio import to_pcm16
from baby_cry_detector.audio.formats import from_pcm16
from baby_cry_detector.audio.sources import read_audio
from baby_cry_detector.features import extract, FeatureSet, get_feature_set
from baby_cry_detector.research.training.manifest import default_data_dir, load_clips
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
import numpy as np

RATE = 16_000
LONGEST_S = 8.0
HUM_DBFS = -20.0
CONDITIONS = ('as it is', 'offset .05', 'offset .3', 'hum 50.05 Hz', 'hum 60 Hz')


def hum(count: int, mains_hz: float, seed: int) -> np.ndarray:
    """Return mains hum with harmonics, -20 dBFS RMS."""
    rng = np.random.default_rng(seed)
    t = np.arange(count) / RATE
    wave = sum(np.sin(2 * np.pi * (mains_hz * k * t + rng.random())) / k for k in range(1, 21))
    return wave * 10 ** (HUM_DBFS / 20) / np.sqrt(np.mean(wave * wave))


def changed(samples: np.ndarray, condition: str, seed: int) -> np.ndarray:
    """Return what the microphone gives in a condition, as 16 bits hold it."""
    if condition.startswith('offset'):
        samples = samples + float(condition.split()[1])
    elif condition.startswith('hum'):
        samples = samples + hum(len(samples), float(condition.split()[1]), seed)
    return from_pcm16(to_pcm16(samples))


def answer(samples: np.ndarray, checkpoint, feature_set: FeatureSet):
    """Return (whether it cried, highest smoothed probability, highest intensity)."""
    listener = FrameListener(checkpoint)
    decisions = list(listener.process(0, extract(feature_set, samples)))
    return (any(d.crying for d in decisions), max(d.cry_probability for d in decisions),
            max(d.intensity for d in decisions))


def auc(positive, negative) -> float:
    """Return the share of pairs in the right order."""
    positive, negative = np.asarray(positive)[:, None], np.asarray(negative)[None, :]
    return float(((positive > negative) + 0.5 * (positive == negative)).mean())


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--data', type=Path, default=default_data_dir())
    parser.add_argument('--clips', type=int, default=25, help='of each kind')
    parser.add_argument('--sets', nargs='+', default=['cry/1', 'cry/2'])
    parser.add_argument('--checkpoint', default='')
    parser.add_argument('--conditions', nargs='+', default=CONDITIONS)
    args = parser.parse_args()
    clips = load_clips(args.data)
    kinds = {}
    for kind in (True, False):
        of_kind = [clip for clip in clips if bool(clip.is_cry) == kind
                   and not str(clip.file).count('/emotion/')]
        kinds[kind] = of_kind[::max(1, len(of_kind) // args.clips)][:args.clips]
    checkpoint = open_checkpoint(args.checkpoint)
    print('| set | condition | cries found | others taken for cries | intensity | AUC |')
    print('|---|---|---|---|---|---|')
    for feature_set in map(get_feature_set, args.sets):
        for condition in args.conditions:
            got = {True: [], False: []}
            for kind, chosen in kinds.items():
                for seed, clip in enumerate(chosen):
                    samples = read_audio(clip.file)[:int(LONGEST_S * RATE)]
                    samples = changed(samples, condition, seed)
                    got[kind].append(answer(samples, checkpoint, feature_set))
            found, false = (sum(crying for crying, *_ in got[kind]) for kind in (True, False))
            intensity = np.mean([top for crying, _, top in got[True] if crying] or [np.nan])
            ranked = auc([p for _, p, _ in got[True]],
                         [p for _, p, _ in got[False]]) if got[False] else np.nan
            print(f'| {feature_set.id} | {condition} | {found} of {len(got[True])} '
                  f'| {false} of {len(got[False])} | {intensity:.2f} | {ranked:.3f} |', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
