# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Does this microphone still hear the room? The signal judged against what it was before.

A microphone that works is never still: its own noise and the room move every sample. One that was
muted, covered, unplugged or moved to another source is constant, within a step or two of it, or
far quieter than it ever was in this room. Any sound above that shows that it hears, but for one
that never changes at full scale: a baby breathes, however far its cry is clipped.

Levels are RMS in dBFS without the mean, over a second: an offset is no sound.
"""

from collections import deque
from dataclasses import dataclass
import math
from typing import Callable, Deque, Iterator, List, Optional, Sequence, Tuple

from baby_cry_detector.audio.dropouts import is_periodic
from baby_cry_detector.audio.formats import PCM16_SCALE
from baby_cry_detector.stream.verdict import ERROR, FINE, Verdict, WARN
from baby_cry_detector.units import SECOND_NS
import numpy as np

FLOOR_DBFS = -120.0
# So long nothing may move before it is said.
STILL_S = 10.0
# A noise gate gives zeros between sounds. Where sound came back out of zeros so often within so
# long, they are its pauses and no switch was thrown; but nobody can tell for ever.
GATE_RETURNS, GATE_WITHIN_S, GATED_STILL_S = 3, 600, 600.0
SHORTEST_PAUSE_S = 0.2
# An analogue microphone's own noise moves more than this; the switch of a USB microphone leaves
# steps of +-1 (-90 dBFS).
MUTED_DBFS = -84.0
MUTED_S = 15.0
# Far below the quietest that this microphone ever was, for so long; a room falls silent too, but
# not below the noise of the microphone.
DROP_DB, DROP_BELOW_DBFS, DROP_S = 12.0, -70.0, 30.0
# So loud, and so even from tenth to tenth of a second, is what a driver makes by itself, or what
# clips for good. White noise need not be quite that loud: no room leaves it white; but a sleep
# machine beside the microphone may, so that it has to be louder than without clipping.
# Of 500 cries, each clipped by up to 24 dB and repeated, none is so for 10 s; of 969 other sounds
# as they are only tones and noises that a machine made.
FULL_DBFS, WHITE_DBFS, EVEN_DB, FULL_S = -6.0, -10.0, 1.5, 15.0
WHITE_CORRELATION = 0.1                # of neighbours, and of neighbours but one, at most
_CELLS_PER_S = 10
_WHITE_POWER = 10 ** (WHITE_DBFS / 10)
# What it was is known after so long; the quietest tenth of these minutes is its floor.
LEARN_S = 120
KEPT_MINUTES = 24 * 60
FLOOR_PERCENTILE = 10.0
_CELL_NS = SECOND_NS
STILL_PEAK = 0.25 / PCM16_SCALE        # half the range of samples that do not move


GATED = Verdict(WARN, 'gated', 'the microphone gives zeros between sounds, as a noise gate does: '
                'what is quieter than its threshold is not heard; switch it off if you can')


@dataclass(frozen=True)
class _Second:
    level_db: float
    peak: float                        # largest distance from the mean
    is_repeated: bool
    quietest_db: float                 # tenth of it, and the loudest
    loudest_db: float
    is_white: bool


class Ear:
    """
    Follow the samples of one microphone.

    :param floors_db: what `kept` returned before, the quietest level of each minute; survives
        restarts with whoever keeps it.
    :ivar verdict: what is to be said.
    """

    def __init__(self, floors_db: Sequence[float] = ()) -> None:
        self._floors: Deque[float] = deque(maxlen=KEPT_MINUTES)
        self._floor_db: Optional[float] = None          # of these, asked for with every block
        self.resume(floors_db)
        self.verdict = FINE
        self.reset()

    def reset(self) -> None:
        """Forget the stream, not the microphone."""
        self._seconds: Deque[_Second] = deque(maxlen=60)
        self._minute: Deque[float] = deque(maxlen=60)
        self._restart_second()
        self._still_s = 0.0            # for so long nothing has moved
        self._heard_s = 0.0
        self._returns: Deque[float] = deque(maxlen=GATE_RETURNS)   # of sound out of zeros, when
        self._digest: Optional[int] = None
        self.verdict = FINE

    def _restart_second(self) -> None:
        self._filled_ns = self._blocks = self._repeats = 0
        self._cells = [[0.0, 0.0, 0.0]]        # of each tenth: samples, their sum and squares
        # Of neighbours, and of neighbours but one, where it is loud; of so many samples.
        self._products, self._multiplied = np.zeros(2), 0
        self._low, self._high = math.inf, -math.inf

    @property
    def is_gated(self) -> bool:
        """Return whether zeros between sounds are a noise gate's."""
        return (len(self._returns) == GATE_RETURNS
                and self._heard_s - self._returns[0] <= GATE_WITHIN_S + self._still_s)

    @property
    def floor_db(self) -> Optional[float]:
        """Return the quietest that this microphone is in this room; None before it is known."""
        return self._floor_db

    def forget_microphone(self) -> None:
        """Learn anew: it is another microphone, or stands elsewhere."""
        self._floors.clear()
        self._floor_db = None
        self.reset()

    def resume(self, floors_db: Sequence[float]) -> None:
        """Know what `kept` returned in a process before this one; nonsense is left out."""
        self._floors.extend(float(value) for value in floors_db if math.isfinite(value)
                            and FLOOR_DBFS <= value <= 0.0)
        self._find_floor()

    def kept(self) -> List[float]:
        """Return what is known of this microphone, to be given to the next one."""
        return [round(value, 1) for value in self._floors]

    def update(self, samples: np.ndarray, sample_rate: int, digest: int) -> bool:
        """
        Take a block.

        :param samples: ``(n,)`` mono, 1.0 is full scale.
        :param digest: of its bytes, to notice a driver that gives the same block for ever.
        :return: whether a minute ended, so that `kept` has something new.
        """
        if not len(samples):
            return False
        if self._cells[-1][0] * _CELLS_PER_S >= sample_rate:
            self._cells.append([0.0, 0.0, 0.0])
        cell, squares = self._cells[-1], float(samples @ samples)
        cell[0] += len(samples)
        cell[1] += float(samples.sum())
        cell[2] += squares
        if squares > _WHITE_POWER * len(samples):       # costs nothing in a quiet room
            self._products += samples[1:] @ samples[:-1], samples[2:] @ samples[:-2]
            self._multiplied += len(samples)
        low, high = float(samples.min()), float(samples.max())
        self._low, self._high = min(self._low, low), max(self._high, high)
        self._note_stillness((high - low) / 2.0 < STILL_PEAK, len(samples) / sample_rate)
        self._blocks += 1
        self._repeats += digest == self._digest and not is_periodic(samples)
        self._digest = digest
        self._filled_ns += len(samples) * SECOND_NS // sample_rate
        if self._filled_ns < _CELL_NS:
            return False
        return self._end_second()

    def _note_stillness(self, is_still: bool, duration_s: float) -> None:
        self._heard_s += duration_s
        if is_still:
            self._still_s += duration_s
            return
        if SHORTEST_PAUSE_S <= self._still_s and self._heard_s > self._still_s + duration_s:
            self._returns.append(self._heard_s)
        self._still_s = 0.0

    def _end_second(self) -> bool:
        if len(self._cells) > 1 and self._cells[-1][0] < self._cells[0][0] / 2:
            self._cells[-2] = [sum(both) for both in zip(self._cells[-2], self._cells.pop())]
        count, total, squares = (sum(part) for part in zip(*self._cells))
        mean = total / count
        power = squares / count - mean * mean
        tenths = [(squares - 2.0 * mean * total) / count + mean * mean
                  for count, total, squares in self._cells]
        spread = self._high - self._low
        self._seconds.append(_Second(
            _decibels(power), spread / 2.0, self._repeats >= max(1, self._blocks - 1),
            _decibels(min(tenths)), _decibels(max(tenths)), self._multiplied == count and bool(
                np.abs(self._products / count - mean * mean).max() < WHITE_CORRELATION * power)))
        level_db = self._seconds[-1].level_db
        self._restart_second()
        before = self.verdict
        self.verdict = self._judge()
        if not self.verdict.trusted and before.trusted:
            self._minute.clear()
        return self.verdict.trusted and self._learn(level_db)

    def _learn(self, level_db: float) -> bool:
        self._minute.append(level_db)
        if len(self._minute) < 60:
            return False
        self._floors.append(float(np.percentile(np.array(self._minute), FLOOR_PERCENTILE)))
        self._minute.clear()
        self._find_floor()
        return True

    def _find_floor(self) -> None:
        self._floor_db = None if len(self._floors) * 60 < LEARN_S else float(
            np.percentile(np.array(self._floors), FLOOR_PERCENTILE))

    def _judge(self) -> Verdict:
        seconds = list(self._seconds)
        for kind, length_s, holds, words in self._states():
            newest = seconds[-int(length_s):]
            if len(newest) >= length_s and all(holds(second) for second in newest):
                if self.verdict.kind == kind:
                    return self.verdict
                return Verdict(ERROR, kind, words, False)
        return GATED if self.is_gated else FINE

    def _states(self) -> Iterator[Tuple[str, float, Callable[[_Second], bool], str]]:
        """Yield (kind, seconds, whether a second is so, what to say), the surest first."""
        if not self.is_gated:
            yield ('constant', STILL_S, lambda second: second.peak < STILL_PEAK,
                   'the samples do not move: is the microphone muted, or unplugged?')
        elif self._still_s > GATED_STILL_S:
            yield ('constant', STILL_S, lambda second: second.peak < STILL_PEAK,
                   f'nothing but zeros for {GATED_STILL_S / 60:.0f} minutes: is the microphone '
                   'muted? If its noise gate does that, switch the gate off')
        newest = list(self._seconds)[-int(FULL_S):]
        if max(each.loudest_db for each in newest) <= EVEN_DB + min(
                each.quietest_db for each in newest):
            yield ('full_scale', FULL_S,
                   lambda second: second.quietest_db >= (
                       WHITE_DBFS if second.is_white else FULL_DBFS),
                   'one noise that never changes, as loud as can be: its driver or cable is at '
                   'fault, it is turned up far too high, or a loudspeaker howls into it')
        yield ('frozen', STILL_S,
               lambda second: second.is_repeated and second.peak >= STILL_PEAK,
               'the same block comes again and again: the sound driver is stuck')
        floor_db = self.floor_db
        if not self.is_gated and (floor_db is None or floor_db > MUTED_DBFS + DROP_DB / 2):
            yield ('muted', MUTED_S,
                   lambda second: second.level_db < MUTED_DBFS,
                   'as quiet as a muted microphone: check its switch and its volume')
        if floor_db is not None and not self.is_gated:
            limit_db = min(floor_db - DROP_DB, DROP_BELOW_DBFS)
            yield ('too_quiet', DROP_S,
                   lambda second: second.level_db < limit_db,
                   f'more than {DROP_DB:.0f} dB quieter than this microphone ever was here: is '
                   'it muted, covered, turned down, or another source? If it is meant to be so: '
                   '~/forget_microphone of feature_extractor')


def _decibels(power: float) -> float:
    """Return the level of a power, -120 at least."""
    return 10.0 * math.log10(power) if power > 1e-12 else FLOOR_DBFS
