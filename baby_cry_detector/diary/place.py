# Copyright 2026 The baby_cry_detector authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
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
