# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the learner believes, in words that a tired parent understands. Pure; nothing medical."""

from typing import List, Optional

from baby_cry_detector.care.need.context import Context
from baby_cry_detector.care.need.labels import Label
from baby_cry_detector.care.need.learner import Answer
from baby_cry_detector.care.need.prior import usual
from baby_cry_detector.care.need.record import Figures, Record, wilson
from baby_cry_detector.care.need.replay import OneBaby

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


# What is entered tells of each habit; without it, it is what is published for babies.
HABITS = {'feed_h': ('hungry again after', 'fed'),
          'wake_h': ('tired after being awake for', 'slept'),
          'nap_h': ('a nap lasts', 'slept'), 'night_h': ('a stretch of the night lasts', 'slept'),
          'change_h': ('wet or uncomfortable after', 'changed')}


def habit_lines(baby: OneBaby, until_ns: int) -> List[str]:
    """Return what is known of a baby's habits at a time that it was taken to, in a few lines."""
    entered = {fact.kind for fact in baby.items[1] if fact.stamp_ns <= until_ns}
    rows = [(words, kind, baby.habit(name)) for name, (words, kind) in HABITS.items()]
    return [f'  {words} {hours_text(middle)} ({hours_text(low)} to {hours_text(high)})'
            + ('' if kind in entered else ': the published guess, nothing of it was entered')
            for words, kind, habit in rows if habit is not None for low, middle, high in [habit]]


SOURCES = {'explicit': 'a caregiver said so', 'derived': 'what was done stopped it',
           'ambiguous': 'things done at once stopped it', 'robot': 'what the robot did helped'}


def label_line(label: Label) -> str:
    """Return what an episode was, and how that is known."""
    if not label.shares:
        # Either "unknown", which takes back what was derived, or a word that is no need here.
        return 'a caregiver said that it was none of these, or that it is not known'
    return (f'it was {" or ".join(WORDS[need] for need in label.shares)} '
            f'({SOURCES[label.source]})')


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
