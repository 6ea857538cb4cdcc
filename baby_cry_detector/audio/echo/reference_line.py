# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a loudspeaker plays, kept for a while, to be read at any place and at any speed."""

from functools import lru_cache
import math

from baby_cry_detector.audio.continuity import Continuity, StreamClock
from baby_cry_detector.audio.echo.compiled import make_read
from baby_cry_detector.units import SECOND_NS
import numpy as np

SAMPLE_RATE = 16_000
KEPT_S = 6.0
TOLERANCE_S = 0.06             # of the stamps of somebody who plays
_HALF = 24                     # samples on either side that a place between two of them needs
_PHASES = 256


@lru_cache(maxsize=None)       # made by the first who is told of a sound: most are not
def _table() -> np.ndarray:
    """Return ``(phases + 1, 48)``: the weights of the samples around a place."""
    offset = np.arange(-_HALF + 1, _HALF + 1)[None, :] - np.arange(_PHASES + 1)[:, None] / _PHASES
    window = np.i0(6.0 * np.sqrt(np.maximum(0.0, 1.0 - (offset / _HALF) ** 2))) / np.i0(6.0)
    table: np.ndarray = np.sinc(offset) * window
    return table


def bounded(samples: np.ndarray) -> np.ndarray:
    """Return samples between −4 and 4; what is no number is silence. What is right comes back."""
    if not samples.size or np.abs(samples).max() <= 4.0:
        return samples
    result: np.ndarray = np.clip(
        np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), -4.0, 4.0)
    return result


class ReferenceLine:
    """
    The newest seconds of a reference, by number of sample, counted from its first one.

    :param channels: of it.
    :param pure_python: do not use the compiled core.
    :ivar end: number of the sample to come.
    :ivar jumps: how often its stamps did not go on where they were.
    """

    def __init__(self, channels: int, pure_python: bool = False) -> None:
        self.channels, self.end, self.jumps = channels, 0, 0
        self._size = round(KEPT_S * SAMPLE_RATE)
        self._kept = np.zeros((channels, 2 * self._size))
        self._fill = 0                         # columns of it in use
        self._clock = StreamClock(TOLERANCE_S)
        self._end_ns = 0
        self.sounded_ns = -10 * SECOND_NS      # when it was not silent last
        self.level = 0.0                       # RMS of the newest block
        self._read = None if pure_python else make_read(_table())

    def add(self, stamp_ns: int, samples: np.ndarray, heard_ns: int = 0) -> None:
        """
        Take a block.

        :param stamp_ns: when its first sample leaves the loudspeaker.
        :param samples: ``(channels, n)`` float64 at 16 kHz; what is no number is silence.
        :param heard_ns: stamp of what the microphone gave last: it sounds now, if it is late.
        """
        count = samples.shape[1]
        if not count:
            return
        samples = bounded(samples)
        event = self._clock.update(stamp_ns, count, SAMPLE_RATE)
        if event.dropped:
            return
        if event.breaks:
            self.jumps += 1
            if event.kind is Continuity.GAP:
                self._append(np.zeros((self.channels, event.lost_samples)))
        self._append(samples)
        self._end_ns = self._clock.time_of(event.first_sample + count)
        flat = samples.ravel()
        self.level = math.sqrt(float(np.dot(flat, flat)) / flat.size)
        if self.level > 1e-5:
            self.sounded_ns = max(self._end_ns, heard_ns)

    def place_of(self, time_ns: int) -> float:
        """Return the number of the sample that the stamps put at a time."""
        return self.end - (self._end_ns - time_ns) * SAMPLE_RATE / SECOND_NS

    def holds(self, first: int, end: int) -> bool:
        """Return whether all samples from ``first`` to before ``end`` are here."""
        return self.end - self._fill <= first and end <= self.end

    def take(self, first: int, count: int) -> np.ndarray:
        """Return ``(channels, count)`` samples; silence where there are none."""
        taken = np.zeros((self.channels, count))
        begin, stop = max(first, self.end - self._fill), min(first + count, self.end)
        if begin < stop:
            shift = self._fill - self.end
            taken[:, begin - first:stop - first] = self._kept[:, begin + shift:stop + shift]
        return taken

    def read(self, place: float, step: float, count: int) -> np.ndarray:
        """Return ``(channels, count)`` values at ``place``, ``place + step`` and so on."""
        first = int(np.floor(place))
        if step == 1.0 and place == first:
            return self.take(first, count)
        if self._read is not None:
            around = self.take(first - _HALF + 1, self.reach(place, step, count) - first + _HALF)
            return np.stack([self._read(channel, place - first, step, count)
                             for channel in around])
        places = place - first + step * np.arange(count)
        whole = np.floor(places).astype(np.int64)
        phase = (places - whole) * _PHASES
        row = phase.astype(np.int64)
        part = (phase - row)[:, None]
        weights = (1.0 - part) * _table()[row] + part * _table()[row + 1]
        around = self.take(first - _HALF + 1, int(whole[-1]) + 2 * _HALF)
        index = whole[:, None] + np.arange(2 * _HALF)[None, :]
        result: np.ndarray = np.einsum('cij,ij->ci', around[:, index], weights)
        return result

    @staticmethod
    def reach(place: float, step: float, count: int) -> int:
        """Return before which sample everything lies that `read` needs."""
        return int(np.floor(place + step * (count - 1))) + _HALF + 1

    def _append(self, samples: np.ndarray) -> None:
        self.end += samples.shape[1]
        samples = samples[:, -self._size:]
        count = samples.shape[1]
        if self._fill + count > self._kept.shape[1]:
            keep = min(self._fill, self._size)
            self._kept[:, :keep] = self._kept[:, self._fill - keep:self._fill].copy()
            self._fill = keep
        self._kept[:, self._fill:self._fill + count] = samples
        self._fill += count
