# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Level-independent cepstra for detection: 20 coefficients and their causal differences.

No smoothing and no look-ahead: a row is complete when its 25 ms window is. The bank ends at
4 kHz, so that the ceiling of a telephone-grade recording does not show.
"""

from typing import Any, Dict, Mapping

from baby_cry_detector.features.definition import Descriptors, FeatureSet, HOP_LENGTH, SAMPLE_RATE
from baby_cry_detector.features.stages.relative_cepstra import RelativeCepstra
from baby_cry_detector.features.stages.smoothing import AppendDifference
from baby_cry_detector.features.stages.spectrum import hamming, power, Spectrum
import numpy as np

_PARAMETERS: Dict[str, Any] = {
    'window_length': 400,
    'window': 'hamming',
    'relative_cepstra': {'bands': 40, 'low_hz': 60.0, 'high_hz': 4000.0, 'tau_s': 2.0,
                         'dip': 1e-3, 'floor': 2e-7, 'coefficients': 20},
    'difference': {'lag_frames': 4},
}


class Cepstra20(Descriptors):
    """Computes the 40 columns; see `Descriptors`."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._spectrum = Spectrum(hamming(parameters['window_length']), HOP_LENGTH)
        self._cepstra = RelativeCepstra(
            fft_length=self._spectrum.fft_length, sample_rate=SAMPLE_RATE,
            hop_s=HOP_LENGTH / SAMPLE_RATE, **parameters['relative_cepstra'])
        self._difference = AppendDifference(parameters['difference']['lag_frames'])

    def reset(self) -> None:
        """Start a new stream."""
        self._cepstra.reset()
        self._difference.reset()

    def process(self, buffer: np.ndarray, count: int) -> np.ndarray:
        """Return rows, shape (count, 40)."""
        spectrum = self._spectrum.transform(self._spectrum.windowed(buffer, count))
        return self._difference.process(self._cepstra.process(power(spectrum)))

    def flush(self) -> np.ndarray:
        """Return the rows still owed: none."""
        return self._difference.flush()


FEATURE_SET = FeatureSet(
    name='cepstra20', version=1,
    columns=tuple([f'cepstrum[{i}]' for i in range(20)]
                  + [f'cepstrum_diff4[{i}]' for i in range(20)]),
    window_length=_PARAMETERS['window_length'], lookahead_frames=0,
    roles={}, parameters=_PARAMETERS, build=Cepstra20)
