# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What others wrote (file names, messages, errors) made harmless to show. Pure."""

# What turns the direction of writing, or hides: not a control character, but it lies.
INVISIBLE = frozenset('\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e'
                      '\u2060\u2066\u2067\u2068\u2069\ufeff')


def printable(text: object, longest: int = 2000) -> str:
    r"""
    Return text as a terminal or a log may show it.

    Control characters, escapes, marks of direction and half surrogates become ``\x1b`` and the
    like; line feeds and tabs stay.

    :param text: anything; ``str`` is called on it.
    :param longest: characters that are kept.
    """
    text = str(text)
    if len(text) > longest:
        text = f'{text[:longest - 1]}…'
    return ''.join(
        character if character in '\n\t' or (
            character.isprintable() and character not in INVISIBLE)
        else character.encode('unicode_escape').decode('ascii') for character in text)


def one_line(name: object, longest: int = 500) -> str:
    r"""Return a name as it may stand in a sentence: `printable`, line feeds ``\n`` too."""
    return printable(name, longest).replace('\n', '\\n').replace('\t', '\\t')
