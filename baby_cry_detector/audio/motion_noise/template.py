# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The mean spectrum of a motion's noise in each phase of its cycle.

Template subtraction by the joint's state, as for robots that hear themselves (Ince et al. 2009,
"Ego noise suppression of a robot using template subtraction"; Schmidt, Brendel, Haubner and
Kellermann 2020, doi:10.1186/s13636-020-00178-0), with a phase for a state. Logarithms are
averaged, not powers: a cry that nobody noticed, in one of many cycles, then hardly counts.
"""

import numpy as np

PHASES = 64
#: Frames that each phase needs, and over how many it is averaged at most.
LEAST_FRAMES, MOST_FRAMES = 16, 200
#: The mean of the logarithm of a noise's power is below the logarithm of its mean by this.
LOG_BIAS = 0.5772156649015329
TINY = 1e-20
#: What is known is not unlearned by what nobody noticed: a frame that is louder than its phase by
#: so much, the mean of its logarithms over all frequencies, is something else (a cry), and one
#: frequency counts for so much at most. After so many frames of something else without a pause
#: the motion sounds otherwise than it did, and is learned anew.
OTHER, MOST_ASTRAY, MOST_OTHERS = 0.5, 1.0, 1200


class MotionTemplate:
    """
    What one motion sounds like.

    :param period_s: of the motion.
    :param stroke: of it, in the joint's units.
    :param bins: of a spectrum.
    """

    def __init__(self, period_s: float, stroke: float, bins: int) -> None:
        self.period_s, self.stroke = period_s, stroke
        self._logs = np.zeros((PHASES, bins))
        self._frames = np.zeros(PHASES, int)
        self._powers = np.zeros((PHASES, bins))
        self._others = 0                       # frames in a row

    def learn(self, phase: float, power: np.ndarray) -> None:
        """Take the spectrum of a frame, ``(bins,)`` powers, in which nobody is known to cry."""
        row = int(phase * PHASES) % PHASES
        astray = np.log(power + TINY) - self._logs[row]
        if self.is_learned:
            self._others = self._others + 1 if astray.mean() > OTHER else 0
            if self._others > MOST_OTHERS:
                self._frames[:], self._others = 0, 0
            if self._others:
                return
            astray = np.minimum(astray, MOST_ASTRAY)
        self._frames[row] = min(self._frames[row] + 1, MOST_FRAMES)
        self._logs[row] += astray / self._frames[row]
        self._powers[row] = np.exp(self._logs[row] + LOG_BIAS)

    @property
    def share(self) -> float:
        """Return how much of it is learned, 0 to 1."""
        return float(np.minimum(self._frames, LEAST_FRAMES).mean() / LEAST_FRAMES)

    @property
    def is_learned(self) -> bool:
        """Return whether every phase is known."""
        return bool((self._frames >= LEAST_FRAMES).all())

    def power(self, phase: float) -> np.ndarray:
        """Return ``(bins,)`` powers to expect in a phase."""
        place = phase * PHASES - 0.5
        row = int(np.floor(place))
        part = place - row
        result: np.ndarray = ((1.0 - part) * self._powers[row % PHASES]
                              + part * self._powers[(row + 1) % PHASES])
        return result
