# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that steps the network once per frame and publishes what it believes: `cry_need`.

Everything is decided from message stamps; the clock is only asked whether audio has stopped.
"""

from typing import Optional

from baby_cry_detector import kept_voice
from baby_cry_detector.decision import CryDecision
from baby_cry_detector.msg import CryNeed, FrameFeatures, NeedEstimate
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.health import Workload
from baby_cry_detector.ros.base.managed_node import LEVELS, ManagedNode
from baby_cry_detector.ros.base.messages import (FeatureError, need_message, stamped_frames,
                                                 with_estimate)
from baby_cry_detector.ros.base.parameters import CryClassifierSettings
from baby_cry_detector.ros.base.ros_time import Arrival, now_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.ros.parts.handover import Handover
from baby_cry_detector.stream.classification import Classifier
from baby_cry_detector.stream.intake import StampedFrames
from baby_cry_detector.stream.troubles import Troubles
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Float32, String
from std_srvs.srv import SetBool, Trigger

# The state is said on every change and at least every 0.2 s: once in this much audio, and, when
# audio comes in larger pieces or not at all, after so long a time.
PUBLISH_PERIOD_NS = 150_000_000
REPEAT_PERIOD_S = 0.18


class CryClassifier(ManagedNode[CryClassifierSettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters, services and publishers."""
        super().__init__('cry_classifier', CryClassifierSettings, overrides, **kwargs)
        self._made: Optional[Classifier] = None            # while configured
        self._watch_timer = None
        self._known = None             # what is known of this baby: `need_estimate`
        self._need, self._probability, self._frame_id = None, None, ''
        self._enabled = True
        self._arrival = Arrival(self)  # of the newest frames
        self._workload = Workload()
        self._handover = Handover(self, lambda *what: self._on_frames(*what))
        self._resuming = Arrival(self)
        self.create_service(SetBool, '~/enable', self._enable)
        self.create_service(Trigger, '~/reset', self._reset)

    @property
    def _classifier(self) -> Classifier:
        assert self._made is not None          # nothing arrives before it is configured
        return self._made

    def validate(self, values: CryClassifierSettings):
        """Refuse thresholds that do not fit together, or with the checkpoint's."""
        if self._made is not None:
            self._made.listener.resolve(values)

    def configure(self, values: CryClassifierSettings):
        """Load the checkpoint and build the runtime."""
        self._made = self.own(Classifier(
            values, Troubles(self.counts, self.tell), values.model, values.confirmer,
            values.no_audio_timeout_s, self._frame_id,
            self.get_fully_qualified_name() if values.keep_episode else '',
            kept_voice.add if values.use_sound else None))
        for sentence in self._classifier.begin(self._enabled):
            self.get_logger().info(sentence)
        self._need = self.offer(CryNeed, 'cry_need', qos.LATCHED)
        self._probability = self.offer(Float32, 'cry_probability', qos.STATE)

    def activate(self):
        """Subscribe, and say at once that nothing has been heard yet."""
        self._classifier.distrust = ''
        self.hear(String, 'audio_trouble', self._on_audio_trouble, qos.LATCHED)
        self.hear(NeedEstimate, 'need_estimate', self._on_estimate, qos.LATCHED)
        self.hear(FrameFeatures, 'frame_features', self._on_features,
                  qos.stream(qos.depth_for()))
        self._watch_timer = self.every(REPEAT_PERIOD_S, self._watch, may_be_early=False)
        self._resuming.note()
        self._watch()

    def deactivate(self):
        """Forget what was heard."""
        self._watch_timer = None
        if self._made is not None:
            self._made.rest(self._is_ending)
        self._arrival.clear()

    def cleanup(self):
        """Give the networks back."""
        self._need = self._probability = self._made = None

    def live_change(self, values: CryClassifierSettings):
        """Use new thresholds without forgetting the episode in progress."""
        self._classifier.listener.change_settings(values)

    # --- frames in, decisions out ----------------------------------------------------------------
    def _on_features(self, message: FrameFeatures):
        try:
            frames = stamped_frames(message, self._classifier.listener.feature_set)
        except FeatureError as error:
            self._classifier.mismatch = str(error)
            raise
        if not self._handover.had((frames.first_frame, frames.start_ns)):
            self._on_frames(frames, message.header.frame_id)

    def take(self, frames: StampedFrames, feature_set: str, frame_id: str) -> bool:
        """Take frames of an extractor in this process, or return False: they are published."""
        if not self._is_active or feature_set != self._classifier.listener.feature_set.id:
            return False
        self._handover.take((frames.first_frame, frames.start_ns), frames, frame_id)
        return True

    @property
    def cry_probability(self) -> float:
        """Return what `cry_probability` said last; 0 before it said anything."""
        return 0.0 if self._made is None else self._made.cry_probability

    def _on_frames(self, frames: StampedFrames, frame_id: str):
        self._frame_id, self._classifier.mismatch = frame_id, ''
        if not self._enabled:
            return
        classification = self._classifier.classification
        before_ns, arrival_ns = classification.next_start_ns, now_nanoseconds(self)
        with self._workload:
            for decision in classification.on_frames(frames, frame_id, PUBLISH_PERIOD_NS):
                self._publish(decision)
        if not len(frames.values):
            self._arrival.note()               # audio arrives that can't be used: it is told why
        if classification.next_start_ns == before_ns:
            return                             # all of it arrived before
        self._arrival.note(arrival_ns)
        self._workload.add(len(frames.values), arrival_ns - classification.next_start_ns)

    def _on_audio_trouble(self, message: String):
        """Take what audio_capture says of its microphone: muted, or another one."""
        self._classifier.distrust = message.data

    def _on_estimate(self, message: NeedEstimate):
        """Take why this baby cries, from whoever knows its diary; it is said at once."""
        self._known = message
        crying = self._classifier.crying
        if crying is not None and self._watch_timer is not None:
            self._publish(crying)

    def _watch(self):
        """Say NO_AUDIO when frames have stopped, and repeat the state."""
        decision = self._classifier.on_silence(
            self._arrival.silent_ns(), now_nanoseconds(self), self._resuming.silent_ns())
        if decision is not None:
            self._publish(decision)

    def _publish(self, decision: CryDecision):
        decision = self._classifier.say(decision)
        self._need.publish(need_message(with_estimate(decision, self._known)))
        if self._probability.get_subscription_count():
            self._probability.publish(Float32(data=float(decision.cry_probability)))
        if self._watch_timer is not None:
            self._watch_timer.reset()

    # --- services and health ---------------------------------------------------------------------
    def _enable(self, request, response):
        """Stop or resume listening; the reply says which."""
        self._enabled = request.data
        if self._made is not None:
            self._made.classification.enable(request.data)
        if self._is_active:
            self._watch()
        response.success = True
        response.message = 'listening' if self._enabled else 'not listening'
        return response

    def _reset(self, request, response):
        """Forget what was heard: network, smoothing and the episode in progress."""
        response.success = self._is_active
        response.message = 'reset' if self._is_active else 'the node is not active'
        if self._is_active:
            self._classifier.forget()
        return response

    def diagnose(self):
        """Report the model, what was heard and whether audio arrives."""
        details = {**self._workload.figures(), 'enabled': self._enabled}
        if self._made is not None:
            details.update(self._made.details())
        if not self._is_active:
            return DiagnosticStatus.WARN, 'not active', details
        level, sentence = self._classifier.health()
        return LEVELS[level], sentence, details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [CryClassifier()], args)
