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
"""The dose of sound in a small file, so that a restart does not forget what an ear already got."""

import fcntl
import json
import math
import os
import threading

from baby_cry_detector.behaviours.dose import DAY_MINUTES, DoseLog, HOUR_MINUTES
from baby_cry_detector.nodes.episode_journal import state_folder


class DoseJournal:
    """
    The file of one node, replaced in one step; it belongs to whoever holds its lock.

    :param name: full name of the node; the domain is added.
    :raises OSError: if the file can't be had, or another process of that name has it.
    """

    def __init__(self, name: str):
        """Take the lock."""
        folder = state_folder()
        folder.mkdir(parents=True, exist_ok=True)
        domain = os.environ.get('ROS_DOMAIN_ID') or '0'
        self._path = folder / f'{domain}{name.replace("/", ".")}.dose.json'
        self._lock = os.open(self._path.with_suffix('.lock'), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise OSError(f'another process keeps {self._path}; two nodes of one name?') from None

    def read(self) -> DoseLog:
        """
        Return what was kept, or an empty log.

        :raises OSError: if there is a file that can't be read.
        :raises ValueError: if its contents make no sense.
        """
        try:
            text = self._path.read_text()
        except FileNotFoundError:
            return DoseLog()
        try:
            return DoseLog.from_dict(json.loads(text))
        except ValueError as error:
            raise ValueError(f'{self._path}: {error}') from None

    def keep(self, dose: DoseLog) -> None:
        """Write it; OSError if that fails."""
        new = self._path.with_suffix('.new')
        new.write_text(json.dumps(dose.as_dict()))
        os.replace(new, self._path)

    def close(self) -> None:
        """Give the lock back; the file stays."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


class DoseKeeper:
    """
    What is played now, added up and kept; told by the sound's thread, asked by the node's.

    :param name: full name of the node.
    :param report: told ``(kind, sentence)`` where the file can't be used.
    """

    def __init__(self, name: str, report):
        """Take up what was kept."""
        self._report = report
        self._lock = threading.Lock()
        self._dose, self._journal = DoseLog(), None
        self._energy = self._seconds = 0.0         # since the last look at the level
        self._is_new = False
        try:
            self._journal = DoseJournal(name)
            self._dose = self._journal.read()
        except (ValueError, OSError) as error:
            self._report('dose_not_kept', f'a restart would forget the dose of sound: {error}')

    def add(self, now_ns: int, level_dba: float, duration_s: float) -> None:
        """Note that a sound of a level at the ear was played."""
        with self._lock:
            self._dose.add(now_ns, level_dba, duration_s)
            self._energy += 10.0 ** (level_dba / 10.0) * duration_s
            self._seconds += duration_s
            self._is_new = True

    def take_level_dba(self) -> float:
        """Return the level at the ear since the last call; 0 for silence."""
        with self._lock:
            energy, seconds = self._energy, self._seconds
            self._energy = self._seconds = 0.0
        return 10.0 * math.log10(energy / seconds) if energy > seconds > 0.0 else 0.0

    def leq_hour_dba(self, now_ns: int) -> float:
        """Return the equivalent level of the last hour."""
        with self._lock:
            return self._dose.leq_dba(now_ns, HOUR_MINUTES)

    def figures(self, now_ns: int) -> dict:
        """Return what to show."""
        with self._lock:
            return self._dose.figures(now_ns)

    def enough(self, now_ns: int, hour_minutes: float, day_minutes: float) -> str:
        """Return why an ear has had enough; '' if it has not."""
        with self._lock:
            for minutes, most, words in ((HOUR_MINUTES, hour_minutes, 'hour'),
                                         (DAY_MINUTES, day_minutes, 'day')):
                played = self._dose.played_s(now_ns, minutes) / 60.0
                if played >= most:
                    return f'{played:.1f} min of sound in the last {words} are enough'
        return ''

    def keep(self) -> None:
        """Write it down if there is news."""
        with self._lock:
            if self._journal is None or not self._is_new:
                return
            self._is_new = False
            try:
                self._journal.keep(self._dose)
            except OSError as error:
                self._report('dose_not_kept', f'a restart would forget the dose: {error}')

    def close(self) -> None:
        """Write it down and give the file back."""
        self.keep()
        if self._journal is not None:
            self._journal.close()
            self._journal = None
