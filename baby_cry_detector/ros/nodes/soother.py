# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Node that plays what soothes: the policy's sound orders, through a loudspeaker or as topics.

It evaluates the policy over `cry_need` by itself (`care/sound/sound_orders.py`). What is played
has passed a limiter that knows the level at the baby's ear (`audio/loudness/limiter.py`); when
cry_need is silent, when somebody says stop, and when an hour or a day has had its share, it fades
out.
"""

from functools import partial
from typing import Callable, Optional

from baby_cry_detector.audio.devices.speaker_sink import SpeakerSink
from baby_cry_detector.care.policy.places import open_policy
from baby_cry_detector.care.sound.calibration import Calibration
from baby_cry_detector.care.sound.dose_journal import DoseKeeper
from baby_cry_detector.care.sound.sound_library import open_sounds, sounds_of
from baby_cry_detector.care.sound.sound_orders import (CALIBRATION_SOUND, INACTIVE,
                                                       SoundEvent, SoundOrders)
from baby_cry_detector.care.sound.sound_player import Sink, SoundPlayer, TopicSink
from baby_cry_detector.msg import CareEvent, CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.care_messages import care_message, sound_entry
from baby_cry_detector.ros.base.managed_node import ManagedNode
from baby_cry_detector.ros.base.messages import cry_state
from baby_cry_detector.ros.base.parameters import SootherSettings
from baby_cry_detector.ros.base.ros_time import Arrival, now_nanoseconds
from baby_cry_detector.ros.base.running import run_nodes
from baby_cry_detector.ros.parts.own_sound_output import AudioOutput, OwnSoundOutput
from baby_cry_detector.ros.parts.self_test_chirping import CHIRP, Chirping
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Float32
from std_srvs.srv import Trigger

WATCH_PERIOD_S = 0.1
LEVEL_PERIOD_S, KEEP_PERIOD_S = 0.5, 10.0


class Soother(ManagedNode[SootherSettings]):
    """See the module."""

    def __init__(self, overrides=None, **kwargs):
        """Declare parameters and services."""
        super().__init__('soother', SootherSettings, overrides, **kwargs)
        self._values, self._calibration = SootherSettings(), Calibration()
        self._player: Optional[SoundPlayer] = None
        self._orders: Optional[SoundOrders] = None
        self._dose: Optional[DoseKeeper] = None
        self._own_sound: Optional[OwnSoundOutput] = None
        self._audio_out: Optional[AudioOutput] = None
        self._level_dba, self._frame_id = 0.0, ''
        self._arrival, self._outputs = Arrival(self), {}
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
        self._values = values
        self._calibration = Calibration.of(values.calibration_dba, values.calibration_dbfs)
        self._outputs = {
            'care_event': self.offer(CareEvent, 'care_event', qos.EVENTS),
            'level': self.offer(Float32, 'sound_level', qos.STATE),
            'dose': self.offer(Float32, 'sound_dose', qos.STATE)}
        self._own_sound = OwnSoundOutput(self)
        open_sink: Callable[[], Sink] = partial(SpeakerSink, values.device, values.sample_rate)
        if values.output == 'topic':
            output = self._audio_out = AudioOutput(self, values.sample_rate)
            open_sink = partial(TopicSink, lambda pcm: output.tell(pcm, self._frame_id),
                                values.sample_rate)
        self._dose = self.own(DoseKeeper(self.get_fully_qualified_name(), self.report))
        self._player = SoundPlayer(open_sink, sounds, self._calibration.dbfs(values.cap_dba),
                                   self._on_block, self.report)
        self._orders = SoundOrders(policy, values, self._player, self._dose, self._calibration,
                                   self._say, self.report, self.get_logger().info)
        words, log = self._calibration.describe(), self.get_logger()
        if self._calibration.measured:         # rclpy allows one severity per line of code
            log.info(f'calibration {words}')
        else:
            log.warning(f'calibration {words}')

    def live_change(self, values: SootherSettings):
        """Use another cap, level or share of an hour."""
        self._values = values
        if self._player is not None and self._orders is not None:
            self._orders.values = values
            self._player.set_cap(self._calibration.dbfs(values.cap_dba))

    def activate(self):
        """Open the loudspeaker and listen to what is known about the baby."""
        if self._audio_out is not None:
            self._audio_out.begin()
        self._orders.open()
        self._arrival.clear()
        self._own_sound.begin()
        self._player.open()
        self._chirping.start(lambda: self._orders.self_test_at)
        self.hear(CryNeed, 'cry_need', self._on_need, qos.STATE)
        self.every(WATCH_PERIOD_S, self._watch)
        self.every(LEVEL_PERIOD_S, self._say_level)
        self.every(KEEP_PERIOD_S, self._dose.keep)

    def deactivate(self):
        """Fade out quickly and give the loudspeaker back."""
        if self._orders is None:
            return
        self._player.close()
        self._orders.close(now_nanoseconds(self),
                           '' if self._is_ending else 'the soother was switched off')
        self._dose.keep()

    def cleanup(self):
        """Give everything back."""
        self._player = self._orders = self._dose = None
        self._own_sound = self._audio_out = None

    # --- what to do ------------------------------------------------------------------------------
    def _on_need(self, message: CryNeed):
        assert self._orders is not None        # it is active
        self._arrival.note()
        self._frame_id = message.header.frame_id
        self._orders.observe(cry_state(message), now_nanoseconds(self))

    def _watch(self):
        """Notice what no message tells: silence, the timer, the dose, a lost loudspeaker."""
        self._player.watch()
        self._orders.watch(self._arrival.silent_ns(), now_nanoseconds(self))

    def _say(self, event: SoundEvent):
        self._outputs['care_event'].publish(care_message(sound_entry(
            event, self.get_fully_qualified_name(), self._frame_id)))

    def _say_level(self):
        self._level_dba = self._dose.take_level_dba()
        dose_dba = self._dose.leq_hour_dba(now_nanoseconds(self))
        self._outputs['level'].publish(Float32(data=float(self._level_dba)))
        self._outputs['dose'].publish(Float32(data=float(dose_dba)))

    # --- services --------------------------------------------------------------------------------
    def _stop_service(self, request, response):
        """End the sound and keep silent until this bout of crying is over."""
        response.success, response.message = True, 'the soother is not active: nothing plays'
        if self._orders is not None:
            response.message = self._orders.stop(now_nanoseconds(self))
        return response

    def _play_service(self, request, response):
        """Play the default sound until the timer runs out."""
        response.message = INACTIVE
        if self._orders is not None:
            response.success, response.message = self._orders.play(now_nanoseconds(self))
        return response

    def _calibrate_service(self, request, response):
        """Play noise of a known digital level for a minute, to be measured at the ear."""
        response.message = INACTIVE
        if self._orders is not None:
            response.success, response.message = self._orders.calibrate(now_nanoseconds(self))
        return response

    def _play_once(self, name: str, level_dba: float, fade_s: float, duration_s: float) -> str:
        """Play something short; return why not, '' if it plays."""
        return INACTIVE if self._orders is None else self._orders.play_once(
            name, level_dba, fade_s, duration_s, now_nanoseconds(self))

    # --- from the sound's thread -----------------------------------------------------------------
    def _on_block(self, block, duration_s: float):
        """Add what was played to the dose and to the level that is shown."""
        dose, own_sound, player = self._dose, self._own_sound, self._player
        assert dose is not None and own_sound is not None and player is not None  # until it ends
        dose.add(now_nanoseconds(self), self._calibration.dba(block.level_dbfs),
                 duration_s if block.pcm.any() else 0.0)
        own_sound.tell(block.pcm, duration_s, player.latency_s, self._frame_id)

    # --- health ----------------------------------------------------------------------------------
    def diagnose(self):
        """Report the loudspeaker, level, dose and calibration."""
        details = {'calibration': self._calibration.describe(), 'cap_dba': self._values.cap_dba,
                   'level_dba': round(self._level_dba, 1)}
        if self._dose is not None:
            details.update(self._dose.figures(now_nanoseconds(self)))
        if not self._is_active:
            return DiagnosticStatus.WARN, 'not active', details
        level, said, more = self._orders.health(self._arrival.silent_ns(), self._chirping.trouble)
        return getattr(DiagnosticStatus, level), said, {**details, **more}


def main(args=None) -> int:
    """Run the node until interrupted."""
    return run_nodes(lambda: [Soother()], args)
