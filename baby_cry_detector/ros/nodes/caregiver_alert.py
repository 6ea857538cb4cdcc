# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that tells caregivers: what the policy asks for becomes alerts on `alert` and on channels.

Decisions are made from the stamps of `cry_need`; the clock is only asked whether that has stopped,
which is an alert of its own. A channel that hangs holds up nobody.
"""

from collections import Counter, deque
from dataclasses import asdict
import uuid

from diagnostic_msgs.msg import DiagnosticStatus

from baby_cry_detector.care.alerts.outbox import checked_word
from baby_cry_detector.care.alerts.secrets import Secrets
from baby_cry_detector.care.alerts.settings import make_senders, start_channels
from baby_cry_detector.care.alerts.alert_words import Facts, Said, Wish
from baby_cry_detector.care.alerts.alerting import AlertMachine, Timing
from baby_cry_detector.care.diary.rows import CareEntry
from baby_cry_detector.care.policy.engine import PolicyEngine
from baby_cry_detector.decision.need import Need
from baby_cry_detector.msg import CareEvent, CryAlert, CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.care_messages import care_message
from baby_cry_detector.kept_state import HeldError, KeptState
from baby_cry_detector.ros.base.messages import cry_state
from baby_cry_detector.ros.base.managed_node import ManagedNode, survive
from baby_cry_detector.ros.base.parameters import TABLES
from baby_cry_detector.ros.base.ros_time import (
    Arrival, duration_from_nanoseconds, from_nanoseconds, now_nanoseconds, to_nanoseconds)
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.care.policy.places import open_policy
from baby_cry_detector.srv import Acknowledge, Snooze
from baby_cry_detector.needs import END, HEARTBEAT, LOW, PRIORITY_NAMES, START

TICK_S = 0.2
NEED_DEPTH = 1000
DEFAULT_CRIB = 'crib'
MOST_COMMANDS = 100


def alert_message(said: Said) -> CryAlert:
    """Return a word as a message."""
    message = CryAlert(
        state=said.state, priority=said.priority, alert_id=said.alert_id,
        sequence=said.sequence, text=said.text, episode_id=said.episode_id,
        intensity=float(said.intensity), need=int(Need[said.need]),
        confidence=float(said.confidence), acknowledged=said.acknowledged,
        acknowledged_by=said.acknowledged_by, listening=said.listening)
    message.header.stamp = from_nanoseconds(said.stamp_ns)
    message.header.frame_id = said.crib_id
    message.onset = from_nanoseconds(said.onset_ns)
    message.duration = duration_from_nanoseconds(said.duration_ns)
    message.snoozed_until = from_nanoseconds(said.snoozed_until_ns)
    return message


class CaregiverAlert(ManagedNode):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters and services."""
        super().__init__('caregiver_alert', TABLES['caregiver_alert'], overrides, **kwargs)
        self._values = {}
        self._machine = self._engine = self._secrets = None
        self._senders, self._channels = [], []
        self._lost = Counter()
        self._commands = deque(maxlen=MOST_COMMANDS)   # from a broker's thread
        self._alert = self._care = self._kept = None
        self._heard_from, self._ticking = None, None
        self._arrival, self._started = Arrival(self), Arrival(self)
        self._stamp_ns = 0
        self._wish, self._facts = None, Facts()
        self._resumed_ns = None                        # up to which a process before this one was
        self._unsaid = []                              # ENDs that a crash may have swallowed
        self.create_service(Acknowledge, '~/acknowledge', self._acknowledge)
        self.create_service(Snooze, '~/snooze', self._snooze)

    # --- lifecycle -------------------------------------------------------------------------------
    def configure(self, values):
        """Read the policy and the secrets, and check every channel; nothing is sent yet."""
        self._values = values
        crib_id = values['crib_id'] or self.get_namespace().strip('/') or DEFAULT_CRIB
        self._engine = PolicyEngine(open_policy(values['policy']), crib_id)
        self._machine = AlertMachine(crib_id)
        self._take_timing()
        self._secrets = Secrets()
        self._senders = make_senders(
            values, self._secrets, crib_id, self._machine.timing.heartbeat_s,
            lambda command, seconds: self._commands.append((command, seconds)))
        self._alert = self.offer(CryAlert, 'alert', qos.EVENTS)
        self._care = self.offer(CareEvent, 'care_event', qos.EVENTS)
        if values['keep_alert']:
            self._open_state()
        names = ', '.join(sender.name for sender in self._senders)
        self.get_logger().info(f'tells of crib {crib_id} on the topic alert'
                               + (f' and by {names}' if names else ' alone'))

    def activate(self):
        """Start the channels and listen."""
        self._channels = start_channels(
            self._senders, self._secrets,
            self._kept.path.with_suffix('') if self._kept is not None else None)
        self._started.note()
        self._heard_from = self.hear(CryNeed, 'cry_need', self._hear, qos.latched(NEED_DEPTH))
        self._ticking = self.every(TICK_S, self._tick)

    def deactivate(self):
        """End what is open and give the channels time to tell it."""
        if self._heard_from is not None:
            self.destroy_subscription(self._heard_from)
            self.destroy_timer(self._ticking)
            # A process that ends is usually started again and goes on; this is somebody's wish.
            if not self._is_ending and self.context.ok():
                self._say(self._machine.finish(self._now_ns(), self._facts))
        self._heard_from = self._ticking = None
        channels, self._channels = self._channels, []
        self._lost.clear()
        for channel in channels:
            if not channel.close():
                self.report('not_delivered', f'{channel.name}: {channel.state().message}')
        self._wish, self._facts = None, Facts()
        self._arrival.clear()

    def cleanup(self):
        """Give everything back."""
        for publisher in (self._alert, self._care):
            if publisher is not None:
                self.destroy_lifecycle_publisher(publisher)
        if self._kept is not None:
            self._kept.close()
        self._alert = self._care = self._kept = None
        self._machine = self._engine = self._secrets = None
        self._senders = []

    def _take_timing(self):
        alerts = self._engine.policy.alerts
        self._machine.timing = Timing(alerts.repeat_s, alerts.escalate_after_s,
                                      alerts.snooze_max_s, alerts.heartbeat_s)

    # --- across processes ------------------------------------------------------------------------
    def _open_state(self):
        try:
            self._kept = KeptState(self.get_fully_qualified_name())
            document = self._kept.read()
        except HeldError as error:
            raise ValueError(f'{error}; alerts would be told twice') from None
        except (OSError, ValueError) as error:
            self.report('alert_not_kept', f'what was open before is not known: {error}')
            return
        try:
            if document is not None:
                unsaid = [checked_word(said) for said in document.get('unsaid', ())]
                self._machine.resume(document.get('alerts', {}))
                self._resumed_ns, self._unsaid = self._machine.now_ns, unsaid[:MOST_COMMANDS]
        except (KeyError, TypeError, ValueError) as error:
            self.report('alert_not_kept', f'what was open before makes no sense: {error}'
                        f'{self._kept.set_aside()}')
        if self._machine.open is not None:
            self.get_logger().info(f'{self._machine.open.alert_id} was open: it goes on, or is '
                                   'closed once the crib is heard')

    def _keep(self, unsaid=()):
        if self._kept is None:
            return
        try:
            self._kept.keep({'alerts': self._machine.to_document(),
                             'unsaid': [asdict(said) for said in unsaid]})
        except OSError as error:
            self.report('alert_not_kept', f'a crash would forget this alert: {error}')

    # --- what is heard ---------------------------------------------------------------------------
    def _now_ns(self) -> int:
        """Return the time on the clock of the audio's stamps."""
        silent_ns = self._arrival.silent_ns()
        if silent_ns is not None:
            return self._stamp_ns + silent_ns
        if self._resumed_ns is not None:
            return self._resumed_ns + self._started.silent_ns()
        return now_nanoseconds(self)

    @survive
    def _hear(self, message: CryNeed):
        state = cry_state(message)
        self._stamp_ns, self._resumed_ns = state.stamp_ns, None
        self._arrival.note()
        order = self._engine.observe(state).alert
        if state.crib_id and state.crib_id != self._machine.crib_id and (
                self._machine.open is None):
            self._machine.crib_id = state.crib_id
            self._take_timing()
        self._facts = Facts(state.is_heard, state.crying, state.episode_id,
                            state.intensity, state.need.name, state.confidence)
        self._wish = None
        if order is not None:
            cry = order.kind == 'cry'
            self._wish = Wish(
                order.episode_id, state.onset_ns if cry else order.since_ns,
                PRIORITY_NAMES.index(order.priority),
                # How it cries is in the text anyway; what was tried is not.
                order.reason.partition('; ')[2] if cry else order.reason, cry)
        self._say(self._machine.step(state.stamp_ns, self._wish, self._facts))

    @survive
    def _tick(self):
        """Repeat, keep alive, and notice that nobody speaks on cry_need any more."""
        while self._commands:
            self._obey(*self._commands.popleft())
        silent_ns = self._arrival.silent_ns()
        waited_ns = self._started.silent_ns() if silent_ns is None else silent_ns
        wish = self._wish
        if waited_ns > self._values['need_timeout_s'] * 1e9:
            open_ = self._machine.open
            self._facts = Facts(episode_id=self._facts.episode_id)
            wish = Wish(open_.episode_id if open_ is not None and not open_.cry else '',
                        self._now_ns() - waited_ns, self._deaf_priority(),
                        'nothing comes from the cry detector: the crib is not heard', False)
            self.report('cry_need_silent', f'cry_need is silent for {waited_ns * 1e-9:.0f} s')
        elif silent_ns is None and self._machine.open is None:
            return
        self._say(self._machine.step(self._now_ns(), wish, self._facts))

    def _deaf_priority(self) -> int:
        return max(LOW, PRIORITY_NAMES.index(self._engine.policy.alerts.no_audio_priority))

    # --- what is said ----------------------------------------------------------------------------
    def _say(self, words):
        words, self._unsaid = [*self._unsaid, *words], []
        if not words:
            return
        ends = [said for said in words if said.state == END]
        if any(said.state != HEARTBEAT for said in words):
            self._keep(ends)             # before anybody hears of it: a name is used once
        for said in words:
            self._alert.publish(alert_message(said))
            for channel in self._channels:
                channel.offer(said)
            if said.state in (START, END):
                self._tell_care(said)
        if ends:
            self._keep()

    def _tell_care(self, said: Said):
        phase, name = (('started', 'start') if said.state == START else ('ended', 'end'))
        self._care.publish(care_message(CareEntry(
            f'{said.alert_id}-{name}', said.stamp_ns, 'alert', said.crib_id, phase,
            said.alert_id, self.get_name(), said.episode_id, said.text)))

    # --- what caregivers do ----------------------------------------------------------------------
    def _take_over(self, who: str, alert_id: str):
        now_ns = self._now_ns()
        open_ = self._machine.open
        already = open_ is not None and open_.acknowledged
        done, sentence, words = self._machine.acknowledge(now_ns, who, alert_id, self._facts)
        self._say(words)
        if done and not already:
            self._care.publish(care_message(CareEntry(
                f'{open_.alert_id}-acknowledged', now_ns, 'acknowledged', self._machine.crib_id,
                action_id=open_.alert_id, who=who,
                episode_id=open_.episode_id, text='took the alert over')))
        return done, sentence

    def _hold_back(self, who: str, duration_ns: int):
        now_ns = self._now_ns()
        done, sentence, words = self._machine.snooze(now_ns, duration_ns, self._facts)
        if done:
            self._keep()
            self._say(words)
            self._care.publish(care_message(CareEntry(
                uuid.uuid4().hex, now_ns, 'snoozed', self._machine.crib_id, who=who,
                episode_id=self._machine.open.episode_id if self._machine.open else '',
                text=sentence, until_ns=self._machine.snoozed_until_ns)))
        return done, sentence

    def _obey(self, command: str, seconds: float):
        if command == 'acknowledge':
            self._take_over('mqtt', '')
        else:
            self._hold_back('mqtt', round(seconds * 1e9))

    @survive
    def _acknowledge(self, request, response):
        """Take the open alert over."""
        response.success, response.message = False, 'the node is not active'
        if self._is_active:
            response.success, response.message = self._take_over(request.who, request.alert_id)
        return response

    @survive
    def _snooze(self, request, response):
        """Hold alerts back for a time."""
        response.success, response.message = False, 'the node is not active'
        if self._is_active:
            response.success, response.message = self._hold_back(
                request.who, to_nanoseconds(request.duration))
            response.until = from_nanoseconds(self._machine.snoozed_until_ns)
        return response

    # --- health ----------------------------------------------------------------------------------
    def diagnose(self):
        """Report what is open, and how each channel is."""
        details, ill = {}, []
        for channel in self._channels:
            state = channel.state()
            details[f'{channel.name}.state'] = state.message
            details[f'{channel.name}.delivered'] = state.delivered
            details[f'{channel.name}.waiting'] = state.waiting
            details[f'{channel.name}.lost'] = state.lost
            details[f'{channel.name}.last_lost'] = state.lost_why
            if state.lost > self._lost[channel.name]:
                self._lost[channel.name] = state.lost
                self.report('given_up', f'{channel.name} gave up {state.lost_why}')
            if state.lost_why:
                ill.append(f'{channel.name} gave up {state.lost_why}')
            if not state.well:
                ill.append(f'{channel.name}: {state.message}')
        if not self._is_active or self._machine is None:
            return DiagnosticStatus.WARN, 'not active', details
        open_ = self._machine.open
        details['alert'] = open_.alert_id if open_ is not None else ''
        details['acknowledged'] = open_ is not None and open_.acknowledged
        details['snoozed'] = self._machine.snoozed
        if open_ is not None and not open_.cry:
            return DiagnosticStatus.ERROR, '; '.join([open_.reason, *ill]), details
        if ill:
            return DiagnosticStatus.WARN, '; '.join(ill), details
        return DiagnosticStatus.OK, 'alert' if open_ is not None else 'watching', details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [CaregiverAlert()], args)
