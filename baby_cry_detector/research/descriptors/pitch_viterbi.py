# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The path through the pitch candidates of ComParE 2016: Viterbi, decided as soon as it converges.

Costs as the set uses them, including the jump weight 10 (not 5) and the unvoiced-to-unvoiced
cost 1 (not 0) of the reference, and its second-order term: the change against the step between
the pair evaluated just before.
"""

from typing import Any, List, Tuple

import numpy as np

_IMPOSSIBLE = 999.0


class PitchViterbi:
    """
    Chooses one of the candidates, or none, for each frame.

    States: the candidates, then unvoiced.

    :param candidates: slots per frame.
    :param voicing_cutoff: voicing from which a candidate is taken as voiced.
    :param max_lag_frames: a frame is decided at the latest this many frames later.
    :param wait_for_convergence: decide as soon as all paths agree, and only at the limit by the
        path that is best then; without it, always decide at the limit.
    """

    def __init__(self, candidates: int, voicing_cutoff: float, max_lag_frames: int,
                 wait_for_convergence: bool):
        self._states = candidates + 1
        self._cutoff = voicing_cutoff
        self._limit = max_lag_frames
        self._converge = wait_for_convergence
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._cost: Any = None
        # Per undecided frame: its candidates, and for each of its states the one before.
        self._pending: List[Tuple[np.ndarray, np.ndarray]] = []
        self._before: List[List[int]] = []
        self._frames = 0
        self._last_log: Any = None
        self._last_voiced: Any = None

    def process(self, frequency: np.ndarray, voicing: np.ndarray) -> np.ndarray:
        """
        Take candidates, shapes (n, K).

        :return: F0 in Hz (0 unvoiced) and voicing of the frames decided, shape (m, 2).
        """
        chosen: List[Tuple[float, float]] = []
        local = self._local(frequency, voicing)
        step = self._transitions(frequency)
        for n in range(len(frequency)):
            if self._cost is None:
                self._cost = local[n]
                self._before.append([])
            else:
                total = step[n] + self._cost  # (new, old)
                self._before.append(total.argmin(axis=1).tolist())
                self._cost = total.min(axis=1)
                self._cost += local[n]
                # Only differences count; an endless sum would lose its digits.
                self._cost -= self._cost.min()
            self._pending.append((frequency[n], voicing[n]))
            self._decide(chosen)
        return np.array(chosen).reshape(-1, 2)

    def flush(self) -> np.ndarray:
        """Decide what is left by the best path; the stream is over."""
        chosen: List[Tuple[float, float]] = []
        if self._pending:
            self._take(len(self._pending), self._path(int(self._cost.argmin())), chosen)
        return np.array(chosen).reshape(-1, 2)

    def _decide(self, chosen) -> None:
        length = len(self._pending)
        ready, path = 0, []
        if self._converge:
            # Back from all states of the newest frame, until their paths are one.
            states, number = set(range(self._states)), length - 1
            while number and len(states) > 1:
                before = self._before[number]
                states = {before[state] for state in states}
                number -= 1
            if len(states) == 1:
                ready = number + 1
                path = self._path(states.pop(), number)
        if length - ready > self._limit:
            ready = length - self._limit
            path = self._path(int(self._cost.argmin()))
        if ready:
            self._take(ready, path, chosen)

    def _path(self, state: int, number: int = -1) -> List[int]:
        """Return the undecided states up to ``state`` of frame ``number``, oldest first."""
        number %= len(self._pending)
        path = [state]
        for before in self._before[number:0:-1]:
            path.append(before[path[-1]])
        return path[::-1]

    def _take(self, count: int, path: List[int], chosen) -> None:
        for state, (frequency, voicing) in zip(path[:count], self._pending):
            if state == self._states - 1:
                chosen.append((0.0, float(voicing[0])))
            else:
                chosen.append((float(frequency[state]), float(voicing[state])))
        del self._pending[:count], self._before[:count]

    def _local(self, frequency: np.ndarray, voicing: np.ndarray) -> np.ndarray:
        """Return the cost of each state, shape (n, states)."""
        cost = np.empty((len(frequency), self._states))
        likely = np.minimum(np.maximum(voicing, 0.01), 1.0)
        weak = likely < self._cutoff
        register = np.where(
            frequency <= 0, 2.0,
            np.where(frequency < 100.0, 1.0 - frequency / 100.0,
                     np.where(frequency <= 350.0, 0.0,
                              np.where(frequency < 600.0, (frequency - 350.0) / 250.0, 1.2))))
        cost[:, :-1] = 2.0 * (4.0 * weak - np.log(likely)) + register
        cost[:, -1] = 8.0 * (voicing >= self._cutoff).any(axis=1)
        return cost

    def _transitions(self, frequency: np.ndarray) -> np.ndarray:
        """Return the cost from each old to each new state, shape (n, new, old)."""
        count, slots = frequency.shape
        voiced = frequency > 0
        logs = np.log(np.where(voiced, frequency, 1.0))
        if self._last_log is None:
            self._last_log, self._last_voiced = np.zeros((1, slots)), np.zeros((1, slots), bool)
        old = np.concatenate((self._last_log, logs[:-1]))[:, None, :]
        old_voiced = np.concatenate((self._last_voiced, voiced[:-1]))[:, None, :]
        self._last_log, self._last_voiced = logs[-1:].copy(), voiced[-1:].copy()
        possible = voiced[:, :, None] & old_voiced
        rise = np.where(possible, logs[:, :, None] - old, 0.0)
        # The step of the pair evaluated before: along the old states, skipping impossible pairs.
        last = np.zeros_like(rise)
        # The very first pair of a stream, from frame 0 to frame 1, is held against 1.
        if self._frames < 2 <= self._frames + count:
            last[1 - self._frames, 0, 0] = 1.0
        self._frames = min(self._frames + count, 2)
        carried = last[:, :, 0].copy()
        for slot in range(1, slots):
            carried = np.where(possible[:, :, slot - 1], rise[:, :, slot - 1], carried)
            last[:, :, slot] = carried
        cost = np.empty((count, slots + 1, slots + 1))
        cost[:, :slots, :slots] = np.where(
            possible, 10.0 * np.abs(rise) + 10.0 * np.abs(rise - last), _IMPOSSIBLE)
        cost[:, :slots, slots] = 10.0
        cost[:, slots, :slots] = 10.0
        cost[:, slots, slots] = 1.0
        return cost
