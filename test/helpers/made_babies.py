# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Made babies whose reasons are known, and all that is believed of one, comparable."""

from baby_cry_detector.care.need.labels import ACTIONS, Cry, Fact
from baby_cry_detector.units import HOUR_NS, MINUTE_NS
import numpy as np

NOW = 1_790_000_000_000_000_000
ACTION_OF = {need: kind for kind, need in ACTIONS.items()}


def clear_baby(days, seed=1, until_h=3.0):
    """Return (cries, facts, needs) of a baby that is hungry three hours after each feed."""
    generator, cries, facts, needs = np.random.default_rng(seed), [], [], []
    now_h, fed_h, slept_h = 1.0, 0.0, 0.0
    while now_h < 24 * days:
        hungry_h, tired_h = fed_h + until_h, slept_h + 3.2
        need = 'hungry' if hungry_h <= tired_h else 'tired'
        now_h = max(now_h, min(hungry_h, tired_h)) + float(generator.exponential(0.2))
        onset_ns = NOW + round(now_h * HOUR_NS)
        end_ns = onset_ns + 6 * MINUTE_NS
        cries.append(Cry(f'c-{len(cries)}', onset_ns, end_ns))
        if generator.random() < 0.8:
            facts.append(Fact(end_ns - MINUTE_NS, ACTION_OF[need]))
        needs.append(need)
        now_h += 0.15
        if need == 'hungry':
            fed_h = now_h
        else:
            slept_h = now_h
    return cries, facts, needs


def picture(baby):
    """Return all that is believed, comparable."""
    return ([(a.cry, a.answer.probabilities, a.answer.may_name, a.label) for a in baby.answered],
            baby.record.outcomes, baby.record.starts, baby.record.is_open)
