# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Real PortAudio on virtual loudspeakers: chosen, at the asked level, lost, returned, stuck."""

from contextlib import contextmanager
import os
import signal
import threading
import time

from baby_cry_detector.audio import from_pcm16, MicrophoneSource
from baby_cry_detector.audio.devices.speaker import list_speakers, Speaker
from baby_cry_detector.audio.errors import SpeakerLost, SpeakerUnavailable
from baby_cry_detector.audio.loudness.weighting import leq_dbfs
from baby_cry_detector.care.sound.comfort_sounds import make_sound
from baby_cry_detector.care.sound.sound_engine import SoundEngine
import numpy as np
import pytest
from virtual_microphones import check_that_it_ends_with_its_owner, missing, VirtualMicrophones

WHY_NOT = missing()
needs_virtual_speakers = pytest.mark.skipif(
    bool(WHY_NOT), reason=f'no virtual loudspeakers: {WHY_NOT}')


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    running = VirtualMicrophones(
        tmp_path_factory.mktemp('pulse'), ['east', 'west'], speakers=True)
    yield running
    running.stop()


def levels_heard(source, count):
    """
    Return the levels of so many whole seconds, in dBFS(A).

    A sound server without a sound card tears holes where the machine is busy; such seconds say
    nothing and are not counted.
    """
    levels, rest, deadline_s = [], np.zeros(0, np.int16), time.monotonic() + 120
    while len(levels) < count:
        assert time.monotonic() < deadline_s, 'the microphone never heard enough whole seconds'
        block = source.read(0.5)
        if block is None:
            continue
        rest = np.concatenate((rest, block.pcm))
        if rest.size >= source.sample_rate:
            silent = np.convolve(rest == 0, np.ones(source.sample_rate // 200), 'valid')
            if silent.max() < source.sample_rate // 200:
                levels.append(leq_dbfs(from_pcm16(rest), source.sample_rate))
            rest = np.zeros(0, np.int16)
    return np.array(levels)


@contextmanager
def playing(engine, speaker):
    """Let an engine's sound be heard meanwhile."""
    stop = threading.Event()

    def play():
        while not stop.is_set():
            speaker.write(engine.render(2).pcm)

    player = threading.Thread(target=play)
    player.start()
    try:
        yield
    finally:
        stop.set()
        player.join()


@needs_virtual_speakers
def test_the_loudspeakers_are_listed(cribs):
    names = [device.name for device in list_speakers()]
    assert 'east_speaker' in names and 'west_speaker' in names


@needs_virtual_speakers
@pytest.mark.parametrize('name, cap_dbfs, asked_dbfs, wanted_dbfs', [
    ('pink', -20.0, -30.0, -30.0), ('brown', -20.0, -35.0, -35.0),
    ('white', -30.0, -10.0, None)])
def test_the_played_level_is_what_was_asked(cribs, name, cap_dbfs, asked_dbfs, wanted_dbfs):
    with Speaker('west_speaker') as speaker, MicrophoneSource('west', 48_000) as source:
        rate = speaker.sample_rate
        gain = 10 ** ((asked_dbfs - leq_dbfs(make_sound(name, rate).take(20 * rate), rate)) / 20)
        engine = SoundEngine(rate, cap_dbfs)
        engine.start(name, make_sound(name, rate), gain, 0.05, None, 0.05)
        with playing(engine, speaker):
            levels_dbfs = levels_heard(source, 10)
    if wanted_dbfs is None:
        assert cap_dbfs - 3.0 < np.median(levels_dbfs) and levels_dbfs.max() <= cap_dbfs + 0.2
    else:
        assert np.median(levels_dbfs) == pytest.approx(wanted_dbfs, abs=1.0)


@needs_virtual_speakers
def test_writing_is_paced_by_the_device(cribs):
    with Speaker('east_speaker') as speaker:
        block = np.zeros(speaker.sample_rate // 50, np.int16)
        start_s = time.monotonic()
        for _ in range(400):
            speaker.write(block)
        # 8 s of sound; a sound server takes some seconds at once, and then waits.
        assert time.monotonic() - start_s > 3.0


@needs_virtual_speakers
@pytest.mark.parametrize('device, words', [
    ('kitchen', "no loudspeaker 'kitchen'; there are: "),
    ('_speaker', "'_speaker' means several loudspeakers, say which: ")])
def test_a_wrong_name_gets_the_candidates(cribs, device, words):
    with pytest.raises(SpeakerUnavailable) as raised:
        Speaker(device)
    assert words in str(raised.value) and 'east_speaker' in str(raised.value)


def write_until_lost(speaker):
    block = np.zeros(speaker.sample_rate // 50, np.int16)
    with pytest.raises(SpeakerLost) as raised:
        for _ in range(2000):
            speaker.write(block)
    return str(raised.value)


@needs_virtual_speakers
def test_a_loudspeaker_that_goes_away_is_lost_and_returns(cribs):
    cribs.unplug('east')               # else the server would switch to it
    try:
        with Speaker('west_speaker') as speaker:
            speaker.write(np.zeros(4800, np.int16))
            cribs.unplug('west')
            assert write_until_lost(speaker)
        with pytest.raises(SpeakerUnavailable):
            Speaker('west_speaker')
        cribs.plug('west')
        deadline_s = time.monotonic() + 60
        while True:
            try:
                speaker = Speaker('west_speaker')
                break
            except SpeakerUnavailable:     # the server needs a moment to offer it again
                assert time.monotonic() < deadline_s
        with speaker:
            speaker.write(np.zeros(4800, np.int16))
    finally:
        if 'west' not in cribs._modules:
            cribs.plug('west')
        cribs.plug('east')


@needs_virtual_speakers
def test_a_stuck_or_crashed_driver_is_noticed(cribs):
    for number, words in ((signal.SIGSTOP, 'takes no samples'), (signal.SIGSEGV, 'code -11')):
        with Speaker('west_speaker', stall_s=3.0) as speaker:
            speaker.write(np.zeros(4800, np.int16))
            os.kill(speaker._process.pid, number)
            assert words in write_until_lost(speaker)


@needs_virtual_speakers
def test_no_process_outlives_its_owner(cribs):
    program = ('import os, signal\nfrom baby_cry_detector.audio.devices.speaker import Speaker\n'
               'speaker = Speaker("west_speaker")\n'
               'print(speaker._process.pid, flush=True)\n'
               'os.kill(os.getpid(), signal.SIGKILL)')
    check_that_it_ends_with_its_owner(program)


def test_missing_pyaudio_is_named(tmp_path, monkeypatch):
    (tmp_path / 'pyaudio.py').write_text('raise ImportError("Could not import the module")')
    monkeypatch.syspath_prepend(str(tmp_path))
    for call in (list_speakers, Speaker):
        with pytest.raises(SpeakerUnavailable, match='python3-pyaudio.*portaudio19-dev'):
            call()
