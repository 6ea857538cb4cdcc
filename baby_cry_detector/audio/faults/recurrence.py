# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The same samples again and again: a ring buffer that is stuck, and no room.

A toy or a lullaby that repeats is sampled anew each time: the noise of room and microphone, and
two clocks, part any two rounds by more than `SAME_DBFS`, wherever there is such noise. What
repeats within `SHORTEST_S` is hum or a tone, and is left to `cry_band`. A buffer goes round in one
time; a recording that somebody filled up with itself, and plays over and over, does not.
"""

from collections import deque
from typing import Deque, List, Optional

import numpy as np

PATTERN = 512                          # samples that have to agree
SHORTEST_S, LONGEST_S = 0.025, 4.0
REPLAY_S = 32.0                        # longest round of what may be a recording, too
# Two takes of one sound by a microphone that is not muted (-84 dBFS) differ by more than this.
SAME_DBFS = -81.0
SAME_SHARE = 0.05                      # and by more than this share of their energy
LEAST_DBFS = -75.0                     # of what is looked for
AGAIN, LASTED_S = 3, 15.0              # so often, and for so long, it is said
REST_S = 4.0                           # that are not looked through after a pattern in vain
EVEN_S = 1e-3                          # by so much at most rounds differ in length
_PROBES = np.arange(0, PATTERN, PATTERN // 16)
_NEAR = 4.0 * 10 ** (SAME_DBFS / 20)   # of one sample
_FULLY_COMPARED = 4                    # of the first and of the last that may be it
_SAME_POWER = 10 ** (SAME_DBFS / 10)
_LEAST_POWER = 10 ** (LEAST_DBFS / 10)


class Recurrence:
    """
    Take a second at a time.

    :param longest_s: longest round that is looked for; one that begins is seen later by that.
    :ivar found: whether the same comes again and again.
    """

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._longest_s = longest_s
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self.found = False
        self._rate = 0
        self._pattern: Optional[np.ndarray] = None
        self._tail = np.zeros(0)       # of what was heard, less than a pattern
        self._heard = self._since = self._last = 0      # samples
        self._gaps: Deque[int] = deque(maxlen=128)      # between what is the same, samples
        self._idle_until = 0

    def update(self, samples: np.ndarray, sample_rate: int) -> None:
        """
        Take what came next.

        :param samples: ``(n,)``, 1.0 is full scale; about a second.
        """
        if sample_rate != self._rate:
            self.reset()
            self._rate = sample_rate
        self._heard += len(samples)
        if self._pattern is None:
            if self._heard >= self._idle_until:
                self._look_for(samples)
            return
        heard = np.concatenate((self._tail, samples))
        first = self._heard - len(heard)
        for place in self._places(heard):
            self._gaps.append(first + place - self._last)
            if not self._is_even():            # it begins anew with this round
                self._since = self._last
                for _ in range(len(self._gaps) - 1):
                    self._gaps.popleft()
            self._last = first + place
        self._tail = heard[len(heard) - PATTERN + 1:]
        if self._heard - self._last > (self._longest_s + 0.1) * sample_rate + PATTERN or (
                self._gaps and not SHORTEST_S * sample_rate <= min(self._gaps) <= max(
                    self._gaps) <= self._longest_s * sample_rate):
            self.found, self._pattern = False, None
            self._idle_until = self._heard + round(REST_S * sample_rate)
            return
        self.found = (len(self._gaps) >= AGAIN and (
            self._last - self._since >= LASTED_S * sample_rate - max(self._gaps))
            and self._heard - self._last <= max(self._gaps) + PATTERN + EVEN_S * sample_rate)

    def _is_even(self) -> bool:
        """Return whether all rounds take the same time; some may have been passed over."""
        round_s, allowed = min(self._gaps), EVEN_S * self._rate
        return all(min(gap % round_s, -gap % round_s) <= allowed for gap in self._gaps)

    def _look_for(self, samples: np.ndarray) -> None:
        """Choose what is looked for from now on: where it is loudest, for that is rare."""
        self._gaps.clear()
        if len(samples) < 2 * PATTERN:
            return
        first = min(max(0, int(samples.argmax()) - PATTERN // 2), len(samples) - PATTERN)
        pattern = samples[first:first + PATTERN]
        if float(np.var(pattern)) < _LEAST_POWER:
            return
        self._pattern = pattern.copy()
        self._order = _PROBES[np.argsort(-np.abs(pattern[_PROBES]))]
        self._since = self._last = self._heard - len(samples) + first
        self._tail = samples[first + 1:].copy()

    def _places(self, heard: np.ndarray) -> List[int]:
        """Return where the pattern begins, a few of the first and of the last."""
        pattern, count = self._pattern, len(heard) - PATTERN + 1
        if pattern is None or count < 1:
            return []
        peak = int(pattern.argmax())
        places = np.flatnonzero(np.abs(heard[peak:peak + count] - pattern[peak]) <= _NEAR)
        for probe in self._order:
            if not len(places):
                return []
            places = places[np.abs(heard[places + probe] - pattern[probe]) <= _NEAR]
        if len(places) > 2 * _FULLY_COMPARED:
            places = np.concatenate((places[:_FULLY_COMPARED], places[-_FULLY_COMPARED:]))
        # Of most of it: a click that is in both makes nothing the same.
        allowed = min(_SAME_POWER, SAME_SHARE * float(np.median(pattern * pattern)))
        return [int(place) for place in places
                if float(np.mean((heard[place:place + PATTERN] - pattern) ** 2)) <= allowed]
