# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Made babies whose reasons are known, and all that is believed of one, comparable."""

from baby_cry_detector.care.need.labels import ACTIONS, Cry, Fact, NEEDS
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


def told_by_sound(days=12, tells=2.0, seed=3, width=12, start_ns=NOW):
    """Return (cries, facts, sounds) of needs without order whose sounds differ by so much."""
    generator = np.random.default_rng(seed)
    centres = {need: generator.normal(size=width) for need in NEEDS}
    usual = generator.normal(size=width) * 100
    cries, facts, sounds = [], [], {}
    for number in range(days * 8):
        onset_ns = start_ns + number * 3 * HOUR_NS
        need = NEEDS[int(generator.integers(3))]
        cries.append(Cry(f'c-{number}', onset_ns, onset_ns + 6 * MINUTE_NS))
        facts.append(Fact(onset_ns + 5 * MINUTE_NS, ACTION_OF[need]))
        sounds[f'c-{number}'] = (usual + tells * centres[need] + generator.normal(size=width)
                                 ).astype(np.float32)
    return cries, facts, sounds


def picture(baby):
    """Return all that is believed, comparable."""
    return ([(a.cry, a.answer.probabilities, a.answer.may_name, a.label) for a in baby.answered],
            baby.record.outcomes, baby.record.starts, baby.record.is_open)
