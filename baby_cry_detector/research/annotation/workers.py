# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Recordings heard side by side by processes of this machine.

A worker that dies (killed, out of memory, a crash in a decoder) is replaced, and what it had is
given out again; a recording that two workers died of is given up, by name.
"""

from collections import deque
from multiprocessing.connection import Connection, wait
import os
import signal
import socket
import subprocess
import sys
from typing import Deque, Dict, Iterable, Iterator, Optional, Tuple

from baby_cry_detector.research.annotation.hearing import Document, FAILED, Options
from baby_cry_detector.research.annotation.recordings import Recording
import numpy as np

MOST_DEATHS = 2
#: A worker is one core's; libraries that start threads would only take from the others.
ONE_THREAD = {f'{name}_NUM_THREADS': '1' for name in ('OMP', 'OPENBLAS', 'MKL', 'NUMEXPR')}
Result = Tuple[Document, Optional[np.ndarray]]


def given_up(recording: Recording, reason: str) -> Result:
    """Return the result of a recording whose worker did not live to give one."""
    return {'name': recording.name, 'size': recording.size, 'mtime_ns': recording.mtime_ns,
            'status': FAILED, 'kind': 'crash', 'reason': reason, 'remarks': [],
            'duration_s': 0.0, 'episodes': [], 'untrusted': [], 'wall_s': 0.0, 'cpu_s': 0.0}, None


def heard_by_processes(recordings: Iterable[Recording], options: Options,
                       count: int) -> Iterator[Result]:
    """
    Yield the result of each recording as it is done; each once.

    :param count: of processes, 1 or more.
    """
    todo: Deque[Recording] = deque(recordings)
    deaths: Dict[str, int] = {}
    workers = [_Worker(options) for _ in range(min(count, max(1, len(todo))))]
    try:
        for worker in workers:
            worker.give(todo)
        while any(worker.recording for worker in workers):
            ready = wait([worker.pipe for worker in workers if worker.recording])
            for worker in [worker for worker in workers if worker.pipe in ready]:
                recording = worker.recording
                assert recording is not None
                try:
                    result = worker.pipe.recv()
                except (EOFError, OSError):
                    how = worker.bury()
                    workers[workers.index(worker)] = worker = _Worker(options)
                    deaths[recording.name] = deaths.get(recording.name, 0) + 1
                    if deaths[recording.name] < MOST_DEATHS:
                        todo.appendleft(recording)
                        worker.give(todo)
                        continue
                    result = given_up(recording, f'{MOST_DEATHS} workers died of it ({how})')
                worker.give(todo)
                yield result
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """One process; ``recording`` is what it has."""

    def __init__(self, options: Options) -> None:
        ours, theirs = socket.socketpair()
        self.recording: Optional[Recording] = None
        # Not multiprocessing, which runs the script of the command again in each process.
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'baby_cry_detector.research.annotation.worker',
             str(theirs.fileno())], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, env={**os.environ, **ONE_THREAD})
        theirs.close()
        self.pipe = Connection(ours.detach())
        self._send(options)

    def give(self, todo: Deque[Recording]) -> None:
        """Let it hear the next recording, if there is one."""
        self.recording = todo.popleft() if todo else None
        if self.recording is not None:
            self._send(self.recording)

    def _send(self, what) -> None:
        try:
            self.pipe.send(what)
        except OSError:
            pass                           # it is dead: reading says so

    def bury(self) -> str:
        """Wait for the end of a dead process; return how it died."""
        try:
            code = self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            code = 0
        self.end()
        return f'killed by {signal.Signals(-code).name}' if code < 0 else f'exit code {code}'

    def end(self) -> None:
        """End it, whatever it does."""
        self.pipe.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
