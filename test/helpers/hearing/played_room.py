# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A room between loudspeaker and microphone of a private PulseAudio: what is played is heard."""

import subprocess
import sys

import numpy as np

RATE = 48_000
_BLOCK = 480                   # frames, 10 ms


class RoomFilter:
    """
    Carries the monitor of one sink to another, through an impulse response; a process of its own.

    :param server: `VirtualMicrophones`.
    :param response: ``(n,)`` at 48 kHz, mono; kept in ``folder``.
    """

    def __init__(self, server, speaker, microphone, response, folder):
        path = folder / 'response.npy'
        np.save(path, response)
        self._process = subprocess.Popen(
            [sys.executable, __file__, f'{speaker}.monitor', microphone, str(path)],
            env=server.environment, stderr=subprocess.DEVNULL)

    def close(self):
        """Take the air away."""
        self._process.terminate()
        self._process.wait()


def carry(source, sink, path):
    """Carry until the server ends."""
    response = np.load(path)
    common = [f'--rate={RATE}', '--channels=1', '--format=s16le', '--latency-msec=60']
    size = 1 << (len(response) + _BLOCK - 1).bit_length()
    spectrum, tail = np.fft.rfft(response, size), np.zeros(size)
    with subprocess.Popen(['pacat', '--record', f'--device={source}', *common],
                          stdout=subprocess.PIPE) as heard, \
            subprocess.Popen(['pacat', '--playback', f'--device={sink}', *common],
                             stdin=subprocess.PIPE) as played:
        while len(data := heard.stdout.read(2 * _BLOCK)) == 2 * _BLOCK:
            tail += np.fft.irfft(np.fft.rfft(np.frombuffer(data, '<i2'), size) * spectrum, size)
            block = np.clip(np.rint(tail[:_BLOCK]), -32768, 32767).astype('<i2')
            played.stdin.write(block.tobytes())
            played.stdin.flush()
            tail = np.concatenate((tail[_BLOCK:], np.zeros(_BLOCK)))


if __name__ == '__main__':
    carry(*sys.argv[1:])
