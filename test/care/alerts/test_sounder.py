# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The sounder through a real sound server: what it plays is recorded and is the tone."""

import os
import subprocess
import sys
import time

from alert_channels import fast, said
from alert_receivers import wait_for
from baby_cry_detector.audio.loudness.limiter import LevelLimiter
from baby_cry_detector.audio.loudness.weighting import leq_dbfs
from baby_cry_detector.care.alerts.channels.sounder import CAP_DBFS, Sounder, tone
from baby_cry_detector.needs import START
import numpy as np
import pytest
from virtual_microphones import missing, VirtualMicrophones

SECOND_BYTES = 48_000 * 2
PLAY = """
import sys
from baby_cry_detector.care.alerts.channels.channel import Undelivered
from baby_cry_detector.care.alerts.channels.sounder import Sounder
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


def recorded_until(path, size):
    """Wait until the recorder has written so many bytes."""
    end_s = time.monotonic() + 60
    while path.stat().st_size < size and time.monotonic() < end_s:
        time.sleep(0.05)
    assert path.stat().st_size >= size


def recorded(server, path):
    """Play the tone once; return (what the loudspeaker got, samples of it that are loud)."""
    with open(path, 'wb') as file:
        recorder = subprocess.Popen(
            ['pacat', '--record', '--device=Nursery.monitor', '--rate=48000', '--channels=1',
             '--format=s16le', '--latency-msec=50'], stdout=file, env=server.environment)
        try:
            recorded_until(path, 1)
            code, output = play(server, 'Nursery')
            assert code == 0, output
            # What was played has left the server once a second more of its time is recorded.
            recorded_until(path, path.stat().st_size + SECOND_BYTES)
        finally:
            recorder.kill()
            recorder.wait()
    heard = np.frombuffer(path.read_bytes()[:path.stat().st_size // 2 * 2], '<i2')
    return heard, np.flatnonzero(np.abs(heard.astype(int)) > 3000)


def test_what_is_played_is_the_tone(server, tmp_path):
    heard, loud = recorded(server, tmp_path / 'heard.raw')
    # Six pulses of 0.18 s; a sound server without a sound card tears holes while the machine is
    # busy, so they are counted where they are made (below).
    assert 0.4 < loud.size / 48_000 < 1.2
    spectrum = np.abs(np.fft.rfft(heard[loud[0]:loud[-1]].astype(float)))
    peak_hz = np.argmax(spectrum) * 48_000 / (loud[-1] - loud[0])
    assert peak_hz == pytest.approx(880, abs=10)


@pytest.mark.parametrize('volume_dbfs', [-20.0, -6.0, 0.0, 20.0])
@pytest.mark.parametrize('priority, pulses', [(1, 2), (2, 3), (3, 6)])
@pytest.mark.parametrize('rate', [44_100, 48_000])
def test_the_limiter_leaves_the_pulses_and_caps_the_level(priority, pulses, volume_dbfs, rate):
    limiter = LevelLimiter(rate, CAP_DBFS)
    samples = tone(priority, volume_dbfs, rate) / 32767.0
    samples = np.pad(samples, (0, -samples.size % limiter.block_size))
    pcm = limiter.process(samples).pcm
    envelope = np.abs(pcm).reshape(-1, limiter.block_size).max(axis=1)
    loud = np.flatnonzero(envelope > 0.2 * envelope.max())
    assert 1 + np.count_nonzero(np.diff(loud) > 5) == pulses
    second = np.pad(pcm, (0, max(0, rate - pcm.size)))[:rate]
    assert leq_dbfs(second / 32767.0, rate) <= CAP_DBFS


def test_a_loudspeaker_that_is_not_there_is_named(server):
    code, output = play(server, 'Kitchen')
    assert code == 3 and "'Kitchen'" in output and 'Nursery' in output


def test_a_tone_that_nobody_could_hear_in_time_is_lost_and_not_delivered(monkeypatch):
    pytest.importorskip('pyaudio', reason='needs PyAudio')
    monkeypatch.setattr(Sounder, 'oldest_s', 0.1)
    channel = fast(Sounder('no such loudspeaker'))
    channel.offer(said(START))
    assert wait_for(lambda: not channel.state().waiting)
    assert channel.state().delivered == 0 and channel.state().lost == 1
    assert 'no sound: ' in channel.state().lost_why
    channel.close()
