# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Text on a terminal is harmless."""

from baby_cry_detector.printable import printable
from hypothesis import given, settings
from hypothesis import strategies as st

ANY_TEXT = st.text(st.characters(), max_size=60)


@settings(deadline=None)
@given(ANY_TEXT)
def test_what_is_shown_has_no_escape(text):
    shown = printable(text)
    assert not any(ord(character) < 32 and character not in '\n\t' for character in shown)
    assert not set(shown) & set('\x7f\x9b\u202e\u200b')
    shown.encode()


def test_an_escape_is_shown_as_what_it_is():
    assert printable('x\x1b]0;owned\x07.wav') == r'x\x1b]0;owned\x07.wav'
    assert printable('宝宝 ü') == '宝宝 ü' and len(printable('x' * 9999)) == 2000
