# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the learner believes, in words that a tired parent understands. Pure; nothing medical."""

from typing import List, Optional

from baby_cry_detector.care.need.context import Context, TIMED
from baby_cry_detector.care.need.learner import Answer
from baby_cry_detector.care.need.prior import usual
from baby_cry_detector.care.need.record import Figures, Record, wilson
import numpy as np

WORDS = {'hungry': 'hungry', 'tired': 'tired', 'discomfort': 'wet or uncomfortable',
         'burping': 'wind', 'lonely': 'wanting company'}
DONE = {'fed': 'last fed', 'slept': 'last put to sleep', 'changed': 'last changed'}


def hours_text(hours: float) -> str:
    """Return a duration for reading: ``3 h 10 min``."""
    minutes = round(hours * 60)
    return f'{minutes} min' if minutes < 60 else f'{minutes // 60} h {minutes % 60:02d} min'


def known_hours(context: Context) -> dict:
    """Return hours since each thing, the middle of the guesses, of those that are known."""
    if context.guesses is None:
        given = {'fed': context.fed_h, 'slept': context.slept_h, 'changed': context.changed_h}
        return {kind: hours for kind, hours in given.items() if hours is not None}
    known = {}
    for kind, hours in zip(TIMED, context.guesses):
        there = hours[~np.isnan(hours)]
        if len(there) > len(hours) / 2:
            known[kind] = float(np.median(there))
    return known


def hint(context: Context) -> str:
    """Return what the context says, as a hint and no answer; '' if nothing is known."""
    known = known_hours(context)
    feed_h, _ = usual(context.age_days)
    parts = [f'{DONE[kind]} {hours_text(hours)} ago' + (
        f'; usually every {hours_text(feed_h)} at this age' if kind == 'fed' else '')
        for kind, hours in known.items()]
    return ', '.join(parts)


def sentence(answer: Answer, context: Context, figures: Figures) -> str:
    """Return the reason in one sentence."""
    said = hint(context)
    if not answer.may_name:
        return f'not known yet ({said})' if said else 'not known yet'
    return (f'probably {WORDS[answer.need]}' + (f'; {said}' if said else '')
            + f'; right {figures.right} of {figures.of} times '
              f'(always saying {WORDS[answer.base]}: {figures.base_right})')


def report_lines(record: Record, figures: Figures, base: Optional[str]) -> List[str]:
    """Return the record in a few lines."""
    low, high = wilson(figures.right, figures.of)
    lines = [f'last four weeks: right {figures.right} of {figures.of}'
             + (f' ({low:.0%} to {high:.0%}); always saying {WORDS[base]}: {figures.base_right}'
                if figures.of and base else ''),
             f'probability that it knows more than that: {figures.probability_better:.3f} '
             f'(a need is named from {record.threshold:g} on)',
             'a need is named' if record.is_open else
             'it fell silent: it was not better any more' if record.fell_silent_ns else
             'no need is named yet']
    lines += [f'said about {said:.0%}: right {right:.0%} of {count}'
              for said, right, count in record.calibration()]
    return lines
