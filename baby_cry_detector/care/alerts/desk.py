# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
From what the detector says to what people are told: policy, doubts and notices in one place.

Pure: stamps and a steady time come in, words go out; `AlertMachine` gives them their form.
"""

from typing import List, Optional, Tuple

from baby_cry_detector.care.alerts.alert_words import DISAGREEMENT, Facts, Said, Wish
from baby_cry_detector.care.alerts.alerting import AlertMachine, Timing
from baby_cry_detector.care.alerts.notices import Notices
from baby_cry_detector.care.alerts.sources import Disagreement
from baby_cry_detector.care.policy.engine import PolicyEngine
from baby_cry_detector.care.policy.policy import Policy
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.needs import LOW, MEDIUM, PRIORITY_NAMES, STATUS_DISABLED


class AlertDesk:
    """
    Decides what is told of one crib.

    :param policy: says when to alert.
    :param crib_id: name of the crib until a state names it.
    :ivar facts: what is believed now.
    :ivar stamp_ns: of the newest state.
    """

    def __init__(self, policy: Policy, crib_id: str) -> None:
        """Begin with nothing to tell."""
        self.machine = AlertMachine(crib_id)
        self.engine = PolicyEngine(policy, crib_id)
        self._take_timing()
        self.clear()

    def clear(self) -> None:
        """Forget what was said to this desk; an alert that is open stays."""
        self.facts, self.stamp_ns = Facts(), 0
        self._wish: Optional[Wish] = None
        self._sources, self.notices = Disagreement(), Notices()
        # (stamp, steady time) when they last did.
        self._agreed: Optional[Tuple[int, int]] = None
        self._is_disabled = False

    def _take_timing(self) -> None:
        alerts = self.engine.policy.alerts
        self.machine.timing = Timing(alerts.repeat_s, alerts.escalate_after_s,
                                     alerts.snooze_max_s, alerts.heartbeat_s)

    @property
    def is_due(self) -> bool:
        """Return whether the newest state asks for an alert."""
        return self._wish is not None

    def on_need(self, state: CryState, steady_ns: int) -> bool:
        """Take a state; return whether listening was switched off with it."""
        self._sources.note(state, steady_ns)
        self.stamp_ns = state.stamp_ns
        order = self.engine.observe(state).alert
        if state.crib_id and state.crib_id != self.machine.crib_id and self.machine.open is None:
            self.machine.crib_id = state.crib_id
            self._take_timing()
        self.facts = Facts(state.is_heard, state.crying, state.episode_id, state.intensity,
                           state.need.name, state.confidence)
        self._wish = None
        if order is not None:
            cry = order.kind == 'cry'
            self._wish = Wish(
                order.episode_id, state.onset_ns if cry else order.since_ns,
                PRIORITY_NAMES.index(order.priority),
                # How it cries is in the text anyway; what was tried is not.
                order.reason.partition('; ')[2] if cry else order.reason, cry)
        was_disabled, self._is_disabled = self._is_disabled, state.status == STATUS_DISABLED
        return self._is_disabled and not was_disabled

    def silence(self, now_ns: int, waited_ns: int) -> Wish:
        """Return what to wish for when no state has come for so long."""
        opened = self.machine.open
        self.facts = Facts(episode_id=self.facts.episode_id)
        return Wish(opened.episode_id if opened is not None and not opened.cry else '',
                    now_ns - waited_ns, self._deaf_priority(),
                    'nothing comes from the cry detector: the crib is not heard', False)

    def step(self, now_ns: int, steady_ns: int, has_two: bool, silence: Optional[Wish] = None
             ) -> List[Said]:
        """
        Return what is to be said now.

        :param now_ns: on the clock of the stamps.
        :param steady_ns: on a clock that nobody sets.
        :param has_two: whether two publish the states.
        :param silence: stands for the newest state's wish.
        """
        wish = silence or self._wish
        if self._sources.is_seen(steady_ns):
            # Their stamps may contradict each other too.
            self._agreed = self._agreed or (max(self.machine.now_ns, 1), steady_ns)
            now_ns = self._agreed[0] + steady_ns - self._agreed[1]
            who = 'two detectors disagree' if has_two else 'the detector contradicts itself'
            wish = Wish('', self._agreed[0], max(MEDIUM, self._deaf_priority()),
                        f'{who} whether it cries', False, DISAGREEMENT)
        else:
            self._agreed = None
        if wish is None:
            wish = self.notices.wish(now_ns, steady_ns)
        return self.machine.step(now_ns, wish, self.facts)

    def _deaf_priority(self) -> int:
        return max(LOW, PRIORITY_NAMES.index(self.engine.policy.alerts.no_audio_priority))
