# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that plays what soothes: the policy's sound orders, through a loudspeaker or as topics.

It evaluates the policy over `cry_need` by itself. What is played has passed a limiter that knows
the level at the baby's ear (`audio/loudness/limiter.py`); when nobody hears whether it helps, when
somebody says stop, and when an hour or a day has had its share, it fades out.
"""

from functools import partial
from typing import Optional

from baby_cry_detector.audio.devices.speaker_sink import SpeakerSink
from baby_cry_detector.care.policy.effect import Effect
from baby_cry_detector.care.policy.engine import PolicyEngine, SOUND
from baby_cry_detector.care.policy.places import open_policy
from baby_cry_detector.care.policy.plan import SoundOrder
from baby_cry_detector.care.policy.policy import Policy
from baby_cry_detector.care.sound.calibration import Calibration
from baby_cry_detector.care.sound.dose_journal import DoseKeeper
from baby_cry_detector.care.sound.sound_library import open_sounds, sounds_of
from baby_cry_detector.care.sound.sound_player import SoundPlayer, TopicSink
from baby_cry_detector.msg import CareEvent, CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.managed_node import ManagedNode, survive
from baby_cry_detector.ros.base.messages import (audio_message, AudioData, AudioDataStamped,
                                                 AudioInfo, cry_state, info_message)
from baby_cry_detector.ros.base.parameters import SootherSettings
from baby_cry_detector.ros.base.ros_time import Arrival, from_nanoseconds, now_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.ros.nodes.own_sound_output import OwnSoundOutput
from baby_cry_detector.ros.nodes.self_testing import CHIRP, Chirping
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Float32
from std_srvs.srv import Trigger

WATCH_PERIOD_S = 0.1
LEVEL_PERIOD_S = 0.5
KEEP_PERIOD_S = 10.0
# Name of the action when somebody asked for the sound.
BY_HAND = 'by hand'
CALIBRATION_SOUND, CALIBRATION_S = 'pink', 60.0
CALIBRATION_HEADROOM_DB = 3.0          # below the cap, so that the limiter leaves it alone


class Soother(ManagedNode[SootherSettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters and services."""
        super().__init__('soother', SootherSettings, overrides, **kwargs)
        self._values = SootherSettings()
        self._policy: Optional[Policy] = None
        self._engine: Optional[PolicyEngine] = None
        self._player: Optional[SoundPlayer] = None
        self._calibration = Calibration()
        self._order: Optional[SoundOrder] = None      # what sounds, or is being begun
        self._began = False                           # whether it has been heard
        self._refused = self._newest_action = ''      # action that was refused, or begun, last
        self._since_ns = self._times = 0              # how often this order began (device lost)
        self._dose: Optional[DoseKeeper] = None
        self._level_dba, self._frame_id = 0.0, ''
        self._own_sound: Optional[OwnSoundOutput] = None
        self._arrival = Arrival(self)
        self._need, self._running_timers, self._outputs = None, [], {}
        self._chirping = Chirping(self, self._play_once)
        self.create_service(Trigger, '~/stop', self._stop_service)
        self.create_service(Trigger, '~/play', self._play_service)
        self.create_service(Trigger, '~/calibrate', self._calibrate_service)

    def validate(self, values: SootherSettings):
        """Refuse a calibration that no loudspeaker has."""
        Calibration.of(values.calibration_dba, values.calibration_dbfs)

    def configure(self, values: SootherSettings):
        """Read the policy and look at every sound that it may order."""
        policy = open_policy(values.policy)
        names = sounds_of(policy) | {values.sound, CALIBRATION_SOUND}
        sounds = {**open_sounds(names, values), CHIRP: Chirping.sound}
        self._values, self._policy = values, policy
        self._calibration = Calibration.of(values.calibration_dba, values.calibration_dbfs)
        self._engine = PolicyEngine(policy, values.crib_id)
        self._outputs = {
            'care_event': self.offer(CareEvent, 'care_event', qos.EVENTS),
            'level': self.offer(Float32, 'sound_level', qos.STATE),
            'dose': self.offer(Float32, 'sound_dose', qos.STATE)}
        self._own_sound = OwnSoundOutput(self)
        open_sink = partial(SpeakerSink, values.device, values.sample_rate)
        if values.output == 'topic':
            depth = qos.depth_for()
            self._outputs.update(
                audio=self.offer(AudioData, 'audio_out', qos.stream(depth)),
                stamped=self.offer(AudioDataStamped, 'audio_out_stamped', qos.stream(depth)),
                info=self.offer(AudioInfo, 'audio_out_info', qos.LATCHED))
            open_sink = partial(TopicSink, self._publish_audio, values.sample_rate)
        self._dose = DoseKeeper(self.get_fully_qualified_name(), self.report)
        self._player = SoundPlayer(open_sink, sounds, self._cap_dbfs(values), self._on_block,
                                   self.report)
        words, log = self._calibration.describe(), self.get_logger()
        if self._calibration.measured:         # rclpy allows one severity per line of code
            log.info(f'calibration {words}')
        else:
            log.warning(f'calibration {words}')

    def _cap_dbfs(self, values) -> float:
        return self._calibration.dbfs(values.cap_dba)

    def live_change(self, values: SootherSettings):
        """Use another cap, level or share of an hour."""
        self._values = values
        if self._player is not None:
            self._player.set_cap(self._cap_dbfs(values))

    def activate(self):
        """Open the loudspeaker and listen to what is known about the baby."""
        if self._values.output == 'topic':
            self._outputs['info'].publish(info_message(self._values.sample_rate))
        self._engine = PolicyEngine(self._policy, self._values.crib_id)
        self._arrival.clear()
        self._own_sound.begin()
        self._player.open()
        self._chirping.start(lambda: self._engine.policy.self_test_at)
        self._need = self.hear(CryNeed, 'cry_need', self._on_need, qos.STATE)
        self._running_timers = [self.every(WATCH_PERIOD_S, self._watch),
                                self.every(LEVEL_PERIOD_S, self._say_level),
                                self.every(KEEP_PERIOD_S, self._dose.keep)]

    def deactivate(self):
        """Fade out quickly and give the loudspeaker back."""
        if self._need is not None:
            self.destroy_subscription(self._need)
        for timer in self._running_timers:
            self.destroy_timer(timer)
        self._need, self._running_timers = None, []
        if self._player is not None:
            self._player.close()
        if self._order is not None and not self._is_ending:
            self._end('the soother was switched off')
        self._order = None
        if self._dose is not None:
            self._dose.keep()

    def cleanup(self):
        """Give everything back."""
        for publisher in self._outputs.values():
            self.destroy_lifecycle_publisher(publisher)
        self._outputs = {}
        self._player = self._engine = None
        if self._dose is not None:
            self._dose.close()
            self._dose = None

    # --- what to do ------------------------------------------------------------------------------
    @survive
    def _on_need(self, message: CryNeed):
        self._arrival.note()
        self._frame_id = message.header.frame_id
        plan = self._engine.observe(cry_state(message))
        self._carry_out(plan)

    def _carry_out(self, plan):
        """Do what the plan says."""
        for effect in plan.ended:
            if effect.action == SOUND and self._order is not None and (
                    effect.action_id == self._order.action_id):
                self._end(effect.why, effect)
        order = plan.sound
        if order is None:
            if self._order is not None and self._order.action_id != BY_HAND:
                self._end('the policy orders no sound any more')
            return
        why_not = self._why_not()
        if why_not:
            self._refuse(order, why_not)
            return
        if self._order is None or self._order.action_id != order.action_id or (
                self._order.sound, self._order.level_dba) != (order.sound, order.level_dba):
            if self._order is not None and self._order.action_id != order.action_id:
                self._end('the policy orders another sound')
            self._begin(order)

    def _why_not(self) -> str:
        """Return why nothing may be played now; '' if it may."""
        return self._dose.enough(now_nanoseconds(self), self._values.hour_minutes,
                                 self._values.day_minutes)

    def _refuse(self, order: SoundOrder, why: str):
        """Give the order up for this bout, and say so once."""
        if self._refused != order.action_id:
            self._refused = order.action_id
            self.report('refused', why)
            self._tell(order, CareEvent.PHASE_REFUSED, why)
        self._give_order_up(why)

    def _give_order_up(self, why: str):
        if self._engine is not None:
            self._carry_out(self._engine.give_up(SOUND, why))

    def _begin(self, order: SoundOrder):
        """Start a sound; if that is not possible now it is tried again until it is."""
        name = order.sound
        level_dba = min(order.level_dba, self._values.cap_dba)
        is_change = self._began and self._order is not None
        if order.action_id != self._newest_action:
            self._newest_action, self._times = order.action_id, 0
        began = self._player.play(
            name, self._calibration.dbfs(level_dba), self._values.fade_in_s,
            self._values.session_s, self._values.fade_out_s)
        if not began:
            trouble = self._player.trouble or 'the loudspeaker is being opened'
            self.report('not_played', f'{name} cannot be played now: {trouble}')
            return
        self._order = order
        if not is_change:
            self._began, self._since_ns = True, now_nanoseconds(self)
            self._times += 1
            self._tell(order, CareEvent.PHASE_STARTED,
                       f'{name} at {level_dba:g} dB(A): {order.reason}')
        self.get_logger().info(f'plays {name} at {level_dba:g} dB(A): {order.reason}')

    def _end(self, why: str, effect: Optional[Effect] = None):
        """Fade out and say so."""
        order, self._order = self._order, None
        if self._player is not None:
            self._player.fade_out(self._values.fade_out_s)
        if order is not None and self._began:
            self._tell(order, CareEvent.PHASE_ENDED, why, effect)
            self.get_logger().info(f'ends {order.sound}: {why}')
        self._began = False

    def _tell(self, order: SoundOrder, phase: int, text: str, effect: Optional[Effect] = None):
        publisher = self._outputs.get('care_event')
        if publisher is None:
            return
        now_ns = now_nanoseconds(self)
        message = CareEvent(kind=CareEvent.KIND_SOUND, phase=phase, who='soother', text=text,
                            episode_id=order.episode_id)
        message.header.stamp = from_nanoseconds(now_ns)
        message.header.frame_id = self._frame_id
        action = order.action_id if order.action_id != BY_HAND else f'{BY_HAND} {self._since_ns}'
        if self._times > 1 and phase != CareEvent.PHASE_REFUSED:
            action = f'{action}/{self._times}'
        message.action_id = f'{self.get_fully_qualified_name()}/{action}'
        names = {CareEvent.PHASE_STARTED: 'started', CareEvent.PHASE_ENDED: 'ended',
                 CareEvent.PHASE_REFUSED: 'refused'}
        message.event_id = f'{message.action_id}/{names[phase]}'
        for name in ('cry_share_before', 'cry_share_after', 'intensity_before',
                     'intensity_after'):
            setattr(message, name, getattr(effect, name) if effect else float('nan'))
        publisher.publish(message)

    # --- watching --------------------------------------------------------------------------------
    @survive
    def _watch(self):
        """Notice what no message tells: silence, the timer, the dose, a lost loudspeaker."""
        self._player.watch()
        silent_ns = self._arrival.silent_ns()
        order = self._order
        if order is None:
            return
        by_hand = order.action_id == BY_HAND
        if not by_hand and (silent_ns is None
                            or silent_ns > self._values.cry_need_timeout_s * 1e9):
            self.report('cry_need_silent', 'cry_need is silent: nobody hears whether it helps')
            # Barred until the end of the bout: what cries later was not heard meanwhile.
            self._give_up('cry_need is silent: nobody hears whether it helps')
            return
        why = self._why_not()
        if not why and not self._player.is_ready:
            why = f'the loudspeaker was lost: {self._player.trouble}'
            self._end(why)             # the plan still orders it: it begins again on return
            return
        if not why and not self._player.playing:
            why = self._player.last_sound_trouble or 'the timer ran out'
        if why:
            self._give_up(why)

    def _give_up(self, why: str):
        """End what plays, and do not begin it again in this bout of crying."""
        if self._order is not None and self._order.action_id == BY_HAND:
            self._end(why)
        self._give_order_up(why)
        if self._order is not None:
            self._end(why)

    @survive
    def _say_level(self):
        self._level_dba = self._dose.take_level_dba()
        dose_dba = self._dose.leq_hour_dba(now_nanoseconds(self))
        self._outputs['level'].publish(Float32(data=float(self._level_dba)))
        self._outputs['dose'].publish(Float32(data=float(dose_dba)))

    # --- services --------------------------------------------------------------------------------
    @survive
    def _stop_service(self, request, response):
        """End the sound and keep silent until this bout of crying is over."""
        response.success = True
        if not self._is_active:
            response.message = 'the soother is not active: nothing plays'
            return response
        was = self._order.sound if self._order is not None else ''
        self._give_up('somebody said stop')
        self._player.fade_out(min(1.0, self._values.fade_out_s))
        response.message = f'{was} ends' if was else 'nothing plays'
        return response

    @survive
    def _play_service(self, request, response):
        """Play the default sound until the timer runs out."""
        name = self._values.sound
        response.success, response.message = self._by_hand(
            name, self._values.level_dba, 'somebody said play', f'plays {name}')
        return response

    @survive
    def _calibrate_service(self, request, response):
        """Play noise of a known digital level for a minute, to be measured at the ear."""
        values = self._values
        if self._is_active and values.calibration_dbfs > self._cap_dbfs(values) - (
                CALIBRATION_HEADROOM_DB):
            response.message = (
                f'the limiter would make {values.calibration_dbfs:g} dBFS(A) quieter: set '
                f'cap_dba to 60, or calibration_dbfs to at most '
                f'{self._cap_dbfs(values) - CALIBRATION_HEADROOM_DB:g}')
            return response
        at_dbfs = values.calibration_dbfs
        response.success, response.message = self._by_hand(
            CALIBRATION_SOUND, self._calibration.dba(at_dbfs), 'to be measured at the ear',
            f'plays noise of {at_dbfs:g} dBFS(A) for {CALIBRATION_S:g} s; calibration_dba is what '
            'a sound level meter shows at the ear')
        return response

    def _by_hand(self, name: str, level_dba: float, reason: str, done: str):
        """Return (whether it plays now, what to answer)."""
        why = self._hindrance()
        if why:
            return False, why
        self._begin(SoundOrder(BY_HAND, '', now_nanoseconds(self), reason, name, level_dba))
        if self._order is not None:
            return True, done
        return False, self._player.why_not

    def _play_once(self, name: str, level_dba: float, fade_s: float, duration_s: float) -> str:
        """Play something short; return why not, '' if it plays."""
        return self._hindrance() or self._player.play_once(
            name, self._calibration.dbfs(min(level_dba, self._values.cap_dba)), fade_s,
            duration_s)

    def _hindrance(self) -> str:
        """Return why nobody may have anything played now; '' if he may."""
        why = self._why_not() if self._is_active else 'the soother is not active'
        return why or (f'{self._order.sound} plays already' if self._order else '')

    # --- from the sound's thread -----------------------------------------------------------------
    def _on_block(self, block, duration_s: float):
        """Add what was played to the dose and to the level that is shown."""
        self._dose.add(now_nanoseconds(self), self._calibration.dba(block.level_dbfs), duration_s)
        self._own_sound.tell(block.pcm, duration_s, self._player.latency_s, self._frame_id)

    def _publish_audio(self, pcm):
        message = audio_message(pcm, now_nanoseconds(self), self._frame_id or 'crib')
        try:
            self._outputs['stamped'].publish(message)
            self._outputs['audio'].publish(message.audio)
        except Exception:
            # A signal takes the context away from whoever is publishing at that moment.
            if self.context.ok():
                raise

    # --- health ----------------------------------------------------------------------------------
    def diagnose(self):
        """Report the loudspeaker, level, dose and calibration."""
        details = {'calibration': self._calibration.describe(),
                   'level_dba': round(self._level_dba, 1),
                   'cap_dba': self._values.cap_dba}
        if self._dose is not None:
            details.update(self._dose.figures(now_nanoseconds(self)))
        if not self._is_active:
            return DiagnosticStatus.WARN, 'not active', details
        player = self._player
        details.update(playing=player.playing, output=player.description,
                       hardware_id=player.description, limited_blocks=player.limited_blocks)
        if player.trouble:
            return DiagnosticStatus.ERROR, player.trouble, details
        if not player.is_ready:
            return DiagnosticStatus.WARN, 'the loudspeaker is being opened', details
        silent_ns = self._arrival.silent_ns()
        if silent_ns is None or silent_ns > self._values.cry_need_timeout_s * 1e9:
            return DiagnosticStatus.WARN, 'cry_need is silent', details
        message = f'plays {player.playing}' if player.playing else 'silent'
        if self._chirping.trouble or not self._calibration.measured:
            wrong = self._chirping.trouble or 'level not calibrated'
            return DiagnosticStatus.WARN, f'{message}; {wrong}', details
        return DiagnosticStatus.OK, message, details


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [Soother()], args)
