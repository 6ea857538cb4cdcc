# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Intensity of crying, 0 to 1: how hard it cries. Not a pain score.

Four parts, each 0 to 1, of what is known to go with distress across babies (level, share of
crying, siren-like regularity, roughness: Bellieni 2004, Koutseff 2018):

- level of the crying above the slow running background, in dB. The background is learned
  outside of crying and kept during it; a growing cry does not become its own reference.
- share of the last 10 s in which crying was heard.
- regularity: how strongly the level repeats itself 0.5 to 1.6 times a second.
- roughness: how little of the crying is voiced cleanly; left out where voicing is not known.

All levels are compared with levels of the same stream, so its gain does not matter.
"""

from collections import deque
import math
from typing import Deque, Optional, Tuple

import numpy as np

LEVEL_WEIGHT, SHARE_WEIGHT, REGULARITY_WEIGHT, ROUGHNESS_WEIGHT = 0.6, 0.2, 0.1, 0.1
LEVEL_MIDDLE_DB, LEVEL_SCALE_DB = 20.0, 10.0   # logistic: 0.12 at 0 dB, 0.5 at 20, 0.88 at 40
CRY_LEVEL_S = 1.5              # time constant of the level and the voicing of the crying
SHARE_S = 10.0
CELL_S = 0.1                   # grid of the rhythm
BACKGROUND_BLOCK_S = 0.5
BACKGROUND_S = 60.0            # of time without crying
BACKGROUND_PERCENTILE = 30.0
# Blocks wait until it is known that no crying began in them.
BACKGROUND_DELAY_BLOCKS = 4
_SHORTEST_PERIOD_CELLS, _LONGEST_PERIOD_CELLS = 6, 20     # 1.6 to 0.5 Hz
_DETREND_CELLS = 21
_DEVIATION_DB = 10.0
MIN_RHYTHM_S = 4.0


class Intensity:
    """
    Follow one stream, step by step.

    :param step_s: time that one step stands for.
    """

    def __init__(self, step_s: float = 0.01) -> None:
        if not step_s > 0:
            raise ValueError(f'expected a step above 0 s, got {step_s!r}')
        self._steps_per_cell = max(1, round(CELL_S / step_s))
        self._steps_per_block = max(1, round(BACKGROUND_BLOCK_S / step_s))
        self._forget = 1.0 - math.exp(-step_s / CRY_LEVEL_S)
        self._share_length = max(1, round(SHARE_S / step_s))
        self._blocks: Deque[float] = deque(maxlen=round(BACKGROUND_S / BACKGROUND_BLOCK_S))
        self._cry_blocks: Deque[float] = deque(maxlen=self._blocks.maxlen)
        self._new_blocks: Deque[Tuple[float, float]] = deque()
        self._cells: Deque[float] = deque(maxlen=round(SHARE_S / CELL_S))
        self._heard: Deque[bool] = deque(maxlen=self._share_length)
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self._blocks.clear()
        self._cry_blocks.clear()
        self._background_db: Optional[float] = None
        self._voicing: Optional[float] = None
        self.gap()

    def gap(self) -> None:
        """Forget what must be continuous; the background stays."""
        self._new_blocks.clear()
        self._cells.clear()
        self._heard.clear()
        self._heard_count = 0
        self._power: Optional[float] = None    # of the crying
        self._cell_power = self._block_power = 0.0
        self._block_quietest = math.inf
        self._cell_steps = self._block_steps = 0
        self._block_has_cry = False
        self._regularity = 0.0

    def begin(self) -> None:
        """Note that another episode begins: its level and voicing are its own."""
        self._power = self._voicing = None

    @property
    def background_db(self) -> Optional[float]:
        """Return the level of the background in dBFS; ``None`` before it is known."""
        return self._background_db

    @property
    def share(self) -> float:
        """Return the share of the last 10 s in which crying was heard, 0 to 1."""
        return self._heard_count / self._share_length

    def update(self, hearing: bool, episode: bool, level: Optional[float] = None,
               voicing: Optional[float] = None) -> None:
        """
        Take one step.

        :param hearing: whether this step is heard as crying.
        :param episode: whether an episode is in progress, pauses included.
        :param level: linear RMS of this step; ``None`` or NaN where not known.
        :param voicing: probability of voicing, 0 to 1; ``None`` or NaN where not known.
        """
        hearing = bool(hearing)
        if len(self._heard) == self._share_length:
            self._heard_count -= self._heard[0]
        self._heard.append(hearing)
        self._heard_count += hearing
        if hearing and voicing is not None and 0.0 <= voicing <= 1.0:
            if self._voicing is None:
                self._voicing = float(voicing)
            self._voicing += self._forget * (voicing - self._voicing)
        if level is None or not 0.0 <= level < 1e6:
            return
        power = float(level) ** 2
        if hearing:
            if self._power is None:
                self._power = power
            self._power += self._forget * (power - self._power)
        self._cell_power += power
        self._cell_steps += 1
        if self._cell_steps == self._steps_per_cell:
            cell = self._cell_power / self._cell_steps
            self._cells.append(cell)
            if cell:
                self._block_quietest = min(self._block_quietest, cell)
            self._cell_power, self._cell_steps = 0.0, 0
        self._block_power += power
        self._block_steps += 1
        self._block_has_cry |= hearing or episode
        if self._block_steps == self._steps_per_block:
            self._end_block()

    def value(self) -> float:
        """Return the intensity of the crying now, 0 to 1."""
        parts = [(SHARE_WEIGHT, self.share)]
        above_db = self.level_above_background_db
        if above_db is not None:
            logit = (above_db - LEVEL_MIDDLE_DB) / LEVEL_SCALE_DB
            parts += [(LEVEL_WEIGHT, 0.5 * (1.0 + math.tanh(logit / 2.0))),
                      (REGULARITY_WEIGHT, self._regularity)]
        if self._voicing is not None:
            parts.append((ROUGHNESS_WEIGHT, 1.0 - self._voicing))
        total = sum(weight * part for weight, part in parts)
        return min(1.0, max(0.0, total / sum(weight for weight, _ in parts)))

    @property
    def level_above_background_db(self) -> Optional[float]:
        """Return how far the crying is above the background; ``None`` if not known."""
        if not self._power or self._background_db is None:
            return None
        return 10.0 * math.log10(self._power) - self._background_db

    def _end_block(self) -> None:
        power, quietest = self._block_power / self._block_steps, self._block_quietest
        has_cry = self._block_has_cry
        self._block_power, self._block_steps, self._block_has_cry = 0.0, 0, False
        self._block_quietest = math.inf
        self._regularity = rhythm_strength(np.array(self._cells))
        if not power:          # digital silence is a muted microphone, not a quiet room
            return
        level_db = 10.0 * math.log10(power)
        quietest_db = min(level_db, 10.0 * math.log10(quietest))
        if not has_cry:
            self._new_blocks.append((level_db, quietest_db))
            if len(self._new_blocks) > BACKGROUND_DELAY_BLOCKS:
                self._blocks.append(self._new_blocks.popleft()[0])
        else:
            # No background is known where a stream begins with crying: take the pauses for it.
            self._cry_blocks.extend(quiet_db for _, quiet_db in self._new_blocks)
            self._cry_blocks.append(quietest_db)
            self._new_blocks.clear()
            if self._blocks and self._background_db is not None and (
                    level_db < self._background_db):            # quieter than ever
                self._blocks.append(level_db)
        blocks = self._blocks or self._cry_blocks
        if blocks:
            self._background_db = float(np.percentile(np.array(blocks), BACKGROUND_PERCENTILE))


def rhythm_strength(power: np.ndarray) -> float:
    """
    Return how strongly a level repeats itself with a period of 0.6 to 2 s.

    :param power: ``(n,)`` mean power per `CELL_S`; what is 0 counts as the smallest other value.
    :return: highest autocorrelation at such a period, 0 to 1; 0 for less than `MIN_RHYTHM_S`.
    """
    if power.size < MIN_RHYTHM_S / CELL_S or not power.any():
        return 0.0
    level_db = 10.0 * np.log10(np.maximum(power, power[power > 0].min()))
    # What is slow is not rhythm: a cry that grows must not look less regular.
    half = _DETREND_CELLS // 2
    padded = np.pad(level_db, half, mode='reflect')
    deviation = level_db - np.convolve(padded, np.full(_DETREND_CELLS, 1 / _DETREND_CELLS),
                                       mode='valid')
    deviation = deviation.clip(-_DEVIATION_DB, _DEVIATION_DB)
    deviation -= deviation.mean()
    energy = float(deviation @ deviation)
    if energy < 1e-6 * power.size:
        return 0.0
    strongest = 0.0
    for lag in range(_SHORTEST_PERIOD_CELLS, _LONGEST_PERIOD_CELLS + 1):
        overlap = deviation.size - lag
        strongest = max(strongest, float(deviation[lag:] @ deviation[:-lag])
                        / energy * deviation.size / overlap)
    return min(1.0, strongest)
