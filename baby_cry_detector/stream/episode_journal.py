# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The episode in progress in a small file, so that a process that is killed in mid-cry resumes it.

Features can't be heard a second time, and the onset may lie minutes back, so it can't be derived
anew. The file exists only during an episode.
"""

from typing import Callable, Optional, Tuple

from baby_cry_detector.decision import CryDecider
from baby_cry_detector.decision.episodes import Episode
from baby_cry_detector.kept_state import KeptState

KEEP_PERIOD_NS = 1_000_000_000
FIELDS = {'onset_ns': int, 'last_heard_ns': int, 'heard_ns': int, 'number': int,
          'episode_id': str}


class EpisodeJournal:
    """
    The file of one node.

    :param name: full name of the node; the domain is added.
    :raises OSError: if the file can't be had, or another process of that name has it.
    """

    def __init__(self, name: str):
        """Take the lock."""
        self._file = KeptState(name)
        self._kept: Optional[Tuple[str, int]] = None

    def read(self) -> Optional[Tuple[Episode, int]]:
        """
        Return (episode that was in progress, stamp up to which was heard), if there was one.

        :raises OSError: if there is a file that can't be read.
        :raises ValueError: if its contents make no sense; it is removed.
        """
        self._kept = ('', 0)
        try:
            document = self._file.read()
            if document is None:
                self._kept = None
                return None
            values = {name: document[name] for name in FIELDS}
            heard_until_ns = document['heard_until_ns']
            if not all(type(values[name]) is kind for name, kind in FIELDS.items()) or not (
                    type(heard_until_ns) is int and values['number'] >= 1
                    and 0 <= values['onset_ns'] <= values['last_heard_ns'] <= heard_until_ns):
                raise ValueError('its values do not fit together')
        except (KeyError, TypeError, ValueError) as error:
            self.clear()
            raise ValueError(f'{self._file.path} is no state of an episode: {error!r}') from None
        return Episode(**values), heard_until_ns

    def keep(self, episode: Episode, heard_until_ns: int) -> None:
        """Write the episode in progress, at most once a second; OSError if that fails."""
        if self._kept and self._kept[0] == episode.episode_id and (
                0 <= heard_until_ns - self._kept[1] < KEEP_PERIOD_NS):
            return
        self._kept = (episode.episode_id, heard_until_ns)
        document = {name: getattr(episode, name) for name in FIELDS}
        # Decisions are stamped with the end of their look-ahead, frames with their start.
        self._file.keep({**document,
                         'heard_until_ns': max(heard_until_ns, episode.last_heard_ns)})

    def clear(self) -> None:
        """Remove the file: no episode is in progress."""
        if self._kept:
            self._kept = None
            self._file.remove()

    def close(self) -> None:
        """Give the lock back; the file stays as it is."""
        self._file.close()


class EpisodeKeeper:
    """
    Keeps the episode in progress as far as that is possible, and says where it is not.

    :param name: as of `EpisodeJournal`.
    :param report: told ``(kind, sentence)``.
    :ivar found: what was in progress when a process before this one ended: (episode, stamp up to
        which was heard); ``None`` where nothing was.
    """

    def __init__(self, name: str, report: Callable[[str, str], None]) -> None:
        self._report = report
        self._journal: Optional[EpisodeJournal] = None
        self.found: Optional[Tuple[Episode, int]] = None
        try:
            self._journal = EpisodeJournal(name)
            self.found = self._journal.read()
        except (ValueError, OSError) as error:
            report('episode_not_kept', f'a crash would end an episode: {error}')

    def note(self, decider: CryDecider, heard_until_ns: int) -> None:
        """Write the episode in progress, or that there is none."""
        if self._journal is None:
            return
        try:
            if decider.crying and decider.episode is not None:
                self._journal.keep(decider.episode, heard_until_ns)
            else:
                self._journal.clear()
        except OSError as error:
            self._report('episode_not_kept', f'a crash would end this episode: {error}')

    def close(self) -> None:
        """Give the lock back; the file stays as it is."""
        if self._journal is not None:
            self._journal.close()
