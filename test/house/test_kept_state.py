# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A kept file is believed only where it can be; otherwise it is set aside, whatever is in it."""

import os

from baby_cry_detector.kept_state import HeldError, KeptState, read_document
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
    assert kept.read() is None and kept.path.with_suffix('.bad').read_bytes() == data
    kept.keep({'a': 1})
    assert kept.read() == {'a': 1}


def test_only_one_bad_file_is_kept_however_often_it_happens(kept):
    for number in range(5):
        kept.path.write_text(f'bad {number}')
        with pytest.raises(ValueError):
            kept.read()
    assert sorted(path.suffix for path in kept.path.parent.iterdir()) == ['.bad', '.lock']


def test_what_can_not_be_set_aside_is_said_too(kept):
    kept.path.write_text('bad')
    os.mkdir(kept.path.with_suffix('.bad'))
    with pytest.raises(ValueError, match='can not be set aside'):
        kept.read()


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
