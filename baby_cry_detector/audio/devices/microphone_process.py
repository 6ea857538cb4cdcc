# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Child process that owns PortAudio for one microphone; `microphone.py` starts it.

Standard output carries records (`HEADER`, then ``length`` bytes): ``D`` a JSON list of devices,
``O`` a JSON object about the stream that was opened, ``A`` samples, ``E`` a JSON error. The
process ends when its standard input is closed, so it never outlives its owner.
"""

import json
import os
import queue
import threading
import time
from typing import Any, Dict, List, Tuple

from device_process import Device, Failure, HEADER, run, serve, WATCH_S

QUEUE_S = 2.0                          # of audio, before blocks are dropped
MAX_CHANNELS = 64
MOST_REAL_CHANNELS = 8
# Rates to try after the device's own one.
COMMON_RATES = (48_000, 44_100, 16_000, 32_000, 96_000, 22_050, 11_025, 8_000)


class Pipe:
    """Writes records to where standard output went before others could print to it."""

    def __init__(self) -> None:
        self._fd = os.dup(1)
        os.dup2(2, 1)

    def send(self, kind: bytes, data: bytes, time_ns: int = 0, end_sample: int = 0,
             overflows: int = 0) -> None:
        """Write one record, whole: `HEADER`, then the bytes."""
        view = memoryview(HEADER.pack(kind, time_ns, end_sample, overflows, len(data)) + data)
        while view:
            view = view[os.write(self._fd, view):]

    def send_json(self, kind: bytes, value: Any) -> None:
        """Write a record that holds a value as JSON."""
        self.send(kind, json.dumps(value).encode())


def formats_to_try(device: Device, channel: Any) -> List[Tuple[int, int]]:
    """Return (rate, channels) pairs, the preferred ones first."""
    most = min(device['channels'], MAX_CHANNELS)
    if channel == 'mix':
        counts = [min(most, 2), 1, most]
    elif channel == 'auto':
        # A sound server claims 32 channels for whatever it has; a device of up to 8 has them.
        counts = [most if most <= MOST_REAL_CHANNELS else 2, min(most, 2), 1, most]
    else:
        if channel >= most:
            raise Failure(f"{device['name']}: expected a channel from 0 to {most - 1}, "
                          f'got {channel}')
        counts = [max(channel + 1, min(most, 2)), most]
    rates = dict.fromkeys((device['sample_rate'], *COMMON_RATES))
    return [(rate, count) for count in dict.fromkeys(counts) for rate in rates if rate > 0]


class Capture:
    """An open stream; PortAudio's own thread calls back, another one sends."""

    def __init__(self, pyaudio: Any, audio: Any, device: Device, channel: Any,
                 block_duration_s: float) -> None:
        self._queue: queue.Queue[Tuple[bytes, int, int]] = queue.Queue(
            maxsize=max(4, int(QUEUE_S / block_duration_s)))
        self.overflows = 0
        self._end_sample = 0
        self._overflow_flag = pyaudio.paInputOverflow
        self._continue = pyaudio.paContinue
        errors = []
        for self.rate, self.channels in formats_to_try(device, channel):
            try:
                self._stream = audio.open(
                    format=pyaudio.paInt16, rate=self.rate, channels=self.channels, input=True,
                    input_device_index=device['index'], stream_callback=self._receive,
                    frames_per_buffer=max(16, round(self.rate * block_duration_s)))
                return
            except (OSError, ValueError) as error:
                errors.append(str(error))
        raise Failure(f"{device['name']}: cannot be opened ({', '.join(dict.fromkeys(errors))})")

    def _receive(self, data: bytes, frame_count: int, time_info: Any, status: int
                 ) -> Tuple[None, int]:
        # Drivers disagree on what the times in time_info mean; the arrival is sure.
        now_ns = time.monotonic_ns()
        self._end_sample += frame_count
        if status & self._overflow_flag:
            self.overflows += 1
        try:
            self._queue.put_nowait((data, now_ns, self._end_sample))
        except queue.Full:
            self.overflows += 1
        return None, self._continue

    def run(self, pipe: Pipe) -> None:
        """Send until the stream ends."""
        while True:
            try:
                block = self._queue.get(timeout=WATCH_S)
            except queue.Empty:
                if not self._stream.is_active():
                    raise Failure('the stream ended', lost=True) from None
                continue
            pipe.send(b'A', *block, self.overflows)


def end_with_owner() -> None:
    """End the process as soon as standard input is closed."""
    def wait() -> None:
        while os.read(0, 4096):
            pass
        os._exit(0)            # closing a stream of a dead device can hang
    threading.Thread(target=wait, daemon=True).start()


def main(options: Dict[str, Any]) -> int:
    """Do what the JSON object in the first argument says; return the exit code."""
    pipe = Pipe()
    end_with_owner()

    def drive(pyaudio: Any, audio: Any, device: Device) -> None:
        capture = Capture(pyaudio, audio, device, options['channel'], options['block_duration_s'])
        pipe.send_json(b'O', {**device, 'sample_rate': capture.rate, 'opened': capture.channels})
        capture.run(pipe)

    code: int = serve('microphone', 'input', options, drive,
                      on_devices=lambda devices: pipe.send_json(b'D', devices),
                      on_failure=lambda failure: pipe.send_json(
                          b'E', {'text': str(failure), 'lost': failure.lost}))
    return code


if __name__ == '__main__':
    run(main)
