# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How exact the descriptors are, in figures.

``python benchmarks/features_agreement.py [RECORDING ...]``: gross F0 errors of ``cry`` and
``is09`` on the synthetic cries of the tests, by register and noise; and, where
``BABY_CRY_REFERENCE_DIR`` names the folder that `test/features/test_reference.py` reads, the
largest difference of each group of columns from openSMILE's numbers over all its signals, the
share of values beyond the tolerance, and the frames whose voicing decision differs. With
recordings, the same against openSMILE itself, where whoever runs this has installed it.
"""

import argparse
import importlib.util
import os
from pathlib import Path
import re
import sys

from baby_cry_detector.audio import read_audio
from baby_cry_detector.features import extract, get_feature_set
from baby_cry_detector.research.descriptors import compiled
import numpy as np

TESTS = Path(__file__).parents[1] / 'test' / 'features'


def load(name: str):
    """Return a module of the tests."""
    sys.path[:0] = [str(TESTS.parent / 'helpers' / folder) for folder in ('', 'hearing')]
    spec = importlib.util.spec_from_file_location(name, TESTS / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def print_f0() -> None:
    """Print gross errors (missed or more than 20 % off) of voiced frames, in percent."""
    cries = load('synthetic_cries')
    print('Gross F0 errors in % of voiced frames, misses included')
    print(f'{"F0, Hz":<14}' + ''.join(f'{f"{name}, {snr} dB":>14}' for snr in (20, 10)
                                      for name in ('cry', 'is09')))
    total = np.zeros((4, 2))
    for number, register in enumerate(cries.REGISTERS):
        counts = np.zeros((4, 2))
        for column, (snr, name) in enumerate(((20, 'cry'), (20, 'is09'), (10, 'cry'),
                                              (10, 'is09'))):
            feature_set = get_feature_set(name)
            f0 = feature_set.index(feature_set.roles['f0'])
            for missing in cries.MISSING:
                samples, truth = cries.synthetic_cry(register, missing, snr, seed=number)
                counts[column] += cries.gross_errors(
                    extract(feature_set, samples)[:, f0], truth, 400)
        total += counts
        print(f'{f"{register[0]:.0f} to {register[1]:.0f}":<14}' + ''.join(
            f'{100 * wrong / voiced:>14.2f}' for wrong, voiced in counts))
    print(f'{"all":<14}' + ''.join(f'{100 * wrong / voiced:>14.2f}' for wrong, voiced in total))


def print_agreement() -> None:
    """Print how far the sets are from openSMILE's numbers."""
    reference = load('test_reference')
    everything = dict.fromkeys([''], 0.0)
    for name, ends, limits in (('is09', (0, 0), reference.IS09), ('is10', (2, 4), reference.IS10),
                               ('compare16', (4, 6), reference.SOURCE)):
        groups, voicing, frames = {}, 0, 0
        for signal in reference.SIGNALS:
            for _, column, ours, theirs, _ in reference.compare(signal, name, everything, ends):
                if column.startswith('F0final_sma') or column == 'F0_sma':
                    if not column.endswith('_de'):
                        voicing += int(((ours > 0) != (theirs > 0)).sum())
                        frames += len(ours)
                limit = reference.tolerance(limits, column)
                # Six digits in the files.
                difference = np.maximum(np.abs(ours - theirs) - 5e-6 * np.abs(theirs), 0.0)
                group = re.sub(r'\[\d+\]', '', column)
                worst, largest, beyond, count, _ = groups.get(group, (0.0, 0.0, 0, 0, None))
                groups[group] = (
                    max(worst, difference.max()), max(largest, np.abs(theirs).max()),
                    beyond + (int((difference > limit).sum()) if limit else 0),
                    count + len(ours), limit)
        print(f'\n{name}: voiced and unvoiced differ in {voicing} of {frames} frames')
        print(f'{"":<40}{"largest":>11}{"of the":>11}{"tolerance":>11}{"beyond it":>12}')
        print(f'{"":<40}{"difference":>11}{"maximum":>11}')
        for group, (worst, largest, beyond, count, limit) in groups.items():
            judged = f'{limit:>11.0e}{100 * beyond / count:>10.2f} %' if limit else ''
            print(f'{group:<40}{worst:>11.1e}{worst / max(largest, 1e-30):>11.1e}{judged}')


def print_live(paths) -> None:
    """Print how far the descriptors of recordings are from openSMILE's, without their deltas."""
    try:
        import opensmile
    except ImportError:
        print('\nopenSMILE is not installed: recordings are not compared')
        return
    for name, theirs, end in (('is09', 'IS09', 0), ('is10', 'IS10', 2),
                              ('compare16', 'ComParE_2016', 4)):
        smile = opensmile.Smile(feature_set=getattr(opensmile.FeatureSet, theirs),
                                feature_level='lld')
        ours, expected = [], []
        for path in paths:
            steps = np.round(read_audio(path) * 32767)
            rows = smile.process_signal(steps / 32768, 16000).to_numpy()
            ours.append(extract(name, steps / 32767))
            count = len(ours[-1]) - end
            ours[-1] = ours[-1][:count, :rows.shape[1]]
            expected.append(rows[:count])
        ours, expected = np.concatenate(ours), np.concatenate(expected)
        feature_set = get_feature_set(name)
        f0 = feature_set.index(feature_set.roles['f0'])
        voicing = int(((ours[:, f0] > 0) != (expected[:, f0] > 0)).sum())
        print(f'\n{name}, {len(paths)} recordings: voiced and unvoiced differ in {voicing} of '
              f'{len(ours)} frames\n{"":<40}{"largest":>11}{"of the":>11}{"beyond 1e-5":>13}\n'
              f'{"":<40}{"difference":>11}{"maximum":>11}{"of it":>13}')
        groups = {}
        for number, column in enumerate(feature_set.columns[:ours.shape[1]]):
            groups.setdefault(re.sub(r'\[\d+\]', '', column), []).append(number)
        for group, columns in groups.items():
            difference = np.abs(ours[:, columns] - expected[:, columns])
            largest = max(np.abs(expected[:, columns]).max(), 1e-30)
            print(f'{group:<40}{difference.max():>11.1e}{difference.max() / largest:>11.1e}'
                  f'{100 * np.mean(difference > 1e-5 * largest):>11.2f} %')


def main() -> None:
    """Print everything that can be."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('recordings', nargs='*', help='to be compared with openSMILE itself')
    args = parser.parse_args()
    print(f'voice quality: {compiled.description()}\n')
    print_f0()
    if os.environ.get('BABY_CRY_REFERENCE_DIR'):
        print_agreement()
    else:
        print('\nBABY_CRY_REFERENCE_DIR is not set: no comparison with stored numbers')
    if args.recordings:
        print_live(args.recordings)


if __name__ == '__main__':
    main()
