# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Loudspeakers through PortAudio, each in a process of its own (`device_process.py` says why).

Writing takes as long as playing does, so the writer is paced by the device and never far ahead
of it; nothing here blocks for longer than it was asked to, whatever the device does.
"""

from collections import deque
import fcntl
import json
import os
import select
import time
from typing import Any, Deque, Dict, List, Union

from baby_cry_detector.audio.devices.device_owner import AudioDevice, DeviceOwner, START_TIMEOUT_S
from baby_cry_detector.audio.errors import SpeakerLost, SpeakerUnavailable
from baby_cry_detector.audio.formats import check_sample_rate, encode_s16le
import numpy as np

STALL_S = 4.0                  # sound servers take seconds at once and then pause as long
PREFERRED_RATE = 48_000
_PIPE_BYTES = 4096             # as little as the kernel gives: what waits there delays a stop
_F_SETPIPE_SZ = 1031


def list_speakers() -> List[AudioDevice]:
    """
    Return the loudspeakers that there are now, looked up anew.

    :raises SpeakerUnavailable: if PyAudio is missing or PortAudio does not start.
    """
    process = _Process({})
    try:
        return [AudioDevice(**device) for device in process.expect('devices')]
    finally:
        process.close()


class Speaker:
    """
    An open loudspeaker; a context manager.

    :param device: part of its name (in any case), its index, or '' for the default one.
    :param preferred_rate: rate in Hz that is tried first; `sample_rate` is what it became.
    :param stall_s: how long the device may take nothing before it counts as lost.
    :ivar latency_s: how long what was written takes to leave it, about.
    :raises SpeakerUnavailable: if there is none, several fit or none can be opened; the message
        names the candidates.
    """

    def __init__(self, device: Union[str, int] = '', preferred_rate: int = PREFERRED_RATE,
                 stall_s: float = STALL_S) -> None:
        self._stall_s = stall_s
        self._process = _Process({'device': str(device),
                                  'sample_rate': check_sample_rate(preferred_rate)})
        try:
            opened = self._process.expect('opened')
        except BaseException:
            self._process.close()
            raise
        self.channels = opened.pop('opened')
        latency_s = opened.pop('latency_s', 0.0)
        self.device = AudioDevice(**opened)
        self.sample_rate = self.device.sample_rate
        # What waits in the pipe comes first.
        self.latency_s = latency_s + _PIPE_BYTES / 2 / self.sample_rate

    @property
    def description(self) -> str:
        """Return the device and how it was opened, in words."""
        device = self.device
        return (f'{device.name} (number {device.index}, {device.host_api}), '
                f'{self.channels} channel(s) at {self.sample_rate} Hz')

    def write(self, pcm: np.ndarray) -> None:
        """
        Play int16 samples ``(n,)``; return once they are on their way.

        :raises SpeakerLost: if the device went away or takes nothing any more.
        """
        self._process.write(encode_s16le(pcm), self._stall_s)

    def close(self) -> None:
        """Play what was written and give the device back; may be called more than once."""
        self._process.close()

    def kill(self) -> None:
        """End the device's process, from any thread, without waiting for anything."""
        self._process.kill()

    def __enter__(self) -> 'Speaker':
        """Return the open loudspeaker."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


class _Process(DeviceOwner):
    """The process that drives a loudspeaker: samples go in, reports come out."""

    script = 'speaker_process.py'
    name = 'speaker'
    task = 'drives the loudspeaker'
    close_timeout_s = 1.5

    def __init__(self, options: Dict[str, Any]) -> None:
        self._reports: Deque[Dict[str, Any]] = deque()
        super().__init__(options)
        self._input = self._stdin.fileno()
        os.set_blocking(self._input, False)
        try:
            fcntl.fcntl(self._input, _F_SETPIPE_SZ, _PIPE_BYTES)
        except OSError:
            pass                       # then a stop is heard some tenths of a second later

    def expect(self, what: str) -> Any:
        """Return the first report, which has to be ``what``; raise `SpeakerUnavailable`."""
        with self._news:
            self._news.wait_for(lambda: self._reports or self._ended, START_TIMEOUT_S)
            report = self._reports.popleft() if self._reports else None
            ended = self._ended
        if report is None:
            raise SpeakerUnavailable(self._last_words() if ended else self._no_answer())
        if what not in report:
            raise SpeakerUnavailable(report.get('error', str(report)))
        return report[what]

    def write(self, data: bytes, stall_s: float) -> None:
        """Write all of it, or raise `SpeakerLost`."""
        view, deadline_s = memoryview(data), time.monotonic() + stall_s
        while view:
            with self._news:
                report = self._reports.popleft() if self._reports else None
            if report is not None:
                raise SpeakerLost(report.get('error', str(report)))
            if self._ended:
                raise SpeakerLost(self._last_words())
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise SpeakerLost('the loudspeaker takes no samples any more')
            if not select.select([], [self._input], [], min(left_s, 0.2))[1]:
                continue
            try:
                view = view[os.write(self._input, view):]
                deadline_s = time.monotonic() + stall_s
            except BlockingIOError:
                continue
            except (BrokenPipeError, ValueError):
                self._threads[0].join(0.5)     # its last report says why
                with self._news:
                    report = self._reports.popleft() if self._reports else None
                raise SpeakerLost(report['error'] if report and 'error' in report
                                  else self._last_words()) from None

    def _read_report(self) -> bool:
        line = self._stdout.readline()
        try:
            report = json.loads(line)
        except ValueError:
            return bool(line)
        with self._news:
            self._reports.append(report)
            self._news.notify()
        return True
