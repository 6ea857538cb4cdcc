# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One cookie for one phone: found, shut out alone, forgotten when unused, not believed."""

import json
import os
import stat

from baby_cry_detector.page.phones import (MOST_PHONES, name_of_phone, PhoneFile, Phones, UNUSED_S,
                                           USE_PERIOD_S)
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

TOKEN, NOW_S = 'abcdefghjkmnpqrstuvwxyz2', 1_790_000_000.0


def test_each_phone_has_a_cookie_of_its_own_and_is_shut_out_alone():
    phones = Phones(TOKEN)
    mum, dad = phones.add('mum', NOW_S), phones.add('dad', NOW_S + 1)
    assert mum != dad and TOKEN not in mum
    own = phones.find(mum, NOW_S)
    listed = phones.listed(NOW_S, own)
    assert [(one['name'], one['own']) for one in listed] == [('dad', False), ('mum', True)]
    assert mum not in json.dumps(phones.to_document()) and mum not in json.dumps(listed)
    assert phones.forget(own) and not phones.forget(own)
    assert not phones.find(mum, NOW_S) and phones.find(dad, NOW_S)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.none(), st.text(st.characters(), max_size=80)))
def test_nothing_else_is_a_cookie(text):
    phones = Phones(TOKEN)
    phones.add('mum', NOW_S)
    assert not phones.find(text, NOW_S)


def test_what_is_not_used_for_long_opens_nothing_and_use_keeps_it():
    phones = Phones(TOKEN)
    cookie = phones.add('mum', NOW_S)
    for step in range(1, 20):
        assert phones.find(cookie, NOW_S + step * 0.4 * UNUSED_S)
    last_s = NOW_S + 19 * 0.4 * UNUSED_S
    assert not phones.find(cookie, last_s + UNUSED_S) and not phones.listed(last_s + UNUSED_S)
    # A clock that was years ahead for a moment has shut nobody out.
    assert phones.find(cookie, last_s + 10)


@pytest.mark.parametrize('wrong_s', [0.0, NOW_S - 2 * 365 * 86_400, NOW_S - 180 * 86_400,
                                     NOW_S + 80 * 86_400, NOW_S + 3 * 365 * 86_400])
def test_a_clock_that_was_wrong_for_a_moment_shuts_nobody_out(wrong_s):
    phones = Phones(TOKEN)
    old = phones.add('mum', NOW_S)
    phones.find(old, wrong_s)                      # looks while the clock is wrong
    new = phones.add('dad', wrong_s)               # shows the token while it is
    for later_s in (1.0, 0.9 * UNUSED_S, 1.8 * UNUSED_S):
        assert phones.find(old, NOW_S + later_s) and phones.find(new, NOW_S + later_s)
    first = Phones(TOKEN)
    cookie = first.add('mum', min(wrong_s, NOW_S) if wrong_s < NOW_S - 200 * 86_400 else NOW_S)
    assert first.find(cookie, NOW_S) and first.find(cookie, NOW_S + 0.9 * UNUSED_S)
    assert not first.find(cookie, NOW_S + 2 * UNUSED_S)


def test_use_is_not_written_down_with_every_request():
    phones = Phones(TOKEN)
    cookie = phones.add('mum', NOW_S)
    phones.changed = False
    for second in range(0, USE_PERIOD_S, 60):
        assert phones.find(cookie, NOW_S + second)
    assert not phones.changed and phones.find(cookie, NOW_S + USE_PERIOD_S) and phones.changed


def test_the_number_is_bounded_and_the_longest_unused_goes():
    phones = Phones(TOKEN)
    cookies = [phones.add(f'{number}', NOW_S + number) for number in range(MOST_PHONES + 3)]
    assert [bool(phones.find(cookie, NOW_S)) for cookie in cookies[:4]] == [False] * 3 + [True]
    assert len(phones.listed(NOW_S)) == MOST_PHONES


def test_they_are_kept_for_the_owner_only_and_not_for_another_token(tmp_path):
    file = PhoneFile(tmp_path / 'page.phones')
    phones = Phones(TOKEN)
    file.read(phones)                                  # there is none yet
    cookie = phones.add('mum', NOW_S)
    file.keep(phones.to_document())
    assert stat.S_IMODE(os.stat(file.path).st_mode) == 0o600
    again, other = Phones(TOKEN), Phones(TOKEN[::-1])
    file.read(again)
    file.read(other)
    assert again.find(cookie, NOW_S) and not other.find(cookie, NOW_S)


def bad(**change):
    """Return a document with one phone changed."""
    phones = Phones(TOKEN)
    phones.add('mum', NOW_S)
    document = phones.to_document()
    next(iter(document['phones'].values())).update(change)
    return document


@pytest.mark.parametrize('document', [
    {}, {'seal': 1}, [], 'x', None, bad(digest='x'), bad(digest=None), bad(used_s='x'),
    bad(used_s=True), bad(name=5), bad(extra=1), bad(used_s=1e300), [[]] * 1000,
    {**bad(), 'phones': []}, {**bad(), 'phones': {'../x': {}}}])
def test_a_list_that_makes_no_sense_is_set_aside(tmp_path, document):
    file = PhoneFile(tmp_path / 'page.phones')
    file.path.write_text(json.dumps(document))
    phones = Phones(TOKEN)
    if document == {'seal': 1}:
        return file.read(phones)                       # of another token
    with pytest.raises(ValueError, match='show the token again'):
        file.read(phones)
    assert not phones.listed(NOW_S) and os.listdir(tmp_path) == ['page.phones.bad']


@pytest.mark.parametrize('agent, typed, name', [
    ('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1', 'Mum',
     'Mum (iPhone, Safari)'),
    ('Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/131 Safari/537', '',
     'Android phone, Chrome'),
    ('', '', 'browser'), ('\x1b[2J' * 5000, '<b>' * 90, None)])
def test_a_phone_is_named_by_what_is_known(agent, typed, name):
    found = name_of_phone(agent, typed)
    assert name is None or found == name
    assert len(found) < 90 and '\x1b' not in found
