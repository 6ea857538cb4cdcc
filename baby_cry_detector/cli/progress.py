# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Progress on standard error: a bar on a terminal, a line now and then in a log."""

import sys
import time

LOG_INTERVAL_S = 20.0


class Bars:
    """
    One bar at a time, made anew whenever the text changes.

    Where standard error is no terminal, a line every 20 s says the same.
    """

    def __init__(self):
        """Open no bar yet."""
        self._bar = None
        self._step = ''
        self._terminal = sys.stderr.isatty()
        self._last_line = time.monotonic()

    def __enter__(self):
        """Return this object."""
        return self

    def __exit__(self, *exc_info):
        """Close the bar."""
        self._close()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._close()
        print(text, file=sys.stderr, flush=True)

    def show(self, what: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` is done; text after the last comma may change."""
        step = what.rsplit(', loss', 1)[0]
        if not self._terminal:
            now = time.monotonic()
            if now - self._last_line >= LOG_INTERVAL_S:
                self._last_line = now
                print(f'{what}: {done}/{total}', file=sys.stderr, flush=True)
            return
        if step != self._step:
            self._close()
        if self._bar is None:
            from tqdm import tqdm
            self._bar = tqdm(total=total, file=sys.stderr, leave=False, dynamic_ncols=True)
            self._step = step
        self._bar.set_description(what, refresh=False)
        self._bar.update(done - self._bar.n)
        if done >= total:
            self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
            self._step = ''
