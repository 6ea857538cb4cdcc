# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Passwords and tokens: from the environment or a file, never from a parameter, never in a log.

Parameters of ROS can be read by anyone in the graph, so a parameter only says where a secret is.
"""

import os
from pathlib import Path
import stat
from typing import Optional

ENVIRONMENT, FILE = 'env:', 'file:'
SHORTEST_HIDDEN = 4


class Secrets:
    """Reads secrets and knows them, so that `redact` can take them out of any text."""

    def __init__(self):
        """Know none."""
        self._known = set()

    def read(self, where: str, what: str) -> str:
        """
        Return a secret; ``''`` for ``''``.

        :param where: ``env:NAME`` or ``file:/path``.
        :param what: name of the parameter, for messages.
        :raises ValueError: if it is neither, or nothing is there.
        """
        if not where:
            return ''
        if where.startswith(ENVIRONMENT):
            name = where[len(ENVIRONMENT):]
            value = os.environ.get(name, '')
            if not value:
                raise ValueError(f'{what}: the environment variable {name!r} is not set')
        elif where.startswith(FILE):
            path = Path(where[len(FILE):]).expanduser()
            try:
                if stat.S_IMODE(path.stat().st_mode) & 0o077:
                    raise ValueError(f'{what}: {path} can be read by others; chmod 600 {path}')
                value = path.read_text().strip()
            except OSError as error:
                raise ValueError(f'{what}: cannot read {path} ({error.strerror})') from None
            except UnicodeDecodeError:
                raise ValueError(f'{what}: {path} is no text') from None
            if not value:
                raise ValueError(f'{what}: {path} is empty')
        else:
            # What was typed here may be the secret itself: it is not repeated.
            raise ValueError(f'{what}: expected env:NAME or file:/path, not the secret itself '
                             '(anyone in the graph can read parameters)')
        self.hide(value)
        return value

    def hide(self, value: Optional[str]) -> None:
        """Take ``value`` out of texts from now on, and each of its lines."""
        for part in (value or '').splitlines():
            if len(part.strip()) >= SHORTEST_HIDDEN:
                self._known.add(part.strip())

    def redact(self, text: str) -> str:
        """Return the text without any secret."""
        for value in sorted(self._known, key=len, reverse=True):
            text = text.replace(value, '***')
        return text
