# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the robot does about crying, as data: the policy of one household.

`policy_file.py` reads it from YAML; `engine.py` carries it out. Everything here is frozen;
what a policy cannot lift stands in `care/hard_limits.py`. Numbers and where they come from:
`docs/use/behaviours.md`.
"""

from dataclasses import dataclass, field
from typing import Mapping, Optional, Tuple

from baby_cry_detector.care.hard_limits import (FREQUENCY_RANGE_HZ, LARGEST_AMPLITUDE_MM,
                                                LEVEL_RANGE_DBA, LONGEST_ALERT_DELAY_S,
                                                LONGEST_STEP_S, NO_IMPROVEMENT_RANGE_S)
from baby_cry_detector.fields import setting, Settings, share
from baby_cry_detector.needs import BASIS_NAMES, PRIORITY_NAMES, REAL_NEEDS

# Needs that a policy may name: those of `CryNeed` (NONE aside, which is not crying), and the row
# for all that are not named.
DEFAULT = 'default'
NEEDS = ('unknown', *REAL_NEEDS)
# What a need may have to rest on, and the names in `cry_need` that count as that.
NEED_BASES = {'any': BASIS_NAMES, 'context': ('context', 'both'), 'sound': ('sound', 'both'),
              'both': ('both',)}
LEVELS = ('mild', 'moderate', 'strong')
PRIORITIES = PRIORITY_NAMES[1:]
SOUNDS = ('white', 'pink', 'brown', 'heartbeat', 'shush', 'lullaby')


class PolicyError(ValueError):
    """A policy that cannot be used; one line for each thing that is wrong, with its place."""


@dataclass(frozen=True)
class RockStep(Settings):
    """How to rock."""

    frequency_hz: float = setting(0.5, 'Full swings per second.', minimum=FREQUENCY_RANGE_HZ[0],
                                  maximum=FREQUENCY_RANGE_HZ[1], unit='Hz')
    amplitude_mm: float = setting(30.0, 'From rest to a turning point.', minimum=1.0,
                                  maximum=LARGEST_AMPLITUDE_MM, unit='mm')


@dataclass(frozen=True)
class SoundStep(Settings):
    """What to play."""

    name: str = setting('shush', 'One of SOUNDS or the path of a file.', required=True)
    level_dba: float = setting(45.0, 'How loud at the ear.', minimum=LEVEL_RANGE_DBA[0],
                               maximum=LEVEL_RANGE_DBA[1], unit='dB(A) at the ear')


@dataclass(frozen=True)
class Step(Settings):
    """One step of soothing: so long rocking, sound, both, or (neither) waiting."""

    for_s: float = setting(0.0, 'How long.', minimum=0.0, maximum=LONGEST_STEP_S, unit='s')
    rock: Optional[RockStep] = None
    sound: Optional[SoundStep] = None


@dataclass(frozen=True)
class Row(Settings):
    """What to do about one need at one level; without steps: do not soothe."""

    alert_after_s: float = setting(60.0, 'After the onset; 0 is at once.', minimum=0.0,
                                   maximum=LONGEST_ALERT_DELAY_S, unit='s')
    priority: str = setting('medium', 'Of the alert.', choices=PRIORITIES)
    steps: Tuple[Step, ...] = ()


@dataclass(frozen=True)
class Alerts(Settings):
    """When and how often to alert, whatever the need."""

    limit_s: float = setting(
        120.0, 'No alert comes later than this after the onset, whatever is being tried.',
        minimum=0.0, maximum=LONGEST_ALERT_DELAY_S, unit='s')
    unconfirmed_after_s: float = setting(
        20.0, 'Crying that the second listener has not confirmed is alerted when it has gone on '
        'for so long, but not later than limit_s.', minimum=0.0, maximum=LONGEST_ALERT_DELAY_S,
        unit='s')
    failed_priority: str = setting(
        'medium', 'Least priority of the alert that soothing did not help.', choices=PRIORITIES)
    repeat_s: float = setting(
        60.0, 'Between repeats of an alert that is not acknowledged.', minimum=5.0,
        maximum=3600.0, unit='s')
    escalate_after_s: float = setting(
        180.0, 'Without acknowledgement the priority rises a step each time this passes.',
        minimum=5.0, maximum=3600.0, unit='s')
    snooze_max_s: float = setting(
        1800.0, 'Longest time for which alerts can be held back.', minimum=0.0, maximum=14400.0,
        unit='s')
    heartbeat_s: float = setting(
        30.0, 'Between signs of life.', minimum=1.0, maximum=300.0, unit='s')
    no_audio_after_s: float = setting(
        15.0, 'How long the crib may be unheard before that is alerted.', minimum=1.0,
        maximum=600.0, unit='s')
    no_audio_priority: str = setting('medium', 'Of that alert.', choices=PRIORITIES)


@dataclass(frozen=True)
class Soothing(Settings):
    """When soothing ends."""

    enabled: bool = setting(True, 'False: never rock or play, only alert.')
    unconfirmed: bool = setting(
        True, 'False: not before the second listener has confirmed the crying, if there is one.')
    no_improvement_s: float = setting(
        75.0, 'Soothing that has not helped by then stops, and is alerted.',
        minimum=NO_IMPROVEMENT_RANGE_S[0], maximum=NO_IMPROVEMENT_RANGE_S[1], unit='s')
    improvement: float = setting(
        0.2, 'By how much the share of time spent crying, or the intensity (each 0 to 1), must '
        'have fallen to count as helped.', minimum=0.05, maximum=1.0)
    worse_by: float = setting(
        0.2, 'Rise of the intensity (0 to 1) ...', minimum=0.05, maximum=1.0)
    worse_for_s: float = setting(
        15.0, '... that lasts this long stops soothing at once, and is alerted.', minimum=5.0,
        maximum=60.0, unit='s')
    linger_s: float = setting(
        30.0, 'Soothing goes on this long after the last crying.', minimum=0.0, maximum=600.0,
        unit='s')
    retry_after_quiet_s: float = setting(
        120.0, 'Crying that comes back earlier belongs to what was before: what failed is not '
        "tried again, and the alert's delay counts from the first onset.", minimum=0.0,
        maximum=3600.0, unit='s')


@dataclass(frozen=True)
class CribPolicy(Settings):
    """
    The policy of one crib.

    :param self_test_at: minute of the day, 0 to 1439, local time, from which the robot plays a
        chirp and must hear it; ``None`` for never.
    :param rows: ``{need: {level: Row}}``; `DEFAULT` has every level.
    """

    alerts: Alerts = Alerts()
    soothing: Soothing = Soothing()
    moderate_from: float = share(0.45, 'Intensity from which crying is moderate.')
    strong_from: float = share(0.7, 'Intensity from which it is strong.')
    min_confidence: float = share(0.6, 'A need that is less sure counts as unknown.')
    need_basis: str = setting('any', 'So does one that rests on something else.',
                              choices=tuple(NEED_BASES))
    self_test_at: Optional[int] = None
    rows: Mapping[str, Mapping[str, Row]] = field(default_factory=dict)

    def row(self, need: str, level: str) -> Row:
        """Return what to do about a need (one of `NEEDS`) at a level (one of `LEVELS`)."""
        row = self.rows.get(need, {}).get(level)
        return self.rows[DEFAULT][level] if row is None else row

    def level(self, intensity: float) -> str:
        """Return the level of an intensity, 0 to 1."""
        if intensity >= self.strong_from:
            return 'strong'
        return 'moderate' if intensity >= self.moderate_from else 'mild'


@dataclass(frozen=True)
class Policy:
    """
    A whole policy file.

    :param common: for every crib that is not named.
    :param cribs: ``{crib_id: CribPolicy}``, complete ones.
    """

    common: CribPolicy
    cribs: Mapping[str, CribPolicy] = field(default_factory=dict)

    def for_crib(self, crib_id: str) -> CribPolicy:
        """Return the policy of a crib."""
        return self.cribs.get(crib_id, self.common)
