# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The thread on which nodes of one process hear: from the device to the decision, plain calls.

An executor makes its list of everything that may become ready anew whenever it wakes, which costs
more than hearing does. So what is periodic, and audio, is left to a thread; the executor wakes for
services, parameters and messages of others alone. One of both is at work at a time: they take the
crib's lock.

Waking up costs more than most calls too, and what was read once is near for the next crib: the
cribs of a process share one thread, each with a lock of its own. In a turn each call that is due
is made once, the one that waits longest first; a crib whose lock somebody holds is passed over.
"""

import contextlib
import threading
import time
from typing import Callable, Iterator, List, Optional

# Between two calls the lock is free for so long at least, whatever is overdue.
BREATH_S = 2e-4
# Waking up costs more than most calls: what may come early is called with what is due anyway.
EARLY_S = 0.045
# A crib that was passed over, as its lock was held, gets its turn so much later.
PASSED_OVER_S = 0.02


class Recurring:
    """What is called again and again; made by `OwnThread.every`."""

    def __init__(self, crib: 'OwnThread', period_s: float, callback: Callable[[], object],
                 early_s: float = 0.0) -> None:
        self._crib, self._period_s, self._callback = crib, period_s, callback
        self._early_s = early_s
        now_s = time.monotonic()
        self.due_s = now_s + period_s
        if crib.thread.is_shared and period_s > BREATH_S:
            # What has one period is due at one time, whichever crib's it is.
            self.due_s = (now_s // period_s + 1.0) * period_s
        self.is_over = False

    def reset(self) -> None:
        """Be due a period from now; one that was cancelled goes on."""
        self.due_s = time.monotonic() + self._period_s
        if self.is_over:
            self.is_over = False
            self._crib.thread.add(self)

    def hasten(self) -> None:
        """Be due now, and a period from then."""
        self.due_s = time.monotonic()
        self._crib.thread.wake()

    def cancel(self) -> None:
        """Be called no more; under the lock nothing of it is at work when this returns."""
        self.is_over = True
        self._crib.thread.remove(self)

    def is_canceled(self) -> bool:
        """Return whether it is called no more; named as a timer of rclpy names it."""
        return self.is_over

    def may_come(self, now_s: float) -> bool:
        """Return whether it may be called now, where something else is due."""
        return not self.is_over and self.due_s - self._early_s <= now_s

    def call(self, may_wait: bool) -> None:
        """
        Be called under the crib's lock, unless it was cancelled or put off while that was awaited.

        What was missed in between is not made up for, and others get their turn.

        :param may_wait: for the lock; else, where somebody holds it, this is due a little later.
        """
        if not self._crib.lock.acquire(blocking=may_wait):
            self.due_s = time.monotonic() + PASSED_OVER_S
            return
        try:
            if self.may_come(time.monotonic()):
                self.due_s += self._period_s
                self._callback()
                self.due_s = max(self.due_s, time.monotonic() + BREATH_S)
        finally:
            self._crib.lock.release()


class SharedThread:
    """
    Calls what is due, one after the other; lives while there is something to call.

    :param is_shared: whether several cribs are called; none of them is waited for then.
    """

    def __init__(self, name: str = 'hearing', is_shared: bool = True) -> None:
        self.is_shared = is_shared
        self._name = name
        self._changed = threading.Condition(threading.Lock())
        self._all: List[Recurring] = []
        self._thread: Optional[threading.Thread] = None

    def add(self, recurring: Recurring) -> None:
        """Take what is to be called."""
        with self._changed:
            self._all.append(recurring)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()

    def remove(self, recurring: Recurring) -> None:
        """Let go of what is not to be called any more; the thread ends with the last of them."""
        with self._changed:
            if recurring in self._all:
                self._all.remove(recurring)
            self._changed.notify()

    def wake(self) -> None:
        """Look anew at what is due."""
        with self._changed:
            self._changed.notify()

    def _turn(self) -> Optional[List[Recurring]]:
        """Return what is called in a turn; wait for it. None where nothing is left to call."""
        with self._changed:
            while self._all:
                first_s = min(recurring.due_s for recurring in self._all)
                now_s = time.monotonic()
                if first_s <= now_s:
                    return sorted((recurring for recurring in self._all
                                   if recurring.may_come(now_s)), key=lambda one: one.due_s)
                self._changed.wait(first_s - now_s)
            self._thread = None
            return None

    def _run(self) -> None:
        while True:
            turn = self._turn()
            if turn is None:
                return
            for recurring in turn:
                recurring.call(may_wait=not self.is_shared)


class OwnThread:
    """
    One crib's lock and calls, on a thread of its own or one that cribs share.

    :param thread: that calls; ``None``: one that nobody shares.
    :ivar lock: whoever else uses what the callbacks use takes it too.
    """

    def __init__(self, thread: Optional[SharedThread] = None) -> None:
        self.lock = threading.RLock()
        self.thread = SharedThread(is_shared=False) if thread is None else thread

    def every(self, period_s: float, callback: Callable[[], object],
              early_s: float = 0.0) -> Recurring:
        """
        Call from now on, once a period; `callback` raises nothing.

        :param early_s: so much too early it may be called, with something else; the next time
            is counted from when it was due.
        """
        made = Recurring(self, period_s, callback, early_s)
        self.thread.add(made)
        return made

    @contextlib.contextmanager
    def turn(self, is_over: Callable[[], bool]) -> Iterator[None]:
        """
        Take the lock from a thread that somebody who holds it may wait for.

        :param is_over: whether that thread is to end; then the block is left out by
            `InterruptedError`.
        """
        while not self.lock.acquire(timeout=0.05):
            if is_over():
                raise InterruptedError
        try:
            yield
        finally:
            self.lock.release()
