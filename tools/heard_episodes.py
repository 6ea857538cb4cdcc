# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Write what is decided on every recording of a manifest, or hold it against an earlier run.

A change that must alter nothing that is heard (a faster core, another way to the same numbers)
is checked so, before and after:

    python tools/heard_episodes.py DATA --out before.json
    python tools/heard_episodes.py DATA --against before.json

Every change of a decision counts: when crying begins and ends, the episode's onset, duration and
need. Probabilities may differ by rounding; the largest difference is printed.
"""

import argparse
import csv
import json
from pathlib import Path
import sys
import time

from baby_cry_detector.audio import read_audio
from baby_cry_detector.decision import DecisionSettings, make_decider
from baby_cry_detector.features import FeatureSet, StreamingExtractor
from baby_cry_detector.model.checkpoint import load_checkpoint
from baby_cry_detector.model.runtime import make_runtime
from baby_cry_detector.stream.listener import open_checkpoint
import numpy as np

BLOCK = 640
START_NS = 1_700_000_000_000_000_000


def decisions(checkpoint, feature_set, runtime, samples):
    """Return changes of the decision, and the smoothed probability's maximum and mean."""
    settings = DecisionSettings().resolved(checkpoint.enter_threshold, checkpoint.leave_threshold,
                                           checkpoint.smoothing_s)
    decider = make_decider(settings, checkpoint.needs, checkpoint.need_priors,
                           checkpoint.need_temperature, step_s=0.01, crib_id='crib')
    extractor = StreamingExtractor(feature_set)
    runtime.reset()
    roles = feature_set.roles
    level, voicing = feature_set.index(roles['level']), feature_set.index(roles['voicing'])
    changes, probabilities = [], []
    count = 0
    blocks = [extractor.process(samples[at:at + BLOCK]).values
              for at in range(0, len(samples), BLOCK)] + [extractor.flush().values]
    for rows in blocks:
        if not len(rows):
            continue
        rows = rows.astype(np.float32)
        cry, needs = runtime.process(rows)
        times = START_NS + 10_000_000 * np.arange(count, count + len(rows), dtype=np.int64)
        count += len(rows)
        probabilities.append(cry)
        for decision in decider.changes(times, cry, needs if needs.shape[1] else None,
                                        rows[:, level], rows[:, voicing]):
            changes.append([decision.stamp_ns - START_NS, bool(decision.crying),
                            decision.episode, decision.onset_ns - START_NS * bool(
                                decision.episode), decision.duration_ns, decision.need_name])
    cry = np.concatenate(probabilities) if probabilities else np.zeros(1)
    return {'changes': changes, 'highest': float(cry.max()), 'mean': float(cry.mean())}


def main():
    """Run; 0 if nothing differs, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('data', type=Path, help='folder with manifest.csv')
    parser.add_argument('--out', type=Path)
    parser.add_argument('--against', type=Path)
    parser.add_argument('--model', nargs='+', default=['', 'is09'])
    arguments = parser.parse_args()
    paths = [row['path'] for row in csv.DictReader(open(arguments.data / 'manifest.csv'))]
    result, seconds = {}, 0.0
    for model in arguments.model:
        checkpoint = load_checkpoint(model) if model.endswith('.npz') else open_checkpoint(model)
        feature_set = FeatureSet.from_dict(checkpoint.feature_set)
        runtime = make_runtime(checkpoint)
        for path in paths:
            samples = read_audio(arguments.data / path)
            begin = time.process_time()
            result[f'{model or "default"} {path}'] = decisions(
                checkpoint, feature_set, runtime, samples)
            seconds += time.process_time() - begin
    print(f'{len(paths)} recordings, {len(arguments.model)} detectors, '
          f'{sum(len(one["changes"]) for one in result.values())} changes of a decision, '
          f'{seconds:.0f} s of processor time')
    if arguments.out:
        arguments.out.write_text(json.dumps(result))
    if not arguments.against:
        return 0
    before = json.loads(arguments.against.read_text())
    different = [name for name in result
                 if before.get(name, {}).get('changes') != result[name]['changes']]
    both = [name for name in result if name in before]
    print(f'{len(both)} compared, {len(different)} decided otherwise; the highest probability of '
          'a recording differs by at most '
          f'{max(abs(result[n]["highest"] - before[n]["highest"]) for n in both):.2g}, the mean '
          f'by {max(abs(result[n]["mean"] - before[n]["mean"]) for n in both):.2g}')
    for name in different:
        print('decided otherwise:', name, file=sys.stderr)
    return 1 if different or len(both) < len(result) else 0


if __name__ == '__main__':
    sys.exit(main())
