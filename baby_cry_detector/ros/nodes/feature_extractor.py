# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that turns any stamped S16LE audio into rows of descriptors: `frame_features`.

The rows carry the audio's own stamps and a frame counter, so a subscriber can see what is
missing.
"""

from dataclasses import replace
from typing import Optional

from baby_cry_detector.audio.messages import AudioMessage, format_message
from baby_cry_detector.features import FeatureSet, get_feature_set
from baby_cry_detector.msg import FrameFeatures
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.health import Interleaving, Workload
from baby_cry_detector.ros.base.managed_node import LEVELS, ManagedNode
from baby_cry_detector.ros.base.messages import AudioDataStamped, AudioInfo, features_message
from baby_cry_detector.ros.base.parameters import FeatureExtractorSettings
from baby_cry_detector.ros.base.ros_time import Arrival, now_nanoseconds, to_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.ros.parts.handover import Handover
from baby_cry_detector.ros.parts.own_sound_input import OwnSoundInput
from baby_cry_detector.ros.parts.self_test_hearing import date_words, Listening
from baby_cry_detector.stream.ear_memory import EarKeeper
from baby_cry_detector.stream.extraction import Extraction
from baby_cry_detector.stream.extraction_health import extraction_details, extraction_health
from baby_cry_detector.stream.listener import open_checkpoint
from baby_cry_detector.stream.troubles import Troubles
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Float32
from std_srvs.srv import Trigger

LEVEL_PERIOD_S = 0.1


class FeatureExtractor(ManagedNode[FeatureExtractorSettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters."""
        super().__init__('feature_extractor', FeatureExtractorSettings, overrides, **kwargs)
        self._extraction = None
        self._features = self._level = None
        self._own, self._own_sound = ('', '', ''), None     # topics, topic and joint
        self._arrival = Arrival(self)
        self._workload = Workload()
        self._interleaving = Interleaving()
        self._memory: Optional[EarKeeper] = None
        self._listening = Listening(self, self._remember)
        self.classifier = None         # of the same process: takes frames without a message
        self._topic = ''               # on which audio is heard
        self._handover = Handover(self, lambda *what: self._on_block(*what))
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
        self._own = values.own_sound, values.own_motion, values.own_motion_joint
        if values.keep_microphone:
            self._memory = self.own(EarKeeper(self.get_fully_qualified_name(),
                                              self._extraction.reception, self.report))
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
        self._own_sound = OwnSoundInput(self, self._own[0], self._extraction,
                                        self.classifier is None, self._own[1:])
        self.every(LEVEL_PERIOD_S, self._watch)
        self._listening.use(self._extraction.reception.self_test)

    def deactivate(self):
        """Forget the stream."""
        self._arrival.clear()
        self._handover.clear()
        self._listening.use(None)
        if self._extraction is not None:
            self._extraction.forget()

    def cleanup(self):
        """Give the extractor back."""
        self._features = self._level = self._extraction = self._memory = None

    def _on_info(self, message: AudioInfo):
        for frames in self._extraction.on_format(
                format_message(now_nanoseconds(self), message)):
            self._publish(frames)

    def _on_audio(self, message: AudioDataStamped, info: dict):
        stamp_ns = to_nanoseconds(message.header.stamp)
        if not self._handover.had(stamp_ns):
            self._interleaving.note(info.get('publication_sequence_number'))
            self._on_block(message.audio.data, stamp_ns, message.header.frame_id)

    def take_format(self, topic: str, message: AudioInfo):
        """Take the format of what `take` is given, which a message would tell too late."""
        if self._is_active and topic == self.resolve_topic_name('audio_info'):
            self._on_info(message)

    def take(self, topic: str, data: bytes, stamp_ns: int, frame_id: str) -> bool:
        """
        Take a block of a capture node in the same process, under the nodes' common lock.

        :param topic: on which it would be published.
        :param data: as `audio_stamped` would carry it; its format comes as `audio_info`.
        :return: whether it was taken; if not, it is to be published.
        """
        if not self._is_active or topic != self._topic:
            return False
        self._interleaving.note_own()
        self._handover.take(stamp_ns, data, stamp_ns, frame_id)
        return True

    def _on_block(self, data, stamp_ns: int, frame_id: str):
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

    def _publish(self, frames):
        """Hand frames to the classifier; a message is made for other subscribers."""
        if not self._sends_samples:
            frames = replace(frames, samples=None)
        feature_set, frame_id = self._extraction.feature_set.id, self._extraction.frame_id
        is_taken = self.classifier is not None and self.classifier.take(
            frames, feature_set, frame_id)
        if is_taken and self._own_sound is not None:
            self._own_sound.tell(self.classifier.cry_probability)
        # The classifier itself is one subscriber; what it has taken it does not take again.
        if not is_taken or self._features.get_subscription_count() > 1:
            self._features.publish(features_message(frames, feature_set, frame_id))

    def _watch(self):
        """Publish the level, and say when audio has stopped or several send it."""
        self._extraction.on_silence(self._arrival.silent_ns())
        self._extraction.reception.on_publishers(self._interleaving.senders(self, self._topic))
        self._listening.step()
        if self._level.get_subscription_count():
            self._level.publish(Float32(data=self._extraction.level_dbfs))

    # --- what the microphone was before ----------------------------------------------------------
    def _remember(self):
        if self._memory is not None:
            self._memory.keep()

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
        details, extraction = self._workload.figures(), self._extraction
        if extraction is not None:
            details.update(extraction_details(extraction), self_test_heard=date_words(
                extraction.reception.self_test.heard_ns))
            if extraction.format_trouble:
                return DiagnosticStatus.ERROR, extraction.format_trouble, details
        if not self._is_active:
            return DiagnosticStatus.WARN, 'not active', details
        level, sentence = extraction_health(extraction)
        return LEVELS[level], sentence, details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [FeatureExtractor()], args)
