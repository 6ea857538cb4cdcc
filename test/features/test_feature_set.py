# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Definitions: names, ids, round trip, mismatch."""

import json

from baby_cry_detector.features import (feature_set_ids, FeatureSet, FeatureSetMismatch,
                                        get_feature_set, StreamingExtractor)
import pytest


@pytest.mark.parametrize('name', feature_set_ids())
def test_round_trip_through_json(name):
    feature_set = get_feature_set(name)
    again = FeatureSet.from_dict(json.loads(json.dumps(feature_set.to_dict())))
    assert again == feature_set
    assert again.id == name
    newest = get_feature_set(feature_set.name)
    assert newest.name == feature_set.name and newest.version >= feature_set.version


@pytest.mark.parametrize('name', feature_set_ids())
def test_columns_are_unique_and_roles_exist(name):
    feature_set = get_feature_set(name)
    assert len(set(feature_set.columns)) == len(feature_set.columns)
    for column in feature_set.roles.values():
        assert feature_set.columns[feature_set.index(column)] == column


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match='is09/1.*cepstra20/1'):
        get_feature_set('is08')
    with pytest.raises(ValueError, match='is09/1'):
        StreamingExtractor('is09/99')


def test_unknown_column_names_the_set():
    with pytest.raises(ValueError, match='is09/1.*jitter'):
        get_feature_set('is09').index('jitter')


@pytest.mark.parametrize('change, words', [
    (lambda d: d['parameters']['mel'].update(bands=40), 'parameters.mel.bands is 40'),
    (lambda d: d['columns'].pop(), 'columns has 31 entries instead of 32'),
    (lambda d: d['columns'].__setitem__(3, 'x'), r'columns\[3\]'),
    (lambda d: d.pop('hop_length'), 'hop_length is missing'),
    (lambda d: d['parameters'].update(extra=1), 'parameters.extra is unknown'),
    (lambda d: d.update(version=7), 'unknown feature set .is09/7'),
    (lambda d: d.pop('name'), 'name and version are missing'),
])
def test_mismatch_names_the_difference(change, words):
    definition = get_feature_set('is09').to_dict()
    change(definition)
    with pytest.raises(FeatureSetMismatch, match=words):
        FeatureSet.from_dict(definition)


def test_to_dict_is_a_copy():
    definition = get_feature_set('is09').to_dict()
    definition['parameters']['mel']['bands'] = 3
    assert get_feature_set('is09').to_dict()['parameters']['mel']['bands'] == 26


def test_lookahead_of_is09_and_cepstra20():
    assert get_feature_set('is09').lookahead_s == pytest.approx(0.055)
    assert get_feature_set('cepstra20').lookahead_s == pytest.approx(0.025)
