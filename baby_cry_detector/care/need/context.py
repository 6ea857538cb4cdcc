# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is known of a baby when it begins to cry, as numbers, and in words. Pure."""

from dataclasses import dataclass
import math
from typing import Optional, Tuple

from baby_cry_detector.care.need.labels import ACTIONS, Fact, NEEDS
from baby_cry_detector.units import DAY_NS, HOUR_NS
import numpy as np

# After so long without an entry it was forgotten, not the baby.
LONGEST_H = {'fed': 8.0, 'slept': 8.0, 'changed': 10.0}
TIMED = ('fed', 'slept', 'changed')
GUESSES = 32
SLEEP_H, CHANGE_H = 1.25, 3.5       # usual hours of a nap, and between changes
# Of the entries that parents make, so many are of another kind than what was done.
WRONG_ENTRIES = 0.1
# Steps at these shares of the usual time say after how long each need begins.
STEPS = (0.4, 0.7, 1.0, 1.3, 1.7)
COLUMNS = ('one', *(f'{kind}_{name}' for kind in TIMED for name in (
               'known', 'ratio', *(f'past_{round(100 * step)}' for step in STEPS))),
           'fed_just', 'night', 'evening', 'hour_sin', 'hour_cos', 'night_slept', 'duration',
           'intensity', *(f'last_{need}' for need in NEEDS))


@dataclass(frozen=True)
class Context:
    """
    What is known at one moment of an episode.

    :param since_h: hours since ``fed``, ``slept`` (put to sleep), ``changed``; None if unknown.
    :param hour: of the day, local, 0 to 24.
    :param age_days: since birth; ``None`` if no date is known.
    :param last: the need of the newest episode that is labelled, if any.
    :param duration_min: how long it cries already.
    :param failed: needs whose action was tried in this episode in vain.
    :param guesses: hours since each of `TIMED` as `Memory` guesses them, shape (3, G), instead of
        the three above.
    """

    stamp_ns: int
    fed_h: Optional[float] = None
    slept_h: Optional[float] = None
    changed_h: Optional[float] = None
    hour: float = 12.0
    age_days: Optional[float] = None
    last: Optional[str] = None
    duration_min: float = 0.0
    intensity: float = 0.5
    failed: Tuple[str, ...] = ()
    guesses: Optional[np.ndarray] = None


class Memory:
    """
    When the baby was fed, put to sleep and changed last: many guesses, since much is not entered.

    What is entered outside of crying holds for all. A cry that ended had a reason: each guess
    takes one, by what the learner thought likely and by what was entered.
    """

    def __init__(self):
        """Nothing is known."""
        self._last_ns = np.full((len(TIMED), GUESSES), -np.inf)

    def note(self, fact: Fact) -> None:
        """Take what was done; an older entry that comes late changes nothing."""
        if fact.kind in TIMED:
            row = self._last_ns[TIMED.index(fact.kind)]
            np.maximum(row, fact.stamp_ns, out=row)

    def hours(self, now_ns: int) -> np.ndarray:
        """Return hours since each of `TIMED` in each guess, shape (3, G); NaN where unknown."""
        hours = (now_ns - self._last_ns) / HOUR_NS
        longest = np.array([LONGEST_H[kind] for kind in TIMED])[:, None]
        return np.where((hours >= 0) & (hours <= longest), hours, np.nan)

    def end_cry(self, end_ns: int, probabilities: np.ndarray, need: Optional[str],
                is_certain: bool) -> None:
        """
        Let each guess take a reason for a cry that has ended.

        :param probabilities: of each of `NEEDS` in each guess, shape (G, K).
        :param need: what was entered or said, if anything.
        :param is_certain: whether the caregiver said so.
        """
        # The stamp decides, so that the same diary makes the same guesses.
        generator = np.random.default_rng(end_ns % 2**63)
        shares = probabilities
        if need is not None:
            wrong = 1e-3 if is_certain else WRONG_ENTRIES
            likely = np.full(len(NEEDS), wrong / (len(NEEDS) - 1))
            likely[NEEDS.index(need)] = 1.0 - wrong
            shares = shares * likely
            weights = shares.sum(axis=1)
            # Guesses that foretold what was entered were the better ones.
            places = (np.arange(GUESSES) + generator.random()) / GUESSES * weights.sum()
            chosen = np.searchsorted(np.cumsum(weights), places).clip(0, GUESSES - 1)
            self._last_ns, shares = self._last_ns[:, chosen], shares[chosen]
        limits = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
        reasons = (generator.random(GUESSES)[:, None] > limits).sum(axis=1)
        for number, kind in enumerate(TIMED):
            took = reasons == NEEDS.index(ACTIONS[kind])
            self._last_ns[number, took] = np.maximum(self._last_ns[number, took], end_ns)


def local_hour(stamp_ns: int, utc_offset_h: float) -> float:
    """Return the hour of the day, 0 to 24."""
    return (stamp_ns % DAY_NS / HOUR_NS + utc_offset_h) % 24.0


def columns_of(context: Context, feed_interval_h: float, wake_window_h: float) -> np.ndarray:
    """
    Return the context as rows, one for each guess, shape (G, len(COLUMNS)), of the order of 1.

    :param feed_interval_h: usual time between feeds at this age, what hours are measured by.
    :param wake_window_h: usual time awake at this age.
    """
    hours = context.guesses if context.guesses is not None else np.array(
        [[np.nan if h is None else h] for h in (context.fed_h, context.slept_h,
                                                context.changed_h)])
    rows = np.zeros((hours.shape[1], len(COLUMNS)))

    def put(name, values):
        rows[:, COLUMNS.index(name)] = values

    put('one', 1.0)
    night = float(context.hour < 6.0 or context.hour >= 21.0)
    for kind, since_h, usual_h in zip(TIMED, hours, (
            feed_interval_h, wake_window_h + SLEEP_H, CHANGE_H)):
        known = ~np.isnan(since_h)
        ratio = np.where(known, np.minimum(since_h / usual_h, 2.5), 1.0)
        put(f'{kind}_known', known)
        put(f'{kind}_ratio', ratio - 1.0)
        for step in STEPS:
            put(f'{kind}_past_{round(100 * step)}', known * np.minimum(0.0, ratio - step))
        if kind == 'slept':
            put('night_slept', night * known * np.tanh(3.0 * (ratio - 1.3)))
    put('fed_just', np.nan_to_num(hours[0], nan=9.0) < 0.6)
    put('night', night)
    put('evening', float(17.0 <= context.hour < 22.0))
    put('hour_sin', 0.7 * math.sin(context.hour * math.pi / 12))
    put('hour_cos', 0.7 * math.cos(context.hour * math.pi / 12))
    put('duration', math.tanh(context.duration_min / 10.0))
    put('intensity', 2.0 * context.intensity - 1.0)
    if context.last is not None:
        put(f'last_{context.last}', 1.0)
    return rows
