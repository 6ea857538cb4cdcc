# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The words of `needs.py` are the constants of the messages: neither grows without the other."""

from pathlib import Path
import re

from baby_cry_detector.needs import (ALERT_STATE_NAMES, BASIS_NAMES, CONFIRMATION_NAMES,
                                     KIND_NAMES, Need, NEED_NAMES,
                                     need_of, PHASE_NAMES, PRIORITY_NAMES, STATUS_NAMES,
                                     STATUS_NO_AUDIO, status_of)
from baby_cry_detector.units import DAY_NS, SECOND_NS, to_ns, to_s
import pytest

MESSAGES = Path(__file__).resolve().parents[2] / 'msg'
CONSTANT = re.compile(r'^uint8 (?P<prefix>[A-Z]+)_(?P<name>[A-Z_]+) = (?P<number>\d+)$', re.M)


def constants(message, prefix):
    """Return the lower-case names of a message's constants, in the order of their numbers."""
    found = {int(match['number']): match['name'].lower()
             for match in CONSTANT.finditer((MESSAGES / f'{message}.msg').read_text())
             if match['prefix'] == prefix}
    assert sorted(found) == list(range(len(found))), 'numbers with gaps'
    return tuple(found[number] for number in sorted(found))


@pytest.mark.parametrize('message, prefix, names', [
    ('CryNeed', 'NEED', NEED_NAMES), ('CryNeed', 'STATUS', STATUS_NAMES),
    ('CryNeed', 'BASIS', BASIS_NAMES), ('CryNeed', 'CONFIRMATION', CONFIRMATION_NAMES),
    ('CryAlert', 'STATE', ALERT_STATE_NAMES),
    ('CryAlert', 'PRIORITY', PRIORITY_NAMES), ('CareEvent', 'KIND', KIND_NAMES),
    ('CareEvent', 'PHASE', PHASE_NAMES)])
def test_words_are_the_constants_of_the_messages(message, prefix, names):
    assert constants(message, prefix) == names


def test_every_constant_of_a_message_has_its_words():
    known = {'NEED', 'STATUS', 'BASIS', 'CONFIRMATION', 'STATE', 'PRIORITY', 'KIND',
             'PHASE'}
    for path in MESSAGES.glob('*.msg'):
        assert {match['prefix'] for match in CONSTANT.finditer(path.read_text())} <= known


@pytest.mark.parametrize('number', [-1, 12, 255, 10**9])
def test_unknown_numbers_have_one_meaning(number):
    assert need_of(number) is Need.UNKNOWN
    assert status_of(number) == STATUS_NO_AUDIO


def test_units_are_whole_nanoseconds():
    assert to_ns(0.1) == SECOND_NS // 10 and isinstance(to_ns(1.5), int)
    assert DAY_NS == 86_400 * SECOND_NS and to_s(to_ns(2.25)) == 2.25
