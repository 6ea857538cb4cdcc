# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the robot does about crying, as data: the policy of one household.

`policy_file.py` reads it from YAML; `engine.py` carries it out. Everything here is frozen, and
every limit that a policy cannot lift stands here once. Numbers and where they come from:
`docs/behaviours.md`.
"""

from dataclasses import dataclass, field
from typing import Mapping, Optional, Tuple

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

# What no policy may exceed.
FREQUENCY_RANGE_HZ = (0.3, 0.7)
LARGEST_AMPLITUDE_MM = 60.0
HARD_ACCELERATION = 0.7                   # m/s^2, peak
LEVEL_RANGE_DBA = (20.0, 60.0)            # at the ear
LONGEST_ALERT_DELAY_S = 600.0
NO_IMPROVEMENT_RANGE_S = (60.0, 90.0)
LONGEST_STEP_S = 1800.0
LONGEST_ROCKING_S = 300.0                 # without a pause


class PolicyError(ValueError):
    """A policy that cannot be used; one line for each thing that is wrong, with its place."""


@dataclass(frozen=True)
class RockStep:
    """How to rock: frequency in Hz, amplitude (rest to turning point) in millimetres."""

    frequency_hz: float = 0.5
    amplitude_mm: float = 30.0


@dataclass(frozen=True)
class SoundStep:
    """What to play: one of `SOUNDS` or the path of a file, and how loud at the ear in dB(A)."""

    name: str = 'shush'
    level_dba: float = 45.0


@dataclass(frozen=True)
class Step:
    """One step of soothing: so many seconds of rocking, sound, both, or (neither) waiting."""

    for_s: float
    rock: Optional[RockStep] = None
    sound: Optional[SoundStep] = None


@dataclass(frozen=True)
class Row:
    """
    What to do about one need at one level.

    :param alert_after_s: after the onset; 0 is at once.
    :param priority: one of `PRIORITIES`, of the alert.
    :param steps: of soothing, one after the other; none: do not soothe.
    """

    alert_after_s: float = 60.0
    priority: str = 'medium'
    steps: Tuple[Step, ...] = ()


@dataclass(frozen=True)
class Alerts:
    """
    When and how often to alert, whatever the need.

    :param limit_s: no alert comes later than this after the onset, whatever is being tried.
    :param unconfirmed_after_s: crying that the second listener has not confirmed is alerted when
        it has gone on for so long, but not later than ``limit_s``.
    :param failed_priority: least priority of the alert that soothing did not help.
    :param repeat_s: between repeats of an alert that nobody acknowledged.
    :param escalate_after_s: without acknowledgement the priority rises a step each time this
        passes.
    :param snooze_max_s: longest time for which alerts can be held back.
    :param heartbeat_s: between signs of life.
    :param no_audio_after_s: how long the crib may be unheard before that is alerted.
    :param no_audio_priority: of that alert.
    """

    limit_s: float = 120.0
    unconfirmed_after_s: float = 20.0
    failed_priority: str = 'medium'
    repeat_s: float = 60.0
    escalate_after_s: float = 180.0
    snooze_max_s: float = 1800.0
    heartbeat_s: float = 30.0
    no_audio_after_s: float = 15.0
    no_audio_priority: str = 'medium'


@dataclass(frozen=True)
class Soothing:
    """
    When soothing ends.

    :param enabled: False: never rock or play, only alert.
    :param unconfirmed: False: not before the second listener has confirmed the crying, if there
        is one.
    :param no_improvement_s: soothing that has not helped by then stops, and is alerted.
    :param improvement: by how much the share of time spent crying, or the intensity (each 0 to
        1), must have fallen to count as helped.
    :param worse_by: rise of the intensity (0 to 1) ...
    :param worse_for_s: ... that lasts this long stops soothing at once, and is alerted.
    :param linger_s: soothing goes on this long after the last crying.
    :param retry_after_quiet_s: crying that comes back earlier belongs to what was before: what
        failed is not tried again, and the alert's delay counts from the first onset.
    """

    enabled: bool = True
    unconfirmed: bool = True
    no_improvement_s: float = 75.0
    improvement: float = 0.2
    worse_by: float = 0.2
    worse_for_s: float = 15.0
    linger_s: float = 30.0
    retry_after_quiet_s: float = 120.0


@dataclass(frozen=True)
class CribPolicy:
    """
    The policy of one crib.

    :param moderate_from: intensity (0 to 1) from which crying is moderate.
    :param strong_from: intensity from which it is strong.
    :param min_confidence: a need that is less sure counts as unknown.
    :param need_basis: one of `NEED_BASES`: so does one that rests on something else.
    :param self_test_at: minute of the day, 0 to 1439, local time, from which the robot plays a
        chirp and must hear it; ``None`` for never.
    :param rows: ``{need: {level: Row}}``; `DEFAULT` has every level.
    """

    alerts: Alerts = Alerts()
    soothing: Soothing = Soothing()
    moderate_from: float = 0.45
    strong_from: float = 0.7
    min_confidence: float = 0.6
    need_basis: str = 'any'
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
