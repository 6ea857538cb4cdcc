# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What is not in the database yet: bounded, in memory, and on disk while the database can't be had.

The file beside the database has a line of JSON for each entry, appended and synchronised; it is
written anew when it has grown, and removed when everything has got into the database.
"""

import contextlib
from dataclasses import asdict, fields
import json
import os
from pathlib import Path
from typing import Dict, get_type_hints, Iterable, List, Mapping, Optional, Tuple, Type, Union

from baby_cry_detector.care.diary.place import BusyError, FileLock
from baby_cry_detector.care.diary.rows import AlertEntry, CareEntry, Curve, EpisodeRow

MOST_WAITING = 10_000               # entries
LARGEST_BYTES = 32_000_000          # of the file
# An open episode that waits is written to the file this often, and whenever it begins or ends.
EPISODE_PERIOD_S = 10.0


Entry = Union[AlertEntry, CareEntry, EpisodeRow]


class Waiting:
    """
    Entries that wait; of an episode the newest state, of everything else all, in order.

    :ivar lost: how many were given up.
    """

    def __init__(self) -> None:
        """Nothing waits."""
        self.episodes: Dict[str, EpisodeRow] = {}
        self.events: Dict[str, CareEntry] = {}
        self.alerts: Dict[Tuple[str, int, bool], AlertEntry] = {}
        self.lost = 0

    def __len__(self) -> int:
        """Return how many entries wait."""
        return len(self.episodes) + len(self.events) + len(self.alerts)

    def add(self, entry: Entry) -> None:
        """Take an entry, and let go of the least worth beyond the bound."""
        if isinstance(entry, EpisodeRow):
            self.episodes[entry.episode_id] = entry
        elif isinstance(entry, CareEntry):
            self.events.setdefault(entry.event_id, entry)
        else:
            self.alerts[entry.alert_id, entry.sequence, entry.ended] = entry
        while len(self) > MOST_WAITING:
            self.lost += 1
            # Alerts first, episodes last: they alone say when it cried.
            if self.alerts:
                del self.alerts[next(iter(self.alerts))]
            elif self.events:
                del self.events[next(iter(self.events))]
            else:
                del self.episodes[next(iter(self.episodes))]

    def entries(self) -> List[Entry]:
        """Return all of them."""
        return [*self.episodes.values(), *self.events.values(), *self.alerts.values()]

    def clear(self) -> None:
        """All of it is written."""
        self.episodes, self.events, self.alerts = {}, {}, {}


def to_line(entry: Entry) -> str:
    """Return an entry as a line of JSON."""
    if isinstance(entry, EpisodeRow):
        document = {name: getattr(entry, name) for name in EPISODE_FIELDS}
        return json.dumps({'episode': {**document, 'curve': entry.curve.to_document()}})
    kind = 'event' if isinstance(entry, CareEntry) else 'alert'
    return json.dumps({kind: asdict(entry)})


EPISODE_FIELDS = [field.name for field in fields(EpisodeRow) if field.name != 'curve']
TYPES: Mapping[str, Type[Entry]] = {
    'episode': EpisodeRow, 'event': CareEntry, 'alert': AlertEntry}
# What may stand in the file where a field is of that type.
_KINDS_OF_HINT: Mapping[object, Tuple[type, ...]] = {
    str: (str,), int: (int,), bool: (bool,), float: (int, float),
    Optional[float]: (int, float, type(None)), Dict[str, float]: (dict,), Curve: (Curve,)}
KINDS_OF = {each: {name: _KINDS_OF_HINT[hint] for name, hint in get_type_hints(each).items()}
            for each in TYPES.values()}


def from_line(line: str) -> Entry:
    """
    Return the entry of a line.

    :raises ValueError: if it holds none.
    """
    try:
        (kind, values), = json.loads(line).items()
        if kind == 'episode':
            values = {**values, 'curve': Curve.from_document(values['curve'])}
        entry = TYPES[kind](**values)
        for name, kinds in KINDS_OF[type(entry)].items():
            if not isinstance(getattr(entry, name), kinds):
                raise ValueError(f'{name} is {getattr(entry, name)!r}')
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f'this is no entry: {error!r}') from None
    return entry


class QueueFile:
    """
    The file in which entries wait.

    :param path: of the file.
    """

    def __init__(self, path: Union[str, Path]) -> None:
        """
        Claim it.

        :raises BusyError: if another process has it.
        """
        self.path = Path(path)
        self.unreadable = 0
        self._bytes = 0
        self._claim = contextlib.ExitStack()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._claim.enter_context(FileLock(self.path).held(True, 0.0))
        except BusyError:
            raise BusyError(f'another process has {self.path}; two diaries of one name?') from None
        except OSError:
            pass                        # a disk that can't be written says so itself

    def close(self) -> None:
        """Let others have it."""
        self._claim.close()

    def load(self, waiting: Waiting) -> int:
        """
        Take what a process that ended has left behind.

        :return: how many entries.
        :raises OSError: if there is a file that can't be read.
        """
        taken = 0
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with open(descriptor, 'rb') as file:
                # A process that was killed leaves half a line.
                for line in filter(None, file.read(2 * LARGEST_BYTES).split(b'\n')):
                    try:
                        waiting.add(from_line(line.decode()))
                        taken += 1
                    except ValueError:
                        self.unreadable += 1
                self._bytes = file.tell()
        except FileNotFoundError:
            pass
        return taken

    def append(self, entries: Iterable[Entry]) -> bool:
        """
        Append entries, and return once they are on the disk.

        :return: False if the file has grown so much that it must be written anew instead.
        :raises OSError: if they can't be written; half a line may be there.
        """
        data = ''.join(f'{to_line(entry)}\n' for entry in entries).encode()
        if self._bytes + len(data) > LARGEST_BYTES // 4:
            return False
        # A line of its own, whatever half a line stands before it.
        self._write(self.path, b'\n' + data, os.O_APPEND)
        self._bytes += len(data)
        return True

    def replace(self, entries: Iterable[Entry]) -> int:
        """
        Write the file anew.

        :return: how many entries did not fit.
        :raises OSError: if that fails; the old one is still there.
        """
        data, left_out = bytearray(), 0
        for entry in entries:
            line = f'{to_line(entry)}\n'.encode()
            if len(data) + len(line) > LARGEST_BYTES:
                left_out += 1
                continue
            data += line
        new = self.path.with_name(f'{self.path.name}.new')
        new.unlink(missing_ok=True)
        self._write(new, data, os.O_EXCL)
        os.replace(new, self.path)
        self._bytes = len(data)
        return left_out

    @staticmethod
    def _write(path: Path, data: Union[bytes, bytearray], how: int) -> None:
        # Not to wait for whoever reads a pipe.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | how,
                             0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view):]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self) -> None:
        """Everything is in the database."""
        if self._bytes or self.unreadable:
            self.path.unlink(missing_ok=True)
        self._bytes = 0
