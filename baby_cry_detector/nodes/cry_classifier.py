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

from baby_cry_detector.decision import CryDecision, DecisionSettings
from baby_cry_detector.listener import FrameListener, open_checkpoint
from baby_cry_detector.nodes import qos
from baby_cry_detector.nodes.managed_node import ManagedNode, run_nodes, survive
from baby_cry_detector.nodes.parameters import TABLES
from baby_cry_detector.nodes.ros_time import (
    duration_from_nanoseconds, from_nanoseconds, now_nanoseconds, to_nanoseconds)

# interfaces: on every change and at least this often.
PUBLISH_PERIOD_NS = 200_000_000
LARGEST_MESSAGE_FRAMES = 10_000
DECISION_NAMES = {parameter.name for parameter in TABLES['cry_classifier']}


class FeatureError(ValueError):
    """A FrameFeatures message that does not fit; says what was expected."""


class CryClassifier(ManagedNode):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters, services and publishers."""
        super().__init__('cry_classifier', TABLES['cry_classifier'], overrides, **kwargs)
        self._listener = None
        self._values = {}
        self._features = None
        self._timer = None
        self._next_frame = None
        self._next_start_ns = None
        self._last: CryDecision = None
        self._frame_id = ''
        self._enabled = True
        self._arrived_ns = None
        self._published_ns = None
        self._no_audio = True
        self._need = self._probability = None
        self.create_service(SetBool, '~/enable', self._enable)
        self.create_service(Trigger, '~/reset', self._reset)

    def validate(self, values):
        """Refuse thresholds that do not fit together."""
        DecisionSettings.from_parameters(values)

    def configure(self, values):
        """Load the checkpoint and build the runtime."""
        checkpoint = open_checkpoint(values['model'])
        self._values = values
        self._checkpoint = checkpoint
        self._build()
        self._need = self.create_lifecycle_publisher(
            CryNeed, 'cry_need', qos.LATCHED, **qos.OVERRIDABLE)
        self._probability = self.create_lifecycle_publisher(
            Float32, 'cry_probability', qos.STATE, **qos.OVERRIDABLE)
        self.get_logger().info(
            f'{checkpoint.name}: hears {self._listener.feature_set.id}, '
            f'labels {", ".join(self._listener.decider.labels)}')

    def _build(self):
        self._listener = FrameListener(
            self._checkpoint, DecisionSettings.from_parameters(self._values),
            self._frame_id or 'crib', self._values['backend'])
        self._next_frame = None

    def activate(self):
        """Subscribe, and say at once that nothing has been heard yet."""
        self._features = self.create_subscription(
            FrameFeatures, 'frame_features', self._hear, qos.stream(qos.depth_for(0.01)),
            **qos.OVERRIDABLE)
        self._timer = self.create_timer(PUBLISH_PERIOD_NS * 1e-9, self._watch)
        self._no_audio = True
        self._publish(self._listener.decider.idle(now_nanoseconds(self)))

    def deactivate(self):
        """Unsubscribe and forget the network's state."""
        if self._features is not None:
            self.destroy_subscription(self._features)
            self.destroy_timer(self._timer)
        self._features = self._timer = None
        if self._listener is not None:
            self._listener.reset()
        self._next_frame = self._arrived_ns = self._last = None

    def cleanup(self):
        """Give the publishers and the network back."""
        for publisher in (self._need, self._probability):
            if publisher is not None:
                self.destroy_lifecycle_publisher(publisher)
        self._need = self._probability = self._listener = None

    def live_change(self, values):
        """Use new thresholds without forgetting the episode in progress."""
        self._values = values
        self._listener.decider.change_settings(DecisionSettings.from_parameters(values))

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
        start_ns = to_nanoseconds(message.header.stamp)
        self._meet(message.header.frame_id)
        if not self._enabled:
            self._next_frame = None
            return
        first = message.first_frame
        if self._next_frame is not None:
            late = int(self._next_frame) - int(first)
            if 0 < late and start_ns < self._next_start_ns:  # heard before
                self.report('duplicate', f'frame {first} arrived again')
                if late >= len(values):
                    return
                values, first, start_ns = self._drop(values, first, start_ns, late)
            if first != self._next_frame:
                self.counts['frames_lost'] += max(0, int(first) - int(self._next_frame))
                self.report('continuity_lost',
                            f'expected frame {self._next_frame}, got {first}')
                self._listener.lose_continuity(start_ns)
        self._next_frame = first + len(values)
        self._next_start_ns = start_ns + len(values) * self._listener.hop_ns
        self._arrived_ns = now_nanoseconds(self)
        self._no_audio = False
        nonfinite = self._listener.runtime.nonfinite_values
        for decision in self._listener.process(start_ns, values):
            due = (self._published_ns is None
                   or not 0 <= decision.stamp_ns - self._published_ns < PUBLISH_PERIOD_NS)
            if decision.changed or due:
                self._publish(decision)
            self._last = decision
        self.counts['frames'] += len(values)
        if self._listener.runtime.nonfinite_values > nonfinite:
            self.report('nonfinite_features', 'frame_features holds NaN or infinite values')

    def _drop(self, values, first, start_ns, rows):
        return values[rows:], first + rows, start_ns + rows * self._listener.hop_ns

    def _meet(self, frame_id: str):
        """Name the episodes after the crib that the messages come from."""
        if frame_id != self._frame_id:
            self._frame_id = frame_id
            self._listener.decider.crib_id = frame_id or 'crib'

    def _watch(self):
        """Say NO_AUDIO when frames have stopped, and repeat the state."""
        now_ns = now_nanoseconds(self)
        silent_ns = None if self._arrived_ns is None else now_ns - self._arrived_ns
        if silent_ns is None or silent_ns > self._values['no_audio_timeout_s'] * 1e9:
            if not self._no_audio and self._enabled:
                self._no_audio = True
                self._next_frame = None
                self.report('no_audio', 'no features arrive any more')
                self._listener.lose_continuity(
                    now_ns if self._last is None else self._last.stamp_ns + silent_ns)
            self._publish(self._listener.decider.idle(now_ns) if self._last is None
                          else self._last)
        elif silent_ns > PUBLISH_PERIOD_NS and self._last is not None:
            self._publish(self._last)

    def _publish(self, decision: CryDecision):
        if self._need is None:
            return
        status = CryNeed.STATUS_OK
        if not self._enabled:
            status = CryNeed.STATUS_DISABLED
        elif self._no_audio:
            status = CryNeed.STATUS_NO_AUDIO
        message = CryNeed(
            status=status, crying=decision.crying and status == CryNeed.STATUS_OK,
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
