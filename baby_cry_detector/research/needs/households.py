# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Made households: a baby gets hungry, tired, wet, wants company; parents act and write some of it.

Hazards of each reason in steps of five minutes, from hours since the true feed, sleep and
change. Three entries in ten are never made, one in ten is made as another, a week is missing, the
clocks change, and after six weeks the baby has grown: it lasts longer between feeds and sleeps.

What can be known at all is what a filter knows that is given the household's true rates and the
same entries: `Filter` goes through the same steps with many guesses of what was not entered.
"""

from dataclasses import dataclass, replace
from typing import Any, Dict

from baby_cry_detector.care.need.labels import Cry, Fact, NEEDS
from baby_cry_detector.care.need.replay import replay
from baby_cry_detector.units import DAY_NS, MINUTE_NS
import numpy as np
from numpy.typing import ArrayLike

START_NS = 20_000 * DAY_NS
STEP_NS = 5 * MINUTE_NS
STEP_H = 1 / 12
# What relieves each need, as it is entered.
ENTRIES = {'hungry': 'fed', 'tired': 'slept', 'discomfort': 'changed', 'burping': 'burped',
           'lonely': 'comforted'}
NOT_ENTERED, WRONG = 0.30, 0.10
MISSING_WEEK = (24, 31)             # days
CLOCK_CHANGE_DAY, GROWTH_DAY = 18, 42
GUESSES = 200


@dataclass(frozen=True)
class Rates:
    """One baby: hours until each need, how much they scatter, and how loudly it says so."""

    feed_h: float
    wake_h: float
    nap_h: float
    night_h: float
    change_h: float
    spread: float
    hungry: float
    tired: float
    wet: float
    wind: float
    alone: float

    def grown(self) -> 'Rates':
        """Return the same baby when it has grown."""
        return replace(self, feed_h=1.35 * self.feed_h, wake_h=1.4 * self.wake_h,
                       night_h=1.3 * self.night_h, wind=0.5 * self.wind)


def draw_rates(generator) -> Rates:
    """Return a baby of one to two months, from the ranges of `care.need.prior`."""
    uniform = generator.uniform
    return Rates(uniform(2.0, 4.0), uniform(1.0, 2.0), uniform(0.8, 2.0), uniform(2.5, 4.5),
                 uniform(3.0, 5.0), uniform(0.12, 0.3), uniform(2.0, 5.0), uniform(1.0, 3.0),
                 uniform(0.3, 0.8), uniform(0.1, 0.6), uniform(0.01, 0.06))


def _rise(hours, after_h, spread):
    return 0.5 + 0.5 * np.tanh((hours - after_h) * (0.5 / spread))


def hazards(rates: Rates, since: np.ndarray, hour: np.ndarray) -> np.ndarray:
    """
    Return crying per hour for each of `NEEDS`, shape (K, ...).

    :param since: hours since fed, slept and changed, shape (3, ...).
    """
    fed_h, slept_h, changed_h = since
    night = (hour >= 21) | (hour < 6)
    sleep_h = np.where(night, rates.night_h, rates.nap_h)
    asleep = slept_h < sleep_h
    rows = np.stack([
        rates.hungry * _rise(fed_h, rates.feed_h, rates.spread) * np.where(asleep, 0.7, 1.0),
        rates.tired * _rise(slept_h - sleep_h, rates.wake_h, rates.spread),
        rates.wet * _rise(changed_h, rates.change_h, 2 * rates.spread)
        * np.where(asleep, 0.2, 1.0),
        rates.wind * ((fed_h > 0.05) & (fed_h < 0.6)),
        rates.alone * np.where((hour >= 17) & (hour < 22), 2.5, 1.0) * np.where(asleep, 0.1, 1.0)])
    return rows


class Household:
    """A run of eight weeks: what was so, and what stands in the diary."""

    def __init__(self, seed: int, days: int = 56):
        """Live through it."""
        generator = np.random.default_rng([seed, 1818])
        self.rates = draw_rates(generator)
        self.later = self.rates.grown()
        self.cries, self.facts, self.reasons = [], [], []
        self.moments = []               # of each cry: (step, entry or '')
        since = np.array([0.5, 0.2, 1.0])
        step, number, steps = 0, 0, days * 24 * 12
        while step < steps:
            rates = self.rates_at(step)
            rise = hazards(rates, since, self.hour(step)) * STEP_H
            step += 1
            since += STEP_H
            if generator.random() < 1.0 - np.exp(-rise.sum()):
                reason = NEEDS[int(generator.choice(len(NEEDS), p=rise / rise.sum()))]
                lasts_ns = round(generator.uniform(3.0, 14.0) * MINUTE_NS)
                onset_ns = START_NS + step * STEP_NS
                entry = self._entry(generator, reason, step)
                if entry:
                    self.facts.append(Fact(
                        onset_ns + lasts_ns - round(generator.uniform(0.0, 1.5) * MINUTE_NS),
                        entry))
                self.cries.append(Cry(f'c-{number}', onset_ns, onset_ns + lasts_ns,
                                      float(generator.beta(4, 4))))
                self.reasons.append(reason)
                self.moments.append((step, entry))
                number += 1
                relieve(since, reason)
                step += 3               # soothing takes a quarter of an hour
                since += 3 * STEP_H

    def _entry(self, generator, reason, step):
        day = step // 288
        if generator.random() < NOT_ENTERED or MISSING_WEEK[0] <= day < MISSING_WEEK[1]:
            return ''
        if generator.random() < WRONG:
            reason = str(generator.choice([need for need in NEEDS if need != reason]))
        return ENTRIES[reason]

    def rates_at(self, step: int) -> Rates:
        """Return the baby as it is."""
        return self.later if step // 288 >= GROWTH_DAY else self.rates

    @staticmethod
    def hour(step: ArrayLike) -> np.ndarray:
        """Return the hour of the day that the household lives by."""
        return np.asarray(step) * STEP_H % 24.0

    @staticmethod
    def utc_offset_h(stamp_ns: int) -> float:
        """Return by how much the wall clock is ahead; the household's own hours do not change."""
        return 1.0 if stamp_ns - START_NS > CLOCK_CHANGE_DAY * DAY_NS else 0.0


def relieve(since, reason: str, where=slice(None)) -> None:
    """Set what a reason's action sets back; ``since``: hours since fed, slept, changed."""
    column = {'hungry': 0, 'tired': 1, 'discomfort': 2}.get(reason)
    if column is not None:
        since[column, ...][where if since.ndim > 1 else ...] = 0.0


def optimal(household: Household, seed: int) -> list:
    """Return the likeliest reason of each cry, for who knows the rates and sees the entries."""
    generator = np.random.default_rng([seed, 181818])
    since = np.tile(np.array([[0.5], [0.2], [1.0]], np.float32), (1, GUESSES))
    logs = np.zeros(GUESSES)
    moments, step, answers = household.moments, 0, []
    confusion = np.full((len(NEEDS), len(NEEDS)), WRONG / (len(NEEDS) - 1))
    np.fill_diagonal(confusion, 1.0 - WRONG)
    for moment, entry in moments:
        # All steps until the next cry at once; it cried in the last of them.
        steps = np.arange(step, moment)
        hours = household.hour(steps)[:, None]
        passed_h = (STEP_H * np.arange(len(steps), dtype=np.float32))[:, None]
        rise = np.empty((len(NEEDS), len(steps), GUESSES), np.float32)
        grown = steps // 288 >= GROWTH_DAY
        for rates, chosen in ((household.rates, ~grown), (household.later, grown)):
            if chosen.any():
                rise[:, chosen] = hazards(rates, (since[:, None] + passed_h)[:, chosen],
                                          hours[chosen]) * STEP_H
        logs -= rise[:, :-1].sum(axis=(0, 1), dtype=float)
        since += np.float32(STEP_H * len(steps))
        step = moment
        rise = rise[:, -1].astype(float)
        total = rise.sum(axis=0)
        logs += np.log1p(-np.exp(-total) + 1e-12)
        weights = np.exp(logs - logs.max())
        weights /= weights.sum()
        shares = rise / np.maximum(total, 1e-12)
        answers.append(NEEDS[int(np.argmax(shares @ weights))])
        if entry:
            said = [ENTRIES[need] for need in NEEDS].index(entry)
            shares = shares * confusion[:, said][:, None]
            weights = weights * shares.sum(axis=0)
            weights /= weights.sum()
            shares = shares / np.maximum(shares.sum(axis=0), 1e-12)
        drawn = generator.choice(GUESSES, GUESSES, p=weights)
        since, shares, logs = since[:, drawn], shares[:, drawn], np.zeros(GUESSES)
        reasons = (generator.random(GUESSES) > np.cumsum(shares, axis=0)).sum(axis=0)
        for number, need in enumerate(NEEDS):
            relieve(since, need, reasons == number)
        since += 3 * STEP_H
        step += 3
    return answers


def live(seed: int) -> dict:
    """Return what the learner and the best possible answers got in one household."""
    household = Household(seed)
    results = replay(household.cries, household.facts, START_NS - 40 * DAY_NS,
                     Household.utc_offset_h).answered
    best = optimal(household, seed)
    days = np.array([step // 288 for step, _ in household.moments])
    truth = np.array(household.reasons)
    said = np.array([result.answer.need for result in results])
    sure = np.array([max(result.answer.probabilities.values()) for result in results])
    named = np.array([result.answer.may_name for result in results])
    report: Dict[str, Any] = {
        'cries_per_day': len(truth) / 56,
        'labelled': float(np.mean([result.label is not None for result in results]))}
    for name, low, high in (('weeks_5_6', 28, 42), ('days_43_52', 43, 52), ('days_53_56', 52, 56),
                            ('weeks_5_8', 28, 56)):
        inside = (days >= low) & (days < high)
        common = max(np.mean(truth[inside] == need) for need in NEEDS)
        report[name] = {'learner': float(np.mean(said[inside] == truth[inside])),
                        'optimal': float(np.mean(np.array(best)[inside] == truth[inside])),
                        'base': float(common), 'cries': int(inside.sum())}
    inside = days >= 28
    report['sure'] = sure[inside].tolist()
    report['right'] = (said == truth)[inside].astype(int).tolist()
    opened = days[named]
    report['first_named_day'] = int(opened[0]) if len(opened) else None
    report['named_right'] = int((said == truth)[named].sum())
    report['named'] = int(named.sum())
    return report


def summary(results: list) -> dict:
    """Return the figures over all households, with 95 % intervals over households."""
    generator = np.random.default_rng(0)

    def interval(values):
        means = [np.mean(generator.choice(values, len(values))) for _ in range(1000)]
        return [round(float(np.percentile(means, q)), 3) for q in (2.5, 97.5)]

    report: Dict[str, Any] = {
              'households': len(results),
              'cries_per_day': round(float(np.mean([r['cries_per_day'] for r in results])), 1),
              'labelled': round(float(np.mean([r['labelled'] for r in results])), 3)}
    for name in ('weeks_5_6', 'days_43_52', 'days_53_56', 'weeks_5_8'):
        rows = [result[name] for result in results]
        learner = np.array([row['learner'] for row in rows])
        report[name] = {
            **{kind: round(float(np.mean([row[kind] for row in rows])), 3)
               for kind in ('learner', 'optimal', 'base')},
            'behind_optimal': round(float(np.mean([row['optimal'] for row in rows] - learner)), 3),
            'behind_optimal_interval': interval([row['optimal'] for row in rows] - learner),
            'above_base': round(float(np.mean(learner > [row['base'] for row in rows])), 3)}
    sure = np.concatenate([result['sure'] for result in results])
    right = np.concatenate([result['right'] for result in results])
    bins = np.minimum((sure * 10).astype(int), 9)
    error = sum(abs(sure[bins == b].mean() - right[bins == b].mean()) * (bins == b).sum()
                for b in sorted(set(bins))) / len(sure)
    days = [r['first_named_day'] for r in results if r['first_named_day'] is not None]
    return {**report, 'calibration_error': round(float(error), 4),
            'ever_named': len(days), 'first_named_day_median': float(np.median(days or [-1])),
            'right_when_named': round(sum(r['named_right'] for r in results)
                                      / max(1, sum(r['named'] for r in results)), 3)}
