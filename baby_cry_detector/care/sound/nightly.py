# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
When the self-test of a night is due, tried again, and given up.

Pure: the local time and a clock that nobody sets come in. Whatever the local clock does, there is
one test in half a day at most.
"""

from typing import Optional

DAY_MINUTES = 24 * 60
WINDOW_MINUTES = 120           # it may begin so much later: a bout of crying, a restart
APART_S = 12 * 3600.0
RETRY_S = 600.0
ANSWER_S = 90.0


class Nightly:
    """
    One test every night.

    :ivar trouble: why the newest one said nothing; '' if it did.
    """

    def __init__(self) -> None:
        self._done_s: Optional[float] = None
        self._tried_s: Optional[float] = None
        self._is_waiting = False
        self.trouble = ''

    def is_due(self, at_minute: Optional[int], minute_of_day: int, steady_s: float) -> bool:
        """
        Return whether to begin now; then `done` or `failed` is to be told.

        :param at_minute: of the day from which it is due, 0 to 1439; ``None`` for never.
        :param minute_of_day: local time.
        """
        if at_minute is None or self._is_waiting:
            return False
        if (minute_of_day - at_minute) % DAY_MINUTES >= WINDOW_MINUTES:
            return False
        if self._done_s is not None and steady_s - self._done_s < APART_S:
            return False
        if self._tried_s is not None and steady_s - self._tried_s < RETRY_S:
            return False
        self._tried_s, self._is_waiting = steady_s, True
        return True

    def is_overdue(self, steady_s: float) -> bool:
        """Return whether an answer has been waited for too long."""
        return (self._is_waiting and self._tried_s is not None
                and steady_s - self._tried_s > ANSWER_S)

    def done(self) -> None:
        """Take note that the test said something."""
        self._done_s, self._is_waiting, self.trouble = self._tried_s, False, ''

    def failed(self, why: str) -> None:
        """Take note that it said nothing; it is tried again within the night."""
        self._is_waiting, self.trouble = False, f'the nightly self-test was not possible: {why}'
