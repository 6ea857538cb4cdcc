# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a sound server (PulseAudio, PipeWire) does to a microphone behind the back of its reader.

It moves a stream to another source when its own is unplugged, and leaves it there; it has a mute
switch and a volume that anybody may change. `SourceWatch` asks `pactl` whenever the server says
that something changed. Without a server or without `pactl` nothing is known, and nothing is said.
"""

from dataclasses import dataclass
import json
import math
import os
import shutil
import subprocess
import threading
from typing import Any, Dict, List, Optional

from baby_cry_detector.printable import one_line

QUERY_TIMEOUT_S = 5.0
RETRY_S = 5.0                  # until the server is asked for again where there was none
OTHER_VOLUME_DB = 6.0          # a change of volume that is said
DEAF_VOLUME_DB = 12.0          # turned down by that it may not hear what it heard


@dataclass(frozen=True)
class Source:
    """
    Where a stream comes from now.

    :param name: of the source, as the server calls it.
    :param description: as people read it.
    :param muted: whether source or stream are muted.
    :param volume_db: of source and stream together, 0 is unchanged; -120 for silence.
    :param port: of the source that is heard: a headset that is plugged in may take the place of
        the microphone behind the same name; '' where there is but one.
    :param is_monitor: whether it is what a loudspeaker plays, and no microphone.
    """

    name: str
    description: str
    muted: bool
    volume_db: float
    port: str = ''
    is_monitor: bool = False

    def __str__(self) -> str:
        """Return the name that a person knows."""
        return f'{self.description} ({self.name})' if self.description else self.name


def source_of(pid: int) -> Optional[Source]:
    """Return where the stream of a process comes from; ``None`` if that can't be told."""
    try:
        return _source_of(pid)
    except (AttributeError, TypeError, ValueError):        # a server that answers nonsense
        return None


def _source_of(pid: int) -> Optional[Source]:
    streams, sources = (_listed(what) for what in ('source-outputs', 'sources'))
    for stream in streams:
        if str((stream.get('properties') or {}).get('application.process.id', '')) != str(pid):
            continue
        for source in sources:
            if source.get('index') == stream.get('source'):
                return Source(str(source.get('name', '')), one_line(source.get('description', '')),
                              bool(source.get('mute') or stream.get('mute')),
                              _volume_db(source) + _volume_db(stream),
                              str(source.get('active_port') or ''), _is_monitor(source))
    return None


def _listed(what: str) -> List[Dict[str, Any]]:
    try:
        done = subprocess.run(['pactl', '-f', 'json', 'list', what], capture_output=True,
                              timeout=QUERY_TIMEOUT_S, stdin=subprocess.DEVNULL)
        found = json.loads(done.stdout.decode('utf-8', 'replace') or '[]')
    except (OSError, ValueError, RecursionError, subprocess.TimeoutExpired):
        return []
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _is_monitor(source: Dict[str, Any]) -> bool:
    return (str(source.get('name', '')).endswith('.monitor')
            or (source.get('properties') or {}).get('device.class') == 'monitor')


def _volume_db(item: Dict[str, Any]) -> float:
    """Return the loudest channel's volume."""
    volumes = []
    for channel in (item.get('volume') or {}).values():
        try:
            volumes.append(float(str(channel['db']).split()[0].replace(',', '.')))
        except (KeyError, TypeError, ValueError, IndexError):
            continue
    volumes = [max(-120.0, volume) for volume in volumes       # "-inf dB" too
               if not math.isnan(volume)]
    return max(volumes, default=0.0)


class SourceWatch:
    """
    Keeps `source` up to date for one process; a context manager.

    :param pid: of the process that reads the microphone.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._source: Optional[Source] = None
        self._ended = threading.Event()
        self._events: Optional[subprocess.Popen[bytes]] = None
        self._thread: Optional[threading.Thread] = None

    @property
    def source(self) -> Optional[Source]:
        """Return where the stream comes from; ``None`` if that can't be told."""
        return self._source

    def __enter__(self) -> 'SourceWatch':
        """Begin, if there is anything to ask."""
        if shutil.which('pactl') is not None:
            self._thread = threading.Thread(target=self._run, name='sound server', daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._ended.set()
        events = self._events
        if events is not None:
            events.kill()
        if self._thread is not None:
            self._thread.join(2 * QUERY_TIMEOUT_S)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._events = subprocess.Popen(
                    ['pactl', 'subscribe'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    stdin=subprocess.DEVNULL, env={**os.environ, 'LC_ALL': 'C'})
            except OSError:
                return
            with self._events as events:
                self._source = source_of(self._pid)
                changed = threading.Event()
                listener = threading.Thread(target=self._listen, args=(events, changed),
                                            daemon=True)
                listener.start()
                # However many changes there were meanwhile, what is so now is asked for once.
                while events.poll() is None and not self._ended.is_set():
                    if changed.wait(0.5):
                        changed.clear()
                        self._source = source_of(self._pid)
                events.kill()
                listener.join()
            self._ended.wait(RETRY_S)

    @staticmethod
    def _listen(events: 'subprocess.Popen[bytes]', changed: threading.Event) -> None:
        assert events.stdout is not None       # it is a pipe
        for line in events.stdout:
            if b'source' in line or b'server' in line:
                changed.set()
