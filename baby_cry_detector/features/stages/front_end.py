# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What stands before framing in sets that say so: offset and hum are taken off the samples."""

import numpy as np

from baby_cry_detector.features.stages.high_pass import HighPass
from baby_cry_detector.features.stages.hum import HumCanceller


class FrontEnd:
    """
    High-pass, then hum canceller.

    :param high_pass_hz: -3 dB of the Butterworth high-pass of second order.
    :param hum_highest_hz: the last multiple of 50 or 60 Hz that is taken off.
    :param hum_tau_s: time constant of the canceller.
    :param sample_rate: Hz.
    """

    def __init__(self, *, high_pass_hz: float, hum_highest_hz: float, hum_tau_s: float,
                 sample_rate: int) -> None:
        self._stages = (HighPass(high_pass_hz, sample_rate),
                        HumCanceller(hum_highest_hz, hum_tau_s, sample_rate))

    def reset(self) -> None:
        """Start a new stream."""
        for stage in self._stages:
            stage.reset()

    def process(self, samples: np.ndarray) -> np.ndarray:
        """Return float64 samples, filtered; shape (S,), S >= 0; blocks of any sizes do."""
        for stage in self._stages:
            samples = stage.process(samples)
        return samples
