# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that shows what is heard: a picture, markers for rviz, scalars for plots.

Off the critical path: it subscribes to what it needs only while somebody subscribes to it.
"""

from array import array
import time

from baby_cry_detector.audio import AudioFormat, ChannelMixer
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.features import feature_set_ids, get_feature_set
from baby_cry_detector.msg import CryNeed, FrameFeatures
from baby_cry_detector.needs import STATUS_WORDS
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.managed_node import ManagedNode, survive
from baby_cry_detector.ros.base.messages import (AudioDataStamped, AudioInfo, cry_state,
                                                 frame_values)
from baby_cry_detector.ros.base.parameters import CryMonitorSettings
from baby_cry_detector.ros.base.ros_time import Arrival, to_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.units import SECOND_NS, to_s
from baby_cry_detector.views.history import History
from baby_cry_detector.views.picture import Limits, Now, Picture
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from sensor_msgs.msg import Image
from std_msgs.msg import Float32
from visualization_msgs.msg import Marker, MarkerArray

WATCH_PERIOD_S = 0.5
SIDES_PIXELS = 120
SILENT_S = 3.0
SCALARS = ('intensity', 'crying', 'confidence', 'enter_threshold', 'leave_threshold', 'f0_hz')
# Colour-blind safe, and told in words beside.
CRYING_RGBA, QUIET_RGBA, DEAF_RGBA = (0.84, 0.37, 0.0), (0.34, 0.71, 0.91), (0.6, 0.6, 0.6)


def describe(said: CryState):
    """Return (state, details) of what is believed, in words."""
    if not said.is_heard:
        return STATUS_WORDS[said.status], said.status_reason
    if not said.crying:
        return 'no crying', ''
    why = (f'need {said.need_name.replace("_", " ")}, {said.confidence:.0%} sure'
           if said.is_need_named else 'need not clear')
    return (f'CRYING for {to_s(said.duration_ns):.0f} s',
            f'{why}, intensity {said.intensity:.2f}')


class CryMonitor(ManagedNode[CryMonitorSettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters."""
        super().__init__('cry_monitor', CryMonitorSettings, overrides, **kwargs)
        self._values = CryMonitorSettings()
        self._image = self._markers = self._raw_audio = None
        self._scalars = {}
        self._subscriptions_by_topic = {}
        self._history = self._picture = self._need = self._header = None
        self._format = None
        self._feature_set = self._picture_timer = None
        self._limits = Limits()
        self._arrival = Arrival(self)          # of the newest cry_need
        self._pictures = 0
        self._draw_ms = 0.0

    def configure(self, values: CryMonitorSettings):
        """Make the publishers; nothing is subscribed to yet."""
        self._values = values
        self._picture = Picture(values.width, values.height, values.theme,
                                min(values.width / 640, values.height / 360))
        try:
            self._picture.draw(History(1, SECOND_NS), Now(), Limits())
        except ImportError as error:
            raise ValueError('the picture needs Pillow: install python3-pil (apt) or pillow (pip) '
                             f'({error})') from None
        columns = max(50, (values.width - round(SIDES_PIXELS * self._picture.scale)))
        self._history = History(columns, round(values.window_s * SECOND_NS / columns))
        self._image = self.offer(Image, 'monitor/image', qos.STATE)
        self._markers = self.offer(MarkerArray, 'monitor/markers', qos.STATE)
        self._scalars = {name: self.offer(Float32, f'monitor/{name}', qos.STATE)
                         for name in SCALARS}
        if values.raw_audio:
            try:
                from foxglove_msgs.msg import RawAudio
            except ImportError as error:
                raise ValueError('raw_audio needs the package foxglove_msgs '
                                 f'({error})') from None
            self._raw_audio = self.offer(RawAudio, 'monitor/raw_audio', qos.STATE)

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
        self._scalars = {}

    def live_change(self, values: CryMonitorSettings):
        """Use another rate or theme at once."""
        self._values = values
        self._picture = Picture(values.width, values.height, values.theme,
                                self._picture.scale)
        if self._picture_timer is not None:
            self._draw_while(False)
            self._draw_while(True)

    # --- what is needed --------------------------------------------------------------------------
    @survive
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
        for topic in [name for name in self._subscriptions_by_topic if name not in topics]:
            self.destroy_subscription(self._subscriptions_by_topic.pop(topic))
            if topic == 'cry_need':
                self._need = None
                self._arrival.clear()
                self._limits = Limits()
        kinds = {
            'cry_need': (CryNeed, self._on_need, qos.NEED),
            '/diagnostics': (DiagnosticArray, self._on_diagnostics, qos.STATE),
            'audio_info': (AudioInfo, self._on_info, qos.LATCHED),
            'audio_stamped': (AudioDataStamped, self._on_audio, qos.stream(qos.depth_for())),
            'frame_features': (FrameFeatures, self._on_features, qos.stream(qos.depth_for()))}
        for topic in sorted(topics - set(self._subscriptions_by_topic)):
            kind, callback, profile = kinds[topic]
            self._subscriptions_by_topic[topic] = self.hear(kind, topic, callback, profile)

    def _draw_while(self, wanted: bool):
        if wanted and self._picture_timer is None:
            self._picture_timer = self.every(1.0 / self._values.picture_rate, self._draw)
        elif not wanted and self._picture_timer is not None:
            self.destroy_timer(self._picture_timer)
            self._picture_timer = None
            self._history.clear()

    # --- what is heard ---------------------------------------------------------------------------
    @survive
    def _on_info(self, message: AudioInfo):
        self._format = None
        self._format = AudioFormat(message.sample_rate, message.channels, message.sample_format,
                                   message.coding_format)
        self._mixer = ChannelMixer(message.channels, message.sample_rate)

    @survive
    def _on_audio(self, message: AudioDataStamped):
        if self._format is None:
            return
        data = self._format.little_endian(message.audio.data)
        if self._raw_audio is not None and self._raw_audio.get_subscription_count():
            from foxglove_msgs.msg import RawAudio
            self._raw_audio.publish(RawAudio(
                timestamp=message.header.stamp, data=data, format='pcm-s16',
                sample_rate=self._format.sample_rate, number_of_channels=self._format.channels))
        if self._picture_timer is not None:
            self._history.add_audio(to_nanoseconds(message.header.stamp),
                                    self._mixer.decode(data),
                                    self._format.sample_rate)

    @survive
    def _on_features(self, message: FrameFeatures):
        feature_set = self._known_set(message.feature_set)
        if feature_set is None:
            return
        values, roles = frame_values(message, feature_set), feature_set.roles
        if not len(values):
            return
        f0, voicing = (values[:, feature_set.index(roles[role])] for role in ('f0', 'voicing'))
        hop_ns = feature_set.hop_length * SECOND_NS // feature_set.sample_rate
        if self._picture_timer is not None:
            self._history.add_pitch(to_nanoseconds(message.header.stamp), hop_ns, f0, voicing)
        self._say('f0_hz', float(f0[-1]))

    def _known_set(self, set_id: str):
        """Return the feature set of a message where it is known and has F0."""
        if self._feature_set is None or self._feature_set.id != set_id:
            known = get_feature_set(set_id) if set_id in feature_set_ids() else None
            if known is None or not {'f0', 'voicing'} <= set(known.roles):
                return None
            self._feature_set = known
        return self._feature_set

    @survive
    def _on_diagnostics(self, message: DiagnosticArray):
        name = f'{self.get_namespace().strip("/")}/cry_classifier'.lstrip('/')
        for status in message.status:
            if status.name == name:
                values = {pair.key: pair.value for pair in status.values}
                if 'enter_threshold' in values:
                    self._limits = Limits(float(values['enter_threshold']),
                                          float(values['leave_threshold']))
                    self._say('enter_threshold', self._limits.enter)
                    self._say('leave_threshold', self._limits.leave)

    @survive
    def _on_need(self, message: CryNeed):
        self._arrival.note()
        said = self._need = cry_state(message)
        self._header = message.header
        if self._picture_timer is not None:
            self._history.add_decision(
                said.stamp_ns, said.is_heard, said.crying, said.cry_probability, said.labels,
                said.probabilities, said.intensity, said.episode, said.onset_ns,
                said.onset_ns + said.duration_ns,
                said.need_name.replace('_', ' ') if said.is_need_named else '')
        self._say('intensity', said.intensity)
        self._say('crying', float(said.crying))
        self._say('confidence', said.confidence)
        if self._markers.get_subscription_count():
            self._markers.publish(self._marker_array(said))

    def _say(self, name: str, value: float):
        if self._scalars[name].get_subscription_count():
            self._scalars[name].publish(Float32(data=float(value)))

    # --- what is shown ---------------------------------------------------------------------------
    @survive
    def _draw(self):
        start_s = time.perf_counter()
        pixels = self._picture.draw(self._history, self._now(), self._limits)
        self._draw_ms = (time.perf_counter() - start_s) * 1e3
        self._pictures += 1
        message = Image(height=pixels.shape[0], width=pixels.shape[1], encoding='rgb8',
                        is_bigendian=0, step=pixels.shape[1] * 3)
        message.data = array('B', pixels.tobytes())
        if self._need is not None:
            message.header = self._header
        else:
            message.header.stamp = self.get_clock().now().to_msg()
        self._image.publish(message)

    def _now(self) -> Now:
        silent_ns = self._arrival.silent_ns()
        if self._need is None or silent_ns is None or silent_ns > SILENT_S * SECOND_NS:
            return Now(state='no cry_classifier', details='nothing says what is heard')
        state, details = describe(self._need)
        seconds = self._need.stamp_ns // SECOND_NS
        return Now(self._need.crib_id, state, details,
                   time.strftime('%H:%M:%S', time.localtime(seconds)), self._need.crying)

    def _marker_array(self, need: CryState) -> MarkerArray:
        """Return a ball whose size is the intensity, and what is believed in words over it."""
        state, details = describe(need)
        colour = (DEAF_RGBA if not need.is_heard
                  else CRYING_RGBA if need.crying else QUIET_RGBA)
        markers = []
        text = state if not details else f'{state}\n{details.replace(", ", chr(10))}'
        size = 0.15 + 0.35 * (need.intensity if need.crying else 0.0)
        for number, kind, height, scale in ((0, Marker.SPHERE, 0.0, size),
                                            (1, Marker.TEXT_VIEW_FACING, 0.55, 0.12)):
            marker = Marker(header=self._header, ns='cry_need', id=number, type=kind,
                            action=Marker.ADD, text=text if number else '')
            marker.pose.orientation.w = 1.0
            marker.pose.position.z = height
            marker.scale.x = marker.scale.y = marker.scale.z = scale
            marker.color.r, marker.color.g, marker.color.b = colour if not number else (1.0,) * 3
            marker.color.a = 0.9 if number == 0 else 1.0
            # What is not said again is not true any more.
            marker.lifetime.sec = int(SILENT_S)
            markers.append(marker)
        return MarkerArray(markers=markers)

    def diagnose(self):
        """Report what is shown and what that costs."""
        details = {'pictures': self._pictures, 'draw_ms': round(self._draw_ms, 1),
                   'hears': ', '.join(sorted(self._subscriptions_by_topic)) or 'nothing'}
        if not self._is_active:
            return DiagnosticStatus.WARN, 'not active', details
        shown = 'showing' if self._subscriptions_by_topic else 'nobody looks'
        return DiagnosticStatus.OK, shown, details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [CryMonitor()], args)
