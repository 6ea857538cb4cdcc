# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The sets of shipped detectors in compiled code (`extractor.c`, `sets/*.c`, `stages/*.c`).

The tables (windows, banks, transforms) are made by the Python stages and handed over, so that
there is one place that says what they are.
"""

import ctypes
from ctypes import c_double, c_int32, c_int64, c_void_p
from functools import lru_cache
import math
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple
import weakref

from baby_cry_detector import compiled
from baby_cry_detector.features.definition import FeatureSet, HOP_LENGTH, SAMPLE_RATE
from baby_cry_detector.features.stages.front_end import SILENT
from baby_cry_detector.features.stages.high_pass import HighPass
from baby_cry_detector.features.stages.hum import FIRST_STEPS, FOLLOW, HumCanceller
from baby_cry_detector.features.stages.mel import cepstral_matrix, mel_bank
from baby_cry_detector.features.stages.pitch_autocorrelation import AutocorrelationPitch
from baby_cry_detector.features.stages.pitch_cepstral import CepstralPitch
from baby_cry_detector.features.stages.spectrum import hamming, next_power_of_two
import numpy as np

_HOP_S = HOP_LENGTH / SAMPLE_RATE
_MOST_OWED = 5
_UNROLLED = 4                   # samples that the high-pass takes at a time; GROUP of stages.h
_ROOM_ROWS = 16
_ROOM_SAMPLES = (_ROOM_ROWS - 1) * HOP_LENGTH  # beside less than a window from before


class _CepstraTables(ctypes.Structure):
    _fields_ = [(name, c_void_p) for name in ('window', 'bank', 'cepstrum')] + [
        (name, c_double) for name in ('decay', 'dip', 'floor')] + [
        (name, c_int32) for name in ('bands', 'coefficients', 'lag')]


class _CryTables(ctypes.Structure):
    _fields_ = [('cepstra', _CepstraTables)] + [
        (name, c_void_p) for name in ('mfcc', 'lag_scale', 'lag_cost')] + [
        (name, c_double) for name in (
            'mfcc_dip', 'mfcc_floor', 'rolloff', 'rate', 'min_hz', 'max_hz', 'voicing_threshold',
            'least', 'most', 'hyper_hz', 'share_decay', 'power_decay', 'loud_ratio',
            'slope_limit', 'hop_s', 'sample_rate')] + [
        (name, c_int32) for name in ('n_mfcc', 'first_bin', 'stop_bin', 'first_lag', 'stop_lag',
                                     'slope_frames')]


class _Is09Tables(ctypes.Structure):
    _fields_ = [(name, c_void_p) for name in ('window', 'bank', 'cepstrum')] + [
        (name, c_double) for name in ('preemphasis', 'floor', 'period', 'voicing_threshold',
                                      'peak_factor')] + [
        (name, c_int32) for name in ('bands', 'coefficients', 'first_lag')]


class _FrontEndTables(ctypes.Structure):
    _fields_ = [(name, c_void_p) for name in (
        'within', 'from_state', 'to_state', 'carry', 'settled', 'sample_turn', 'turn', 'number',
        'which')] + [
        (name, c_double) for name in ('most_beside', 'least_step', 'first_steps', 'follow',
                                      'silent')] + [('lines', c_int32)]


class _Arrays:
    """Keeps the arrays alive to which tables point."""

    def __init__(self) -> None:
        self._kept: List[np.ndarray] = []

    def __call__(self, values: Any) -> int:
        self._kept.append(np.ascontiguousarray(values, dtype=np.float64))
        return compiled.pointer(self._kept[-1])


def _cepstra20(p: Mapping[str, Any], at: _Arrays) -> _CepstraTables:
    c = p['relative_cepstra']
    bank, _ = mel_bank(c['bands'], c['low_hz'], c['high_hz'],
                       next_power_of_two(p['window_length']), SAMPLE_RATE)
    return _CepstraTables(
        at(hamming(p['window_length'])), at(bank),
        at(cepstral_matrix(c['bands'], 0, c['coefficients'] - 1, 0.0)),
        math.exp(-_HOP_S / c['tau_s']), c['dip'], c['floor'], c['bands'], c['coefficients'],
        p['difference']['lag_frames'])


def _cry(p: Mapping[str, Any], at: _Arrays) -> _CryTables:
    mfcc, band, speech = p['mfcc'], p['band'], p['phonation']
    bins = (band['first_bin'], band['stop_bin'])
    pitch = AutocorrelationPitch(hamming(p['window_length']),
                                 next_power_of_two(p['window_length']), SAMPLE_RATE, bins,
                                 **p['pitch'])
    bands = p['relative_cepstra']['bands']
    least, most = (1.0 / (1.0 + 10.0 ** (-p['hnr'][limit] / 10.0))
                   for limit in ('min_db', 'max_db'))
    return _CryTables(
        _cepstra20(p, at),
        at(cepstral_matrix(bands, mfcc['first'], mfcc['last'], mfcc['lifter'])),
        at(pitch.lag_scale), at(pitch.lag_cost), mfcc['dip'] / bands, mfcc['floor'],
        band['rolloff'], pitch.rate, p['pitch']['min_hz'], p['pitch']['max_hz'],
        p['voicing_threshold'], least, most, speech['hyper_hz'],
        math.exp(-_HOP_S / speech['share_tau_s']), math.exp(-_HOP_S / speech['power_tau_s']),
        speech['loud_ratio'], speech['slope_limit'], _HOP_S, SAMPLE_RATE,
        mfcc['last'] - mfcc['first'] + 1, *bins, pitch.first_lag, pitch.stop_lag,
        speech['slope_frames'])


def _is09(p: Mapping[str, Any], at: _Arrays) -> _Is09Tables:
    mel, mfcc = p['mel'], p['mfcc']
    fft_length = next_power_of_two(p['window_length'])
    bank, _ = mel_bank(mel['bands'], mel['low_hz'], mel['high_hz'], fft_length, SAMPLE_RATE)
    pitch = CepstralPitch(fft_length, SAMPLE_RATE, **p['pitch'])
    return _Is09Tables(
        at(hamming(p['window_length'])), at(bank * mel['scale']),
        at(cepstral_matrix(mel['bands'], mfcc['first'], mfcc['last'], mfcc['lifter'])),
        p['preemphasis'], mel['floor'], pitch.period, p['pitch']['voicing_threshold'],
        p['pitch']['peak_factor'], mel['bands'], mfcc['last'] - mfcc['first'] + 1,
        pitch.first_lag)


def front_end_tables(front_end: Mapping[str, Any], at: _Arrays) -> _FrontEndTables:
    """Return the tables of what stands before framing."""
    high_pass = HighPass(front_end['high_pass_hz'], SAMPLE_RATE, _UNROLLED)
    hum = HumCanceller(front_end['hum_highest_hz'], front_end['hum_tau_s'], SAMPLE_RATE,
                       HOP_LENGTH)
    return _FrontEndTables(
        *(at(table) for table in (
            high_pass.within, high_pass.from_state, high_pass.to_state, high_pass.carry,
            high_pass.settled, hum.sample_turn, hum.turn, hum.number, hum.which)),
        hum.most_beside, hum.least_step, FIRST_STEPS, FOLLOW, SILENT, len(hum.number))


_TABLES: Dict[str, Tuple[str, Callable[..., Any]]] = {
    'cepstra20/1': ('cepstra20', _cepstra20), 'cry/1': ('cry', _cry), 'cry/2': ('cry', _cry),
    'is09/1': ('is09', _is09)}


class CompiledExtractor:
    """
    Samples in, rows out, of one stream; what `StreamingExtractor` runs where it can.

    :param feature_set: one that `make` knows.
    :param core: the library.
    """

    def __init__(self, feature_set: FeatureSet, core: ctypes.CDLL) -> None:
        # The first of a kind stays for as long as the process does: all others share its tables.
        first = _first_of(feature_set, core)
        like = compiled.declare(core.baby_cry_extractor_like, c_void_p, c_void_p)
        self._self: int = like(first)
        if not self._self:
            raise MemoryError('no memory for a stream')
        weakref.finalize(self, compiled.declare(core.baby_cry_extractor_free, None, c_void_p),
                         self._self)
        self._width = len(feature_set.columns)
        self._process = compiled.declare(core.baby_cry_extractor_process, c_int64, c_void_p,
                                         c_void_p, c_int64, c_void_p, c_void_p)
        self._rows = compiled.declare(core.baby_cry_extractor_rows, c_int64, c_void_p, c_int64)
        self._flush = compiled.declare(core.baby_cry_extractor_flush, c_int64, c_void_p, c_void_p)
        self._reset = compiled.declare(core.baby_cry_extractor_reset, None, c_void_p)
        # Room for the rows of a block of the graph's size.
        self._room = np.empty((_ROOM_ROWS, self._width))
        self._room_at = compiled.pointer(self._room)
        self._wrong = c_int64(0)
        self._wrong_at = ctypes.addressof(self._wrong)

    @property
    def handle(self) -> int:
        """Return where it is; this object keeps it."""
        return self._self

    @property
    def nonfinite_samples(self) -> int:
        """Return how many samples were NaN, infinite or absurd, since construction."""
        return self._wrong.value

    def process(self, samples: np.ndarray) -> np.ndarray:
        """Take float64 samples (S,); return the rows that they complete, (n, F)."""
        if not samples.flags.c_contiguous:
            samples = np.ascontiguousarray(samples)
        size = samples.size
        if size <= _ROOM_SAMPLES:
            done: int = self._process(self._self, compiled.pointer(samples), size,
                                      self._room_at, self._wrong_at)
            return np.array(self._room[:done])
        rows = np.empty((self._rows(self._self, samples.size), self._width))
        count = self._process(self._self, compiled.pointer(samples), samples.size,
                              compiled.pointer(rows), self._wrong_at)
        return rows[:count]

    def flush(self) -> np.ndarray:
        """Return the rows still owed, (n, F)."""
        rows = np.empty((_MOST_OWED, self._width))
        return rows[:self._flush(self._self, compiled.pointer(rows))]

    def reset(self) -> None:
        """Start a new stream."""
        self._reset(self._self)


@lru_cache(maxsize=None)
def _first_of(feature_set: FeatureSet, core: ctypes.CDLL) -> int:
    """Return an extractor of a set from whose tables others are made."""
    name, make_tables = _TABLES[feature_set.id]
    arrays = _Arrays()
    tables = make_tables(feature_set.parameters, arrays)
    new = compiled.declare(core[f'baby_cry_extractor_{name}'], c_void_p, c_void_p)
    made: int = new(ctypes.byref(tables))
    if not made:
        raise ValueError(f'the compiled core does not compute {feature_set.id}')
    if 'front_end' in feature_set.parameters:
        front_end = front_end_tables(feature_set.parameters['front_end'], arrays)
        attach = compiled.declare(core.baby_cry_extractor_front_end, c_int32, c_void_p, c_void_p)
        if not attach(made, ctypes.byref(front_end)):
            raise ValueError(f'the compiled core has no such front end: {feature_set.id}')
    return made


def make(feature_set: FeatureSet) -> Optional[CompiledExtractor]:
    """Return a compiled extractor, or None where Python computes this set."""
    core = compiled.library()
    if core is None or feature_set.id not in _TABLES:
        return None
    return CompiledExtractor(feature_set, core)
