# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Child process that owns PortAudio for one loudspeaker; `speaker.py` starts it.

Standard input carries S16LE mono samples; it is played as it comes, and silence follows when none
comes. Standard output carries lines of JSON: ``{"devices": …}``, ``{"opened": …}``,
``{"error": …, "lost": …}``. The process ends when its standard input is closed, after playing what
it has.
"""

import json
import os
import queue
import threading
import time
from typing import Any, Dict, Tuple

from device_process import Device, Failure, run, serve, WATCH_S

COMMON_RATES = (48_000, 44_100, 32_000, 16_000, 96_000, 22_050)
BLOCK_S = 0.02
QUEUED_BLOCKS = 6              # that wait here; what waits delays a stop


class Playback:
    """An open stream; PortAudio's own thread asks for samples, a short queue holds them."""

    def __init__(self, pyaudio: Any, audio: Any, device: Device, preferred_rate: int) -> None:
        self._queue: queue.Queue[bytes] = queue.Queue(maxsize=QUEUED_BLOCKS)
        self._rest = b''
        self._continue = pyaudio.paContinue
        errors = []
        rates = dict.fromkeys((preferred_rate, device['sample_rate'], *COMMON_RATES))
        for self.channels in dict.fromkeys((1, min(2, device['channels']))):
            for self.rate in rates:
                try:
                    self._stream = audio.open(
                        format=pyaudio.paInt16, rate=self.rate, channels=self.channels,
                        output=True, output_device_index=device['index'],
                        stream_callback=self._supply,
                        frames_per_buffer=round(self.rate * BLOCK_S))
                    return
                except (OSError, ValueError) as error:
                    errors.append(str(error))
        raise Failure(f"{device['name']}: cannot be opened ({', '.join(dict.fromkeys(errors))})")

    def _supply(self, _: Any, frame_count: int, time_info: Any, status: int
                ) -> Tuple[bytes, int]:
        wanted = 2 * frame_count
        while len(self._rest) < wanted:
            try:
                self._rest += self._queue.get_nowait()
            except queue.Empty:        # silence where nothing came
                self._rest += bytes(wanted - len(self._rest))
        data, self._rest = self._rest[:wanted], self._rest[wanted:]
        return spread(data, self.channels), self._continue

    @property
    def latency_s(self) -> float:
        """Return how long what comes in takes to leave the loudspeaker, by the device's word."""
        return QUEUED_BLOCKS * BLOCK_S + max(0.0, float(self._stream.get_output_latency()))

    def run(self) -> None:
        """Play standard input to its end."""
        size, rest = 2 * round(self.rate * BLOCK_S), b''
        while True:
            data = os.read(0, size)
            data = rest + data
            whole = len(data) // 2 * 2
            rest = data[whole:]
            if not whole:
                break
            self._put(data[:whole])
        for _ in range(QUEUED_BLOCKS):         # until what was written has been asked for
            self._put(bytes(size))

    def _put(self, data: bytes) -> None:
        while True:
            try:
                self._queue.put(data, timeout=WATCH_S)
                return
            except queue.Full:
                if not self._stream.is_active():
                    raise Failure('the stream ended', lost=True) from None


def spread(data: bytes, channels: int) -> bytes:
    """Return mono S16LE bytes for so many channels."""
    if channels == 1:
        return data
    samples = memoryview(data).cast('h')
    wide = bytearray(len(data) * channels)
    out = memoryview(wide).cast('h')
    for channel in range(channels):
        out[channel::channels] = samples
    return bytes(wide)


def end_with_owner(parent: int) -> None:
    """End the process when its owner is gone but the device hangs."""
    def wait() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        time.sleep(1.0)                # for what is played to its end
        os._exit(0)
    threading.Thread(target=wait, daemon=True).start()


def main(options: Dict[str, Any]) -> int:
    """Do what the JSON object in the first argument says; return the exit code."""
    report = os.fdopen(os.dup(1), 'w', buffering=1)
    os.dup2(2, 1)                      # others print too
    end_with_owner(os.getppid())

    def say(value: Dict[str, Any]) -> None:
        print(json.dumps(value), file=report)

    def drive(pyaudio: Any, audio: Any, device: Device) -> None:
        playback = Playback(pyaudio, audio, device, options['sample_rate'])
        say({'opened': {**device, 'sample_rate': playback.rate, 'opened': playback.channels,
                        'latency_s': playback.latency_s}})
        playback.run()

    code: int = serve(
        'loudspeaker', 'output', options, drive,
        on_devices=lambda devices: say({'devices': devices}),
        on_failure=lambda failure: say({'error': str(failure), 'lost': failure.lost}))
    return code


if __name__ == '__main__':
    run(main)
