# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the child processes that own PortAudio share: `microphone_process.py`, `speaker_process.py`.

Why a process: PortAudio looks for devices only when nothing in the process uses it, so a
device that comes back is not seen as long as another one is open; a device that vanishes can
leave its driver hanging or crash it; and what ALSA and JACK print can be kept away from the
terminal without silencing anyone else. `device_owner.py` is the owner's side.

The children run as scripts and find this file beside them: only the standard library and PyAudio
are imported, so that a device is open a fraction of a second after it was asked for.
"""

import json
import os
import struct
import sys
from typing import Any, Callable, Dict, List, Tuple

# Before each record of a microphone: kind, time of arrival on the monotonic clock in ns, number of
# the sample (of every channel) after the last one, what was dropped included, overflows so far,
# length in bytes.
HEADER = struct.Struct('<cqQII')
WATCH_S = 0.2                  # between looks at whether the stream still runs
Device = Dict[str, Any]


class Failure(Exception):
    """Something to tell the owner; ``lost`` if the stream was open before."""

    def __init__(self, text: str, lost: bool = False) -> None:
        super().__init__(text)
        self.lost = lost


def start_portaudio(noun: str) -> Tuple[Any, Any]:
    """
    Return the module PyAudio and a running PortAudio.

    :raises Failure: if either is missing; ``noun`` says for what.
    """
    try:
        import pyaudio
    except ImportError as error:
        raise Failure(f'the {noun} needs PyAudio: install python3-pyaudio (apt), or '
                      f'portaudio19-dev (apt) and then pyaudio (pip) ({error})') from None
    try:
        return pyaudio, pyaudio.PyAudio()
    except OSError as error:
        raise Failure(f'PortAudio does not start ({error})') from None


def devices_with(audio: Any, direction: str) -> List[Device]:
    """Return what PortAudio knows about each device with an ``'input'`` or ``'output'``."""
    default_of = {'input': audio.get_default_input_device_info,
                  'output': audio.get_default_output_device_info}[direction]
    try:
        default = default_of()['index']
    except (OSError, KeyError, ValueError):
        default = -1
    devices = []
    try:
        count = audio.get_device_count()
    except OSError as error:
        raise Failure(f'PortAudio does not start ({error})') from None
    for index in range(count):
        try:
            info = audio.get_device_info_by_index(index)
            channels = int(info[f'max{direction.capitalize()}Channels'])
            if channels > 0:
                devices.append({'index': index, 'name': as_text(info['name']),
                                'host_api': host_api_of(audio, info['hostApi']),
                                'channels': channels,
                                'sample_rate': int(info['defaultSampleRate']),
                                'is_default': index == default})
        except (OSError, ValueError, KeyError, TypeError) as error:
            # One device that can't be told about hides no other.
            print(f'audio device {index} is left out: {error!r}', file=sys.stderr)
    return devices


def as_text(name: Any) -> str:
    r"""Return a name that a driver gave; what can't be shown, or commands a terminal, is \xNN."""
    text = name.decode('utf-8', 'backslashreplace') if isinstance(name, bytes) else str(name)
    return ''.join(letter if letter.isprintable() else letter.encode('unicode_escape').decode()
                   for letter in text)


def host_api_of(audio: Any, index: int) -> str:
    """Return the name of a host API, '' if it can't be told."""
    try:
        return as_text(audio.get_host_api_info_by_index(index)['name'])
    except (OSError, ValueError, KeyError, TypeError):
        return ''


def choose(devices: List[Device], wanted: str, noun: str, direction: str) -> Device:
    """
    Return the device that ``wanted`` (index, part of a name, or '' for the default) means.

    :raises Failure: if there is none or several fit; it names the candidates.
    """
    if not devices:
        raise Failure(f'no {noun} found: the system has no audio {direction}')
    if not wanted:
        return next((device for device in devices if device['is_default']), devices[0])
    if wanted.isdecimal():
        found = [device for device in devices if device['index'] == int(wanted)]
    else:
        found = [device for device in devices if device['name'].lower() == wanted.lower()] or [
            device for device in devices if wanted.lower() in device['name'].lower()]
    if not found:
        raise Failure(f'no {noun} {wanted!r}; there are: {_names(devices)}')
    if len(found) > 1:
        raise Failure(f'{wanted!r} means several {noun}s, say which: {_names(found)}')
    return found[0]


def _names(devices: List[Device]) -> str:
    return '; '.join(f"{device['index']}: {device['name']}" for device in devices)


def serve(noun: str, direction: str, options: Dict[str, Any],
          drive: Callable[[Any, Any, Device], None], on_devices: Callable[[List[Device]], None],
          on_failure: Callable[[Failure], None]) -> int:
    """
    Tell which devices there are, or drive the one that is asked for; return the exit code.

    :param options: with ``device`` (see `choose`) where one is to be driven.
    :param drive: called with the module PyAudio, the running PortAudio and the device; returns
        when its stream is over.
    :param on_devices: called with the devices, where none is asked for.
    :param on_failure: called with a `Failure`.
    """
    try:
        pyaudio, audio = start_portaudio(noun)
        devices = devices_with(audio, direction)
        if 'device' not in options:
            on_devices(devices)
        else:
            drive(pyaudio, audio, choose(devices, options['device'], noun, direction))
    except Failure as failure:
        on_failure(failure)
        return 1
    except BrokenPipeError:            # the owner has gone
        return 0
    return 0


def run(main: Callable[[Dict[str, Any]], int]) -> None:
    """Call ``main`` with the JSON object in the first argument; end with the code it returns."""
    sys.path.pop(0)            # this folder, whose names are not top-level modules
    code = main(json.loads(sys.argv[1]))
    sys.stderr.flush()
    os._exit(code)             # no destructors: closing a dead device can hang
