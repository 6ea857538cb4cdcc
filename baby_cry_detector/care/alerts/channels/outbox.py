# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a channel has not delivered yet, in a file: it outlives a process that is killed.

One JSON document a line: a word that was offered, or the number of one that is settled. A line
that a crash tore is skipped; the file is written anew when most of it is settled. Nothing is
forced onto the disk (a word would then take as long as a slow card does), so a power cut may take
the newest lines with it; the open alert is said again after it in any case.
"""

from dataclasses import asdict
import json
import math
import os
from pathlib import Path
from typing import Any, Dict, get_type_hints, List, NamedTuple, Sequence

from baby_cry_detector.care.alerts.alert_words import NEEDS, Said
from baby_cry_detector.care.alerts.alerting import LATEST_NS, MOST_WORDS
from baby_cry_detector.kept_files import NoFileError, open_anew, open_to_read
from baby_cry_detector.kept_state import read_document
from baby_cry_detector.needs import END, HIGH, PRIORITY_NONE, START

SPARE_LINES = 256
# More than 4,096 words and what is settled of them take.
LARGEST_BYTES = 16_000_000
KINDS = get_type_hints(Said)


class Waiting(NamedTuple):
    """A word that waits; ``offered_s`` is the time of day when it was offered, in seconds."""

    number: int
    said: Said
    offered_s: float


class Outbox:
    """
    The file of one channel; used under the channel's lock.

    :param path: of the file; its folder exists. It belongs to one process.
    """

    def __init__(self, path: Path):
        """Open nothing yet."""
        self.path = Path(path)
        self.trouble = ''
        self._file: Any = None
        self._lines = 0

    def read(self) -> List[Waiting]:
        """Return what a process before this one left, oldest first."""
        found: Dict[Any, Any] = {}
        try:
            with open_to_read(self.path) as file:
                text = file.read(LARGEST_BYTES).decode('utf-8', 'replace')
        except FileNotFoundError:
            return []
        except (NoFileError, OSError) as error:
            self.trouble = f'what waited before is not known: {error}'
            return []
        for line in text.split('\n'):
            try:
                document = read_document(line.encode())
                if 'settled' in document:
                    found.pop(document['settled'], None)
                    continue
                word = Waiting(document['number'], checked_word(document['said']),
                               float(document['offered_s']))
                if type(word.number) is int and math.isfinite(word.offered_s):
                    found.pop(word.number, None)
                    found[word.number] = word
            except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
                continue            # torn by a crash
        return list(found.values())

    def add(self, word: Waiting, waiting: Sequence[Waiting]) -> None:
        """Note a word; ``waiting`` is all that waits, it included."""
        self._write(json.dumps({'number': word.number, 'offered_s': word.offered_s,
                                'said': asdict(word.said)}), waiting)

    def settle(self, number: int, waiting: Sequence[Waiting]) -> None:
        """Note that a word waits no more; ``waiting`` is all that still does."""
        self._write(json.dumps({'settled': number}), waiting)

    def replace(self, waiting: Sequence[Waiting]) -> None:
        """Write the file anew."""
        self.close()
        new = self.path.with_suffix('.new')
        try:
            with open(open_anew(new), 'w') as file:
                for word in waiting:
                    print(json.dumps({'number': word.number, 'offered_s': word.offered_s,
                                      'said': asdict(word.said)}), file=file)
            os.replace(new, self.path)
            self._lines = len(waiting)
            # Without a buffer: what was written is with the kernel, whatever becomes of us.
            self._file = open(self.path, 'ab', buffering=0)
            self.trouble = ''
        except OSError as error:
            self.trouble = f'a crash would forget what waits: {error}'

    def _write(self, line: str, waiting: Sequence[Waiting]) -> None:
        # After trouble everything that waits is written again.
        if self._file is None or self._lines > 2 * len(waiting) + SPARE_LINES:
            self.replace(waiting)
            return
        try:
            data = f'{line}\n'.encode()
            if self._file.write(data) != len(data):
                raise OSError('it is full')
            self._lines += 1
        except OSError as error:
            self.close()
            self.trouble = f'a crash would forget what waits: {error}'

    def close(self) -> None:
        """Release the file; it stays as it is."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


def checked_word(document: Dict[str, Any]) -> Said:
    """
    Return a word of the document of one.

    :raises ValueError: if it is none; KeyError, TypeError likewise.
    """
    for name, kind in KINDS.items():
        value = document[name]
        if type(value) is not kind and not (kind is float and type(value) is int):
            raise ValueError(f'{name} is no {kind.__name__}')
    said = Said(**document)
    if not START <= said.state <= END or not PRIORITY_NONE <= said.priority <= HIGH:
        raise ValueError('no word about an alert')
    numbers = (said.stamp_ns, said.onset_ns, said.duration_ns, said.snoozed_until_ns)
    if not all(0 <= number < LATEST_NS for number in numbers) or not (
            0 <= said.sequence < MOST_WORDS and said.need in NEEDS):
        raise ValueError('numbers that no word has')
    return said
