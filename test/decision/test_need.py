# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Need: named on evidence, and on nothing less."""

from pathlib import Path
import re

from baby_cry_detector.decision.need import Need, need_code, NeedDecider
from baby_cry_detector.decision.settings import DecisionSettings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
import numpy as np
import pytest

LABELS = ('hungry', 'tired', 'belly_pain')
PRIORS = (0.7, 0.2, 0.1)


def heard(rows, weight=1.0, **options):
    decider = NeedDecider(LABELS, PRIORS, **options)
    for row in rows:
        decider.update(row, weight)
    return decider


def test_the_constants_are_the_messages():
    message = Path(__file__).parents[2] / 'msg' / 'CryNeed.msg'
    if not message.exists():
        pytest.skip('the message definition is not beside the tests')
    constants = dict(re.findall(r'^uint8 NEED_(\w+)\s*=\s*(\d+)', message.read_text(), re.M))
    assert {name: int(code) for name, code in constants.items()} \
        == {need.name: need.value for need in Need}


def test_labels_have_codes():
    assert need_code('belly_pain') is need_code('pain') is Need.PAIN
    assert [need_code(need.name.lower()) for need in Need] == list(Need)
    assert need_code('Cold hot') is Need.COLD_HOT
    assert need_code('diaper') is Need.UNKNOWN


def test_not_crying_is_none_and_no_evidence_is_unknown():
    decider = NeedDecider(LABELS, PRIORS)
    assert decider.answer(False).need is Need.NONE
    answer = decider.answer(True)
    assert answer.need is Need.UNKNOWN and answer.label == '' and answer.confidence == 0.0
    np.testing.assert_allclose(answer.probabilities, PRIORS)
    assert NeedDecider().answer(True).need is Need.UNKNOWN


def test_strong_evidence_names_the_need():
    answer = heard([(0.1, 0.1, 0.8)] * 400).answer(True)
    assert answer.need is Need.PAIN and answer.label == 'belly_pain'
    assert answer.confidence == pytest.approx(0.8)
    np.testing.assert_allclose(answer.probabilities, (0.1, 0.1, 0.8))


def test_the_prior_alone_is_never_named():
    assert heard([PRIORS] * 2000).answer(True).need is Need.UNKNOWN
    lenient = DecisionSettings(need_min_confidence=0.0, need_min_odds_ratio=1.0,
                               need_min_cry_s=0.0)
    assert heard([PRIORS] * 2000, settings=lenient).answer(True).need is Need.UNKNOWN
    # A majority class has to become clearly likelier than it is anyway.
    assert heard([(0.75, 0.17, 0.08)] * 2000).answer(True).need is Need.UNKNOWN
    assert heard([(0.9, 0.07, 0.03)] * 2000).answer(True).need is Need.HUNGRY


@pytest.mark.parametrize('seed', range(20))
def test_shuffled_evidence_is_unknown(seed):
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet((0.5, 0.5, 0.5), 800)
    assert heard(rows).answer(True).need is Need.UNKNOWN
    certain = rng.permuted(np.tile((0.9, 0.05, 0.05), (800, 1)), axis=1)
    decider = NeedDecider(LABELS)
    for row in certain:
        decider.update(row, 1.0)
    assert decider.answer(True).need is Need.UNKNOWN


def test_a_need_takes_time_and_weight():
    assert heard([(0.05, 0.05, 0.9)] * 299).answer(True).need is Need.UNKNOWN
    assert heard([(0.05, 0.05, 0.9)] * 300).answer(True).need is Need.PAIN
    assert heard([(0.05, 0.05, 0.9)] * 300, weight=0.5).answer(True).need is Need.UNKNOWN
    assert heard([(0.05, 0.05, 0.9)] * 300, weight=0.0).heard_s == 0.0


def test_the_temperature_calibrates():
    rows = [(0.05, 0.05, 0.9)] * 400
    cold, warm = heard(rows), heard(rows, temperature=4.0)
    assert warm.answer(True).need is Need.UNKNOWN
    assert warm.posterior()[2] < cold.posterior()[2]


def test_evidence_is_forgotten():
    decider = heard([(0.05, 0.05, 0.9)] * 400)
    decider.reset()
    assert decider.answer(True).need is Need.UNKNOWN and decider.heard_s == 0.0


def test_a_label_without_a_constant_is_unknown_but_keeps_its_probability():
    decider = NeedDecider(('diaper', 'hungry'))
    for _ in range(500):
        decider.update((0.95, 0.05), 1.0)
    answer = decider.answer(True)
    assert answer.need is Need.UNKNOWN
    assert answer.probabilities[0] == pytest.approx(0.95)


def test_one_need_alone_says_nothing():
    decider = NeedDecider(('hungry',))
    for _ in range(500):
        decider.update((1.0,), 1.0)
    assert decider.answer(True).need is Need.UNKNOWN


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.floats(allow_nan=True, allow_infinity=True)] * 4), max_size=30))
def test_whatever_comes_probabilities_stay_probabilities(rows):
    decider = NeedDecider(LABELS, PRIORS)
    for *row, weight in rows:
        decider.update(row, weight)
    for crying in (False, True):
        answer = decider.answer(crying)
        assert answer.probabilities.sum() == pytest.approx(1.0)
        assert (answer.probabilities >= 0).all() and 0 <= answer.confidence <= 1


@pytest.mark.parametrize('arguments, words', [
    ((LABELS, (1, 2)), '3 priors'), ((LABELS, (1, 2, 0)), 'priors above 0'),
    ((LABELS, (1, 2, float('nan'))), 'priors above 0'), ((('a', 'a'),), 'different labels'),
    ((LABELS, PRIORS, 0.0), 'a temperature above 0')])
def test_wrong_arguments_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        NeedDecider(*arguments)
    with pytest.raises(ValueError, match='3 need probabilities'):
        NeedDecider(LABELS).update((0.5, 0.5), 1.0)
