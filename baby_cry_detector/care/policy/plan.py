# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the policy engine hears (`Heard`) and what it answers: a `Plan` of orders."""

from dataclasses import dataclass
from typing import Optional, Tuple

from baby_cry_detector.care.policy.effect import Effect


@dataclass(frozen=True)
class Heard:
    """
    What `cry_need` says; the fields of the message.

    :param stamp_ns: the message's.
    :param status: ``ok``, ``no_audio`` or ``disabled``.
    :param need: lower case, for example ``unknown``; ``none`` when not crying.
    """

    stamp_ns: int
    status: str = 'ok'
    crying: bool = False
    need: str = 'none'
    confidence: float = 0.0
    intensity: float = 0.0
    episode_id: str = ''
    onset_ns: int = 0
    duration_ns: int = 0
    crib_id: str = ''


@dataclass(frozen=True)
class RockOrder:
    """Rock now; ``since_ns`` and ``action_id`` stay for as long as it goes on."""

    action_id: str
    episode_id: str
    since_ns: int
    reason: str
    frequency_hz: float
    amplitude_mm: float


@dataclass(frozen=True)
class SoundOrder:
    """Play now; ``sound`` is one of `policy.SOUNDS` or the path of a file."""

    action_id: str
    episode_id: str
    since_ns: int
    reason: str
    sound: str
    level_dba: float


@dataclass(frozen=True)
class AlertOrder:
    """
    A caregiver should be alerted now.

    :param kind: ``cry``, or ``no_audio``: then episode_id is that of the crying that was going on
        when the audio stopped, or ''.
    :param since_ns: since when the alert is due.
    :param priority: one of `policy.PRIORITIES`; within one alert it never falls.
    """

    kind: str
    episode_id: str
    since_ns: int
    reason: str
    priority: str


@dataclass(frozen=True)
class Plan:
    """
    What is to be done now.

    :param ended: actions that ended with this observation, with their effect.
    """

    stamp_ns: int
    rock: Optional[RockOrder] = None
    sound: Optional[SoundOrder] = None
    alert: Optional[AlertOrder] = None
    ended: Tuple[Effect, ...] = ()
    need: str = 'none'
    level: str = ''
