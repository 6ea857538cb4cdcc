# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A microphone that is kept open: opened anew when it is lost, watched, and not trusted blindly.

One thread reads it, and another takes its place where that hangs. What hands out the blocks is
called in the thread.
"""

from collections import Counter
import contextlib
from dataclasses import dataclass, replace
import time
import traceback
from typing import Any, Callable, cast, Dict, Optional

from baby_cry_detector.audio.devices.device_thread import DeviceThread, Turn
from baby_cry_detector.audio.devices.microphone import list_devices, MicrophoneSource
from baby_cry_detector.audio.devices.sound_server import (DEAF_VOLUME_DB, OTHER_VOLUME_DB, Source,
                                                          SourceWatch)
from baby_cry_detector.audio.errors import AudioSourceError, MicrophoneLost
from baby_cry_detector.audio.sources import AudioBlock
import numpy as np

# All samples equal for this long: muted, unplugged behind a sound card, or stuck.
SILENT_MICROPHONE_S = 30.0
# A device that is open and gives nothing for this long is opened anew.
STUCK_S = 5.0
RETRY_S = (1.0, 2.0, 5.0, 10.0)
# Names under which a sound server gives whatever it has: the microphone was unplugged, and what is
# left is the sound that a loudspeaker plays.
ANY_DEVICE = ('', 'default', 'sysdefault', 'pulse', 'pipewire')
# The microphone's thread says that it is alive all the time, but for this long while it opens a
# device or waits to try again. Longer, and another one takes its place.
HUNG_S = 30.0


@dataclass(frozen=True)
class Told:
    """
    What a `MicrophoneCapture` tells; each is called in its thread.

    :param block: takes an `AudioBlock` that was read.
    :param trust: takes why the audio is not what it should be, '' when it is again.
    :param report: takes ``(kind, sentence)`` of trouble.
    :param log: has the methods ``info``, ``warning`` and ``error``.
    """

    block: Callable[[AudioBlock], object]
    trust: Callable[[str], None]
    report: Callable[[str, str], None]
    log: Any


class MicrophoneCapture:
    """
    A microphone that is kept open.

    :param told: who is told what.
    :param counts: clipped samples, losses, overflows and lost samples are added to it.
    :param own_thread: whose lock is held while a block is told, if there is one.
    :ivar microphone: that is, or was last, open.
    :ivar source: of the sound server, now; ``None`` where that can't be told.
    :ivar trouble: why there is no microphone, '' if there is one.
    :ivar distrust: why what it gives is not what it should be, '' if it is.
    :ivar age_ns: of the newest block when it was told.
    :ivar newest: its samples, int16 ``(n,)``; none while there is no microphone.
    """

    def __init__(self, told: Told, counts: Counter[str], own_thread: Any = None) -> None:
        """Nothing is open; ``settings`` are given when it is started."""
        self._told, self._counts, self._own_thread = told, counts, own_thread
        self.settings: Any = None
        self.microphone: Optional[MicrophoneSource] = None
        self.source: Optional[Source] = None
        self._first_source: Optional[Source] = None
        self.trouble = self.distrust = ''
        self.description = ''
        self.silent_s = 0.0
        self.age_ns: Optional[int] = None
        self.newest = np.zeros(0, np.int16)
        self._channels = ''            # what was found out about them
        self._thread = DeviceThread('microphone', self._capture, self._kill, HUNG_S)

    def start(self, settings: Any) -> None:
        """Open and read it, as the parameters of `audio_capture` say, which may be replaced."""
        self.settings = settings
        self.trouble, self.distrust, self.silent_s = '', '', 0.0
        self.source = self._first_source = None
        self._thread.start()

    def stop(self) -> None:
        """Close it; what hangs is given up."""
        if not self._thread.stop(5.0):
            self._told.report('microphone_hung',
                              'the microphone did not end in time and was given up')

    def watch(self) -> None:
        """Replace a thread that hangs or died; to be called now and then."""
        wrong = self._thread.watch()
        if wrong:
            self.trouble = wrong.partition(':')[0]
            self._told.report('microphone_hung', wrong)

    @property
    def warning(self) -> str:
        """Return what else should be looked at, '' for nothing."""
        now, first = self.source, self._first_source
        if now is not None and first is not None and (
                abs(now.volume_db - first.volume_db) >= OTHER_VOLUME_DB):
            return (f'the volume of {now} was changed from {first.volume_db:.1f} dB to '
                    f'{now.volume_db:.1f} dB')
        if self.silent_s > SILENT_MICROPHONE_S:
            return (f'the microphone gave the same value for {self.silent_s:.0f} s: muted or '
                    'stuck')
        return ''

    @property
    def details(self) -> Dict[str, object]:
        """Return what else is known of it."""
        details: Dict[str, object] = {}
        if self.source is not None:
            details.update(source_name=self.source.name, source_muted=self.source.muted,
                           source_volume_db=round(self.source.volume_db, 1))
        if self._channels:
            details['channels'] = self._channels
        if self.age_ns is not None:
            details['queue_age_s'] = round(self.age_ns * 1e-9, 3)
        return details

    # --- in the thread ---------------------------------------------------------------------------
    def _kill(self) -> None:
        if self.microphone is not None:
            self.microphone.kill()

    def _log_devices(self) -> None:
        try:
            names = [str(device) for device in list_devices()] or ['none']
        except AudioSourceError as error:
            names = [str(error)]
        self._told.log.info('microphones: ' + '; '.join(names))

    def _capture(self, turn: Turn) -> None:
        """Open, read, tell; open anew with back-off when it is lost."""
        try:
            self._log_devices()
        except (OSError, ValueError) as error:
            self._told.report('internal_error', f'cannot list microphones: {error}')
        attempt = 0
        while not turn.is_over:
            turn.alive()
            try:
                with MicrophoneSource(
                        device=self.settings.device, sample_rate=self.settings.sample_rate,
                        block_duration_s=self.settings.block_duration_s,
                        channel=self.settings.channel) as microphone:
                    self.microphone = microphone
                    self.description = microphone.description
                    self._told.log.info(f'listening to {microphone.description}')
                    self.trouble, attempt = '', 0
                    with SourceWatch(microphone.pid) as watch:
                        self._read(microphone, watch, turn)
            except Exception as error:
                if turn.is_over:
                    return             # another thread has the device by now
                if not isinstance(error, (AudioSourceError, OSError)):
                    self._told.report('internal_error', traceback.format_exc())
                self.trouble, self.silent_s = str(error), 0.0
                self.newest = self.newest[:0]
                self._counts['microphone_lost'] += 1
                delay_s = RETRY_S[min(attempt, len(RETRY_S) - 1)]
                attempt += 1
                turn.alive()
                self._told.log.error(f'{error}; trying again in {delay_s:g} s')
                turn.stop.wait(delay_s)

    def _read(self, microphone: MicrophoneSource, watch: SourceWatch, turn: Turn) -> None:
        seen: Dict[str, int] = {}
        arrived_s = time.monotonic()
        opened = None                  # source that this stream began with
        while not turn.is_over:
            opened = self._judge(watch.source, opened)
            block = microphone.read(timeout_s=0.5)
            if turn.is_over:
                return
            turn.alive()
            if block is not None:
                arrived_s = time.monotonic()
                try:
                    with self._alone_in(turn):
                        amplified = self._amplified(block)
                        self._told.block(amplified)
                        self.newest = amplified.pcm
                except InterruptedError:
                    return
                self.age_ns = time.time_ns() - cast(int, block.capture_time_ns)
            elif time.monotonic() - arrived_s > STUCK_S:
                raise MicrophoneLost(f'{microphone.description} gave no audio for {STUCK_S:g} s')
            self.silent_s = microphone.silent_s
            news = microphone.mixer.take_news()
            if news:
                self._told.log.warning(f'{microphone.description}: {news}')
            self._channels = microphone.mixer.finding
            for kind in ('overflows', 'lost_samples'):
                count = getattr(microphone, kind)
                self._counts[kind] += max(0, count - seen.get(kind, 0))
                seen[kind] = count

    def _amplified(self, block: AudioBlock) -> AudioBlock:
        gain_db = self.settings.gain_db
        if not gain_db:
            return block
        samples = block.pcm * 10.0 ** (gain_db / 20.0)
        clipped = np.count_nonzero(np.abs(samples) > 32767.5)
        if clipped:
            self._counts['clipped_samples'] += int(clipped)
        return replace(block, pcm=np.clip(np.rint(samples), -32768, 32767).astype(np.int16))

    def _alone_in(self, turn: Turn) -> Any:
        """Return the nodes' lock, for a thread whose end somebody may wait for who holds it."""
        if self._own_thread is None:
            return contextlib.nullcontext()
        return self._own_thread.turn(lambda: turn.is_over)

    # --- what the sound server does --------------------------------------------------------------
    def _is_left_to_the_server(self) -> bool:
        """Return whether the server chooses the microphone: nobody named one."""
        device = str(self.settings.device).strip().lower()
        return device in ANY_DEVICE or device.isdigit()

    def _judge(self, source: Optional[Source], opened: Optional[Source]) -> Optional[Source]:
        """
        Judge what the sound server does with the stream; return the source that it began with.

        :raises MicrophoneLost: if the server has moved the stream to another microphone.
        """
        if source is None:
            return opened
        if opened is not None and source.name != opened.name:
            raise MicrophoneLost(f'{opened} is gone and the sound server moved the stream to '
                                 f'{source}, which nobody chose')
        first = self._first_source = self._first_source or source
        if self.source is not None and self.source.volume_db != source.volume_db:
            self._told.log.warning(
                f'{source}: the volume was changed from {self.source.volume_db:.1f} dB '
                f'to {source.volume_db:.1f} dB')
        self.source = source
        why = ''
        if source.name != first.name:
            why = f'{source} is heard instead of {first}'
        elif source.port != first.port:
            why = f'{source} listens through {source.port} instead of {first.port}'
        elif source.muted:
            why = f'{source} is muted'
        elif source.volume_db <= first.volume_db - DEAF_VOLUME_DB:
            why = f'{source} was turned down by {first.volume_db - source.volume_db:.0f} dB'
        elif source.is_monitor and self._is_left_to_the_server():
            why = f'{source} is what a loudspeaker plays, and no microphone: choose a device'
        if why != self.distrust:       # told once per change
            if why:                    # rclpy allows one severity per line of code
                self._told.log.error(why)
            else:
                self._told.log.info('the microphone is as it should be again')
            self.distrust = why
            self._told.trust(why)
        return opened or source
