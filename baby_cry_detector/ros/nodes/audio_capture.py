# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that publishes audio from a microphone or a recording.

Topics, types and meaning are those of the released audio_capture package, so either can feed
the rest: `audio_stamped` (S16LE, stamp = capture time of the first sample) and latched
`audio_info`.
"""

from collections import Counter
import contextlib
from dataclasses import replace
import time
import traceback

from baby_cry_detector.audio import (AudioBlock, AudioSourceError, from_pcm16, list_devices,
                                     MicrophoneLost, MicrophoneSource, parse_choice)
from baby_cry_detector.audio.devices.device_thread import DeviceThread, Turn
from baby_cry_detector.audio.devices.sound_server import OTHER_VOLUME_DB, SourceWatch
from baby_cry_detector.audio.ffmpeg import open_recording
from baby_cry_detector.fields import ParameterError
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.managed_node import ManagedNode, survive
from baby_cry_detector.ros.base.messages import (audio_message, AudioDataStamped, AudioInfo,
                                                 info_message)
from baby_cry_detector.ros.base.parameters import AudioCaptureSettings
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.ros.tools.recording_player import RecordingPlayer
from baby_cry_detector.stream.intake import level_dbfs
from diagnostic_msgs.msg import DiagnosticStatus
import numpy as np
from std_msgs.msg import String

INFO_PERIOD_S = 5.0
WATCH_PERIOD_S = 0.1
# All samples equal for this long: muted, unplugged behind a sound card, or stuck.
SILENT_MICROPHONE_S = 30.0
# A device that is open and gives nothing for this long is opened anew.
STUCK_S = 5.0
RETRY_S = (1.0, 2.0, 5.0, 10.0)
# The microphone's thread says that it is alive all the time, but for this long while it opens a
# device or waits to try again. Longer, and another one takes its place.
HUNG_S = 30.0


class AudioCapture(ManagedNode[AudioCaptureSettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters and publishers."""
        super().__init__('audio_capture', AudioCaptureSettings, overrides, **kwargs)
        self.finished = False
        self.extractor = None          # of the same process: takes audio without a message
        self._topic = ''
        self._settings = AudioCaptureSettings()
        self._player = self._microphone = None
        self._worker = DeviceThread('microphone', self._capture, self._kill_microphone, HUNG_S)
        self._trouble = ''
        self._silent_s = 0.0
        self._newest = np.zeros(0, np.int16)        # block
        self._device_name = ''
        self._channels = ''            # what was found out about them
        self._published_samples = 0
        self._age_ns = None            # of the newest block when it was published
        self._audio = self._info = self._trust = None
        self._source = self._first_source = None   # of the sound server: now, and at first
        self._distrust = ''            # why this audio is not what it should be

    def validate(self, values: AudioCaptureSettings):
        """Refuse a recording without a path, and a channel that there can't be."""
        parse_choice(values.channel)
        if values.source == 'file' and not values.file:
            raise ParameterError('source is "file" but the parameter file names no recording')

    def configure(self, values: AudioCaptureSettings):
        """Check the recording now; a microphone is opened on activation."""
        self._settings = values
        self.finished = False
        if values.source == 'file':
            open_recording(values.file, values.sample_rate, values.block_duration_s,
                           channel=values.channel)
        depth = qos.depth_for(values.block_duration_s)
        self._topic = self.resolve_topic_name('audio_stamped')
        self._audio = self.offer(AudioDataStamped, 'audio_stamped', qos.stream(depth))
        self._info = self.offer(AudioInfo, 'audio_info', qos.LATCHED)
        self._trust = self.offer(String, 'audio_trouble', qos.LATCHED)

    def live_change(self, values: AudioCaptureSettings):
        """Use another gain."""
        self._settings = values

    def activate(self):
        """Publish the format, then start the recording's timer or the microphone's thread."""
        self._publish_info()
        self.every(INFO_PERIOD_S, self._publish_info)
        self._trouble, self._silent_s = '', 0.0
        self._source = self._first_source = None
        self._distrust = ''
        self._publish_trust()
        if self._settings.source == 'file':
            self._player = RecordingPlayer(self, self._settings, self._publish)
            self._device_name = str(self._player.source.path)
            self.finished = False
            self.every(WATCH_PERIOD_S, self._watch)
        else:
            self._worker.start()
            self.every(WATCH_PERIOD_S, self._watch_worker)

    def deactivate(self):
        """Stop the thread, which closes the device."""
        if self._player is not None:
            self._player.stop()
            self._player = None
        if not self._worker.stop(5.0):
            self.report('microphone_hung', 'the microphone did not end in time and was given up')

    def cleanup(self):
        """Nothing is published any more."""
        self._audio = self._info = self._trust = None

    def _publish_info(self):
        self._info.publish(info_message(self._settings.sample_rate))

    def _publish(self, block: AudioBlock, stamp_ns: int) -> bool:
        """
        Hand a block to the extractor; a message is made for whoever else subscribes.

        :return: whether it was heard in this call.
        """
        frame_id = self._settings.frame_id
        is_taken = self.extractor is not None and self.extractor.take(
            self._topic, block.pcm.astype('<i2', copy=False).tobytes(), stamp_ns, frame_id)
        # The extractor itself is one subscriber; what it has taken it does not take again.
        if not is_taken or self._audio.get_subscription_count() > 1:
            self._audio.publish(audio_message(block.pcm, stamp_ns, frame_id))
        self._newest = block.pcm
        self._published_samples = block.first_sample + len(block.pcm)
        return is_taken

    def _watch(self):
        """Note the end of the recording."""
        if self._player.finished and not self.finished:
            self.finished = True
            if self._player.trouble:
                self._trouble = self._player.trouble
                self.get_logger().error(self._trouble)
            self.get_logger().info(
                f'end of {self._device_name} after '
                f'{self._published_samples / self._settings.sample_rate:.1f} s of audio')

    # --- microphone's thread ---------------------------------------------------------------------
    @survive
    def _watch_worker(self):
        """Replace a thread that hangs or died; whatever the cause, nobody has to restart this."""
        wrong = self._worker.watch()
        if wrong:
            self._trouble = wrong.partition(':')[0]
            self.report('microphone_hung', wrong)

    def _kill_microphone(self):
        if self._microphone is not None:
            self._microphone.kill()

    # --- microphone ------------------------------------------------------------------------------
    def _log_devices(self):
        try:
            names = [str(device) for device in list_devices()] or ['none']
        except AudioSourceError as error:
            names = [str(error)]
        self.get_logger().info('microphones: ' + '; '.join(names))

    def _amplified(self, block: AudioBlock) -> AudioBlock:
        gain_db = self._settings.gain_db
        if not gain_db:
            return block
        samples = block.pcm * 10.0 ** (gain_db / 20.0)
        clipped = np.count_nonzero(np.abs(samples) > 32767.5)
        if clipped:
            self.counts['clipped_samples'] += int(clipped)
        return replace(block, pcm=np.clip(np.rint(samples), -32768, 32767).astype(np.int16))

    def _capture(self, turn: Turn):
        """Run in a thread of its own: open, read, publish; reopen with back-off when lost."""
        try:
            self._log_devices()
        except (OSError, ValueError) as error:
            self.report('internal_error', f'cannot list microphones: {error}')
        attempt = 0
        while not turn.is_over:
            turn.alive()
            try:
                with MicrophoneSource(
                        device=self._settings.device,
                        sample_rate=self._settings.sample_rate,
                        block_duration_s=self._settings.block_duration_s,
                        channel=self._settings.channel) as microphone:
                    self._microphone = microphone
                    self._device_name = microphone.description
                    self.get_logger().info(f'listening to {microphone.description}')
                    self._trouble, attempt = '', 0
                    with SourceWatch(microphone.pid) as watch:
                        self._listen(microphone, watch, turn)
            except Exception as error:
                if turn.is_over:
                    return             # another thread has the device by now
                if not isinstance(error, (AudioSourceError, OSError)):
                    self.report('internal_error', traceback.format_exc())
                self._trouble, self._newest, self._silent_s = str(error), self._newest[:0], 0.0
                self.counts['microphone_lost'] += 1
                delay_s = RETRY_S[min(attempt, len(RETRY_S) - 1)]
                attempt += 1
                turn.alive()
                self.get_logger().error(f'{error}; trying again in {delay_s:g} s')
                turn.stop.wait(delay_s)

    def _listen(self, microphone: MicrophoneSource, watch: SourceWatch, turn: Turn):
        seen = Counter()
        heard_s = time.monotonic()
        opened = None                  # source that this stream began with
        while not turn.is_over:
            opened = self._look_at_source(watch.source, opened)
            block = microphone.read(timeout_s=0.5)
            if turn.is_over:
                return
            turn.alive()
            if block is not None:
                heard_s = time.monotonic()
            elif time.monotonic() - heard_s > STUCK_S:
                raise MicrophoneLost(f'{microphone.description} gave no audio for {STUCK_S:g} s')
            if block is not None:
                try:
                    with self._alone_in(turn):
                        self._publish(self._amplified(block), block.capture_time_ns)
                except InterruptedError:
                    return
                self._age_ns = time.time_ns() - block.capture_time_ns
            self._silent_s = microphone.silent_s
            news = microphone.mixer.take_news()
            if news:
                self.get_logger().warning(f'{microphone.description}: {news}')
            self._channels = microphone.mixer.finding
            for kind in ('overflows', 'lost_samples'):
                count = getattr(microphone, kind)
                self.counts[kind] += max(0, count - seen[kind])
                seen[kind] = count

    def _alone_in(self, turn: Turn):
        """Return the nodes' lock, for a thread whose end somebody may wait for who holds it."""
        if self.own_thread is None:
            return contextlib.nullcontext()
        return self.own_thread.turn(lambda: turn.is_over)

    def _look_at_source(self, source, opened):
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
        if self._source is not None and self._source.volume_db != source.volume_db:
            before_db, now_db = self._source.volume_db, source.volume_db
            self.get_logger().warning(f'{source}: the volume was changed from {before_db:.1f} dB '
                                      f'to {now_db:.1f} dB')
        self._source = source
        why = ''
        if source.name != first.name:
            why = f'{source} is heard instead of {first}'
        elif source.port != first.port:
            why = f'{source} listens through {source.port} instead of {first.port}'
        elif source.muted:
            why = f'{source} is muted'
        self._say_trust(why)
        return opened or source

    def _say_trust(self, why: str):
        """Tell the classifier, once per change, why the audio is not what it should be."""
        if why != self._distrust:
            if why:                    # rclpy allows one severity per line of code
                self.get_logger().error(why)
            else:
                self.get_logger().info('the microphone is as it should be again')
            self._distrust = why
            self._publish_trust()

    def _publish_trust(self):
        if self._trust is not None:
            self._trust.publish(String(data=self._distrust))

    def diagnose(self):
        """Report the device and what is wrong with it."""
        details = {'hardware_id': self._device_name, 'device': self._device_name,
                   'source': self._settings.source,
                   'level_dbfs': round(level_dbfs(from_pcm16(self._newest)), 1),
                   'silent_s': round(self._silent_s, 1),
                   'published_s': round(self._published_samples /
                                        self._settings.sample_rate, 2)}
        if self._source is not None:
            details.update(source_name=self._source.name, source_muted=self._source.muted,
                           source_volume_db=round(self._source.volume_db, 1))
        if self._channels:
            details['channels'] = self._channels
        if self._age_ns is not None:
            details['queue_age_s'] = round(self._age_ns * 1e-9, 3)
        if self._trouble:
            return DiagnosticStatus.ERROR, self._trouble, details
        if not self._is_active:
            return DiagnosticStatus.WARN, 'not active', details
        if self._distrust:
            return DiagnosticStatus.ERROR, self._distrust, details
        if self._source is not None and abs(
                self._source.volume_db - self._first_source.volume_db) >= OTHER_VOLUME_DB:
            return (DiagnosticStatus.WARN, f'the volume of {self._source} was changed from '
                    f'{self._first_source.volume_db:.1f} dB to {self._source.volume_db:.1f} dB',
                    details)
        if self._silent_s > SILENT_MICROPHONE_S:
            return (DiagnosticStatus.WARN, f'the microphone gave the same value for '
                    f'{self._silent_s:.0f} s: muted or stuck', details)
        return DiagnosticStatus.OK, 'end of recording' if self.finished else 'capturing', details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [AudioCapture()], args)
