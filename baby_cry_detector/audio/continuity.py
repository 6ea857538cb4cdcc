# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Is this block of audio the continuation of the one before? Judged from stamps alone.

Stamps of real publishers jitter by a good part of a block, and their clock is not that of the
sound card. So a stamp is compared with the time that the samples so far stand for: what is
within the tolerance is continuous, and its error is followed slowly; what is not is named.
"""

from collections import Counter, deque
from dataclasses import dataclass
from enum import Enum
from typing import Deque, Optional, Tuple

from baby_cry_detector.audio.formats import check_sample_rate
from baby_cry_detector.units import SECOND_NS

DRIFT_TIME_CONSTANT_S = 10.0
# Up to here a block that begins in the past can be a duplicate; further back the clock was set
# back or a recording starts again.
HISTORY_S = 2.0
# Nobody loses more than this at once: the clock was set on, or the source was away.
LONGEST_GAP_S = 60.0
# This much audio in a row "in the past" is no duplicate: the clock was set back a little.
MAX_REPEATED_S = 0.25
MIN_REPEATED_BLOCKS = 3
# Errors within the tolerance, all to one side for this long, are lost or repeated blocks.
SLIP_S = 0.5
MIN_SLIP_BLOCKS = 8
MIN_SLIP_NS = 8_000_000        # of drift, 800 parts in a million stay below this
MAX_TOLERANCE_S = 1.0
MAX_HALF_BLOCK_NS = 100_000_000


class Continuity(Enum):
    """How a block continues the stream."""

    CONTINUOUS = 'continuous'
    GAP = 'gap'                        # it begins too late: samples are missing
    FORWARD = 'forward'                # it begins far too late: the clock was set on
    OVERLAP = 'overlap'                # part of it was heard before
    DUPLICATE = 'duplicate'            # all of it was heard before, or it came late: drop it
    BACKWARD = 'backward'              # the clock was set back, or a recording starts again
    RATE_CHANGE = 'rate_change'


@dataclass(frozen=True)
class ClockEvent:
    """
    What became of one block.

    :param kind: how it continues the stream.
    :param first_sample: number of its first sample, counted from the last break; 0 after a break.
        Of a dropped block: the number of the next sample.
    :param lost_samples: how many are missing before it (GAP), or were repeated (negative).
    :param bridged: whether what is missing has numbers, and the stream goes on after it.
    """

    kind: Continuity
    first_sample: int
    lost_samples: int = 0
    bridged: bool = False

    @property
    def dropped(self) -> bool:
        """Return whether the block must not be used."""
        return self.kind is Continuity.DUPLICATE

    @property
    def breaks(self) -> bool:
        """Return whether what follows the samples has to start anew, with this block."""
        return not (self.bridged or self.kind in (Continuity.CONTINUOUS, Continuity.DUPLICATE))


class StreamClock:
    """
    Follow the stamps of one stream of audio blocks.

    :param tolerance_s: error of a stamp that is taken for jitter, 0 to 1 s; half a block (up to
        0.1 s) always is.
    :param bridged_s: a gap of at most so much is bridged.
    """

    def __init__(self, tolerance_s: float = 0.04, bridged_s: float = 0.0) -> None:
        if not 0.0 <= tolerance_s <= MAX_TOLERANCE_S:
            raise ValueError(f'expected a tolerance of 0 to {MAX_TOLERANCE_S} s, '
                             f'got {tolerance_s!r}')
        self.tolerance_s, self._bridged_s = tolerance_s, bridged_s
        self.counts: Counter[Continuity] = Counter()       # of each Continuity
        self.lost_samples = 0                  # in gaps and slips
        self.slipped_samples = 0               # lost (or, negative, repeated) within the tolerance
        self.reset()

    def reset(self) -> None:
        """Forget the stream; the counts stay."""
        self.sample_rate: Optional[int] = None
        self._next_sample = 0
        self._anchor_ns = 0                    # time of the next sample, as far as is known
        self._last_stamp_ns = 0
        self._errors: Deque[Tuple[int, int]] = deque()
        self._errors_ns = 0
        self._repeated_blocks = 0
        self._repeated_ns = 0
        self._repeated_end_ns = 0

    def update(self, stamp_ns: int, n_samples: int, sample_rate: int) -> ClockEvent:
        """
        Take a block.

        :param stamp_ns: stamp of its first sample.
        :param n_samples: its samples per channel, at least 1.
        :param sample_rate: in Hz.
        :raises ValueError: on a rate out of range or an empty block.
        """
        sample_rate = check_sample_rate(sample_rate)
        stamp_ns, n_samples = int(stamp_ns), int(n_samples)
        if n_samples < 1:
            raise ValueError(f'expected a block of at least 1 sample, got {n_samples}')
        kind, lost = self._judge(stamp_ns, n_samples, sample_rate)
        self.counts[kind] += 1
        if kind is Continuity.DUPLICATE:
            return ClockEvent(kind, self._next_sample, lost)
        self._repeated_blocks = 0
        bridged = kind is Continuity.GAP and lost <= self._bridged_s * sample_rate
        if kind is Continuity.CONTINUOUS and self.sample_rate is not None:
            lost = self._place(stamp_ns, n_samples)
        elif bridged:
            self._anchor_ns = stamp_ns
            self._next_sample += lost
        else:
            self._begin(stamp_ns, sample_rate)
        self.lost_samples += max(0, lost)
        event = ClockEvent(kind, self._next_sample, lost, bridged)
        self._next_sample += n_samples
        self._last_stamp_ns = stamp_ns
        self._anchor_ns += _duration_ns(n_samples, sample_rate)
        return event

    def time_of(self, sample: int, sample_rate: Optional[int] = None) -> int:
        """
        Return when a sample was captured, in nanoseconds.

        :param sample: its number, counted from the last break.
        :param sample_rate: rate that ``sample`` is counted in (after resampling); ``None``: the
            stream's.
        :raises ValueError: before the first block.
        """
        if self.sample_rate is None:
            raise ValueError('expected a block before a time can be told')
        rate = self.sample_rate if sample_rate is None else int(sample_rate)
        behind = self._next_sample * rate - sample * self.sample_rate
        return self._anchor_ns - _round_div(behind * SECOND_NS, rate * self.sample_rate)

    def _judge(self, stamp_ns: int, n_samples: int,
               sample_rate: int) -> Tuple[Continuity, int]:
        if self.sample_rate is None:
            return Continuity.CONTINUOUS, 0
        if sample_rate != self.sample_rate:
            return Continuity.RATE_CHANGE, 0
        duration_ns = _duration_ns(n_samples, sample_rate)
        half_block_ns = min(duration_ns // 2, MAX_HALF_BLOCK_NS)
        tolerance_ns = max(round(self.tolerance_s * SECOND_NS), half_block_ns)
        error_ns = stamp_ns - self._anchor_ns
        # Jitter of half a block never changes the order of stamps.
        backwards_ns = self._last_stamp_ns - stamp_ns
        in_order = backwards_ns < 0 or 0 < backwards_ns < half_block_ns
        if abs(error_ns) <= tolerance_ns and in_order:
            return Continuity.CONTINUOUS, 0
        samples = _round_div(error_ns * sample_rate, SECOND_NS)
        if error_ns > LONGEST_GAP_S * SECOND_NS:
            return Continuity.FORWARD, 0
        if error_ns > tolerance_ns:
            return Continuity.GAP, samples
        if -error_ns > HISTORY_S * SECOND_NS + duration_ns:
            return Continuity.BACKWARD, samples
        if error_ns + duration_ns > tolerance_ns:
            return Continuity.OVERLAP, samples
        if self._keeps_repeating(stamp_ns, duration_ns, half_block_ns):
            return Continuity.BACKWARD, samples
        return Continuity.DUPLICATE, -n_samples

    def _keeps_repeating(self, stamp_ns: int, duration_ns: int, tolerance_ns: int) -> bool:
        """Return whether a whole stretch of audio carries stamps of the past."""
        follows = abs(stamp_ns - self._repeated_end_ns) <= tolerance_ns
        if not self._repeated_blocks or not follows:
            self._repeated_blocks = self._repeated_ns = 0
        self._repeated_blocks += 1
        self._repeated_ns += duration_ns
        self._repeated_end_ns = stamp_ns + duration_ns
        return (self._repeated_blocks >= MIN_REPEATED_BLOCKS
                and self._repeated_ns > MAX_REPEATED_S * SECOND_NS)

    def _begin(self, stamp_ns: int, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._next_sample = 0
        self._anchor_ns = stamp_ns
        self._errors.clear()
        self._errors_ns = 0

    def _place(self, stamp_ns: int, n_samples: int) -> int:
        """Correct the time a little towards the stamp; return how many samples slipped."""
        assert self.sample_rate is not None
        error_ns = stamp_ns - self._anchor_ns
        duration_ns = _duration_ns(n_samples, self.sample_rate)
        self._errors.append((error_ns, duration_ns))
        self._errors_ns += duration_ns
        while self._errors_ns - self._errors[0][1] >= SLIP_S * SECOND_NS:
            self._errors_ns -= self._errors.popleft()[1]
        slip_ns = self._slip(duration_ns)
        if slip_ns:
            self._anchor_ns += slip_ns
            self._errors.clear()
            self._errors_ns = 0
            samples = _round_div(slip_ns * self.sample_rate, SECOND_NS)
            self.slipped_samples += samples
            return samples
        # Never by more than the block lasts, so that times keep increasing.
        part = duration_ns / (duration_ns + DRIFT_TIME_CONSTANT_S * SECOND_NS)
        self._anchor_ns += round(error_ns * part)
        return 0

    def _slip(self, duration_ns: int) -> int:
        """Return by how much the stream slipped for good: by half a block and more."""
        if len(self._errors) < MIN_SLIP_BLOCKS or self._errors_ns < SLIP_S * SECOND_NS:
            return 0
        errors = sorted(error for error, _ in self._errors)
        smallest = max(errors[0], -errors[-1])     # above 0 if all are to one side
        if smallest < max(duration_ns // 2, MIN_SLIP_NS):
            return 0
        return errors[len(errors) // 2]


def _duration_ns(n_samples: int, sample_rate: int) -> int:
    return _round_div(n_samples * SECOND_NS, sample_rate)


def _round_div(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
