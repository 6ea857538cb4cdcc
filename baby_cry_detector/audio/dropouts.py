# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Holes and repeats within audio whose stamps are right: what a starved driver fills up with.

Where samples are late, drivers, sound servers and relays put zeros, the last sample held, or the
block before in their place. A microphone never gives one value for a millisecond while it sounds
before and after, nor the same block twice. Audio of a few steps does not change from sample to
sample either, and made speech fades into silence: there is a hole only where sound is cut off.
"""

from collections import deque
from typing import Deque, List, NamedTuple, Optional, Tuple

from baby_cry_detector.audio.formats import PCM16_SCALE
import numpy as np

SHORTEST_S, SHORTEST_SAMPLES = 0.001, 16
LONGEST_S = 0.2                        # longer is a pause: the ear's affair
ALIVE_SHARE = 0.7                      # of the samples beside a hole that change
AROUND, EDGE_LEVEL = 20, 0.3           # so much of the level of 20 ms there is right beside a hole
RAIL = 32_000 / PCM16_SCALE            # clipped sound stands still too
JUDGED_S = 10                          # of so many seconds
MANY = 10                              # holes or repeated blocks in them
RECENT_BLOCKS = 4
AGREEING = 32                          # samples that have to agree in a tone


class Dropouts(NamedTuple):
    """
    What was found in the newest seconds.

    :param kind: ``'holes'`` or ``'stutter'`` (blocks that were there before).
    :param number: of them.
    :param share: of the audio, 0 to 1.
    :param seconds: that were looked at.
    """

    kind: str
    number: int
    share: float
    seconds: int


class DropoutCounter:
    """
    Look at a second at a time.

    :ivar found: what there are many of; ``None`` where there are few.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._rate = 0
        self._restart(0)
        self.found: Optional[Dropouts] = None

    def _restart(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._edge = max(SHORTEST_SAMPLES, round(SHORTEST_S * sample_rate))
        self._kept = round(LONGEST_S * sample_rate) + (AROUND + 1) * self._edge
        self._new: List[np.ndarray] = []
        self._old = np.zeros(0)        # the end of the second before
        self._count = 0
        self._recent: Deque[int] = deque(maxlen=RECENT_BLOCKS)
        self._repeats = self._repeated = 0
        # Of each second: holes, samples in them, repeated blocks, samples of those.
        self._seconds: Deque[Tuple[int, ...]] = deque(maxlen=JUDGED_S)

    def update(self, samples: np.ndarray, sample_rate: int, digest: int) -> None:
        """
        Take a block.

        :param samples: ``(n,)`` mono, 1.0 is full scale.
        :param digest: of its bytes.
        """
        if sample_rate != self._rate:
            self._restart(sample_rate)
        if digest in self._recent and self._is_repeated(digest) and not is_periodic(samples):
            self._repeats += 1
            self._repeated += len(samples)
        self._recent.append(digest)
        self._new.append(samples)
        self._count += len(samples)
        if self._count >= sample_rate:
            self._end_second()

    def _is_repeated(self, digest: int) -> bool:
        """Return whether a block was there just before; not for as long as a tone goes round."""
        recent = self._recent
        return any(before == digest and (lag == 1 or len(recent) <= lag
                                         or recent[-1] != recent[-1 - lag])
                   for lag, before in enumerate(reversed(recent), 1))

    def _end_second(self) -> None:
        before = len(self._old)
        samples = np.concatenate((self._old, *self._new))
        lengths = holes(samples, self._edge, round(LONGEST_S * self._rate),
                        max(0, before - self._edge))
        self._seconds.append((len(lengths), sum(lengths), self._repeats, self._repeated,
                              self._count))
        self._old, self._new = samples[-self._kept:], []
        self._count = self._repeats = self._repeated = 0
        n_holes, in_holes, repeats, repeated, count = (sum(each) for each in zip(*self._seconds))
        self.found = None
        if max(n_holes, repeats) >= MANY:
            self.found = (Dropouts('holes', n_holes, in_holes / count, len(self._seconds))
                          if n_holes >= repeats else
                          Dropouts('stutter', repeats, repeated / count, len(self._seconds)))


def holes(samples: np.ndarray, shortest: int, longest: int, first_end: int = 0) -> List[int]:
    """
    Return the lengths of stretches of one value amid sound.

    :param samples: ``(n,)``.
    :param shortest: samples of the shortest; as many on each side have to sound.
    :param longest: samples of the longest.
    :param first_end: where the first may end, so that none counts twice.
    """
    changes = np.flatnonzero(samples[1:] != samples[:-1])      # between i and i + 1
    if len(changes) < 2:
        return []
    found = []
    for index in np.flatnonzero(np.diff(changes) >= shortest):
        start, end = changes[index] + 1, changes[index + 1] + 1
        if (end - start > longest or end < first_end or start < shortest
                or end + shortest > len(samples) or abs(samples[start]) >= RAIL):
            continue
        beside = [np.searchsorted(changes, stop) - np.searchsorted(changes, begin)
                  for begin, stop in ((start - shortest, start), (end - 1, end + shortest - 1))]
        if min(beside) >= ALIVE_SHARE * shortest and _is_cut(
                samples[max(0, start - AROUND * shortest):start][::-1], shortest) and _is_cut(
                samples[end:end + AROUND * shortest], shortest):
            found.append(int(end - start))
    return found


def _is_cut(samples: np.ndarray, shortest: int) -> bool:
    """Return whether ``(n,)`` samples are as loud at their beginning as they go on to be."""
    edge = samples[:shortest]
    return float(edge @ edge) * len(samples) >= (
        EDGE_LEVEL ** 2 * shortest * float(samples @ samples))


def is_periodic(samples: np.ndarray) -> bool:
    """Return whether ``(n,)`` samples are a tone that a machine made, or stand still."""
    most = len(samples) - AGREEING     # the longest period that shows
    if most < AGREEING:
        return True                    # too short to tell
    changes = np.flatnonzero(np.diff(samples[:most + 1]))
    if not len(changes):
        return True
    at = changes[0]                    # the change by which a period is found again
    lags = changes[(samples[changes] == samples[at])
                   & (samples[changes + 1] == samples[at + 1])][1:65] - at
    return any(np.array_equal(samples[lag:], samples[:-lag]) for lag in lags)
