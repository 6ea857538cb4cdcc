# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A kept file is believed only where it can be; otherwise it is set aside, whatever is in it."""

import errno
import os

from baby_cry_detector.kept_state import (files_aside, HeldError, KeptState, MOST_ASIDE,
                                          read_document)
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Return a file in a folder of the test's own."""
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    kept = KeptState('/crib/node')
    yield kept
    kept.close()


BAD = [b'', b'{', b'[]', b'3', b'null', b'\xff\xfe', b'[' * 100_000, b'{"a":' * 100_000,
       b'{"a": NaN}', b'{"a": 1e999}', b'{"a": -Infinity}', b'{"a": 7258118400000000000000}',
       b'{"a": ' + b'9' * 5000 + b'}', b'{"a": "' + b'x' * 50_000 + b'"}',
       b'{"a": [[[[[[[[[[[[[1]]]]]]]]]]]]]}', b' ' * 2_000_000]


@pytest.mark.parametrize('data', BAD, ids=range(len(BAD)))
def test_a_bad_file_is_set_aside_and_the_next_start_is_free_of_it(kept, data):
    kept.path.write_bytes(data)
    with pytest.raises(ValueError, match=r'is kept as .*\.bad$') as refused:
        kept.read()
    assert len(str(refused.value)) < 400
    assert kept.read() is None and files_aside(kept.path)[-1].read_bytes() == data
    kept.keep({'a': 1})
    assert kept.read() == {'a': 1}


def test_the_newest_bad_files_are_kept_and_what_is_removed_is_said(kept):
    said = []
    for number in range(MOST_ASIDE + 2):
        kept.path.write_text(f'bad {number}')
        with pytest.raises(ValueError) as refused:
            kept.read()
        said.append(str(refused.value))
    assert [path.read_text() for path in files_aside(kept.path)] == [
        f'bad {number}' for number in range(2, MOST_ASIDE + 2)]
    assert ['removed' in sentence for sentence in said] == [False] * MOST_ASIDE + [True] * 2
    other = kept.path.with_name('other.bad')
    other.write_text('of another file')
    assert other not in files_aside(kept.path)


def test_what_was_set_aside_by_a_clock_that_was_ahead_does_not_push_out_the_newest(kept):
    for number in range(MOST_ASIDE):
        kept.path.with_suffix(f'.2999010{number + 1}T000000000000.bad').write_text('ahead')
    kept.path.write_text('newest')
    with pytest.raises(ValueError, match='removed'):
        kept.read()
    texts = [path.read_text() for path in files_aside(kept.path)]
    assert texts == ['newest'] + ['ahead'] * (MOST_ASIDE - 1)


def test_what_can_not_be_set_aside_is_said_too(kept, monkeypatch):
    kept.path.write_text('bad')

    def refused(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, 'replace', refused)
    with pytest.raises(ValueError, match=r'can not be set aside \(Read-only'):
        kept.read()
    assert kept.path.read_text() == 'bad'


def test_two_processes_never_share_a_file(kept):
    with pytest.raises(HeldError, match='two nodes of one name'):
        KeptState('/crib/node')


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_anything_is_a_document_or_a_value_error(data):
    try:
        read_document(data)
    except ValueError as error:
        assert len(str(error)) < 100
