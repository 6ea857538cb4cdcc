# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The sounder through a real sound server: what it plays is recorded and is the tone."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from virtual_microphones import missing, VirtualMicrophones

PLAY = """
import sys
from baby_cry_detector.care.alerts.channel import Undelivered
from baby_cry_detector.care.alerts.sounder import Sounder
from baby_cry_detector.care.alerts.alert_words import Said
from baby_cry_detector.needs import START
word = Said(START, 'crib', 0, 'a', 1, 3, 'x', loud=True)
try:
    Sounder('{device}', -6.0).send(word, 0.0)
except Undelivered as error:
    print(error)
    sys.exit(3)
"""


@pytest.fixture
def server(tmp_path):
    """Return a sound server whose loudspeaker "Nursery" can be recorded."""
    why = missing()
    if why:
        pytest.skip(why)
    running = VirtualMicrophones(tmp_path, ['Nursery'])
    running.alsa_config.write_text(running.alsa_config.read_text().replace(
        'device "Nursery.monitor"', 'device "Nursery"'))
    yield running
    running.stop()


def play(server, device):
    """Play a tone in a process of its own; return (exit code, output)."""
    done = subprocess.run(
        [sys.executable, '-c', PLAY.format(device=device)], capture_output=True, text=True,
        env={**server.environment, 'ALSA_CONFIG_PATH': str(server.alsa_config),
             'PYTHONPATH': os.pathsep.join(sys.path)}, timeout=60)
    return done.returncode, done.stdout + done.stderr


def recorded(server, path):
    """Play the tone once; return (what the loudspeaker got, samples of it that are loud)."""
    with open(path, 'wb') as file:
        recorder = subprocess.Popen(
            ['pacat', '--record', '--device=Nursery.monitor', '--rate=48000', '--channels=1',
             '--format=s16le', '--latency-msec=50'], stdout=file, env=server.environment)
        try:
            end_s = time.monotonic() + 20
            while path.stat().st_size == 0 and time.monotonic() < end_s:
                time.sleep(0.05)
            code, output = play(server, 'Nursery')
            assert code == 0, output
            time.sleep(1.0)
        finally:
            recorder.kill()
            recorder.wait()
    heard = np.frombuffer(path.read_bytes()[:path.stat().st_size // 2 * 2], '<i2')
    return heard, np.flatnonzero(np.abs(heard.astype(int)) > 3000)


@pytest.mark.flaky(reruns=2)   # a busy machine drops sound
def test_what_is_played_is_the_tone(server, tmp_path):
    # A sound server without a sound card tears holes while the machine is busy with other work.
    for attempt in range(5):
        heard, loud = recorded(server, tmp_path / f'heard_{attempt}.raw')
        assert loud.size, 'nothing was heard'
        # Six pulses of 0.18 s, each begins after 0.1 s of quiet.
        pulses = 1 + np.count_nonzero(np.diff(loud) > 4000)
        if pulses == 6:
            break
    assert pulses == 6
    spectrum = np.abs(np.fft.rfft(heard[loud[0]:loud[-1]].astype(float)))
    peak_hz = np.argmax(spectrum) * 48_000 / (loud[-1] - loud[0])
    assert peak_hz == pytest.approx(880, abs=10)


def test_a_loudspeaker_that_is_not_there_is_named(server):
    code, output = play(server, 'Kitchen')
    assert code == 3 and "'Kitchen'" in output and 'Nursery' in output
