# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the page may ask for; everything else is refused in a sentence."""

import json

from baby_cry_detector.page.inputs import (ACTIONS, check_fields, InputError, LONGEST_BODY,
                                           parse_body, SESSION)
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

GOOD = {
    'acknowledge': {'who': 'Anna', 'alert_id': 'crib-1'},
    'snooze': {'who': '', 'minutes': 20},
    'stop_rocking': {'who': 'Anna'},
    'forget_learnt': {'who': 'Anna'},
    'label': {'who': 'Ömer', 'episode_id': '', 'label': 'hungry'},
    'care': {'who': 'Anna', 'kind': 'fed', 'minutes_ago': 15, 'text': '120 ml'},
}


@pytest.mark.parametrize('action', ACTIONS)
def test_what_a_button_sends_is_taken(action):
    values = check_fields(ACTIONS[action], GOOD[action])
    assert set(values) == set(ACTIONS[action])
    assert values['who'] == GOOD[action]['who']


@pytest.mark.parametrize('action', ACTIONS)
def test_every_text_has_an_end(action):
    for name, field in ACTIONS[action].items():
        if field.longest is not None:
            with pytest.raises(InputError, match=name):
                check_fields(ACTIONS[action], {**GOOD[action], name: 'x' * (field.longest + 1)})


@pytest.mark.parametrize('value', [
    'a\x00b', 'a\nb', 'a\x1b[2Jb', '\ud800', '\u202eevil', 7, True, ['a'], {'a': 'b'}, 1e999])
@pytest.mark.parametrize('action, name', [
    ('acknowledge', 'alert_id'), ('label', 'label'), ('label', 'episode_id'), ('care', 'text'),
    ('care', 'who'), ('care', 'kind')])
def test_what_is_no_line_of_text_is_refused(action, name, value):
    with pytest.raises(InputError, match=name):
        check_fields(ACTIONS[action], {**GOOD[action], name: value})


@pytest.mark.parametrize('value', [
    -1, 481, 1e999, -1e999, float('nan'), True, '20', [20], None, 10**400])
def test_what_is_no_number_of_minutes_is_refused(value):
    with pytest.raises(InputError, match='minutes'):
        check_fields(ACTIONS['snooze'], {**GOOD['snooze'], 'minutes': value})


@pytest.mark.parametrize('action, name, value', [
    ('label', 'label', ''), ('label', 'label', '   '), ('care', 'kind', 'rocking'),
    ('care', 'kind', ''), ('care', 'minutes_ago', 1441)])
def test_what_is_missing_or_unknown_is_refused(action, name, value):
    with pytest.raises(InputError, match=name):
        check_fields(ACTIONS[action], {**GOOD[action], name: value})


def test_fields_that_nobody_knows_are_refused():
    with pytest.raises(InputError, match='unknown field'):
        check_fields(ACTIONS['snooze'], {**GOOD['snooze'], '__proto__': {}})


def test_an_optional_field_has_its_default():
    assert check_fields(ACTIONS['care'], {'kind': 'slept'}) == {
        'who': '', 'kind': 'slept', 'minutes_ago': 0.0, 'text': '', 'key': ''}


@pytest.mark.parametrize('body', [
    b'', b'[]', b'"x"', b'7', b'null', b'{', b'\xff\xfe', b'{"minutes": NaN}', b'{"a": Infinity}',
    b'[' * 4000, b'{"a":' * 800, b'{"a": "' + b'x' * LONGEST_BODY + b'"}'])
def test_what_is_no_small_object_is_refused(body):
    with pytest.raises(InputError):
        parse_body(body)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_are_an_object_or_refused(body):
    try:
        assert isinstance(parse_body(body), dict)
    except InputError:
        pass


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(ACTIONS)), st.dictionaries(
    st.sampled_from(sorted({name for fields in ACTIONS.values() for name in fields})),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())))
def test_what_is_taken_fits_a_message(action, values):
    try:
        taken = check_fields(ACTIONS[action], values)
    except InputError:
        return
    json.dumps(taken, allow_nan=False)
    for value in taken.values():
        assert not isinstance(value, str) or value.encode('utf-8').decode('utf-8').isprintable()


def test_a_token_is_a_field_like_any_other():
    with pytest.raises(InputError, match='token'):
        check_fields(SESSION, {})
