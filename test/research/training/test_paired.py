# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Two second listeners on the same streams: what one gains over the other, and how surely."""

from dataclasses import replace

from baby_cry_detector.decision.settings import DecisionSettings
from baby_cry_detector.research.evaluation.background import Scored
from baby_cry_detector.research.evaluation.confirmed import Evidence
from baby_cry_detector.research.evaluation.paired import (paired_auc, paired_events, paired_lines,
                                                          RECALLS, Windows)
import numpy as np
import pytest

HOP_S, HOURS = 0.5, 2
FIRST = 0.6


def stream(false_said, seed=0):
    """
    Return two hours with a cry a minute and, half a minute later, what is none.

    :param false_said: log-odds of what is none; cries have 0 to 4.
    """
    rng = np.random.default_rng(seed)
    smooth = np.zeros(HOURS * 360000, np.float32)
    values = np.full(int(HOURS * 3600 / HOP_S), -9.0)
    cries = []
    for minute in range(HOURS * 60):
        for at_s, said in ((minute * 60 + 5.0, 4 * rng.random()),
                           (minute * 60 + 35.0, false_said(rng))):
            smooth[int(at_s * 100):int(at_s * 100) + 400] = 0.9
            values[int(at_s / HOP_S):int((at_s + 4) / HOP_S)] = said
        cries.append((minute * 60 + 5.0, minute * 60 + 9.0, 10.0))
    settings = replace(DecisionSettings(), enter_threshold=FIRST, leave_threshold=FIRST / 2)
    return Scored(smooth, 0.01, 0.0, settings, [(0.0, HOURS * 3600.0, 'hum')], cries,
                  Evidence(values, HOP_S, 0.0))


def test_the_same_twice_is_no_difference():
    one = stream(lambda rng: 3 * rng.random())
    found = paired_events([one], [one], FIRST, draws=50)
    assert set(found) == {f'{recall:.2f}' for recall in RECALLS}
    for rates in found.values():
        assert rates['difference'] == 0.0 and rates['difference_95'] == [0.0, 0.0]
        assert rates['false_events_per_h'][0] > 5.0


def test_fewer_false_events_are_told_with_an_interval():
    # Of what is none a sixth lies above the threshold of 0.9 of the cries, or half.
    found = paired_events([stream(lambda rng: rng.uniform(-2.0, 0.8))],
                          [stream(lambda rng: rng.uniform(-0.4, 1.2))], FIRST, draws=100)['0.90']
    ours, theirs = found['false_events_per_h']
    low, high = found['difference_95']
    assert ours < 20 < theirs < 45
    assert low < found['difference'] < high < 0.0
    assert found['difference'] == pytest.approx(ours - theirs, abs=0.011)


def test_a_recall_that_one_does_not_reach_has_no_row():
    deaf = stream(lambda rng: -5.0)
    deaf.evidence.values[:] = np.where(np.arange(len(deaf.evidence.values)) < 7200,
                                       deaf.evidence.values, -9.0)
    found = paired_events([deaf], [stream(lambda rng: -5.0)], FIRST, draws=5)
    assert not found


def test_windows_have_their_auc_and_its_interval():
    rng = np.random.default_rng(0)
    is_cry = rng.random(3000) < 0.4
    good = Windows(np.arange(3000.0), is_cry, is_cry + 0.5 * rng.standard_normal(3000))
    bad = replace(good, said=is_cry + 2.0 * rng.standard_normal(3000))
    found = paired_auc({0: good, 1: good}, {0: bad, 1: bad})
    assert found['auc'][0] > found['auc'][1] + 0.2
    low, high = found['difference_95']
    assert 0.2 < low < found['difference'] < high
    same = paired_auc({0: bad}, {0: bad})
    assert same['difference'] == 0.0 and same['difference_95'] == [0.0, 0.0]


def test_lines_say_both_and_the_interval():
    windows = {'auc': [0.93, 0.92], 'difference': 0.01, 'difference_95': [0.005, 0.015]}
    events = {'0.90': {'false_events_per_h': [2.0, 3.0], 'difference': -1.0,
                       'difference_95': [-2.0, 0.1]}}
    assert paired_lines(events, windows) == [
        'windows: AUC 0.9300 in place of 0.9200: +0.0100 (+0.0050 to +0.0150)',
        'recall 0.90: 2.0 in place of 3.0 false events an hour: -1.0 (-2.0 to +0.1)']
