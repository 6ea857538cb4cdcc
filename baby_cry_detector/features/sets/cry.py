# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Our own set for infants' cries: 86 columns, independent of the level except for one.

- The 40 columns of ``cepstra20``: not smoothed, causal.
- 21 smoothed descriptors and their deltas: those of the INTERSPEECH 2009 set on a 60-4000 Hz
  band (a telephone's 4 kHz ceiling does not show), with voicing and F0 searched from 150 to
  2,000 Hz where the original stops at 484.85 Hz (`pitch_autocorrelation`: infants' mean F0 is
  496 +- 95 Hz, Michelsson et al. 2002, and hyperphonation lies at 1 to 2 kHz, Corwin and Golub);
  harmonic-to-noise ratio in dB (Boersma 1993; roughness: Koutseff et al. 2018), spectral
  centroid, roll-off, entropy and flux (`spectral_shape`).
- 4 causal ones over the run or the last second: melody slope in octaves per second and the
  shares of phonated, hyperphonated and dysphonated time (`phonation`).

Version 2 puts a front end before all of it (`front_end`): a microphone's offset and the mains' hum
reach neither the level nor any other column. Version 1 has none.

``pcm_RMSenergy`` is the plain linear RMS of 25 ms. F0 and its smoothing leave out unvoiced
frames (0), and a median over three frames drops islands and single jumps.
"""

from typing import Any, Dict, Mapping, Tuple

from baby_cry_detector.features.definition import (Descriptors, FeatureSet, HOP_LENGTH,
                                                   SAMPLE_RATE, smoothed_names, with_deltas)
from baby_cry_detector.features.sets import cepstra20
from baby_cry_detector.features.stages.framing import frame_view
from baby_cry_detector.features.stages.mel import cepstral_matrix
from baby_cry_detector.features.stages.phonation import Phonation
from baby_cry_detector.features.stages.pitch_autocorrelation import AutocorrelationPitch
from baby_cry_detector.features.stages.relative_cepstra import RelativeCepstra
from baby_cry_detector.features.stages.smoothing import (AppendDifference, Delay, Median,
                                                         SmoothWithDelta)
from baby_cry_detector.features.stages.spectral_shape import SpectralShape
from baby_cry_detector.features.stages.spectrum import hamming, power, Spectrum
from baby_cry_detector.features.stages.time_domain import row_rms
import numpy as np

_PARAMETERS: Dict[str, Any] = {
    'window_length': 400,
    'window': 'hamming',
    'relative_cepstra': dict(cepstra20.FEATURE_SET.parameters['relative_cepstra']),
    'difference': dict(cepstra20.FEATURE_SET.parameters['difference']),
    'mfcc': {'first': 1, 'last': 12, 'lifter': 22.0, 'dip': 1e-6, 'floor': 1e-20},
    'band': {'first_bin': 2, 'stop_bin': 128, 'rolloff': 0.85},
    'pitch': {'min_hz': 150.0, 'max_hz': 2000.0, 'exponent': 0.75, 'octave_cost': 0.11},
    'voicing_threshold': 0.4,
    'hnr': {'min_db': -20.0, 'max_db': 40.0},
    'phonation': {'hyper_hz': 1000.0, 'share_tau_s': 1.0, 'power_tau_s': 2.0, 'loud_ratio': 0.1,
                  'slope_frames': 8, 'slope_limit': 20.0},
    'median': {'window': 3},
    'smoothing': {'window': 3},
    'delta': {'window': 2},
}

_SMOOTHED = ('pcm_RMSenergy', *(f'mfcc[{i}]' for i in range(1, 13)), 'zcr', 'spectralCentroid',
             'spectralRollOff', 'spectralEntropy', 'spectralFlux', 'logHNR', 'voicing', 'F0')
_F0 = _SMOOTHED.index('F0')


class Cry(Descriptors):
    """Computes the 86 columns; see `Descriptors`."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._length = parameters['window_length']
        self._spectrum = Spectrum(hamming(self._length), HOP_LENGTH)
        fft_length = self._spectrum.fft_length
        hop_s = HOP_LENGTH / SAMPLE_RATE
        relative = parameters['relative_cepstra']
        self._cepstra = RelativeCepstra(fft_length=fft_length, sample_rate=SAMPLE_RATE,
                                        hop_s=hop_s, **relative)
        self._difference = AppendDifference(parameters['difference']['lag_frames'])
        mfcc, band = parameters['mfcc'], parameters['band']
        self._mfcc = cepstral_matrix(relative['bands'], mfcc['first'], mfcc['last'],
                                     mfcc['lifter'])
        self._dip, self._floor = mfcc['dip'] / relative['bands'], mfcc['floor']
        bins = (band['first_bin'], band['stop_bin'])
        self._shape = SpectralShape(bins, SAMPLE_RATE / fft_length, SAMPLE_RATE, band['rolloff'])
        self._pitch = AutocorrelationPitch(hamming(self._length), fft_length, SAMPLE_RATE, bins,
                                           **parameters['pitch'])
        self._threshold = parameters['voicing_threshold']
        # r of the limits in dB: HNR = 10 log10(r / (1 - r)).
        self._least, self._most = (1.0 / (1.0 + 10.0 ** (-parameters['hnr'][limit] / 10.0))
                                   for limit in ('min_db', 'max_db'))
        self._phonation = Phonation(hop_s=hop_s, **parameters['phonation'])
        self._median = Median([_F0])
        self._smooth = SmoothWithDelta([_F0])
        # The rows that wait for nothing wait for the smoothed ones.
        self._wait_cepstra = Delay(4)
        self._wait_phonation = Delay(3)

    def reset(self) -> None:
        """Start a new stream."""
        for part in (self._cepstra, self._difference, self._shape, self._phonation,
                     self._median, self._smooth, self._wait_cepstra, self._wait_phonation):
            part.reset()

    def process(self, buffer: np.ndarray, count: int) -> np.ndarray:
        """Return rows, shape (m, 86)."""
        rows, cepstra = self.raw(buffer, count)
        rows = self._median.process(rows)
        smooth, phonation = self._finish_rows(rows)
        return np.concatenate((self._wait_cepstra.process(cepstra), smooth, phonation), axis=1)

    def flush(self) -> np.ndarray:
        """Return the rows still owed."""
        cepstra = self._wait_cepstra.flush()
        if not len(cepstra):
            return cepstra
        first, owed = self._finish_rows(self._median.flush())
        smooth = self._smooth.finish()
        return np.concatenate(
            (cepstra, np.concatenate((first, smooth)),
             np.concatenate((owed, self._wait_phonation.flush()))), axis=1)

    def _finish_rows(self, rows: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        phonation = self._phonation.process(rows[:, _F0], rows[:, -1])
        return self._smooth.process(rows[:, :-1]), self._wait_phonation.process(phonation)

    def raw(self, buffer: np.ndarray, count: int) -> Tuple[np.ndarray, np.ndarray]:
        """Return unsmoothed descriptors and the band's power (count, 22), cepstra (count, 40)."""
        rows = np.empty((count, 22))
        rows[:, 0] = row_rms(frame_view(buffer, count, self._length, HOP_LENGTH))
        energy = power(self._spectrum.transform(self._spectrum.windowed(buffer, count)))
        bands = self._cepstra.bands(energy)
        least = bands.sum(axis=1, keepdims=True) * self._dip + self._floor
        rows[:, 1:13] = np.log(np.maximum(bands, least)) @ self._mfcc
        rows[:, 13:18], rows[:, 21] = self._shape.process(energy)
        pitch, rows[:, 19], periodic = self._pitch(energy)
        periodic = np.minimum(np.maximum(periodic, self._least), self._most)
        rows[:, 18] = 10.0 * np.log10(periodic / (1.0 - periodic))
        rows[:, _F0] = np.where(rows[:, 19] >= self._threshold, pitch, 0.0)
        return rows, self._difference.process(self._cepstra.from_bands(bands))


def _version(version: int, parameters: Mapping[str, Any]) -> FeatureSet:
    return FeatureSet(
        name='cry', version=version,
        columns=(cepstra20.FEATURE_SET.columns + with_deltas(smoothed_names(_SMOOTHED))
                 + Phonation.columns),
        window_length=_PARAMETERS['window_length'], lookahead_frames=4,
        roles={'level': 'pcm_RMSenergy_sma', 'voicing': 'voicing_sma', 'f0': 'F0_sma'},
        parameters=parameters, build=Cry)


# What was trained on the first version goes on hearing exactly what it was trained on.
FIRST = _version(1, _PARAMETERS)
FEATURE_SET = _version(2, {**_PARAMETERS, 'front_end': {
    'high_pass_hz': 80.0, 'hum_highest_hz': 1000.0, 'hum_tau_s': 0.5}})
