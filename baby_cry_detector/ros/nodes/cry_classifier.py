# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that steps the network once per frame and publishes what it believes: `cry_need`.

Everything is decided from message stamps; the clock is only asked whether audio has stopped.
"""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
import hashlib
from pathlib import Path

from baby_cry_detector import kept_voice
from baby_cry_detector.checkpoints import SHIPPED
from baby_cry_detector.decision import CryDecision, STATUS_NO_AUDIO
from baby_cry_detector.decision.episode_sound import EpisodeSound, EpisodeSounds
from baby_cry_detector.model.second.confirmation import NO_CONFIRMER, open_confirmation
from baby_cry_detector.model.second.confirmer import ConfirmerError
from baby_cry_detector.msg import CryNeed, FrameFeatures, NeedEstimate
from baby_cry_detector.needs import STATUS_UNTRUSTED_AUDIO
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.health import Workload
from baby_cry_detector.ros.base.managed_node import ManagedNode, survive
from baby_cry_detector.ros.base.messages import (FeatureError, frame_samples, frame_values,
                                                 need_message, with_estimate)
from baby_cry_detector.ros.base.parameters import CryClassifierSettings
from baby_cry_detector.ros.base.ros_time import Arrival, now_nanoseconds, to_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.stream.classification import Classification
from baby_cry_detector.stream.episode_journal import EpisodeJournal
from baby_cry_detector.stream.intake import StampedFrames
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.stream.troubles import Troubles
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Float32, String
from std_srvs.srv import SetBool, Trigger

# The state is said on every change and at least every 0.2 s: once in this much audio, and, when
# audio comes in larger pieces or not at all, after so long a time.
PUBLISH_PERIOD_NS = 150_000_000
REPEAT_PERIOD_S = 0.18


def model_id(path: str) -> str:
    """Return a checkpoint's name and the beginning of its SHA-256, which tells versions apart."""
    path = Path(SHIPPED.get(path, path))
    return f'{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()[:12]}'


class CryClassifier(ManagedNode[CryClassifierSettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters, services and publishers."""
        super().__init__('cry_classifier', CryClassifierSettings, overrides, **kwargs)
        self._classification = None
        self._watch_timer = None
        self._known = None             # what is known of this baby: `need_estimate`
        self._distrust = ''            # why the microphone is not what it should be
        self._mismatch = ''            # why the frames that arrive cannot be used
        self._need = self._probability = None
        self._frame_id = ''
        self._enabled = True
        self._arrival = Arrival(self)  # of the newest frames
        self._workload = Workload()
        self._taken = deque(maxlen=2 * qos.depth_for())  # first frame and stamp, see `take`
        self._last = None
        self._model = ''
        self._journal = None
        self._thread = None            # of the second listener
        self._wants_confirmer = False
        self._resuming = Arrival(self)
        self.create_service(SetBool, '~/enable', self._enable)
        self.create_service(Trigger, '~/reset', self._reset)

    def validate(self, values: CryClassifierSettings):
        """Refuse thresholds that do not fit together, or with the checkpoint's."""
        if self._listener is not None:
            self._listener.resolve(values)

    @property
    def _listener(self):
        return None if self._classification is None else self._classification.listener

    def configure(self, values: CryClassifierSettings):
        """Load the checkpoint and build the runtime."""
        listener = FrameListener(open_checkpoint(values.model), values, self._frame_id)
        self._classification = Classification(
            listener, values.no_audio_timeout_s, Troubles(self.counts, self.tell),
            self._second_listener(values.confirmer), EpisodeSounds(
                listener.feature_set, self._keep_sound) if values.use_sound else None)
        self._classification.enable(self._enabled)
        self._model = model_id(values.model)
        self._need = self.offer(CryNeed, 'cry_need', qos.LATCHED)
        self._probability = self.offer(Float32, 'cry_probability', qos.STATE)
        if values.keep_episode:
            self._open_journal()
        self.get_logger().info(
            f'model {self._model}: hears {self._listener.feature_set.id}, '
            f'needs {", ".join(self._listener.decider.labels[1:]) or "not told"}')

    def _second_listener(self, file: str):
        """Return what confirms candidates; without it they are told unconfirmed, at once."""
        self._wants_confirmer = file != NO_CONFIRMER
        if not self._wants_confirmer:
            return None
        self._thread = ThreadPoolExecutor(1, 'second_listener')
        try:
            return open_confirmation(file, self._thread.submit)
        except ConfirmerError as error:
            self.report('no_second_listener', f'crying is told without a second listener: {error}')
            return None

    def activate(self):
        """Subscribe, and say at once that nothing has been heard yet."""
        self._distrust = ''
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
        self._mismatch = ''
        if self._classification is not None:
            self._classification.forget_frames()
            if not self._is_ending:
                self._forget()
        self._arrival.clear()

    def cleanup(self):
        """Give the networks back."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = None
        self._need = self._probability = self._classification = self._journal = None

    def live_change(self, values: CryClassifierSettings):
        """Use new thresholds without forgetting the episode in progress."""
        self._listener.change_settings(values)

    # --- frames in, decisions out ----------------------------------------------------------------
    def _on_features(self, message: FrameFeatures):
        try:
            values = frame_values(message, self._listener.feature_set)
            samples = frame_samples(message, self._listener.feature_set)
        except FeatureError as error:
            self._mismatch = str(error)
            raise
        self._mismatch = ''
        frames = StampedFrames(message.first_frame, to_nanoseconds(message.header.stamp),
                               values, message.trouble, samples)
        if (frames.first_frame, frames.start_ns) not in self._taken:
            self._hear_frames(frames, message.header.frame_id)

    def take(self, frames: StampedFrames, feature_set: str, frame_id: str) -> bool:
        """
        Take frames of an extractor in the same process, in its executor.

        :return: whether they were taken; if not, they are to be published.
        """
        if not self._is_active or feature_set != self._listener.feature_set.id:
            return False
        self._taken.append((frames.first_frame, frames.start_ns))
        self._mismatch = ''
        self._hear_taken(frames, frame_id)
        return True

    @property
    def cry_probability(self) -> float:
        """Return what `cry_probability` said last; 0 before it said anything."""
        return 0.0 if self._last is None else self._last.cry_probability

    @survive
    def _hear_taken(self, frames: StampedFrames, frame_id: str):
        self._hear_frames(frames, frame_id)

    def _hear_frames(self, frames: StampedFrames, frame_id: str):
        values, self._frame_id = frames.values, frame_id
        if not self._enabled:
            return
        before_ns, arrival_ns = self._classification.next_start_ns, now_nanoseconds(self)
        with self._workload:
            for decision in self._classification.on_frames(frames, self._frame_id,
                                                           PUBLISH_PERIOD_NS):
                self._publish(decision)
        if not len(values):
            self._arrival.note()               # audio arrives that can't be used: it is told why
        if self._classification.next_start_ns == before_ns:
            return                             # all of it arrived before
        self._arrival.note(arrival_ns)
        self._workload.add(len(frames.values),
                           arrival_ns - self._classification.next_start_ns)

    def _on_audio_trouble(self, message: String):
        """Take what audio_capture says of its microphone: muted, or another one."""
        self._distrust = message.data

    def _on_estimate(self, message: NeedEstimate):
        """Take why this baby cries, from whoever knows its diary; it is said at once."""
        self._known = message
        if self._last is not None and self._last.crying and self._watch_timer is not None:
            self._publish(self._last)

    def _watch(self):
        """Say NO_AUDIO when frames have stopped, and repeat the state."""
        decision = self._classification.on_silence(self._arrival.silent_ns(), self._now_ns())
        if decision is not None:
            self._publish(decision)

    def _now_ns(self) -> int:
        """Return the time before anything was heard: an episode of before goes on from there."""
        if self._classification.resumed_ns is not None:
            return self._classification.resumed_ns + self._resuming.silent_ns()
        return now_nanoseconds(self)

    def _publish(self, decision: CryDecision):
        self._remember(decision.stamp_ns)      # what was said once is never forgotten
        if self._mismatch and not decision.is_heard:
            decision = replace(decision, status_reason=self._mismatch)
        if self._distrust and decision.is_heard:
            decision = replace(decision, status=STATUS_UNTRUSTED_AUDIO,
                               status_reason=self._distrust)
        self._need.publish(need_message(with_estimate(decision, self._known)))
        if self._probability.get_subscription_count():
            self._probability.publish(Float32(data=float(decision.cry_probability)))
        if self._watch_timer is not None:
            self._watch_timer.reset()
        self._last = decision

    # --- the episode in progress, across processes -----------------------------------------------
    def _open_journal(self):
        try:
            self._journal = self.own(EpisodeJournal(self.get_fully_qualified_name()))
            kept = self._journal.read()
        except (ValueError, OSError) as error:
            self.report('episode_not_kept', f'a crash would end an episode: {error}')
            return
        if kept is not None:
            self._classification.resume(*kept)
            self.get_logger().info(f'{kept[0].episode_id} was in progress: it goes on if crying '
                                   'is heard again soon, and is closed otherwise')

    def _remember(self, heard_until_ns: int):
        if self._journal is None:
            return
        decider = self._listener.decider
        try:
            if decider.crying:
                self._journal.keep(decider.episode, heard_until_ns)
            else:
                self._journal.clear()
        except OSError as error:
            self.report('episode_not_kept', f'a crash would end this episode: {error}')

    def _keep_sound(self, sound: EpisodeSound):
        try:
            kept_voice.add(self._frame_id, sound)
        except OSError as error:
            self.report('sound_not_kept', f'how an episode sounded is not kept: {error}')

    def _forget(self):
        self._classification.reset()
        self._remember(0)

    # --- services and health ---------------------------------------------------------------------
    def _enable(self, request, response):
        """Stop or resume listening; the reply says which."""
        self._enabled = request.data
        if self._classification is not None:
            self._classification.enable(request.data)
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
            self._forget()
        return response

    def diagnose(self):
        """Report the model, what was heard and whether audio arrives."""
        details = {**self._workload.figures(), 'enabled': self._enabled, 'model': self._model,
                   'hardware_id': self._model}
        if self._listener is not None:
            settings = self._listener.decider.settings
            details.update(feature_set=self._listener.feature_set.id,
                           enter_threshold=round(settings.enter_threshold, 4),
                           leave_threshold=round(settings.leave_threshold, 4),
                           min_cry_duration_s=settings.min_cry_duration_s,
                           hold_s=settings.hold_s)
            if self._listener.decider.invalid_steps:
                details.update(invalid_steps=self._listener.decider.invalid_steps)
        confirmation = self._classification and self._classification.confirmation
        if confirmation is not None:
            details.update(confirmer_windows=confirmation.windows)
            if confirmation.trouble:
                details.update(second_listener=confirmation.trouble)
        if self._last is not None:
            details.update(cry_probability=round(self._last.cry_probability, 3),
                           crying=self._last.crying, last_episode=self._last.episode_id)
        if not self._is_active:
            return DiagnosticStatus.WARN, 'not active', details
        if self._enabled and self._last is not None and self._last.status == STATUS_NO_AUDIO:
            return DiagnosticStatus.ERROR, self._mismatch or 'no audio', details
        if self._enabled and self._last is not None and (
                self._last.status == STATUS_UNTRUSTED_AUDIO):
            return DiagnosticStatus.ERROR, self._last.why_not_heard, details
        if self._enabled and self._wants_confirmer and (
                confirmation is None or confirmation.trouble):
            return DiagnosticStatus.WARN, 'listening, without a second listener', details
        return DiagnosticStatus.OK, 'listening' if self._enabled else 'switched off', details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [CryClassifier()], args)
