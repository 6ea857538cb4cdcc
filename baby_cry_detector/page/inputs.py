# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the page may ask for, field by field; everything else is refused with one sentence.

Pure. A browser's own limits are a courtesy to the one who types; these are the ones that hold.
"""

import json
from typing import Any, Dict, NoReturn, Optional

from baby_cry_detector.care.diary.rows import CARE_KINDS
from baby_cry_detector.fields import Field, ParameterError

LONGEST_BODY = 4096     # bytes


# A request that is not accepted; says in a sentence for the caregiver why.
InputError = ParameterError


def text(name: str, longest: int, **limits: Any) -> Field:
    """Return a line of text."""
    return Field(name, '', longest=longest, **limits)


def number(name: str, lowest: float, highest: float, default: Optional[float] = None) -> Field:
    """Return a number; without a default it has to be given."""
    return Field(name, lowest if default is None else default, minimum=lowest, maximum=highest,
                 required=default is None)


Fields = Dict[str, Field]


def by_name(*fields: Field) -> Fields:
    """Return fields by their names."""
    return {field.name: field for field in fields}


WHO = text('who', 40)
ID = 120
# Made by the phone for each entry: what is sent again after no answer is entered once.
KEY = text('key', 64)

# Who asks is what the phone's owner typed there; nothing is decided by it.
ACTIONS: Dict[str, Fields] = {
    'acknowledge': by_name(WHO, text('alert_id', ID)),
    # Zero ends a snooze. The alerts' own policy may allow less.
    'snooze': by_name(WHO, number('minutes', 0.0, 480.0)),
    'stop_rocking': by_name(WHO),
    'forget_learnt': by_name(WHO),
    'label': by_name(WHO, text('episode_id', ID), text('label', 60, required=True), KEY),
    'care': by_name(WHO, text('kind', 10, required=True, choices=CARE_KINDS),
                    number('minutes_ago', 0.0, 1440.0, default=0.0), text('text', 300), KEY),
}
# Of a ward nothing is asked but who goes there; the rest is done on the crib's own page.
WARD_ACTIONS: Dict[str, Fields] = {
    'acknowledge': by_name(WHO, text('crib', ID, required=True), text('alert_id', ID)),
}
SESSION: Fields = by_name(text('token', 100, required=True, secret=True), text('name', 40))
FORGET: Fields = by_name(text('id', 16, required=True))


def parse_body(body: bytes) -> Dict[str, Any]:
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


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def check_fields(fields: Fields, values: Dict[str, Any]) -> Dict[str, Any]:
    """
    Return all fields, checked.

    :param values: as `parse_body` returns them.
    :raises InputError: naming the field that is wrong, missing or unknown.
    """
    unknown = [name for name in values if name not in fields]
    if unknown:
        raise InputError(f'unknown field; known: {", ".join(fields)}')
    checked = {}
    for name, field in fields.items():
        value = values.get(name)
        if value is None and (field.type_name == 'string' or not field.required):
            value = field.default
        checked[name] = field.check(value)
    return checked
