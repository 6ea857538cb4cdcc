# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What is told of one crib, and what caregivers answer: in one order, kept before it is said.

Pure but for what it is given: the file, the channels, and who publishes.
"""

from typing import Any, Callable, Dict, Iterable, Iterator, List, Sequence, Tuple
import uuid

from baby_cry_detector.care.alerts.alert_words import Said, short
from baby_cry_detector.care.alerts.desk import AlertDesk
from baby_cry_detector.care.alerts.kept_alert import KeptAlert
from baby_cry_detector.care.alerts.settings import Channels
from baby_cry_detector.needs import END, HEARTBEAT, START


class AlertTelling:
    """
    Tells, and takes what caregivers do.

    :param desk: decides what is told.
    :param kept: where what is open is kept; it is gone on with from there.
    :param channels: offered each word.
    :param publish: takes each word too.
    :param who: name of who tells.
    :param enter: takes the fields of a `CareEntry`, which belongs into the diary.
    """

    def __init__(self, desk: AlertDesk, kept: KeptAlert, channels: Channels,
                 publish: Callable[[Said], None], who: str, enter: Callable[..., None]) -> None:
        self._desk, self._kept, self._channels = desk, kept, channels
        self._publish, self._write, self._who = publish, enter, who
        self._unsaid: List[Said] = []              # ENDs that a crash may have swallowed

    def resume(self) -> int:
        """Go on where a process before this one was; return up to which stamp that was, or 0."""
        self._unsaid = self._kept.resume(self._desk.machine)
        return self._desk.machine.now_ns

    def news(self, channels: Sequence[str]) -> Iterator[str]:
        """Yield what a log is to say at the start, of channels of these names."""
        machine = self._desk.machine
        if machine.open is not None:
            yield (f'{machine.open.alert_id} was open: it goes on, or is closed once the crib '
                   'is heard')
        yield (f'tells of crib {machine.crib_id} on the topic alert'
               + (f' and by {", ".join(channels)}' if channels else ' alone'))

    def say(self, new_words: Iterable[Said]) -> None:
        """Say words, and what a crash swallowed before them."""
        words, self._unsaid = [*self._unsaid, *new_words], []
        if not words:
            return
        machine, ends = self._desk.machine, [said for said in words if said.state == END]
        if any(said.state != HEARTBEAT for said in words):
            self._kept.keep(machine, ends)       # before it is published: a name is used once
        for said in words:
            self._publish(said)
            self._channels.offer(said)
            if said.state in (START, END):
                phase, name = ('started', 'start') if said.state == START else ('ended', 'end')
                self._write(event_id=f'{said.alert_id}-{name}', stamp_ns=said.stamp_ns,
                            kind='alert', crib_id=said.crib_id, phase=phase,
                            action_id=said.alert_id, who=self._who,
                            episode_id=said.episode_id, text=said.text)
        if ends:
            self._kept.keep(machine)

    def finish(self, now_ns: int) -> None:
        """End what is open."""
        self.say(self._desk.machine.finish(now_ns, self._desk.facts))

    def weakened(self, sentence: str, now_ns: int) -> None:
        """Write down that somebody weakened something, and tell people when nothing else is."""
        if self._desk.notices.add(sentence):
            self._enter(uuid.uuid4().hex, now_ns, 'note', who=self._who,
                        text=short(sentence, 250))

    def take_over(self, who: str, alert_id: str, now_ns: int) -> Tuple[bool, str]:
        """Let somebody take the open alert over; return whether it was done, and a sentence."""
        machine, who = self._desk.machine, short(who, 40)
        alert = machine.open
        already = alert is not None and alert.acknowledged
        done, sentence, words = machine.acknowledge(now_ns, who, alert_id, self._desk.facts)
        self.say(words)
        if done and alert is not None and not already:
            self._enter(f'{alert.alert_id}-acknowledged', now_ns, 'acknowledged',
                        action_id=alert.alert_id, who=who, episode_id=alert.episode_id,
                        text='took the alert over')
        return done, sentence

    def hold_back(self, who: str, duration_ns: int, now_ns: int) -> Tuple[bool, str]:
        """Hold alerts back for a time; return whether it is done, and a sentence."""
        machine = self._desk.machine
        done, sentence, words = machine.snooze(now_ns, duration_ns, self._desk.facts)
        if done:
            self._kept.keep(machine)
            self.say(words)
            self._enter(uuid.uuid4().hex, now_ns, 'snoozed', who=short(who, 40), text=sentence,
                        episode_id=machine.open.episode_id if machine.open else '',
                        until_ns=machine.snoozed_until_ns)
        return done, sentence

    def _enter(self, event_id: str, stamp_ns: int, kind: str, **fields: Any) -> None:
        self._write(event_id=event_id, stamp_ns=stamp_ns, kind=kind,
                    crib_id=self._desk.machine.crib_id, **fields)

    def details(self) -> Dict[str, Any]:
        """Return what the diagnostics show."""
        alert = self._desk.machine.open
        return {'alert': alert.alert_id if alert is not None else '',
                'acknowledged': alert is not None and alert.acknowledged,
                'snoozed': self._desk.machine.snoozed}

    def health(self, ill: List[str]) -> Tuple[int, str]:
        """
        Return (level, sentence), 0 for well, 1 for a remark, 2 where the crib is not heard.

        :param ill: what is not as it should be beside that.
        """
        alert = self._desk.machine.open
        if alert is not None and not alert.cry:
            return 2, '; '.join([alert.reason, *ill])
        if ill:
            return 1, '; '.join(ill)
        return 0, 'alert' if alert is not None else 'watching'
