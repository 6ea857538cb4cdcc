# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How long after a reference its echo comes: cross correlation with the phase's weights.

Every frequency in which the reference sounds weighs the same (PHAT), so that neither a room nor a
cry, which has few of them, moves the peak.
"""

from typing import NamedTuple

import numpy as np

#: Peak of the correlation above its own noise from which on it counts: that of noise alone, the
#: highest of 30,000, is 4.3 on the average.
SURE = 8.0
_LEAST_SHARE = 1e-5            # of the strongest frequency's power: below, it does not sound
_LOWEST_HZ = 80.0
_EDGE = 1024                   # samples of the reference over which it fades in and out
#: A melody fits in several places. A second peak so far away may be so high.
_NEIGHBOURS, _MOST_OTHER = 200, 0.75
#: One answer is enough with such a peak, or with a lower one of a long stretch that has no like:
#: of 12,500 stretches of 1 and 2 s of melodies and recorded music, half of them with the
#: reference of another, none was put in a wrong place by the second rule, one by the first.
_CERTAIN, _CERTAIN_ALONE, _LEAST_ALIKE, _LONG_S = 25.0, 15.0, 0.45, 1.0


class Fit(NamedTuple):
    """
    Where in a reference a stretch of the microphone lies.

    :ivar place: index in the reference, a fraction, of what the first sample has.
    :ivar sure: the peak in multiples of the correlation's own RMS; `SURE` is sure, and 0 where it
        fits as well in another place.
    :ivar is_certain: whether one such answer is enough.
    """

    place: float
    sure: float
    is_certain: bool = False


def find_delay(microphone: np.ndarray, reference: np.ndarray, sample_rate: int = 16_000
               ) -> Fit:
    """
    Return where in a reference a stretch of the microphone lies, and how sure that is.

    :param microphone: ``(n,)`` samples.
    :param reference: ``(m,)`` samples, m > n; all places where ``microphone`` fits are tried.
    """
    places = len(reference) - len(microphone) + 1
    size = _fast_size(len(reference))
    # Without windows the edges of both stretches would be found in each other.
    heard = np.fft.rfft(microphone * np.hanning(len(microphone)), size)
    edges = np.ones(len(reference))
    edges[:_EDGE] = np.hanning(2 * _EDGE)[:_EDGE]
    edges[-_EDGE:] = edges[_EDGE - 1::-1]
    played = np.fft.rfft(reference * edges, size)
    power = np.abs(played) ** 2
    cross = np.conj(heard) * played
    use = power > _LEAST_SHARE * power.max()
    use &= np.abs(heard) ** 2 > 1e-3 * _LEAST_SHARE * np.max(np.abs(heard) ** 2)
    use[:round(_LOWEST_HZ / sample_rate * size)] = False
    size_of = np.abs(cross)
    use &= size_of > 0.0
    cross[~use] = 0.0
    cross[use] /= size_of[use]
    correlation = np.fft.irfft(cross, size)[:places]
    scale = float(np.sqrt(np.mean(np.square(correlation))))
    if not scale > 0.0:
        return Fit(0.0, 0.0)
    heights = np.abs(correlation)                  # a loudspeaker may be the wrong way round
    peak = int(heights.argmax())
    height = float(heights[peak])
    others = max(heights[:max(0, peak - _NEIGHBOURS)].max(initial=0.0),
                 heights[peak + _NEIGHBOURS:].max(initial=0.0))
    if others > _MOST_OTHER * height:
        return Fit(float(peak), 0.0)
    sure = height / scale
    is_alone = others < _LEAST_ALIKE * height and len(microphone) >= _LONG_S * sample_rate
    return Fit(peak + _top(heights[peak - 1:peak + 2]), sure,
               sure > (_CERTAIN_ALONE if is_alone else _CERTAIN))


def _fast_size(count: int) -> int:
    """Return the least 2^n, 3 x 2^n or 5 x 2^n that is at least ``count``."""
    return min(part << max(0, (-(-count // part) - 1).bit_length()) for part in (1, 3, 5))


def _top(three: np.ndarray) -> float:
    """Return where a parabola through three values has its top, from the middle one on."""
    if len(three) < 3:
        return 0.0
    bend = three[0] - 2.0 * three[1] + three[2]
    return float(0.5 * (three[0] - three[2]) / bend) if bend < 0.0 else 0.0
