# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the page of a ward shows: every crib in a line, those that are not heard first.

Pure: a `PageState` for each crib says what is known of it; here stand their order, what only
somebody who sees several can notice (two robots under one name, a clock that is off), and the
alarm for cribs that are not heard, which their own robots may not be able to give any more.
"""

from collections import Counter, deque
from dataclasses import dataclass
from typing import Any, Deque, Dict, Iterable, List, NamedTuple, Optional, Tuple

from baby_cry_detector.cry_state import CryState
from baby_cry_detector.names import UNNAMED_CRIB
from baby_cry_detector.needs import PRIORITY_NAMES, STATUS_OK
from baby_cry_detector.page.state import AlertReport, clean_text, milliseconds, PageState
from baby_cry_detector.units import SECOND_NS

MOST_CRIBS = 64
# A state is on its way for some tenths of a second; what is more is a clock.
CLOCK_OFF_NS = 2 * SECOND_NS
MOST_OFFSETS = 25
# The first is the most urgent. Whether a crib that is not heard cries is not known.
ORDER = ('doubled', 'no_detector', 'starting', 'no_audio', 'disabled', 'crying', 'quiet')
NOT_HEARD = ORDER[:ORDER.index('crying')]
WORDS = {'doubled': 'two robots speak under this name', 'no_detector': 'its detector is silent',
         'starting': 'nothing has come from it yet', 'no_audio': 'it gets no sound',
         'disabled': 'listening is switched off'}


class Reception(NamedTuple):
    """
    How one crib is received.

    :ivar need_silent_ns: since its newest `cry_need`; ``None`` if none came.
    :ivar alert_silent_ns: the same of its `alert`.
    :ivar publishers: how many say `cry_need` for it.
    :ivar can_acknowledge: whether somebody answers there.
    """

    need_silent_ns: Optional[int] = None
    alert_silent_ns: Optional[int] = None
    publishers: int = 1
    can_acknowledge: bool = False


class Word(NamedTuple):
    """
    Something to be told about a crib that is not heard.

    :ivar kind: ``'start'``, ``'ongoing'`` or ``'end'``.
    :ivar sequence: counts from 1 within one alarm.
    """

    kind: str
    crib: str
    alarm_id: str
    sequence: int
    text: str
    stamp_ns: int
    since_ns: int


class WardCrib:
    """One crib of the ward: what its topics said, and by how much its clock is off."""

    def __init__(self) -> None:
        """Nothing has been heard."""
        self.state = PageState()
        self._offsets: Deque[int] = deque(maxlen=MOST_OFFSETS)

    def hear_need(self, report: CryState, now_ns: int) -> None:
        """Take a `cry_need` that comes at a time of the ward's clock."""
        self.state.hear_need(report)
        if report.stamp_ns > 0 and report.status == STATUS_OK:
            self._offsets.append(now_ns - report.stamp_ns)

    @property
    def clock_off_ns(self) -> int:
        """Return how far its clock is behind the ward's; 0 if what is seen may be the way."""
        # What was fastest on its way tells most of the clocks.
        behind_ns = min(self._offsets, default=0)
        return behind_ns if not -CLOCK_OFF_NS / 4 < behind_ns < CLOCK_OFF_NS else 0

    def line(self, name: str, now_ns: int, how: Reception) -> Dict[str, Any]:
        """Return what the page shows of it, ready for JSON."""
        # Its own clock made its stamps: they are moved to the ward's.
        off_ns = self.clock_off_ns
        whole = self.state.snapshot(now_ns - off_ns, how.need_silent_ns, how.alert_silent_ns,
                                    {'acknowledge': how.can_acknowledge})
        state = 'doubled' if how.publishers > 1 else whole['state']
        off_ms, alert, since_ms = milliseconds(off_ns), whole['alert'], whole['since_ms']
        if alert is not None:
            alert = {**alert, 'since_ms': alert['since_ms'] + off_ms}
            alert.pop('said_ms')
        is_crying = state == 'crying'
        called = whole['crib'] or clean_text(name.strip('/') or '/', 40)
        return {'name': name, 'crib': called, 'state': state,
                'since_ms': since_ms + off_ms if since_ms > 0 else 0,
                'intensity': whole['intensity'] if is_crying else None,
                'need': whole['need'] if is_crying else None,
                'checked': whole['checked'] if is_crying else '', 'why': whole['why'],
                'alert': alert, 'alerter': whole['alerter'],
                'can_acknowledge': how.can_acknowledge,
                'clock_off_s': round(-off_ns / SECOND_NS, 1)}


def urgency(line: Dict[str, Any]) -> Tuple[int, bool, int, int, str]:
    """Return what lines are sorted by: not heard, then nobody on it, then longest, then name."""
    alert = line['alert']
    taken = bool(alert and alert['acknowledged'])
    priority = PRIORITY_NAMES.index(alert['priority']) if alert else 0
    crying = line['state'] == 'crying'
    return (ORDER.index(line['state']), crying and taken, -priority if crying else 0,
            line['since_ms'] if crying else 0, line['name'])


def _told_apart(line: Dict[str, Any]) -> str:
    """Return a name that no other crib has: its namespace, with what it calls itself."""
    namespace = clean_text(line['name'].strip('/') or '/', 40)
    named = line['crib'] not in (UNNAMED_CRIB, namespace)
    return f'{namespace} ({line["crib"]})' if named else namespace


class WardState:
    """
    All cribs of a ward.

    :param cribs: the namespaces that are watched from the beginning, heard or not.
    :raises ValueError: if they are more than `MOST_CRIBS`.
    """

    def __init__(self, cribs: Iterable[str] = ()):
        """Nothing has been heard."""
        self.cribs: Dict[str, WardCrib] = {}
        for name in cribs:
            if not self.add(name):
                raise ValueError(f'cribs: at most {MOST_CRIBS} are watched')

    def add(self, name: str) -> bool:
        """Watch a crib, too; return whether there is room for it."""
        if name not in self.cribs and len(self.cribs) >= MOST_CRIBS:
            return False
        self.cribs.setdefault(name, WardCrib())
        return True

    def hear_need(self, name: str, report: CryState, now_ns: int) -> None:
        """Take a crib's `cry_need`."""
        self.cribs[name].hear_need(report, now_ns)

    def hear_alert(self, name: str, report: AlertReport) -> None:
        """Take a crib's `alert`."""
        self.cribs[name].state.hear_alert(report)

    def lines(self, now_ns: int, how: Dict[str, Reception]) -> List[Dict[str, Any]]:
        """Return a line for each crib, the most urgent first; no two are called alike."""
        lines = sorted((crib.line(name, now_ns, how.get(name, Reception()))
                        for name, crib in self.cribs.items()), key=urgency)
        called = Counter(line['crib'].casefold() for line in lines)
        for line in lines:
            # Robots whose microphones were never given a name are all called by the same one.
            if called[line['crib'].casefold()] > 1 or line['crib'] == UNNAMED_CRIB:
                line['crib'] = _told_apart(line)
        return lines

    def snapshot(self, now_ns: int, how: Dict[str, Reception],
                 crowded_out: int = 0) -> Dict[str, Any]:
        """
        Return what the page shows, ready for JSON.

        :param now_ns: the ward's time.
        :param how: how the cribs are received.
        :param crowded_out: how many cribs there are that can't be watched.
        """
        lines = self.lines(now_ns, how)
        count = {'not_heard': sum(line['state'] in NOT_HEARD for line in lines),
                 **{state: sum(line['state'] == state for line in lines)
                    for state in ('crying', 'quiet')}}
        return {'now_ms': milliseconds(now_ns), 'cribs': lines, 'count': count,
                'crowded_out': crowded_out}


@dataclass
class _Alarm:
    """What is known of one crib that is not heard."""

    since_ns: int
    alarm_id: str = ''
    told_ns: int = 0
    sequence: int = 0
    heard_since_ns: Optional[int] = None


class WardWatch:
    """
    Tells which cribs are not heard: once, again while it lasts, and when it is over.

    :param after_s: so long a crib may not be heard; the first look counts as its beginning.
    :param repeat_s: it is told again so often.
    :param steady_s: it is over once the crib has been heard for so long, so that a link that comes
        and goes is one alarm.
    """

    def __init__(self, after_s: float = 10.0, repeat_s: float = 60.0, steady_s: float = 5.0):
        """Nothing is wrong."""
        self._after_ns = round(after_s * SECOND_NS)
        self._repeat_ns = round(repeat_s * SECOND_NS)
        self._steady_ns = round(steady_s * SECOND_NS)
        self._alarms: Dict[str, _Alarm] = {}

    def look(self, lines: Iterable[Dict[str, Any]], steady_ns: int, now_ns: int) -> List[Word]:
        """
        Return what has to be told now.

        :param lines: as `WardState.lines` returns them.
        :param steady_ns: a clock that nobody sets; what has passed is counted by it.
        :param now_ns: the ward's time, for the stamps.
        """
        words = []
        for line in lines:
            name, state = line['name'], line['state']
            alarm = self._alarms.get(name)
            if state not in NOT_HEARD:
                if alarm is not None and self._is_over(alarm, steady_ns):
                    del self._alarms[name]
                    if alarm.alarm_id:
                        words.append(self._word('end', alarm, line, 'is heard again',
                                                steady_ns, now_ns))
                continue
            if alarm is None:
                alarm = self._alarms[name] = _Alarm(steady_ns)
            alarm.heard_since_ns = None
            text = f'is not heard: {line["why"] or WORDS[state]}'
            if not alarm.alarm_id and steady_ns - alarm.since_ns >= self._after_ns:
                alarm.alarm_id = f'ward-{name.strip("/").replace("/", ".")}-{now_ns}'
                words.append(self._word('start', alarm, line, text, steady_ns, now_ns))
            elif alarm.alarm_id and steady_ns - alarm.told_ns >= self._repeat_ns:
                words.append(self._word('ongoing', alarm, line, text, steady_ns, now_ns))
        return words

    @property
    def alarms(self) -> int:
        """Return how many cribs are told not to be heard."""
        return sum(bool(alarm.alarm_id) for alarm in self._alarms.values())

    def _is_over(self, alarm: _Alarm, steady_ns: int) -> bool:
        if alarm.heard_since_ns is None:
            alarm.heard_since_ns = steady_ns
        return not alarm.alarm_id or steady_ns - alarm.heard_since_ns >= self._steady_ns

    @staticmethod
    def _word(kind: str, alarm: _Alarm, line: Dict[str, Any], text: str, steady_ns: int,
              now_ns: int) -> Word:
        alarm.told_ns, alarm.sequence = steady_ns, alarm.sequence + 1
        return Word(kind, line['name'], alarm.alarm_id, alarm.sequence,
                    f'{line["crib"]} {text}', now_ns, now_ns - (steady_ns - alarm.since_ns))


def page_of(template: str, name: str) -> str:
    """Return the address of a crib's own page, ``''`` where none is told."""
    return template.replace('{crib}', name.strip('/').replace('/', '-'))
