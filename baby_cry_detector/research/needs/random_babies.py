# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Babies whose reasons have nothing to do with anything: how many get a need named by chance."""

from baby_cry_detector.care.need.labels import ACTIONS, Cry, Fact, NEEDS
from baby_cry_detector.care.need.record import wilson
from baby_cry_detector.care.need.replay import OneBaby
from baby_cry_detector.units import DAY_NS, HOUR_NS, MINUTE_NS
import numpy as np

START_NS = 20_000 * DAY_NS
NOT_ENTERED = 0.15


def raise_baby(seed: int, weeks: int = 8, cries_per_day: float = 10.0) -> dict:
    """Return what became of one baby: {first_day, named, right, of, base_right, labels, error}."""
    generator = np.random.default_rng([seed, 18])
    shares = generator.dirichlet(2.0 * np.ones(len(NEEDS)))
    actions = {need: kind for kind, need in ACTIONS.items()}
    baby, now_ns, number = OneBaby(START_NS - 40 * DAY_NS), START_NS, 0
    while True:
        now_ns += round((0.5 + generator.exponential(24.0 / cries_per_day - 0.5)) * HOUR_NS)
        if now_ns - START_NS > 7 * weeks * DAY_NS:
            break
        end_ns = now_ns + round(generator.uniform(3.0, 14.0) * MINUTE_NS)
        baby.add([Cry(f'c-{number}', now_ns, end_ns, float(generator.random()))])
        need = str(generator.choice(NEEDS, p=shares))
        if generator.random() > NOT_ENTERED:
            baby.add([Fact(end_ns - MINUTE_NS, actions[need])])
        number += 1
    baby.advance(now_ns)
    named = [answered for answered in baby.answered if answered.answer.may_name]
    figures = baby.record.figures(now_ns)
    return {'named': len(named), 'right': figures.right, 'of': figures.of,
            'first_day': (named[0].context.stamp_ns - START_NS) / DAY_NS if named else None,
            'base_right': figures.base_right, 'labels': len(baby.record.outcomes),
            'error': baby.record.calibration_error()}


def summary(results: list) -> dict:
    """Return the figures over all babies."""
    opened = sum(result['first_day'] is not None for result in results)
    low, high = wilson(opened, len(results))
    return {'babies': len(results), 'ever_named': opened,
            'share_ever_named': round(opened / len(results), 4),
            'interval': [round(low, 4), round(high, 4)],
            'labels_each': round(float(np.mean([r['labels'] for r in results])), 1),
            'calibration_error': round(float(np.mean([r['error'] for r in results])), 4)}
