# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Where the diary lies unless somebody says otherwise, and who may put another file in its place.

SQLite's own locks belong to a file, not to its name; moving a damaged file away and restoring a
backup change what the name means. Writers hold this lock shared, whoever replaces holds it alone.
"""

from contextlib import contextmanager
import fcntl
import os
from pathlib import Path
import time
from typing import Iterator, Union

POLL_S = 0.02


def default_path() -> Path:
    """
    Return the household's diary: ``$XDG_STATE_HOME/baby_cry_detector/diary.sqlite``.

    :raises OSError: if there is no home to put it into.
    """
    folder = os.environ.get('XDG_STATE_HOME', '')
    try:
        base = Path(folder) if os.path.isabs(folder) else Path.home() / '.local' / 'state'
    except RuntimeError:
        raise OSError('there is no home folder and XDG_STATE_HOME is not set') from None
    return base / 'baby_cry_detector' / 'diary.sqlite'


class BusyError(OSError):
    """Somebody else has the lock."""


class FileLock:
    """The lock beside a diary; released by the kernel with the process."""

    def __init__(self, path: Union[str, Path]) -> None:
        """Name it; nothing is opened yet."""
        self.path = Path(f'{path}.lock')

    @contextmanager
    def held(self, alone: bool, timeout_s: float) -> Iterator[None]:
        """
        Hold the lock for a block.

        :raises OSError: if it can't be had in that time, or not at all.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC,
                             0o600)
        try:
            end_s = time.monotonic() + timeout_s
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_NB | (
                        fcntl.LOCK_EX if alone else fcntl.LOCK_SH))
                    break
                except BlockingIOError:
                    if time.monotonic() >= end_s:
                        doing = 'written' if alone else 'replaced or repaired'
                        raise BusyError(f'the diary is being {doing} by another process') from None
                    time.sleep(POLL_S)
            yield
        finally:
            os.close(descriptor)
