# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
When samples were captured that a sound driver hands over late, early, and in bursts.

A sample cannot arrive before it was captured, and now and then one arrives promptly. So the
promptest arrivals of the last seconds tell the time of the sample counter, and only what stays
late for a whole second was lost on the way.
"""

from collections import deque
from typing import Deque, List, Optional, Tuple

from baby_cry_detector.units import SECOND_NS
import numpy as np

WINDOW_NS = 10 * SECOND_NS
BIN_NS = SECOND_NS
# Corrections are spread, so that the stamps of blocks stay continuous (2 ms in a second).
LARGEST_SLEW = 0.002
LATE_NS = 60_000_000
LARGEST_JITTER_S = 1.0         # more is another clock
LATE_FOR_NS = SECOND_NS
EARLY_NS = 100_000_000


class DeliveryClock:
    """
    Follow the arrivals of one stream.

    :param sample_rate: in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = int(sample_rate)
        self._offset_ns: Optional[int] = None     # time of sample 0 as it is told
        self._bins: Deque[Tuple[int, int]] = deque()
        self._arrival_ns = 0
        self._late_since_ns: Optional[int] = None
        self._late_offset_ns = 0

    def update(self, arrival_ns: int, end_sample: int) -> int:
        """
        Take an arrival.

        :param arrival_ns: when a block was handed over, on a clock that never jumps.
        :param end_sample: number of the sample after its last one.
        :return: how many samples must have been lost unseen before this block, mostly 0.
        """
        offset_ns = arrival_ns - self._duration_ns(end_sample)
        lost_ns = 0
        if self._offset_ns is None:
            self._offset_ns = offset_ns
        elif offset_ns < self._offset_ns - EARLY_NS:
            self._offset_ns = offset_ns
            self._bins.clear()
        elif self._is_late_for_good(arrival_ns, offset_ns):
            lost_ns = self._late_offset_ns - self._offset_ns
            self._offset_ns = self._late_offset_ns
            self._bins.clear()
            self._late_since_ns = None
        self._slew(arrival_ns, offset_ns)
        return self._samples(lost_ns)

    def settle(self) -> None:
        """Tell the time by the promptest arrival so far; for the beginning."""
        if self._bins:
            self._offset_ns = min(offset_ns for _, offset_ns in self._bins)

    def time_of(self, sample: int, sample_rate: Optional[int] = None) -> int:
        """Return when sample number ``sample`` (at another rate, if given) was captured."""
        if self._offset_ns is None:
            raise ValueError('expected an arrival before a time can be told')
        rate = sample_rate or self._rate
        return self._offset_ns + (2 * sample * SECOND_NS + rate) // (2 * rate)

    def _is_late_for_good(self, arrival_ns: int, offset_ns: int) -> bool:
        assert self._offset_ns is not None
        if offset_ns <= self._offset_ns + LATE_NS:
            self._late_since_ns = None
            return False
        if self._late_since_ns is None:
            self._late_since_ns, self._late_offset_ns = arrival_ns, offset_ns
        self._late_offset_ns = min(self._late_offset_ns, offset_ns)
        return arrival_ns - self._late_since_ns >= LATE_FOR_NS

    def _slew(self, arrival_ns: int, offset_ns: int) -> None:
        if self._bins and arrival_ns - self._bins[-1][0] < BIN_NS:
            begin_ns, least_ns = self._bins.pop()
            self._bins.append((begin_ns, min(least_ns, offset_ns)))
        else:
            self._bins.append((arrival_ns, offset_ns))
        while arrival_ns - self._bins[0][0] > WINDOW_NS and len(self._bins) > 1:
            self._bins.popleft()
        elapsed_ns = max(0, arrival_ns - self._arrival_ns) if self._arrival_ns else 0
        self._arrival_ns = arrival_ns
        most_ns = round(LARGEST_SLEW * min(elapsed_ns, SECOND_NS))
        assert self._offset_ns is not None
        error_ns = min(offset_ns for _, offset_ns in self._bins) - self._offset_ns
        self._offset_ns += max(-most_ns, min(most_ns, error_ns))

    def _duration_ns(self, samples: int) -> int:
        return (2 * samples * SECOND_NS + self._rate) // (2 * self._rate)

    def _samples(self, duration_ns: int) -> int:
        return (2 * duration_ns * self._rate + SECOND_NS) // (2 * SECOND_NS)


def pace_of(times: np.ndarray, durations: np.ndarray) -> float:
    """
    Return how much time passes in a second of audio; 1 where both agree.

    :param times: ``(n,)`` int64 ns, of blocks.
    :param durations: ``(n,)`` int64 ns, of the same.
    """
    audio = np.concatenate(([0.0], np.cumsum(durations[:-1]))) / SECOND_NS
    audio -= audio.mean()
    spread = float(audio @ audio)
    passed = (times - times[0]) / SECOND_NS
    return float(audio @ (passed - passed.mean())) / spread if spread else 1.0


def pace_error(times: np.ndarray, durations: np.ndarray) -> float:
    """Return by how much jitter alone may have moved `pace_of`: four standard errors."""
    audio = np.concatenate(([0.0], np.cumsum(durations[:-1]))) / SECOND_NS
    audio -= audio.mean()
    spread = float(audio @ audio)
    passed = (times - times[0]) / SECOND_NS
    passed -= passed.mean()
    rest = passed - audio * (float(audio @ passed) / spread if spread else 0.0)
    error = float(np.sqrt(rest @ rest / max(1, len(rest) - 2)))
    return 4.0 * error / spread ** 0.5 if spread and error < LARGEST_JITTER_S else 0.0


def prompt_pace(times: np.ndarray, durations: np.ndarray) -> float:
    """
    Return the seconds that pass in a second of audio, from the promptest deliveries.

    Audio is handed over late, by a busy machine often and for long, but never before it was
    captured: what bounds the deliveries from below is its pace (their lower convex hull).

    :param times: when each block arrived, ns.
    :param durations: of the blocks, ns.
    """
    audio = np.concatenate(([0], np.cumsum(durations[:-1])))
    hull: List[Tuple[int, int]] = []
    for point in zip(audio.tolist(), (times - times[0]).tolist()):
        while len(hull) > 1 and ((hull[-1][1] - hull[-2][1]) * (point[0] - hull[-1][0])
                                 >= (point[1] - hull[-1][1]) * (hull[-1][0] - hull[-2][0])):
            hull.pop()
        hull.append(point)
    longest = max(zip(hull, hull[1:]), key=lambda edge: edge[1][0] - edge[0][0])
    (begin, first), (end, last) = longest
    return (last - first) / (end - begin) if end > begin else 0.0


def last_pause(arrivals: np.ndarray, stamps: np.ndarray, durations: np.ndarray) -> int:
    """Return the first block's number after nothing was sent for a while; 0 if there is none."""
    waits = np.minimum(np.diff(arrivals), np.diff(stamps)) - 2 * durations[:-1]
    pauses = np.flatnonzero(waits > SECOND_NS)
    return int(pauses[-1]) + 1 if len(pauses) else 0
