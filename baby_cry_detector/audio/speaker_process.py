# Copyright 2026 The baby_cry_detector authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""
Child process that owns PortAudio for one loudspeaker; `speaker.py` starts it.

A process for the same reasons as the microphone's (`microphone_process.py`). Standard input
carries S16LE mono samples; it is played as it comes, and silence follows when none comes. Standard
output carries lines of JSON: ``{"devices": …}``, ``{"opened": …}``, ``{"error": …, "lost": …}``.
The process ends when its standard input is closed, after playing what it has.
"""

import json
import os
import queue
import sys
import threading
import time

COMMON_RATES = (48_000, 44_100, 32_000, 16_000, 96_000, 22_050)
BLOCK_S = 0.02
QUEUED_BLOCKS = 6              # that wait here; what waits delays a stop
WATCH_S = 0.2


class Failure(Exception):
    """Something to tell the owner; ``lost`` if the stream was open before."""

    def __init__(self, text, lost=False):
        super().__init__(text)
        self.lost = lost


def output_devices(audio):
    """Return what PortAudio knows about each device that has outputs."""
    try:
        default = audio.get_default_output_device_info()['index']
    except (OSError, KeyError):
        default = -1
    devices = []
    for index in range(audio.get_device_count()):
        info = audio.get_device_info_by_index(index)
        if info['maxOutputChannels'] > 0:
            host_api = audio.get_host_api_info_by_index(info['hostApi'])['name']
            devices.append({'index': index, 'name': info['name'], 'host_api': host_api,
                            'channels': int(info['maxOutputChannels']),
                            'sample_rate': int(info['defaultSampleRate']),
                            'is_default': index == default})
    return devices


def choose(devices, wanted):
    """Return the device that ``wanted`` (index, part of a name, or '') means."""
    names = '; '.join(f"{device['index']}: {device['name']}" for device in devices) or 'none'
    if not devices:
        raise Failure('no loudspeaker found: the system has no audio output')
    if not wanted:
        return next((device for device in devices if device['is_default']), devices[0])
    if wanted.isdecimal():
        found = [device for device in devices if device['index'] == int(wanted)]
    else:
        found = [device for device in devices if device['name'].lower() == wanted.lower()] or [
            device for device in devices if wanted.lower() in device['name'].lower()]
    if not found:
        raise Failure(f'no loudspeaker {wanted!r}; there are: {names}')
    if len(found) > 1:
        names = '; '.join(f"{device['index']}: {device['name']}" for device in found)
        raise Failure(f'{wanted!r} means several loudspeakers, say which: {names}')
    return found[0]


class Playback:
    """An open stream; PortAudio's own thread asks for samples, a short queue holds them."""

    def __init__(self, pyaudio, audio, device, preferred_rate):
        self._queue = queue.Queue(maxsize=QUEUED_BLOCKS)
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

    def _supply(self, _, frame_count, time_info, status):
        wanted = 2 * frame_count
        while len(self._rest) < wanted:
            try:
                self._rest += self._queue.get_nowait()
            except queue.Empty:        # silence where nothing came
                self._rest += bytes(wanted - len(self._rest))
        data, self._rest = self._rest[:wanted], self._rest[wanted:]
        return spread(data, self.channels), self._continue

    def run(self):
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

    def _put(self, data):
        while True:
            try:
                self._queue.put(data, timeout=WATCH_S)
                return
            except queue.Full:
                if not self._stream.is_active():
                    raise Failure('the stream ended', lost=True) from None


def spread(data, channels):
    """Return mono S16LE bytes for so many channels."""
    if channels == 1:
        return data
    samples = memoryview(data).cast('h')
    wide = bytearray(len(data) * channels)
    out = memoryview(wide).cast('h')
    for channel in range(channels):
        out[channel::channels] = samples
    return bytes(wide)


def end_with_owner(parent):
    """End the process when its owner is gone but the device hangs."""
    def wait():
        while os.getppid() == parent:
            time.sleep(0.5)
        time.sleep(1.0)                # for what is played to its end
        os._exit(0)
    threading.Thread(target=wait, daemon=True).start()


def main(options):
    """Do what the JSON object in the first argument says; return the exit code."""
    report = os.fdopen(os.dup(1), 'w', buffering=1)
    os.dup2(2, 1)                      # others print too
    end_with_owner(os.getppid())
    try:
        try:
            import pyaudio
        except ImportError as error:
            raise Failure(f'the loudspeaker needs PyAudio: install python3-pyaudio (apt), or '
                          f'portaudio19-dev (apt) and then pyaudio (pip) ({error})') from None
        try:
            audio = pyaudio.PyAudio()
            devices = output_devices(audio)
        except OSError as error:
            raise Failure(f'PortAudio does not start ({error})') from None
        if 'device' not in options:
            print(json.dumps({'devices': devices}), file=report)
            return 0
        device = choose(devices, options['device'])
        playback = Playback(pyaudio, audio, device, options['sample_rate'])
        print(json.dumps({'opened': {**device, 'sample_rate': playback.rate,
                                     'opened': playback.channels}}), file=report)
        playback.run()
    except Failure as failure:
        print(json.dumps({'error': str(failure), 'lost': failure.lost}), file=report)
        return 1
    except BrokenPipeError:
        return 0
    return 0


if __name__ == '__main__':
    sys.path.pop(0)            # this folder, whose names are not top-level modules
    code = main(json.loads(sys.argv[1]))
    sys.stderr.flush()
    os._exit(code)             # no destructors: closing a dead device can hang
