# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What comes into the diary: of what is said each thing once, and of each source not too much.

Knows no ROS and no clock: the time comes in. `DiaryWriter` brings to the disk what is admitted.
"""

from typing import Any, Callable, Dict, Optional, Tuple

from baby_cry_detector.care.diary.clips import ClipThread
from baby_cry_detector.care.diary.limits import FloodGate
from baby_cry_detector.care.diary.rows import (AlertEntry, CARE_KINDS, CareEntry, EpisodeBook,
                                               LONGEST_TEXT, request_id)
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.care.diary.writer import ANSWER_S, DiaryWriter
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.units import MINUTE_NS

MOST_KNOWN = 1000               # names of events that were taken
FUTURE_NS = MINUTE_NS           # a phone's clock and this one may differ by that
WHERE = {'database': 'entered', 'queue': 'entered; it waits on the disk until the diary can be '
         'written', '': 'noted, but the disk does not answer; it is in memory alone'}


class DiaryKeeper:
    """
    Takes in what the graph says and what people enter.

    :param writer: gets what is admitted.
    :param gate: bounds how much comes in; it outlives this.
    :param publish: is given each entry of a person, for everybody else.
    :param report: called with a kind of trouble and a sentence.
    :param clips: keeps the sound of each episode; ``None``: nobody does.
    """

    def __init__(self, writer: DiaryWriter, gate: FloodGate, publish: Callable[[CareEntry], None],
                 report: Callable[[str, str], None], clips: Optional[ClipThread] = None) -> None:
        """Begin with no episode."""
        self.crib_id = ''
        self.writer, self.clips = writer, clips
        self._gate, self._publish, self._report = gate, publish, report
        self._book = EpisodeBook()
        self._known: Dict[str, None] = {}               # an ordered set

    def on_need(self, state: CryState, steady_ns: int) -> None:
        """Note what is believed of a crib; ``steady_ns`` is of a clock that nobody sets."""
        # A detector that gets no sound yet does not know whose it is.
        self.crib_id = state.crib_id or self.crib_id
        row = self._book.open_row(state.crib_id)
        is_new = state.episode_id and (row is None or row.episode_id != state.episode_id)
        if is_new and not self._admits('episodes', state.crib_id, steady_ns):
            return
        for changed in self._book.observe(state):
            self.writer.put(changed)
        if self.clips is not None:
            self.clips.follow(state)

    def on_alert(self, entry: AlertEntry, steady_ns: int) -> None:
        """Note an alert."""
        if entry.alert_id and self._admits('alerts', entry.crib_id, steady_ns):
            self.writer.put(entry)

    def on_care(self, entry: CareEntry, steady_ns: int) -> None:
        """Note what was done, once."""
        if entry.event_id in self._known:
            return
        if self._gate.admits_event(entry.kind, entry.who, steady_ns):
            self._know(entry)
            self.writer.put(entry)
        else:
            self._note_flood()

    def label(self, key: str, who: str, episode_id: str, label: str, now_ns: int,
              steady_ns: int) -> Tuple[str, str]:
        """
        Say afterwards what an episode was about.

        :param episode_id: empty: the present one of this crib, or its newest.
        :return: (episode_id, what to answer).
        :raises ValueError: if there is no such episode, it is not known whose is meant, or the
            label is none.
        """
        label = label.strip()
        if not 0 < len(label) <= LONGEST_TEXT:
            raise ValueError(f'expected a label of 1 to {LONGEST_TEXT} characters')
        episode_id, crib_id = self._episode_of(episode_id)
        _, answer = self._enter(key, steady_ns, stamp_ns=now_ns, kind='labelled', who=who,
                                episode_id=episode_id, label=label, crib_id=crib_id)
        return episode_id, answer

    def record(self, key: str, who: str, kind: str, text: str, stamp_ns: int, now_ns: int,
               steady_ns: int) -> Tuple[str, str]:
        """
        Enter fed, slept, changed or a note.

        :param stamp_ns: when it was; 0: now.
        :return: (event_id, what to answer).
        :raises ValueError: with what is expected instead.
        """
        if kind not in CARE_KINDS:
            raise ValueError(f'expected one of the kinds {", ".join(CARE_KINDS)}')
        if kind == 'note' and not text.strip():
            raise ValueError('a note needs a text')
        if stamp_ns > now_ns + FUTURE_NS:
            raise ValueError('that lies in the future')
        try:
            crib_id = self.writer.ask(self._crib_in) if not self.crib_id else self.crib_id
        except OSError:             # a disk that does not answer keeps nobody from entering
            crib_id = ''
        return self._enter(key, steady_ns, stamp_ns=stamp_ns or now_ns, kind=kind, who=who,
                           text=text, crib_id=crib_id)

    def _enter(self, key: str, steady_ns: int, **fields: Any) -> Tuple[str, str]:
        """Take an entry in; one that is sent again with its key and content is one entry."""
        event_id = request_id(key, *(fields.get(name, '') for name in (
            'kind', 'crib_id', 'who', 'episode_id', 'text', 'label')))
        if event_id in self._known:
            return event_id, 'entered already'
        if not self._gate.admits('entries by service', '', steady_ns):
            self._note_flood()
            raise ValueError('too much was entered in so short a time')
        entry = CareEntry(event_id, **fields)
        self._know(entry)
        ticket = self.writer.put(entry)
        self._publish(entry)
        return event_id, WHERE[ticket.wait(0.0 if self.writer.is_stuck else ANSWER_S)]

    def _episode_of(self, episode_id: str) -> Tuple[str, str]:
        """Return the name of an episode, ``''`` for the newest of this crib, and its crib."""
        row = self._book.open_row(self.crib_id)
        if row is not None and episode_id in ('', row.episode_id):
            return row.episode_id, row.crib_id
        if not episode_id:
            crib_id, newest = self.writer.ask(self._newest_in)
            return newest, crib_id
        found = self.writer.ask(lambda store: store.crib_of(episode_id))
        if found is None:
            raise ValueError(f'there is no episode {episode_id!r}')
        return episode_id, found

    def _newest_in(self, store: DiaryStore) -> Tuple[str, str]:
        crib_id = self._crib_in(store)
        newest = store.newest_episode(crib_id)
        if newest is None:
            raise ValueError('there is no episode yet')
        return crib_id, newest

    def _crib_in(self, store: DiaryStore) -> str:
        """Return whose crib this is: as its detector says, or the only one in the diary."""
        cribs = [self.crib_id] if self.crib_id else store.cribs()
        if len(cribs) > 1:
            raise ValueError('several cribs share this diary, and which one this is is not known '
                             'before its detector has spoken; try again')
        return cribs[0] if cribs else ''

    def _admits(self, group: str, source: str, steady_ns: int) -> bool:
        if self._gate.admits(group, source, steady_ns):
            return True
        self._note_flood()
        return False

    def _note_flood(self) -> None:
        source, count = self._gate.refused.most_common(1)[0]
        self._report('flood', f'more {source} than the diary takes in so short a time; most of '
                              f'the {count} that were refused')

    def _know(self, entry: CareEntry) -> None:
        self._known[entry.event_id] = None
        while len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
