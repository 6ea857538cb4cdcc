# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A channel: a queue, a thread, retries with back-off, and a state that says how it is.

Whoever offers a notice never waits. What can't be delivered now is kept in order and tried again,
so that a broker or a network that is gone for a while loses nothing; with an `Outbox` neither does
a process that is killed meanwhile.
"""

from dataclasses import dataclass
import threading
import time
from typing import List, Optional

from baby_cry_detector.care.alerts.outbox import Outbox, Waiting
from baby_cry_detector.care.alerts.alert_words import Said
from baby_cry_detector.needs import ALERT_STATE_NAMES, END, HEARTBEAT, ONGOING, PRIORITY_NAMES
from baby_cry_detector.units import MILLISECOND_NS, SECOND_NS

MOST_WAITING = 4096
FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 15.0
IDLE_PERIOD_S = 1.0
MOST_REFUSALS = 3
# From a process before this one: older than a day alerts nobody; the diary has the history.
OLDEST_S = 86_400.0


class Undelivered(OSError):
    """It may work later: no network, nobody answers."""


class Refused(ValueError):
    """It will not work like this: wrong address, wrong password, too large."""


class Sender:
    """What a channel sends with; all methods are called in the channel's thread alone."""

    name = ''
    keeps = True
    """Whether what waits is worth keeping for a process after this one."""

    def wants(self, said: Said) -> bool:
        """Return whether this channel tells that to anybody; called by whoever offers."""
        return said.loud or said.state == END

    def send(self, said: Said, late_s: float) -> None:
        """
        Deliver, and return when it is delivered.

        :param late_s: how long it has waited.
        :raises Undelivered: to be asked again later.
        :raises Refused: to be asked again a few times at most.
        """
        raise NotImplementedError

    def idle(self) -> None:
        """Look after a connection; called about once a second, may raise Undelivered."""

    def close(self) -> None:
        """Release everything."""


@dataclass(frozen=True)
class ChannelState:
    """
    How a channel is.

    :param well: whether the last attempt worked, or there was none.
    :param message: one sentence.
    :param delivered: notices since the start.
    :param waiting: notices that are not delivered yet.
    :param lost: notices that were given up.
    """

    well: bool
    message: str
    delivered: int
    waiting: int
    lost: int


def record(said: Said, late_s: float = 0.0) -> dict:
    """Return a notice as the JSON document that channels send."""
    seconds, nanoseconds = divmod(said.stamp_ns, SECOND_NS)
    try:
        when = time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))
        when = f'{when}.{nanoseconds // MILLISECOND_NS:03d}Z'
    except (OverflowError, ValueError, OSError):
        when = ''
    return {
        'state': ALERT_STATE_NAMES[said.state], 'priority': PRIORITY_NAMES[said.priority],
        'crib': said.crib_id, 'text': said.text, 'alert_id': said.alert_id,
        'sequence': said.sequence, 'episode_id': said.episode_id, 'time': when,
        'crying_s': round(said.duration_ns / SECOND_NS, 1), 'intensity': round(said.intensity, 3),
        'need': said.need, 'confidence': round(said.confidence, 3),
        'acknowledged': said.acknowledged, 'acknowledged_by': said.acknowledged_by,
        'snoozed': said.snoozed_until_ns > 0, 'listening': said.listening, 'loud': said.loud,
        'late_s': round(late_s, 1)}


class Channel:
    """
    Delivers what it is offered, in order.

    :param sender: how; its thread is the only one that uses it.
    :param redact: takes secrets out of a sentence before anybody sees it.
    :param first_retry_s: wait after the first failure; doubles up to ``longest_retry_s``.
    :param outbox: keeps what waits in a file; what is in it already is delivered first.
    """

    def __init__(self, sender: Sender, redact=lambda text: text,
                 first_retry_s: float = FIRST_RETRY_S, longest_retry_s: float = LONGEST_RETRY_S,
                 most_waiting: int = MOST_WAITING, outbox: Optional[Outbox] = None):
        """Start the thread."""
        self.name = sender.name
        self._sender = sender
        self._redact = redact
        self._retry_s = (first_retry_s, longest_retry_s)
        self._most = most_waiting
        self._outbox = outbox
        self._queue: List[Waiting] = []
        left = outbox.read() if outbox is not None else []
        self._queue = [word for word in left
                       if time.time() - word.offered_s <= OLDEST_S][-most_waiting:]
        if outbox is not None:
            outbox.replace(self._queue)
        self._number = max((word.number for word in self._queue), default=0)
        self._changed = threading.Condition()
        self._ending = False
        self._trouble = ''
        self._delivered, self._lost = 0, len(left) - len(self._queue)
        self._thread = threading.Thread(target=self._run, name=f'alerts {self.name}', daemon=True)
        self._thread.start()

    def offer(self, said: Said) -> None:
        """Take a notice; returns at once. A newer ONGOING takes the place of one that waits."""
        if not self._sender.wants(said):
            return
        with self._changed:
            if said.state in (ONGOING, HEARTBEAT):
                # The first may be on its way right now; what is behind it is nobody's yet.
                for index in range(len(self._queue) - 1, 0, -1):
                    other = self._queue[index].said
                    if (other.state, other.alert_id) == (said.state, said.alert_id):
                        self._take(index)
                        break
            self._number += 1
            self._queue.append(Waiting(self._number, said, time.time()))
            if self._outbox is not None and said.state != HEARTBEAT:
                self._outbox.add(self._queue[-1], self._kept())
            if len(self._queue) > self._most:
                self._let_go()
            self._changed.notify()

    def _kept(self) -> List[Waiting]:
        return [word for word in self._queue if word.said.state != HEARTBEAT]

    def _take(self, index: int) -> None:
        """Take a word out of the queue."""
        word = self._queue.pop(index)
        if self._outbox is not None and word.said.state != HEARTBEAT:
            self._outbox.settle(word.number, self._kept())

    def _let_go(self):
        self._lost += 1
        for index in range(1, len(self._queue) - 1):
            if self._queue[index].said.state in (ONGOING, HEARTBEAT):
                self._take(index)
                return
        self._take(1)

    def state(self) -> ChannelState:
        """Return how it is; secrets are not in it."""
        with self._changed:
            trouble = self._trouble or (self._outbox.trouble if self._outbox is not None else '')
            return ChannelState(not trouble, trouble or 'ok', self._delivered,
                                len(self._queue), self._lost)

    def close(self, timeout_s: float = 3.0) -> bool:
        """End; what waits has ``timeout_s`` to be delivered. Return whether all of it was."""
        with self._changed:
            self._ending = True
            self._until_s = time.monotonic() + timeout_s
            self._changed.notify()
        self._thread.join(timeout_s + 2.0)
        return not self._queue

    # --- the thread ------------------------------------------------------------------------------
    def _run(self):
        wait_s, refusals, due_s = IDLE_PERIOD_S, 0, 0.0
        retry_s = self._retry_s[0]
        while True:
            with self._changed:
                if not (self._queue and time.monotonic() >= due_s) and not self._ending:
                    self._changed.wait(max(0.0, min(wait_s, due_s - time.monotonic())
                                           if self._queue else wait_s))
                ending, entry = self._ending, self._queue[0] if self._queue else None
            if ending and (entry is None or time.monotonic() >= self._until_s):
                break
            if entry is not None and time.monotonic() < due_s:
                if ending:
                    time.sleep(0.05)
                continue
            trouble, done = '', False
            try:
                if entry is None:
                    if time.monotonic() < due_s:
                        continue
                    self._sender.idle()
                else:
                    self._sender.send(entry.said, max(0.0, time.time() - entry.offered_s))
                    done = True
            except Undelivered as error:
                trouble = str(error) or 'nobody answers'
            except Refused as error:
                trouble = f'refused: {error}'
                refusals += 1
            except Exception as error:     # a library's own; a channel must outlive it
                trouble = f'{type(error).__name__}: {error}'
            given_up = entry is not None and refusals >= MOST_REFUSALS
            with self._changed:
                self._trouble = self._redact(trouble)[:300]
                if entry is None and self._outbox is not None and self._outbox.trouble:
                    self._outbox.replace(self._kept())     # the disk may have room again
                if done or given_up:
                    self._take(0)
                    self._delivered += done
                    self._lost += not done
            if done or given_up:
                refusals = 0
            if trouble:
                due_s = time.monotonic() + retry_s
                retry_s = min(2 * retry_s, self._retry_s[1])
            else:
                retry_s, due_s = self._retry_s[0], 0.0
        with self._changed:
            if self._outbox is not None:
                self._outbox.close()
        try:
            self._sender.close()
        except Exception as error:
            with self._changed:
                self._trouble = self._redact(f'{type(error).__name__}: {error}')
