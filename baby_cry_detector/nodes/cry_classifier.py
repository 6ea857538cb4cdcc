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
Node that steps the network once per frame and publishes what it believes: `cry_need`.

Everything is decided from message stamps; the clock is only asked whether audio has stopped.
"""

from baby_cry_detector.msg import CryNeed, FrameFeatures
from diagnostic_msgs.msg import DiagnosticStatus
import numpy as np
from std_msgs.msg import Float32
from std_srvs.srv import SetBool, Trigger

from baby_cry_detector.decision import (
    CryDecision, DECISION_PARAMETERS, DecisionSettings, STATUS_DISABLED, STATUS_NO_AUDIO,
    STATUS_OK)
from baby_cry_detector.listener import FrameListener, open_checkpoint
from baby_cry_detector.nodes import qos
from baby_cry_detector.nodes.managed_node import ManagedNode, run_nodes, survive
from baby_cry_detector.nodes.parameters import TABLES
from baby_cry_detector.nodes.ros_time import (
    duration_from_nanoseconds, from_nanoseconds, now_nanoseconds, to_nanoseconds)

# interfaces: on every change and at least this often.
PUBLISH_PERIOD_NS = 200_000_000
LARGEST_MESSAGE_FRAMES = 10_000
# Frames that arrive again carry their old stamp, up to the rounding of the audio's clock.
REPEAT_TOLERANCE_NS = 5_000_000


def decision_settings(values: dict) -> DecisionSettings:
    """Return the decision parameters among a node's."""
    return DecisionSettings.from_values(
        {parameter.name: values[parameter.name] for parameter in DECISION_PARAMETERS})


class FeatureError(ValueError):
    """A FrameFeatures message that does not fit; says what was expected."""


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
        self._arrived_ns = None        # node time of the newest frames
        self._published_ns = 0
        self._heard_frames = 0
        self._last = None
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
            checkpoint, decision_settings(values), self._frame_id, values['backend'])
        self._need = self.create_lifecycle_publisher(
            CryNeed, 'cry_need', qos.LATCHED, **qos.OVERRIDABLE)
        self._probability = self.create_lifecycle_publisher(
            Float32, 'cry_probability', qos.STATE, **qos.OVERRIDABLE)
        self.get_logger().info(
            f'model {values["model"] or "shipped"}: hears {self._listener.feature_set.id}, '
            f'labels {", ".join(self._listener.decider.labels)}')

    def activate(self):
        """Subscribe, and say at once that nothing has been heard yet."""
        self._features = self.create_subscription(
            FrameFeatures, 'frame_features', self._hear, qos.stream(qos.depth_for(0.01)),
            **qos.OVERRIDABLE)
        self._watch_timer = self.create_timer(PUBLISH_PERIOD_NS * 1e-9, self._watch)
        self._publish(self._listener.decider.idle(now_nanoseconds(self)))

    def deactivate(self):
        """Unsubscribe and forget what was heard."""
        if self._features is not None:
            self.destroy_subscription(self._features)
            self.destroy_timer(self._watch_timer)
        self._features = self._watch_timer = None
        if self._listener is not None:
            self._listener.reset()
        self._next_frame = self._arrived_ns = None

    def cleanup(self):
        """Give the publishers and the network back."""
        for publisher in (self._need, self._probability):
            if publisher is not None:
                self.destroy_lifecycle_publisher(publisher)
        self._need = self._probability = self._listener = None

    def live_change(self, values):
        """Use new thresholds without forgetting the episode in progress."""
        self._values = values
        self._listener.change_settings(decision_settings(values))

    # --- frames in, decisions out ----------------------------------------------------------------
    def _check(self, message: FrameFeatures) -> np.ndarray:
        expected = self._listener.feature_set
        if message.feature_set != expected.id:
            raise FeatureError(
                f'the model hears {expected.id!r}, frame_features carries '
                f'{message.feature_set!r}: set the parameter feature_set of feature_extractor')
        rows, columns = message.frame_count, message.feature_count
        if columns != len(expected.columns) or not 0 < rows <= LARGEST_MESSAGE_FRAMES:
            raise FeatureError(f'expected 1 to {LARGEST_MESSAGE_FRAMES} frames of '
                               f'{len(expected.columns)} features, got {rows} of {columns}')
        values = np.asarray(message.values, np.float32)
        if values.size != rows * columns:
            raise FeatureError(f'expected {rows * columns} values, got {values.size}')
        return values.reshape(rows, columns)

    @survive
    def _hear(self, message: FrameFeatures):
        values = self._check(message)
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
                self.counts['frames_lost'] += max(0, -repeated)
                self.report('continuity_lost',
                            f'expected frame {self._next_frame}, got {first}: the network starts '
                            'again, an episode in progress goes on')
                self._listener.lose_continuity()
        self._next_frame = first + len(values)
        self._next_start_ns = start_ns + len(values) * self._listener.hop_ns
        self._arrived_ns = now_nanoseconds(self)
        nonfinite = self._listener.runtime.nonfinite_values
        for decision in self._listener.process(start_ns, values):
            if decision.changed or self._is_due(decision.stamp_ns):
                self._publish(decision)
        self._listener.runtime.prepare()
        self._heard_frames += len(values)
        if self._listener.runtime.nonfinite_values > nonfinite:
            self.report('nonfinite_features', 'frame_features holds NaN or infinite values')

    def _is_due(self, stamp_ns: int) -> bool:
        return not 0 <= stamp_ns - self._published_ns < PUBLISH_PERIOD_NS

    def _watch(self):
        """Say NO_AUDIO when frames have stopped, and repeat the state."""
        silent_ns = None
        if self._arrived_ns is not None:
            silent_ns = now_nanoseconds(self) - self._arrived_ns
            # A simulated clock that was set back says nothing about the audio.
            if silent_ns < 0:
                self._arrived_ns, silent_ns = now_nanoseconds(self), 0
        decider = self._listener.decider
        if not self._enabled:
            self._publish(decider.idle(self._stamp_ns(silent_ns), STATUS_DISABLED))
        elif silent_ns is None or silent_ns > self._values['no_audio_timeout_s'] * 1e9:
            if self._next_frame is not None:
                self._next_frame = None
                self._listener.runtime.reset()
                self.report('no_audio', 'no features arrive any more')
            self._publish(decider.idle(self._stamp_ns(silent_ns)))
        elif silent_ns > PUBLISH_PERIOD_NS:
            self._publish(decider.decision())

    def _stamp_ns(self, silent_ns) -> int:
        """Return the present time on the clock of the audio's stamps."""
        if silent_ns is None:
            return now_nanoseconds(self)
        return self._next_start_ns + silent_ns

    def _publish(self, decision: CryDecision):
        message = CryNeed(
            status=decision.status,
            # What can't be heard now is not claimed; the episode may still go on.
            crying=decision.crying and decision.status == STATUS_OK,
            cry_probability=float(decision.cry_probability), need=int(decision.need),
            confidence=float(decision.confidence), labels=list(decision.labels),
            probabilities=[float(value) for value in decision.probabilities],
            intensity=float(decision.intensity), episode_id=decision.episode_id,
            episode=int(decision.episode))
        message.header.stamp = from_nanoseconds(decision.stamp_ns)
        message.header.frame_id = self._frame_id
        message.onset = from_nanoseconds(decision.onset_ns)
        message.duration = duration_from_nanoseconds(decision.duration_ns)
        self._need.publish(message)
        self._probability.publish(Float32(data=message.cry_probability))
        self._published_ns = decision.stamp_ns
        self._last = decision

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
            self._listener.reset()
            self._next_frame = None
        return response

    def diagnose(self):
        """Report the model, what was heard and whether audio arrives."""
        details = {'frames': self._heard_frames, 'enabled': self._enabled}
        if self._listener is not None:
            details['feature_set'] = self._listener.feature_set.id
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
