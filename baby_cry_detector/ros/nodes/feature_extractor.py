# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that turns any stamped S16LE audio into rows of descriptors: `frame_features`.

The rows carry the audio's own stamps and a frame counter, so whoever follows can see what is
missing.
"""

from collections import deque
from dataclasses import replace
from functools import partial

from baby_cry_detector.audio.messages import AudioMessage, format_message
from baby_cry_detector.features import FeatureSet, get_feature_set
from baby_cry_detector.msg import FrameFeatures
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.health import Interleaving, Workload
from baby_cry_detector.ros.base.managed_node import ManagedNode, survive
from baby_cry_detector.ros.base.messages import AudioDataStamped, AudioInfo, features_message
from baby_cry_detector.ros.base.parameters import FeatureExtractorSettings
from baby_cry_detector.ros.base.ros_time import Arrival, now_nanoseconds, to_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.ros.nodes.self_testing import date_words, Listening
from baby_cry_detector.stream.ear_memory import EarMemory
from baby_cry_detector.stream.extraction import Extraction
from baby_cry_detector.stream.listener import open_checkpoint
from baby_cry_detector.stream.troubles import Troubles
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Float32
from std_srvs.srv import Trigger

LEVEL_PERIOD_S = 0.1
LEVELS = (DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR)


class FeatureExtractor(ManagedNode[FeatureExtractorSettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters."""
        super().__init__('feature_extractor', FeatureExtractorSettings, overrides, **kwargs)
        self._extraction = None
        self._features = self._level = None
        self._own_sounds = []
        self._arrival = Arrival(self)
        self._workload = Workload()
        self._interleaving = Interleaving()
        self._memory = None
        self._listening = Listening(self, self._remember)
        self.classifier = None         # of the same process: takes frames without a message
        self._topic = ''               # on which audio is heard
        self._taken = deque(maxlen=2 * qos.depth_for())     # stamps, see `take`
        self._sends_samples = True
        self.create_service(Trigger, '~/forget_microphone', self._forget_microphone)

    def configure(self, values: FeatureExtractorSettings):
        """Find the feature set and build the extractor."""
        if values.feature_set:
            feature_set = get_feature_set(values.feature_set)
        else:
            feature_set = FeatureSet.from_dict(open_checkpoint(values.model).feature_set)
        self._extraction = Extraction(
            feature_set, values.channel, values.stamp_tolerance_s,
            values.no_audio_timeout_s, Troubles(self.counts, self.tell))
        self._own_sounds = [name.strip() for name in values.own_sound.split(',') if name.strip()]
        if values.keep_microphone:
            self._recall()
        self._features = self.offer(
            FrameFeatures, 'frame_features', qos.stream(qos.depth_for()))
        self._sends_samples = values.send_samples
        self._level = self.offer(Float32, 'level_dbfs', qos.STATE)
        self._listening.offer()
        self.get_logger().info(f'{feature_set.id}: {len(feature_set.columns)} features a frame, '
                               f'{feature_set.lookahead_s * 1e3:.0f} ms after its start')

    def activate(self):
        """Subscribe."""
        self.hear(AudioInfo, 'audio_info', self._on_info, qos.LATCHED)
        self._topic = self.resolve_topic_name('audio_stamped')
        self.hear(AudioDataStamped, 'audio_stamped', self._on_audio, qos.stream(qos.depth_for()))
        for name in self._own_sounds:
            self.hear(AudioInfo, f'{name}_info', partial(self._on_own_info, name), qos.LATCHED)
            self.hear(AudioDataStamped, name, partial(self._on_own_sound, name),
                      qos.stream(qos.depth_for()))
        if self._own_sounds and self.classifier is None:
            self.hear(Float32, 'cry_probability', self._on_probability, qos.STATE)
        self.every(LEVEL_PERIOD_S, self._watch)
        self._listening.use(self._extraction.reception.self_test)

    def deactivate(self):
        """Forget the stream."""
        self._arrival.clear()
        self._taken.clear()
        self._listening.use(None)
        if self._extraction is not None:
            self._extraction.forget()

    def cleanup(self):
        """Give the extractor back."""
        self._features = self._level = self._extraction = None
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    def _on_info(self, message: AudioInfo):
        for frames in self._extraction.on_format(
                format_message(now_nanoseconds(self), message)):
            self._publish(frames)

    def _on_audio(self, message: AudioDataStamped, info: dict):
        stamp_ns = to_nanoseconds(message.header.stamp)
        if stamp_ns not in self._taken:
            self._interleaving.note(info.get('publication_sequence_number'))
            self._hear(message.audio.data, stamp_ns, message.header.frame_id)

    def take(self, topic: str, data: bytes, stamp_ns: int, frame_id: str) -> bool:
        """
        Take a block of a capture node in the same process, under the nodes' common lock.

        :param topic: on which it would be published.
        :param data: as `audio_stamped` would carry it; its format comes as `audio_info`.
        :return: whether it was taken; if not, it is to be published.
        """
        if not self._is_active or topic != self._topic:
            return False
        self._taken.append(stamp_ns)
        self._interleaving.note_own()
        self._hear_taken(data, stamp_ns, frame_id)
        return True

    @survive
    def _hear_taken(self, data: bytes, stamp_ns: int, frame_id: str):
        self._hear(data, stamp_ns, frame_id)

    def _hear(self, data, stamp_ns: int, frame_id: str):
        arrival_ns = now_nanoseconds(self)
        with self._workload:
            blocks = self._extraction.on_audio(AudioMessage(arrival_ns, stamp_ns, frame_id, data))
        for frames in blocks:
            self._publish(frames)
        self._arrival.note(arrival_ns)
        self._listening.step()
        if self._extraction.has_learnt:
            self._extraction.has_learnt = False
            self._remember()
        for sentence in self._extraction.take_news():
            self.get_logger().warning(sentence)
        self._workload.add(sum(len(frames.values) for frames in blocks), arrival_ns - stamp_ns)

    def _senders(self):
        """Return the names of those who send audio at once."""
        # One that was killed counts as a publisher until DDS misses it; it sends nothing.
        if self._interleaving.is_told and not self._interleaving.is_seen():
            return []
        if self.count_publishers(self._topic) < 2:
            return []
        return sorted(f'{end.node_namespace.rstrip("/")}/{end.node_name}'
                      for end in self.get_publishers_info_by_topic(self._topic))

    # --- what the robot plays itself -------------------------------------------------------------
    def _on_own_info(self, name: str, message: AudioInfo):
        self._extraction.on_own_format(name, format_message(now_nanoseconds(self), message))

    def _on_own_sound(self, name: str, message: AudioDataStamped):
        self._extraction.on_own_sound(name, AudioMessage(
            now_nanoseconds(self), to_nanoseconds(message.header.stamp), message.header.frame_id,
            message.audio.data))

    def _on_probability(self, message: Float32):
        self._extraction.own_sound.on_probability(message.data)

    def _publish(self, frames):
        """Hand frames to the classifier; a message is made for whoever else subscribes."""
        if not self._sends_samples:
            frames = replace(frames, samples=None)
        feature_set, frame_id = self._extraction.feature_set.id, self._extraction.frame_id
        is_taken = self.classifier is not None and self.classifier.take(
            frames, feature_set, frame_id)
        if is_taken and self._own_sounds:
            self._extraction.own_sound.on_probability(self.classifier.cry_probability)
        # The classifier itself is one subscriber; what it has taken it does not take again.
        if not is_taken or self._features.get_subscription_count() > 1:
            self._features.publish(features_message(frames, feature_set, frame_id))

    def _watch(self):
        """Publish the level, and say when audio has stopped or several send it."""
        self._extraction.on_silence(self._arrival.silent_ns())
        self._extraction.reception.on_publishers(self._senders())
        self._listening.step()
        if self._level.get_subscription_count():
            self._level.publish(Float32(data=self._extraction.level_dbfs))

    # --- what the microphone was before ----------------------------------------------------------
    def _recall(self):
        try:
            self._memory = EarMemory(self.get_fully_qualified_name())
            self._extraction.reception.resume(*self._memory.read())
        except (ValueError, OSError) as error:
            self.report('microphone_not_kept', f'what the microphone was is not known: {error}')

    def _remember(self):
        if self._memory is not None and self._extraction is not None:
            try:
                self._memory.keep(*self._extraction.reception.kept())
            except OSError as error:
                self.report('microphone_not_kept', f'what the microphone is is not kept: {error}')

    def _forget_microphone(self, request, response):
        """Learn anew what the microphone is like: it is another one, or stands elsewhere."""
        response.success = self._extraction is not None
        response.message = 'learning anew' if response.success else 'the node is not configured'
        if response.success:
            self._extraction.reception.forget_microphone()
            self._listening.say(0)
            self._remember()
        return response

    def diagnose(self):
        """Report format, level and whether audio arrives."""
        details = self._workload.figures()
        extraction = self._extraction
        if extraction is not None:
            details.update(feature_set=extraction.feature_set.id,
                           level_dbfs=round(extraction.level_dbfs, 1), **extraction.figures())
            if extraction.format is not None:
                details.update(sample_rate=extraction.format.sample_rate,
                               channels=extraction.format.channels)
            if extraction.channel_finding:
                details['channel_choice'] = extraction.channel_finding
            floor_db = extraction.reception.ear.floor_db
            details.update(times=extraction.reception.stamps.mode,
                           microphone_floor_dbfs='' if floor_db is None else round(floor_db, 1))
            test = extraction.reception.self_test
            details.update(extraction.own_sound.figures())
            details.update(self_test='' if test.last is None else test.last.sentence,
                           self_test_heard=date_words(test.heard_ns))
            if extraction.format_trouble:
                return DiagnosticStatus.ERROR, extraction.format_trouble, details
        if not self._is_active:
            return DiagnosticStatus.WARN, 'not active', details
        if not extraction.is_flowing:
            return DiagnosticStatus.ERROR, 'no audio', details
        verdict = extraction.verdict
        return LEVELS[verdict.level], verdict.sentence or 'extracting', details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [FeatureExtractor()], args)
