# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the learner believes, in words that a tired parent understands. Pure; nothing medical."""

from typing import List, Optional

from baby_cry_detector.care.need.context import Context
from baby_cry_detector.care.need.learner import Answer
from baby_cry_detector.care.need.prior import usual
from baby_cry_detector.care.need.record import Figures, Record, wilson

WORDS = {'hungry': 'hungry', 'tired': 'tired', 'discomfort': 'wet or uncomfortable',
         'burping': 'wind', 'lonely': 'wanting company'}
DONE = {'fed': 'last fed', 'slept': 'last put to sleep', 'changed': 'last changed'}


def hours_text(hours: float) -> str:
    """Return a duration for reading: ``3 h 10 min``."""
    minutes = round(hours * 60)
    return f'{minutes} min' if minutes < 60 else f'{minutes // 60} h {minutes % 60:02d} min'


def hint(context: Context) -> str:
    """Return what the context says, as a hint and no answer; '' if nothing is known."""
    usual_h, whose = context.feed_interval_h, ''
    if usual_h is None:
        (usual_h, _), whose = usual(context.age_days), ' at this age'
    known = {'fed': context.fed_h, 'slept': context.slept_h, 'changed': context.changed_h}
    return ', '.join(f'{DONE[kind]} {hours_text(hours)} ago' + (
        f'; usually every {hours_text(usual_h)}{whose}' if kind == 'fed' else '')
        for kind, hours in known.items() if hours is not None)


def silent_sentence(record: Record, figures: Figures) -> str:
    """Return what is to be said of the record while no need is named; '' if nothing is."""
    if record.is_open or not record.fell_silent_ns:
        return ''
    return ('no need is told any more: it was not right more often than always saying the '
            f'commonest one (right {figures.right} of {figures.of} times; that: '
            f'{figures.base_right})')


def sentence(answer: Answer, context: Context, figures: Figures) -> str:
    """Return the reason in one sentence."""
    said = hint(context)
    if not answer.may_name:
        return f'not known yet ({said})' if said else 'not known yet'
    return (f'probably {WORDS[answer.need]}' + (f'; {said}' if said else '')
            + f'; right {figures.right} of {figures.of} times '
              f'(always saying {WORDS[answer.base]}: {figures.base_right})')


HABITS = {'feed_h': 'hungry again after', 'wake_h': 'tired after being awake for',
          'nap_h': 'a nap lasts', 'night_h': 'a stretch of the night lasts',
          'change_h': 'wet or uncomfortable after'}


def habit_lines(baby) -> List[str]:
    """Return what is known of a baby's habits, in a few lines."""
    rows = [(words, baby.habit(name)) for name, words in HABITS.items()]
    return [f'  {words} {hours_text(middle)} ({hours_text(low)} to {hours_text(high)})'
            for words, habit in rows if habit is not None for low, middle, high in [habit]]


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
