# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a microphone was like, in a small file: one that was muted overnight is known in the morning.

Only levels are kept, one a minute of the last day and three an hour of two weeks; never sound.
"""

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from baby_cry_detector.kept_state import KeptState
from baby_cry_detector.stream.reception import Reception


class EarMemory:
    """
    The file of one node.

    :param name: full name of the node; the domain is added.
    :raises OSError: if the file can't be had, or another process of that name has it.
    """

    def __init__(self, name: str) -> None:
        self._file = KeptState(name, '.microphone')

    def read(self) -> Tuple[List[float], Dict[str, Any], List[List[float]]]:
        """
        Return what `Reception.kept` said: levels, self-test, hours; nothing without.

        :raises OSError: if there is a file that can't be read.
        :raises ValueError: if its contents make no sense.
        """
        document = self._file.read()
        if document is None:
            return [], {}, []
        levels, self_test = document.get('floors_db'), document.get('self_test', {})
        hours = document.get('hours_db', [])       # of a file that is older: none
        if not isinstance(levels, list) or not isinstance(self_test, dict) or not isinstance(
                hours, list) or not all(isinstance(level, (int, float)) for level in levels):
            raise ValueError(f'{self._file.path} holds no levels')
        return [float(level) for level in levels], self_test, hours

    def keep(self, floors_db: List[float], self_test: Dict[str, Any],
             hours_db: Sequence[Sequence[float]] = ()) -> None:
        """Write; OSError if that fails."""
        self._file.keep({'floors_db': floors_db, 'self_test': self_test,
                         'hours_db': [list(hour) for hour in hours_db]})

    def close(self) -> None:
        """Give the lock back; the file stays as it is."""
        self._file.close()


class EarKeeper:
    """
    Keeps what a `Reception` has learnt as far as that is possible, and says where it is not.

    :param name: as of `EarMemory`.
    :param reception: goes on from what was kept.
    :param report: told ``(kind, sentence)``.
    """

    def __init__(self, name: str, reception: Reception,
                 report: Callable[[str, str], None]) -> None:
        self._reception, self._report = reception, report
        self._memory: Optional[EarMemory] = None
        try:
            self._memory = EarMemory(name)
            reception.resume(*self._memory.read())
        except (ValueError, OSError) as error:
            report('microphone_not_kept', f'what the microphone was is not known: {error}')

    def keep(self) -> None:
        """Write what is known now."""
        if self._memory is None:
            return
        try:
            self._memory.keep(*self._reception.kept())
        except OSError as error:
            self._report('microphone_not_kept', f'what the microphone is is not kept: {error}')

    def close(self) -> None:
        """Give the lock back; the file stays as it is."""
        if self._memory is not None:
            self._memory.close()
