# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of the decision: one by one and together."""

from dataclasses import fields

from baby_cry_detector.decision.operating_points import thresholds_of
from baby_cry_detector.decision.settings import DECISION_PARAMETERS, DecisionSettings
from baby_cry_detector.fields import defaults, ParameterError
import pytest


def test_table_and_settings_agree():
    assert {field.name: field.default for field in fields(DecisionSettings)} \
        == defaults(DECISION_PARAMETERS)
    assert DecisionSettings.of({}) == DecisionSettings()
    for parameter in DECISION_PARAMETERS:
        assert parameter.live and parameter.description.endswith('.')
        if parameter.choices:
            with pytest.raises(ParameterError, match=parameter.name):
                DecisionSettings(**{parameter.name: 'loud'})
            continue
        assert parameter.minimum <= parameter.default <= parameter.maximum
        for outside in (parameter.minimum - 1e-6, parameter.maximum + 1e-6, float('nan'), '1'):
            with pytest.raises(ParameterError, match=parameter.name):
                DecisionSettings(**{parameter.name: outside})


def test_leave_is_below_enter():
    DecisionSettings(enter_threshold=0.6, leave_threshold=0.59)
    for leave in (0.6, 0.7):
        with pytest.raises(ParameterError, match='leave_threshold.*not below'):
            DecisionSettings(enter_threshold=0.6, leave_threshold=leave)
    with pytest.raises(ParameterError, match='unknown parameter'):
        DecisionSettings.of({'enter': 0.5})
    assert DecisionSettings.of({'hold_s': 2}).hold_s == 2.0


@pytest.mark.parametrize('own, checkpoint, expected', [
    ((0, 0), (None, None), (0.5, 0.3)),
    ((0, 0), (0.4, 0.2), (0.4, 0.2)),
    ((0, 0), (0.4, None), (0.4, 0.24)),
    ((0.8, 0), (0.4, 0.2), (0.8, 0.2)),
    ((0.2, 0), (0.4, 0.3), (0.2, 0.12)),
    ((0, 0.3), (0.4, 0.2), (0.4, 0.3)),
    ((0.7, 0.1), (0.4, 0.2), (0.7, 0.1)),
])
def test_thresholds_come_from_the_user_then_the_checkpoint(own, checkpoint, expected):
    settings = DecisionSettings(*own).resolved(*checkpoint)
    assert (settings.enter_threshold, settings.leave_threshold) == pytest.approx(expected)
    assert settings.resolved(0.9, 0.8) == settings


def test_a_leave_threshold_above_the_checkpoints_enter_is_refused():
    with pytest.raises(ParameterError, match='leave_threshold'):
        DecisionSettings(leave_threshold=0.5).resolved(0.4, 0.2)


POINTS = {'operating_points': {
    'quiet': {'enter_threshold': 0.8, 'leave_threshold': 0.5, 'recall': 0.8},
    'balanced': {'enter_threshold': 0.5, 'leave_threshold': 0.3},
    'sensitive': {'enter_threshold': 0.2, 'leave_threshold': 0.3}}}


def test_an_operating_point_is_the_checkpoints():
    assert thresholds_of(POINTS, 'quiet') == (0.8, 0.5)
    assert DecisionSettings(operating_point='quiet').operating_point == 'quiet'


@pytest.mark.parametrize('provenance, name, said', [
    ({}, 'quiet', 'has none'), (POINTS, 'loud', 'it has quiet, balanced'),
    (POINTS, 'sensitive', 'do not fit'), ({'operating_points': 7}, 'quiet', 'has none'),
    ({'operating_points': {'quiet': {'enter_threshold': float('nan'), 'leave_threshold': 0}}},
     'quiet', 'no thresholds'),
    ({'operating_points': {'quiet': {'enter_threshold': True}}}, 'quiet', 'no thresholds'),
    ({'operating_points': {'quiet': {'enter_threshold': 0.99, 'leave_threshold': 0.5}}},
     'quiet', 'do not fit')])
def test_a_wrong_operating_point_is_refused(provenance, name, said):
    with pytest.raises(ParameterError, match=said):
        thresholds_of(provenance, name)
