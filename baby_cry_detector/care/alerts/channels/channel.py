# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A channel: a queue, a thread, retries with back-off, and a state that says how it is.

Offering a notice never waits. What can't be delivered now is kept in order and tried again,
so that a broker or a network that is gone for a while loses nothing; with an `Outbox` neither does
a process that is killed meanwhile.
"""

from dataclasses import dataclass
import threading
import time
from typing import Any, Callable, Dict, List, Optional

from baby_cry_detector.care.alerts.alert_words import Said
from baby_cry_detector.care.alerts.channels.outbox import Outbox, Waiting
from baby_cry_detector.needs import ALERT_STATE_NAMES, END, HEARTBEAT, ONGOING, PRIORITY_NAMES
from baby_cry_detector.units import MILLISECOND_NS, SECOND_NS

MOST_WAITING = 4096
FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 15.0
IDLE_PERIOD_S = 1.0
MOST_REFUSALS = 3
# So often a word fails by itself before others may pass it; then the pause before it doubles.
PATIENCE = 2
LONGEST_PAUSE_S = 600.0
# Older than a day alerts nobody; the diary has the history.
OLDEST_S = 86_400.0
# An attempt that takes longer than this is told; every sender has a deadline of its own.
HANGING_S = 45.0
# So long a loss is shown as trouble.
LOSS_SHOWN_S = 600.0


class Undelivered(OSError):
    """
    It may work later.

    :param answered: whether somebody was reached, so that another word may fare better;
        otherwise there is no network, or nobody answers, and all words wait.
    """

    def __init__(self, message: str = '', answered: bool = False):
        """Say why."""
        super().__init__(message)
        self.answered = answered


class Refused(ValueError):
    """It will not work like this: wrong address, wrong password, too large."""


class Sender:
    """What a channel sends with; all methods are called in the channel's thread alone."""

    name = ''
    keeps = True
    """Whether what waits is worth keeping for a process after this one."""
    oldest_s = OLDEST_S
    """What has waited for longer is given up."""
    beside = ''
    """What does not work although words are delivered, one sentence."""

    def wants(self, said: Said) -> bool:
        """Return whether this channel tells that to anybody; called by the thread that offers."""
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
    lost_why: str = ''
    """What was lost last and why, ``''`` if nothing was in the last ten minutes."""


@dataclass
class _Trial:
    """What a word that failed by itself has been through."""

    failures: int = 0
    refusals: int = 0
    due_s: float = 0.0
    others_pass: bool = False


def record(said: Said, late_s: float = 0.0) -> Dict[str, Any]:
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
    Delivers what it is offered, in order, but for words that fail by themselves.

    A word is tried again (nobody answers, the service is ill) or given up: after three refusals,
    or failures while others got through, or once it is too old. It holds up those of its own alert
    only, and none for longer than that.

    :param sender: how; its thread is the only one that uses it.
    :param redact: takes secrets out of a sentence before anybody sees it.
    :param first_retry_s: wait after the first failure; doubles up to ``longest_retry_s``.
    :param outbox: keeps what waits in a file; what is in it already is delivered first.
    """

    def __init__(self, sender: Sender, redact: Callable[[str], str] = lambda text: text,
                 first_retry_s: float = FIRST_RETRY_S, longest_retry_s: float = LONGEST_RETRY_S,
                 most_waiting: int = MOST_WAITING, outbox: Optional[Outbox] = None):
        """Start the thread."""
        self.name = sender.name
        self._sender = sender
        self._redact = redact
        self._retry_s = (first_retry_s, longest_retry_s)
        self._most = most_waiting
        self._outbox = outbox
        self._trials: Dict[int, _Trial] = {}
        self._due_s = 0.0
        self._busy_s: Optional[float] = None
        self._trouble = self._lost_why = ''
        self._delivered = self._lost = 0
        self._lost_s = 0.0
        left = outbox.read() if outbox is not None else []
        self._queue: List[Waiting] = [
            word for word in left
            if time.time() - word.offered_s <= sender.oldest_s][-most_waiting:]
        # On the clock that nobody sets; where the other one was set back, nothing is known.
        self._since_s = {word.number: time.monotonic() - max(0.0, time.time() - word.offered_s)
                         for word in self._queue}
        if len(left) > len(self._queue):
            self._note_lost('waited for too long before this start', len(left) - len(self._queue))
        if outbox is not None:
            outbox.replace(self._queue)
        self._number = max((word.number for word in self._queue), default=0)
        self._changed = threading.Condition()
        self._ending = False
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
            self._since_s[self._number] = time.monotonic()
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
        self._trials.pop(word.number, None)
        self._since_s.pop(word.number, None)
        if self._outbox is not None and word.said.state != HEARTBEAT:
            self._outbox.settle(word.number, self._kept())

    def _let_go(self) -> None:
        self._note_lost(f'more than {self._most} were waiting')
        for index in range(1, len(self._queue) - 1):
            if self._queue[index].said.state in (ONGOING, HEARTBEAT):
                self._take(index)
                return
        self._take(1)

    def state(self) -> ChannelState:
        """Return how it is; secrets are not in it."""
        with self._changed:
            now_s = time.monotonic()
            trouble = (self._trouble or self._redact(self._sender.beside)[:300]
                       or (self._outbox.trouble if self._outbox is not None else ''))
            if self._busy_s is not None and now_s - self._busy_s > HANGING_S:
                trouble = f'hangs for {now_s - self._busy_s:.0f} s'
            recent = self._lost and now_s - self._lost_s < LOSS_SHOWN_S
            return ChannelState(not trouble, trouble or 'ok', self._delivered, len(self._queue),
                                self._lost, self._lost_why if recent else '')

    def close(self, timeout_s: float = 3.0) -> bool:
        """End; what waits has ``timeout_s`` to be delivered. Return whether all of it was."""
        with self._changed:
            self._ending = True
            self._until_s = time.monotonic() + timeout_s
            self._changed.notify()
        self._thread.join(timeout_s + 2.0)
        return not self._queue

    # --- the thread ------------------------------------------------------------------------------
    def _run(self) -> None:
        wait_s = self._retry_s[0]
        while True:
            with self._changed:
                self._drop_old()
                entry = self._choose(time.monotonic())
                if entry is None and not self._ending:
                    self._changed.wait(IDLE_PERIOD_S if not self._queue else
                                       min(IDLE_PERIOD_S, max(0.01, self._next_s())))
                    self._drop_old()
                    entry = self._choose(time.monotonic())
                if self._ending and (not self._queue or time.monotonic() >= self._until_s):
                    break
                is_idle = entry is None and not self._queue
                now_s = time.monotonic()
                self._busy_s = now_s if entry is not None else None
                late_s = now_s - self._since_s[entry.number] if entry is not None else 0.0
            if entry is None and (not is_idle or time.monotonic() < self._due_s):
                if self._ending:
                    time.sleep(0.05)
                continue
            trouble = self._attempt(entry, late_s)
            with self._changed:
                self._busy_s = None
                if entry is None and self._outbox is not None and self._outbox.trouble:
                    self._outbox.replace(self._kept())     # the disk may have room again
                self._due_s = time.monotonic() + wait_s if trouble else 0.0
            wait_s = min(2 * wait_s, self._retry_s[1]) if trouble else self._retry_s[0]
        with self._changed:
            if self._outbox is not None:
                self._outbox.close()
        try:
            self._sender.close()
        except Exception as error:
            with self._changed:
                self._trouble = self._redact(f'{type(error).__name__}: {error}')

    def _attempt(self, entry: Optional[Waiting], late_s: float) -> str:
        """Send a word, or look after the connection; return what went wrong."""
        trouble, its_own, refused = '', False, False
        try:
            if entry is None:
                self._sender.idle()
            else:
                self._sender.send(entry.said, late_s)
        except Undelivered as error:
            trouble, its_own = str(error) or 'nobody answers', error.answered
        except Refused as error:
            trouble, its_own, refused = f'refused: {error}', True, True
        except OSError as error:
            trouble = f'{type(error).__name__}: {error}'
        except Exception as error:     # a library's own; a channel must outlive it
            trouble, its_own, refused = f'{type(error).__name__}: {error}', True, True
        with self._changed:
            self._trouble = self._redact(trouble)[:300]
            index = None if entry is None else self._index(entry)
            if entry is None or index is None:
                return trouble
            if not trouble:
                self._delivered += 1
                self._take(index)
                for trial in self._trials.values():
                    trial.due_s, trial.others_pass = 0.0, True
            elif its_own:
                trial = self._trials.setdefault(entry.number, _Trial())
                trial.failures += 1
                # Where others got through meanwhile, it is this word that is not wanted.
                trial.refusals += refused or trial.others_pass
                trial.others_pass = False
                trial.due_s = time.monotonic() + min(
                    LONGEST_PAUSE_S, self._retry_s[0] * 2 ** min(20, trial.failures))
                if trial.refusals >= MOST_REFUSALS:
                    self._give_up(index, self._trouble)
        return trouble

    # --- under the lock --------------------------------------------------------------------------
    def _index(self, entry: Waiting) -> Optional[int]:
        return next((index for index, other in enumerate(self._queue)
                     if other.number == entry.number), None)

    def _choose(self, now_s: float) -> Optional[Waiting]:
        """
        Return the word to try now: the oldest, or one that need not wait for it.

        A word that failed twice by itself lets those of other alerts pass; the order within an
        alert is kept.
        """
        if now_s < self._due_s:
            return None
        blocked = set()
        for word in self._queue:
            if word.said.alert_id in blocked:
                continue
            trial = self._trials.get(word.number)
            if trial is None or trial.failures < PATIENCE or trial.due_s <= now_s:
                return word
            blocked.add(word.said.alert_id)
        return None

    def _next_s(self) -> float:
        dues = [trial.due_s for trial in self._trials.values()] or [0.0]
        return max(self._due_s, min(dues)) - time.monotonic()

    def _drop_old(self) -> None:
        now_s = time.monotonic()
        for index in range(len(self._queue) - 1, -1, -1):
            if now_s - self._since_s[self._queue[index].number] > self._sender.oldest_s:
                self._give_up(index, f'nobody took it in time ({self._trouble or "it waited"})')

    def _give_up(self, index: int, why: str) -> None:
        self._note_lost(f'{ALERT_STATE_NAMES[self._queue[index].said.state]} of '
                        f'{self._queue[index].said.alert_id or "no alert"}: {why}')
        self._take(index)

    def _note_lost(self, sentence: str, number: int = 1) -> None:
        self._lost += number
        self._lost_s, self._lost_why = time.monotonic(), self._redact(sentence)[:300]
