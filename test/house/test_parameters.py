# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Declared parameters accept what they say they do."""

from dataclasses import dataclass, FrozenInstanceError, replace

from baby_cry_detector.fields import check_values, defaults, ParameterError, setting, Settings
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
