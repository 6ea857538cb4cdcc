# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that publishes audio from a microphone or a recording.

Topics, types and meaning are those of the released audio_capture package, so either can feed
the rest: `audio_stamped` (S16LE, stamp = capture time of the first sample) and latched
`audio_info`.
"""

from baby_cry_detector.audio import AudioBlock, from_pcm16
from baby_cry_detector.audio.devices.capture import MicrophoneCapture, Told
from baby_cry_detector.audio.ffmpeg import open_recording
from baby_cry_detector.fields import ParameterError
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.managed_node import ManagedNode
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


class AudioCapture(ManagedNode[AudioCaptureSettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters and publishers."""
        super().__init__('audio_capture', AudioCaptureSettings, overrides, **kwargs)
        self.finished = False
        self.extractor = None          # of the same process: takes audio without a message
        self._topic = ''
        self._settings = AudioCaptureSettings()
        self._player = None
        self._microphone = MicrophoneCapture(
            Told(lambda block: self._publish(block, block.capture_time_ns), self._publish_trust,
                 self.report, self.get_logger()), self.counts, self.own_thread)
        self._recording = self._trouble = ''        # its path, and what is wrong with it
        self._newest = np.zeros(0, np.int16)        # block
        self._published_samples = 0
        self._audio = self._info = self._trust = None

    def validate(self, values: AudioCaptureSettings):
        """Refuse a recording without a path."""
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
        self._settings = self._microphone.settings = values

    def activate(self):
        """Publish the format, then start the recording's timer or the microphone's thread."""
        self._publish_info()
        self.every(INFO_PERIOD_S, self._publish_info)
        self._trouble = ''
        self._publish_trust('')
        if self._settings.source == 'file':
            self._player = RecordingPlayer(self, self._settings, self._publish)
            self._recording = str(self._player.source.path)
            self.finished = False
            self.every(WATCH_PERIOD_S, self._watch)
        else:
            self._microphone.start(self._settings)
            self.every(WATCH_PERIOD_S, self._microphone.watch)

    def deactivate(self):
        """Stop the thread, which closes the device."""
        if self._player is not None:
            self._player.stop()
            self._player = None
        self._microphone.stop()

    def cleanup(self):
        """Nothing is published any more."""
        self._audio = self._info = self._trust = None

    def _publish_info(self):
        message = info_message(self._settings.sample_rate)
        self._info.publish(message)
        if self.extractor is not None:         # what it is handed over needs its format at once
            self.extractor.take_format(self._info.topic_name, message)

    def _publish(self, block: AudioBlock, stamp_ns: int) -> bool:
        """
        Hand a block to the extractor; a message is made for other subscribers.

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
                f'end of {self._recording} after '
                f'{self._published_samples / self._settings.sample_rate:.1f} s of audio')

    def _publish_trust(self, why: str):
        """Tell the classifier why the audio is not what it should be; '' where it is."""
        if self._trust is not None:
            self._trust.publish(String(data=why))

    def diagnose(self):
        """Report the device and what is wrong with it."""
        microphone = self._microphone
        is_file = self._settings.source == 'file'
        device = self._recording if is_file else microphone.description
        newest = self._newest if is_file else microphone.newest
        details = {'hardware_id': device, 'device': device, 'source': self._settings.source,
                   'level_dbfs': round(level_dbfs(from_pcm16(newest)), 1),
                   'silent_s': round(microphone.silent_s, 1),
                   'published_s': round(self._published_samples /
                                        self._settings.sample_rate, 2), **microphone.details}
        trouble = self._trouble or microphone.trouble
        if trouble:
            return DiagnosticStatus.ERROR, trouble, details
        if not self._is_active:
            return DiagnosticStatus.WARN, 'not active', details
        if microphone.distrust:
            return DiagnosticStatus.ERROR, microphone.distrust, details
        if microphone.warning:
            return DiagnosticStatus.WARN, microphone.warning, details
        return DiagnosticStatus.OK, 'end of recording' if self.finished else 'capturing', details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [AudioCapture()], args)
