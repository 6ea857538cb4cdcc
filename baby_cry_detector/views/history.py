# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What was heard lately, in columns of equal duration: what the pictures are drawn from.

Audio, pitch and decisions come at different times and rates; each is put where its stamp says.
"""

import math
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

from baby_cry_detector.cry_state import CryState
from baby_cry_detector.features import FeatureSet
from baby_cry_detector.features.stages.framing import frame_view
from baby_cry_detector.features.stages.mel import mel_bank
from baby_cry_detector.features.stages.spectrum import hamming, next_power_of_two
from baby_cry_detector.units import SECOND_NS
import numpy as np

BANDS = 56
LOWEST_HZ, HIGHEST_HZ = 80.0, 8000.0
FLOOR_DB = -120.0
# Decisions further apart than this leave a hole.
LONGEST_STEP_S = 1.0
_HOP_S, _WINDOW_S = 0.01, 0.025


def pitch_of(feature_set: FeatureSet, values: np.ndarray
             ) -> Optional[Tuple[np.ndarray, np.ndarray]]:
    """Return F0 in Hz and voicing of frames ``(n, F)``; ``None`` where they tell none."""
    if not len(values) or not {'f0', 'voicing'} <= set(feature_set.roles):
        return None
    f0, voicing = (values[:, feature_set.index(feature_set.roles[role])]
                   for role in ('f0', 'voicing'))
    return f0, voicing


class LogMel:
    """
    Log-mel frames of a stream of audio at any rate.

    :param sample_rate: in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.hop = max(1, round(_HOP_S * sample_rate))
        self._window = hamming(round(_WINDOW_S * sample_rate))
        self._fft_length = next_power_of_two(len(self._window))
        self._bank, self.centres_hz = mel_bank(BANDS, LOWEST_HZ, HIGHEST_HZ, self._fft_length,
                                               sample_rate)
        # Sound of full scale is 0 dB, whatever the window.
        self._bank = self._bank * (2.0 / self._window.sum()) ** 2
        self._kept = np.zeros(0)

    def process(self, samples: np.ndarray) -> np.ndarray:
        """Return the power of the frames that ``samples`` (n,) complete, (frames, BANDS)."""
        buffer = np.concatenate((self._kept, np.nan_to_num(samples)))
        count = max(0, (len(buffer) - len(self._window)) // self.hop + 1)
        self._kept = buffer[count * self.hop:]
        if not count:
            return np.zeros((0, BANDS))
        frames = frame_view(np.ascontiguousarray(buffer), count, len(self._window), self.hop)
        spectrum = np.fft.rfft(frames * self._window, self._fft_length)
        power: np.ndarray = (spectrum.real ** 2 + spectrum.imag ** 2) @ self._bank
        return power


class History:
    """
    The last ``columns`` × ``column_ns`` nanoseconds of one crib.

    Arrays are rings in the order of time once `ordered` has turned them; what was not heard is
    NaN. Stamps before the window are ignored; a stamp far behind or beyond it starts anew.

    :param columns: how many.
    :param column_ns: duration of one.
    """

    def __init__(self, columns: int, column_ns: int) -> None:
        self.columns, self.column_ns = columns, int(column_ns)
        self.episodes: Dict[int, Dict[str, Any]] = {}
        self.labels: Sequence[str] = ()
        self._is_fixed = False
        self._arrays: Dict[str, np.ndarray] = {}
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        count = self.columns
        self._arrays = {
            'power': np.full((count, BANDS), np.nan),
            **{name: np.full(count, np.nan) for name in (
                'level', 'low', 'high', 'f0', 'voicing', 'probability', 'crying', 'idle',
                'intensity', 'named')},
            'needs': np.full((count, max(0, len(self.labels) - 1)), np.nan)}
        self._newest: Optional[int] = None     # number of the newest column
        self._mel: Optional[LogMel] = None
        self._audio_ns: Optional[int] = None        # where the audio should go on
        # column and probability of the last decision
        self._decided: Optional[Tuple[int, float]] = None
        self.episodes = {}

    @property
    def end_ns(self) -> Optional[int]:
        """Return the end of the newest column; ``None`` before the first."""
        return None if self._newest is None else (self._newest + 1) * self.column_ns

    def start_at(self, stamp_ns: int) -> None:
        """Let the window begin at a time and stay there; what is beyond its end is ignored."""
        self.clear()
        self._is_fixed = True
        self._newest = stamp_ns // self.column_ns + self.columns - 1

    def ordered(self, name: str) -> np.ndarray:
        """Return one array, oldest column first."""
        if self._newest is None:
            return self._arrays[name]
        return np.roll(self._arrays[name], -(self._newest + 1) % self.columns, axis=0)

    def add_audio(self, stamp_ns: int, samples: np.ndarray, sample_rate: int) -> None:
        """Take samples (n,), full scale is 1, with the capture time of the first."""
        if not len(samples):
            return
        if self._mel is None or self._mel.sample_rate != sample_rate:
            self._mel, self._audio_ns = LogMel(sample_rate), None
        if self._audio_ns is None or abs(stamp_ns - self._audio_ns) > 0.1 * SECOND_NS:
            self._mel = LogMel(sample_rate)
            self._audio_ns = stamp_ns
        start_ns = stamp_ns - len(self._mel._kept) * SECOND_NS // sample_rate
        self._audio_ns = stamp_ns + len(samples) * SECOND_NS // sample_rate
        size = max(1, sample_rate * self.column_ns // SECOND_NS // 2)
        for first in range(0, len(samples), size):
            part = samples[first:first + size]
            column = self._column(stamp_ns + first * SECOND_NS // sample_rate)
            if column is not None:
                self._extreme('low', column, np.fmin, float(part.min()))
                self._extreme('high', column, np.fmax, float(part.max()))
                rms = float(np.sqrt(np.mean(np.square(part))))
                self._extreme('level', column, np.fmax,
                              20.0 * math.log10(max(rms, 10.0 ** (FLOOR_DB / 20))))
        hop_ns = self._mel.hop * SECOND_NS // sample_rate
        for row, power in enumerate(self._mel.process(samples)):
            column = self._column(start_ns + row * hop_ns)
            if column is not None:
                kept = self._arrays['power']
                kept[column] = np.fmax(kept[column], power)

    def add_frames(self, start_ns: int, feature_set: FeatureSet, values: np.ndarray) -> None:
        """Take frames of a feature set, where they tell a pitch."""
        pitch = pitch_of(feature_set, values)
        if pitch is not None:
            self.add_pitch(start_ns, feature_set.hop_length * SECOND_NS // feature_set.sample_rate,
                           *pitch)

    def add_pitch(self, start_ns: int, hop_ns: int, f0: np.ndarray, voicing: np.ndarray) -> None:
        """Take F0 in Hz (0 where unvoiced) and voicing (0 to 1) of frames, (n,) each."""
        for row in range(len(f0)):
            column = self._column(start_ns + row * hop_ns)
            if column is not None and f0[row] > 0 and np.isfinite(f0[row]):
                self._arrays['f0'][column] = f0[row]
                self._extreme('voicing', column, np.fmax, float(voicing[row]))

    def add_state(self, said: CryState, origin_ns: int = 0) -> None:
        """
        Take what was said at one moment; see `add_decision`.

        :param origin_ns: stamp that counts as 0.
        """
        self.add_decision(
            said.stamp_ns - origin_ns, said.is_heard, said.crying, said.cry_probability,
            said.labels, said.probabilities, said.intensity, said.episode,
            said.onset_ns - origin_ns, said.onset_ns + said.duration_ns - origin_ns,
            said.need_name.replace('_', ' ') if said.is_need_named else '')

    def add_decision(self, stamp_ns: int, is_heard: bool, crying: bool, probability: float,
                     labels: Sequence[str], probabilities: Sequence[float], intensity: float = 0.0,
                     episode: int = 0, onset_ns: int = 0, end_ns: int = 0,
                     need: str = '') -> None:
        """
        Take what was decided at one moment.

        :param is_heard: False where no audio arrives, or nobody listens.
        :param labels: ``not_cry``, then K others.
        :param probabilities: of the labels.
        :param end_ns: up to which the episode was heard.
        :param need: as it is named; '' if it is not.
        """
        if tuple(labels) != tuple(self.labels):
            self.labels = tuple(labels)
            self._arrays['needs'] = np.full((self.columns, max(0, len(labels) - 1)), np.nan)
        column = self._column(stamp_ns)
        if column is None:
            return
        number = stamp_ns // self.column_ns
        first, before = number, probability
        if self._decided is not None:
            passed = (number - self._decided[0]) * self.column_ns
            if 0 < passed <= LONGEST_STEP_S * SECOND_NS:
                first, before = self._decided[0] + 1, self._decided[1]
        assert self._newest is not None        # it has a column
        first = max(first, self._newest - self.columns + 1)
        steps = np.arange(first, number + 1)
        slots = steps % self.columns
        if is_heard:
            share = (steps - first + 1) / max(1, len(steps))
            between = before + share * (probability - before)
            old = self._arrays['probability'][slots]
            # Of several decisions in one column the highest shows.
            self._arrays['probability'][slots] = (
                np.fmax(old, between) if len(steps) == 1 else between)
            if self._arrays['needs'].shape[1] == len(probabilities) - 1:
                self._arrays['needs'][slots] = probabilities[1:]
            self._arrays['named'][slots] = 1.0 if crying and need else 0.0
            self._arrays['intensity'][slots] = intensity if crying else 0.0
        self._arrays['idle'][slots] = 0.0 if is_heard else 1.0
        self._arrays['crying'][slots] = 1.0 if crying else 0.0
        self._decided = number, probability
        if crying and episode:
            self.episodes[episode] = {'onset_ns': onset_ns, 'end_ns': end_ns, 'need': need,
                                      'intensity': intensity, 'held_ns': stamp_ns}
        self._drop_old_episodes()

    def _drop_old_episodes(self) -> None:
        assert self._newest is not None
        oldest_ns = (self._newest - self.columns) * self.column_ns
        for number in [number for number, episode in self.episodes.items()
                       if episode['held_ns'] < oldest_ns]:
            del self.episodes[number]

    def _extreme(self, name: str, column: int, choose: Callable[[float, float], float],
                 value: float) -> None:
        self._arrays[name][column] = choose(self._arrays[name][column], value)

    def _column(self, stamp_ns: int) -> Optional[int]:
        """Return the ring's index of a time, moving the window there; ``None`` if it is past."""
        number = stamp_ns // self.column_ns
        if self._newest is None:
            self._newest = number
        behind = self._newest - number
        if self._is_fixed:
            return number % self.columns if 0 <= behind < self.columns else None
        if behind >= self.columns:
            if behind < 2 * self.columns:
                return None
            self._restart(number)              # a recording starts again, or the clock was set
        elif behind < -self.columns:
            self._restart(number)
        elif behind < 0:
            fresh = np.arange(self._newest + 1, number + 1) % self.columns
            for values in self._arrays.values():
                values[fresh] = np.nan
            self._newest = number
        return number % self.columns

    def _restart(self, number: int) -> None:
        mel, audio_ns = self._mel, self._audio_ns
        self.clear()
        self._newest, self._mel, self._audio_ns = number, mel, audio_ns
