# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Who may see the page."""

import os
import stat

from baby_cry_detector.fields import ParameterError
from baby_cry_detector.page import link
from baby_cry_detector.page.access import (Access, ACT, is_token, new_token, normal_path,
                                           split_host)
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

TOKEN = new_token()


@pytest.fixture
def house():
    """Return the rules of a page that is open to the house network."""
    return Access(False, ['robot', 'robot.local'], TOKEN)


@pytest.fixture
def alone():
    """Return the rules of a page for this machine only."""
    return Access(True)


@pytest.mark.parametrize('host', [
    'localhost', 'localhost:8095', 'LOCALHOST:1', '127.0.0.1:8095', '127.3.2.1', '[::1]:8095'])
def test_this_machine_may_always_be_named(house, alone, host):
    assert house.host_allowed(host) and alone.host_allowed(host)


@pytest.mark.parametrize('host', [
    '192.168.1.7:8095', '[fe80::1]:8095', 'robot:8095', 'Robot.local', 'robot.local.:8095'])
def test_in_the_house_it_has_more_names(house, alone, host):
    assert house.host_allowed(host)
    assert not alone.host_allowed(host)


@pytest.mark.parametrize('host', [
    None, '', ' ', 'evil.example', 'evil.example:8095', 'localhost.evil.example',
    '127.0.0.1.evil.example', 'robot@evil.example', 'robot/evil', 'robot:port', '[::1', 'a' * 999,
    'robot, evil', 'robot\\evil', '0x7f.evil', 'localhost:99999999'])
def test_other_names_are_refused(house, alone, host):
    assert not house.host_allowed(host)
    assert not alone.host_allowed(host)


def test_beyond_this_machine_a_token_is_needed():
    for token in ('', 'short', 'x' * 24 + '!', 'l' * 24):
        with pytest.raises(ValueError, match='token'):
            Access(False, [], token)
    with pytest.raises(ValueError, match='token'):
        Access(True, [], '', always=True)


def test_on_this_machine_only_what_was_forwarded_needs_it(alone, house):
    assert house.needs_token({})
    assert not alone.needs_token({'Host': 'localhost'})
    assert alone.needs_token({'X-Forwarded-For': '203.0.113.9'})
    assert alone.role_of('') == ''
    assert Access(True, [], TOKEN, always=True).needs_token({})


def test_the_token_may_be_typed_by_a_person(house):
    typed = ' ' + ' '.join(TOKEN[i:i + 4].upper() for i in range(0, 24, 4)) + '\n'
    assert house.role_of(typed) == ACT
    assert house.role_of('-'.join(TOKEN[i:i + 4] for i in range(0, 24, 4))) == ACT


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_anything_else_is_not_the_token(text):
    access = Access(False, [], TOKEN)
    assert access.role_of(text) == ''


@pytest.mark.parametrize('headers, same', [
    ({'Origin': 'http://robot:8095', 'Host': 'robot:8095'}, True),
    ({'Origin': 'https://robot', 'Host': 'robot'}, True),
    ({'Sec-Fetch-Site': 'same-origin', 'Host': 'robot'}, True),
    ({'Sec-Fetch-Site': 'cross-site', 'Host': 'robot'}, False),
    ({'Host': 'robot'}, False),
    ({'Origin': 'null', 'Host': 'robot', 'Sec-Fetch-Site': 'same-origin'}, False),
    ({'Origin': 'http://evil.example', 'Host': 'robot:8095'}, False),
    ({'Origin': 'http://robot:81', 'Host': 'robot:8095'}, False),
    ({'Origin': 'http://robot.evil.example', 'Host': 'robot'}, False),
    ({'Origin': 'file://robot', 'Host': 'robot'}, False),
    ({'Origin': 'http://[', 'Host': 'robot'}, False),
    ({'Origin': 'http://', 'Host': ''}, False),
])
def test_only_the_page_itself_changes_things(house, headers, same):
    assert house.same_origin(headers) is same


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_a_host_is_split_or_refused(text):
    host = split_host(text)
    assert host is None or host[0]


@pytest.mark.parametrize('typed, path', [
    ('', ''), ('/', ''), ('/baby', '/baby'), ('baby/', '/baby'), ('/a/b/', '/a/b'), ('x', '/x')])
def test_a_path_is_taken_however_its_slashes_are(typed, path):
    assert normal_path(typed) == path


@pytest.mark.parametrize('typed', ['/b\u00e4by', 'a b', '/a//b', '/a?b', '/../%2e', 'a\\b'])
def test_what_is_no_path_is_refused(typed):
    with pytest.raises(ParameterError, match='like /baby'):
        normal_path(typed)


def test_the_token_is_kept_for_its_owner_only(tmp_path):
    path = tmp_path / 'state' / 'page.token'
    token = link.kept_token(path)
    assert is_token(token)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert link.kept_token(path) == token
    assert os.listdir(path.parent) == ['page.token']
    path.write_text('something else')
    with pytest.raises(ValueError, match='no token'):
        link.kept_token(path)


def test_the_link_carries_the_token_behind_the_hash():
    assert link.link('192.168.1.7', 8095, TOKEN) == f'http://192.168.1.7:8095/#token={TOKEN}'
    assert link.link('::1', 8095, '') == 'http://[::1]:8095/'
    assert link.page_address('0.0.0.0', 8095).endswith(':8095/')


def test_the_code_can_be_read_from_the_terminal():
    pytest.importorskip('qrcode')
    text = link.link('192.168.100.200', 8095, TOKEN)
    lines = link.qr_text(text)
    plain = [line.removeprefix('\033[30;107m').removesuffix('\033[0m') for line in lines]
    assert len({len(line) for line in plain}) == 1
    assert len(plain[0]) <= 60 and len(plain) <= 24      # fits a terminal of 80 by 24
    assert set(''.join(plain)) == set(' ▀▄█')
    # The three finder patterns: their upper edge is seven dark modules behind the quiet zone.
    assert plain[1].startswith('  █▀▀▀▀▀█') and plain[1].endswith('█▀▀▀▀▀█  ')
    shown = link.invitation('192.168.100.200', 8095, TOKEN)
    assert text in shown and lines[3] in shown
