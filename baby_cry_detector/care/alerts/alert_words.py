# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What an alert is made of and how it reads: wishes, facts, words, and their sentences."""

from dataclasses import dataclass
import math
from typing import NamedTuple, Optional

from baby_cry_detector.needs import Need, PRIORITY_NONE
from baby_cry_detector.printable import printable
from baby_cry_detector.units import SECOND_NS

LONGEST_NAME = 120
DISAGREEMENT, NOTICE = 'disagreement', 'notice'
NEEDS = frozenset(need.name for need in Need)
# In the middle of a cry: "mild" below the first, "very hard" from the last.
HARDNESS = ((0.25, 'softly'), (0.45, 'moderately'), (0.7, 'hard'), (math.inf, 'very hard'))


def short(text: str, longest: int = LONGEST_NAME) -> str:
    """Return a name or sentence of another program's in one line, at most that long."""
    text = printable(text, longest).encode('utf-8', 'replace').decode()
    return ' '.join(text.split())


class Wish(NamedTuple):
    """
    That there be an alert.

    :param episode_id: what it is about; not about a cry: the one that was heard last, or ``''``.
    :param since_ns: when that began: of a cry, its onset.
    :param priority: `LOW` to `HIGH`; it rises while nobody acknowledges.
    :param reason: why, for the caregiver; of a cry: what was tried, ``''`` for nothing.
    :param cry: whether it is about a cry; otherwise about a crib that is not heard.
    :param subject: what else it is about: `DISAGREEMENT`, or `NOTICE` and a number; else ``''``.
    """

    episode_id: str
    since_ns: int
    priority: int
    reason: str = ''
    cry: bool = True
    subject: str = ''


class Facts(NamedTuple):
    """What is heard: for the text, and to tell whether an alert of before a restart goes on."""

    listening: bool = False
    crying: bool = False
    episode_id: str = ''
    intensity: float = 0.0
    need: str = 'UNKNOWN'
    confidence: float = 0.0


@dataclass(frozen=True)
class Said:
    """
    One word on the topic `alert` and to the channels; fields as in CryAlert.msg.

    :param loud: whether it should reach a caregiver, or only keep the state up to date.
    """

    state: int
    crib_id: str
    stamp_ns: int
    alert_id: str = ''
    sequence: int = 0
    priority: int = PRIORITY_NONE
    text: str = ''
    episode_id: str = ''
    onset_ns: int = 0
    duration_ns: int = 0
    intensity: float = 0.0
    need: str = 'NONE'
    confidence: float = 0.0
    acknowledged: bool = False
    acknowledged_by: str = ''
    snoozed_until_ns: int = 0
    listening: bool = False
    loud: bool = False


@dataclass
class OpenAlert:
    """An alert that has begun and not ended; what outlives a restart."""

    alert_id: str
    episode_id: str
    since_ns: int
    reason: str
    asked_priority: int
    priority: int
    sequence: int
    said_ns: int
    loud_ns: int                       # -1: not yet said aloud
    escalating_ns: int                 # since when nobody has answered
    acknowledged_by: str = ''
    acknowledged: bool = False
    intensity: float = 0.0
    need: str = 'UNKNOWN'
    confidence: float = 0.0
    cry: bool = True
    subject: str = ''

    def is_about(self, wish: Wish) -> bool:
        """Return whether this is the alert that is wished for."""
        return (self.cry, self.episode_id, self.subject) == (
            wish.cry, wish.episode_id, wish.subject)


def duration_text(duration_ns: int) -> str:
    """Return a duration as people say it."""
    seconds = round(duration_ns / SECOND_NS)
    if seconds < 90:
        return f'{seconds} s'
    minutes = round(seconds / 60)
    return f'{minutes} min' if minutes < 120 else f'{minutes // 60} h {minutes % 60} min'


def need_text(need: str, confidence: float) -> str:
    """Return what is known of the need, and how surely."""
    if need in ('UNKNOWN', 'NONE'):
        return 'reason unknown'
    return f'perhaps {need.lower().replace("_", " or ")} ({confidence:.0%} sure)'


def alert_text(alert: OpenAlert, now_ns: int) -> str:
    """Return what an open alert says now."""
    duration = duration_text(max(0, now_ns - alert.since_ns))
    if not alert.cry:
        reason = alert.reason or 'the crib is not heard'
        return f'{reason[0].upper()}{reason[1:]} (since {duration}).'
    hard = next(word for limit, word in HARDNESS if alert.intensity < limit)
    crying = 'Crying' if duration == '0 s' else f'Crying for {duration}'    # it has just begun
    text = f'{crying}, {hard}; {need_text(alert.need, alert.confidence)}.'
    if alert.reason:
        text += f' {alert.reason[0].upper()}{alert.reason[1:].rstrip(".")}.'
    if alert.acknowledged:
        text += f' {alert.acknowledged_by or "Somebody"} has taken it over.'
    return text


def end_text(alert: OpenAlert, wish: Optional[Wish], facts: Facts, now_ns: int) -> str:
    """Return what is said when an alert ends."""
    if alert.subject == DISAGREEMENT:
        return 'The detectors agree again.'
    if alert.subject:
        return f'So far this: {alert.reason}.'
    if not alert.cry:
        return 'The crib is heard again.' if facts.listening else 'Nobody waits for audio now.'
    if (wish is not None and not wish.cry) or not facts.listening:
        return ('Was crying, now the crib is not heard: whether the crying has ended is not '
                'known.')
    duration = duration_text(max(0, now_ns - alert.since_ns))
    return f'Not crying any more, {duration} after the onset.'
