# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The dose of sound in a small file, so that a restart does not forget what an ear already got."""

import math
import threading
from typing import Callable, Dict, Optional

from baby_cry_detector.care.sound.dose import DAY_MINUTES, DoseLog, HOUR_MINUTES
from baby_cry_detector.kept_state import KeptState


class DoseKeeper:
    """
    What is played now, added up and kept; told by the sound's thread, asked by the node's.

    :param name: full name of the node.
    :param report: told ``(kind, sentence)`` where the file can't be used.
    """

    def __init__(self, name: str, report: Callable[[str, str], None]) -> None:
        """Take up what was kept."""
        self._report = report
        self._lock = threading.Lock()
        self._dose = DoseLog()
        self._file: Optional[KeptState] = None
        self._energy = self._seconds = 0.0         # since the last look at the level
        self._is_new = False
        try:
            self._file = KeptState(name, '.dose')
            document = self._file.read()
            if document is not None:
                self._dose = DoseLog.from_dict(document)
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

    def figures(self, now_ns: int) -> Dict[str, float]:
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
            if self._file is None or not self._is_new:
                return
            self._is_new = False
            try:
                self._file.keep(self._dose.as_dict())
            except OSError as error:
                self._report('dose_not_kept', f'a restart would forget the dose: {error}')

    def close(self) -> None:
        """Write it down and give the file back."""
        self.keep()
        if self._file is not None:
            self._file.close()
            self._file = None
