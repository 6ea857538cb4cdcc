# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Write cases for `test/compiled/exercise.c`: tables, inputs and what Python makes of them.

    python test/helpers/core_cases.py FILE
"""

import ctypes
import struct
import sys

from baby_cry_detector import compiled
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.decision import CryDecider, DecisionSettings
from baby_cry_detector.decision.compiled import CompiledDecider
from baby_cry_detector.features import compiled as features
from baby_cry_detector.features import get_feature_set, StreamingExtractor
from baby_cry_detector.model import compiled as model
from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.model.recent_statistics import StatisticsArchitecture
from baby_cry_detector.model.runtime import Runtime
from baby_cry_detector.model.second.convolution import convolve, shape_of
from made_checkpoints import checkpoint_of, made_frames
import numpy as np


class Writer:
    """Writes numbers, arrays and structs as exercise.c reads them."""

    def __init__(self, file):
        self.file = file

    def numbers(self, *values):
        self.file.write(struct.pack(f'<{len(values)}q', *values))

    def array(self, values, dtype):
        data = np.ascontiguousarray(values, dtype=dtype).tobytes()
        self.numbers(len(data))
        self.file.write(data)

    def tables(self, tables, arrays):
        """Write a struct and the arrays that its pointers point to, found by their address."""
        by_address = {compiled.pointer(array): array for array in arrays}
        data = bytes(tables)
        places = [at for at in range(0, len(data), 8)
                  if struct.unpack_from('<Q', data, at)[0] in by_address]
        self.file.write(data)
        self.numbers(len(places))
        for at in places:
            array = by_address[struct.unpack_from('<Q', data, at)[0]]
            self.numbers(at)
            self.array(array, array.dtype)


def sounds():
    """Return two seconds of each: a cry, a quiet room, silence, what is no sound."""
    rng = np.random.default_rng(4)
    bad = rng.normal(0, 0.1, 8000)
    bad[::97], bad[5::211], bad[3000:3600] = np.nan, 1e9, 1e-310
    return np.concatenate((np.ravel(synthesise_cry(2.0)), rng.normal(0, 3e-4, 32000),
                           np.zeros(8000), bad, np.sign(rng.normal(size=8000))))


def write_extractor(out, name):
    feature_set = get_feature_set(name)
    arrays = features._Arrays()
    tables = features._TABLES[feature_set.id][1](feature_set.parameters, arrays)
    reference = StreamingExtractor(feature_set)
    samples = sounds()
    rows = np.concatenate((reference.process(samples).values, reference.flush().values))
    out.numbers(1)
    out.file.write(feature_set.name.encode().ljust(15, b'\0'))
    out.tables(tables, arrays._kept)
    front_end = feature_set.parameters.get('front_end')
    out.numbers(int(bool(front_end)))
    if front_end:
        arrays = features._Arrays()
        out.tables(features.front_end_tables(front_end, arrays), arrays._kept)
    out.array(samples, np.float64)
    out.array(rows, np.float64)
    out.numbers(rows.shape[1])


def write_model(out, *architectures):
    checkpoint = checkpoint_of(*architectures)
    columns = {name: index for index, name in enumerate(checkpoint.feature_columns)}
    frames = made_frames()[:400].copy()
    frames[::37, 2], frames[::53, 4] = np.nan, 3e38
    cry, needs = Runtime(checkpoint).process(frames)
    out.numbers(2, len(columns), len(checkpoint.labels), len(checkpoint.needs),
                len(checkpoint.members))
    out.file.write(struct.pack('<2d', checkpoint.temperature, checkpoint.need_temperature))
    out.array([checkpoint.labels.index(label) for label in checkpoint.cry_labels], np.int32)
    out.array(sorted({columns[name] for member in checkpoint.members
                      for name in member.input_columns}), np.int32)
    out.numbers(ctypes.sizeof(model._MemberTables))
    for index in range(len(checkpoint.members)):
        out.tables(*model._tables(checkpoint.members, index, columns))
    out.array(frames, np.float32)
    out.array(cry, np.float32)
    out.array(needs, np.float32)


def write_decider(out, core):
    options = {'need_labels': ('hungry', 'tired'), 'need_priors': (0.6, 0.4)}
    settings = DecisionSettings(need_min_confidence=0.4, need_min_odds_ratio=1.1).resolved()
    reference = CryDecider(settings, **options)
    rng = np.random.default_rng(9)
    n = 6000
    cry = np.clip(np.repeat(rng.uniform(0, 1, 60), 100) + rng.normal(0, 0.2, n), 0, 1)
    times = 10 ** 18 + 10 ** 7 * np.arange(n) + np.cumsum(rng.integers(0, 400, n) == 0) * 10 ** 9
    level, voicing = np.abs(rng.normal(0, 0.1, n)), rng.random(n)
    needs = rng.random((n, 2))
    told = [(decision.episode, decision.crying)
            for decision in reference.steps(times, cry, needs, level, voicing)]
    state = bytes(CompiledDecider(core, settings, **options)._state)
    out.numbers(3, len(state))
    out.file.write(state)
    for values, dtype in ((times, np.int64), (cry, float), (needs, float), (level, float),
                          (voicing, float), (told, np.int64)):
        out.array(values, dtype)


def convolution_cases():
    """Yield what `convolve` is asked: (x, kernel, bias, stride, activation, before)."""
    rng = np.random.default_rng(4)
    for channels, size, stride, activation, is_one, before in (
            (32, 3, 2, 1, True, (0, 0)), (24, 3, 1, 1, False, (1, 1)), (48, 5, 2, 0, False, None),
            (9, 5, 1, 2, False, None), (64, 3, 2, 2, False, (0, 1))):
        x = rng.normal(0, 1, (*rng.integers(1, 20, 2), 1 if is_one else channels))
        yield (x.astype(np.float32),
               rng.normal(0, 1, (size, size, channels)).astype(np.float32),
               rng.normal(0, 1, channels).astype(np.float32), stride, activation, before)


def write_convolution(out, case):
    x, kernel, bias, stride, activation, before = case
    expected = convolve(*case)
    out.numbers(4, *shape_of(x, kernel, stride, activation, before))
    for values in (x, kernel, bias, expected):
        out.array(values, np.float32)


def write_cases(path, core):
    """Write all cases; what is expected comes from Python."""
    cells = [{'depth': depth, 'depth_strategy': strategy} for depth in (1, 3)
             for strategy in ('cascade', 'mean', 'softmax')]
    cells += [{'gate_activation': 'hard_sigmoid'}, {'gate_activation': 'softmax'},
              {'cell': 'lstm'}, {'cell': 'lstm_peephole'}, {'cell': 'gru'}, {'bias': False}]
    with open(path, 'wb') as file:
        out = Writer(file)
        for name in ('cry/1', 'cry/2', 'is09/1', 'cepstra20/1'):
            write_extractor(out, name)
        for cell in cells:
            write_model(out, Architecture(4, (14, 10), stack_frames=2, dense_sizes=(6,), n_needs=3,
                                          **cell),
                        StatisticsArchitecture(4, window_frames=21, period_frames=3))
        write_decider(out, core)
        for case in convolution_cases():
            write_convolution(out, case)
        out.numbers(0)


if __name__ == '__main__':
    import os
    library, reason = compiled.load(compiled.PATHS)
    if library is None:
        sys.exit(reason)
    os.environ[compiled.PURE_PYTHON] = '1'      # what is expected is the reference's
    write_cases(sys.argv[1], library)
