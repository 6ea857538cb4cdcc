# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Where the diary lies unless somebody says otherwise."""

import os
from pathlib import Path


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
