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
Node that publishes audio from a microphone or a recording.

Topics, types and meaning are those of the released audio_capture package, so either can feed
the rest: `audio_stamped` (S16LE, stamp = capture time of the first sample) and latched
`audio_info`.
"""

from array import array
from collections import Counter
import threading
import time

from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from diagnostic_msgs.msg import DiagnosticStatus

from baby_cry_detector.audio import (
    AudioBlock, AudioSourceError, FileSource, list_devices, MicrophoneSource)
from baby_cry_detector.nodes import qos
from baby_cry_detector.nodes.managed_node import ManagedNode, run_nodes, survive
from baby_cry_detector.nodes.parameters import TABLES
from baby_cry_detector.nodes.ros_time import from_nanoseconds, now_nanoseconds
from baby_cry_detector.parameters import ParameterError

INFO_PERIOD_S = 5.0
# A recording played faster than real time may lag by this much before it stops catching up.
LONGEST_LAG_S = 2.0
# All samples equal for this long: muted, unplugged behind a sound card, or stuck.
SILENT_MICROPHONE_S = 30.0
RETRY_S = (1.0, 2.0, 5.0, 10.0)


class AudioCapture(ManagedNode):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters and publishers."""
        super().__init__('audio_capture', TABLES['audio_capture'], overrides, **kwargs)
        self.finished = False
        self._settings = {}
        self._running_timers = []
        self._worker = None
        self._stop = threading.Event()
        self._trouble = ''
        self._silent_s = 0.0
        self._device_name = ''
        self._published_samples = 0
        self._audio = self._info = None

    def validate(self, values):
        """Refuse a recording without a path."""
        if values['source'] == 'file' and not values['file']:
            raise ParameterError('source is "file" but the parameter file names no recording')

    def configure(self, values):
        """Check the recording now; a microphone is opened on activation."""
        self._settings = values
        self.finished = False
        if values['source'] == 'file':
            self._open_file()
        depth = qos.depth_for(values['block_duration_s'])
        self._audio = self.create_lifecycle_publisher(
            AudioDataStamped, 'audio_stamped', qos.stream(depth), **qos.OVERRIDABLE)
        self._info = self.create_lifecycle_publisher(
            AudioInfo, 'audio_info', qos.LATCHED, **qos.OVERRIDABLE)

    def _open_file(self):
        return FileSource(self._settings['file'], self._settings['sample_rate'],
                          self._settings['block_duration_s'], loop=self._settings['loop'])

    def activate(self):
        """Publish the format, then start the recording's timer or the microphone's thread."""
        self._publish_info()
        self._running_timers = [self.create_timer(INFO_PERIOD_S, self._publish_info)]
        self._stop.clear()
        if self._settings['source'] == 'file':
            self._start_file()
        else:
            self._worker = threading.Thread(target=self._capture, name='microphone', daemon=True)
            self._worker.start()

    def deactivate(self):
        """Stop the timers and the thread; the thread closes the device."""
        for timer in self._running_timers:
            self.destroy_timer(timer)
        self._running_timers = []
        self._stop.set()
        if self._worker is not None:
            self._worker.join(timeout=5.0)
            self._worker = None

    def cleanup(self):
        """Give the publishers back."""
        for publisher in (self._audio, self._info):
            if publisher is not None:
                self.destroy_lifecycle_publisher(publisher)
        self._audio = self._info = None

    def _publish_info(self):
        rate = self._settings['sample_rate']
        self._info.publish(AudioInfo(
            channels=1, sample_rate=rate, sample_format='S16LE', bitrate=rate * 16,
            coding_format='wave'))

    def _publish(self, block: AudioBlock, stamp_ns: int):
        message = AudioDataStamped()
        message.header.stamp = from_nanoseconds(stamp_ns)
        message.header.frame_id = self._settings['frame_id']
        message.audio.data = array('B', block.pcm.astype('<i2').tobytes())
        self._audio.publish(message)
        self._published_samples = block.first_sample + len(block.pcm)

    # --- recording -------------------------------------------------------------------------------
    def _start_file(self):
        source = self._open_file()
        self._blocks = iter(source)
        self._device_name = str(source.path)
        self._start_ns = now_nanoseconds(self)
        self._wall_start_s = time.monotonic()
        rate = self._settings['rate']
        period = self._settings['block_duration_s'] / rate if rate else 0.0
        self._running_timers.append(self.create_timer(period, self._play))

    @survive
    def _play(self):
        """Publish what is due: one block, or several if the timer was late."""
        rate = self._settings['rate']
        duration = self._settings['block_duration_s']
        while not self.finished:
            try:
                block = next(self._blocks, None)
            except AudioSourceError as error:
                self._trouble = str(error)
                self.get_logger().error(f'the recording ends early: {error}')
                block = None
            if block is None:
                self.finished = True
                self.get_logger().info(
                    f'end of {self._device_name} after '
                    f'{self._published_samples / self._settings["sample_rate"]:.1f} s of audio')
                return
            time_ns = block.first_sample * 1_000_000_000 // self._settings['sample_rate']
            self._publish(block, self._start_ns + time_ns)
            if not rate:
                return
            lag_s = (time.monotonic() - self._wall_start_s) - (time_ns * 1e-9 + duration) / rate
            if lag_s > LONGEST_LAG_S:
                self._wall_start_s += lag_s
            if lag_s < duration / rate:
                return

    # --- microphone ------------------------------------------------------------------------------
    def _log_devices(self):
        try:
            names = [str(device) for device in list_devices()] or ['none']
        except AudioSourceError as error:
            names = [str(error)]
        self.get_logger().info('microphones: ' + '; '.join(names))

    def _capture(self):
        """Run in a thread of its own: open, read, publish; reopen with back-off when lost."""
        self._log_devices()
        attempt = 0
        while not self._stop.is_set():
            try:
                with MicrophoneSource(
                        device=self._settings['device'],
                        sample_rate=self._settings['sample_rate'],
                        block_duration_s=self._settings['block_duration_s']) as microphone:
                    self._device_name = microphone.description
                    self.get_logger().info(f'listening to {microphone.description}')
                    self._trouble = ''
                    attempt = 0
                    seen = Counter()
                    while not self._stop.is_set():
                        block = microphone.read(timeout_s=0.5)
                        if block is not None:
                            self._publish(block, block.capture_time_ns)
                        self._silent_s = microphone.silent_s
                        for kind in ('overflows', 'lost_samples'):
                            count = getattr(microphone, kind)
                            self.counts[kind] += max(0, count - seen[kind])
                            seen[kind] = count
            except (AudioSourceError, OSError) as error:
                self._trouble = str(error)
                self.counts['microphone_lost'] += 1
                delay_s = RETRY_S[min(attempt, len(RETRY_S) - 1)]
                attempt += 1
                self.get_logger().error(f'{error}; trying again in {delay_s:g} s')
                self._stop.wait(delay_s)

    def diagnose(self):
        """Report the device and what is wrong with it."""
        details = {'hardware_id': self._device_name, 'source': self._settings.get('source', ''),
                   'published_s': round(self._published_samples /
                                        self._settings.get('sample_rate', 16000), 2)}
        if self._trouble:
            return DiagnosticStatus.ERROR, self._trouble, details
        if not self._is_active:
            return DiagnosticStatus.WARN, 'not active', details
        if self._silent_s > SILENT_MICROPHONE_S:
            return (DiagnosticStatus.WARN, f'the microphone gave the same value for '
                    f'{self._silent_s:.0f} s: muted or stuck', details)
        return DiagnosticStatus.OK, 'end of recording' if self.finished else 'capturing', details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [AudioCapture()], args)
