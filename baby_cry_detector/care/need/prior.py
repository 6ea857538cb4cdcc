# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What is usual at an age, before anything is known of this baby.

Ranges as guides for parents give them (docs/need.md names each with its source); where they
disagree the middle is taken and the learner is left to move. None of it is advice.
"""

from typing import NamedTuple, Optional

from baby_cry_detector.care.need.context import COLUMNS
from baby_cry_detector.care.need.labels import NEEDS
import numpy as np


class Usual(NamedTuple):
    """Usual times at an age, in hours: (shortest, longest) of the ranges found."""

    until_days: float
    feed_interval_h: tuple
    wake_window_h: tuple


BY_AGE = (Usual(30, (1.5, 3.0), (0.5, 1.0)), Usual(90, (2.0, 4.0), (1.0, 2.0)),
          Usual(150, (2.5, 4.0), (1.25, 2.5)), Usual(240, (3.0, 5.0), (2.0, 3.5)),
          Usual(365, (3.0, 5.0), (2.5, 4.0)), Usual(1e9, (3.0, 6.0), (3.0, 5.5)))
UNKNOWN_AGE_DAYS = 90.0
# Of crying that has a reason at all; hunger first in every diary study, the rest by hand.
SHARES = {'hungry': 0.40, 'tired': 0.25, 'discomfort': 0.15, 'burping': 0.08, 'lonely': 0.12}
# What every parent knows, as weights of the context's columns; weak, and moved by each label.
SLOPES = {('hungry', 'fed_past_70'): 2.0, ('hungry', 'fed_past_100'): 2.0,
          ('burping', 'fed_just'): 1.5,
          ('tired', 'slept_past_100'): 2.0, ('tired', 'slept_past_130'): 2.0,
          ('discomfort', 'changed_past_70'): 1.0, ('discomfort', 'changed_past_100'): 1.0}


def usual(age_days: Optional[float]) -> tuple:
    """
    Return (feed_interval_h, wake_window_h), the middles of the ranges.

    :param age_days: ``None`` or below zero (a date to come) if it is not known.
    """
    if age_days is None or age_days < 0:
        age_days = UNKNOWN_AGE_DAYS
    row = next(row for row in BY_AGE if age_days <= row.until_days)
    return sum(row.feed_interval_h) / 2, sum(row.wake_window_h) / 2


def prior_weights() -> np.ndarray:
    """Return the weights of `COLUMNS` for each of `NEEDS`, shape (D, K)."""
    weights = np.zeros((len(COLUMNS), len(NEEDS)))
    for number, need in enumerate(NEEDS):
        weights[0, number] = np.log(SHARES[need] * len(NEEDS))
    for (need, column), value in SLOPES.items():
        weights[COLUMNS.index(column), NEEDS.index(need)] = value
    return weights
