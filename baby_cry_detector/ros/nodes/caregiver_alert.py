# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that tells caregivers: what the policy asks for becomes alerts on `alert` and on channels.

Decisions are made from the stamps of `cry_need` (`care.alerts.desk`); the clock is only asked
whether that has stopped, which is an alert of its own. A channel that hangs holds up nobody.
"""

from collections import deque
from dataclasses import replace
import time
from typing import Optional

from baby_cry_detector.care.alerts.alert_words import Said, short
from baby_cry_detector.care.alerts.channels.channel_secrets import Secrets
from baby_cry_detector.care.alerts.desk import AlertDesk
from baby_cry_detector.care.alerts.kept_alert import KeptAlert
from baby_cry_detector.care.alerts.settings import Channels, make_senders
from baby_cry_detector.care.alerts.telling import AlertTelling
from baby_cry_detector.care.diary.rows import CareEntry
from baby_cry_detector.care.policy.places import open_policy
from baby_cry_detector.msg import CareEvent, CryAlert, CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.care_messages import alert_key, alert_message, care_message
from baby_cry_detector.ros.base.managed_node import LEVELS, ManagedNode
from baby_cry_detector.ros.base.messages import cry_state
from baby_cry_detector.ros.base.parameters import CaregiverAlertSettings
from baby_cry_detector.ros.base.ros_time import Arrival, now_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.ros.parts.alert_requests import AlertRequests
from baby_cry_detector.ros.parts.graph_watch import NightlyTestWatch, OnlyOne, WeakenedParameters
from diagnostic_msgs.msg import DiagnosticStatus

TICK_S, NEED_DEPTH = 0.2, 1000
DEFAULT_CRIB = 'crib'
MISSED_HEARTBEATS = 3
SWITCHED_OFF = 'listening was switched off: nobody is called when it cries'
TWICE = 'another caregiver_alert tells of this crib: this one says nothing'


class CaregiverAlert(ManagedNode[CaregiverAlertSettings]):
    """See the module."""

    _desk: AlertDesk                               # and what follows: while configured
    _telling: AlertTelling
    _channels: Channels

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters and services."""
        super().__init__('caregiver_alert', CaregiverAlertSettings, overrides, **kwargs)
        self._only: Optional[OnlyOne] = None           # while active
        self._nightly: Optional[NightlyTestWatch] = None
        self._arrival, self._started = Arrival(self), Arrival(self)
        self._resumed_ns: Optional[int] = None         # up to which a process before this one was
        self._early: deque = deque(maxlen=NEED_DEPTH)  # came before this node may speak
        self._requests = AlertRequests(self, self._ask, lambda: (
            self._desk.machine.snoozed_until_ns if self._is_configured else 0))

    # --- lifecycle -------------------------------------------------------------------------------
    def configure(self, values: CaregiverAlertSettings):
        """Read the policy and the secrets, and check every channel; nothing is sent yet."""
        crib_id = values.crib_id or self.get_namespace().strip('/') or DEFAULT_CRIB
        self._need_timeout_ns = values.need_timeout_s * 1e9
        self._desk = AlertDesk(open_policy(values.policy), crib_id)
        secrets = Secrets()
        senders = make_senders(values, secrets, crib_id, self._desk.machine.timing.heartbeat_s,
                               self._requests.put)
        self._alert = self.offer(CryAlert, 'alert', qos.EVENTS)
        self._care = self.offer(CareEvent, 'care_event', qos.EVENTS)
        # Of the namespace, whatever this node is called: two would tell everything twice.
        kept = self.own(KeptAlert(f'{self.get_namespace().rstrip("/")}/caregiver_alert',
                                  values.keep_alert, self.report))
        self._channels = Channels(senders, secrets, self.report, kept.outboxes)
        self._telling = AlertTelling(
            self._desk, kept, self._channels, self._publish, self.get_name(),
            lambda **fields: self._care.publish(care_message(CareEntry(**fields))))
        self._resumed_ns = self._telling.resume() or None
        for sentence in self._telling.news([sender.name for sender in senders]):
            self.get_logger().info(sentence)

    def activate(self):
        """Start to listen; the channels follow once this node may speak."""
        self.own(self._channels)
        self._only = self.own(OnlyOne(self, CryAlert, 'alert', alert_key,
                                      MISSED_HEARTBEATS * self._desk.machine.timing.heartbeat_s))
        self.own(WeakenedParameters(self, self._tell_weakened))
        self._nightly = self.own(NightlyTestWatch(
            self, lambda: self._desk.engine.policy.self_test_at is not None,
            lambda sentence: self._desk.notices.add(sentence)))
        self._started.note()
        self.hear(CryNeed, 'cry_need', self._on_need, qos.latched(NEED_DEPTH))
        self.every(TICK_S, self._tick)

    def deactivate(self):
        """End what is open; the channels get time to tell it."""
        # A process that ends is usually started again and goes on; this is somebody's wish.
        if not self._is_ending and self.context.ok() and self._is_the_one():
            self._telling.finish(self._now_ns())
        self._only = None
        if self._is_configured:
            self._desk.clear()
        self._early.clear()
        self._arrival.clear()

    # --- what comes in ---------------------------------------------------------------------------
    def _now_ns(self) -> int:
        """Return the time on the clock of the audio's stamps."""
        silent_ns = self._arrival.silent_ns()
        if silent_ns is not None:
            return self._desk.stamp_ns + silent_ns
        if self._resumed_ns is not None:
            return self._resumed_ns + self._started.silent_ns()
        return now_nanoseconds(self)

    def _on_need(self, message: CryNeed):
        self._early.append(message)
        self._take_early()

    def _take_early(self):
        while self._early and self._only is not None and self._only.is_decided:
            self._take(self._early.popleft())

    def _take(self, message: CryNeed):
        state = cry_state(message)
        state = replace(state, episode_id=short(state.episode_id), crib_id=short(state.crib_id))
        self._resumed_ns = None
        self._arrival.note()
        if self._desk.on_need(state, time.monotonic_ns()):
            self._tell_weakened(SWITCHED_OFF)
        self._step(state.stamp_ns)

    def _tick(self):
        """Repeat, keep alive, and notice that nothing comes on cry_need any more."""
        self._take_early()
        self._is_the_one()
        self._requests.obey()
        silent_ns = self._arrival.silent_ns()
        waited_ns = self._started.silent_ns() if silent_ns is None else silent_ns
        if waited_ns > self._need_timeout_ns:
            self.report('cry_need_silent', f'cry_need is silent for {waited_ns * 1e-9:.0f} s')
            self._step(self._now_ns(), self._desk.silence(self._now_ns(), waited_ns))
        elif silent_ns is not None or self._desk.machine.open is not None:
            self._step(self._now_ns())

    def _is_the_one(self) -> bool:
        """Return whether this node may speak; begin with the channels once it may."""
        if self._only is None or not self._only.is_decided or self._only.must_wait:
            return False
        self._channels.start()
        return True

    def _step(self, now_ns, silence=None):
        """Say what is due, unless another one does."""
        self._only.expect(silence is not None or self._desk.is_due)
        if self._is_the_one():
            self._telling.say(self._desk.step(now_ns, time.monotonic_ns(),
                                              self.count_publishers('cry_need') > 1, silence))

    # --- what is said ----------------------------------------------------------------------------
    def _publish(self, said: Said):
        message = alert_message(said)
        if self._only is not None:
            self._only.note(message)
        self._alert.publish(message)

    def _tell_weakened(self, sentence: str):
        self.report('weakened', sentence)
        self._telling.weakened(sentence, self._now_ns())

    def _ask(self, what: str, *words):
        """Do what a caregiver asks for, by the name of a method of `AlertTelling`."""
        if not self._is_active:
            return False, 'the node is not active'
        if not self._is_the_one():
            return False, TWICE
        return getattr(self._telling, what)(*words, self._now_ns())

    # --- health ----------------------------------------------------------------------------------
    def diagnose(self):
        """Report what is open, and how each channel is."""
        if self._only is None:
            return DiagnosticStatus.WARN, 'not active', {}
        details, ill = self._channels.health()
        if not self._only.is_decided:
            return DiagnosticStatus.WARN, 'not active', details
        if self._only.must_wait:
            return DiagnosticStatus.ERROR, TWICE, details
        if self._only.others and self._only.other_heard:
            ill.append('another node says alerts of this crib too')
        if self._nightly is not None and self._nightly.trouble:
            ill.append(self._nightly.trouble)
        details.update(self._telling.details())
        level, sentence = self._telling.health(ill)
        return LEVELS[level], sentence, details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [CaregiverAlert()], args)
