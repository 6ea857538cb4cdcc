# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Microphones through PortAudio, each in a process of its own (`device_process.py` says why).

A thread reads what the process captures and queues it; nothing here ever blocks for longer than
it was asked to, whatever the device does. A sound server (PulseAudio, PipeWire) may move a stream
to another microphone when its own vanishes, and does not say so; `silent_s` helps to notice.
"""

from collections import deque
import json
import time
from typing import Any, Deque, Dict, List, NamedTuple, Optional, Union

from baby_cry_detector.audio.channels import AUTO, ChannelMixer, Choice, parse_choice
from baby_cry_detector.audio.delivery_clock import DeliveryClock
from baby_cry_detector.audio.devices.device_owner import AudioDevice, DeviceOwner, START_TIMEOUT_S
from baby_cry_detector.audio.devices.device_process import HEADER
from baby_cry_detector.audio.errors import MicrophoneLost, MicrophoneUnavailable
from baby_cry_detector.audio.formats import check_sample_rate, to_pcm16
from baby_cry_detector.audio.resampler import StreamingResampler
from baby_cry_detector.audio.sources import AudioBlock, SAMPLE_RATE
import numpy as np

STALL_S = 2.0
FIRST_SAMPLES_S = 3.0          # that a driver may take longer at first
QUEUE_S = 4.0
SETTLE_S = 0.5                 # of audio is held back at first, until its time is known


def list_devices() -> List[AudioDevice]:
    """
    Return the microphones that there are now, looked up anew.

    :raises MicrophoneUnavailable: if PyAudio is missing or PortAudio does not start.
    """
    process = _Process({})
    try:
        devices = json.loads(process.expect().data)
    finally:
        process.close()
    return [AudioDevice(**device) for device in devices]


class MicrophoneSource:
    """
    An open microphone; a context manager.

    :param device: part of its name (in any case), its index, or '' for the default one.
    :param sample_rate: rate of the blocks; the device is opened at a rate that it supports.
    :param block_duration_s: length of the blocks, 0.001 to 1 s.
    :param channel: ``'auto'``, ``'mix'`` or the number of a channel; see `ChannelMixer`.
    :param stall_s: silence of the driver after which the microphone counts as lost.
    :raises MicrophoneUnavailable: if there is none, several fit or none can be opened; the
        message names the candidates.
    """

    def __init__(self, device: Union[str, int] = '', sample_rate: int = SAMPLE_RATE,
                 block_duration_s: float = 0.02, channel: Choice = AUTO,
                 stall_s: float = STALL_S) -> None:
        self.sample_rate = check_sample_rate(sample_rate)
        if not 0.001 <= block_duration_s <= 1.0:
            raise MicrophoneUnavailable('expected a block duration of 0.001 to 1 s, '
                                        f'got {block_duration_s!r}')
        self.block_size = max(1, round(block_duration_s * self.sample_rate))
        self.channel = parse_choice(channel)
        self.overflows = 0             # times that the driver or this process lost audio
        self.lost_samples = 0          # of the blocks' rate, in gaps
        self.silent_s = 0.0            # how long all samples have been the same: muted or stuck
        self._stall_s = stall_s
        self._process = _Process({'device': str(device), 'channel': self.channel,
                                  'block_duration_s': block_duration_s})
        try:
            opened = json.loads(self._process.expect().data)
        except BaseException:
            self._process.close()
            raise
        self.device_channels = opened.pop('opened')
        self.device = AudioDevice(**opened)
        self.mixer = ChannelMixer(self.device_channels, self.device.sample_rate, self.channel)
        self._resampler = StreamingResampler(self.device.sample_rate, self.sample_rate)
        self._clock = DeliveryClock(self.device.sample_rate)
        self._end_sample = 0           # of the device's, after the newest that was taken
        self._stretch_sample = 0       # of the device's, first since the last gap
        self._settled = False
        self._rest = np.zeros(0, np.int16)
        self._rest_first = 0           # number of its first sample since the last gap
        self._first_sample = 0         # number that sample 0 after the last gap has
        self._ready: Deque[AudioBlock] = deque()
        self._last_value: Optional[float] = None
        self._heard_s = time.monotonic() + FIRST_SAMPLES_S

    @property
    def pid(self) -> int:
        """Return the number of the process that reads the device."""
        return self._process.pid

    @property
    def description(self) -> str:
        """Return the device and how it was opened, in words."""
        device = self.device
        text = f'{device.name} (number {device.index}, {device.host_api}), ' \
               f'{self.device_channels} channel(s) at {device.sample_rate} Hz'
        if device.sample_rate != self.sample_rate:
            text += f', resampled to {self.sample_rate} Hz'
        return text

    def read(self, timeout_s: float = 0.5) -> Optional[AudioBlock]:
        """
        Return the next block with its capture time, or ``None`` if none came in time.

        Where audio was lost, ``first_sample`` jumps by what is missing.

        :raises MicrophoneLost: if the device went away or delivers nothing any more.
        """
        deadline_s = time.monotonic() + timeout_s
        while not self._ready:
            wait_s = deadline_s - time.monotonic()
            record = self._process.read(max(0.0, wait_s))
            if record is None:
                if time.monotonic() - self._heard_s > self._stall_s:
                    raise MicrophoneLost(f'{self.device.name}: delivers no samples any more')
                if wait_s <= 0:
                    return None
                continue
            self._heard_s = time.monotonic()
            self._take(record)
        return self._ready.popleft()

    def close(self) -> None:
        """Give the device back; may be called more than once."""
        self._process.close()

    def kill(self) -> None:
        """End the process that reads the device, from any thread, without waiting for anything."""
        self._process.kill()

    def __enter__(self) -> 'MicrophoneSource':
        """Return the open microphone."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _take(self, record: '_Record') -> None:
        samples = self.mixer.decode(record.data)
        self.overflows = record.overflows + self._process.dropped
        first_sample = record.end_sample - samples.size
        lost = self._clock.update(record.time_ns, record.end_sample)
        lost += first_sample - self._end_sample
        self._end_sample = record.end_sample
        if lost > 0:
            self._start_again(first_sample, lost)
        self._watch_silence(samples)
        pcm = to_pcm16(self._resampler.process(samples))
        self._rest = np.concatenate((self._rest, pcm))
        if not self._settled:
            if record.end_sample < SETTLE_S * self.device.sample_rate:
                return
            self._settled = True
            self._clock.settle()
        while self._rest.size >= self.block_size:
            self._ready.append(AudioBlock(
                self._first_sample + self._rest_first, self._rest[:self.block_size],
                self._capture_time_ns()))
            self._rest = self._rest[self.block_size:]
            self._rest_first += self.block_size

    def _capture_time_ns(self) -> int:
        """Return when the first sample that was not given out yet was captured."""
        since_gap_ns = round(self._rest_first * 1e9 / self.sample_rate)
        to_wall_clock_ns = time.time_ns() - time.monotonic_ns()
        return self._clock.time_of(self._stretch_sample) + since_gap_ns + to_wall_clock_ns

    def _start_again(self, device_sample: int, lost: int) -> None:
        """Begin anew after a gap; less than a block of old samples is given up."""
        lost = round(lost * self.sample_rate / self.device.sample_rate)
        self.lost_samples += lost
        self._first_sample += self._rest_first + self._rest.size + lost
        self._rest, self._rest_first = np.zeros(0, np.int16), 0
        self._stretch_sample = device_sample
        self._resampler.reset()

    def _watch_silence(self, samples: np.ndarray) -> None:
        if samples.min() == samples.max() and self._last_value in (None, samples[0]):
            self.silent_s += samples.size / self.device.sample_rate
        else:
            self.silent_s = 0.0
        self._last_value = float(samples[-1])


class _Record(NamedTuple):
    """What the process sends; see there."""

    kind: bytes
    time_ns: int
    end_sample: int
    overflows: int
    data: bytes


class _Process(DeviceOwner):
    """The process that reads a microphone, and a bounded queue of what it sends."""

    script = 'microphone_process.py'
    name = 'microphone'
    task = 'reads the microphone'

    def __init__(self, options: Dict[str, Any]) -> None:
        self.dropped = 0
        self._records: Deque[_Record] = deque()
        self._queued_bytes = 0
        self._most_bytes = 1 << 24
        super().__init__(options)

    def read(self, timeout_s: float) -> Optional[_Record]:
        """
        Return the next record, or ``None`` if none came in time.

        :raises MicrophoneLost: if the process ended or reports that the stream did.
        :raises MicrophoneUnavailable: if it reports that there never was a stream.
        """
        with self._news:
            self._news.wait_for(lambda: self._records or self._ended, timeout_s)
            if not self._records:
                if self._ended:
                    raise MicrophoneLost(self._last_words())
                return None
            record = self._records.popleft()
            self._queued_bytes -= len(record.data)
        if record.kind == b'E':
            error = json.loads(record.data)
            text = error['text']
            if 'host error' in text:   # PortAudio knows no more, the driver may
                text += self._printed()
            raise (MicrophoneLost if error['lost'] else MicrophoneUnavailable)(text)
        return record

    def expect(self) -> _Record:
        """Return the first record; raise `MicrophoneUnavailable` if none comes."""
        try:
            record = self.read(START_TIMEOUT_S)
        except MicrophoneLost as error:
            raise MicrophoneUnavailable(str(error)) from None
        if record is None:
            raise MicrophoneUnavailable(self._no_answer())
        return record

    def _read_report(self) -> bool:
        """Queue the next record; the oldest audio gives way. Return whether there was one."""
        header = self._read_exactly(HEADER.size)
        if header is None:
            return False
        kind, time_ns, end_sample, overflows, length = HEADER.unpack(header)
        data = self._read_exactly(length)
        if data is None:
            return False
        if kind == b'O':
            opened = json.loads(data)
            self._most_bytes = int(QUEUE_S * opened['sample_rate'] * opened['opened'] * 2)
        with self._news:
            self._records.append(_Record(kind, time_ns, end_sample, overflows, data))
            self._queued_bytes += len(data)
            while self._queued_bytes > self._most_bytes and self._records[0].kind == b'A':
                self._queued_bytes -= len(self._records.popleft().data)
                self.dropped += 1
            self._news.notify()
        return True

    def _read_exactly(self, size: int) -> Optional[bytes]:
        parts = []
        while size:
            part = self._stdout.read(size)
            if not part:
                return None
            parts.append(part)
            size -= len(part)
        return b''.join(parts)
