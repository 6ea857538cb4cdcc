# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Declared parameters accept what they say they do."""

from array import array
from dataclasses import dataclass, field, FrozenInstanceError, replace
import math
from typing import Tuple

from baby_cry_detector.fields import (check_values, defaults, Field, ParameterError, setting,
                                      Settings)
from baby_cry_detector.ros.base.parameters import (
    AudioCaptureSettings, FeatureExtractorSettings, TABLES)
import pytest


@dataclass(frozen=True)
class Example(Settings):
    """One of each kind."""

    rate: float = setting(1.0, 'A rate.', minimum=0.0, maximum=10.0, live=True)
    count: int = setting(3, 'A count.', minimum=1, maximum=5)
    kind: str = setting('a', 'A kind.', choices=('a', 'b'))
    on: bool = setting(True, 'A switch.')


TABLE = Example.table()


def test_defaults_fit_their_own_declaration():
    assert check_values(TABLE, defaults(TABLE)) == defaults(TABLE)


@pytest.mark.parametrize('values', [{'rate': 2}, {'rate': 10.0, 'count': 5}, {'kind': 'b'}])
def test_good_values_are_taken(values):
    checked = check_values(TABLE, values)
    assert all(checked[name] == value for name, value in values.items())
    assert isinstance(checked['rate'], float)


@pytest.mark.parametrize('values, says', [
    ({'rate': -0.1}, 'below 0'), ({'rate': 10.1}, 'above 10'), ({'rate': float('nan')}, 'finite'),
    ({'rate': True}, 'double'), ({'count': 2.0}, 'int'), ({'count': True}, 'int'),
    ({'kind': 'c'}, 'one of a, b'), ({'on': 1}, 'bool'),
    ({'speed': 1}, "unknown parameter 'speed'"),
])
def test_bad_values_are_refused_with_what_was_expected(values, says):
    with pytest.raises(ParameterError, match=says):
        check_values(TABLE, values)


def test_settings_are_checked_attributes_that_nobody_changes():
    settings = Example.of({'rate': 2, 'kind': 'b'})
    assert (settings.rate, settings.count, settings.kind, settings.on) == (2.0, 3, 'b', True)
    assert settings == Example(2.0, kind='b') and isinstance(settings.rate, float)
    with pytest.raises(FrozenInstanceError):
        settings.rate = 3.0
    with pytest.raises(ParameterError, match='above 5'):
        replace(settings, count=6)
    with pytest.raises(ParameterError, match='did you mean rate'):
        Example.of({'rates': 2.0})


def test_what_inherits_has_the_declarations_of_all_it_inherits_from():
    @dataclass(frozen=True)
    class More(Example):
        extra_s: float = setting(0.5, 'More.', minimum=0.0)

    assert [field.name for field in More.table()] == ['rate', 'count', 'kind', 'on', 'extra_s']
    with pytest.raises(ParameterError, match='extra_s: -1.0 is below 0'):
        More(extra_s=-1.0)


EVERY = [(node, field) for node, table in TABLES.items() for field in table]


def other_types(field):
    """Yield (what ROS makes of what somebody typed, the value that is meant)."""
    default = field.default
    if isinstance(default, bool):
        for text in ('true', 'True', 'yes', 'on', ' on ', '1', 1, 1.0, True):
            yield text, True
        for text in ('false', 'FALSE', 'no', 'off', '0', 0, 0.0, False):
            yield text, False
    elif isinstance(default, (int, float)):
        low = default if field.minimum is None else field.minimum
        high = default if field.maximum is None else field.maximum
        for number in {default, low, high, math.ceil(low), math.floor(high)}:
            if low <= number <= high:
                yield str(number), type(default)(number)
                yield f' {number}', type(default)(number)
                if float(number).is_integer():
                    yield int(number), type(default)(number)
                    yield float(number), type(default)(number)
    elif not field.choices:
        for number in (0, 1, 7, -1001234567890, 16000.5):
            yield number, str(number)


def refused(field):
    """Yield what can't be meant."""
    yield from ([field.default], array('q', [1, 2]), ['a', 'b'], None)
    if isinstance(field.default, bool):
        yield from (2, -1, 0.5, 'maybe', '')
    elif isinstance(field.default, (int, float)):
        yield from (True, False, 'fast', '', '1,5', float('nan'), 'nan', 'inf', 10 ** 30)
        if isinstance(field.default, int):
            yield from (1.5, '1.5', 1e30)
        yield from ([] if field.minimum is None else [field.minimum - 1, str(field.minimum - 1)])
        yield from ([] if field.maximum is None else [field.maximum + 1, str(field.maximum + 1)])
    else:
        yield from (True, False)
        yield from ([3, 'wheels on fire'] if field.choices else [])


@pytest.mark.parametrize('node, field', EVERY, ids=lambda one: getattr(one, 'name', one))
def test_whatever_is_typed_is_taken_where_its_meaning_is_clear(node, field):
    for typed, meant in other_types(field):
        if isinstance(field.default, str) and field.longest is not None:
            meant = meant[:field.longest]
        taken = field.taken(typed)
        assert taken == meant and type(taken) is type(field.default), (typed, taken)
    for typed in refused(field):
        if typed == 10 ** 30 and isinstance(field.default, float) and field.maximum is None:
            continue
        with pytest.raises(ParameterError, match=f'^{field.name}: ') as error:
            field.taken(typed)
        assert len(str(error.value)) < 300
        assert not field.secret or repr(typed) not in str(error.value)


@dataclass(frozen=True)
class Room(Settings):
    """A section."""

    sizes: Tuple[int, ...] = setting((1,), minimum=1, maximum=3, items=Field('', 1, minimum=0))
    width_m: float = setting(0.0, required=True)


@dataclass(frozen=True)
class House(Settings):
    """A file with a section."""

    name: str = setting('', longest=10)
    room: Room = field(default_factory=Room)


def test_a_document_has_sections_and_lists():
    assert House.of_document({}) == House()
    house = House.of_document({'name': 'a', 'room': {'sizes': [3, 4], 'width_m': 2}})
    assert house.room == Room((3, 4), 2.0) and isinstance(house.room.width_m, float)


@pytest.mark.parametrize('document, sentence', [
    (3, 'the file: expected entries, got 3'), ({'room': 3}, 'room: expected entries, got 3'),
    ({'rom': {}}, "unknown entry 'rom' (did you mean room?); known: name, room"),
    ({'room': {'size': []}}, "unknown entry 'room.size' (did you mean room.sizes?)"),
    ({'room': {'sizes': [1]}}, 'room.width_m is missing'),
    ({'room': {'width_m': 'wide'}}, "room.width_m: expected double, got 'wide'"),
    ({'room': {'width_m': 1, 'sizes': []}}, 'room.sizes: expected 1 to 3 entries, got 0'),
    ({'room': {'width_m': 1, 'sizes': [0] * 4}}, 'room.sizes: expected 1 to 3 entries, got 4'),
    ({'room': {'width_m': 1, 'sizes': 'ab'}}, "room.sizes: expected a list, got 'ab'"),
    ({'room': {'width_m': 1, 'sizes': [1, -1]}}, 'room.sizes: -1 is below 0'),
    ({'room': {'width_m': 1, 'sizes': [True]}}, 'room.sizes: expected int, got True'),
    ({'room': {'width_m': 1, 'sizes': [10 ** 400]}}, 'room.sizes: the number is out of range')])
def test_what_is_wrong_in_a_document_is_named_with_its_section(document, sentence):
    with pytest.raises(ParameterError) as error:
        House.of_document(document)
    assert sentence in str(error.value)


@pytest.mark.parametrize('kind', [AudioCaptureSettings, FeatureExtractorSettings])
def test_a_channel_is_chosen_by_one_rule_in_every_node(kind):
    for wrong, says in (('-1', "they count from 0, got -1; the mean of all is 'mix'"),
                        ('left', "expected a channel: 'auto', 'mix'")):
        with pytest.raises(ParameterError, match=f'channel: .*{says}'):
            kind.of({'channel': wrong})
    assert kind.of({'channel': 'mix'}).channel == 'mix'
