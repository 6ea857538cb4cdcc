# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Stamps that follow each other exactly are looked at no further; nothing is missed by that."""

from baby_cry_detector.stream.stamps import StampJudge
from baby_cry_detector.stream.verdict import FINE, WARN
import numpy as np
import pytest

RATE = 16000


def stream(block_s, seed):
    """Yield (arrival, stamp, samples, is bad, digest): exact ones, then something else, again."""
    generator = np.random.default_rng(seed)
    size, step_ns = round(block_s * RATE), round(block_s * 1e9)
    arrival_ns = stamp_ns = 10 ** 18
    number = 0
    for kind in ['exact', *generator.permutation(
            ['pace', 'exact', 'standing', 'exact', 'jitter', 'exact', 'bad', 'exact', 'copies',
             'exact', 'late', 'drift', 'bad', 'waver']), 'exact']:
        for _ in range(round(generator.uniform(6.0, 25.0) / block_s)):
            number += 1
            arrival_ns += step_ns
            stamp_ns += 0 if kind == 'standing' else round(
                step_ns * {'pace': 1.3, 'drift': 1.0019, 'waver': 1.0 + generator.uniform(
                    -0.0021, 0.0021)}.get(kind, 1.0))
            told_ns = stamp_ns + (int(generator.normal(0.0, 4e8)) if kind == 'jitter' else 0)
            late_ns = int(generator.uniform(0.0, 2e8)) if kind == 'late' else 0
            is_bad = kind == 'bad' and generator.random() < 0.3
            for _ in range(2 if kind == 'copies' else 1):
                yield arrival_ns + late_ns, told_ns, size, is_bad, number


@pytest.mark.parametrize('block_s', [0.04, 0.08, 1.0])
def test_nothing_is_said_otherwise_where_regular_blocks_are_passed_over(block_s):
    kinds = set()
    passed_over = 0
    for seed in range(4):
        judge, looks_always = StampJudge(0.1), StampJudge(0.1)
        for arrival_ns, stamp_ns, size, is_bad, digest in stream(block_s, seed):
            looks_always._regular_blocks = -1
            said = []
            for each in (judge, looks_always):
                each.time_of(arrival_ns, stamp_ns, size, RATE)
                said.append((each.note(is_bad, digest), each.mode, each.verdict, each.tolerance_s))
            assert said[0] == said[1]
            kinds.add(judge.verdict.kind)
            passed_over += judge._regular_blocks >= len(judge._blocks) and judge.verdict is FINE
    assert passed_over and len(kinds) > 2


@pytest.mark.parametrize('ahead_s, says', [
    (0.5, ''), (5.0, '5.0 s ahead'), (3600.0, '3600.0 s ahead'), (3.2e7, '370 days ahead')])
@pytest.mark.parametrize('exact', [True, False])
def test_a_clock_that_is_ahead_is_said_while_it_is(ahead_s, says, exact):
    judge, generator = StampJudge(0.04), np.random.default_rng(1)
    now_ns, step_ns = 10 ** 18, 80_000_000
    for block in range(400):
        now_ns += step_ns
        off_ns = round(1e9 * ahead_s) if block < 200 else 0
        late_ns = 0 if exact else int(generator.uniform(0.0, 3e7))
        judge.time_of(now_ns + late_ns, now_ns - step_ns + off_ns, 1280, RATE)
        judge.note(block == 200, block)
        if block == 199:
            assert judge.verdict.kind == ('clock' if says else '') and judge.mode == 'stamps'
            assert says in judge.verdict.sentence and judge.verdict.trusted
            assert judge.verdict.level == (WARN if says else FINE.level)
    assert judge.verdict.kind != 'clock'
