# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Where one reference is in what the microphone gives: its delay, its drift, and whether it is there.

The place is counted in samples, since stamps jitter; they say where to look for it first. What is
echo of the reference lies in the microphone's samples with its own size: the part of the filter's
output that is found there is 1 while the path is right, whatever sounds beside it (what a baby
says is not what is played), and falls towards 0 when the playback has jumped.
"""

from enum import Enum
import math
from typing import List, Optional, Sequence, Tuple

from baby_cry_detector.audio.echo.delay import find_delay, SURE
from baby_cry_detector.audio.echo.drift import moved
from baby_cry_detector.audio.echo.kalman_filter import BLOCK, KalmanFilter
from baby_cry_detector.audio.echo.reference_line import ReferenceLine, SAMPLE_RATE
from baby_cry_detector.units import SECOND_NS
import numpy as np

#: The echo may come so long before or after the time that the reference's stamps say.
EARLIEST_S, LATEST_S = 0.5, 1.5
SEARCH_S = 1.0                 # of the microphone, to find the reference in
SHORT_SEARCH_S = 0.4           # the least
HISTORY_S = 3.0                # of the microphone that is kept for it
SEARCH_BLOCKS = 16             # from try to try, 0.26 s
SELDOM_BLOCKS = 64             # where it was looked for in vain for a while
DIRECT_AT = 96                 # where in the path the peak is put: what comes before it has room
# A path that is not where it was put is moved back: so far from its place.
MOST_ASTRAY = 80
# How drift is caught: by where a third of a second fits, each so many blocks, for so long.
CATCH_SAMPLES, CATCH_REACH, CATCH_EVERY, CATCH_BLOCKS = 5990, 1100, 12, 400
CATCH_SURE, LEAST_PLACES, MOST_PLACES, MOST_SCATTER = 5.0, 6, 12, 0.15
SNAPSHOT_BLOCKS = 64           # 1.02 s, over which drift is measured
DRIFT_GAIN, MOST_DRIFT = 0.6, 400e-6
NOT_FOUND_BLOCKS = 250         # 4 s of looking for it, then it is said
AGREES = 8                     # samples, two weak answers
LOST_PART, LOST_BLOCKS = 0.4, 25
CHANGED_BLOCKS = 50            # lost where it is: the path is another
JUMPED_BLOCKS = 90             # so long a path is kept that no longer fits
RIGHT_PART, SURE_BLOCKS = (0.7, 1.4), 60
#: How long the microphone's samples wait for a reference that arrives after them.
LONGEST_WAIT_S = 0.15
# What was found and after so long has no echo that is like it was not found.
UNPROVED_BLOCKS, LEAST_COHERENCE = 250, 0.08
STARVED_BLOCKS = 30            # without the reference's samples in a row: it is late


class State(Enum):
    """What is known of a reference."""

    SILENT = 'silent'                  # nothing is played
    SEARCHING = 'searching'
    FOLLOWING = 'following'
    NOT_FOUND = 'not found'            # too soft, of another sound, or at another speed
    LATE = 'late'                      # it arrives after its echo


class Tracker:
    """
    One reference and its rows of the filter.

    :param line: what it played.
    :param rows: of the filter, one a channel.
    :ivar place: number of the reference's sample for the microphone's next one, a fraction.
    :ivar drift: how much faster the loudspeaker's clock runs than the microphone's, as a share.
    """

    def __init__(self, line: ReferenceLine, rows: slice) -> None:
        self.line, self.rows = line, rows
        self.state = State.SILENT
        self.drift = 0.0
        self.place: Optional[float] = None
        self.lag = 0.0                         # of `place` behind what the stamps say
        self.searches = 0
        self._before: Optional[np.ndarray] = None
        self.is_sure = False                   # that the path is right, for a while by now
        self._since_search = self._since_snapshot = self._lost_blocks = self._looked_blocks = 0
        self._starved_blocks = self._right_blocks = 0
        self._power = np.zeros(BLOCK + 1)
        self._places: List[Tuple[int, float]] = []     # (block, place) that were measured
        self._followed_blocks = 0
        # When, and place less time, of an answer that was weak.
        self._weak: Optional[Tuple[float, float]] = None
        self._origin_ns = 0

    @property
    def step(self) -> float:
        """Return how far the reference goes on with a sample of the microphone."""
        return 1.0 + self.drift

    @property
    def is_followed(self) -> bool:
        """Return whether the filter hears it."""
        return self.place is not None and self.state in (State.FOLLOWING, State.SEARCHING)

    @property
    def may_have_jumped(self) -> bool:
        """Return whether the path was right until a moment ago."""
        return self.is_sure and self._lost_blocks < JUMPED_BLOCKS

    @property
    def delay_ms(self) -> float:
        """Return how much later its echo comes than its stamps say."""
        return -(self.lag - DIRECT_AT) * 1e3 / SAMPLE_RATE

    def restart(self, time_ns: int) -> None:
        """Go where the stamps say: the microphone's samples did not go on."""
        self._before = None
        self._since_snapshot = 0
        if self.place is not None:
            self.place = float(round(self.line.place_of(time_ns) + self.lag))
            self._since_search = SEARCH_BLOCKS     # whether it is right is looked at soon

    def advance(self, time_ns: int) -> None:
        """Go on by a block; ``time_ns`` is the stamp of the block after it."""
        if self.place is not None:
            self.place += BLOCK * self.step
            lag = self.place - self.line.place_of(time_ns)
            self.lag += 0.05 * (lag - self.lag) if abs(lag - self.lag) < 2000 else lag - self.lag

    def look(self, time_ns: int, heard: Sequence[np.ndarray], kalman: KalmanFilter,
             part: Optional[float], coherence: float) -> None:
        """
        Find the reference, follow its drift, and say how it stands; once a block.

        :param time_ns: stamp of the sample after ``heard``.
        :param heard: newest blocks of the microphone, up to `HISTORY_S`.
        :param part: of the filter's echo that is in the microphone, see the module; ``None``
            where it can't be told.
        :param coherence: of that echo with what is heard, over seconds.
        """
        self._since_search += 1
        if self.state is State.FOLLOWING:
            self._followed_blocks += 1
            self._catch_drift(heard)
            if self._followed_blocks > UNPROVED_BLOCKS and coherence < LEAST_COHERENCE:
                self.state = State.NOT_FOUND
                if not self.is_sure:
                    self.place = None          # what was learned was no path
                return
            if not self._update_path(kalman, part):
                return
        else:
            self._looked_blocks += 1
            if self._looked_blocks > NOT_FOUND_BLOCKS and self.state is State.SEARCHING:
                self.state = State.NOT_FOUND
        wait = SEARCH_BLOCKS if self.state in (State.FOLLOWING, State.SEARCHING) else SELDOM_BLOCKS
        if self._since_search >= wait and (
                len(heard) * BLOCK >= SHORT_SEARCH_S * SAMPLE_RATE):
            self._since_search = 0
            self._search(time_ns, np.concatenate(heard), kalman)

    def _update_path(self, kalman: KalmanFilter, part: Optional[float]) -> bool:
        """Follow the path; return whether the reference has to be looked for."""
        assert self.place is not None          # it was found
        starves = self.line.end < self.line.reach(self.place, self.step, BLOCK)
        self._starved_blocks = self._starved_blocks + 1 if starves else 0
        if self._starved_blocks > STARVED_BLOCKS:
            self.state, self._looked_blocks = State.LATE, 0
            return False
        if part is not None:
            self._lost_blocks = self._lost_blocks + 1 if part < LOST_PART else 0
            is_right = RIGHT_PART[0] < part < RIGHT_PART[1]
            self._right_blocks = self._right_blocks + 1 if is_right else 0
            self.is_sure |= self._right_blocks >= SURE_BLOCKS
        if self._lost_blocks:
            self._before = None                # what moves now is not the clocks
            self._since_snapshot = 0
            self._places.clear()
        else:
            self._measure_drift(kalman)
        return self._lost_blocks >= LOST_BLOCKS

    def silent(self) -> None:
        """Note that nothing is played; the path is kept for the next time."""
        if self.state is not State.SILENT:
            self.state = State.SILENT
            self._before = None
            self._since_snapshot = self._looked_blocks = self._lost_blocks = 0

    def sounds(self) -> None:
        """Note that something is played."""
        if self.state is State.SILENT:
            self.state = State.SEARCHING
            self._since_search = SEARCH_BLOCKS

    def _search(self, time_ns: int, heard: np.ndarray, kalman: KalmanFilter) -> None:
        """Look for the newest second, and now and then for an older one: a reference is late."""
        self.searches += 1
        self._origin_ns = self._origin_ns or time_ns
        size = round(SEARCH_S * SAMPLE_RATE)
        ago, kind = 0, self.searches % 4
        if self.state is State.FOLLOWING:
            heard = heard[-size // 2:]         # what came after a jump
        elif kind == 2 and len(heard) > 2 * size:
            ago = len(heard) - size
            heard = heard[:size]
        elif kind:                             # else all of it: a melody needs more notes
            heard = heard[-size:]
        count = len(heard)
        begin = self.line.place_of(time_ns) - count - ago
        first = int(begin - LATEST_S * SAMPLE_RATE)
        span = count + int((LATEST_S + EARLIEST_S) * SAMPLE_RATE)
        reference = self.line.take(first, span).sum(axis=0)
        fit = find_delay(heard, reference, SAMPLE_RATE)
        at = round(fit.place)
        if fit.sure < SURE:
            if self.state is State.FOLLOWING and self._lost_blocks > NOT_FOUND_BLOCKS:
                self.state, self.is_sure = State.NOT_FOUND, False
            return
        # `at` is the reference's sample of the first one heard; the filter needs what lies
        # DIRECT_AT samples further on.
        place = float(first + at + count + ago + DIRECT_AT)
        # A weak answer counts when another stretch says the same.
        now_s = time_ns * 1e-9 - ago / SAMPLE_RATE
        weak = place - (time_ns - self._origin_ns) * SAMPLE_RATE / SECOND_NS
        then_s, before = self._weak or (-math.inf, -math.inf)
        agrees = abs(weak - before) < AGREES
        if fit.is_certain or (agrees and abs(now_s - then_s) > count / SAMPLE_RATE):
            if self.line.end < place - LONGEST_WAIT_S * SAMPLE_RATE:
                self.state = State.LATE
            else:
                self._found(place, time_ns, heard, reference[at:at + count], kalman)
        elif not agrees:
            self._weak = now_s, weak

    def _found(self, place: float, time_ns: int, heard: np.ndarray, played: np.ndarray,
               kalman: KalmanFilter) -> None:
        astray = math.inf if self.place is None else abs(place - self.place)
        is_new = self.place is None
        if astray > MOST_ASTRAY // 2:
            self.place = place
            self.lag = place - self.line.place_of(time_ns)
            self._before = None
            self._since_snapshot = 0
        elif self.state is State.FOLLOWING and self._lost_blocks < CHANGED_BLOCKS:
            return
        elif self.state is State.FOLLOWING:
            # It is where it was, and yet what is subtracted is not there: the path has changed.
            self.is_sure = False
            for row in range(self.rows.start, self.rows.stop):
                kalman.doubt(row, 1.0)
        if is_new:
            power = np.mean(np.square(heard)) / max(1e-12, float(np.mean(np.square(played))))
            for row in range(self.rows.start, self.rows.stop):
                kalman.expect(row, float(power))
        self.state = State.FOLLOWING
        self._lost_blocks = self._looked_blocks = self._starved_blocks = 0
        self._places.clear()
        self._followed_blocks = 0

    def _measure_drift(self, kalman: KalmanFilter) -> None:
        """Measure by how much the path has wandered, and let the reference run so much faster."""
        for loudness in kalman.loudness[self.rows]:
            self._power += loudness
        self._since_snapshot += 1
        if self._since_snapshot < SNAPSHOT_BLOCKS:
            return
        weights = kalman.weights_of(self.rows)
        shape = (-1, weights.shape[-1])
        if self._before is not None:
            samples = moved(self._before.reshape(shape), weights.reshape(shape), self._power)
            # Later in the path: the loudspeaker's clock is behind what is assumed.
            drift = self.drift - DRIFT_GAIN * samples / (SNAPSHOT_BLOCKS * BLOCK)
            self.drift = float(np.clip(drift, -MOST_DRIFT, MOST_DRIFT))
        self._before = weights
        self._since_snapshot = 0
        self._power[:] = 0.0

    def _catch_drift(self, heard: Sequence[np.ndarray]) -> None:
        """
        See by correlation how fast the reference runs, while the path is new.

        A path that is learned while clocks differ by 100 ppm lags behind; where the peak lies
        does not need it.
        """
        if self._followed_blocks > CATCH_BLOCKS or self._followed_blocks % CATCH_EVERY or (
                len(heard) * BLOCK < CATCH_SAMPLES):
            return
        assert self.place is not None          # it was found
        newest = np.concatenate(list(heard)[-CATCH_SAMPLES // BLOCK:])[-CATCH_SAMPLES:]
        first = int(self.place) - CATCH_SAMPLES - DIRECT_AT - CATCH_REACH
        if not self.line.holds(first, first + CATCH_SAMPLES + 2 * CATCH_REACH):
            return
        reference = self.line.take(first, CATCH_SAMPLES + 2 * CATCH_REACH).sum(axis=0)
        at, sure, _ = find_delay(newest, reference, SAMPLE_RATE)
        if sure < CATCH_SURE:
            return
        self._places.append((self._followed_blocks, first + at + CATCH_SAMPLES + DIRECT_AT))
        if len(self._places) < LEAST_PLACES:
            return
        blocks, places = np.array(self._places[-MOST_PLACES:]).T
        slope, start = np.polyfit(blocks, places, 1)
        astray = places - (start + slope * blocks)
        drift = slope / BLOCK - 1.0
        if np.sqrt(np.mean(np.square(astray))) < MOST_SCATTER and abs(drift) < MOST_DRIFT and (
                len(self._places) == LEAST_PLACES or abs(drift - self.drift) > 10e-6):
            self.drift = float(drift)
            self._before, self._since_snapshot = None, 0
