# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A room between loudspeaker and microphone of a private PulseAudio: what is played is heard."""

import subprocess
import threading

import numpy as np

RATE = 48_000
_BLOCK = 480                   # frames, 10 ms


class RoomFilter:
    """
    Carries the monitor of one sink to another, through an impulse response.

    :param server: `VirtualMicrophones`.
    :param response: ``(n,)`` at 48 kHz, mono.
    """

    def __init__(self, server, speaker, microphone, response):
        self._response = response
        common = [f'--rate={RATE}', '--channels=1', '--format=s16le', '--latency-msec=30']
        self._from = subprocess.Popen(
            ['pacat', '--record', f'--device={speaker}.monitor', *common], env=server.environment,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._to = subprocess.Popen(
            ['pacat', '--playback', f'--device={microphone}', *common], env=server.environment,
            stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def _carry(self):
        size = 1 << (len(self._response) + _BLOCK - 1).bit_length()
        spectrum = np.fft.rfft(self._response, size)
        tail = np.zeros(size)
        try:
            while True:
                data = self._from.stdout.read(2 * _BLOCK)
                if len(data) < 2 * _BLOCK:
                    return
                heard = np.fft.rfft(np.frombuffer(data, '<i2'), size)
                tail += np.fft.irfft(heard * spectrum, size)
                block = np.clip(np.rint(tail[:_BLOCK]), -32768, 32767).astype('<i2')
                self._to.stdin.write(block.tobytes())
                self._to.stdin.flush()
                tail = np.concatenate((tail[_BLOCK:], np.zeros(_BLOCK)))
        except (OSError, ValueError):
            pass                               # a server or a process that was ended

    def close(self):
        """Take the air away."""
        for process in (self._from, self._to):
            process.kill()
            process.wait()
        self._thread.join(5)
