# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that tells caregivers: what the policy asks for becomes alerts on `alert` and on channels.

Decisions are made from the stamps of `cry_need`; the clock is only asked whether that has stopped,
which is an alert of its own. A channel that hangs holds up nobody.
"""

from collections import Counter, deque
from dataclasses import asdict, replace
import time
import uuid

from baby_cry_detector.care.alerts.alert_words import DISAGREEMENT, Facts, Said, short, Wish
from baby_cry_detector.care.alerts.alerting import AlertMachine, Timing
from baby_cry_detector.care.alerts.channel_secrets import Secrets
from baby_cry_detector.care.alerts.notices import Notices
from baby_cry_detector.care.alerts.outbox import checked_word
from baby_cry_detector.care.alerts.settings import make_senders, start_channels
from baby_cry_detector.care.alerts.sources import Disagreement
from baby_cry_detector.care.diary.rows import CareEntry
from baby_cry_detector.care.policy.engine import PolicyEngine
from baby_cry_detector.care.policy.places import open_policy
from baby_cry_detector.kept_state import HeldError, KeptState
from baby_cry_detector.msg import CareEvent, CryAlert, CryNeed
from baby_cry_detector.needs import (END, HEARTBEAT, LOW, MEDIUM, PRIORITY_NAMES, START,
                                     STATUS_DISABLED)
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.care_messages import alert_key, alert_message, care_message
from baby_cry_detector.ros.base.managed_node import ManagedNode, survive
from baby_cry_detector.ros.base.messages import cry_state
from baby_cry_detector.ros.base.parameters import CaregiverAlertSettings
from baby_cry_detector.ros.base.ros_time import (Arrival, from_nanoseconds, now_nanoseconds,
                                                 to_nanoseconds)
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.ros.nodes.graph_watch import OnlyOne, WeakenedParameters
from baby_cry_detector.srv import Acknowledge, Snooze
from diagnostic_msgs.msg import DiagnosticStatus

TICK_S = 0.2
NEED_DEPTH = 1000
DEFAULT_CRIB = 'crib'
MOST_COMMANDS = 100
MISSED_HEARTBEATS = 3
SWITCHED_OFF = 'listening was switched off: nobody is called when it cries'
TWICE = 'another caregiver_alert tells of this crib: this one says nothing'


class CaregiverAlert(ManagedNode[CaregiverAlertSettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters and services."""
        super().__init__('caregiver_alert', CaregiverAlertSettings, overrides, **kwargs)
        self._values = CaregiverAlertSettings()
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
        self._only, self._weakened = None, None
        self._sources, self._agreed = Disagreement(), None
        self._notices, self._is_disabled = Notices(), False
        self._early = deque(maxlen=NEED_DEPTH)         # heard before this node may speak
        self.create_service(Acknowledge, '~/acknowledge', self._acknowledge)
        self.create_service(Snooze, '~/snooze', self._snooze)

    # --- lifecycle -------------------------------------------------------------------------------
    def configure(self, values: CaregiverAlertSettings):
        """Read the policy and the secrets, and check every channel; nothing is sent yet."""
        self._values = values
        crib_id = values.crib_id or self.get_namespace().strip('/') or DEFAULT_CRIB
        self._engine = PolicyEngine(open_policy(values.policy), crib_id)
        self._machine = AlertMachine(crib_id)
        self._take_timing()
        self._secrets = Secrets()
        self._senders = make_senders(
            values, self._secrets, crib_id, self._machine.timing.heartbeat_s,
            lambda command, seconds: self._commands.append((command, seconds)))
        self._alert = self.offer(CryAlert, 'alert', qos.EVENTS)
        self._care = self.offer(CareEvent, 'care_event', qos.EVENTS)
        self._open_state(values.keep_alert)
        names = ', '.join(sender.name for sender in self._senders)
        self.get_logger().info(f'tells of crib {crib_id} on the topic alert'
                               + (f' and by {names}' if names else ' alone'))

    def activate(self):
        """Start the channels and listen."""
        self._only = OnlyOne(self, CryAlert, 'alert', alert_key,
                             MISSED_HEARTBEATS * self._machine.timing.heartbeat_s)
        self._weakened = WeakenedParameters(self, self._tell_weakened)
        self._started.note()
        self._heard_from = self.hear(CryNeed, 'cry_need', self._hear, qos.latched(NEED_DEPTH))
        self._ticking = self.every(TICK_S, self._tick)

    def deactivate(self):
        """End what is open and give the channels time to tell it."""
        if self._heard_from is not None:
            self.destroy_subscription(self._heard_from)
            self.destroy_timer(self._ticking)
            self._only.close()
            self._weakened.close()
            # A process that ends is usually started again and goes on; this is somebody's wish.
            if not self._is_ending and self.context.ok() and self._is_the_one():
                self._say(self._machine.finish(self._now_ns(), self._facts))
        self._heard_from = self._ticking = None
        channels, self._channels = self._channels, []
        self._lost.clear()
        for channel in channels:
            if not channel.close():
                self.report('not_delivered', f'{channel.name}: {channel.state().message}')
        self._wish, self._facts = None, Facts()
        self._only = self._weakened = self._agreed = None
        self._sources, self._notices, self._is_disabled = Disagreement(), Notices(), False
        self._early.clear()
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
    def _open_state(self, is_kept):
        try:
            # Of the namespace, whatever this node is called: two would tell everything twice.
            self._kept = KeptState(f'{self.get_namespace().rstrip("/")}/caregiver_alert')
            document = self._kept.read() if is_kept else None
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
        if self._kept is None or not self._values.keep_alert:
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
        self._early.append(message)
        while self._early and self._only.is_decided:
            self._take(self._early.popleft())

    def _take(self, message: CryNeed):
        state = cry_state(message)
        state = replace(state, episode_id=short(state.episode_id), crib_id=short(state.crib_id))
        self._sources.note(state, time.monotonic_ns())
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
        if (state.status == STATUS_DISABLED) != self._is_disabled:
            self._is_disabled = not self._is_disabled
            if self._is_disabled:
                self._tell_weakened(SWITCHED_OFF)
        self._step(state.stamp_ns, self._wish)

    @survive
    def _tick(self):
        """Repeat, keep alive, and notice that nobody speaks on cry_need any more."""
        while self._early and self._only.is_decided:
            self._take(self._early.popleft())
        self._is_the_one()
        while self._commands:
            self._obey(*self._commands.popleft())
        silent_ns = self._arrival.silent_ns()
        waited_ns = self._started.silent_ns() if silent_ns is None else silent_ns
        wish = self._wish
        if waited_ns > self._values.need_timeout_s * 1e9:
            open_ = self._machine.open
            self._facts = Facts(episode_id=self._facts.episode_id)
            wish = Wish(open_.episode_id if open_ is not None and not open_.cry else '',
                        self._now_ns() - waited_ns, self._deaf_priority(),
                        'nothing comes from the cry detector: the crib is not heard', False)
            self.report('cry_need_silent', f'cry_need is silent for {waited_ns * 1e-9:.0f} s')
        elif silent_ns is None and self._machine.open is None:
            return
        self._step(self._now_ns(), wish)

    def _is_the_one(self) -> bool:
        """Return whether this node may speak; begin with the channels once it may."""
        if self._only is None or not self._only.is_decided or self._only.must_wait:
            return False
        if len(self._channels) < len(self._senders):
            kept = self._kept if self._values.keep_alert else None
            self._channels = start_channels(
                self._senders, self._secrets, kept and kept.path.with_suffix(''))
        return True

    def _step(self, now_ns, wish):
        """Say what is due, unless another one does, or nobody knows what is true."""
        self._only.expect(wish is not None)
        if not self._is_the_one():
            return
        steady_ns = time.monotonic_ns()
        if self._sources.is_seen(steady_ns):
            # Their stamps may contradict each other too.
            self._agreed = self._agreed or (max(self._machine.now_ns, 1), steady_ns)
            now_ns = self._agreed[0] + steady_ns - self._agreed[1]
            two = self.count_publishers('cry_need') > 1
            wish = Wish('', self._agreed[0], max(MEDIUM, self._deaf_priority()),
                        f'{"two detectors disagree" if two else "the detector contradicts itself"}'
                        ' whether it cries', False, DISAGREEMENT)
        else:
            self._agreed = None
        if wish is None:
            wish = self._notices.wish(now_ns, steady_ns)
        self._say(self._machine.step(now_ns, wish, self._facts))

    def _tell_weakened(self, sentence: str):
        """Write down that somebody weakened something, and tell people when nothing else is."""
        self.report('weakened', sentence)
        if not self._notices.add(sentence):
            return
        self._care.publish(care_message(CareEntry(
            uuid.uuid4().hex, self._now_ns(), 'note', self._machine.crib_id,
            who=self.get_name(), text=short(sentence, 250))))

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
            message = alert_message(said)
            self._only.note(message)
            self._alert.publish(message)
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
        if not self._is_the_one():
            return False, TWICE
        who = short(who, 40)
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
        if not self._is_the_one():
            return False, TWICE
        who = short(who, 40)
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
        if not self._is_active or self._machine is None or not self._only.is_decided:
            return DiagnosticStatus.WARN, 'not active', details
        if self._only.must_wait:
            return DiagnosticStatus.ERROR, TWICE, details
        if self._only.others and self._only.other_heard:
            ill.append('another node says alerts of this crib too')
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
