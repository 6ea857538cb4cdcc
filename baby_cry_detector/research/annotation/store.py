# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The folder of a run: one small file for each recording, whole or not there.

Folder::

    OUT/run.json            options, and what is in the checkpoint
    OUT/results/ab/*.json   what was found in a recording; the name is a digest of its name
    OUT/frames/ab/*.npy     its frames, where they are wanted

A command that is killed at any moment leaves results that are complete, and goes on with the
others when it is given again. Nothing else has to be kept: everything that people read is made
of these files.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, Optional

from baby_cry_detector.research.annotation.hearing import Document
from baby_cry_detector.research.annotation.recordings import Recording
import numpy as np

_FORMAT = 1


class StoreError(ValueError):
    """A folder that can't take the results of this run."""


class Store:
    """
    The results in a folder; one command at a time.

    :param folder: is made if it is not there.
    :param identity: what results depend on; see `Options.identity`.
    :param anew: forget results of other options instead of refusing them.
    :raises StoreError: if another command writes here, or it holds results of other options.
    :raises OSError: if it can't be written.
    """

    def __init__(self, folder, identity: Dict[str, Any], anew: bool = False) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = open(self.folder / '.lock', 'a')
        try:
            import fcntl
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:                # no such thing there: one command is up to people
            pass
        except OSError:
            self._lock.close()
            raise StoreError(f'{folder}: another annotate writes here') from None
        # As JSON gives it back.
        self._identity = json.loads(json.dumps({'format': _FORMAT, **identity}))
        try:
            self._take(anew)
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> 'Store':
        return self

    def __exit__(self, *exception) -> None:
        self._lock.close()

    def _take(self, anew: bool) -> None:
        file = self.folder / 'run.json'
        before = _read(file)
        if before is None and file.exists() and not anew:
            raise StoreError(f'{file}: is no run of annotate; give another --out')
        if before is not None and before != self._identity and not anew:
            other = [name for name in self._identity if before.get(name) != self._identity[name]]
            raise StoreError(f'{self.folder}: holds results of other options ({", ".join(other)})'
                             ': give another --out, or --anew to hear everything again')
        if anew:
            for result in [*self.folder.glob('results/*/*.json'),
                           *self.folder.glob('frames/*/*.npy')]:
                result.unlink()
        write_whole(file, json.dumps(self._identity, indent=1).encode())

    def result(self, recording: Recording) -> Optional[Document]:
        """Return what is known of a recording; None if nothing is, or it is another file now."""
        document = _read(self._file(recording.name))
        if document is None or (document.get('size'), document.get('mtime_ns'),
                                document.get('name')) != (
                recording.size, recording.mtime_ns, recording.name):
            return None
        return document

    def keep(self, document: Document, frames: Optional[np.ndarray]) -> None:
        """
        Write what was found in a recording.

        :raises OSError: if the disk is full, or the folder gone; nothing is left half.
        """
        file = self._file(document['name'])
        if frames is not None:
            write_whole(self._frames_file(document['name']), frames)
        write_whole(file, json.dumps(document).encode())

    def results(self, recordings: Iterable[Recording]) -> Iterator[Document]:
        """Yield what is known, one recording at a time, each once."""
        for recording in recordings:
            document = self.result(recording)
            if document is not None:
                yield document

    def frames(self, name: str) -> np.ndarray:
        """Return the frames of a recording, ``(n, 3)``; none where there are none."""
        try:
            return np.load(self._frames_file(name), allow_pickle=False)
        except (OSError, ValueError):
            return np.zeros((0, 3), np.float32)

    def _file(self, name: str) -> Path:
        digest = hashlib.sha256(os.fsencode(name)).hexdigest()
        return self.folder / 'results' / digest[:2] / f'{digest[2:34]}.json'

    def _frames_file(self, name: str) -> Path:
        file = self._file(name)
        return self.folder / 'frames' / file.parent.name / f'{file.stem}.npy'


def write_whole(file: Path, content) -> None:
    """
    Write a file that is there wholly or, whatever happens, as it was before.

    :param content: bytes, or an array.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f'.{os.getpid()}.partial')
    try:
        with open(partial, 'wb') as stream:
            if isinstance(content, bytes):
                stream.write(content)
            else:
                np.save(stream, content, allow_pickle=False)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _read(file: Path) -> Optional[Document]:
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None
