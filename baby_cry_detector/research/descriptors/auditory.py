# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Auditory spectrum and its RASTA-filtered version, as ComParE 2016 defines them.

Equal-loudness weights and the cube-root-like compression after Hermansky, "Perceptual linear
predictive (PLP) analysis of speech", JASA 87(4), 1990; RASTA after Hermansky and Morgan, "RASTA
processing of speech", IEEE Trans. Speech Audio Process. 2(4), 1994.
"""

from typing import Optional, Tuple

import numpy as np


def equal_loudness(frequency: np.ndarray) -> np.ndarray:
    """Return the weight of a band by its centre in Hz."""
    w2 = (2.0 * np.pi * np.asarray(frequency)) ** 2
    return (1e32 * (w2 + 56.8e6) * w2 ** 2
            / ((w2 + 6.3e6) ** 2 * (w2 + 0.38e9) * (w2 ** 3.5 + 1.7e31)))


class Rasta:
    """
    Band-pass over time of each column; causal.

    The numerator runs alone for the first frames, and their output is forced to 0.

    :param upper: upper edge as a share of the frame rate.
    :param lower: lower edge as a share of the frame rate; sets the pole.
    :param warm_up_frames: frames of silence at the start of a stream.
    """

    def __init__(self, upper: float, lower: float, warm_up_frames: int):
        c = np.cos(2.0 * np.pi * upper)
        self._taps = (np.array([2.0, -4.0 * c, 0.0, 4.0 * c, -2.0])
                      / np.sqrt(10.0 * (32.0 * c * c + 8.0)))
        self._pole = 1.0 - np.sin(2.0 * np.pi * lower)
        self._warm_up = warm_up_frames
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._frame = 0
        # The last four rows that came, and the last row that was answered.
        self._before: Optional[Tuple[np.ndarray, np.ndarray]] = None

    def process(self, rows: np.ndarray) -> np.ndarray:
        """Take rows (n, F); return the filtered rows (n, F)."""
        before, last = self._before or (np.zeros((4, rows.shape[1])), np.zeros(rows.shape[1]))
        inputs = np.concatenate((before, rows))
        taps = self._taps
        result = taps[0] * inputs[4:]
        result += taps[1] * inputs[3:-1]
        result += taps[3] * inputs[1:-3]
        result += taps[4] * inputs[:-4]
        quiet = min(max(self._warm_up - self._frame, 0), len(rows))
        result[:quiet] = 0.0
        for row in result[quiet:]:
            row += self._pole * last
            last = row
        self._before = inputs[-4:].copy(), last.copy()
        self._frame = min(self._frame + len(rows), self._warm_up)
        return result
