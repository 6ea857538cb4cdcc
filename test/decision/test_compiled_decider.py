# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The compiled decider against the Python one, whatever befalls both."""

from dataclasses import asdict, fields, replace
import random

from baby_cry_detector.decision import CryDecider, DecisionSettings, STATUS_DISABLED
from baby_cry_detector.decision.compiled import CompiledDecider
from baby_cry_detector.needs import STATUS_NO_AUDIO
from compiled_core import core
import numpy as np
import pytest

STEP_NS = 10_000_000
LABELS = ('hungry', 'tired', 'belly_pain', 'whatever')


def assert_same(mine, reference, where):
    for field in fields(reference):
        one, other = getattr(mine, field.name), getattr(reference, field.name)
        if isinstance(other, float) or field.name == 'probabilities':
            assert one == pytest.approx(other, rel=1e-9, abs=1e-9), (where, field.name)
        else:
            assert one == other, (where, field.name)


class Twins:
    """Both deciders, told the same."""

    def __init__(self, seed):
        self.random, self.numbers = random.Random(seed), np.random.default_rng(seed)
        draw = self.random
        self.settings = DecisionSettings(
            hold_s=draw.choice([0.5, 3.0]), need_min_cry_s=draw.choice([0.5, 3.0]),
            need_min_confidence=0.4, need_min_odds_ratio=1.2,
            smoothing_s=draw.choice([0.05, 0.3, 5.0])).resolved()
        self.labels = LABELS if seed % 3 else ()
        self.options = {'need_labels': self.labels, 'crib_id': 'a',
                        'need_priors': (0.4, 0.3, 0.2, 0.1) if self.labels else None,
                        'need_threshold': draw.choice([0.0, 0.5, 1.0])}
        self.time_ns = 10 ** 18
        self.start()

    def start(self):
        self.both = (CompiledDecider(core(), self.settings, **self.options),
                     CryDecider(self.settings, **self.options))
        self.tell('ask_from', 0.3)

    def tell(self, name, *arguments):
        return [getattr(decider, name)(*arguments) for decider in self.both]

    def block(self):
        draw, numbers = self.random, self.numbers
        n = draw.choice([0, 1, 4, 16, 60, 200])
        cry = np.clip(numbers.normal(draw.choice([0.1, 0.5, 0.9]), 0.3, n), -0.1, 1.1)
        cry = draw.choice([cry, np.full(n, 0.6), np.round(cry, 1), cry.astype(np.float32)])
        if draw.random() < 0.1:
            cry[numbers.random(n) < 0.1] = np.nan
        times = self.time_ns + STEP_NS * np.arange(n, dtype=np.int64)
        self.time_ns += n * STEP_NS
        level = np.abs(numbers.normal(0, 0.1, n)) * draw.choice([0, 1, 1])
        level[numbers.random(n) < 0.02] = draw.choice([np.nan, np.inf, -1, 1e7])
        return (times, cry, numbers.random((n, len(self.labels))) ** 3 if self.labels else None,
                draw.choice([level, None]), draw.choice([numbers.random(n), None]))

    def hints(self):
        mine, reference = (decider.hint_since_ns for decider in self.both)
        assert mine == reference
        return reference is not None

    def what_is_rare(self):
        draw, event = self.random, self.random.random()
        reference = self.both[1]
        if event < 0.1:
            self.time_ns += draw.choice([10 ** 8, 10 ** 9, 4 * 10 ** 9, -10 ** 8, -10 ** 10])
            if draw.random() < 0.5:
                self.tell('gap')
        elif event < 0.2:
            status = draw.choice([STATUS_NO_AUDIO, STATUS_DISABLED])
            later = self.time_ns + draw.choice([10 ** 8, 2 * 10 ** 9, 10 ** 10])
            assert_same(*self.tell('idle', later, status), 'idle')
        elif event < 0.23:
            self.tell('reset')
        elif event < 0.27:
            self.tell('configure', replace(self.settings, hold_s=draw.choice([0.5, 1.0]),
                                           smoothing_s=draw.choice([0.05, 0.2, 1.0])))
        elif event < 0.31 and reference.crying:
            episode, until_ns = reference.episode, self.time_ns - STEP_NS
            self.start()
            for decider in self.both:
                decider.resume(replace(episode), until_ns)
            self.time_ns += draw.choice([10 ** 9, 2 * 10 ** 10, 5 * 10 ** 10])
        elif event < 0.33:
            self.tell('ask_from', draw.choice([0.05, 0.3, 0.9, 1.0]))
        elif event < 0.6 and self.hints():
            until_ns = self.time_ns - draw.choice([1, 20, 60]) * STEP_NS
            self.tell('agree', until_ns - 10 ** 9, until_ns)
        elif event < 0.63:
            for decider in self.both:
                decider.crib_id = event


@pytest.mark.parametrize('seed', range(12))
def test_decisions_are_the_same(seed):
    twins = Twins(seed)
    for number in range(60):
        block = twins.block()
        name = twins.random.choice(['steps', 'changes', 'update', 'due'])
        arguments = (*block, 150_000_000) if name == 'due' else block
        mine, reference = twins.tell('changes' if name == 'due' else name, *arguments)
        if name == 'update':
            mine, reference = [mine], [reference]
        mine, reference = list(mine), list(reference)
        assert len(mine) == len(reference)
        for pair in zip(mine, reference):
            assert_same(*pair, (number, name))
        twins.what_is_rare()
        assert_same(*twins.tell('decision'), number)
        mine, reference = twins.both
        for what in ('crying', 'hearing', 'gaps', 'invalid_steps'):
            assert getattr(mine, what) == getattr(reference, what)
        if reference.episode is not None:
            assert asdict(mine.episode) == asdict(reference.episode)


def test_wrong_sizes_are_named_and_change_nothing():
    decider = CompiledDecider(core(), need_labels=LABELS)
    times = np.arange(3) * STEP_NS
    for wrong in ((times, np.zeros(2)), (times, np.zeros(3), np.zeros((3, 2))),
                  (times.astype(float), np.zeros(3)), (times, np.zeros(3), None, np.zeros(4))):
        with pytest.raises(ValueError, match='expected'):
            list(decider.steps(*wrong))
    with pytest.raises(ValueError, match='1897 to 2043'):
        list(decider.steps(np.array([1 << 62]), np.ones(1)))
    assert not decider.crying and decider.decision().stamp_ns == 0
