# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What learning one baby costs: processor time of an episode, and bytes of what is kept of a year.

    OMP_NUM_THREADS=1 ./env.sh python benchmarks/need_learner.py [--days 30]

A made household lives through some days; each episode is answered, labelled and learnt, and asked
about as the node does it while it goes on. A year is 365 days of as many cries and entries.
With sound: what an episode of half a minute and more costs the classifier (`sound_ms`), while as
much is kept as ever is, and the bytes of that.
"""

import argparse
import json
import os
import tempfile
import time

os.environ.setdefault('OMP_NUM_THREADS', '1')


def cost_of_sound(count: int = 60) -> dict:
    """Return processor time of describing and keeping an episode's sound, and bytes kept."""
    from baby_cry_detector import kept_voice
    from baby_cry_detector.decision.episode_sound import described, EpisodeSound
    from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
    import numpy as np
    feature_set = FrameListener(open_checkpoint()).feature_set
    rows = np.random.default_rng(1).random((3000, len(feature_set.columns)), np.float32)
    values = described(rows, feature_set)
    costs_ms = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ['XDG_STATE_HOME'] = folder
        for number in range(1, kept_voice.MOST + count):
            if number == kept_voice.MOST_AFTER_PRUNING:
                costs_ms.clear()
            begun_s = time.process_time()
            if number >= kept_voice.MOST_AFTER_PRUNING:
                values = described(rows, feature_set)
            kept_voice.add('crib', EpisodeSound(f'crib-20260101T000000.{number:09d}Z', number,
                                                f'{feature_set.id} 1', values))
            costs_ms.append(1000 * (time.process_time() - begun_s))
        size = kept_voice.voice_file('crib').stat().st_size
    return {'sound_ms': {'median': round(float(np.median(costs_ms)), 2),
                         'p99': round(float(np.percentile(costs_ms, 99)), 2)},
            'sound_bytes': size, 'numbers_each': len(values)}


def main() -> int:
    """Measure, and print JSON."""
    from baby_cry_detector.care.need import journal
    from baby_cry_detector.care.need.replay import OneBaby
    from baby_cry_detector.research.needs.households import Household, START_NS
    from baby_cry_detector.units import DAY_NS, MINUTE_NS
    import numpy as np
    parser = argparse.ArgumentParser(description=__doc__.split(chr(10), maxsplit=2)[1])
    parser.add_argument('--days', type=int, default=30)
    days = parser.parse_args().days
    household = Household(77, days)
    baby = OneBaby(START_NS - 40 * DAY_NS)
    facts, learns_ms, asks_ms = list(household.facts), [], []
    for cry in household.cries:
        before = [fact for fact in facts if fact.stamp_ns <= cry.end_ns]
        facts = facts[len(before):]
        asked_s = time.process_time()
        baby.why(cry.onset_ns, cry.onset_ns + MINUTE_NS)
        begun_s = time.process_time()
        baby.add([cry, *before])
        baby.advance(cry.end_ns + 6 * MINUTE_NS)
        learns_ms.append(1000 * (time.process_time() - begun_s))
        asks_ms.append(1000 * (begun_s - asked_s))
    year = Household(78, 365)
    text = json.dumps(journal.to_document(year.cries, year.facts, START_NS))

    def figures(values):
        return {name: round(float(np.percentile(values[10:], percent)), 2)
                for name, percent in (('median', 50), ('p95', 95), ('p99', 99))}
    print(json.dumps({'episodes': len(learns_ms), 'learning_ms': figures(learns_ms),
                      'asking_ms': figures(asks_ms), 'year_bytes': len(text),
                      'year_cries': len(year.cries), 'year_entries': len(year.facts),
                      **cost_of_sound()}, indent=1))
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
