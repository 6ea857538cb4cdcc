# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The INTERSPEECH 2010 Paralinguistic Challenge set: 38 descriptors and their deltas.

Schuller et al., "The INTERSPEECH 2010 Paralinguistic Challenge". Names, order and numbers follow
the set of that name in openSMILE's Python package; computed independently, with three declared
deviations, where the reference does not compute what it means to:

- ``pcm_loudness`` is (sum h x^2 / sum h / 1e-6)^0.3 over the whole frame; the reference uses
  the frame's first sample only.
- ``jitterLocal``, ``jitterDDP`` and ``shimmerLocal`` accept periods that correlate by more than
  0.5, as ComParE does; the reference compares with a running minimum whose rounding decides.
- They are taken from the frame that F0 belongs to; the reference takes the one after it.
"""

from baby_cry_detector.features.definition import (Descriptors, FeatureSet, HOP_LENGTH,
                                                   SAMPLE_RATE, smoothed_names, with_deltas)
from baby_cry_detector.features.stages.framing import frame_view
from baby_cry_detector.features.stages.mel import cepstral_matrix, mel_bank
from baby_cry_detector.features.stages.smoothing import SmoothWithDelta
from baby_cry_detector.features.stages.spectrum import gauss, hamming, power, Spectrum
from baby_cry_detector.research.descriptors.lsp import LineSpectralPairs
from baby_cry_detector.research.descriptors.pitch_shs import SubharmonicSummation
from baby_cry_detector.research.descriptors.pitch_smoother import SimplePitchSmoother
from baby_cry_detector.research.descriptors.voice_quality import VoiceQuality
import numpy as np

_PITCH_LENGTH = 960
_PARAMETERS = {
    'window_length': 400,
    'window': 'hamming',
    'preemphasis': 0.97,
    'loudness': {'reference': 1e-6, 'exponent': 0.3},
    'mel': {'bands': 26, 'low_hz': 20.0, 'high_hz': 8000.0, 'input': 'power', 'floor': 1e-8},
    'mfcc': {'first': 0, 'last': 14, 'lifter': 22.0},
    'log_mel': {'bands': 8, 'low_hz': 20.0, 'high_hz': 6500.0, 'floor': 1e-12},
    'lsp': {'order': 8, 'length': 275, 'period': 352, 'last_bin': 136},
    'pitch_window': {'length': _PITCH_LENGTH, 'gauss_sigma': 0.25},
    'pitch': {'low_hz': 25.0, 'enhance': False, 'candidates': 3, 'selection': 'record',
              'harmonics': 15, 'compression': 0.85, 'min_hz': 52.0, 'max_hz': 620.0},
    'pitch_smoother': {'voicing_cutoff': 0.75, 'envelope_weight': 0.25},
    'voice_quality': {'search': 0.25, 'least_correlation': 0.5},
    'smoothing': {'window': 3},
    'delta': {'window': 2},
}


class Is10(Descriptors):
    """Computes the 76 columns; see `Descriptors`."""

    def __init__(self, parameters):
        self._length = parameters['window_length']
        self._window = hamming(self._length)
        self._loudness = parameters['loudness']
        self._spectrum = Spectrum(self._window, HOP_LENGTH, parameters['preemphasis'])
        mel, mfcc, log_mel = (parameters[name] for name in ('mel', 'mfcc', 'log_mel'))
        self._bank, self._log_bank = (
            mel_bank(bank['bands'], bank['low_hz'], bank['high_hz'],
                     self._spectrum.fft_length, SAMPLE_RATE)[0] for bank in (mel, log_mel))
        self._floors = (mel['floor'], log_mel['floor'])
        self._cepstrum = cepstral_matrix(mel['bands'], mfcc['first'], mfcc['last'],
                                         mfcc['lifter'])
        self._lsp = LineSpectralPairs(**parameters['lsp'])
        window = parameters['pitch_window']
        self._pitch_spectrum = Spectrum(gauss(window['length'], window['gauss_sigma']),
                                        HOP_LENGTH)
        self._pitch = SubharmonicSummation(fft_length=self._pitch_spectrum.fft_length,
                                           sample_rate=SAMPLE_RATE, **parameters['pitch'])
        self._smoother = SimplePitchSmoother(**parameters['pitch_smoother'])
        self._quality = VoiceQuality(SAMPLE_RATE, HOP_LENGTH, window['length'],
                                     unvoiced_hnr_db=0.0, **parameters['voice_quality'])
        self._smooth = SmoothWithDelta()
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        for part in (self._smoother, self._quality, self._smooth):
            part.reset()
        self._waiting = np.empty((0, 32))
        self._frame = 0

    def process(self, buffer, count):
        """Return rows, shape (m, 76)."""
        return self._smooth.process(self.raw(buffer, count))

    def flush(self):
        """Return the rows still owed."""
        return self._smooth.finish(self._complete(self._smoother.flush()))

    def raw(self, buffer, count):
        """Return unsmoothed descriptors, shape (m, 38), one frame late."""
        rows = np.empty((count, 32))
        frames = frame_view(buffer, count, self._length, HOP_LENGTH)
        mean = (frames * frames) @ self._window / self._window.sum()
        rows[:, 0] = (mean / self._loudness['reference']) ** self._loudness['exponent']
        spectrum = self._spectrum.transform(self._spectrum.windowed(buffer, count))
        energy = power(spectrum)
        floor, log_floor = self._floors
        rows[:, 1:16] = np.log(np.maximum(energy @ self._bank, floor)) @ self._cepstrum
        rows[:, 16:24] = np.log(np.maximum(energy @ self._log_bank, log_floor))
        rows[:, 24:32] = self._lsp(spectrum)
        windowed = self._pitch_spectrum.windowed(buffer, count)
        magnitude = np.sqrt(power(self._pitch_spectrum.transform(windowed)))
        frequency, voicing = self._pitch(magnitude)
        self._quality.add(buffer, self._frame * HOP_LENGTH)
        self._frame += count
        self._waiting = np.concatenate((self._waiting, rows))
        return self._complete(self._smoother.process(frequency[:, 0], voicing[:, 0]))

    def _complete(self, pitch):
        count = len(pitch)
        rows = np.concatenate(
            (self._waiting[:count], pitch, self._quality.process(pitch[:, 2])[:, :3]), axis=1)
        self._waiting = self._waiting[count:].copy()
        return rows


FEATURE_SET = FeatureSet(
    name='is10', version=1,
    columns=with_deltas(smoothed_names(
        ['pcm_loudness', *(f'mfcc[{i}]' for i in range(15)),
         *(f'logMelFreqBand[{i}]' for i in range(8)), *(f'lspFreq[{i}]' for i in range(8)),
         'F0finEnv', 'voicingFinalUnclipped', 'F0final', 'jitterLocal', 'jitterDDP',
         'shimmerLocal'])),
    window_length=_PITCH_LENGTH, lookahead_frames=4,
    roles={'voicing': 'voicingFinalUnclipped_sma', 'f0': 'F0final_sma'},
    parameters=_PARAMETERS, build=Is10)
