# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The microphone without what the robot's own loudspeakers play.

Linear only: what is subtracted is what the known signal becomes on its way, and nothing is gated,
so a cry passes as it is. Where subtracting does not help, the microphone's samples pass, and from
one to the other is faded. Without a reference that sounds the samples that go in come out.
"""

from collections import deque
import math
from typing import Deque, Dict, List, Optional, Tuple

from baby_cry_detector.audio.echo.kalman_filter import BLOCK, KalmanFilter
from baby_cry_detector.audio.echo.reference_line import bounded, ReferenceLine, SAMPLE_RATE
from baby_cry_detector.audio.echo.tracker import (
    HISTORY_S, LONGEST_WAIT_S, LOST_PART, State, Tracker)
from baby_cry_detector.units import SECOND_NS
import numpy as np

PATH_S = 0.32                  # of the room that is modelled
TAIL_S = 1.0                   # of the room, after a reference has fallen silent
MOST_REFERENCES = 4            # channels of all of them together
_BLOCK_NS = BLOCK * SECOND_NS // SAMPLE_RATE
_PART_MEMORY = 0.85            # of the powers by which the gate is decided, from block to block
_LONG_MEMORY = 0.992           # of those by which a reference is given up: 2 s
_RETURN_MEMORY = 0.97          # of those that are told
_TINY = 1e-14
#: The echo has to be this part of the power that is heard, or nothing can be told from it.
TELLING_SHARE = 0.1
#: A new note of a melody is not known yet, and so is not like its echo: that is no jump.
LEAST_BROAD_BINS = 7.0         # of 31 Hz
OPEN_SHARE = 0.03              # see `KalmanFilter.keep_open`
_SPECTRUM_MEMORY, _AUDIBLE = 0.8, 1e-6
#: Of the expected echo, what has to be there so that subtracting begins, and goes on.
BEGINS_PART, STAYS_PART = 0.6, 0.5
PROVEN_COHERENCE = 0.8         # over seconds, of the expected echo with what is heard
Powers = Tuple[float, float, float]


class EchoCanceller:
    """
    Samples of a microphone and of what is played in, the same without the echo out.

    :param path_s: how long a room's sound is modelled, 0.1 to 1 s.
    :param pure_python: do not use the compiled core.
    :ivar caution: factor for the noise that the filter assumes, 1 or more: whoever knows that
        somebody cries says so, and the path is learned more slowly.
    :ivar newest_ns: stamp of the newest block of the microphone; 0 before the first.
    """

    def __init__(self, path_s: float = PATH_S, pure_python: bool = False) -> None:
        if not 0.1 <= path_s <= 1.0:
            raise ValueError(f'expected a path of 0.1 to 1 s, got {path_s!r}')
        self._partitions = -(-round(path_s * SAMPLE_RATE) // BLOCK)
        self._pure_python = pure_python
        self.caution = 1.0
        self._lines: Dict[str, ReferenceLine] = {}
        self._trackers: Dict[str, Tracker] = {}
        self._kalman: Optional[KalmanFilter] = None
        self._owed = np.zeros(0)               # of the microphone, not yet given back
        self._owed_ns = 0                      # stamp of its first
        self.newest_ns = 0
        self._is_first = True                  # of a stretch of the microphone
        self._heard: Deque[np.ndarray] = deque(maxlen=round(HISTORY_S * SAMPLE_RATE) // BLOCK)
        self._sounding = np.zeros(BLOCK + 1)   # power of what is played, in frequency
        self._is_broad = False                 # what is played, so that a jump can be told
        self._gain = 0.0                       # of what is subtracted, 0 to 1
        # Of echo by microphone, echo, microphone.
        self._powers = self._long_powers = (0.0, 0.0, 0.0)
        self._told = (0.0, 0.0)                # power of the microphone, and of what remains

    # --- what is played --------------------------------------------------------------------------
    def play(self, name: str, stamp_ns: int, samples: np.ndarray) -> None:
        """
        Take what a loudspeaker plays.

        :param name: of the reference.
        :param stamp_ns: when its first sample leaves the loudspeaker, by the microphone's clock.
        :param samples: ``(n,)`` or ``(channels, n)`` at 16 kHz.
        :raises ValueError: where there would be more than four channels in all.
        """
        samples = np.atleast_2d(np.asarray(samples, dtype=np.float64))
        line = self._lines.get(name)
        if line is None or line.channels != len(samples):
            line = self._add(name, len(samples))
        line.add(stamp_ns, samples, self.newest_ns)

    def _add(self, name: str, channels: int) -> ReferenceLine:
        others = {key: line for key, line in self._lines.items() if key != name}
        if channels + sum(line.channels for line in others.values()) > MOST_REFERENCES:
            raise ValueError(f'expected at most {MOST_REFERENCES} channels of references')
        line = ReferenceLine(channels, self._pure_python)
        self._lines = {**others, name: line}
        before, trackers = self._kalman, self._trackers
        total = sum(each.channels for each in self._lines.values())
        self._kalman = KalmanFilter(total, self._partitions, self._pure_python)
        self._trackers, row = {}, 0
        for key, each in self._lines.items():
            rows = slice(row, row + each.channels)
            row = rows.stop
            tracker = trackers.get(key)
            if key == name or tracker is None:
                tracker = Tracker(each, rows)
            else:
                assert before is not None      # it has trackers
                self._kalman.take_over(rows, before, tracker.rows)
                tracker.rows = rows
            self._trackers[key] = tracker
        return line

    # --- what is heard ---------------------------------------------------------------------------
    @property
    def owed(self) -> int:
        """Return how many samples went in that have not come out."""
        return len(self._owed)

    def process(self, stamp_ns: int, samples: np.ndarray) -> np.ndarray:
        """
        Take samples of the microphone, return those that are ready, in order.

        :param stamp_ns: capture time of the first.
        :param samples: ``(n,)`` float64 at 16 kHz.
        """
        self.newest_ns = stamp_ns
        if not self._lines:
            return samples
        if self._is_idle(stamp_ns):
            for tracker in self._trackers.values():
                tracker.silent()
            return np.concatenate((self.flush(), samples))
        self._owed = np.concatenate((self._owed, samples))
        self._owed_ns = stamp_ns - (len(self._owed) - len(samples)) * SECOND_NS // SAMPLE_RATE
        if self._is_first:
            self._is_first = False
            for tracker in self._trackers.values():
                tracker.restart(self._owed_ns)
        ready: List[np.ndarray] = []
        at = 0
        while len(self._owed) - at >= BLOCK and self._may_go_on(at):
            time_ns = self._owed_ns + at * SECOND_NS // SAMPLE_RATE
            ready.append(self._block(time_ns, self._owed[at:at + BLOCK]))
            at += BLOCK
        self._owed = self._owed[at:]
        self._owed_ns += at * SECOND_NS // SAMPLE_RATE
        return np.concatenate(ready) if ready else np.zeros(0)

    def flush(self) -> np.ndarray:
        """Return what is owed, as it came; what comes next is another stretch."""
        owed, self._owed = self._owed, np.zeros(0)
        self._is_first = True
        self._heard.clear()
        self._gain = 0.0
        if self._kalman is not None:
            self._kalman.forget_sound()
        return owed

    def _is_idle(self, time_ns: int) -> bool:
        return all(abs(time_ns - line.sounded_ns) > (TAIL_S + 1.0) * SECOND_NS
                   for line in self._lines.values())

    def _may_go_on(self, at: int) -> bool:
        """Return whether the references of the next block are here, or were waited for."""
        if len(self._owed) - at >= LONGEST_WAIT_S * SAMPLE_RATE + BLOCK:
            return True
        time_ns = self._owed_ns + at * SECOND_NS // SAMPLE_RATE
        return all(
            tracker.place is None or tracker.state is not State.FOLLOWING
            or time_ns - tracker.line.sounded_ns > TAIL_S * SECOND_NS
            or tracker.line.end >= tracker.line.reach(tracker.place, tracker.step, BLOCK)
            for tracker in self._trackers.values())

    def _block(self, time_ns: int, heard: np.ndarray) -> np.ndarray:
        """Return a block without the echo."""
        kalman = self._kalman
        assert kalman is not None      # `play` makes it, and what was never played is no echo
        clean = bounded(heard)
        played = np.zeros((kalman.references, BLOCK))
        is_followed = False
        for tracker in self._trackers.values():
            if time_ns - tracker.line.sounded_ns > TAIL_S * SECOND_NS:
                tracker.silent()
            else:
                tracker.sounds()
            if tracker.is_followed and tracker.place is not None:
                played[tracker.rows] = tracker.line.read(tracker.place, tracker.step, BLOCK)
                is_followed = True
        caution = self.caution
        if not is_followed or (self._is_lost and all(
                tracker.may_have_jumped for tracker in self._trackers.values()
                if tracker.is_followed)):
            caution = np.inf       # a path that is right, but not where it was, is not unlearned
        expected, learned = kalman.step(clean, played, caution, not self._is_broad)
        newest = self._judge(clean, expected)
        # What is learned of this very block is taken too where the path is proven, and else not:
        # a path that is wrong learns whatever is heard.
        echo = learned if self._coherence > PROVEN_COHERENCE else expected
        self._note_breadth(kalman)
        gain, self._gain = self._gain, self._wanted_gain()
        rest = heard
        if gain or self._gain:
            if gain != self._gain:
                echo = echo * np.linspace(gain, self._gain, BLOCK)
            rest = heard - echo
        left = rest if clean is heard else clean - (heard - rest)
        told, rest_told = self._told
        self._told = (
            _RETURN_MEMORY * told + (1.0 - _RETURN_MEMORY) * newest[2],
            _RETURN_MEMORY * rest_told + (1.0 - _RETURN_MEMORY) * float(np.dot(left, left)))
        self._heard.append(clean)
        for tracker in self._trackers.values():
            tracker.advance(time_ns + _BLOCK_NS)
            if tracker.state is not State.SILENT:
                tracker.look(time_ns + _BLOCK_NS, self._heard, kalman,
                             self._part if self._is_telling and self._is_broad else None,
                             self._coherence)
        return rest

    def _note_breadth(self, kalman: KalmanFilter) -> None:
        """Note whether noise or tones are played, and keep the path open for another note."""
        self._sounding *= _SPECTRUM_MEMORY
        for loudness in kalman.loudness:
            self._sounding += loudness
        total, squares = self._sounding.sum(), np.dot(self._sounding, self._sounding)
        self._is_broad = bool(total ** 2 > LEAST_BROAD_BINS * squares)
        if not self._is_broad and total > _AUDIBLE:
            kalman.keep_open(OPEN_SHARE)

    # --- whether it helps ------------------------------------------------------------------------
    def _judge(self, heard: np.ndarray, echo: np.ndarray) -> Powers:
        newest = (float(np.dot(echo, heard)), float(np.dot(echo, echo)),
                  float(np.dot(heard, heard)))
        self._powers = _faded(self._powers, _PART_MEMORY, newest)
        self._long_powers = _faded(self._long_powers, _LONG_MEMORY, newest)
        return newest

    @property
    def _coherence(self) -> float:
        """Return how like the echo what is heard was, over seconds; 0 to 1."""
        both, echo, heard = self._long_powers
        return max(0.0, both / math.sqrt(echo * heard)) if echo * heard > 0.0 else 0.0

    @property
    def _part(self) -> float:
        """Return how much of the echo that the filter expects is in what is heard; 1 is right."""
        return self._powers[0] / self._powers[1] if self._powers[1] > _TINY else 1.0

    @property
    def _is_telling(self) -> bool:
        """Return whether the echo is a part of the sound that `_part` can be told from."""
        return self._powers[1] > TELLING_SHARE * self._powers[2] and self._powers[1] > _TINY

    @property
    def _is_lost(self) -> bool:
        return self._is_telling and self._is_broad and self._part < LOST_PART

    def _wanted_gain(self) -> float:
        """Return 1 where subtracting makes what is heard softer, 0 where it adds."""
        if not self._is_telling:
            return self._gain
        return 1.0 if self._part > (STAYS_PART if self._gain else BEGINS_PART) else 0.0

    # --- what is said ----------------------------------------------------------------------------
    @property
    def return_loss_db(self) -> float:
        """Return by how much the newest half second became softer; 0 where nothing is played."""
        heard, rest = self._told
        return 10.0 * math.log10(heard / max(rest, _TINY)) if heard > _TINY else 0.0

    @property
    def states(self) -> Dict[str, State]:
        """Return how it stands with each reference."""
        return {name: tracker.state for name, tracker in self._trackers.items()}

    def figures(self) -> Dict[str, str]:
        """Return what there is to say of each reference; empty without one."""
        figures = {}
        for name, tracker in self._trackers.items():
            figures[name] = tracker.state.value
            if tracker.place is not None:
                figures[name + '_delay_ms'] = f'{tracker.delay_ms:.1f}'
                figures[name + '_drift_ppm'] = f'{tracker.drift * 1e6:.0f}'
            if tracker.line.jumps:
                figures[name + '_jumps'] = str(tracker.line.jumps)
        if figures:
            figures['echo_return_loss_db'] = f'{self.return_loss_db:.1f}'
        return figures


def _faded(before: Powers, memory: float, newest: Powers) -> Powers:
    return (memory * before[0] + newest[0], memory * before[1] + newest[1],
            memory * before[2] + newest[2])
