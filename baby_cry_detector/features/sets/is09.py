# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The INTERSPEECH 2009 Emotion Challenge set: 16 descriptors and their deltas.

Schuller, Steidl, Batliner: "The INTERSPEECH 2009 Emotion Challenge", Interspeech 2009. Names,
order and numbers follow openSMILE's set of that name; computed independently. There is no
harmonic-to-noise ratio in it: what papers call so is ``voiceProb``. F0 cannot exceed 484.85 Hz.
"""

from typing import Any, Dict, Mapping

from baby_cry_detector.features.definition import (Descriptors, FeatureSet, HOP_LENGTH,
                                                   SAMPLE_RATE, smoothed_names, with_deltas)
from baby_cry_detector.features.stages.mel import cepstral_matrix, mel_bank
from baby_cry_detector.features.stages.pitch_cepstral import CepstralPitch, PitchContour
from baby_cry_detector.features.stages.smoothing import SmoothWithDelta
from baby_cry_detector.features.stages.spectrum import hamming, power, Spectrum
from baby_cry_detector.features.stages.time_domain import row_rms, zero_crossing_rate
import numpy as np

_PARAMETERS: Dict[str, Any] = {
    'window_length': 400,
    'window': 'hamming',
    'preemphasis': 0.97,
    'mel': {'bands': 26, 'low_hz': 0.0, 'high_hz': 8000.0, 'input': 'magnitude',
            'scale': 32767.0, 'floor': 1.0},
    'mfcc': {'first': 1, 'last': 12, 'lifter': 22.0},
    'pitch': {'max_pitch_hz': 500.0, 'voicing_threshold': 0.55, 'peak_factor': 0.6},
    'smoothing': {'window': 3},
    'delta': {'window': 2},
}


class Is09(Descriptors):
    """Computes the 32 columns; see `Descriptors`."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._length = parameters['window_length']
        self._spectrum = Spectrum(hamming(self._length), HOP_LENGTH, parameters['preemphasis'])
        mel, mfcc = parameters['mel'], parameters['mfcc']
        weights, _ = mel_bank(mel['bands'], mel['low_hz'], mel['high_hz'],
                              self._spectrum.fft_length, SAMPLE_RATE)
        self._bank = weights * mel['scale']
        self._floor = mel['floor']
        self._cepstrum = cepstral_matrix(mel['bands'], mfcc['first'], mfcc['last'],
                                         mfcc['lifter'])
        self._pitch = CepstralPitch(self._spectrum.fft_length, SAMPLE_RATE,
                                    **parameters['pitch'])
        self._contour = PitchContour()
        self._smooth = SmoothWithDelta()

    def reset(self) -> None:
        """Start a new stream."""
        self._contour.reset()
        self._smooth.reset()

    def process(self, buffer: np.ndarray, count: int) -> np.ndarray:
        """Return rows, shape (m, 32)."""
        return self._smooth.process(self.raw(buffer, count))

    def flush(self) -> np.ndarray:
        """Return the rows still owed."""
        return self._smooth.finish()

    def raw(self, buffer: np.ndarray, count: int) -> np.ndarray:
        """Return unsmoothed descriptors, shape (count, 16)."""
        rows = np.empty((count, 16))
        windowed = self._spectrum.windowed(buffer, count)
        energy = power(self._spectrum.transform(windowed))
        bands = np.sqrt(energy) @ self._bank
        rows[:, 0] = row_rms(windowed)
        rows[:, 1:13] = np.log(np.maximum(bands, self._floor)) @ self._cepstrum
        rows[:, 13] = zero_crossing_rate(buffer, count, self._length, HOP_LENGTH)
        rows[:, 14], pitch = self._pitch(energy)
        rows[:, 15] = self._contour.process(pitch)
        return rows


FEATURE_SET = FeatureSet(
    name='is09', version=1,
    columns=with_deltas(smoothed_names(
        ['pcm_RMSenergy', *(f'pcm_fftMag_mfcc[{i}]' for i in range(1, 13)),
         'pcm_zcr', 'voiceProb', 'F0'])),
    window_length=_PARAMETERS['window_length'], lookahead_frames=3,
    roles={'level': 'pcm_RMSenergy_sma', 'voicing': 'voiceProb_sma', 'f0': 'F0_sma'},
    parameters=_PARAMETERS, build=Is09)
