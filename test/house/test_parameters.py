# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Declared parameters accept what they say they do."""

from baby_cry_detector.fields import check_values, defaults, Parameter, ParameterError
import pytest

TABLE = (
    Parameter('rate', 1.0, 'A rate.', minimum=0.0, maximum=10.0, live=True),
    Parameter('count', 3, 'A count.', minimum=1, maximum=5),
    Parameter('kind', 'a', 'A kind.', choices=('a', 'b')),
    Parameter('on', True, 'A switch.'),
)


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
