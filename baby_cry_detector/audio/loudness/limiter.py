# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The last stage before a loudspeaker: what passes is never louder than the cap, whatever comes in.

Only `LevelLimiter` makes `LimitedBlock`s, and loudspeakers take nothing else
(`audio/devices/speaker_sink.py`). It measures its own output, the integers that are played:
A-weighted, over every stretch of 1 s and of 125 ms. So an absurd gain, a user's loud file or a
defect in a generator ends in a quiet sound, not in a loud one.
"""

from collections import deque
from dataclasses import dataclass
from typing import Tuple

from baby_cry_detector.audio.formats import from_pcm16, to_pcm16
from baby_cry_detector.audio.loudness.weighting import AWeighting, level_db, State
import numpy as np

BLOCK_S = 0.01
LONG_S, SHORT_S = 1.0, 0.125
#: How far a stretch of 125 ms may be above the cap, which holds for 1 s; a heart's beat is short.
SHORT_ABOVE_DB = 6.0
#: How far any sample may be above the cap: deep sounds have large samples that no ear minds.
PEAK_ABOVE_DB = 35.0
MARGIN_DB = 0.5
# Share of what is left of a budget that one block may use: what remains too loud then settles
# just below the cap instead of being played and cut in turns.
SHARE = 0.05
# The most of it, whatever the gain does; the rest is for what the filter's tail gives after a cut.
HARD_SHARE = 0.25
# Of the cap, where the gain stops falling: a used-up budget silences blocks, not the sound after.
STEADY = 0.4
RELEASE_DB_PER_S = 6.0


@dataclass(frozen=True)
class LimitedBlock:
    """
    Samples that went through the limiter.

    :param pcm: ``(n,)`` int16, mono.
    :param mean_square: A-weighted, of full scale 1.0.
    """

    pcm: np.ndarray
    mean_square: float

    @property
    def level_dbfs(self) -> float:
        """Return the A-weighted level in dBFS(A)."""
        return level_db(self.mean_square)


class _Budget:
    """Energy that any stretch of time may hold; aligned to blocks or not."""

    def __init__(self, window_s: float, above_db: float) -> None:
        self._blocks = round(window_s / BLOCK_S)
        self._above = 10.0 ** ((above_db - MARGIN_DB) / 10.0)
        # A stretch of n blocks that begins within one touches n + 1.
        self._used = deque([0.0] * self._blocks, maxlen=self._blocks)

    def left(self, cap_energy: float) -> float:
        """Return what the next block may hold."""
        return float(max(0.0, self._blocks * cap_energy * self._above - sum(self._used)))

    def use(self, energy: float) -> None:
        self._used.append(energy)


class LevelLimiter:
    """
    Cap the A-weighted level of a stream.

    :param sample_rate: in Hz, 8000 or more.
    :param cap_dbfs: most that any stretch of 1 s may have, in dBFS(A); at most 0.
    :raises ValueError: on a cap above 0 or that is no number.
    """

    def __init__(self, sample_rate: int, cap_dbfs: float) -> None:
        self.block_size = round(BLOCK_S * sample_rate)
        self._weighting = AWeighting(sample_rate)
        self._budgets = (_Budget(LONG_S, 0.0), _Budget(SHORT_S, SHORT_ABOVE_DB))
        self._gain = 1.0
        self._release = 10.0 ** (RELEASE_DB_PER_S * BLOCK_S / 20.0)
        self.limited_blocks = 0        # in which something was made quieter
        self.set_cap(cap_dbfs)

    def set_cap(self, cap_dbfs: float) -> None:
        """Take another cap; it holds from the next block on."""
        if not cap_dbfs <= 0.0:
            raise ValueError(f'expected a cap of at most 0 dBFS(A), got {cap_dbfs!r}')
        self.cap_dbfs = float(cap_dbfs)
        self._cap_energy = 10.0 ** (cap_dbfs / 10.0) * self.block_size
        self._peak = min(1.0, 10.0 ** ((cap_dbfs + PEAK_ABOVE_DB) / 20.0))

    def process(self, samples: np.ndarray) -> LimitedBlock:
        """
        Take samples ``(n,)``, n a multiple of `block_size`; return what may be played.

        :raises ValueError: on another number of samples.
        """
        samples = np.asarray(samples, np.float64)
        if samples.ndim != 1 or samples.size % self.block_size or not samples.size:
            raise ValueError(f'expected a multiple of {self.block_size} samples, '
                             f'got shape {samples.shape}')
        samples = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
        pcm = np.empty(samples.size, np.int16)
        energy = 0.0
        for start in range(0, samples.size, self.block_size):
            stop = start + self.block_size
            pcm[start:stop], used = self._limit(samples[start:stop])
            energy += used
        return LimitedBlock(pcm, energy / samples.size)

    def _limit(self, samples: np.ndarray) -> Tuple[np.ndarray, float]:
        """Return int16 samples of one block and their A-weighted energy."""
        largest = np.abs(samples).max()
        if largest > 1e3:              # absurd: keep the arithmetic finite
            samples = samples * (1e3 / largest)
        left = [budget.left(self._cap_energy) for budget in self._budgets]
        _, wanted, _ = self._weighted(samples)
        gain = min(1.0, self._gain * self._release)
        soft = max(min(SHARE * left[0], 0.25 * left[1]), STEADY * self._cap_energy)
        if wanted * gain ** 2 > soft:
            gain = min(gain, np.sqrt(soft / wanted))
        ramp = np.linspace(self._gain, gain, samples.size + 1)[1:]
        if gain < 0.999:
            self.limited_blocks += 1
        self._gain = max(gain, 1e-6)
        hard, scale = HARD_SHARE * min(left), 1.0
        candidate = samples * ramp
        for _ in range(12):
            pcm, energy, state = self._quantised(candidate * scale)
            if energy <= hard:
                break
            scale *= 0.95 * min(1.0, np.sqrt(hard / energy))
        else:
            pcm, energy, state = self._quantised(np.zeros(samples.size))
        self._weighting.take(state)
        for budget in self._budgets:
            budget.use(energy)
        return pcm, energy

    def _quantised(self, samples: np.ndarray) -> Tuple[np.ndarray, float, State]:
        pcm = to_pcm16(np.clip(samples, -self._peak, self._peak))
        _, energy, state = self._weighted(from_pcm16(pcm))
        return pcm, energy, state

    def _weighted(self, samples: np.ndarray) -> Tuple[np.ndarray, float, State]:
        weighted, state = self._weighting.peek(samples)
        return weighted, float(np.dot(weighted, weighted)), state
