# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Names for files, topics and ids, made of what people call things: no two things get one name.

`safe_name` is the rule. It looks at one text alone, so the same text has the same name in every
process and on every day; `distinct_names` applies it to the recordings of one command.
"""

import os
from pathlib import Path
import re
from typing import Any, Dict, Iterable, List
import unicodedata

# The interpreter's own SHA-256 where it has one, as the standard library's `random` does: hashlib
# loads OpenSSL, 4 MB of each process that hears.
try:
    from _sha2 import sha256                # from Python 3.12 on
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found,no-redef]  # 3.10, 3.11
    except ImportError:
        from hashlib import sha256

UNNAMED_CRIB = 'crib'          # what a crib is called that nobody gave a name
LONGEST = 80                   # characters of a name
LONGEST_FILE_NAME_BYTES = 160  # of what is put before the name of an output
_DIGITS = 12                   # of the digest: 48 bits
_MARK = re.compile(r'-[0-9a-f]{12}$')


def safe_name(text: str, also: str = '', nothing: str = 'name', longest: int = LONGEST) -> str:
    """
    Return ``text`` as a name of ASCII letters, digits, ``_`` and ``-`` that no other text gets.

    What is such a name already, in lower case, stays as it is: ``north_crib``. Anything else
    keeps what can be read of it, and the first 12 digits of its SHA-256 tell it from all others:
    ``Anna's crib`` becomes ``Anna_s_crib-`` and the digits. Upper case counts as "else", since
    some file systems and home automations take ``Anna`` and ``anna`` for one.

    :param text: any text, lone surrogates of file names included.
    :param also: further characters that may stay, for example ``'.'``.
    :param nothing: stands where nothing can be read, as of ``宝宝``.
    :param longest: characters of the name, 20 or more.
    """
    kept = '[a-z0-9_' + re.escape(also) + '-]'
    if len(text) <= longest and re.fullmatch(f'[a-z0-9]{kept}*', text) and not _MARK.search(text):
        return text
    plain = unicodedata.normalize('NFKD', text).encode('ascii', 'ignore').decode()
    readable = re.sub(f'(?i)(?!{kept}).', '_', plain, flags=re.DOTALL)
    readable = readable.strip(f'_-{also}')[:longest - _DIGITS - 1] or nothing
    return f'{readable}-{digest(text.encode("utf-8", "surrogatepass"))}'


def digest(data: bytes) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of ``data``."""
    return str(sha256(data).hexdigest())[:_DIGITS]


def distinct_names(paths: Iterable[Any]) -> List[str]:
    """
    Return a name for each path, as short as tells it from the others: for files named after them.

    The stem where that is enough (``rec``), else with its suffix (``rec.wav``), else with folders
    before it (``mon.rec``). Names that differ by case or Unicode form only count as one.

    :raises ValueError: if one path is given twice, whatever it is written like.
    """
    paths = [os.fspath(path) for path in paths]
    whole = [os.path.abspath(path) for path in paths]
    for index, path in enumerate(whole):
        if path in whole[:index]:
            raise ValueError(f'{paths[index]} is given twice: there would be one file for both')
    choices = [_from_short_to_long(path) for path in whole]
    chosen = [0] * len(whole)
    while True:
        names = [options[index] for options, index in zip(choices, chosen)]
        by_name: Dict[str, List[int]] = {}
        for index, name in enumerate(names):
            by_name.setdefault(_folded(name), []).append(index)
        clashing = [index for same in by_name.values() if len(same) > 1 for index in same]
        longer = [index for index in clashing if chosen[index] + 1 < len(choices[index])]
        if not clashing:
            return names
        if not longer:
            raise ValueError(f'{paths[clashing[0]]} and {paths[clashing[1]]} would get one name')
        for index in longer:
            chosen[index] += 1


def _from_short_to_long(whole: str) -> List[str]:
    path = Path(whole)
    folders = [part for part in path.parts[:-1] if part != path.anchor]
    names = []
    for depth in range(len(folders) + 1):
        before = ''.join(f'{folder}.' for folder in folders[len(folders) - depth:])
        names += [f'{before}{path.stem}', f'{before}{path.name}']
    names = [name for name in dict.fromkeys(names)
             if len(os.fsencode(name)) <= LONGEST_FILE_NAME_BYTES]
    return [*names, safe_name(whole, also='.')]


def _folded(name: str) -> str:
    return unicodedata.normalize('NFC', unicodedata.normalize('NFC', name).casefold())


def crib_names(text: str) -> List[str]:
    """
    Return the namespaces that are listed with commas between them.

    :raises ValueError: if one is no namespace.
    """
    names = []
    for part in text.split(','):
        name = '/' + part.strip().strip('/')
        if name == '/':
            continue
        if not all(piece.isidentifier() and piece.isascii() for piece in name[1:].split('/')):
            raise ValueError(f'cribs: {part.strip()!r} is no namespace')
        names.append(name)
    return list(dict.fromkeys(names))
