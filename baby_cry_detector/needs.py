# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The vocabulary of the messages: needs, statuses, priorities and kinds, each written down once.

Pure. The numbers are those of `msg/*.msg`, and a test holds the two together; a name's place in
its tuple is its number.
"""

from enum import IntEnum
from typing import Sequence


class Need(IntEnum):
    """The ``NEED_…`` constants of `CryNeed`."""

    UNKNOWN = 0
    NONE = 1
    ANGRY = 2
    HUNGRY = 3
    PAIN = 4
    SAD = 5
    TIRED = 6
    DISCOMFORT = 7
    BURPING = 8
    COLD_HOT = 9
    LONELY = 10
    SCARED = 11


NEED_NAMES = tuple(need.name.lower() for need in Need)
# Those that a baby has: neither "not known" nor "not crying".
REAL_NEEDS = NEED_NAMES[2:]

# `CryNeed`: whether what it says is about what can be heard now.
STATUS_NAMES = ('ok', 'no_audio', 'disabled', 'untrusted_audio')
STATUS_OK, STATUS_NO_AUDIO, STATUS_DISABLED, STATUS_UNTRUSTED_AUDIO = range(4)
# For people.
STATUS_WORDS = ('OK', 'no audio', 'switched off', 'audio not trusted')
# `CryNeed`: where the need comes from.
BASIS_NAMES = ('none', 'context', 'sound', 'both')
BASIS_NONE, BASIS_CONTEXT, BASIS_SOUND, BASIS_BOTH = range(4)

# `CryNeed`: what a second listener says of the present episode.
CONFIRMATION_NAMES = ('none', 'pending', 'confirmed', 'refused')
(CONFIRMATION_NONE, CONFIRMATION_PENDING, CONFIRMATION_CONFIRMED,
 CONFIRMATION_REFUSED) = range(4)
# For people; a number that is none of these says nothing.
CONFIRMATION_WORDS = ('', 'being checked', 'confirmed', 'not confirmed')

# `CryAlert`.
ALERT_STATE_NAMES = ('heartbeat', 'start', 'ongoing', 'end')
HEARTBEAT, START, ONGOING, END = range(4)
PRIORITY_NAMES = ('none', 'low', 'medium', 'high')
PRIORITY_NONE, LOW, MEDIUM, HIGH = range(4)

# `CareEvent`.
KIND_NAMES = ('note', 'rocking', 'sound', 'alert', 'acknowledged', 'snoozed', 'labelled',
              'fed', 'slept', 'changed', 'burped', 'comforted')
PHASE_NAMES = ('moment', 'started', 'ended', 'refused')
MOMENT, STARTED, ENDED, REFUSED = range(4)


def need_of(number: int) -> Need:
    """Return the need of a number; one that is none of ours is UNKNOWN."""
    try:
        return Need(number)
    except ValueError:
        return Need.UNKNOWN


def status_of(number: int) -> int:
    """Return a status; one that is none of ours is NO_AUDIO: nothing is known to be heard."""
    return number if 0 <= number < len(STATUS_NAMES) else STATUS_NO_AUDIO


def name_of(names: Sequence[str], number: int, otherwise: str) -> str:
    """Return the name of a number, or ``otherwise`` where it has none."""
    return names[number] if 0 <= number < len(names) else otherwise
