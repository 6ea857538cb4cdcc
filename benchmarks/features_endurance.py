# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Hours of nothing: whether an extractor that gets only zeros stays small and quick.

``python benchmarks/features_endurance.py [--hours 3] [--set NAME ...]``: one second of sound, then
zeros, then denormal numbers, half of the time each, in blocks of one second. Prints, for the
first and the last tenth of either, the processor time per 10 ms frame, and the resident memory
of the process at the beginning and at the end.
"""

import os

for _name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
    os.environ[_name] = '1'

import argparse  # noqa: E402, I100  # after the environment
import gc  # noqa: E402  # after the environment
import time  # noqa: E402  # after the environment

from baby_cry_detector.features import feature_set_ids, StreamingExtractor  # noqa: E402, E501  # after the environment
import numpy as np  # noqa: E402  # after the environment

RATE = 16000


def resident_kib() -> int:
    """Return the memory of this process in KiB."""
    gc.collect()
    with open('/proc/self/statm', encoding='ascii') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') // 1024


def main() -> None:
    """Print one line per set and kind of nothing."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--hours', type=float, default=3.0)
    parser.add_argument('--set', nargs='*', default=feature_set_ids(), dest='sets')
    args = parser.parse_args()
    seconds = int(args.hours * 1800)
    kinds = {'zeros': np.zeros(RATE), 'denormals': np.full(RATE, 1e-310)}
    print(f'{"":<18}{"":<12}{"µs a frame":>12}{"":>9}{"KiB resident":>16}')
    print(f'{"":<18}{"":<12}{"first 10 %":>12}{"last":>9}{"begin":>9}{"end":>9}{"rows":>10}')
    for name in args.sets:
        extractor = StreamingExtractor(name)
        extractor.process(0.3 * np.sin(np.arange(RATE) / 6.0))
        for kind, block in kinds.items():
            extractor.process(block)
            begin, rows, costs = resident_kib(), 0, []
            for _ in range(seconds):
                start = time.process_time()
                values = extractor.process(block).values
                costs.append((time.process_time() - start) * 1e4)
                rows += len(values)
            if not np.isfinite(values).all():
                raise SystemExit(f'{name}: values that are not finite')
            tenth = max(seconds // 10, 1)
            print(f'{name:<18}{kind:<12}{np.median(costs[:tenth]):>12.1f}'
                  f'{np.median(costs[-tenth:]):>9.1f}{begin:>9}{resident_kib():>9}{rows:>10}',
                  flush=True)


if __name__ == '__main__':
    main()
