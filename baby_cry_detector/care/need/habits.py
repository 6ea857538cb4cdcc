# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How often a baby of some habits begins to cry, and of what: a rate for each need. Pure.

Each need waits for its own clock: hunger for hours since the feed, tiredness for hours awake,
a nappy for hours since the change; wind comes soon after a feed. What a baby's clocks are is not
known: `HABITS` are the numbers that describe one, as logarithms, each with what is usual at an age
and how much babies differ (docs/use/need.md has the sources).
"""

from typing import Optional

from baby_cry_detector.care.need.labels import NEEDS
from baby_cry_detector.care.need.prior import usual
import numpy as np

# Name: (usual value, spread of its logarithm over babies). Hours; rates are per hour.
HABITS = {
    'feed_h': (None, 0.28), 'feed_width': (0.09, 0.5), 'feed_rate': (3.0, 0.5),
    'wake_h': (None, 0.28), 'wake_width': (0.13, 0.5), 'wake_rate': (1.8, 0.5),
    'nap_h': (1.25, 0.35), 'night_h': (3.3, 0.3),
    'change_h': (3.7, 0.3), 'change_width': (0.12, 0.5), 'change_rate': (0.5, 0.5),
    'wind_rate': (0.3, 0.6), 'company_rate': (0.04, 0.7), 'evening': (2.0, 0.35),
    'sleeps_on': (0.5, 0.5), 'bedtime': (21.0, 0.05), 'morning': (6.0, 0.15)}
NAMES = tuple(HABITS)
INDEX = {name: number for number, name in enumerate(NAMES)}
TIMES = [INDEX[name] for name in ('feed_h', 'wake_h', 'nap_h', 'night_h', 'change_h')]
SPREADS = np.array([spread for _, spread in HABITS.values()])
WIND_H = (0.05, 0.6)                # after a feed
ASLEEP = 0.15                       # what is left of the nappy's and the company's rate in sleep


def centre(age_days: Optional[float]) -> np.ndarray:
    """Return what is usual at an age, as logarithms, shape (H,)."""
    feed_h, wake_h = usual(age_days)
    values = {name: value for name, (value, _) in HABITS.items() if value is not None}
    values.update(feed_h=feed_h, wake_h=wake_h)
    logs: np.ndarray = np.log([values[name] for name in NAMES])
    return logs


def _risen(hours: np.ndarray, after_h: np.ndarray, width: float) -> np.ndarray:
    """Return how far a need has risen, 0 to 1: half of it after its own time."""
    rows: np.ndarray = (after_h - hours) * (1.0 / (width * after_h))
    np.minimum(rows, 60.0, out=rows)
    np.exp(rows, out=rows)
    rows += 1.0
    np.reciprocal(rows, out=rows)
    return rows


def rates(habits: np.ndarray, since_h: np.ndarray, hour: np.ndarray) -> np.ndarray:
    """
    Return how often each of `NEEDS` makes it cry, per hour, shape (K, ..., G).

    :param habits: of each guess, not as logarithms, shape (H, G).
    :param since_h: hours since fed, put to sleep and changed, shape (3, ..., G).
    :param hour: of the day; one, or shape (..., 1).
    """
    fed_h, slept_h, changed_h = since_h
    # For the night it is put to bed longer than for a nap.
    is_night = (hour >= habits[INDEX['bedtime']]) | (hour < habits[INDEX['morning']])
    sleep_h = np.where(is_night, habits[INDEX['night_h']],
                       habits[INDEX['nap_h']])
    asleep = (slept_h < sleep_h).astype(habits.dtype)
    in_sleep = 1.0 + habits.dtype.type(ASLEEP - 1.0) * asleep
    is_evening = ((hour >= 17.0) & (hour < 22.0)) * habits.dtype.type(1.0)
    rows = np.empty((len(NEEDS), *slept_h.shape), habits.dtype)
    rows[0] = _risen(fed_h, habits[INDEX['feed_h']], habits[INDEX['feed_width']])
    rows[0] *= habits[INDEX['feed_rate']] * (1.0 + (habits[INDEX['sleeps_on']] - 1.0) * asleep)
    rows[1] = _risen(slept_h - sleep_h, habits[INDEX['wake_h']], habits[INDEX['wake_width']])
    rows[1] *= habits[INDEX['wake_rate']]
    rows[2] = _risen(changed_h, habits[INDEX['change_h']], habits[INDEX['change_width']])
    rows[2] *= habits[INDEX['change_rate']] * in_sleep
    rows[3] = habits[INDEX['wind_rate']] * ((fed_h > WIND_H[0]) & (fed_h < WIND_H[1]))
    rows[4] = habits[INDEX['company_rate']] * in_sleep
    rows[4] *= 1.0 + (habits[INDEX['evening']] - 1.0) * is_evening
    rows += habits.dtype.type(1e-6)
    return rows
