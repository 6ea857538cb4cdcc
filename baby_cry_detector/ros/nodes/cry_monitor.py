# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that shows what is heard: a picture, markers for rviz, scalars for plots.

Off the critical path: it subscribes to what it needs only while somebody subscribes to it.
"""

import time

from baby_cry_detector.audio import AudioFormat, ChannelMixer
from baby_cry_detector.features import feature_set_ids, get_feature_set
from baby_cry_detector.msg import CryNeed, FrameFeatures
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.managed_node import ManagedNode
from baby_cry_detector.ros.base.messages import (AudioDataStamped, AudioInfo, cry_state,
                                                 frame_values)
from baby_cry_detector.ros.base.parameters import CryMonitorSettings
from baby_cry_detector.ros.base.ros_time import Arrival, to_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.ros.parts.monitor_messages import crib_markers, picture_message
from baby_cry_detector.ros.parts.on_demand import OnDemand
from baby_cry_detector.ros.parts.raw_audio import RawAudioOutput
from baby_cry_detector.units import SECOND_NS
from baby_cry_detector.views.history import pitch_of
from baby_cry_detector.views.live import head_of, live_history, live_picture
from baby_cry_detector.views.picture import Limits
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from sensor_msgs.msg import Image
from std_msgs.msg import Float32, Header
from visualization_msgs.msg import MarkerArray

WATCH_PERIOD_S, SILENT_S = 0.5, 3.0
THRESHOLDS = ('enter_threshold', 'leave_threshold')
SCALARS = ('intensity', 'crying', 'confidence', *THRESHOLDS, 'f0_hz')


class CryMonitor(ManagedNode[CryMonitorSettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters."""
        super().__init__('cry_monitor', CryMonitorSettings, overrides, **kwargs)
        self._values = CryMonitorSettings()
        self._image = self._markers = self._raw_audio = None
        self._scalars = {}
        stream = qos.stream(qos.depth_for())
        self._heard = OnDemand(self, {
            'cry_need': (CryNeed, self._on_need, qos.NEED),
            '/diagnostics': (DiagnosticArray, self._on_diagnostics, qos.STATE),
            'audio_info': (AudioInfo, self._on_info, qos.LATCHED),
            'audio_stamped': (AudioDataStamped, self._on_audio, stream),
            'frame_features': (FrameFeatures, self._on_features, stream)})
        self._history = self._picture = self._need = self._header = None
        self._format = self._picture_timer = None
        self._limits = Limits()
        self._arrival = Arrival(self)          # of the newest cry_need
        self._pictures, self._draw_ms = 0, 0.0

    def configure(self, values: CryMonitorSettings):
        """Make the publishers; nothing is subscribed to yet."""
        self._values = values
        self._picture = live_picture(values.width, values.height, values.theme)
        self._history = live_history(self._picture, values.width, values.window_s)
        self._image = self.offer(Image, 'monitor/image', qos.STATE)
        self._markers = self.offer(MarkerArray, 'monitor/markers', qos.STATE)
        self._scalars = {
            name: self.offer(Float32, f'monitor/{name}', qos.STATE) for name in SCALARS}
        if values.raw_audio:
            self._raw_audio = RawAudioOutput(self)

    def activate(self):
        """Look for subscribers from now on."""
        self.every(WATCH_PERIOD_S, self._watch)

    def deactivate(self):
        """Unsubscribe from everything and forget what was heard."""
        self._subscribe_to(set())
        self._draw_while(False)

    def cleanup(self):
        """Nothing is shown any more."""
        self._image = self._markers = self._raw_audio = self._history = self._picture = None
        self._scalars.clear()

    def live_change(self, values: CryMonitorSettings):
        """Use another rate or theme at once."""
        self._values = values
        self._picture = live_picture(values.width, values.height, values.theme)
        if self._picture_timer is not None:
            self._draw_while(False)
            self._draw_while(True)

    # --- what is needed --------------------------------------------------------------------------
    def _watch(self):
        """Subscribe to what the present subscribers need, and to nothing else."""
        def wanted(publisher):
            return publisher is not None and publisher.get_subscription_count() > 0

        picture, topics = wanted(self._image), set()
        if picture or wanted(self._markers) or any(map(wanted, self._scalars.values())):
            topics |= {'cry_need', '/diagnostics'}
        if picture or wanted(self._raw_audio):
            topics |= {'audio_info', 'audio_stamped'}
        if picture or wanted(self._scalars.get('f0_hz')):
            topics.add('frame_features')
        self._subscribe_to(topics)
        self._draw_while(picture)

    def _subscribe_to(self, topics):
        if 'cry_need' in self._heard.need(topics):
            self._need = None
            self._arrival.clear()
            self._limits = Limits()

    def _draw_while(self, wanted: bool):
        if wanted and self._picture_timer is None:
            self._picture_timer = self.every(1.0 / self._values.picture_rate, self._draw)
        elif not wanted and self._picture_timer is not None:
            self.destroy_timer(self._picture_timer)
            self._picture_timer = None
            self._history.clear()

    # --- what is heard ---------------------------------------------------------------------------
    def _on_info(self, message: AudioInfo):
        self._format = None
        self._format = AudioFormat(message.sample_rate, message.channels, message.sample_format,
                                   message.coding_format)
        self._mixer = ChannelMixer(message.channels, message.sample_rate)

    def _on_audio(self, message: AudioDataStamped):
        if self._format is None:
            return
        data = self._format.little_endian(message.audio.data)
        if self._raw_audio is not None:
            self._raw_audio.publish(message.header.stamp, data, self._format)
        if self._picture_timer is not None:
            self._history.add_audio(to_nanoseconds(message.header.stamp),
                                    self._mixer.decode(data), self._format.sample_rate)

    def _on_features(self, message: FrameFeatures):
        if message.feature_set not in feature_set_ids():
            return
        feature_set = get_feature_set(message.feature_set)
        values = frame_values(message, feature_set)
        pitch = pitch_of(feature_set, values)
        if pitch is not None:
            self._say('f0_hz', float(pitch[0][-1]))
        if self._picture_timer is not None:
            self._history.add_frames(to_nanoseconds(message.header.stamp), feature_set, values)

    def _on_diagnostics(self, message: DiagnosticArray):
        name = f'{self.get_namespace().strip("/")}/cry_classifier'.lstrip('/')
        for status in message.status:
            if status.name == name:
                values = {pair.key: pair.value for pair in status.values}
                if 'enter_threshold' in values:
                    self._limits = Limits(*(float(values[name]) for name in THRESHOLDS))
                    for name in THRESHOLDS:
                        self._say(name, float(values[name]))

    def _on_need(self, message: CryNeed):
        self._arrival.note()
        said = self._need = cry_state(message)
        self._header = message.header
        if self._picture_timer is not None:
            self._history.add_state(said)
        for name in ('intensity', 'crying', 'confidence'):
            self._say(name, float(getattr(said, name)))
        if self._markers.get_subscription_count():
            self._markers.publish(crib_markers(said, self._header, SILENT_S))

    def _say(self, name: str, value: float):
        if self._scalars[name].get_subscription_count():
            self._scalars[name].publish(Float32(data=float(value)))

    # --- what is shown ---------------------------------------------------------------------------
    def _draw(self):
        start_s = time.perf_counter()
        is_silent = (self._arrival.silent_ns() or 0) > SILENT_S * SECOND_NS
        pixels = self._picture.draw(
            self._history, head_of(None if is_silent else self._need), self._limits)
        self._draw_ms = (time.perf_counter() - start_s) * 1e3
        self._pictures += 1
        header = self._header if self._need is not None else Header(
            stamp=self.get_clock().now().to_msg())
        self._image.publish(picture_message(pixels, header))

    def diagnose(self):
        """Report what is shown and what that costs."""
        details = {'pictures': self._pictures, 'draw_ms': round(self._draw_ms, 1),
                   'hears': ', '.join(sorted(self._heard.topics)) or 'nothing'}
        if not self._is_active:
            return DiagnosticStatus.WARN, 'not active', details
        return DiagnosticStatus.OK, 'showing' if self._heard.topics else 'nobody looks', details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [CryMonitor()], args)
