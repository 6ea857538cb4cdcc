# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What people are told once, when nothing more urgent is: somebody weakened something. Pure."""

from collections import deque
from typing import Deque, Optional, Tuple

from baby_cry_detector.care.alerts.alert_words import NOTICE, short, Wish
from baby_cry_detector.needs import LOW
from baby_cry_detector.units import SECOND_NS

SHOWN_NS = 60 * SECOND_NS
# Beyond these that wait, one stands for all.
MOST = 5
LONGEST = 250


class Notices:
    """A short queue of sentences, each an alert of its own for a minute."""

    def __init__(self) -> None:
        """Nothing is to be told."""
        self._waiting: Deque[Tuple[int, str]] = deque()        # (number, sentence)
        self._shown_ns: Optional[int] = None
        self._number = 0

    def add(self, sentence: str) -> bool:
        """Take a sentence; return whether it will be told by itself."""
        if len(self._waiting) >= MOST:
            return False
        self._number += 1
        self._waiting.append((self._number, short(sentence, LONGEST)))
        return True

    def wish(self, now_ns: int, steady_ns: int) -> Optional[Wish]:
        """
        Return the alert that is wished for now, where there is no other.

        :param now_ns: on the clock of the stamps.
        :param steady_ns: on a clock that nobody sets.
        """
        if self._waiting and self._shown_ns is not None and (
                steady_ns - self._shown_ns >= SHOWN_NS):
            self._waiting.popleft()
            self._shown_ns = None
        if not self._waiting:
            return None
        if self._shown_ns is None:
            self._shown_ns = steady_ns
        number, sentence = self._waiting[0]
        return Wish('', now_ns, LOW, sentence, False, f'{NOTICE}-{number}')
