# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A small JSON document that outlives a node, so that a process that is killed goes on where it was.

Replaced in one step (a reader never sees half of it), 0600, and held by the process that has its
lock, which the kernel releases with the process.
"""

from datetime import datetime, timezone
import fcntl
import json
import os
from pathlib import Path
import re
from typing import Any, Dict, List, NoReturn, Optional

from baby_cry_detector.kept_files import open_anew, open_to_read

LARGEST_BYTES = 1_000_000
DEEPEST = 12
LONGEST_TEXT = 20_000
# Nanoseconds until the year 2116; nothing that is counted here is larger.
LARGEST_NUMBER = 2**62
# What makes no sense may still be all that is left of something: so many of a file are kept.
MOST_ASIDE = 5


class HeldError(OSError):
    """Another process holds the file."""


class NotReadableError(OSError):
    """What was to be kept could not be read again; what was kept before is as it was."""


def state_folder() -> Path:
    """
    Return the folder for what outlives a process (XDG base directories).

    :raises OSError: if there is no home to put it into.
    """
    folder = os.environ.get('XDG_STATE_HOME', '')
    if os.path.isabs(folder):
        return Path(folder) / 'baby_cry_detector'
    try:
        return Path.home() / '.local' / 'state' / 'baby_cry_detector'
    except RuntimeError:
        raise OSError('there is no home folder and XDG_STATE_HOME is not set') from None


def read_document(data: bytes) -> Any:
    """
    Return the JSON that a file holds.

    :raises ValueError: if it is none, too large, too deep, or holds what no state does (numbers
        beyond LARGEST_NUMBER, NaN, endless text); nothing of it is repeated.
    """
    if len(data) > LARGEST_BYTES:
        raise ValueError('it is too large')
    try:
        document = json.loads(data.decode('utf-8'), parse_constant=_no_number)
    except RecursionError:
        raise ValueError('it is nested too deep') from None
    except ValueError:
        raise ValueError('it is no JSON') from None
    _check(document, DEEPEST)
    return document


def write_document(document: Any) -> bytes:
    """
    Return a document as it is kept: what `read_document` takes, and nothing else.

    :raises NotReadableError: if there is no such thing.
    """
    try:
        data = json.dumps(document, allow_nan=False).encode()
        if len(data) > LARGEST_BYTES:
            raise ValueError(f'it is too large ({len(data) / 1e6:.2f} MB, at most '
                             f'{LARGEST_BYTES / 1e6:g})')
        _check(document, DEEPEST)
    except (ValueError, TypeError, RecursionError) as error:
        raise NotReadableError(f'what was to be kept could not be read again: {error}') from None
    return data


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _check(value: Any, depth: int) -> None:
    if isinstance(value, (dict, list, tuple)):
        if not depth:
            raise ValueError('it is nested too deep')
        for part in [*value, *value.values()] if isinstance(value, dict) else value:
            _check(part, depth - 1)
    elif isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise ValueError('a text in it is too long')
    elif isinstance(value, (int, float)) and not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise ValueError('a number in it is absurd')


def files_aside(path: Path) -> List[Path]:
    """Return what was set aside of a file, oldest first."""
    dated = re.compile(re.escape(path.stem) + r'\.\d{8}T\d{12}(-\d+)?\.bad')
    return sorted(file for file in path.parent.glob('*.bad') if dated.fullmatch(file.name))


def set_aside(path: Path) -> str:
    """
    Move a file that makes no sense out of the way; of those before it the newest are kept.

    :return: the end of a sentence that says where it is now, and what was removed; never raises.
    """
    stamp = datetime.now(timezone.utc).strftime('%Y%m%dT%H%M%S%f')
    names = [path.with_suffix(f'.{stamp}{more}.bad') for more in ('', '-1', '-2', '-3')]
    bad = next((name for name in names if not name.exists()), names[-1])
    try:
        os.replace(path, bad)
    except OSError as error:
        return f'; it can not be set aside ({error.strerror})'
    said = f'; it is kept as {bad.name}'
    # By its date it may be the oldest itself, where a clock was set back.
    for old in [file for file in files_aside(path) if file != bad][:1 - MOST_ASIDE]:
        try:
            old.unlink(missing_ok=True)
            said += f', and {old.name} removed: {MOST_ASIDE} are kept'
        except OSError:
            pass
    return said


class KeptState:
    """
    The file of one node.

    :param name: full name of the node; the domain is added.
    :param what: tells several files of one node apart, for example ``.dose``.
    :raises HeldError: if another process of that name has it.
    :raises OSError: if the file can't be had.
    """

    def __init__(self, name: str, what: str = ''):
        """Take the lock."""
        folder = state_folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        domain = os.environ.get('ROS_DOMAIN_ID') or '0'
        self.path = folder / f'{domain}{name.replace("/", ".")}{what}.json'
        self._lock: Optional[int] = os.open(
            self.path.with_suffix('.lock'), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise HeldError(f'another process keeps {self.path}; two nodes of one name?') from None

    def read(self) -> Optional[Dict[str, Any]]:
        """
        Return what was kept, if anything was.

        :raises OSError: if there is a file that can't be read.
        :raises ValueError: if it is no JSON object of a state's size; it is set aside.
        """
        try:
            with open_to_read(self.path) as file:
                document = read_document(file.read(LARGEST_BYTES + 1))
            if not isinstance(document, dict):
                raise ValueError('it is no object')
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise ValueError(f'{self.path} is no state of a node: {error}'
                             f'{self.set_aside()}') from None
        return document

    def set_aside(self) -> str:
        """
        Move the file out of the way, as `set_aside`; never raises.

        :return: the end of a sentence that says where it is now.
        """
        return set_aside(self.path)

    def keep(self, document: Dict[str, Any]) -> None:
        """
        Write.

        :raises OSError: if that fails, or if it could not be read again (`NotReadableError`); what
            was kept before is as it was.
        """
        data = write_document(document)
        new = self.path.with_suffix('.new')
        with open(open_anew(new), 'wb') as file:
            file.write(data)
        os.replace(new, self.path)

    def remove(self) -> None:
        """Remove the file: there is nothing to go on with."""
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Give the lock back; the file stays as it is."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
