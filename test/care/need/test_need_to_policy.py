# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Fed twenty minutes ago and crying: from what was entered to what the shipped policy does."""

from pathlib import Path

from baby_cry_detector.care.need.labels import Cry, Fact
from baby_cry_detector.care.need.watching import CribWatch
from baby_cry_detector.care.policy.engine import PolicyEngine
from baby_cry_detector.care.policy.policy_file import read_policy
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.needs import Need
from baby_cry_detector.units import HOUR_NS, MINUTE_NS, SECOND_NS
from made_babies import NOW
import pytest

SHIPPED = Path(__file__).resolve().parents[3] / 'config' / 'policy.yaml'
ROUNDS = 60


def lived():
    """Return what happened: it is fed when it cries, and has wind twenty minutes later."""
    items = []
    for number in range(ROUNDS):
        fed_ns = NOW - 20 * MINUTE_NS - (ROUNDS - 1 - number) * 3 * HOUR_NS
        for name, onset_ns, kind in (('h', fed_ns - 5 * MINUTE_NS, 'fed'),
                                     ('w', fed_ns + 20 * MINUTE_NS, 'burped')):
            items += [Cry(f'{name}-{number}', onset_ns, onset_ns + 6 * MINUTE_NS),
                      Fact(onset_ns + 5 * MINUTE_NS, kind)]
    return items[:-2]                   # what it cries of now is not known


@pytest.mark.parametrize('intensity', (0.5, 0.9))
@pytest.mark.parametrize('is_known', (True, False))
def test_fed_twenty_minutes_ago_and_crying_hard_a_person_is_called(intensity, is_known):
    watch = CribWatch('crib', lived() if is_known else ())
    engine = PolicyEngine(read_policy(SHIPPED.read_text(), 'policy.yaml'), 'crib')
    engine.observe(CryState(NOW - SECOND_NS, 'crib'))
    for step in range(60):
        state = CryState(NOW + step * SECOND_NS // 5, 'crib', crying=True, episode_id='now',
                         onset_ns=NOW, intensity=intensity)
        watch.on_state(state)
        while not watch.step():
            pass
        said = watch.estimate()
        plan = engine.observe(CryState(
            state.stamp_ns, 'crib', crying=True, episode_id='now', onset_ns=NOW,
            intensity=intensity, need=Need[said.need.upper()], confidence=said.confidence,
            need_basis=said.basis))
    assert said.need == ('burping' if is_known else 'unknown'), said
    if is_known or intensity == 0.9:
        assert plan.rock is None and plan.sound is None and plan.alert is not None
    else:
        assert plan.alert is None, 'the robot tries first where nothing is known'


def test_whoever_has_just_fed_it_is_not_told_that_it_is_hungry():
    """A regular day outweighs the one feed that came early; who entered it knows better."""
    items = []
    for number in range(-ROUNDS, 0):
        for name, onset_ns, kind in (('h', NOW + number * 3 * HOUR_NS, 'fed'),
                                     ('t', NOW + number * 3 * HOUR_NS + 90 * MINUTE_NS, 'slept')):
            items += [Cry(f'{name}{number}', onset_ns, onset_ns + 6 * MINUTE_NS),
                      Fact(onset_ns + 5 * MINUTE_NS, kind)]
    for fed_min, need in ((25, 'unknown'), (None, 'hungry')):
        early = [] if fed_min is None else [
            Cry('early', NOW - (fed_min + 5) * MINUTE_NS, NOW - (fed_min - 1) * MINUTE_NS),
            Fact(NOW - fed_min * MINUTE_NS, 'fed')]
        watch = CribWatch('crib', items + early)
        for step in range(3):
            watch.on_state(CryState(NOW + step * SECOND_NS, 'crib', crying=True, episode_id='now',
                                    onset_ns=NOW, intensity=0.5))
            while not watch.step():
                pass
        answer, _ = watch.baby.why(NOW, NOW + 2 * SECOND_NS)
        said = watch.estimate()
        assert answer.need == 'hungry' and answer.may_name      # of itself it would say so
        assert said.need == need
        assert fed_min is None or f'last fed {fed_min} min ago' in said.reason
