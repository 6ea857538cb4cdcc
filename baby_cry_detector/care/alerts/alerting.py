# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
One alert at a time for one crib: START, ONGOING, END, repeats, escalation, and a heartbeat.

Pure: told the time, what the policy asks for and what is heard; returns what is to be said. Any
START is followed by exactly one END, also across a restart, and no two alerts overlap.
"""

from collections import deque
from dataclasses import asdict, dataclass
import math
from typing import Any, Deque, Dict, get_type_hints, List, Optional, Tuple

from baby_cry_detector.care.alerts.alert_words import (alert_text, duration_text, end_text, Facts,
                                                       NEEDS, NOTICE, OpenAlert, Said, short, Wish)
from baby_cry_detector.needs import END, HEARTBEAT, HIGH, LOW, ONGOING, START
from baby_cry_detector.units import SECOND_NS

# No stamp of a message is later than 2106, and no alert has as many words.
LATEST_NS = 2**32 * SECOND_NS
MOST_WORDS = 2**31
# More alerts than these in so short a time are one that comes and goes.
MOST_STARTS, STARTS_NS, CALM_NS = 5, 30 * SECOND_NS, 30 * SECOND_NS
# A step back of the clock up to this is jitter of stamps, a larger one moves everything along.
JITTER_NS = 2 * SECOND_NS
# That the crib is heard, or no longer, does not wait for the next heartbeat; flickering does.
CHANGE_TOLD_NS = SECOND_NS
# So long after a restart an alert is kept open until it is known whether it goes on.
RESUME_GRACE_NS = 20 * SECOND_NS


@dataclass(frozen=True)
class Timing:
    """When what is repeated; all in seconds. Names as in the policy's ``alerts``."""

    repeat_s: float = 60.0
    escalate_after_s: float = 180.0
    snooze_max_s: float = 1800.0
    heartbeat_s: float = 30.0


class AlertMachine:
    """
    The alerts of one crib.

    :param crib_id: for names and texts.
    :param timing: from the policy.
    """

    def __init__(self, crib_id: str = '', timing: Timing = Timing()):
        """Nothing is open."""
        self.crib_id = crib_id
        self.timing = timing
        self.open: Optional[OpenAlert] = None
        self.snoozed_until_ns = 0
        self._now_ns = 0
        self._newest_id_ns = 0
        self._quiet_since_ns: Optional[int] = None     # last word, or None before the first
        self._resumed_ns: Optional[int] = None
        self._starts: Deque[int] = deque(maxlen=MOST_STARTS)
        self._wished_ns = 0
        self._told_listening: Optional[bool] = None

    # --- across restarts -------------------------------------------------------------------------
    def to_document(self) -> Dict[str, Any]:
        """Return what has to outlive a restart."""
        return {'crib_id': self.crib_id, 'snoozed_until_ns': self.snoozed_until_ns,
                'newest_id_ns': self._newest_id_ns, 'now_ns': self._now_ns,
                'open': asdict(self.open) if self.open else None}

    def resume(self, document: Dict[str, Any]) -> None:
        """
        Go on from what a process before this one left.

        Nothing of it holds alerts back for longer than anybody may ask for.

        :raises ValueError: if it makes no sense.
        """
        try:
            names = get_type_hints(OpenAlert)
            numbers = [document[name] for name in ('snoozed_until_ns', 'newest_id_ns', 'now_ns')]
            opened = document['open']
            if not all(type(number) is int and 0 <= number < LATEST_NS
                       for number in numbers) or not (
                    isinstance(document['crib_id'], str)):
                raise ValueError('numbers expected')
            if opened is not None:
                opened = {'subject': '', **opened}      # older than that field
                if set(opened) != set(names):
                    raise ValueError('other fields than those of an alert')
                for name, kind in names.items():
                    if type(opened[name]) is not kind:
                        raise ValueError(f'{name} is no {kind.__name__}')
                if not LOW <= opened['priority'] <= HIGH or not opened['alert_id'] or not (
                        LOW <= opened['asked_priority'] <= HIGH):
                    raise ValueError('no priority or no name')
                times = ('since_ns', 'said_ns', 'loud_ns', 'escalating_ns')
                if not 0 <= opened['sequence'] < MOST_WORDS or min(
                        opened[name] for name in times) < -1:
                    raise ValueError('numbers that no alert has')
                for name in times:
                    opened[name] = min(opened[name], numbers[2])
                if not all(math.isfinite(opened[name]) for name in ('intensity', 'confidence')):
                    raise ValueError('intensity or confidence is no number')
                if opened['need'] not in NEEDS:
                    raise ValueError('no such need')
                for name, kind in names.items():
                    if kind is str:
                        opened[name] = short(opened[name])
                opened = OpenAlert(**opened)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise ValueError(f'no state of alerts: {error!r}') from None
        self.snoozed_until_ns, self._newest_id_ns, self._now_ns = numbers
        longest_ns = round(self.timing.snooze_max_s * SECOND_NS)
        self.snoozed_until_ns = min(self.snoozed_until_ns, self._now_ns + longest_ns)
        self.crib_id = short(document['crib_id']) or self.crib_id
        self.open = opened
        self._resumed_ns = self._now_ns if opened else None
        self._quiet_since_ns = None

    # --- time ------------------------------------------------------------------------------------
    def _advance(self, now_ns: int) -> int:
        """Return the time that counts; a clock that was set back moves what is remembered."""
        back_ns = self._now_ns - now_ns
        if back_ns > JITTER_NS:
            self._starts.clear()
            self.snoozed_until_ns = max(0, self.snoozed_until_ns - back_ns)
            if self._quiet_since_ns is not None:
                self._quiet_since_ns -= back_ns
            if self._resumed_ns is not None:
                self._resumed_ns -= back_ns
            if self.open:
                for name in ('since_ns', 'said_ns', 'loud_ns', 'escalating_ns'):
                    if getattr(self.open, name) >= 0:
                        setattr(self.open, name, max(0, getattr(self.open, name) - back_ns))
            self._now_ns = now_ns
        self._now_ns = max(self._now_ns, now_ns)
        return self._now_ns

    @property
    def now_ns(self) -> int:
        """Return the newest time that it was told."""
        return self._now_ns

    @property
    def snoozed(self) -> bool:
        """Return whether alerts are held back now."""
        return self._now_ns < self.snoozed_until_ns

    # --- what happens ----------------------------------------------------------------------------
    def step(self, now_ns: int, wish: Optional[Wish], facts: Facts) -> List[Said]:
        """Return what has to be said now, in order."""
        now_ns = self._advance(now_ns)
        said = []
        wish = self._damped(wish)
        alert = self.open
        if alert is not None and self._is_over(alert, wish, facts):
            said.append(self._end(alert, end_text(alert, wish, facts, now_ns), facts))
            alert = None
        if wish is not None and alert is None:
            said.append(self._start(wish, facts))
        elif alert is not None:
            said += self._go_on(alert, wish, facts)
        heartbeat_ns = round(self.timing.heartbeat_s * SECOND_NS)
        if facts.listening != self._told_listening:
            heartbeat_ns = min(heartbeat_ns, CHANGE_TOLD_NS)
        if not said and self.open is None and (
                self._quiet_since_ns is None or now_ns - self._quiet_since_ns >= heartbeat_ns):
            said.append(Said(
                HEARTBEAT, self.crib_id, now_ns, listening=facts.listening,
                snoozed_until_ns=self._snooze_shown(),
                text='Listening, no alert.' if facts.listening else
                     'Alive, but the crib is not heard.'))
        if said:
            self._quiet_since_ns = now_ns
            self._told_listening = facts.listening
        return said

    def _damped(self, wish: Optional[Wish]) -> Optional[Wish]:
        """
        Return what is wished for, or the open alert's own wish where alerts come and go too often.

        One alert then stays open through whatever it is about, until nothing is for `CALM_NS`.
        """
        alert, now_ns = self.open, self._now_ns
        if alert is None or len(self._starts) < MOST_STARTS:
            return wish
        if wish is not None:
            self._wished_ns = now_ns
            if not alert.is_about(wish):
                alert.cry, alert.episode_id = wish.cry, wish.episode_id
                alert.reason, alert.subject = wish.reason, wish.subject
            return wish
        if now_ns - self._wished_ns < CALM_NS:
            return Wish(alert.episode_id, alert.since_ns, alert.asked_priority, alert.reason,
                        alert.cry, alert.subject)
        self._starts.clear()
        return None

    def _is_over(self, alert: OpenAlert, wish: Optional[Wish], facts: Facts) -> bool:
        if wish is not None:
            if alert.is_about(wish):
                self._resumed_ns = None
                return False
            # A crib that is not heard any more says nothing about an alert of before a restart.
            if self._resumed_ns is None or wish.cry:
                return True
        if self._resumed_ns is None:
            return True
        waited_ns = self._now_ns - self._resumed_ns
        goes_on = not facts.listening or (
            facts.crying and facts.episode_id == alert.episode_id)
        return not goes_on or waited_ns >= RESUME_GRACE_NS

    def _start(self, wish: Wish, facts: Facts) -> Said:
        now_ns = self._now_ns
        while self._starts and now_ns - self._starts[0] > STARTS_NS:
            self._starts.popleft()
        self._starts.append(now_ns)
        self._wished_ns = now_ns
        self._resumed_ns = None
        self._newest_id_ns = max(now_ns, self._newest_id_ns + 1)
        alert = self.open = OpenAlert(
            alert_id=f'{self.crib_id or "crib"}-alert-{self._newest_id_ns}',
            episode_id=wish.episode_id, since_ns=wish.since_ns, reason=wish.reason,
            asked_priority=wish.priority, priority=wish.priority, sequence=0, said_ns=now_ns,
            loud_ns=-1, escalating_ns=now_ns, cry=wish.cry,
            subject=wish.subject)
        return self._say(alert, START, facts, not self.snoozed)

    def _go_on(self, alert: OpenAlert, wish: Optional[Wish], facts: Facts) -> List[Said]:
        now_ns, timing = self._now_ns, self.timing
        worse = False
        if wish is not None and alert.is_about(wish):
            worse = wish.priority > alert.asked_priority
            alert.asked_priority = max(alert.asked_priority, wish.priority)
            if wish.reason:
                alert.reason = wish.reason
        silent = alert.acknowledged or self.snoozed
        if silent:
            alert.escalating_ns = now_ns
        steps = int((now_ns - alert.escalating_ns) // round(timing.escalate_after_s * SECOND_NS))
        raised = min(HIGH, alert.asked_priority + max(0, steps))
        if raised > alert.priority and not alert.acknowledged:
            worse = True
            alert.priority = raised
        repeat_ns = round(timing.repeat_s * SECOND_NS)
        due = alert.loud_ns < 0 or now_ns - alert.loud_ns >= repeat_ns or (
            self._quiet_since_ns is None)    # what was on its way at a crash may be lost
        if not silent and (due or worse):
            return [self._say(alert, ONGOING, facts, True)]
        if worse or now_ns - alert.said_ns >= round(timing.heartbeat_s * SECOND_NS) or (
                self._quiet_since_ns is None):
            return [self._say(alert, ONGOING, facts, False)]
        return []

    def _say(self, alert: OpenAlert, state: int, facts: Facts, loud: bool, text: str = ''
             ) -> Said:
        now_ns = self._now_ns
        alert.sequence += 1
        alert.said_ns = now_ns
        if loud and state != END:
            alert.loud_ns = now_ns
        if alert.cry and facts.crying and facts.episode_id == alert.episode_id:
            alert.intensity, alert.confidence = facts.intensity, facts.confidence
            alert.need = facts.need
        return Said(
            state, self.crib_id, now_ns, alert.alert_id, alert.sequence, alert.priority,
            text or alert_text(alert, now_ns), alert.episode_id, alert.since_ns,
            max(0, now_ns - alert.since_ns), alert.intensity,
            alert.need if alert.cry else 'NONE', alert.confidence, alert.acknowledged,
            alert.acknowledged_by, self._snooze_shown(), facts.listening, loud)

    def _end(self, alert: OpenAlert, text: str, facts: Facts) -> Said:
        # Who was told that it began is told that it ended; who was not, or has come, is not.
        told = (alert.loud_ns >= 0 and not alert.acknowledged and not self.snoozed
                and not alert.subject.startswith(NOTICE))
        said = self._say(alert, END, facts, told, text)
        self.open = None
        self._resumed_ns = None
        return said

    def _snooze_shown(self) -> int:
        return self.snoozed_until_ns if self.snoozed else 0

    def finish(self, now_ns: int, facts: Facts = Facts()) -> List[Said]:
        """End what is open because alerting is switched off; that is always told."""
        self._advance(now_ns)
        if self.open is None:
            return []
        return [self._end(self.open, 'Alerting was switched off; what it was about may go on.',
                          facts)]

    # --- what caregivers do ----------------------------------------------------------------------
    def acknowledge(self, now_ns: int, who: str, alert_id: str, facts: Facts
                    ) -> Tuple[bool, str, List[Said]]:
        """
        Take the open alert over: nothing about it is loud any more.

        :param alert_id: its name, or ``''``.
        :return: (done, sentence, what is to be said).
        """
        self._advance(now_ns)
        if self.open is None or alert_id not in ('', self.open.alert_id):
            return False, ('that alert is over' if alert_id else 'there is no alert'), []
        if self.open.acknowledged:
            return True, f'{self.open.acknowledged_by or "somebody"} has it already', []
        self.open.acknowledged, self.open.acknowledged_by = True, who
        return True, 'acknowledged', [self._say(self.open, ONGOING, facts, False)]

    def snooze(self, now_ns: int, duration_ns: int, facts: Facts
               ) -> Tuple[bool, str, List[Said]]:
        """
        Hold alerts back for a time; 0 ends that.

        :return: (done, sentence, what is to be said); `snoozed_until_ns` says until when.
        """
        now_ns = self._advance(now_ns)
        if duration_ns < 0:
            return False, 'expected a duration of 0 or more', []
        longest_ns = round(self.timing.snooze_max_s * SECOND_NS)
        cut = duration_ns > longest_ns
        self.snoozed_until_ns = now_ns + min(duration_ns, longest_ns) if duration_ns else 0
        sentence = 'alerts are not held back any more'
        if self.snoozed:
            sentence = (f'alerts are held back for {duration_text(min(duration_ns, longest_ns))}'
                        + (', the longest that the policy allows' if cut else ''))
        said = [] if self.open is None else [self._say(self.open, ONGOING, facts, False)]
        if self.open is not None and not self.snoozed:
            self.open.loud_ns = -1           # to be said at the next step
        return True, sentence, said
