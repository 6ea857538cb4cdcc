# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The one thread on which nodes of one process hear: from the device to the decision, plain calls.

An executor makes its list of everything that may become ready anew whenever it wakes, which costs
more than hearing does. So what is periodic, and audio, is left to a thread; the executor wakes for
services, parameters and messages of others alone. One of both is at work at a time: they take the
thread's lock.
"""

import contextlib
import threading
import time
from typing import Callable, Iterator, List, Optional

# Between two calls the lock is free for so long at least, whatever is overdue.
BREATH_S = 2e-4
# Waking up costs more than most calls: what may come early is called with what is due anyway.
EARLY_S = 0.045


class Recurring:
    """What is called again and again; made by `OwnThread.every`."""

    def __init__(self, thread: 'OwnThread', period_s: float, callback: Callable[[], object],
                 early_s: float = 0.0) -> None:
        self._thread, self._period_s, self._callback = thread, period_s, callback
        self._early_s = early_s
        self.due_s = time.monotonic() + period_s
        self.is_over = False

    def reset(self) -> None:
        """Be due a period from now; one that was cancelled goes on."""
        self.due_s = time.monotonic() + self._period_s
        if self.is_over:
            self.is_over = False
            self._thread.add(self)

    def cancel(self) -> None:
        """Be called no more; under the lock nothing of it is at work when this returns."""
        self.is_over = True
        self._thread.remove(self)

    def is_canceled(self) -> bool:
        """Return whether it is called no more; named as a timer of rclpy names it."""
        return self.is_over

    def may_come(self, now_s: float) -> bool:
        """Return whether it may be called now, where something else is due."""
        return not self.is_over and self.due_s - self._early_s <= now_s

    def call(self) -> None:
        """Be called; what was missed in between is not made up for, and others get their turn."""
        self.due_s += self._period_s
        self._callback()
        self.due_s = max(self.due_s, time.monotonic() + BREATH_S)


class OwnThread:
    """
    Calls what is due, one after the other, under a lock; lives while there is something to call.

    :ivar lock: whoever else uses what the callbacks use takes it too.
    """

    def __init__(self, name: str = 'hearing') -> None:
        self.lock = threading.RLock()
        self._name = name
        self._changed = threading.Condition(threading.Lock())
        self._all: List[Recurring] = []
        self._thread: Optional[threading.Thread] = None

    def every(self, period_s: float, callback: Callable[[], object],
              early_s: float = 0.0) -> Recurring:
        """
        Call from now on, once a period; `callback` raises nothing.

        :param early_s: so much too early it may be called, with something else; the next time
            is counted from when it was due.
        """
        made = Recurring(self, period_s, callback, early_s)
        self.add(made)
        return made

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

    def _next(self) -> Optional[Recurring]:
        """Return what is due; wait for it. None where there is nothing left to call."""
        with self._changed:
            while self._all:
                first = self._all[0]
                for recurring in self._all:
                    if recurring.due_s < first.due_s:
                        first = recurring
                wait_s = first.due_s - time.monotonic()
                if wait_s <= 0.0:
                    return first
                self._changed.wait(wait_s)
            self._thread = None
            return None

    def _run(self) -> None:
        while True:
            due = self._next()
            if due is None:
                return
            with self.lock:
                # It may have been cancelled or put off meanwhile.
                if not due.is_over and due.due_s <= time.monotonic():
                    due.call()
                now_s = time.monotonic()
                for other in tuple(self._all):
                    if other is not due and other.may_come(now_s):
                        other.call()
