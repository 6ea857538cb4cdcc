# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the page may ask for, field by field; everything else is refused with one sentence.

Pure. A browser's own limits are a courtesy to the one who types; these are the ones that hold.
"""

from dataclasses import dataclass
import json
import math
from typing import Dict, Optional, Sequence, Union

from baby_cry_detector.care.diary.rows import CARE_KINDS

LONGEST_BODY = 4096     # bytes


class InputError(ValueError):
    """A request that is not accepted; says in a sentence for the caregiver why."""


@dataclass(frozen=True)
class TextField:
    """A line of text."""

    longest: int
    required: bool = False
    choices: Optional[Sequence[str]] = None

    def check(self, name: str, value) -> str:
        """Return the text without spaces around it."""
        if value is None:
            value = ''
        if not isinstance(value, str):
            raise InputError(f'{name}: expected text')
        value = value.strip()
        if len(value) > self.longest:
            raise InputError(f'{name}: at most {self.longest} characters, got {len(value)}')
        # Also keeps out half of a surrogate pair, which no message can carry.
        if not all(character.isprintable() for character in value):
            raise InputError(f'{name}: one line without control characters, please')
        if self.choices is not None and value not in self.choices:
            raise InputError(f'{name}: expected one of {", ".join(self.choices)}')
        if self.required and not value:
            raise InputError(f'{name}: something must be entered')
        return value


@dataclass(frozen=True)
class NumberField:
    """A number."""

    lowest: float
    highest: float
    default: Optional[float] = None

    def check(self, name: str, value) -> float:
        """Return the number."""
        if value is None and self.default is not None:
            return self.default
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InputError(f'{name}: expected a number')
        if not (self.lowest <= value <= self.highest) or not math.isfinite(value):
            raise InputError(f'{name}: expected {self.lowest:g} to {self.highest:g}')
        return float(value)


Fields = Dict[str, Union[TextField, NumberField]]

WHO = TextField(longest=40)
ID = TextField(longest=120)
# Made by the phone for each entry: what is sent again after no answer is entered once.
KEY = TextField(longest=64)

# Who asks is what the phone's owner typed there; nothing is decided by it.
ACTIONS: Dict[str, Fields] = {
    'acknowledge': {'who': WHO, 'alert_id': ID},
    # Zero ends a snooze. The alerts' own policy may allow less.
    'snooze': {'who': WHO, 'minutes': NumberField(0.0, 480.0)},
    'stop_rocking': {'who': WHO},
    'label': {'who': WHO, 'episode_id': ID, 'label': TextField(longest=60, required=True),
              'key': KEY},
    'care': {'who': WHO, 'kind': TextField(longest=10, required=True, choices=CARE_KINDS),
             'minutes_ago': NumberField(0.0, 1440.0, default=0.0),
             'text': TextField(longest=300), 'key': KEY},
}
SESSION: Fields = {'token': TextField(longest=100, required=True), 'name': WHO}
FORGET: Fields = {'id': TextField(longest=16, required=True)}


def parse_body(body: bytes) -> dict:
    """
    Return the JSON object of a request.

    :raises InputError: if it is too long or none.
    """
    if len(body) > LONGEST_BODY:
        raise InputError(f'at most {LONGEST_BODY} bytes are read')
    try:
        value = json.loads(body.decode('utf-8'), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise InputError('expected a JSON object') from None
    if not isinstance(value, dict):
        raise InputError('expected a JSON object')
    return value


def _no_constant(name: str):
    raise ValueError(name)


def check_fields(fields: Fields, values: dict) -> dict:
    """
    Return all fields, checked.

    :param values: as `parse_body` returns them.
    :raises InputError: naming the field that is wrong, missing or unknown.
    """
    unknown = [name for name in values if name not in fields]
    if unknown:
        raise InputError(f'unknown field; known: {", ".join(fields)}')
    return {name: field.check(name, values.get(name)) for name, field in fields.items()}
