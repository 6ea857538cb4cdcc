# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The thread that serves a device: never two at work, and another one where it hangs or died."""

import sys
import threading
import time
import traceback
from typing import Callable, Optional


class Turn:
    """
    One run of the thread; it has its own event, so it never hears of a later start.

    :ivar stop: set when this run has to end.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.alive_s = time.monotonic()

    def alive(self) -> None:
        """Say that the thread goes on; to be called all the time."""
        self.alive_s = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Return whether this run has to end."""
        return self.stop.is_set()


class DeviceThread:
    """
    Runs ``serve(turn)`` in a thread.

    :param name: of the thread.
    :param serve: opens the device and serves it until ``turn.stop`` is set.
    :param release: frees the device from any thread, without waiting: what hangs in it ends.
    :param hung_s: a thread that did not say that it is alive for so long hangs.
    """

    def __init__(self, name: str, serve: Callable[[Turn], None], release: Callable[[], None],
                 hung_s: float) -> None:
        self.hung_s = hung_s
        self._name, self._serve, self._release = name, serve, release
        self._turn: Optional[Turn] = None
        self._thread: Optional[threading.Thread] = None

    def is_current(self, turn: Turn) -> bool:
        """Return whether a run is the one at work, and not one that was given up."""
        return turn is self._turn

    def start(self) -> None:
        """Begin a run; one that goes on is ended first."""
        if self._thread is not None:
            self.stop(0.0)
        self._turn = Turn()
        self._thread = threading.Thread(target=self._run, args=(self._turn,), name=self._name,
                                        daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """End the run; if it does not within ``timeout_s`` it is given up, and False returned."""
        thread, turn = self._thread, self._turn
        self._thread = self._turn = None
        if thread is None or turn is None:
            return True
        turn.stop.set()
        thread.join(timeout_s)
        if thread.is_alive():
            self._release()
        return not thread.is_alive()

    def watch(self) -> str:
        """Replace a thread that hangs or died; return what was wrong, '' if nothing was."""
        thread, turn = self._thread, self._turn
        if thread is None or turn is None or turn.is_over or (
                thread.is_alive() and time.monotonic() - turn.alive_s < self.hung_s):
            return ''
        frame = sys._current_frames().get(thread.ident or 0)
        where = ''.join(traceback.format_stack(frame)) if frame else 'it ended'
        turn.stop.set()
        self._release()
        self.start()
        return f'the thread of the {self._name} hangs; another one takes its place: {where}'

    def _run(self, turn: Turn) -> None:
        self._serve(turn)
