# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The ComParE 2016 set: 65 descriptors and their deltas.

Schuller et al., "The INTERSPEECH 2016 Computational Paralinguistics Challenge"; Weninger et al.,
"On the acoustics of emotion in audio", Frontiers in Psychology 4, 2013. Names, order and numbers
follow openSMILE's set of that name; computed independently.

Declared deviation: the deltas of the first six (source) descriptors are those of AppendDelta
inside voiced segments, with the divisor 10; in the reference one divisor grows over all six for
the whole file, so that theirs fade as the file gets longer.

F0 is decided as soon as all paths agree, at the latest 30 frames later, so rows come in bursts;
``compare16-lag3`` always decides after 3 frames instead (0.4 % of frames differ).
"""

from baby_cry_detector.features.definition import (Descriptors, FeatureSet, HOP_LENGTH,
                                                   SAMPLE_RATE, smoothed_names, with_deltas)
from baby_cry_detector.features.stages.framing import frame_view
from baby_cry_detector.features.stages.mel import cepstral_matrix, mel_bank
from baby_cry_detector.features.stages.smoothing import SmoothWithDelta
from baby_cry_detector.features.stages.spectrum import gauss, hamming, power, Spectrum
from baby_cry_detector.features.stages.time_domain import row_rms, zero_crossing_rate
from baby_cry_detector.research.descriptors.auditory import equal_loudness, Rasta
from baby_cry_detector.research.descriptors.pitch_shs import SubharmonicSummation
from baby_cry_detector.research.descriptors.pitch_viterbi import PitchViterbi
from baby_cry_detector.research.descriptors.spectral_statistics import SpectralStatistics
from baby_cry_detector.research.descriptors.voice_quality import VoiceQuality
import numpy as np

_PITCH_LENGTH = 960
_MAX_LAG_FRAMES = 30
_PARAMETERS = {
    'window_length': 320,
    'window': 'hamming',
    'mel': {'bands': 26, 'low_hz': 20.0, 'high_hz': 8000.0, 'input': 'power'},
    'auditory': {'floor': 9.3e-10, 'compression': 0.33},
    'rasta': {'upper': 0.29, 'lower': 0.01, 'warm_up_frames': 5},
    'spectral': {'rolloff': [0.25, 0.5, 0.75, 0.9], 'floor': 1e-7},
    'mfcc': {'first': 1, 'last': 14, 'lifter': 22.0, 'scale': 32767.0, 'floor': 1.0},
    'pitch_window': {'length': _PITCH_LENGTH, 'gauss_sigma': 0.4},
    'pitch': {'low_hz': 25.0, 'enhance': True, 'candidates': 6, 'selection': 'score',
              'harmonics': 15, 'compression': 0.85, 'min_hz': 52.0, 'max_hz': 620.0},
    'viterbi': {'voicing_cutoff': 0.7, 'max_lag_frames': _MAX_LAG_FRAMES,
                'wait_for_convergence': True},
    'silence_rms': 0.001,
    'voice_quality': {'search': 0.25, 'least_correlation': 0.5, 'unvoiced_hnr_db': -100.0},
    'smoothing': {'window': 3, 'nonzero_columns': 6},
    'delta': {'window': 2},
}
_OTHERS = 59


class Compare16(Descriptors):
    """Computes the 130 columns; see `Descriptors`."""

    def __init__(self, parameters):
        self._spectrum = Spectrum(hamming(parameters['window_length']), HOP_LENGTH)
        fft_length = self._spectrum.fft_length
        mel, mfcc = parameters['mel'], parameters['mfcc']
        self._bank, centres = mel_bank(mel['bands'], mel['low_hz'], mel['high_hz'], fft_length,
                                       SAMPLE_RATE)
        self._auditory = parameters['auditory']
        self._loudness = equal_loudness(centres)
        self._rasta = Rasta(**parameters['rasta'])
        self._statistics = SpectralStatistics(fft_length, SAMPLE_RATE, **parameters['spectral'])
        self._scale, self._floor = mfcc['scale'] ** 2, mfcc['floor']
        self._cepstrum = cepstral_matrix(mel['bands'], mfcc['first'], mfcc['last'],
                                         mfcc['lifter'])
        window = parameters['pitch_window']
        self._pitch_length = window['length']
        self._pitch_spectrum = Spectrum(gauss(window['length'], window['gauss_sigma']),
                                        HOP_LENGTH)
        self._pitch = SubharmonicSummation(fft_length=self._pitch_spectrum.fft_length,
                                           sample_rate=SAMPLE_RATE, **parameters['pitch'])
        self._viterbi = PitchViterbi(parameters['pitch']['candidates'], **parameters['viterbi'])
        self._silence = parameters['silence_rms']
        self._quality = VoiceQuality(SAMPLE_RATE, HOP_LENGTH, window['length'],
                                     **parameters['voice_quality'])
        self._smooth = SmoothWithDelta(range(parameters['smoothing']['nonzero_columns']))
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        for part in (self._rasta, self._statistics, self._viterbi, self._quality, self._smooth):
            part.reset()
        # Rows that wait for their F0; the last column says whether the frame is silent.
        self._waiting = np.empty((0, _OTHERS + 1))
        self._frame = 0

    def process(self, buffer, count):
        """Return rows, shape (m, 130)."""
        return self._smooth.process(self.raw(buffer, count))

    def flush(self):
        """Return the rows still owed."""
        return self._smooth.finish(self._complete(self._viterbi.flush()))

    def raw(self, buffer, count):
        """Return unsmoothed descriptors of the frames decided, shape (m, 65)."""
        rows = np.empty((count, _OTHERS + 1))
        energy = power(self._spectrum.transform(self._spectrum.windowed(buffer, count)))
        bands = energy @ self._bank
        heard = np.maximum(bands, self._auditory['floor'])
        compression = self._auditory['compression']
        rows[:, 0] = ((heard * self._loudness) ** compression).mean(axis=1)
        filtered = np.exp(compression * self._rasta.process(np.log(heard)))
        filtered *= self._loudness ** compression
        rows[:, 1] = filtered.mean(axis=1)
        rows[:, 2] = row_rms(frame_view(buffer, count, self._spectrum.length, HOP_LENGTH))
        rows[:, 3] = zero_crossing_rate(buffer, count, self._pitch_length, HOP_LENGTH)
        rows[:, 4:30] = filtered
        rows[:, 30:45] = self._statistics.process(np.sqrt(energy), energy)
        bands *= self._scale
        rows[:, 45:59] = np.log(np.maximum(bands, self._floor)) @ self._cepstrum

        windowed = self._pitch_spectrum.windowed(buffer, count)
        rows[:, 59] = row_rms(windowed) <= self._silence
        magnitude = np.sqrt(power(self._pitch_spectrum.transform(windowed)))
        pitch = self._viterbi.process(*self._pitch(magnitude))
        self._quality.add(buffer, self._frame * HOP_LENGTH)
        self._frame += count
        self._waiting = np.concatenate((self._waiting, rows))
        return self._complete(pitch)

    def _complete(self, pitch):
        count = len(pitch)
        others = self._waiting[:count]
        pitch[others[:, -1] > 0] = 0.0
        rows = np.concatenate(
            (pitch, self._quality.process(pitch[:, 0]), others[:, :-1]), axis=1)
        self._waiting = self._waiting[count:].copy()
        return rows


_COLUMNS = with_deltas(smoothed_names(
    ['F0final', 'voicingFinalUnclipped', 'jitterLocal', 'jitterDDP', 'shimmerLocal', 'logHNR',
     'audspec_lengthL1norm', 'audspecRasta_lengthL1norm', 'pcm_RMSenergy', 'pcm_zcr',
     *(f'audSpec_Rfilt[{i}]' for i in range(26)),
     *(f'pcm_fftMag_{name}' for name in SpectralStatistics.columns),
     *(f'mfcc[{i}]' for i in range(1, 15))]))
_ROLES = {'level': 'pcm_RMSenergy_sma', 'voicing': 'voicingFinalUnclipped_sma',
          'f0': 'F0final_sma'}

FEATURE_SET = FeatureSet(
    name='compare16', version=1, columns=_COLUMNS,
    window_length=_PITCH_LENGTH, lookahead_frames=_MAX_LAG_FRAMES + 3,
    roles=_ROLES, parameters=_PARAMETERS, build=Compare16)

_FIXED_LAG = {**_PARAMETERS, 'viterbi': {'voicing_cutoff': 0.7, 'max_lag_frames': 3,
                                         'wait_for_convergence': False}}
FIXED_LAG_FEATURE_SET = FeatureSet(
    name='compare16-lag3', version=1, columns=_COLUMNS,
    window_length=_PITCH_LENGTH, lookahead_frames=6,
    roles=_ROLES, parameters=_FIXED_LAG, build=Compare16)
