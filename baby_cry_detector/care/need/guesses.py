# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Many guesses of what a baby's habits are, and when it was fed, put to sleep and changed last. Pure.

Much is not entered and some is entered wrongly, so neither is known. Each guess has habits and
three times. Hours without crying and a cry's moment speak for some guesses and against others; a
cry that ended had a reason, and each guess takes one, by its own rates and by what was entered.
Those that foretold better count more; when few of them count, they are drawn anew by that (a
particle filter; habits are spread again as Liu and West 2001 do it). A label counts half after
five weeks, and a few guesses grow overnight.
"""

from typing import Callable, Optional, Sequence, Tuple

from baby_cry_detector.care.need.habits import centre, INDEX, NAMES, rates, SPREADS, TIMES
from baby_cry_detector.care.need.labels import ACTIONS, NEEDS
from baby_cry_detector.units import DAY_NS, HOUR_NS, MINUTE_NS
import numpy as np

TIMED = ('fed', 'slept', 'changed')
COUNT = 3000
SLICE_NS = 15 * MINUTE_NS
HALF_LIFE_NS = 35 * DAY_NS
# Guesses are drawn anew when those that count are fewer than this share of all.
DRAWN_BELOW = 0.5
# Each time that they are, so much of the habits is drawn anew around the mean.
KERNEL = 0.6
# Hours without a sound in which nothing is learnt: the robot was away.
LONGEST_QUIET_NS = 14 * HOUR_NS
# Feeds, sleeps and changes that nobody enters and no cry tells of, each so often per hour.
UNSEEN_RATE = 0.01
GROWS_A_DAY = 0.15                  # guesses that grow, of all, in a day
GROWS_BY = (0.15, 0.15)             # mean and spread of the logarithm by which times get longer
GROWS_EACH = 0.06


class Guesses:
    """
    See the module. Deterministic: stamps alone decide what is drawn.

    :param now_ns: when this begins.
    :param age_days: of the baby then, if known.
    """

    def __init__(self, now_ns: int, age_days: Optional[float] = None, count: int = COUNT):
        """Know what is usual at the age."""
        generator = np.random.default_rng(1818)
        logs = centre(age_days)[:, None] + SPREADS[:, None] * generator.standard_normal(
            (len(NAMES), count))
        self.logs = logs.astype(np.float32)         # half the work of doubles, and enough
        self._since_h = np.exp(self.logs[[INDEX['feed_h'], INDEX['wake_h'], INDEX['change_h']]]
                               ) * generator.random((len(TIMED), count), np.float32) * 0.9
        self._scores = np.zeros(count)
        self._now_ns = self._drawn_ns = now_ns
        self._habits = np.exp(self.logs)

    @property
    def now_ns(self) -> int:
        """Return until when time has passed."""
        return self._now_ns

    def copy(self) -> 'Guesses':
        """Return one that goes on alone."""
        other = object.__new__(Guesses)
        other.__dict__.update({name: value.copy() if isinstance(value, np.ndarray) else value
                               for name, value in self.__dict__.items()})
        return other

    # --- time, entries, cries --------------------------------------------------------------------
    def pass_time(self, until_ns: int, hour_of: Callable[[int], float]) -> None:
        """
        Let hours without crying pass; a time that has passed already changes nothing.

        :param hour_of: returns the hour of the day at a stamp.
        """
        quiet_ns = until_ns - self._now_ns
        if quiet_ns <= 0:
            return
        if quiet_ns > LONGEST_QUIET_NS:
            self._forget_times(until_ns)
        else:
            slices = max(1, round(quiet_ns / SLICE_NS))
            length_h = quiet_ns / slices / HOUR_NS
            middles_h = (np.arange(slices) + 0.5) * length_h
            hours = np.array([hour_of(self._now_ns + round(middle_h * HOUR_NS))
                              for middle_h in middles_h], np.float32)[:, None]
            middles_h = middles_h.astype(np.float32)[:, None]
            since_h = self._since_h[:, None] + middles_h
            # What nobody enters and no cry tells of happens at some moment of it, or not.
            quiet_h = quiet_ns / HOUR_NS
            generator = np.random.default_rng([2, until_ns % 2**63])
            unseen_h = generator.standard_exponential(self._since_h.shape, np.float32
                                                      ) / np.float32(UNSEEN_RATE)
            self._since_h += np.float32(quiet_h)
            kinds, places = np.nonzero(unseen_h < quiet_h)
            unseen_h = unseen_h[kinds, places]
            later = middles_h > unseen_h
            since_h[kinds, :, places] = np.where(
                later, middles_h - unseen_h, since_h[kinds, :, places].T).T
            self._since_h[kinds, places] = np.float32(quiet_h) - unseen_h
            rows = rates(self._habits, since_h, hours)
            self._scores -= length_h * rows.sum(axis=(0, 1), dtype=float)
        self._now_ns = until_ns

    def _forget_times(self, seed: int) -> None:
        generator = np.random.default_rng([3, seed % 2**63])
        usual_h = self._habits[[INDEX['feed_h'], INDEX['wake_h'], INDEX['change_h']]]
        self._since_h = usual_h * generator.random(usual_h.shape, np.float32)

    def note(self, kind: str, hours_ago: float, wrong: float) -> None:
        """Take what was done outside of crying; each guess but a share ``wrong`` believes it."""
        if kind not in TIMED:
            return
        row = self._since_h[TIMED.index(kind)]
        generator = np.random.default_rng([4, self._now_ns % 2**63])
        believe = generator.random(len(row)) >= wrong
        row[believe] = np.minimum(row[believe], np.float32(max(0.0, hours_ago)))

    def of_cry(self, hour: float) -> np.ndarray:
        """Return how likely each need is of a cry that begins now, in each guess, shape (K, G)."""
        return rates(self._habits, self._since_h, np.float32(hour))

    def mean_shares(self, rows: np.ndarray) -> np.ndarray:
        """
        Return how likely each need is of a cry that begins now, shape (K,).

        :param rows: what `of_cry` returned.
        """
        # A guess that expected a cry now counts more than one that did not.
        shares = np.einsum('kg,g->k', rows, self._weights(), dtype=float)
        mean: np.ndarray = shares / shares.sum()
        return mean

    def _weights(self) -> np.ndarray:
        powers = np.exp(self._scores - self._scores.max())
        weights: np.ndarray = powers / powers.sum()
        return weights

    def end_cry(self, rows: np.ndarray, likely: np.ndarray, end_ns: int) -> None:
        """
        Let each guess take a reason for a cry that has ended.

        :param rows: what `of_cry` returned when it began.
        :param likely: of what was entered and said, given each need, shape (K,).
        :param end_ns: when it ended; until then nothing else happened.
        """
        generator = np.random.default_rng([5, end_ns % 2**63])
        lasted_h = np.float32(max(0, end_ns - self._now_ns) / HOUR_NS)
        shares = np.cumsum(rows * likely[:, None], axis=0)
        self._scores = self._scores + np.log(shares[-1])
        self._since_h = self._since_h + lasted_h
        self._now_ns = max(self._now_ns, end_ns)
        weights = self._weights()
        count = len(weights)
        if 1.0 / np.sum(weights ** 2) < DRAWN_BELOW * count:
            weights = np.cumsum(weights)
            places = (np.arange(count) + generator.random()) / count * weights[-1]
            chosen = np.searchsorted(weights, places).clip(0, count - 1)
            self._since_h, shares = self._since_h[:, chosen], shares[:, chosen]
            self._scores = np.zeros(count)
            self._spread(self.logs[:, chosen], generator)
        reasons = (generator.random(count) * shares[-1] > shares).sum(axis=0)
        for number, kind in enumerate(TIMED):
            took = reasons == NEEDS.index(ACTIONS[kind])
            self._since_h[number, took] = 0.0

    def _spread(self, logs: np.ndarray, generator: np.random.Generator) -> None:
        """Draw habits anew around those that were chosen; what is old counts less."""
        passed_ns = self._now_ns - self._drawn_ns
        self._drawn_ns = self._now_ns
        mean = logs.mean(axis=1, keepdims=True)
        around = logs - mean
        # By einsum: what BLAS returns depends, in its last bits, on how many threads it takes,
        # and the same diary would give another learner in another process.
        covariance = np.einsum('ig,jg->ij', around, around, dtype=float) / around.shape[1]
        covariance += 1e-6 * np.eye(len(logs))
        wider = 2.0 ** (0.5 * min(passed_ns, 7 * DAY_NS) / HALF_LIFE_NS)
        # No wider than babies differ.
        widest = np.maximum(SPREADS / np.sqrt(np.diag(covariance)), 1e-3)
        wider = np.minimum(wider, widest)[:, None]
        noise = generator.standard_normal(logs.shape, np.float32)
        mixed = np.einsum('ij,jg->ig', np.linalg.cholesky(covariance).astype(np.float32), noise)
        around = np.float32(np.sqrt(1.0 - KERNEL ** 2)) * around + np.float32(KERNEL) * mixed
        logs = mean + wider.astype(np.float32) * around
        share = GROWS_A_DAY * min(passed_ns, DAY_NS) / DAY_NS
        grows = generator.random((logs.shape[1],)) < share
        if grows.any():
            number = int(grows.sum())
            by = GROWS_BY[0] + GROWS_BY[1] * generator.standard_normal(number)
            for row in TIMES:
                logs[row, grows] += by + GROWS_EACH * generator.standard_normal(number)
        self.logs = logs
        self._habits = np.exp(logs)

    # --- for people ------------------------------------------------------------------------------
    def habit(self, name: str, shares: Sequence[float] = (0.1, 0.5, 0.9)
              ) -> Tuple[float, ...]:
        """Return the values of a habit that it lies below with each probability."""
        values, weights = self._habits[INDEX[name]], self._weights()
        order = np.argsort(values, kind='stable')
        places = np.searchsorted(np.cumsum(weights[order]), shares).clip(0, len(values) - 1)
        return tuple(values[order[places]].tolist())

    def middle(self, name: str) -> float:
        """Return the middle of a habit."""
        return self.habit(name, (0.5,))[0]
