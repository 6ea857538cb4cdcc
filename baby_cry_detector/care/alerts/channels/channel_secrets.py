# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Passwords and tokens: from the environment or one folder, never from a parameter, never in a log.

Anyone in the graph can read parameters, so a parameter only names a secret. One that is sent to a
host is bound to it: `file:NAME` lies in a folder of that host's name, and beside `env:NAME` stands
`NAME_HOST`. Whoever could change the address would still not get the secret.
"""

import os
from pathlib import Path
import re
import stat
from typing import Optional, Set

from baby_cry_detector.printable import printable

ENVIRONMENT, FILE = 'env:', 'file:'
SHORTEST_HIDDEN = 4
LARGEST_BYTES = 65_536
# Other programs keep their secrets in the environment too.
PREFIX = 'BABY_CRY_'
NAME = re.compile(r'[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}')
# A host's name or address; as a folder's name it can lead nowhere else.
HOST = re.compile(r'[a-z0-9_:\[-][a-z0-9_.:%\[\]-]{0,252}')


def secrets_folder() -> Path:
    """
    Return the one folder that secrets are read from (XDG base directories).

    :raises OSError: if there is no home to have it in.
    """
    folder = os.environ.get('XDG_CONFIG_HOME', '')
    if os.path.isabs(folder):
        return Path(folder) / 'baby_cry_detector' / 'secrets'
    try:
        return Path.home() / '.config' / 'baby_cry_detector' / 'secrets'
    except RuntimeError:
        raise OSError('there is no home folder and XDG_CONFIG_HOME is not set') from None


class Secrets:
    """
    Reads secrets and knows them, so that `redact` can take them out of any text.

    :param folder: the only one that is read from; ``None``: `secrets_folder`.
    """

    def __init__(self, folder: Optional[Path] = None):
        """Know none."""
        self._folder = folder
        self._known: Set[str] = set()

    def read(self, where: str, what: str, host: str = '') -> str:
        """
        Return a secret; ``''`` for ``''``.

        :param where: ``env:NAME`` or ``file:NAME``.
        :param what: name of the parameter, for messages.
        :param host: the only one that may be sent it; ``''`` for what is an address itself.
        :raises ValueError: if it is neither, nothing is there, or it is another host's; nothing
            of any file stands in the message.
        """
        if not where:
            return ''
        if host and not HOST.fullmatch(host.lower()):
            raise ValueError(f'{what}: the address names no usable host')
        if where.startswith(ENVIRONMENT):
            value = _from_environment(where[len(ENVIRONMENT):], what, host.lower())
        elif where.startswith(FILE):
            value = self._from_file(where[len(FILE):], what, host.lower())
        else:
            # What was typed here may be the secret itself: it is not repeated.
            raise ValueError(f'{what}: expected env:NAME or file:NAME, not the secret itself '
                             '(anyone in the graph can read parameters)')
        self.hide(value)
        return value

    def _from_file(self, name: str, what: str, host: str) -> str:
        try:
            folder = secrets_folder() if self._folder is None else self._folder
        except OSError as error:
            raise ValueError(f'{what}: {error}') from None
        root, folder = folder, folder / host if host else folder
        if not NAME.fullmatch(name):
            raise ValueError(f'{what}: expected file:NAME, a name without a folder; secrets '
                             f'{f"for {host} " if host else ""}are read from {folder} only')
        path = folder / name
        if os.path.realpath(folder) != os.path.join(os.path.realpath(root), host).rstrip('/'):
            raise ValueError(f'{what}: {folder} is a link')
        try:
            # No link leads out of the folder, and no pipe or device is waited for.
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with open(descriptor, 'rb') as file:
                about = os.fstat(descriptor)
                if not stat.S_ISREG(about.st_mode):
                    raise ValueError(f'{what}: {path} is no regular file')
                if stat.S_IMODE(about.st_mode) & 0o077:
                    raise ValueError(f'{what}: {path} can be read by others; chmod 600 {path}')
                if about.st_uid != os.geteuid():
                    raise ValueError(f'{what}: {path} belongs to somebody else')
                data = file.read(LARGEST_BYTES + 1)
        except OSError as error:
            raise ValueError(f'{what}: cannot read {path} ({error.strerror})') from None
        if len(data) > LARGEST_BYTES:
            raise ValueError(f'{what}: {path} is longer than any secret')
        try:
            value = data.decode('utf-8').strip()
        except UnicodeDecodeError:
            raise ValueError(f'{what}: {path} is no text') from None
        if not value:
            raise ValueError(f'{what}: {path} is empty')
        return value

    def hide(self, value: Optional[str]) -> None:
        """Take ``value`` out of texts from now on, and each of its lines."""
        for part in (value or '').splitlines():
            if len(part.strip()) >= SHORTEST_HIDDEN:
                self._known.add(part.strip())

    def redact(self, text: str) -> str:
        """Return the text without any secret, and without escapes."""
        for value in sorted(self._known, key=len, reverse=True):
            text = text.replace(value, '***')
        return printable(text)


def _from_environment(name: str, what: str, host: str) -> str:
    if not (name.startswith(PREFIX) and NAME.fullmatch(name)):
        raise ValueError(f"{what}: expected env:{PREFIX}…; other variables are other programs'")
    value = os.environ.get(name, '').strip()
    if not value:
        raise ValueError(f'{what}: the environment variable {name!r} is not set')
    if host and os.environ.get(f'{name}_HOST', '').strip().lower() != host:
        raise ValueError(f'{what}: {name} is not for {host}: set {name}_HOST to the host that '
                         'may be sent it')
    return value
