# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Does this microphone still hear the room? The signal judged against what it was before.

A microphone that works is never still: its own noise and the room move every sample. One that was
muted, covered, unplugged or moved to another source is constant, within a step or two of it, or
far quieter than it ever was in this room. Any sound above that shows that it hears, but for what
no room gives: one that never changes at full scale (a baby breathes, however far its cry is
clipped), a converter driven against its end, clicks alone, hum or a tone with nothing where cries
are, and the same samples again and again.

Levels are RMS in dBFS without the mean, over a second: an offset is no sound.
"""

from collections import deque
from dataclasses import dataclass
import math
from typing import Callable, Deque, Iterator, List, Optional, Sequence, Tuple

from baby_cry_detector.audio.dropouts import is_periodic
from baby_cry_detector.audio.faults import clicks, cry_band
from baby_cry_detector.audio.faults.recurrence import Recurrence, REPLAY_S
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
SHORTEST_PAUSE_S, PAUSE_CELL_S = 0.2, 0.02
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
# Clicks in so many of that many seconds: a plug, or words that are lost on the way. So many a
# second cover what else there is.
CLICKED_S, CLICKS_S, COVERING_CLICKS = 15, 10, 100
# A converter that stands at its end for half of the time hears nothing then.
DRIVEN_S, DRIVEN_SHARE = 15, 0.5
# Looked at so often while there is something where cries are, and each second while there is not.
BAND_EVERY_S, BAND_EMPTY_S, SHORTEST_LULL_S = 5, 20.0, 2.5
# A sound with so much noise between its lines is never the same twice; a pure one may be.
NOISY_DBFS = -80.0
# A longer round may be a recording that somebody plays over and over: a warning, for so long.
REPLAYED_S = 600.0
# What it was is known after so long; the quietest tenth of these minutes is its floor.
LEARN_S = 120
KEPT_MINUTES = 24 * 60
FLOOR_PERCENTILE = 10.0
_CELL_NS = SECOND_NS
STILL_PEAK = 0.25 / PCM16_SCALE        # half the range of samples that do not move


GATED = Verdict(WARN, 'gated', 'the microphone gives zeros between sounds, as a noise gate does: '
                'what is quieter than its threshold is not heard; switch it off if you can')
REPLAYED = Verdict(WARN, 'replayed', 'exactly the same samples come again and again, as no '
                   'microphone gives them: a recording that is played over and over? After '
                   f'{REPLAYED_S / 60:.0f} minutes it is no longer trusted')
CRACKLING = Verdict(WARN, 'crackling', 'the microphone crackles, each second or two: check its '
                    'plug and cable; what is softer than its clicks may be missed')


@dataclass(frozen=True)
class _Second:
    level_db: float
    peak: float                        # largest distance from the mean
    is_repeated: bool
    quietest_db: float                 # tenth of it, and the loudest
    loudest_db: float
    is_white: bool
    clicks: int
    rest_db: float                     # without them
    driven_share: float
    is_empty: bool                     # where cries are, though it moves
    is_same: bool                      # as before and before that


class _Pauses:
    """
    Pauses of something, and whether it came back out of them so often that they are usual.

    :ivar lasted_s: for so long it has paused.
    """

    def __init__(self, shortest_s: float) -> None:
        self._shortest_s = shortest_s
        self.lasted_s = self._heard_s = 0.0
        self._returns: Deque[float] = deque(maxlen=GATE_RETURNS)   # when

    def note(self, is_pause: bool, duration_s: float) -> None:
        """Take what came next."""
        self._heard_s += duration_s
        if is_pause:
            self.lasted_s += duration_s
            return
        if self._shortest_s <= self.lasted_s < self._heard_s - duration_s:
            self._returns.append(self._heard_s)
        self.lasted_s = 0.0

    @property
    def are_usual(self) -> bool:
        """Return whether it came back often."""
        return (len(self._returns) == GATE_RETURNS
                and self._heard_s - self._returns[0] <= GATE_WITHIN_S + self.lasted_s)


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
        self._still = _Pauses(SHORTEST_PAUSE_S)         # in which nothing moves
        self._lulls = _Pauses(SHORTEST_LULL_S)          # in which nothing is where cries are
        self._unlooked = 0
        self._recurrence, self._replay = Recurrence(), Recurrence(REPLAY_S)
        self._replayed_s = 0
        self._digest: Optional[int] = None
        self.verdict = FINE

    def _restart_second(self) -> None:
        self._filled_ns = self._blocks = self._repeats = 0
        self._parts: List[np.ndarray] = []

    @property
    def is_gated(self) -> bool:
        """Return whether zeros between sounds are a noise gate's."""
        return self._still.are_usual

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
        is_repeated = digest == self._digest and not is_periodic(samples)
        self._digest, has_learnt = digest, False
        while len(samples):            # a driver may hand over seconds at once
            left = -(-(_CELL_NS - self._filled_ns) * sample_rate // SECOND_NS)
            has_learnt |= self._take(samples[:left], sample_rate, is_repeated)
            samples = samples[left:]
        return has_learnt

    def _take(self, samples: np.ndarray, sample_rate: int, is_repeated: bool) -> bool:
        """Take what lies within a second; return whether a minute ended."""
        self._parts.append(samples)
        self._blocks += 1
        self._repeats += is_repeated
        self._filled_ns += len(samples) * SECOND_NS // sample_rate
        if self._filled_ns < _CELL_NS:
            return False
        return self._end_second(np.concatenate(self._parts), sample_rate)

    def _note_pauses(self, samples: np.ndarray, sample_rate: int) -> Tuple[float, float]:
        """Take whether anything moves, a little at a time; return the lowest and the highest."""
        width = max(1, round(PAUSE_CELL_S * sample_rate))
        starts = np.arange(0, len(samples), width)
        lows = np.minimum.reduceat(samples, starts)
        highs = np.maximum.reduceat(samples, starts)
        low, high = float(lows.min()), float(highs.max())
        still = highs - lows < 2.0 * STILL_PEAK
        if still.any() or self._still.lasted_s:
            ends = np.append(starts[1:], len(samples))
            for is_still, highest, count in zip(still, np.maximum(highs, -lows), ends - starts):
                if highest < clicks.RAIL or not is_still:           # there it is no pause
                    self._still.note(bool(is_still), float(count) / sample_rate)
        else:
            self._still.note(False, len(samples) / sample_rate)
        return low, high

    def _is_empty(self, samples: np.ndarray, sample_rate: int, level_db: float) -> bool:
        """Return whether nothing is where cries are, though it moves; seldom looked at."""
        self._unlooked += 1
        if self._unlooked < BAND_EVERY_S and self._lulls.lasted_s == 0.0:
            return False
        self._unlooked = 0
        is_empty = level_db >= MUTED_DBFS and (
            cry_band.level_dbfs(samples, sample_rate) < cry_band.EMPTY_DBFS)
        self._lulls.note(is_empty, len(samples) / sample_rate)
        return is_empty

    def _end_second(self, samples: np.ndarray, sample_rate: int) -> bool:
        count = len(samples)
        low, high = self._note_pauses(samples, sample_rate)
        mean = float(samples.mean())
        width = count // _CELLS_PER_S
        cells = samples[:width * _CELLS_PER_S].reshape(_CELLS_PER_S, width)
        tenths = (np.einsum('ij,ij->i', cells, cells) - 2.0 * mean * cells.sum(axis=1)
                  ) / width + mean * mean
        quietest, loudest = float(tenths.min()), float(tenths.max())
        power = float(tenths.sum()) / _CELLS_PER_S
        is_white = quietest > _WHITE_POWER and bool(max(     # costs nothing in a quiet room
            abs(float(samples[1:] @ samples[:-1]) / count - mean * mean),
            abs(float(samples[2:] @ samples[:-2]) / count - mean * mean),
        ) < WHITE_CORRELATION * power)
        level_db, highest = _decibels(power), max(high, -low)
        clicked, rest = clicks.count_clicks(samples) if highest > clicks.LOUD else (0, power)
        self._recurrence.update(samples, sample_rate)
        self._replay.update(samples, sample_rate)
        is_noisy = (self._recurrence.found or self._replay.found) and (
            cry_band.level_dbfs(samples, sample_rate) > NOISY_DBFS)
        self._replayed_s = (self._replayed_s + is_noisy) * self._replay.found
        self._seconds.append(_Second(
            level_db, (high - low) / 2.0, self._repeats >= max(1, self._blocks - 1),
            _decibels(quietest), _decibels(loudest), is_white, clicked, _decibels(rest),
            clicks.driven_share(samples, sample_rate) if highest >= clicks.RAIL else 0.0,
            self._is_empty(samples, sample_rate, level_db), is_noisy and self._recurrence.found))
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
        if sum(second.clicks > 0 for second in seconds[-CLICKED_S:]) >= CLICKS_S:
            return CRACKLING
        if self._replayed_s:
            return REPLAYED
        return GATED if self.is_gated or self._lulls.are_usual else FINE

    def _states(self) -> Iterator[Tuple[str, float, Callable[[_Second], bool], str]]:
        """Yield (kind, seconds, whether a second is so, what to say), the surest first."""
        if not self.is_gated:
            yield ('constant', STILL_S, lambda second: second.peak < STILL_PEAK,
                   'the samples do not move: is the microphone muted, or unplugged?')
        elif self._still.lasted_s > GATED_STILL_S:
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
        yield from self._states_of_no_room()
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

    def _states_of_no_room(self) -> Iterator[Tuple[str, float, Callable[[_Second], bool], str]]:
        """Yield as `_states`, what a driver, a cable or a converter makes by itself."""
        newest = list(self._seconds)[-CLICKED_S:]
        if sum(second.clicks > 0 for second in newest) >= CLICKS_S:
            yield ('crackle', CLICKED_S,
                   lambda second: second.rest_db < MUTED_DBFS or second.clicks >= COVERING_CLICKS,
                   'nothing but clicks: a plug or cable is loose, or the driver loses words')
        shares = [second.driven_share for second in newest]
        if sum(shares) >= DRIVEN_SHARE * DRIVEN_S and max(shares[-2:]) > 0.0:
            yield ('driven', DRIVEN_S, lambda second: True,
                   'it stands at the end of its range most of the time: turn the microphone down, '
                   'keep wind and fans from it, or look for a fault of its supply')
        yield ('loop', 1.0, lambda second: second.is_same or self._replayed_s > REPLAYED_S,
               'exactly the same samples come again and again, as no microphone gives them: the '
               'sound driver is stuck, or a recording is played in its place')
        if not self._lulls.are_usual or self._lulls.lasted_s > GATED_STILL_S:
            yield ('empty', BAND_EMPTY_S, lambda second: second.is_empty,
                   'nothing but hum or a tone, and not even noise where cries are (300 to '
                   '4000 Hz): is the microphone covered, unplugged from its preamplifier, or '
                   'turned down so far? Check its cable and its volume')


def _decibels(power: float) -> float:
    """Return the level of a power, -120 at least."""
    return 10.0 * math.log10(power) if power > 1e-12 else FLOOR_DBFS
