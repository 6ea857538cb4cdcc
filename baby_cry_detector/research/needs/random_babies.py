# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Babies whose reasons have nothing to do with anything: how many get a need named by chance."""

from baby_cry_detector.care.need.context import Context
from baby_cry_detector.care.need.labels import Label, NEEDS
from baby_cry_detector.care.need.learner import NeedLearner
from baby_cry_detector.care.need.record import wilson
from baby_cry_detector.units import DAY_NS, HOUR_NS
import numpy as np

START_NS = 20_000 * DAY_NS


def raise_baby(seed: int, weeks: int = 8, labels_per_day: float = 8.0) -> dict:
    """Return what became of one baby: {named, first_day, right, of, base_right, error}."""
    generator = np.random.default_rng([seed, 18])
    shares = generator.dirichlet(2.0 * np.ones(len(NEEDS)))
    learner = NeedLearner()
    now_ns, first_day, last = START_NS, None, None
    named = 0
    while True:
        now_ns += round(generator.exponential(24.0 / labels_per_day) * HOUR_NS)
        day = (now_ns - START_NS) / DAY_NS
        if day > 7 * weeks:
            break
        hours = [None if generator.random() < 0.15 else float(high * generator.random())
                 for high in (5.0, 6.0, 6.0)]
        context = Context(now_ns, *hours, hour=float(24 * generator.random()), last=last,
                          duration_min=1.0, intensity=float(generator.random()))
        answer = learner.answer(context)
        named += answer.may_name
        last = str(generator.choice(NEEDS, p=shares))
        learner.learn(context, Label({last: 1.0}, 0.6, 'derived', now_ns), answer)
        if first_day is None and learner.record.is_open:
            first_day = day
    figures = learner.record.figures(now_ns)
    return {'named': named, 'first_day': first_day, 'right': figures.right, 'of': figures.of,
            'base_right': figures.base_right, 'labels': len(learner.record.outcomes),
            'error': learner.record.calibration_error()}


def summary(results: list) -> dict:
    """Return the figures over all babies."""
    opened = sum(result['first_day'] is not None for result in results)
    low, high = wilson(opened, len(results))
    return {'babies': len(results), 'ever_named': opened,
            'share_ever_named': round(opened / len(results), 4),
            'interval': [round(low, 4), round(high, 4)],
            'labels_each': round(float(np.mean([r['labels'] for r in results])), 1),
            'calibration_error': round(float(np.mean([r['error'] for r in results])), 4)}
