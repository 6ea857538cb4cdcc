# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Which recordings are to be heard: those of a folder, of a list, or one.

Nothing is read but names, sizes and first bytes. Names are bytes that Python shows with surrogate
escapes; what can't be listed is a `Problem`.
"""

from collections import Counter
from dataclasses import dataclass, field
import os
from pathlib import Path
import stat
from typing import Dict, Iterable, List, Set, Tuple
import unicodedata

from baby_cry_detector.names import safe_name

#: What is taken for audio in a folder; a list may name anything.
SUFFIXES = frozenset(
    'wav wave bwf rf64 w64 flac ogg oga opus spx mp3 mp2 mpga aif aiff aifc au snd caf m4a m4b '
    'm4p m4r mp4 mov aac adts ac3 eac3 wma asf amr awb 3gp 3g2 3ga webm mka mkv avi ape wv tta '
    'mpc ra rm dss ds2 gsm aax aa tak voc sph nist'.split())
_MAGICS = (b'RIFF', b'RIFX', b'RF64', b'BW64', b'FORM', b'riff', b'.snd', b'fLaC', b'OggS',
           b'ID3', b'caff')
_LONGEST_NAME_BYTES = 200


@dataclass(frozen=True)
class Recording:
    """
    A file as it was when it was found.

    :param path: absolute.
    :param name: what it is called here, relative to the folder or list; '/' between folders.
    :param size: bytes.
    :param mtime_ns: when it was changed last.
    """

    path: str
    name: str
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Problem:
    """What could not be heard, wholly or in part, and why."""

    name: str
    kind: str
    reason: str


@dataclass
class Found:
    """
    What there is.

    :param recordings: by name, each once.
    :param problems: folders and files that can't be looked at.
    :param passed_over: how many files are no audio, by suffix.
    :param twice: names that a list has more than once.
    """

    recordings: List[Recording] = field(default_factory=list)
    problems: List[Problem] = field(default_factory=list)
    passed_over: Counter = field(default_factory=Counter)
    twice: List[str] = field(default_factory=list)


def find_recordings(source, leave_out: Iterable = ()) -> Found:
    """
    Return the recordings of a folder (and those below), of a list, or a recording itself.

    A list is a text file with a path a line, or paths that end in a zero byte (``find -print0``);
    they count from the folder of the list. Links to files are followed, links to folders not.

    :param leave_out: folders that are not looked into.
    :raises ValueError: if there is no such file or folder.
    """
    source = os.fspath(source)
    if os.path.isdir(source):
        return _in_folder(source, {os.path.realpath(folder) for folder in leave_out})
    if not os.path.exists(source):
        raise ValueError(f'{source}: no such file or folder')
    if _is_audio(source, os.path.basename(source)):
        found = Found()
        _take(found, os.path.abspath(source), os.path.basename(source))
        return found
    return _in_list(source)


def _in_folder(root: str, leave_out: Set[str]) -> Found:
    found = Found()
    root = os.path.abspath(root)

    def on_error(error: OSError) -> None:
        name = os.path.relpath(error.filename or root, root)
        found.problems.append(Problem(name, 'unreadable', error.strerror or str(error)))

    for folder, folders, files in os.walk(root, onerror=on_error):
        folders[:] = sorted(name for name in folders
                            if os.path.realpath(os.path.join(folder, name)) not in leave_out)
        for file in sorted(files):
            path = os.path.join(folder, file)
            if _is_audio(path, file):
                _take(found, path, os.path.relpath(path, root))
            else:
                found.passed_over[os.path.splitext(file)[1].lower()] += 1
    return found


def _in_list(file: str) -> Found:
    with open(file, 'rb') as stream:
        content = stream.read()
    if b'\0' in content:
        entries = content.split(b'\0')
    else:
        entries = [line.rstrip(b'\r')
                   for line in content.removeprefix(b'\xef\xbb\xbf').split(b'\n')]
    found, seen = Found(), set()
    folder = os.path.dirname(os.path.abspath(file))
    for entry in entries:
        if not entry.strip():
            continue
        given = os.fsdecode(entry)
        path = os.path.normpath(os.path.join(folder, given))
        name = os.path.relpath(path, folder)
        if name.startswith('..'):
            name = path.lstrip('/')
        if path in seen:
            found.twice.append(name)
            continue
        seen.add(path)
        if os.path.isdir(path):
            found.problems.append(Problem(name, 'no_file', 'this is a folder'))
        else:
            _take(found, path, name)
    return found


def _take(found: Found, path: str, name: str) -> None:
    name = name.replace(os.sep, '/')
    try:
        status = os.stat(path)
    except OSError as error:
        kind = 'missing' if isinstance(error, FileNotFoundError) else 'unreadable'
        found.problems.append(Problem(name, kind, error.strerror or str(error)))
        return
    if not stat.S_ISREG(status.st_mode):
        found.problems.append(Problem(name, 'no_file', 'this is no regular file'))
        return
    found.recordings.append(Recording(path, name, status.st_size, status.st_mtime_ns))


def _is_audio(path: str, file: str) -> bool:
    if file.startswith('._'):              # what macOS writes beside each file
        return False
    suffix = os.path.splitext(file)[1].lower().lstrip('.')
    if suffix in SUFFIXES:
        return True
    if suffix in ('txt', 'csv', 'lst', 'list', 'json'):
        return False
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False                   # a pipe would never give its first bytes
        with open(path, 'rb') as stream:
            return stream.read(4).startswith(_MAGICS)
    except OSError:
        return False


def readable(text: str) -> str:
    """
    Return a name without white space or what is no character: those become ``%20``; '%' too.

    Different names stay different.
    """
    return ''.join(
        character if character.isprintable() and not character.isspace() and character != '%'
        else ''.join(f'%{byte:02X}' for byte in character.encode('utf-8', 'surrogateescape'))
        for character in text)


def outputs_and_ids(names: Iterable[str]) -> Dict[str, Tuple[str, str]]:
    """
    Return for each recording's name where its annotations go, and its id.

    The output is the name without its suffix, with it where two would be one. The id is the stem
    where no other recording has it, else the output with its folders, and has no white space.
    """
    names = list(names)
    short = {name: os.path.splitext(name)[0] for name in names}
    outputs = _told_apart(names, short, {name: name for name in names})
    stems = {name: readable(os.path.basename(outputs[name])) for name in names}
    whole = {name: readable(outputs[name]).replace('/', '.') for name in names}
    ids = _told_apart(names, stems, whole)
    return {name: (_short_enough(outputs[name]), _short_enough(ids[name])) for name in names}


def _told_apart(names: List[str], first: Dict[str, str], second: Dict[str, str]) -> Dict[str, str]:
    """Return the first choice where it is the only such one, else the second, else a digest."""
    counts = Counter(_folded(text) for text in first.values())
    chosen = {name: first[name] if counts[_folded(first[name])] == 1 else second[name]
              for name in names}
    counts = Counter(_folded(text) for text in chosen.values())
    return {name: text if counts[_folded(text)] == 1 else
            str(Path(text).with_name(safe_name(name, also='.')))
            for name, text in chosen.items()}


def _short_enough(output: str) -> str:
    file = os.path.basename(output)
    if len(os.fsencode(file)) <= _LONGEST_NAME_BYTES:
        return output
    return os.path.join(os.path.dirname(output), safe_name(file, also='.'))


def _folded(text: str) -> str:
    return unicodedata.normalize('NFC', unicodedata.normalize('NFC', text).casefold())
