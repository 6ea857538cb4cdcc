# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Real PortAudio on virtual microphones: chosen, heard, lost, returned, stuck."""

import importlib.util
import os
import signal
import time

from baby_cry_detector.audio import (list_devices, MicrophoneLost, MicrophoneSource,
                                     MicrophoneUnavailable)
from baby_cry_detector.audio.devices import microphone
import numpy as np
import pytest
from virtual_microphones import check_that_it_ends_with_its_owner, missing, VirtualMicrophones

NO_VIRTUAL_MICROPHONES = missing()
needs_virtual_microphones = pytest.mark.skipif(
    bool(NO_VIRTUAL_MICROPHONES), reason=f'no virtual microphones: {NO_VIRTUAL_MICROPHONES}')
needs_pyaudio = pytest.mark.skipif(importlib.util.find_spec('pyaudio') is None,
                                   reason='PyAudio is not installed')
TONE = (0.5 * 32767 * np.sin(2 * np.pi * 700 * np.arange(48000 * 8) / 48000)).astype(np.int16)


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    running = VirtualMicrophones(tmp_path_factory.mktemp('pulse'), ['north_crib', 'south_crib'])
    yield running
    running.stop()


def whole_stretch(source, duration_s, timeout_s=90.0):
    """Return so much audio that sounds, in one piece: a busy machine loses some now and then."""
    blocks, deadline_s = [], time.monotonic() + timeout_s
    while len(blocks) * source.block_size < duration_s * source.sample_rate:
        assert time.monotonic() < deadline_s, 'the microphone never gave a whole stretch'
        block = source.read(0.2)
        if block is None:
            continue
        if blocks and block.first_sample != blocks[-1].first_sample + source.block_size:
            blocks = []
        if blocks or block.pcm.any():
            blocks.append(block)
    return blocks


def blocks_of(source, duration_s, timeout_s=5.0):
    """Read this much audio; what came before the first sound is not counted."""
    blocks, deadline_s = [], time.monotonic() + timeout_s
    while len(blocks) * source.block_size < duration_s * source.sample_rate:
        assert time.monotonic() < deadline_s, 'the microphone is too slow'
        block = source.read(0.2)
        if block is not None and (blocks or block.pcm.any()):
            blocks.append(block)
    return blocks


@needs_virtual_microphones
def test_the_microphones_are_listed(cribs):
    devices = list_devices()
    names = [device.name for device in devices]
    assert 'north_crib' in names and 'south_crib' in names
    device = devices[names.index('north_crib')]
    assert device.as_dict()['channels'] == device.channels >= 1
    assert str(device).startswith(f'{device.index}: north_crib (ALSA')
    assert sum(device.is_default for device in devices) <= 1


@needs_virtual_microphones
def test_a_tone_is_heard_at_our_rate_with_its_time(cribs):
    with MicrophoneSource('SOUTH', channel=1) as source, cribs.playing('south_crib', np.tile(TONE, 12)):  # noqa: E501  # a row a case
        assert 'south_crib' in source.description
        assert source.device.sample_rate != 16000      # so that resampling is tried
        blocks = whole_stretch(source, 1.0)
        now_ns = time.time_ns()
    assert {len(block.pcm) for block in blocks} == {320}
    assert {block.pcm.dtype for block in blocks} == {np.dtype(np.int16)}
    steps_ms = np.diff([block.capture_time_ns for block in blocks]) / 1e6
    np.testing.assert_allclose(steps_ms, 20.0, atol=2.0)
    assert 0 < now_ns - blocks[-1].capture_time_ns < 2e9
    samples = np.concatenate([block.pcm for block in blocks]) / 32767.0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    assert np.fft.rfftfreq(samples.size, 1 / 16000)[spectrum.argmax()] == pytest.approx(700, abs=2)
    # A sound server that is late now and then leaves an edge; most blocks have none.
    peaks = [np.abs(block.pcm).max() / 32767.0 for block in blocks]
    assert np.median(peaks) == pytest.approx(0.5, rel=0.02)


@needs_virtual_microphones
def test_the_named_microphone_is_heard_and_no_other(cribs):
    with MicrophoneSource('north_crib') as source, cribs.playing('south_crib', TONE):
        deadline_s = time.monotonic() + 5
        while source.silent_s < 0.5:
            block = source.read(0.2)
            assert block is None or not block.pcm.any()
            assert time.monotonic() < deadline_s


@needs_virtual_microphones
@pytest.mark.parametrize('device, words', [
    ('kitchen', "no microphone 'kitchen'; there are: 0: north_crib; 1: south_crib"),
    ('crib', "'crib' means several microphones, say which: 0: north_crib; 1: south_crib"),
    ('99', "no microphone '99'; there are: 0: north_crib")])
def test_a_wrong_name_gets_the_candidates(cribs, device, words):
    with pytest.raises(MicrophoneUnavailable) as raised:
        MicrophoneSource(device)
    assert words in str(raised.value)


@needs_virtual_microphones
def test_a_microphone_is_chosen_by_its_number(cribs):
    with MicrophoneSource(1) as source:
        assert source.device.name == 'south_crib'
    with pytest.raises(MicrophoneUnavailable, match='expected a channel from 0 to'):
        MicrophoneSource(1, channel=63)


@needs_virtual_microphones
def test_what_is_not_read_in_time_is_counted_and_the_rest_goes_on(cribs, monkeypatch):
    monkeypatch.setattr(microphone, 'QUEUE_S', 0.3)
    with MicrophoneSource('south_crib') as source, cribs.playing('south_crib', np.tile(TONE, 12)):
        first = blocks_of(source, 0.2, 60.0)[-1]
        lost, deadline_s = source.lost_samples, time.monotonic() + 60
        while source._process.dropped < 60:    # more than a second is thrown away unread
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
        later = whole_stretch(source, 0.4)[-1]
        assert source.overflows >= 60
        assert source.lost_samples - lost > 10_000
        assert later.first_sample - first.first_sample > 10_000


@needs_virtual_microphones
def test_a_microphone_that_goes_away_is_lost_and_returns(cribs):
    cribs.unplug('north_crib')         # else the server would switch to it
    try:
        with MicrophoneSource('south_crib') as source:
            assert blocks_of_silence(source)
            cribs.unplug('south_crib')
            with pytest.raises(MicrophoneLost):
                for _ in range(100):
                    source.read(0.1)
        with pytest.raises(MicrophoneUnavailable, match='south_crib: cannot be opened'):
            MicrophoneSource('south_crib')
        cribs.plug('south_crib')
        with MicrophoneSource('south_crib') as source, cribs.playing('south_crib', np.tile(TONE, 12)):  # noqa: E501  # a row a case
            deadline_s, loudest = time.monotonic() + 60, 0
            while loudest < 10_000:
                assert time.monotonic() < deadline_s
                block = source.read(0.2)
                loudest = 0 if block is None else np.abs(block.pcm).max()
    finally:
        cribs.plug('north_crib')


def blocks_of_silence(source):
    return [block for block in (source.read(1.0) for _ in range(5)) if block is not None]


@needs_virtual_microphones
def test_a_stuck_driver_is_noticed_and_closing_does_not_hang(cribs):
    with MicrophoneSource('south_crib', stall_s=0.5) as source:
        assert blocks_of_silence(source)
        process = source._process._process
        os.kill(process.pid, signal.SIGSTOP)
        with pytest.raises(MicrophoneLost, match='delivers no samples any more'):
            for _ in range(100):
                source.read(0.1)
    assert process.returncode == -signal.SIGKILL


@needs_virtual_microphones
def test_a_crashed_driver_is_named(cribs):
    with MicrophoneSource('south_crib') as source:
        os.kill(source._process.pid, signal.SIGSEGV)
        with pytest.raises(MicrophoneLost, match='ended .code -11'):
            for _ in range(100):
                source.read(0.1)
        with pytest.raises(MicrophoneLost):
            source.read(0.1)


@needs_virtual_microphones
def test_no_process_outlives_its_owner(cribs):
    program = ('import os, signal; from baby_cry_detector.audio import MicrophoneSource\n'
               'source = MicrophoneSource("south_crib")\n'
               'print(source._process.pid, flush=True)\n'
               'os.kill(os.getpid(), signal.SIGKILL)')
    check_that_it_ends_with_its_owner(program)


@needs_virtual_microphones
def test_nothing_is_printed(cribs, capfd):
    list_devices()
    with MicrophoneSource('south_crib') as source:
        source.read(0.5)
    assert capfd.readouterr() == ('', '')


@needs_virtual_microphones
def test_a_name_that_is_no_utf_8_hides_no_other(tmp_path, server, monkeypatch):
    config = tmp_path / 'asound.conf'
    config.write_bytes(server.alsa_config.read_bytes() + (
        f'pcm."k\xfcche" {{ type pulse\n server "unix:{server._socket}"\n'
        ' device "south_crib.monitor"\n fallback ""\n hint { show on\n description "x" } }\n'
    ).encode('latin-1'))
    monkeypatch.setenv('ALSA_CONFIG_PATH', str(config))
    monkeypatch.setenv('PULSE_SERVER', server.environment['PULSE_SERVER'])
    names = [device.name for device in list_devices()]
    assert r'k\xfcche' in names and 'north_crib' in names
    for name in (r'k\xfcche', 'north'):
        with MicrophoneSource(name) as source:
            assert name in source.description


@needs_pyaudio
def test_no_microphone_at_all_is_named():
    if list_devices():
        pytest.skip('this machine has a microphone')
    with pytest.raises(MicrophoneUnavailable, match='no microphone found'):
        MicrophoneSource()


@needs_pyaudio
def test_a_broken_sound_system_is_an_error_and_no_crash(tmp_path, monkeypatch):
    config = tmp_path / 'asound.conf'
    config.write_text('')              # PortAudio 19.6 aborts on this
    monkeypatch.setenv('ALSA_CONFIG_PATH', str(config))
    try:
        with MicrophoneSource('north_crib'):
            pass
    except MicrophoneUnavailable as error:
        assert str(error)


def test_missing_pyaudio_is_named(tmp_path, monkeypatch):
    (tmp_path / 'pyaudio.py').write_text('raise ImportError("Could not import the module")')
    monkeypatch.syspath_prepend(str(tmp_path))
    for call in (list_devices, MicrophoneSource):
        with pytest.raises(MicrophoneUnavailable, match='python3-pyaudio.*portaudio19-dev'):
            call()


def test_wrong_options_are_named():
    with pytest.raises(MicrophoneUnavailable, match='block duration'):
        MicrophoneSource(block_duration_s=5.0)
    with pytest.raises(ValueError, match="expected a channel: 'auto', 'mix', or a number"):
        MicrophoneSource(channel='left')
    with pytest.raises(ValueError, match='4000 to 384000'):
        MicrophoneSource(sample_rate=1)
