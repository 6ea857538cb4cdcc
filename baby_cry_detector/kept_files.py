# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Files that are kept, opened so that nobody waits: what lies there may be a pipe or a device.

To open a pipe that nobody writes to would hold a node for ever, and its alerts with it.
"""

import errno
import os
import stat
from typing import BinaryIO, Union

Place = Union[str, 'os.PathLike[str]']


class NoFileError(ValueError):
    """What lies there is a pipe, a device or a socket."""


def open_to_read(path: Place) -> BinaryIO:
    """
    Open a file to be read.

    :raises NoFileError: if it is no regular file.
    :raises OSError: if it can't be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        raise NoFileError('it is no file but a pipe, a device or a socket')
    return open(descriptor, 'rb')


def open_anew(path: Place) -> int:
    """
    Return a descriptor of a new, empty file, 0600, in place of whatever lay there.

    :raises OSError: if that fails.
    """
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
