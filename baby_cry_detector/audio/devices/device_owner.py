# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The owner's side of a process that owns PortAudio for one device.

`microphone.py` and `speaker.py` derive from `DeviceOwner`; `device_process.py` says why there is a
process, and what it shares with its kind.
"""

from collections import deque
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
import subprocess
import sys
import threading
from typing import Any, Deque, Dict, IO, Optional

START_TIMEOUT_S = 20.0         # until PortAudio has to answer


@dataclass(frozen=True)
class AudioDevice:
    """
    A microphone or loudspeaker that PortAudio knows.

    :param index: its number now; changes when devices come and go.
    :param name: as the driver tells it.
    :param host_api: ``ALSA``, ``JACK`` …
    :param channels: how many it has at most.
    :param sample_rate: its own rate in Hz.
    :param is_default: whether it is taken when none is named.
    """

    index: int
    name: str
    host_api: str
    channels: int
    sample_rate: int
    is_default: bool = False

    def as_dict(self) -> Dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)

    def __str__(self) -> str:
        """Return one line for a list."""
        return (f'{self.index}: {self.name} ({self.host_api}, {self.channels} channels, '
                f'{self.sample_rate} Hz){", default" if self.is_default else ""}')


def _opened(pipe: Optional[IO[bytes]]) -> IO[bytes]:
    assert pipe is not None        # the process was started with all three
    return pipe


class DeviceOwner:
    """
    The child process, and the threads that read what it reports and what it prints.

    A subclass says which script runs (``script``), what it is called in threads' names and errors
    (``name``, ``task``), how long it may take to end (``close_timeout_s``), and reads one report
    in `_read_report`.

    :param options: what the script is told, a JSON object.
    """

    script = ''
    name = ''
    task = ''
    close_timeout_s = 1.0

    def __init__(self, options: Dict[str, Any]) -> None:
        environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name(self.script)), json.dumps(options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment, bufsize=0, start_new_session=True)    # Ctrl-C is its owner's
        pipes = self._process.stdin, self._process.stdout, self._process.stderr
        self._stdin, self._stdout, self._stderr = (_opened(pipe) for pipe in pipes)
        self._chatter: Deque[str] = deque(maxlen=20)
        self._ended = False
        self._news = threading.Condition()     # guards what was reported, and `_ended`
        self._threads = [threading.Thread(target=target, name=f'{self.name} {target.__name__}',
                                          daemon=True)
                         for target in (self._read_reports, self._read_chatter)]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Return the number of the process."""
        return self._process.pid

    def close(self) -> None:
        """End the process, by force if it hangs; may be called more than once."""
        self._stdin.close()
        try:
            self._process.wait(self.close_timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join(self.close_timeout_s)
        for stream in (self._stdout, self._stderr):
            stream.close()

    def kill(self) -> None:
        """End the process by force, from any thread, without waiting for anything."""
        self._process.kill()

    def _read_report(self) -> bool:
        """Take in one report and tell `_news`; return whether there was one."""
        raise NotImplementedError

    def _read_reports(self) -> None:
        try:
            while self._read_report():
                pass
        finally:
            with self._news:
                self._ended = True
                self._news.notify()

    def _read_chatter(self) -> None:
        """Keep the last lines of what ALSA, JACK and the interpreter print."""
        for line in self._stderr:
            self._chatter.append(line.decode(errors='replace').rstrip())

    def _no_answer(self) -> str:
        return f'the audio system does not answer for {START_TIMEOUT_S:g} s'

    def _last_words(self) -> str:
        """Return why the process ended, as far as it can be told; without waiting for long."""
        code: Optional[int] = None
        try:
            code = self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            pass
        return f'the process that {self.task} ended (code {code}){self._printed()}'

    def _printed(self) -> str:
        """Return the last of what was printed there, to be appended to an error."""
        self._threads[1].join(0.2)
        lines = [line for line in self._chatter if line][-2:]
        return f': {" / ".join(lines)}' if lines else ''
