# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the diary's file needs besides writing: checks, doubts of the clock, forgetting, copies."""

from datetime import datetime
import time
from typing import Callable, NamedTuple, Optional

from baby_cry_detector.care.diary.clock import ClockRecord, is_doubtful, judge, StepWatch
from baby_cry_detector.care.diary.mending import believed_until, mark
from baby_cry_detector.care.diary.place import BusyError, FileLock
from baby_cry_detector.care.diary.pruning import prune
from baby_cry_detector.care.diary.repair import back_up, backups, check
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.units import HOUR_NS, SECOND_NS

LOOK_PERIOD_NS = HOUR_NS
BACKUP_PERIOD_S = 20 * 3600.0
FIRST_BACKUP_NS = 60 * SECOND_NS       # after the start; a crash loop makes no copies
MOST_STEPS = 50


class Bounds(NamedTuple):
    """How much the diary may hold; see the node's parameters."""

    keep_days: float
    largest_mb: float
    backups: int


class CareOfFile:
    """
    Looks after a diary, in the thread that writes it.

    :param now_ns: the clock that entries are stamped by.
    :param say: called with ``'info'`` or ``'warning'`` and a sentence.
    :param is_simulated: whether that clock is a simulated one, which may race.
    :ivar doubt: why the clock is doubted, ``''`` if it is believed.
    """

    def __init__(self, now_ns: Callable[[], int], say: Callable[[str, str], None],
                 is_simulated: bool = False) -> None:
        """Nothing is known yet."""
        self.doubt = ''
        self._now_ns, self._say = now_ns, say
        self._is_simulated = is_simulated
        self._record = ClockRecord()
        self._steps = StepWatch()
        self._looked_ns: Optional[int] = None
        self._tried_backup_ns = time.monotonic_ns() - LOOK_PERIOD_NS + FIRST_BACKUP_NS
        self._backup_trouble = ''

    def begin(self, store: DiaryStore) -> None:
        """
        Check a diary that was opened.

        :raises DamagedError: if it contradicts itself.
        """
        check(store)
        self._looked_ns = None
        # Before the first entry: one that is told of an old recording says nothing of the clock.
        self._judge(store, self._now_ns(), 0)

    def _load(self, store: DiaryStore) -> None:
        document = store.meta('clock')
        self._record = ClockRecord.from_document(document)
        if document is None or not self._record.trusted_ns:
            self._record.trusted_ns = believed_until(store)

    def is_doubtful(self, stamp_ns: int) -> bool:
        """Return whether a stamp was made by a clock that is not believed."""
        return is_doubtful(self._record, stamp_ns)

    def look(self, store: DiaryStore, bounds: Bounds) -> None:
        """
        Do what is due; called often.

        :raises OSError: if the file can't be written.
        """
        steady_ns, now_ns = time.monotonic_ns(), self._now_ns()
        step_ns = 0 if self._is_simulated else self._steps.look(now_ns, steady_ns)
        if step_ns:
            self._note_step(store, now_ns, step_ns)
        since_ns = 0 if self._looked_ns is None else steady_ns - self._looked_ns
        if self._looked_ns is None or step_ns or since_ns >= LOOK_PERIOD_NS:
            self._looked_ns = steady_ns
            self._judge(store, now_ns, 0 if step_ns else since_ns)
            self._alone(store, lambda: self._prune(store, now_ns, bounds))
        if bounds.backups and steady_ns - self._tried_backup_ns >= LOOK_PERIOD_NS:
            self._tried_backup_ns = steady_ns
            self._alone(store, lambda: self._back_up(store, bounds.backups))

    def _judge(self, store: DiaryStore, now_ns: int, since_ns: int) -> None:
        self._load(store)
        doubt = judge(self._record, now_ns, since_ns)
        if doubt != self.doubt:
            if doubt:
                self._say('warning', f'the clock is doubted: it says {_text(now_ns)} and {doubt}; '
                          'nothing is forgotten, and what is entered now is marked '
                          '(`baby-cry diary clock`)')
            else:
                self._say('info', f'the clock is believed again: {_text(now_ns)}')
        self.doubt = doubt
        store.keep_meta('clock', self._record.to_document())
        marked = mark(store, self.is_doubtful)
        if marked:
            self._say('warning', f'{marked} entries were made by a clock that was wrong; '
                      '`baby-cry diary clock` shows and mends them')

    def _note_step(self, store: DiaryStore, now_ns: int, step_ns: int) -> None:
        before_ns = now_ns - step_ns
        self._say('warning', f'the clock was set from {_text(before_ns)} to {_text(now_ns)}')
        steps = store.meta('clock_steps', [])
        store.keep_meta('clock_steps', [*steps, [before_ns, step_ns]][-MOST_STEPS:])

    def _alone(self, store: DiaryStore, step: Callable[[], None]) -> None:
        """Take a step unless another process of the household is about it."""
        try:
            with FileLock(f'{store.path}.care').held(True, 0.0):
                step()
        except BusyError:
            pass

    def _prune(self, store: DiaryStore, now_ns: int, bounds: Bounds) -> None:
        if self.doubt:
            return
        pruned = prune(store, now_ns, bounds.keep_days, bounds.largest_mb)
        if pruned is not None:
            self._say('warning' if pruned.copies_dropped else 'info', str(pruned))

    def _back_up(self, store: DiaryStore, most: int) -> None:
        there = backups(store.path)
        # Whatever the clock says, a copy whose age is below a day is new enough.
        if there and abs(time.time() - there[-1].stat().st_mtime) < BACKUP_PERIOD_S:
            return
        try:
            copy = back_up(store, most)
        except OSError as error:
            if type(error) is not OSError:
                raise
            if str(error) != self._backup_trouble:
                self._say('warning', f'no copy of the diary: {error}')
            self._backup_trouble = str(error)
            return
        self._backup_trouble = ''
        if copy is not None:
            self._say('info', f'a copy of the diary stands in {copy}')


def _text(stamp_ns: int) -> str:
    """Return a time for reading, whatever clock made it."""
    try:
        return datetime.fromtimestamp(stamp_ns // SECOND_NS).strftime('%Y-%m-%d %H:%M')
    except (OverflowError, OSError, ValueError):
        return f'{stamp_ns / SECOND_NS:.0f} s since 1970'
