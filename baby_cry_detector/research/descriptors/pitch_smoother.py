# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The pitch smoother of the INTERSPEECH 2010 set: one frame of look-ahead."""

import numpy as np


class SimplePitchSmoother:
    """
    Drops one-frame islands and single octave jumps; then follows the envelope of F0.

    The very first frame is never voiced.

    :param voicing_cutoff: voicing above which the first candidate counts.
    :param envelope_weight: share of the new F0 in the envelope.
    """

    def __init__(self, voicing_cutoff: float, envelope_weight: float):
        self._cutoff = voicing_cutoff
        self._weight = envelope_weight
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._started = False
        self._held = self._voicing = 0.0
        self._edge = self._octave = 0
        self._envelope = 0.0

    def process(self, frequency: np.ndarray, voicing: np.ndarray) -> np.ndarray:
        """
        Take the first candidate's F0 in Hz and voicing, shape (n,).

        :return: envelope, voicing and F0 (0 unvoiced), shape (m, 3), one frame late.
        """
        rows = []
        for hertz, strength in zip(frequency.tolist(), voicing.tolist()):
            if self._started:
                rows.append(self._step(hertz if strength > self._cutoff else 0.0))
                self._voicing = strength
            self._started = True
        return np.array(rows).reshape(-1, 3)

    def flush(self) -> np.ndarray:
        """Return the row still owed, uncorrected."""
        return self._row().reshape(1, 3) if self._started else np.empty((0, 3))

    def _row(self) -> np.ndarray:
        value = self._held
        if value > 0:
            first = self._envelope == 0
            self._envelope = value if first else (
                (1.0 - self._weight) * self._envelope + self._weight * value)
        return np.array([self._envelope, self._voicing, value])

    def _step(self, pitch: float) -> np.ndarray:
        held = self._held
        if held == 0 and pitch > 0:
            self._edge = 1
        elif held > 0 and pitch == 0:
            if self._edge == 0:
                self._edge = -1
        else:
            self._edge = 0
        if pitch == 0 and self._edge == 1:
            held = 0.0
        elif pitch > 0 and self._edge == -1:
            held = pitch
        if held > 0 and pitch > 0:
            halving, doubling = held / pitch > 1.2, held / pitch < 0.8
        else:
            halving = doubling = False
        if (doubling and self._octave == -1) or (halving and self._octave == 1):
            held = pitch
        if doubling:
            self._octave = 1
        elif halving:
            if self._edge == 0:
                self._octave = -1
        else:
            self._octave = 0
        self._held = held
        row = self._row()
        self._held = pitch
        return row
