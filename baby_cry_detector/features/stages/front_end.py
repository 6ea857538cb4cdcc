# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What stands before framing in sets that say so: offset and hum are taken off the samples."""

from baby_cry_detector.features.stages.high_pass import HighPass
from baby_cry_detector.features.stages.hum import HumCanceller
import numpy as np

# Far below a 16-bit step: what decays after a sound ends in silence, not in ever smaller tones.
SILENT = 1e-9


class FrontEnd:
    """
    High-pass, then hum canceller, on whole hops: the same samples whatever the blocks' sizes.

    :param high_pass_hz: -3 dB of the Butterworth high-pass of second order.
    :param hum_highest_hz: the last multiple of 50 or 60 Hz that is taken off.
    :param hum_tau_s: time constant of the canceller.
    :param sample_rate: Hz.
    :param hop: samples that are taken at a time.
    """

    def __init__(self, *, high_pass_hz: float, hum_highest_hz: float, hum_tau_s: float,
                 sample_rate: int, hop: int) -> None:
        self._hop = hop
        self._stages = (HighPass(high_pass_hz, sample_rate, hop),
                        HumCanceller(hum_highest_hz, hum_tau_s, sample_rate, hop))
        self._rest = np.empty(0)

    def reset(self) -> None:
        """Start a new stream."""
        self._rest = np.empty(0)
        for stage in self._stages:
            stage.reset()

    def process(self, samples: np.ndarray) -> np.ndarray:
        """Take float64 samples, shape (S,), S >= 0; return those of the hops that are whole."""
        buffer = np.concatenate((self._rest, samples))
        whole = len(buffer) // self._hop * self._hop
        self._rest = buffer[whole:].copy()
        out = np.empty(whole)
        for start in range(0, whole, self._hop):
            part = buffer[start:start + self._hop].copy()      # aligned as any other
            for stage in self._stages:
                part = stage.filter(part)
            part[np.abs(part) < SILENT] = 0.0
            out[start:start + self._hop] = part
        return out

    def flush(self) -> np.ndarray:
        """Return the samples still owed; the stream is over."""
        owed = len(self._rest)
        return self.process(np.zeros(-owed % self._hop))[:owed] if owed else np.empty(0)
