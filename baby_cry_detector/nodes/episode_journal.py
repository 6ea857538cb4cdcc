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
"""
The episode in progress in a small file, so that a process that is killed in mid-cry resumes it.

Features can't be heard a second time, and the onset may lie minutes back, so it can't be derived
anew. The file exists only during an episode, is replaced in one step (a reader never sees half of
it) and belongs to whoever holds its lock: the kernel releases that with the process.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import Optional, Tuple

from baby_cry_detector.decision.episodes import Episode

KEEP_PERIOD_NS = 1_000_000_000
FIELDS = {'onset_ns': int, 'last_heard_ns': int, 'heard_ns': int, 'number': int,
          'episode_id': str}


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


class EpisodeJournal:
    """
    The file of one node.

    :param name: full name of the node; the domain is added.
    :raises OSError: if the file can't be had, or another process of that name has it.
    """

    def __init__(self, name: str):
        """Take the lock."""
        folder = state_folder()
        folder.mkdir(parents=True, exist_ok=True)
        domain = os.environ.get('ROS_DOMAIN_ID') or '0'
        self._path = folder / f'{domain}{name.replace("/", ".")}.json'
        self._kept = None
        self._lock = os.open(self._path.with_suffix('.lock'), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise OSError(f'another process keeps {self._path}; two nodes of one name?') from None

    def read(self) -> Optional[Tuple[Episode, int]]:
        """
        Return (episode that was in progress, stamp up to which was heard), if there was one.

        :raises OSError: if there is a file that can't be read.
        :raises ValueError: if its contents make no sense; it is removed.
        """
        try:
            text = self._path.read_text()
        except FileNotFoundError:
            return None
        self._kept = ('', 0)
        try:
            document = json.loads(text)
            values = {name: document[name] for name in FIELDS}
            heard_until_ns = document['heard_until_ns']
            if not all(type(values[name]) is kind for name, kind in FIELDS.items()) or not (
                    type(heard_until_ns) is int and values['number'] >= 1
                    and 0 <= values['onset_ns'] <= values['last_heard_ns'] <= heard_until_ns):
                raise ValueError('its values do not fit together')
        except (KeyError, TypeError, ValueError) as error:
            self.clear()
            raise ValueError(f'{self._path} is no state of an episode: {error!r}') from None
        return Episode(**values), heard_until_ns

    def keep(self, episode: Episode, heard_until_ns: int) -> None:
        """Write the episode in progress, at most once a second; OSError if that fails."""
        if self._kept and self._kept[0] == episode.episode_id and (
                0 <= heard_until_ns - self._kept[1] < KEEP_PERIOD_NS):
            return
        self._kept = (episode.episode_id, heard_until_ns)
        document = {name: getattr(episode, name) for name in FIELDS}
        new = self._path.with_suffix('.new')
        # Decisions are stamped with the end of their look-ahead, frames with their start.
        heard_until_ns = max(heard_until_ns, episode.last_heard_ns)
        new.write_text(json.dumps({**document, 'heard_until_ns': heard_until_ns}))
        os.replace(new, self._path)

    def clear(self) -> None:
        """Remove the file: no episode is in progress."""
        if self._kept:
            self._kept = None
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Give the lock back; the file stays as it is."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
