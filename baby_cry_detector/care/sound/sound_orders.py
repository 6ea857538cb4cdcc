# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Carries out what the policy orders to be played, and what somebody asks for by hand.

Pure: it is told the time, what is heard and how long nothing was; it commands a player and says
what became of each order. A sound that was stopped for another reason than the policy's own is
not begun again in the same bout of crying.
"""

from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Tuple

from baby_cry_detector.care.policy.effect import Effect
from baby_cry_detector.care.policy.engine import PolicyEngine, SOUND
from baby_cry_detector.care.policy.plan import Plan, SoundOrder
from baby_cry_detector.care.policy.policy import Policy
from baby_cry_detector.care.sound.calibration import Calibration
from baby_cry_detector.care.sound.dose_journal import DoseKeeper
from baby_cry_detector.care.sound.sound_player import SoundPlayer
from baby_cry_detector.cry_state import CryState

# Name of the action when somebody asked for the sound.
BY_HAND = 'by hand'
CALIBRATION_SOUND, CALIBRATION_S = 'pink', 60.0
CALIBRATION_HEADROOM_DB = 3.0          # below the cap, so that the limiter leaves it alone
INACTIVE = 'the soother is not active'
SILENT = 'cry_need is silent: nobody hears whether it helps'


@dataclass(frozen=True)
class SoundEvent:
    """
    What became of an order.

    :param action: name of what was begun, the same from its start to its end.
    :param phase: ``started``, ``ended`` or ``refused``.
    :param effect: what it changed, where the policy measured that.
    """

    stamp_ns: int
    action: str
    phase: str
    episode_id: str
    text: str
    effect: Optional[Effect] = None


class SoundOrders:
    """
    The orders of one crib.

    :param values: as the parameters of `soother`; may be replaced while it runs.
    :param player: plays; ``dose``: how much was played and is enough.
    :param say: told each `SoundEvent`.
    :param report: told ``(kind, sentence)`` of trouble; ``log``: a sentence.
    """

    def __init__(self, policy: Policy, values: Any, player: SoundPlayer, dose: DoseKeeper,
                 calibration: Calibration, say: Callable[[SoundEvent], None],
                 report: Callable[[str, str], None], log: Callable[[str], object]) -> None:
        """Nothing plays, and nothing is asked for while it is not open."""
        self.values = values
        self._policy, self._player, self._dose = policy, player, dose
        self._calibration, self._say, self._report, self._log = calibration, say, report, log
        self._engine = PolicyEngine(policy, values.crib_id)
        self.is_open = False
        self._order: Optional[SoundOrder] = None      # what sounds, or is being begun
        self._began = False                           # whether it has been heard
        self._refused = self._newest_action = ''      # action that was refused, or begun, last
        self._since_ns = self._times = 0              # how often this order began (device lost)

    @property
    def self_test_at(self) -> Optional[int]:
        """Return the minute of the day at which the policy asks for a test of the chirp."""
        return self._engine.policy.self_test_at

    def open(self) -> None:  # noqa: A003  # the opposite of close
        """Take orders, of a bout that begins now."""
        self._engine = PolicyEngine(self._policy, self.values.crib_id)
        self.is_open = True

    def close(self, now_ns: int, why: str) -> None:
        """Take no more orders; what plays has ended, with an empty ``why`` without a word."""
        self.is_open = False
        if self._order is not None and why:
            self._end(now_ns, why)
        self._order = None

    # --- what the policy says --------------------------------------------------------------------
    def observe(self, state: CryState, now_ns: int) -> None:
        """Take what is heard now and do what the policy says."""
        self._carry_out(self._engine.observe(state), now_ns)

    def _carry_out(self, plan: Plan, now_ns: int) -> None:
        for effect in plan.ended:
            if effect.action == SOUND and self._order is not None and (
                    effect.action_id == self._order.action_id):
                self._end(now_ns, effect.why, effect)
        order = plan.sound
        if order is None:
            if self._order is not None and self._order.action_id != BY_HAND:
                self._end(now_ns, 'the policy orders no sound any more')
            return
        why_not = self._enough(now_ns)
        if why_not:
            self._refuse(order, why_not, now_ns)
            return
        if self._order is None or self._order.action_id != order.action_id or (
                self._order.sound, self._order.level_dba) != (order.sound, order.level_dba):
            if self._order is not None and self._order.action_id != order.action_id:
                self._end(now_ns, 'the policy orders another sound')
            self._begin(order, now_ns)

    def _enough(self, now_ns: int) -> str:
        return self._dose.enough(now_ns, self.values.hour_minutes, self.values.day_minutes)

    def _refuse(self, order: SoundOrder, why: str, now_ns: int) -> None:
        """Give the order up for this bout, and say so once."""
        if self._refused != order.action_id:
            self._refused = order.action_id
            self._report('refused', why)
            self._tell(order, 'refused', why, now_ns)
        self._give_order_up(why, now_ns)

    def _give_order_up(self, why: str, now_ns: int) -> None:
        self._carry_out(self._engine.give_up(SOUND, why), now_ns)

    def _begin(self, order: SoundOrder, now_ns: int) -> None:
        """Start a sound; if that is not possible now it is tried again until it is."""
        name = order.sound
        level_dba = min(order.level_dba, self.values.cap_dba)
        is_change = self._began and self._order is not None
        if order.action_id != self._newest_action:
            self._newest_action, self._times = order.action_id, 0
        began = self._player.play(
            name, self._calibration.dbfs(level_dba), self.values.fade_in_s,
            self.values.session_s, self.values.fade_out_s)
        if not began:
            trouble = self._player.trouble or 'the loudspeaker is being opened'
            self._report('not_played', f'{name} cannot be played now: {trouble}')
            return
        self._order = order
        if not is_change:
            self._began, self._since_ns = True, now_ns
            self._times += 1
            self._tell(order, 'started', f'{name} at {level_dba:g} dB(A): {order.reason}', now_ns)
        self._log(f'plays {name} at {level_dba:g} dB(A): {order.reason}')

    def _end(self, now_ns: int, why: str, effect: Optional[Effect] = None) -> None:
        """Fade out and say so."""
        order, self._order = self._order, None
        self._player.fade_out(self.values.fade_out_s)
        if order is not None and self._began:
            self._tell(order, 'ended', why, now_ns, effect)
            self._log(f'ends {order.sound}: {why}')
        self._began = False

    def _tell(self, order: SoundOrder, phase: str, text: str, now_ns: int,
              effect: Optional[Effect] = None) -> None:
        action = order.action_id if order.action_id != BY_HAND else f'{BY_HAND} {self._since_ns}'
        if self._times > 1 and phase != 'refused':
            action = f'{action}/{self._times}'
        self._say(SoundEvent(now_ns, action, phase, order.episode_id, text, effect))

    # --- what no message tells -------------------------------------------------------------------
    def watch(self, silent_ns: Optional[int], now_ns: int) -> None:
        """
        Notice silence, the timer, the dose, a lost loudspeaker.

        :param silent_ns: how long nothing was heard of the baby; ``None`` if nothing ever was.
        """
        order = self._order
        if order is None:
            return
        by_hand = order.action_id == BY_HAND
        if not by_hand and (silent_ns is None
                            or silent_ns > self.values.cry_need_timeout_s * 1e9):
            self._report('cry_need_silent', SILENT)
            # Barred until the end of the bout: what cries later was not heard meanwhile.
            self._give_up(SILENT, now_ns)
            return
        why = self._enough(now_ns)
        if not why and not self._player.is_ready:
            # The plan still orders it: it begins again on return.
            self._end(now_ns, f'the loudspeaker was lost: {self._player.trouble}')
            return
        if not why and not self._player.playing:
            why = self._player.last_sound_trouble or 'the timer ran out'
        if why:
            self._give_up(why, now_ns)

    def _give_up(self, why: str, now_ns: int) -> None:
        """End what plays, and do not begin it again in this bout of crying."""
        if self._order is not None and self._order.action_id == BY_HAND:
            self._end(now_ns, why)
        self._give_order_up(why, now_ns)
        if self._order is not None:
            self._end(now_ns, why)

    # --- what somebody asks for ------------------------------------------------------------------
    def stop(self, now_ns: int) -> str:
        """End the sound until this bout of crying is over; return what is done."""
        if not self.is_open:
            return f'{INACTIVE}: nothing plays'
        was = self._order.sound if self._order is not None else ''
        self._give_up('somebody said stop', now_ns)
        self._player.fade_out(min(1.0, self.values.fade_out_s))
        return f'{was} ends' if was else 'nothing plays'

    def play(self, now_ns: int) -> Tuple[bool, str]:
        """Play the default sound until the timer runs out; return (whether it plays, words)."""
        name = self.values.sound
        return self._by_hand(name, self.values.level_dba, 'somebody said play', f'plays {name}',
                             now_ns)

    def calibrate(self, now_ns: int) -> Tuple[bool, str]:
        """Play noise of a known digital level for a minute; return as `play`."""
        at_dbfs = self.values.calibration_dbfs
        most_dbfs = self._calibration.dbfs(self.values.cap_dba) - CALIBRATION_HEADROOM_DB
        if self.is_open and at_dbfs > most_dbfs:
            return False, (f'the limiter would make {at_dbfs:g} dBFS(A) quieter: set cap_dba to '
                           f'60, or calibration_dbfs to at most {most_dbfs:g}')
        return self._by_hand(
            CALIBRATION_SOUND, self._calibration.dba(at_dbfs), 'to be measured at the ear',
            f'plays noise of {at_dbfs:g} dBFS(A) for {CALIBRATION_S:g} s; calibration_dba is what '
            'a sound level meter shows at the ear', now_ns)

    def _by_hand(self, name: str, level_dba: float, reason: str, done: str,
                 now_ns: int) -> Tuple[bool, str]:
        why = self._hindrance(now_ns)
        if why:
            return False, why
        self._begin(SoundOrder(BY_HAND, '', now_ns, reason, name, level_dba), now_ns)
        if self._order is not None:
            return True, done
        return False, self._player.why_not

    def play_once(self, name: str, level_dba: float, fade_s: float, duration_s: float,
                  now_ns: int) -> str:
        """Play something short; return why not, '' if it plays."""
        return self._hindrance(now_ns) or self._player.play_once(
            name, self._calibration.dbfs(min(level_dba, self.values.cap_dba)), fade_s,
            duration_s)

    def _hindrance(self, now_ns: int) -> str:
        """Return why nothing may be played by hand now; '' if it may."""
        why = self._enough(now_ns) if self.is_open else INACTIVE
        return why or (f'{self._order.sound} plays already' if self._order else '')

    # --- how it is -------------------------------------------------------------------------------
    def health(self, silent_ns: Optional[int], trouble: str) -> Tuple[str, str, Dict[str, object]]:
        """
        Return (``OK``, ``WARN`` or ``ERROR``; a sentence; details) of what is open.

        :param silent_ns: as of `watch`.
        :param trouble: what else is wrong, '' if nothing is.
        """
        player = self._player
        details: Dict[str, object] = {
            'playing': player.playing, 'output': player.description,
            'hardware_id': player.description, 'limited_blocks': player.limited_blocks}
        if player.trouble:
            return 'ERROR', player.trouble, details
        if not player.is_ready:
            return 'WARN', 'the loudspeaker is being opened', details
        if silent_ns is None or silent_ns > self.values.cry_need_timeout_s * 1e9:
            return 'WARN', 'cry_need is silent', details
        message = f'plays {player.playing}' if player.playing else 'silent'
        if trouble or not self._calibration.measured:
            return 'WARN', f'{message}; {trouble or "level not calibrated"}', details
        return 'OK', message, details
