# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What is usual at an age, before anything is known of this baby.

Ranges as guides for parents give them (docs/use/need.md names each with its source); where they
disagree the middle is taken and the learner is left to move. None of it is advice.
"""

from typing import NamedTuple, Optional, Tuple


class Usual(NamedTuple):
    """Usual times at an age, in hours: (shortest, longest) of the ranges found."""

    until_days: float
    feed_interval_h: Tuple[float, float]
    wake_window_h: Tuple[float, float]


BY_AGE = (Usual(30, (1.5, 3.0), (0.5, 1.0)), Usual(90, (2.0, 4.0), (1.0, 2.0)),
          Usual(150, (2.5, 4.0), (1.25, 2.5)), Usual(240, (3.0, 5.0), (2.0, 3.5)),
          Usual(365, (3.0, 5.0), (2.5, 4.0)), Usual(1e9, (3.0, 6.0), (3.0, 5.5)))
UNKNOWN_AGE_DAYS = 90.0
# Of crying that has a reason at all; hunger first in every diary study, the rest by hand.
SHARES = {'hungry': 0.40, 'tired': 0.25, 'discomfort': 0.15, 'burping': 0.08, 'lonely': 0.12}


def usual(age_days: Optional[float]) -> Tuple[float, float]:
    """
    Return (feed_interval_h, wake_window_h), the middles of the ranges.

    :param age_days: ``None`` or below zero (a date to come) if it is not known.
    """
    if age_days is None or age_days < 0:
        age_days = UNKNOWN_AGE_DAYS
    row = next(row for row in BY_AGE if age_days <= row.until_days)
    return sum(row.feed_interval_h) / 2, sum(row.wake_window_h) / 2
