# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What learning one baby costs: processor time of an episode, and bytes of what is kept of a year.

    OMP_NUM_THREADS=1 ./env.sh python benchmarks/need_learner.py [--days 30]

A made household lives through some days; each episode is answered, labelled and learnt, and asked
about as the node does it while it goes on. A year is 365 days of as many cries and entries.
"""

import argparse
import json
import os
import time

os.environ.setdefault('OMP_NUM_THREADS', '1')


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
                      'year_cries': len(year.cries), 'year_entries': len(year.facts)}, indent=1))
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
