# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that steps the network once per frame and publishes what it believes: `cry_need`.

Everything is decided from message stamps; the clock is only asked whether audio has stopped.
"""

import hashlib
from pathlib import Path

from baby_cry_detector.msg import CryNeed, FrameFeatures
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Float32
from std_srvs.srv import SetBool, Trigger

from baby_cry_detector.checkpoints import SHIPPED
from baby_cry_detector.decision import (
    CryDecision, DECISION_PARAMETERS, DecisionSettings, STATUS_DISABLED, STATUS_NO_AUDIO)
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from baby_cry_detector.ros.base import qos
from baby_cry_detector.stream.episode_journal import EpisodeJournal
from baby_cry_detector.ros.base.health import Workload
from baby_cry_detector.ros.base.managed_node import ManagedNode, survive
from baby_cry_detector.ros.base.messages import frame_values, need_message
from baby_cry_detector.ros.base.parameters import TABLES
from baby_cry_detector.ros.base.ros_time import Arrival, now_nanoseconds, to_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes

# The state is said on every change and at least every 0.2 s: once in this much audio, and, when
# audio comes in larger pieces or not at all, after so long a time.
PUBLISH_PERIOD_NS = 150_000_000
REPEAT_PERIOD_S = 0.18
# So many frames are not lost at once: whoever numbers them started anew.
MOST_FRAMES_LOST = 6000
# Frames that arrive again carry their old stamp, up to the rounding of the audio's clock.
REPEAT_TOLERANCE_NS = 5_000_000


def decision_settings(values: dict) -> DecisionSettings:
    """Return the decision parameters among a node's."""
    return DecisionSettings.from_values(
        {parameter.name: values[parameter.name] for parameter in DECISION_PARAMETERS})


def model_id(path: str) -> str:
    """Return a checkpoint's name and the beginning of its SHA-256, which tells versions apart."""
    path = Path(SHIPPED.get(path, path))
    return f'{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()[:12]}'


class CryClassifier(ManagedNode):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters, services and publishers."""
        super().__init__('cry_classifier', TABLES['cry_classifier'], overrides, **kwargs)
        self._listener = None
        self._values = {}
        self._features = self._watch_timer = None
        self._need = self._probability = None
        self._frame_id = ''
        self._enabled = True
        self._next_frame = None        # number and start of the frame that should come next
        self._next_start_ns = 0
        self._is_silent = False        # as far as the clock tells; stamps decide what is missing
        self._arrival = Arrival(self)  # of the newest frames
        self._workload = Workload()
        self._published_ns = 0
        self._last = None
        self._model = ''
        self._journal = None
        self._resumed_ns = None        # stamp at which a process before this one ended
        self._resuming = Arrival(self)
        self.create_service(SetBool, '~/enable', self._enable)
        self.create_service(Trigger, '~/reset', self._reset)

    def validate(self, values):
        """Refuse thresholds that do not fit together, or with the checkpoint's."""
        settings = decision_settings(values)
        if self._listener is not None:
            self._listener.resolve(settings)

    def configure(self, values):
        """Load the checkpoint and build the runtime."""
        checkpoint = open_checkpoint(values['model'])
        self._values = values
        self._listener = FrameListener(
            checkpoint, decision_settings(values), self._frame_id)
        self._model = model_id(values['model'])
        self._need = self.offer(CryNeed, 'cry_need', qos.NEED)
        self._probability = self.offer(Float32, 'cry_probability', qos.STATE)
        if values['keep_episode']:
            self._open_journal()
        self.get_logger().info(
            f'model {self._model}: hears {self._listener.feature_set.id}, '
            f'labels {", ".join(self._listener.decider.labels)}')

    def activate(self):
        """Subscribe, and say at once that nothing has been heard yet."""
        self._features = self.hear(
            FrameFeatures, 'frame_features', self._hear, qos.stream(qos.depth_for()))
        self._watch_timer = self.every(REPEAT_PERIOD_S, self._watch)
        self._resuming.note()
        self._watch()

    def deactivate(self):
        """Unsubscribe and forget what was heard."""
        if self._features is not None:
            self.destroy_subscription(self._features)
            self.destroy_timer(self._watch_timer)
        self._features = self._watch_timer = None
        if self._listener is not None and not self._is_ending:
            self._forget()
        self._next_frame = None
        self._arrival.clear()

    def cleanup(self):
        """Give the publishers and the network back."""
        for publisher in (self._need, self._probability):
            if publisher is not None:
                self.destroy_lifecycle_publisher(publisher)
        self._need = self._probability = self._listener = None
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def live_change(self, values):
        """Use new thresholds without forgetting the episode in progress."""
        self._values = values
        self._listener.change_settings(decision_settings(values))

    # --- frames in, decisions out ----------------------------------------------------------------
    @survive
    def _hear(self, message: FrameFeatures):
        values = frame_values(message, self._listener.feature_set)
        if message.header.frame_id != self._frame_id:
            self._frame_id = message.header.frame_id
            self._listener.decider.crib_id = self._frame_id
        if not self._enabled:
            return
        start_ns = to_nanoseconds(message.header.stamp)
        first = message.first_frame
        if self._next_frame is not None:
            repeated = self._next_frame - first
            if repeated > 0 and abs(self._next_start_ns - start_ns -
                                    repeated * self._listener.hop_ns) < REPEAT_TOLERANCE_NS:
                self.report('frames_repeated', f'frame {first} arrived again')
                values = values[repeated:]
                first += repeated
                start_ns += repeated * self._listener.hop_ns
                if not len(values):
                    return
            elif repeated:
                if 0 < -repeated <= MOST_FRAMES_LOST:
                    self.counts['frames_lost'] -= repeated
                self.report('continuity_lost',
                            f'expected frame {self._next_frame}, got {first}: the network starts '
                            'again, an episode in progress goes on')
                self._listener.lose_continuity()
        self._is_silent = False
        self._next_frame = first + len(values)
        self._next_start_ns = start_ns + len(values) * self._listener.hop_ns
        nonfinite = self._listener.runtime.nonfinite_values
        self._workload.add(len(values), self._arrival.note() - self._next_start_ns)
        with self._workload.measured():
            for decision in self._listener.process(start_ns, values):
                if decision.changed or self._is_due(decision.stamp_ns):
                    self._published_ns = decision.stamp_ns
                    self._publish(decision)
        self._resumed_ns = None
        if self._listener.runtime.nonfinite_values > nonfinite:
            self.report('nonfinite_features', 'frame_features holds NaN or infinite values')

    def _is_due(self, stamp_ns: int) -> bool:
        return not 0 <= stamp_ns - self._published_ns < PUBLISH_PERIOD_NS

    @survive
    def _watch(self):
        """Say NO_AUDIO when frames have stopped, and repeat the state."""
        silent_ns = self._arrival.silent_ns()
        decider = self._listener.decider
        if not self._enabled:
            self._publish(decider.idle(self._stamp_ns(silent_ns), STATUS_DISABLED))
        elif silent_ns is None or silent_ns > self._values['no_audio_timeout_s'] * 1e9:
            if self._next_frame is not None and not self._is_silent:
                self._is_silent = True
                self.report('no_audio', 'no features arrive any more')
            self._publish(decider.idle(self._stamp_ns(silent_ns)))
        else:
            decision = decider.decision()
            if decision.status != STATUS_DISABLED:     # enabled again, and nothing heard yet
                self._publish(decision)

    def _stamp_ns(self, silent_ns) -> int:
        """Return the present time on the clock of the audio's stamps."""
        if silent_ns is None:
            if self._resumed_ns is not None:
                return self._resumed_ns + self._resuming.silent_ns()
            return now_nanoseconds(self)
        return self._next_start_ns + silent_ns

    def _publish(self, decision: CryDecision):
        self._remember(decision.stamp_ns)      # what was said once is never forgotten
        self._need.publish(need_message(decision, self._frame_id))
        self._probability.publish(Float32(data=float(decision.cry_probability)))
        if self._watch_timer is not None:
            self._watch_timer.reset()
        self._last = decision

    # --- the episode in progress, across processes -----------------------------------------------
    def _open_journal(self):
        try:
            self._journal = EpisodeJournal(self.get_fully_qualified_name())
            kept = self._journal.read()
        except (ValueError, OSError) as error:
            self.report('episode_not_kept', f'a crash would end an episode: {error}')
            return
        if kept is not None:
            episode, self._resumed_ns = kept
            self._listener.decider.resume(*kept)
            self.get_logger().info(f'{episode.episode_id} was in progress: it goes on if crying '
                                   'is heard again soon, and is closed otherwise')

    @survive
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

    def _forget(self):
        self._listener.reset()
        self._resumed_ns = None
        self._remember(0)

    # --- services and health ---------------------------------------------------------------------
    @survive
    def _enable(self, request, response):
        """Stop or resume listening; the reply says which."""
        if self._enabled and not request.data and self._is_active:
            self._listener.runtime.reset()
            self._next_frame = None
        self._enabled = request.data
        if self._is_active:
            self._watch()
        response.success = True
        response.message = 'listening' if self._enabled else 'not listening'
        return response

    @survive
    def _reset(self, request, response):
        """Forget what was heard: network, smoothing and the episode in progress."""
        response.success = self._is_active
        response.message = 'reset' if self._is_active else 'the node is not active'
        if self._is_active:
            self._forget()
            self._next_frame = None
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
        if self._last is not None:
            details.update(cry_probability=round(self._last.cry_probability, 3),
                           crying=self._last.crying, last_episode=self._last.episode_id)
        if not self._is_active:
            return DiagnosticStatus.WARN, 'not active', details
        if self._enabled and self._last is not None and self._last.status == STATUS_NO_AUDIO:
            return DiagnosticStatus.ERROR, 'no audio', details
        return DiagnosticStatus.OK, 'listening' if self._enabled else 'switched off', details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [CryClassifier()], args)
