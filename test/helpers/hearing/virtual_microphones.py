# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Microphones that need no hardware: a private PulseAudio, seen by PortAudio through ALSA."""

from contextlib import contextmanager
import functools
import os
from pathlib import Path
import shutil
import subprocess
import sys
import threading
import time

from process_memory import runs


@functools.cache
def missing():
    """Return why there can be no virtual microphones here; '' if there can."""
    for program in ('pulseaudio', 'pactl', 'pacat'):
        if not shutil.which(program):
            return f'{program} is not installed (apt: pulseaudio, pulseaudio-utils)'
    plugin = 'alsa-lib/libasound_module_pcm_pulse.so'
    if not [*Path('/usr').glob(f'lib*/{plugin}'), *Path('/usr/lib').glob(f'*/{plugin}')]:
        return 'the ALSA plugin for PulseAudio is not installed (apt: libasound2-plugins)'
    try:
        import pyaudio  # noqa: F401  # only whether it is there
    except ImportError as error:
        return f'PyAudio is not installed ({error})'
    return ''


class VirtualMicrophones:
    """A PulseAudio server of one's own with sinks whose monitors are microphones."""

    def __init__(self, folder: Path, names, speakers=False):
        self.names = list(names)
        self._socket = folder / 'pulse.socket'
        self._modules = {}
        self.alsa_config = folder / 'asound.conf'
        text = '</usr/share/alsa/alsa.conf>\n'
        for name in self.names:
            text += (f'pcm.{name} {{ type pulse\n server "unix:{self._socket}"\n'
                     f' device "{name}.monitor"\n fallback ""\n'
                     f' hint {{ show on\n description "{name}" }} }}\n')
        # Loudspeakers whose sound the microphone of that name hears.
        for name in self.names if speakers else ():
            text += (f'pcm.{name}_speaker {{ type pulse\n server "unix:{self._socket}"\n'
                     f' device "{name}"\n fallback ""\n'
                     f' hint {{ show on\n description "{name}_speaker" }} }}\n')
        self.alsa_config.write_text(text)
        self.environment = {**os.environ, 'HOME': str(folder), 'XDG_RUNTIME_DIR': str(folder),
                            'PULSE_RUNTIME_PATH': str(folder),
                            'PULSE_SERVER': f'unix:{self._socket}'}
        self._server = subprocess.Popen(
            ['pulseaudio', '-n', '--daemonize=no', '--exit-idle-time=-1', '--disable-shm=yes',
             '--use-pid-file=no', '--log-target=stderr', '-L',
             f'module-native-protocol-unix socket={self._socket} auth-anonymous=1'],
            env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline_s = time.monotonic() + 10
        while self._control('info', check=False).returncode:
            if time.monotonic() > deadline_s or self._server.poll() is not None:
                raise RuntimeError('PulseAudio does not start')
            time.sleep(0.05)
        for name in self.names:
            self.plug(name)

    @property
    def found_by(self):
        """Return what a process has to have in its environment to find these devices."""
        return {'ALSA_CONFIG_PATH': str(self.alsa_config),
                'PULSE_SERVER': self.environment['PULSE_SERVER']}

    def show_to(self, monkeypatch):
        """Let this process find these devices."""
        for name, value in self.found_by.items():
            monkeypatch.setenv(name, value)

    def plug(self, name, rate=48000):
        """Let a microphone appear."""
        result = self._control('load-module', 'module-null-sink', f'sink_name={name}',
                               f'rate={rate}', 'channels=2')
        self._modules[name] = result.stdout.strip()

    def unplug(self, name):
        """Take a microphone away."""
        self._control('unload-module', self._modules.pop(name))

    @contextmanager
    def playing(self, name, pcm, rate=48000):
        """Let int16 samples, ``(n,)`` or ``(n, channels)``, be heard by a microphone, once."""
        channels = 1 if pcm.ndim == 1 else pcm.shape[1]
        process = subprocess.Popen(
            ['pacat', '--playback', f'--device={name}', f'--rate={rate}', f'--channels={channels}',
             '--format=s16le', '--latency-msec=50'], env=self.environment,
            stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        writer = threading.Thread(target=self._write, args=(process, pcm.tobytes()), daemon=True)
        writer.start()
        try:
            yield
        finally:
            process.kill()
            process.wait()
            writer.join(2)

    def is_playing(self):
        """Return whether anything is heard by any microphone."""
        return bool(self._control('list', 'short', 'sink-inputs').stdout.strip())

    @staticmethod
    def _write(process, data):
        try:
            process.stdin.write(data)
            process.stdin.close()
        except OSError:
            pass

    def stop(self):
        """End the server."""
        self._server.kill()
        self._server.wait()

    def _control(self, *arguments, check=True):
        return subprocess.run(['pactl', *arguments], env=self.environment, check=check,
                              capture_output=True, text=True, timeout=10)


def check_that_it_ends_with_its_owner(program):
    """Run a program that prints a process' number and is killed; wait until that has ended too."""
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, sys.path))}
    result = subprocess.run([sys.executable, '-c', program], env=environment, timeout=60,
                            capture_output=True, text=True)
    pid, deadline_s = int(result.stdout), time.monotonic() + 20
    while runs(pid):
        assert time.monotonic() < deadline_s, f'process {pid} outlives its owner'
        time.sleep(0.05)
