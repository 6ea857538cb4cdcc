# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The one thread that touches the diary's file, so that nobody who hears or answers waits for a disk.

Whatever can't be written now waits in memory and in a file beside the database; what is given up
is counted, said, and noted in the diary itself. The same thread looks after the file: it checks
it, sets a damaged one aside, copies it once a day, doubts the clock and forgets what is old.
"""

from collections import deque
from contextlib import contextmanager
import os
from pathlib import Path
import threading
import time
from typing import Any, Callable, Deque, Dict, Iterator, List, Optional, Tuple, TypeVar, Union
import uuid

from baby_cry_detector.care.diary.care_of_file import Bounds, CareOfFile
from baby_cry_detector.care.diary.repair import is_ours, recover, rescue
from baby_cry_detector.care.diary.rows import CareEntry, EpisodeRow
from baby_cry_detector.care.diary.schema import DamagedError, DiaryError, inspect
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.care.diary.waiting import Entry, EPISODE_PERIOD_S, QueueFile, Waiting

BUSY_TIMEOUT_S = 0.1            # beyond it the queue's file takes what there is
RETRY_PERIOD_S = 1.0
FIGURES_PERIOD_S = 10.0
MOST_INBOX = 10_000
# For so long somebody who asked is kept waiting for the disk.
ANSWER_S = 1.0
Answer = TypeVar('Answer')


class Ticket:
    """
    Where an entry has got to.

    :ivar place: ``''``, ``'database'`` or ``'queue'`` (the file beside it).
    """

    def __init__(self) -> None:
        """Begin under way."""
        self.place = ''
        self._done = threading.Event()

    def settle(self, place: str) -> None:
        """Say where it is."""
        self.place = place
        self._done.set()

    def wait(self, timeout_s: float) -> str:
        """Return the place, after some time at most."""
        self._done.wait(timeout_s)
        return self.place


class DiaryWriter:
    """
    Writes entries in the background.

    :param path: of the database.
    :param queue_path: of the file in which entries wait; one for each process.
    :param bounds: see there.
    :param now_ns: the clock that entries are stamped by.
    :param say: called with ``'info'`` or ``'warning'`` and a sentence, in the writer's thread.
    :param is_simulated: whether that clock is a simulated one.
    :param is_own: whether nothing else than a diary can be at that path.
    :raises BusyError: if another process has that queue's file.
    """

    def __init__(self, path: Union[str, Path], queue_path: Union[str, Path], bounds: Bounds,
                 now_ns: Callable[[], int], say: Callable[[str, str], None],
                 is_simulated: bool = False, is_own: bool = False) -> None:
        """Start the thread."""
        self.path = Path(os.path.realpath(path))
        self.bounds = bounds
        self.trouble = ''
        self.figures: Dict[Any, Any] = {}
        self._say = say
        self._queue = QueueFile(queue_path)
        self._is_own = is_own
        self._waiting = Waiting()
        self._inbox: Deque[Tuple[Entry, Ticket]] = deque()
        self._asked: Deque[Callable[[Optional[DiaryStore]], None]] = deque()
        self._inbox_lost = 0
        self._noted_lost = 0
        self._kept: Dict[Any, Any] = {}  # name: (entry in the queue's file, since when)
        self._now_ns = now_ns
        self._store: Optional[DiaryStore] = None
        self._care = CareOfFile(now_ns, say, is_simulated)
        self._busy_since_s = 0.0
        self._wake = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name='diary', daemon=True)
        self._thread.start()

    # --- for other threads -----------------------------------------------------------------------
    def put(self, entry: Entry) -> Ticket:
        """Take an entry; a row that goes on changing is copied."""
        if isinstance(entry, EpisodeRow):
            entry = entry.snapshot()
        ticket = Ticket()
        with self._wake:
            if len(self._inbox) >= MOST_INBOX:      # the disk has not answered for long
                self._inbox_lost += 1
                return ticket
            self._inbox.append((entry, ticket))
            self._wake.notify()
        return ticket

    def ask(self, question: Callable[[DiaryStore], Answer], timeout_s: float = ANSWER_S
            ) -> Answer:
        """
        Return what a function says of the open diary, called in the writer's thread.

        :raises OSError: if the diary can't be read, or not in that time.
        """
        answer: List[Answer] = []
        errors: List[Exception] = []
        done = threading.Event()

        def run(store: Optional[DiaryStore]) -> None:
            try:
                if store is None:
                    raise OSError(self.trouble or 'the diary is not open')
                answer.append(question(store))
            except Exception as error:
                errors.append(error)
            done.set()
        with self._wake:
            self._asked.append(run)
            self._wake.notify()
        if self.is_stuck or not done.wait(timeout_s):
            raise OSError('the diary can not be read now')
        if errors:
            raise errors[0]
        return answer[0]

    @property
    def is_stuck(self) -> bool:
        """Return whether the disk has not answered for longer than anybody is kept waiting."""
        since_s = self._busy_since_s
        return bool(since_s) and time.monotonic() - since_s > ANSWER_S

    @property
    def lost(self) -> int:
        """Return how many entries were given up."""
        return self._waiting.lost + self._inbox_lost + self._queue.unreadable

    @property
    def doubt(self) -> str:
        """Return why the clock is doubted, ``''`` if it is believed."""
        return self._care.doubt

    @property
    def waiting(self) -> int:
        """Return how many entries wait."""
        return len(self._waiting) + len(self._inbox)

    def close(self, timeout_s: float = 5.0) -> bool:
        """Write what there is and close the file; return whether that was done in time."""
        with self._wake:
            self._ending = True
            self._wake.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # --- the thread ------------------------------------------------------------------------------
    def _run(self) -> None:
        try:
            taken = self._queue.load(self._waiting)
            self._kept = {_name(entry): (entry, 0.0) for entry in self._waiting.entries()}
            if taken:
                self._say('info', f'{taken} entries waited in {self._queue.path}')
        except OSError as error:
            self._say('warning', f'what waited can not be read: {error}')
        retry_s = figures_s = 0.0
        while True:
            tickets = self._take_inbox()
            ending = self._ending
            with self._busy():
                now_s = time.monotonic()
                if not self.trouble or now_s >= retry_s or ending:
                    self._write()
                    retry_s = time.monotonic() + RETRY_PERIOD_S
                place = 'database'
                if len(self._waiting):
                    place = 'queue' if self._keep_on_disk() else ''
                for ticket in tickets:
                    ticket.settle(place)
                self._answer()
                if self._store is not None and not ending:
                    if now_s >= figures_s:
                        figures_s = now_s + FIGURES_PERIOD_S
                        self._attempt(self._count)
                    self._attempt(self._look_after)
            if ending:
                break
        if self._store is not None:
            self._store.close()
        self._queue.close()

    @contextmanager
    def _busy(self) -> Iterator[None]:
        self._busy_since_s = time.monotonic()
        try:
            yield
        finally:
            self._busy_since_s = 0.0

    def _take_inbox(self) -> List[Ticket]:
        """Wait until there is something to do; return the tickets of what has come."""
        with self._wake:
            if not (self._inbox or self._asked or self._ending):
                self._wake.wait(RETRY_PERIOD_S)
            came = list(self._inbox)
            self._inbox.clear()
        for entry, _ in came:
            self._waiting.add(entry)
        return [ticket for _, ticket in came]

    def _write(self) -> None:
        self._attempt(self._write_all)

    def _attempt(self, step: Callable[[], None]) -> None:
        """Take a step that may fail; what is damaged is set aside, the rest is tried again."""
        try:
            step()
        except DamagedError as error:
            self._mend(error)
        except (DiaryError, OSError) as error:      # also another file that was put in its place
            self._note(f'cannot write the diary: {error}')
        except Exception as error:
            self._note(f'cannot write the diary: {error!r}')

    def _note(self, trouble: str) -> None:
        if trouble != self.trouble:
            self._say('warning', f'{trouble}; {len(self._waiting)} entries wait')
        self.trouble = trouble

    def _open(self) -> DiaryStore:
        if inspect(self.path) == 'garbage' and (self._is_own or is_ours(self.path)):
            raise DamagedError(f'{self.path} is damaged: it has lost its beginning')
        store = DiaryStore(self.path, busy_timeout_s=BUSY_TIMEOUT_S)
        try:
            self._care.begin(store)
        except BaseException:
            store.close()
            raise
        if store.mode_trouble:
            self._say('warning', store.mode_trouble)
        self._store = store
        self.figures = store.figures()
        return store

    def _write_all(self) -> None:
        store = self._store or self._open()
        waiting = self._waiting
        if len(waiting):
            lost = self.lost
            store.write(
                waiting.episodes.values(), [*waiting.events.values(), *self._losses(lost)],
                waiting.alerts.values(), self._care.is_doubtful)
            self._noted_lost = lost
        if self.trouble and len(waiting):
            self._say('info', f'the diary is written, {len(waiting)} entries that waited '
                              'included')
        self.trouble = ''
        waiting.clear()
        self._kept.clear()
        self._queue.remove()

    def _losses(self, lost: int) -> List[CareEntry]:
        """Return a note for the diary itself that something is missing in it."""
        if lost <= self._noted_lost:
            return []
        return [CareEntry(uuid.uuid4().hex, self._now_ns(), 'note', who='diary',
                          text=f'{lost - self._noted_lost} entries before this one were lost: '
                               'they could not be written')]

    def _mend(self, error: DamagedError) -> None:
        self._note(f'{error}; it is set aside')
        rescued = None
        if self._store is not None:
            rescued = rescue(self._store)
            self._store.close()
            self._store = None
        try:
            self._say('warning', str(recover(self.path, rescued)))
        except (OSError, ValueError) as trouble:
            self._note(f'cannot begin a new diary: {trouble}')

    def _keep_on_disk(self) -> bool:
        """Keep what waits in the queue's file; return whether all of it is there."""
        entries = [entry for entry in self._waiting.entries() if self._is_due(entry)]
        if not entries:
            return True
        try:
            if not self._queue.append(entries):
                left_out = self._queue.replace(self._waiting.entries())
                if left_out:
                    self._say('warning', f'{left_out} entries wait in memory alone')
            for entry in entries:
                self._kept[_name(entry)] = (entry, time.monotonic())
            return True
        except OSError as error:
            self._note(f'{self.trouble.split("; neither")[0]}; neither can what waits: {error}')
            return False

    def _is_due(self, entry: Entry) -> bool:
        kept, when_s = self._kept.get(_name(entry), (None, 0.0))
        if kept is entry:
            return False
        return not (isinstance(entry, EpisodeRow) and kept is not None
                    and kept.open == entry.open
                    and time.monotonic() - when_s < EPISODE_PERIOD_S)

    def _answer(self) -> None:
        while self._asked:
            self._asked.popleft()(self._store)

    # The diary that was open a moment ago may just have been set aside.
    def _count(self) -> None:
        if self._store is not None:
            self._store.look_anew()
            self.figures = self._store.figures()

    def _look_after(self) -> None:
        if self._store is not None:
            self._care.look(self._store, self.bounds)


def _name(entry: Entry) -> Tuple[object, ...]:
    if isinstance(entry, EpisodeRow):
        return 'episode', entry.episode_id
    if isinstance(entry, CareEntry):
        return 'event', entry.event_id
    return 'alert', entry.alert_id, entry.sequence, entry.ended
