# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Melody and modes of phonation over the last second, causal."""

import math
from typing import List

import numpy as np

# A running power below this is silence; it must not become a denormal number.
_TINY = 1e-200


class Phonation:
    """
    Slope of the melody and the share of time spent in each mode of phonation.

    Modes after Corwin and Golub, as used on cries by Kheddache and Tadj 2013
    (doi:10.4236/jbise.2013.68097): phonated (periodic, F0 below 1 kHz), hyperphonated (periodic,
    F0 above), dysphonated (loud but not periodic). Loud is relative to the running mean power,
    so none of it depends on the gain. The slope of a voiced run's log2 F0 (octaves per second) is
    the frame-wise form of the melody shapes of Varallyay 2007 (IJPORL 71:1699-1708).

    :param hop_s: step between frames.
    :param hyper_hz: F0 from which phonation is hyperphonation.
    :param share_tau_s: time constant of the shares.
    :param power_tau_s: time constant of the running mean power.
    :param loud_ratio: power over its running mean from which a frame is loud.
    :param slope_frames: frames of a voiced run that the slope looks back on.
    :param slope_limit: slopes beyond +-this many octaves per second are jumps between modes.
    """

    columns = ('melodySlope', 'phonatedShare', 'hyperphonatedShare', 'dysphonatedShare')

    def __init__(self, *, hop_s: float, hyper_hz: float, share_tau_s: float, power_tau_s: float,
                 loud_ratio: float, slope_frames: int, slope_limit: float):
        self._hyper = hyper_hz
        self._share_decay = math.exp(-hop_s / share_tau_s)
        self._power_decay = math.exp(-hop_s / power_tau_s)
        self._loud = loud_ratio
        self._limit = slope_limit
        # Least-squares weights for runs of 3 to slope_frames values, oldest first.
        self._weights = {}
        for length in range(3, slope_frames + 1):
            centred = [i - (length - 1) / 2.0 for i in range(length)]
            square = sum(value * value for value in centred)
            self._weights[length] = [value / square / hop_s for value in centred]
        self._longest = slope_frames
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._power = self._power_weight = 0.0
        self._shares = [0.0, 0.0, 0.0]
        self._share_weight = 0.0
        self._run: List[float] = []

    def process(self, pitch: np.ndarray, power: np.ndarray) -> np.ndarray:
        """Take F0 in Hz (0 unvoiced) and band power, shape (n,); return `columns`, (n, 4)."""
        result = np.empty((len(pitch), 4))
        for n, (hertz, energy) in enumerate(zip(pitch.tolist(), power.tolist())):
            result[n, 0] = self._slope(hertz)
            result[n, 1:] = self._modes(hertz, energy)
        return result

    def _slope(self, hertz: float) -> float:
        run = self._run
        if not hertz:
            run.clear()
            return 0.0
        run.append(math.log2(hertz))
        if len(run) > self._longest:
            del run[0]
        weights = self._weights.get(len(run))
        if weights is None:
            return 0.0
        slope = sum(map(float.__mul__, weights, run))
        return min(max(slope, -self._limit), self._limit)

    def _modes(self, hertz: float, energy: float) -> List[float]:
        decay = self._power_decay
        self._power = self._power * decay + (1.0 - decay) * energy
        self._power_weight = self._power_weight * decay + (1.0 - decay)
        if self._power < _TINY:
            self._power = 0.0
        loud = energy * self._power_weight > self._loud * self._power
        decay = self._share_decay
        self._share_weight = self._share_weight * decay + (1.0 - decay)
        shares = [share * decay for share in self._shares]
        if loud:
            mode = 2 if not hertz else 1 if hertz >= self._hyper else 0
            shares[mode] += 1.0 - decay
        self._shares = [share if share > _TINY else 0.0 for share in shares]
        return [share / self._share_weight for share in self._shares]
