# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Whose clock tells when audio was captured? Judged over seconds, from stamps, arrivals and samples.

Good stamps are used as they are. Those that do not advance (a publisher that leaves them at 0)
are replaced by times of arrival, and those that jitter or come in bursts (``now()`` at each
delivery of a sound server) by the promptest of them; each is said, with its remedy. Audio that
comes at another pace than its format says is an error that nothing here can mend.
"""

from collections import deque
from typing import Deque, Dict, List, NamedTuple, Optional, Tuple

from baby_cry_detector.audio.delivery_clock import (DeliveryClock, LARGEST_JITTER_S, last_pause,
                                                    pace_error, pace_of, prompt_pace)
from baby_cry_detector.stream.arrival.copies import Copies
from baby_cry_detector.stream.arrival.stamp_verdicts import (
    ahead_verdict, NOTHING_ADVANCES, PACE, pace_verdict, STAMPS_STAND, STANDING)
from baby_cry_detector.stream.verdict import ERROR, FINE, Verdict, WARN
from baby_cry_detector.units import SECOND_NS
import numpy as np

STAMPS, SMOOTHED, ARRIVAL, COUNTED = 'stamps', 'smoothed', 'arrival', 'counted'
# Of this much audio a judgement is made, so often; and this much must be good to trust again.
JUDGED_NS = 2 * SECOND_NS
PACE_NS = 4 * SECOND_NS
RECOVERED_NS = 10 * SECOND_NS
LOOK_EVERY_NS = SECOND_NS // 2
STANDING_NS = SECOND_NS                # stamps that stay the same for so much audio
MOST_BLOCKS = 4096
MOST_PASSED = 3                        # times as long as what is judged, however little came
LEAST_BLOCKS = 8                       # of long blocks, what is judged lasts longer
# At the end of a recording fewer have to do, where the pace of all of them is the same.
LEAST_AT_END, SAME_PACE = 3, 0.03
MOST_BAD_SHARE = 0.15
LEAST_BAD = 4
MOST_LOST_SHARE, LEAST_TIMES = 0.02, 3      # of ten seconds; a clock that is set jumps once
# A publisher's clock that is off by more is no clock; nor is a pace that differs by more a drift.
LARGEST_DRIFT = 0.05
LARGEST_HEARD_DRIFT = 0.15
DRIFT_WORTH_SAYING = 0.005
AHEAD_NS = SECOND_NS                   # nothing is captured after it has arrived
TOLERANCE_ELSEWHERE_S = 0.25           # of times that were smoothed
REGULAR = 0.002                        # less than the least drift that is told
SMOOTHING = ('they are smoothed; let the publisher stamp the capture time of the first sample, or '
             'raise stamp_tolerance_s')


# (arrivals, stamps, durations, whether it was dropped or broke the stream), one a block.
_Columns = Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


class _Block(NamedTuple):
    arrival_ns: int
    stamp_ns: int
    duration_ns: int
    is_bad: bool


class StampJudge:
    """
    Follow the stamps of one stream.

    :param tolerance_s: jitter of the stamps that still counts as continuous.
    :ivar mode: whose times are used: `STAMPS`, `SMOOTHED`, `ARRIVAL` or `COUNTED`.
    :ivar verdict: what is to be said of them.
    :ivar is_copy: whether the newest block is the same as one before it.
    """

    _delivery: Optional[DeliveryClock]
    _counted_ns: int
    _sample: int

    def __init__(self, tolerance_s: float) -> None:
        self._tolerance_s = tolerance_s
        self.reset()

    def reset(self) -> None:
        """Forget the stream and trust its stamps."""
        self._blocks: Deque[_Block] = deque(maxlen=MOST_BLOCKS)
        self._copies = Copies()
        self._found: Dict[int, Optional[_Columns]] = {}    # in this look, by how much audio
        self._audio_ns = self._looked_ns = self._arrived_ns = 0
        self._standing_ns = self._standing_blocks = self._regular_blocks = 0
        self._last_stamp_ns: Optional[int] = None
        self.is_copy = self._is_last = False
        self.verdict = FINE
        self._rate, self._channels = 0, 1
        self._enter(STAMPS)

    @property
    def tolerance_s(self) -> float:
        """Return the tolerance that the times in use need."""
        return self._tolerance_s if self.mode == STAMPS else TOLERANCE_ELSEWHERE_S

    @property
    def stand(self) -> bool:
        """Return whether stamps were found to stand still."""
        return self.verdict.kind == STANDING

    @property
    def bad_share(self) -> float:
        """Return which share of the newest two seconds was dropped or broke the stream."""
        newest = self._newest(JUDGED_NS)
        return 0.0 if newest is None else float(newest[3].mean())

    def time_of(self, arrival_ns: int, stamp_ns: int, n_samples: int, sample_rate: int,
                channels: int = 1) -> int:
        """Return when the first of ``n_samples`` samples was captured, as far as can be told."""
        self._rate, self._channels = sample_rate, channels
        self._present = (arrival_ns, stamp_ns, n_samples * SECOND_NS // sample_rate)
        if self.mode == STAMPS:
            return stamp_ns
        if self.mode == COUNTED:
            start_ns = self._counted_ns
            self._counted_ns = start_ns + self._present[2]
            return start_ns
        if self._delivery is None:
            self._delivery = DeliveryClock(sample_rate)
        end = self._sample + n_samples
        handed_ns = arrival_ns if self.mode == ARRIVAL else stamp_ns + self._present[2]
        self._delivery.update(handed_ns, end)
        start_ns = self._delivery.time_of(self._sample)
        self._sample = end
        return start_ns

    def note(self, is_bad: bool, digest: int) -> bool:
        """
        Take what became of the block that `time_of` was asked about.

        :param is_bad: whether it was dropped or broke the stream.
        :param digest: of its bytes, to know a copy.
        :return: whether the times in use are others from the next block on.
        """
        arrival_ns, stamp_ns, duration_ns = self._present
        standing = stamp_ns == self._last_stamp_ns
        self._standing_ns = self._standing_ns + duration_ns if standing else 0
        self._standing_blocks = self._standing_blocks + 1 if standing else 0
        self._last_stamp_ns = stamp_ns
        self.is_copy = self._copies.update(stamp_ns, digest, self._standing_blocks)
        if self.is_copy:
            self._judge_copies()
            return False
        self._regular_blocks = self._regular_blocks + 1 if not is_bad and self._blocks and (
            abs(stamp_ns - self._blocks[-1].stamp_ns - self._blocks[-1].duration_ns)
            <= REGULAR * self._blocks[-1].duration_ns) else 0
        self._blocks.append(_Block(arrival_ns, stamp_ns, duration_ns, is_bad))
        self._audio_ns += duration_ns
        while (self._audio_ns - self._blocks[0].duration_ns > RECOVERED_NS
               and len(self._blocks) > LEAST_BLOCKS):
            self._audio_ns -= self._blocks.popleft().duration_ns
        # Where little audio comes, time passes all the same.
        self._looked_ns += max(duration_ns, min(arrival_ns - self._arrived_ns, LOOK_EVERY_NS // 4)
                               if self._arrived_ns else 0)
        self._arrived_ns = arrival_ns
        if self._looked_ns < LOOK_EVERY_NS:
            return False
        self._looked_ns = 0
        before = self.mode
        self._look()
        return self.mode != before

    def finish(self) -> bool:
        """
        Judge the end of a recording that was too short to be judged before, by all there is.

        :return: whether the times in use are others for what was dropped.
        """
        if (self.mode != STAMPS or self.verdict.level == ERROR
                or len(self._blocks) < LEAST_AT_END):
            return False
        self._is_last, self._found = True, {}
        arrivals, stamps, durations, bad = np.array(self._blocks, np.int64).T
        every = arrivals, stamps, durations, bad.astype(bool)
        if self._standing_blocks >= LEAST_AT_END - 1:
            self._judge_standing(every)
        elif len(stamps) >= LEAST_BLOCKS or np.ptp(
                np.diff(stamps) / durations[:-1]) < SAME_PACE:
            self._judge_pace(every)
        return self.mode != STAMPS

    def _enter(self, mode: str) -> None:
        self.mode = mode
        self._delivery = None
        self._sample = 0
        self._counted_ns = 0

    def _look(self) -> None:
        self._found = {}
        arrival_ns, stamp_ns, duration_ns = self._present
        if (self._regular_blocks >= len(self._blocks) and self.mode == STAMPS
                and self.verdict is FINE and stamp_ns + duration_ns - arrival_ns <= AHEAD_NS):
            self._judge_copies()               # nothing else can be in them
            return
        newest = self._newest(JUDGED_NS)
        if newest is None:
            return
        # Bursts and jitter blur the pace of a short stretch, but not so far.
        is_close = abs(pace_of(newest[1], newest[2]) - 1.0) < 0.3
        longer = self._newest(PACE_NS) if is_close else newest
        if self._standing_ns >= STANDING_NS and self._standing_blocks >= 3:
            self._judge_standing(newest)
            return
        if longer is not None and self._judge_pace(longer):
            return
        self._judge_copies()
        if self.mode == STAMPS:
            self._judge_jitter(newest)
            if self.mode == STAMPS and self.verdict.level != ERROR:
                self._judge_loss()
            self._judge_clock(newest)
        else:
            self._judge_recovery()

    def _newest(self, least_ns: int) -> Optional[_Columns]:
        """Return (arrivals, stamps, durations, bad) of the newest audio; None if it is less."""
        if least_ns not in self._found:
            self._found[least_ns] = self._gathered(least_ns)
        return self._found[least_ns]

    def _gathered(self, least_ns: int) -> Optional[_Columns]:
        chosen: List[_Block] = []
        audio_ns = passed_ns = 0
        for block in reversed(self._blocks):
            if chosen:
                passed_ns += min(SECOND_NS, chosen[-1].arrival_ns - block.arrival_ns)
            chosen.append(block)
            audio_ns += block.duration_ns
            if max(audio_ns, passed_ns // MOST_PASSED) >= least_ns and len(chosen) >= LEAST_BLOCKS:
                break
        else:
            if len(self._blocks) < MOST_BLOCKS:
                return None
        chosen.reverse()
        arrivals, stamps, durations, bad = np.array(chosen, np.int64).T
        return arrivals, stamps, durations, bad.astype(bool)

    def _judge_standing(self, newest: _Columns) -> None:
        arriving = self._arriving(newest[0], newest[2])
        if arriving is None:
            return
        if arriving >= 0.01 and abs(arriving - 1.0) > LARGEST_HEARD_DRIFT:
            self._say_pace(arriving)
            return
        mode, self.verdict = ((COUNTED, NOTHING_ADVANCES) if arriving < 0.01 else
                              (ARRIVAL, STAMPS_STAND))
        if self.mode != mode:
            self._enter(mode)
            # The first block of these stamps was heard.
            self._counted_ns = self._present[1] + self._present[2]

    def _judge_pace(self, longer: _Columns) -> bool:
        """Judge how fast audio comes; return whether that is what is wrong."""
        arrivals, stamps, durations, _ = longer
        last = last_pause(arrivals, stamps, durations)
        if last:
            arrivals, stamps, durations = arrivals[last:], stamps[last:], durations[last:]
            if durations.sum() < JUDGED_NS or len(durations) < LEAST_BLOCKS:
                return self.verdict.kind in (PACE, 'stamp_clock')     # as before, for now
        ratios = np.diff(stamps) / durations[:-1]
        pace = pace_of(stamps, durations)
        # Where many stamps follow exactly, the others are lost or repeated audio, or a jump; and
        # stamps that jitter widely seem to run at another pace for a while.
        if (abs(pace - 1.0) <= LARGEST_DRIFT + pace_error(stamps, durations)
                or (np.abs(ratios - 1.0) < 0.03).mean() > 0.25):
            if self.verdict.kind in (PACE, 'stamp_clock'):
                self.verdict = FINE
                if self.mode == ARRIVAL:
                    self._enter(STAMPS)
                elif self.mode == SMOOTHED:
                    self.verdict = Verdict(WARN, 'jitter', f'stamps jitter: {SMOOTHING}')
            return False
        arriving = self._arriving(arrivals, durations)
        if arriving is None:
            return True
        if abs(arriving - 1.0) <= LARGEST_DRIFT:
            if self.mode != ARRIVAL:
                self._enter(ARRIVAL)
            self.verdict = Verdict(
                WARN, 'stamp_clock', f'stamps advance {pace:.2f} s in a second of audio: time of '
                'arrival is used; let the publisher set header.stamp to the capture time')
            return True
        if abs(pace - 1.0) <= LARGEST_HEARD_DRIFT:
            if self.mode != SMOOTHED:
                self._enter(SMOOTHED)
            self._say_pace(pace, True)
            return True
        # A recording may be played at any pace; what arrives at nearly the right one is live.
        self._say_pace(arriving if 0.01 < pace and abs(np.log(max(arriving, 1e-9))) < abs(
            np.log(pace)) else pace)
        return True

    def _arriving(self, arrivals: np.ndarray, durations: np.ndarray) -> Optional[float]:
        """Return the pace at which audio arrives; ``None`` where more has to be waited for."""
        pace = pace_of(arrivals, durations)
        if abs(pace - 1.0) <= LARGEST_DRIFT:
            return pace
        longer = self._newest(RECOVERED_NS - SECOND_NS) or self._newest(PACE_NS)
        if longer is None:
            if self._is_last:
                return prompt_pace(arrivals, durations)
            return None if self.mode == ARRIVAL or abs(pace - 1.0) < 0.3 else pace
        return prompt_pace(longer[0], longer[2])

    def _say_pace(self, pace: float, is_heard: bool = False) -> None:
        self.verdict = pace_verdict(pace, self._rate, self._channels, is_heard)

    def _judge_jitter(self, newest: _Columns) -> None:
        _, stamps, durations, bad = newest
        errors = stamps - np.concatenate(([0], np.cumsum(durations[:-1])))
        # Lost audio only ever moves stamps on, repeated audio only back; jitter does both.
        falls = float((np.maximum.accumulate(errors) - errors).max())
        rises = float((errors - np.minimum.accumulate(errors)).max())
        both_s = min(falls, rises) / SECOND_NS
        if bad.sum() >= LEAST_BAD and both_s > LARGEST_JITTER_S and self._use_arrivals(
                newest, f'stamps jump to and fro by {max(falls, rises) / SECOND_NS:.2g} s'):
            return
        if bad.sum() >= LEAST_BAD and bad.mean() >= MOST_BAD_SHARE and (
                both_s > self._tolerance_s / 2):
            self._enter(SMOOTHED)
            self.verdict = Verdict(
                WARN, 'jitter',
                f'stamps jitter by {max(falls, rises) / SECOND_NS:.2g} s: {SMOOTHING}')
        elif bad.sum() >= LEAST_BAD and bad.mean() > 0.5:
            self.verdict = Verdict(
                ERROR, 'broken', f'{bad.mean():.0%} of the audio does not continue what came '
                'before: is audio lost on the way, or do several publishers send at once?', False)
        elif self.verdict.kind in ('broken', 'drift'):
            self.verdict = FINE
        if self.verdict is FINE:
            longest = self._newest(RECOVERED_NS - SECOND_NS)
            drift, least = 0.0, DRIFT_WORTH_SAYING
            if longest is not None:
                drift = pace_of(longest[1], longest[2]) - 1.0
                least = max(least, pace_error(longest[1], longest[2]))
                bad = longest[3]               # what was lost is no drift
            if not bad.any() and least < abs(drift) <= LARGEST_DRIFT:
                self.verdict = Verdict(
                    WARN, 'drift', f"the publisher's clock is off by {drift:+.1%} of the "
                    "audio's: heard all the same")

    def _judge_copies(self) -> None:
        """Say that blocks come more than once, where nothing worse is to be said."""
        many = self._copies.are_many
        if many and self.verdict is FINE:
            self.verdict = Verdict(
                WARN, 'copies', 'blocks of audio come more than once: does a relay or a second '
                'publisher repeat them? Each is heard once')
        elif many is False and self.verdict.kind == 'copies':
            self.verdict = FINE

    def _judge_loss(self) -> None:
        """Judge what a short look does not see: something is lost again and again."""
        longest = self._newest(RECOVERED_NS - SECOND_NS)
        if longest is None:
            return
        _, _, durations, bad = longest
        lost = float(durations[bad].sum()) / float(durations.sum())
        times = int(bad[0]) + int((np.diff(bad.astype(int)) > 0).sum())
        if times < LEAST_TIMES or lost < MOST_LOST_SHARE:
            if self.verdict.kind == 'lossy':
                self.verdict = FINE
        elif not self._use_arrivals(
                longest, f'stamps jumped {times} times in {RECOVERED_NS // SECOND_NS} s'):
            self.verdict = Verdict(
                WARN, 'lossy', f'the audio broke off {times} times in '
                f'{RECOVERED_NS // SECOND_NS} s: it is lost on the way; is the machine or the '
                'network too slow?')

    def _use_arrivals(self, blocks: _Columns, what: str) -> bool:
        """Use times of arrival, if the audio comes at its pace, and say so; return whether."""
        fits = abs(pace_of(blocks[0], blocks[2]) - 1.0) <= LARGEST_DRIFT
        if fits:
            self._enter(ARRIVAL)
            self.verdict = Verdict(WARN, 'jumps', f'{what}: time of arrival is used; let the '
                                   'publisher set header.stamp to the capture time')
        return fits

    def _judge_clock(self, newest: _Columns) -> None:
        """Say that the publisher's clock is ahead, where nothing worse is to be said."""
        arrivals, stamps, durations, _ = newest
        ahead_ns = int((stamps + durations - arrivals).min())
        if self.verdict.kind == 'clock' and ahead_ns <= AHEAD_NS:
            self.verdict = FINE
        elif self.verdict is FINE and ahead_ns > AHEAD_NS and self.mode == STAMPS:
            self.verdict = ahead_verdict(ahead_ns)

    def _judge_recovery(self) -> None:
        longest = self._newest(RECOVERED_NS - SECOND_NS)
        if longest is None:
            return
        _, stamps, durations, _ = longest
        errors = stamps - np.concatenate(([0], np.cumsum(durations[:-1])))
        in_order = bool((np.diff(stamps) > 0).all())
        if in_order and errors.max() - errors.min() < self._tolerance_s * SECOND_NS:
            self._enter(STAMPS)
            self.verdict = FINE
