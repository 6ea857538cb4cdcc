# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that turns any stamped S16LE audio into rows of descriptors: `frame_features`.

The rows carry the audio's own stamps and a frame counter, so whoever follows can see what is
missing.
"""

from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Float32

from baby_cry_detector.audio import AudioFormat
from baby_cry_detector.audio.formats import MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from baby_cry_detector.features import FeatureSet, get_feature_set
from baby_cry_detector.stream.intake import AudioIntake, SILENCE_DBFS
from baby_cry_detector.stream.listener import open_checkpoint
from baby_cry_detector.msg import FrameFeatures
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.health import Interleaving, Workload
from baby_cry_detector.ros.base.managed_node import ManagedNode, survive
from baby_cry_detector.ros.base.messages import features_message
from baby_cry_detector.ros.base.parameters import TABLES
from baby_cry_detector.ros.base.ros_time import Arrival, to_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes

LEVEL_PERIOD_S = 0.1
# Audio that arrives before its format waits for it; this many messages, then the oldest go.
MOST_WAITING = 500


def is_possible(message: AudioInfo) -> bool:
    """Return whether there can be audio of such a rate and channel count."""
    return (MIN_SAMPLE_RATE <= message.sample_rate <= MAX_SAMPLE_RATE
            and 1 <= message.channels <= MAX_CHANNELS)


class FeatureExtractor(ManagedNode):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters."""
        super().__init__('feature_extractor', TABLES['feature_extractor'], overrides, **kwargs)
        self._values = {}
        self._intake = None
        self._listening = []
        self._running_timers = []
        self._features = self._level = None
        self._frame_id = ''
        self._waiting = []
        self._arrival = Arrival(self)
        self._workload = Workload()
        self._interleaving = Interleaving()
        self._format_trouble = ''

    def configure(self, values):
        """Find the feature set and build the extractor."""
        self._values = values
        if values['feature_set']:
            feature_set = get_feature_set(values['feature_set'])
        else:
            feature_set = FeatureSet.from_dict(open_checkpoint(values['model']).feature_set)
        channel = None if values['channel'] < 0 else values['channel']
        self._intake = AudioIntake(feature_set, channel, values['stamp_tolerance_s'])
        self._features = self.offer(
            FrameFeatures, 'frame_features', qos.stream(qos.depth_for()))
        self._level = self.offer(Float32, 'level_dbfs', qos.STATE)
        self.get_logger().info(f'{feature_set.id}: {len(feature_set.columns)} features a frame, '
                               f'{feature_set.lookahead_s * 1e3:.0f} ms after its start')

    def activate(self):
        """Subscribe."""
        self._listening = [
            self.hear(AudioInfo, 'audio_info', self._hear_info, qos.LATCHED),
            self.hear(AudioDataStamped, 'audio_stamped', self._hear,
                      qos.stream(qos.depth_for()))]
        self._running_timers = [self.every(LEVEL_PERIOD_S, self._watch)]

    def deactivate(self):
        """Unsubscribe and forget the stream."""
        for subscription in self._listening:
            self.destroy_subscription(subscription)
        for timer in self._running_timers:
            self.destroy_timer(timer)
        self._listening, self._running_timers, self._waiting = [], [], []
        self._arrival.clear()
        self._format_trouble = ''
        if self._intake is not None:
            self._intake.forget()

    def cleanup(self):
        """Give the publishers and the extractor back."""
        for publisher in (self._features, self._level):
            if publisher is not None:
                self.destroy_lifecycle_publisher(publisher)
        self._features = self._level = self._intake = None

    @survive
    def _hear_info(self, message: AudioInfo):
        try:
            audio_format = AudioFormat(message.sample_rate, message.channels,
                                       message.sample_format, message.coding_format)
        except ValueError as error:
            # What can't be true says nothing; what can (mp3 at 44,100 Hz) means that the audio
            # to come is not what it was.
            if self._intake.format is None or is_possible(message):
                self._format_trouble = str(error)
                self._waiting.clear()
            raise
        self._format_trouble = ''
        for frames in self._intake.set_format(audio_format):
            self._publish(frames)
        waiting, self._waiting = self._waiting, []
        for audio in waiting:
            self._take(audio)

    @survive
    def _hear(self, message: AudioDataStamped, info: dict):
        self._interleaving.note(info.get('publication_sequence_number'))
        self._take(message)

    def _take(self, message: AudioDataStamped):
        if self._format_trouble:
            self.counts['undecodable'] += 1
            return
        if self._intake.format is None:
            self._wait_for_info(message)
            return
        before = self._intake.counts.copy()
        stamp_ns = to_nanoseconds(message.header.stamp)
        with self._workload.measured():
            frames = self._intake.hear(stamp_ns, message.audio.data)
            self._frame_id = message.header.frame_id
            age_ns = self._arrival.note() - stamp_ns
            for block in frames:
                self._publish(block)
        self._workload.add(sum(len(block.values) for block in frames), age_ns)
        for kind, count in (self._intake.counts - before).items():
            if kind == 'samples_lost':
                self.counts[kind] += count
            else:
                self.report(kind, f'audio_stamped is not continuous: {kind}')

    def _wait_for_info(self, message):
        self._waiting.append(message)
        if len(self._waiting) > MOST_WAITING:
            self._waiting.pop(0)
            self.counts['dropped_without_format'] += 1
        self.report('without_format', 'audio arrives, waiting for its format on audio_info')

    def _publish(self, frames):
        self._features.publish(
            features_message(frames, self._intake.feature_set.id, self._frame_id))

    @survive
    def _watch(self):
        """
        Publish the level, and say when audio has stopped.

        What comes next may only be late: its stamp says whether it goes on where this ended.
        """
        level = SILENCE_DBFS
        silent_ns = self._arrival.silent_ns()
        if silent_ns is not None:
            level = self._intake.level_dbfs
            if silent_ns > self._values['no_audio_timeout_s'] * 1e9:
                self._arrival.clear()
                self.report('no_audio', 'no audio arrives any more')
        self._level.publish(Float32(data=level))

    def diagnose(self):
        """Report format, level and whether audio arrives."""
        details = self._workload.figures()
        if self._intake is not None:
            details.update(feature_set=self._intake.feature_set.id,
                           level_dbfs=round(self._intake.level_dbfs, 1))
            if self._intake.format is not None:
                details.update(sample_rate=self._intake.format.sample_rate,
                               channels=self._intake.format.channels)
        if self._format_trouble:
            return DiagnosticStatus.ERROR, self._format_trouble, details
        if not self._is_active:
            return DiagnosticStatus.WARN, 'not active', details
        if self._arrival.silent_ns() is None:
            return DiagnosticStatus.ERROR, 'no audio', details
        # One that was killed counts as a publisher until DDS misses it; it sends nothing.
        publishers = self.count_publishers(self.resolve_topic_name('audio_stamped'))
        if publishers > 1 and self._interleaving.is_seen():
            return (DiagnosticStatus.WARN, f'{publishers} publishers send audio_stamped at once: '
                    'a crib has one microphone, give each a namespace', details)
        return DiagnosticStatus.OK, 'extracting', details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [FeatureExtractor()], args)
