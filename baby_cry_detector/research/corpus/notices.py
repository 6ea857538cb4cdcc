# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Licence and author of a file, from Debian's machine-readable copyright file."""

from dataclasses import dataclass
import fnmatch
from pathlib import PurePosixPath
from typing import List, Tuple


@dataclass(frozen=True)
class Stanza:
    """One paragraph: which files, whose, under what."""

    patterns: Tuple[str, ...]
    author: str
    license: str  # noqa: A003  # as the manifest's column


def read_stanzas(text: str) -> List[Stanza]:
    """Return the paragraphs with ``Files:``; none of a text in another form."""
    stanzas = []
    for paragraph in text.replace('\r', '').split('\n\n'):
        entries: dict = {}
        name = ''
        for line in paragraph.splitlines():
            if line[:1] in (' ', '\t'):
                if name:
                    entries[name] += '\n' + line.strip()
            elif ':' in line:
                name, value = line.split(':', 1)
                name = name.strip().lower()
                entries[name] = value.strip()
        if 'files' in entries:
            author = ' '.join(entries.get('copyright', '').split())
            stanzas.append(Stanza(tuple(entries['files'].split()), author[:200],
                                  entries.get('license', '').split('\n')[0]))
    return stanzas


def notice_of(path: str, stanzas: List[Stanza]) -> Tuple[str, str]:
    """
    Return (licence, author) of an installed file, '' for what is not said.

    The patterns are of the source's tree: one fits if the end of the path does. The last
    paragraph that names the file itself counts, else the last whose folder fits.
    """
    best, found = -1, ('', '')
    for stanza in stanzas:
        for pattern in stanza.patterns:
            score = _fit(path, pattern.lstrip('./'))
            if score >= best and score >= 0:
                best, found = score, (stanza.license, stanza.author)
    return found


def _fit(path: str, pattern: str) -> int:
    """Return -1 for no fit, else the number of characters that are no wildcard."""
    if pattern.startswith('debian/'):
        return -1
    plain = len(pattern.replace('*', '').replace('?', ''))
    if pattern == '*':
        return 0
    if fnmatch.fnmatch(path, pattern) or fnmatch.fnmatch(path, '*/' + pattern):
        return plain
    name, wanted = PurePosixPath(path).name, PurePosixPath(pattern).name
    return plain if '*' not in wanted and name == wanted else -1
