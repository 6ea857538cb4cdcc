# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Learning one baby without ROS: a made fortnight goes in, cry by cry, as a diary would tell it.

    python examples/learn_one_baby.py [days]

Three methods: `add` what happened, `advance` to the present, ask `why`. In a robot without a
diary the node `need_estimator` does the same: `care_event` in, `need_estimate` and `cry_need` out.
"""

import sys

from baby_cry_detector.care.need.replay import OneBaby
from baby_cry_detector.care.need.words import sentence
from baby_cry_detector.research.needs.households import Household, START_NS
from baby_cry_detector.units import DAY_NS, MINUTE_NS


def main(days: int = 14) -> OneBaby:
    """Let a baby be learnt; print what is believed of each tenth cry, and what it really was."""
    household = Household(seed=4, days=days)
    baby = OneBaby(birth_ns=START_NS - 40 * DAY_NS)
    for number, (cry, reason) in enumerate(zip(household.cries, household.reasons)):
        now_ns = cry.onset_ns + MINUTE_NS
        baby.add(fact for fact in household.facts if fact.stamp_ns < now_ns)
        baby.advance(cry.onset_ns)
        answer, context = baby.why(cry.onset_ns, now_ns)
        if number % 10 == 0:
            said = sentence(answer, context, baby.record.figures(now_ns))
            print(f'day {(now_ns - START_NS) // DAY_NS}: {said}. It was: {reason}')
        baby.add([cry])                         # it is over
    baby.add(household.facts)
    baby.advance(START_NS + days * DAY_NS)
    figures = baby.record.figures(START_NS + days * DAY_NS)
    print(f'right {figures.right} of {figures.of} times; always the commonest need: '
          f'{figures.base_right}; a need is named: {"yes" if baby.record.is_open else "no"}')
    return baby


if __name__ == '__main__':
    main(*map(int, sys.argv[1:2]))
