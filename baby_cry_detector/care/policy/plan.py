# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the policy engine answers to each `CryState`: a `Plan` of orders."""

from dataclasses import dataclass
from typing import Optional, Tuple

from baby_cry_detector.care.policy.effect import Effect


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
