# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Notice samples whose two bytes come in another order than was said.

Read in the wrong order, sound is loud noise that no cry is ever heard in. It shows: neighbouring
samples have nothing to do with each other and do once the bytes are turned round; and what should
be the low byte is mostly small, as high ones are, while the high one takes every value.
"""

from collections import deque
from typing import Deque, Optional

from baby_cry_detector.audio.formats import AudioFormat, BIG_ENDIAN, LITTLE_ENDIAN
from baby_cry_detector.stream.verdict import ERROR, FINE, Verdict
import numpy as np

# Of each second so many samples are looked at; so many seconds in a row have to agree.
LOOKED_AT = 2048
SECONDS = 3
LEAST_AT_END = 2                       # of a recording that ends before
# Half the mean square of differences over the mean square: 1 for white noise, 0 for a slow swing.
ROUGH, SMOOTH = 0.7, 0.35
# A low byte that is a high one is small, of both signs.
SMALL, SMALL_SHARE, RARER_SIGN = 32, 0.9, 0.05
LEAST_BITS_MORE = 1.5                  # entropy of the high byte over the low one


class ByteOrderJudge:
    """
    Look at a part of each second.

    :ivar verdict: what is to be said.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._seconds: Deque[bool] = deque(maxlen=SECONDS)
        self._format: Optional[AudioFormat] = None
        self._part = np.zeros(0, np.int16)
        self._seen = 0
        self.verdict = FINE

    def update(self, samples: np.ndarray, audio_format: AudioFormat) -> None:
        """
        Take a block.

        :param samples: ``(n,)`` int16 of one channel, in the order that was said.
        """
        self._format = audio_format
        if len(self._part) < LOOKED_AT:
            self._part = np.concatenate((self._part, samples[:LOOKED_AT - len(self._part)]))
        self._seen += len(samples)
        if self._seen < audio_format.sample_rate or len(self._part) < LOOKED_AT:
            return
        self._seconds.append(is_swapped(self._part))
        self._part, self._seen = self._part[:0], 0
        if not self._seconds[-1]:
            self.verdict = FINE
        elif len(self._seconds) == SECONDS and all(self._seconds):
            self._say()

    def finish(self) -> None:
        """Judge the end of a recording that was too short to be judged before."""
        parts = [*self._seconds]
        if len(self._part) == LOOKED_AT:
            parts.append(is_swapped(self._part))
        if LEAST_AT_END <= len(parts) and all(parts):
            self._say()

    def _say(self) -> None:
        said, other = LITTLE_ENDIAN, BIG_ENDIAN
        if self._format is not None and self._format.is_big_endian:
            said, other = other, said
        self.verdict = Verdict(
            ERROR, 'byte_order', f'audio_info says {said}, but the two bytes of each sample '
            f'come in the order of {other}: let the publisher say so, or turn them round', False)


def is_swapped(samples: np.ndarray) -> bool:
    """Return whether int16 samples ``(n,)`` make more sense with their bytes turned round."""
    turned = samples.byteswap()
    if not turned.any():
        return False
    if roughness(samples) > ROUGH and roughness(turned) < SMOOTH:
        return True
    low, high = turned >> 8, samples >> 8          # as signed bytes
    is_small = (-SMALL <= low) & (low < SMALL)
    negative = float((is_small & (low < 0)).mean())
    share = float(is_small.mean())
    return (share >= SMALL_SHARE and RARER_SIGN <= negative <= share - RARER_SIGN
            and entropy_bits(high & 255) > entropy_bits(low & 255) + LEAST_BITS_MORE)


def roughness(samples: np.ndarray) -> float:
    """Return half the mean square of differences over the variance; 1 for white noise."""
    values = samples.astype(np.float64)
    values -= values.mean()
    power = float(values @ values)
    steps = np.diff(values)
    return float(steps @ steps) / (2.0 * power) if power else 0.0


def entropy_bits(values: np.ndarray) -> float:
    """Return the entropy of values from 0 to 255."""
    share = np.bincount(values, minlength=256) / len(values)
    share = share[share > 0.0]
    return float(-(share * np.log2(share)).sum())
