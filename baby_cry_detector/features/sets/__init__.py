# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The feature sets that shipped detectors use, one module each.

The large sets of research (`research/descriptors`) are loaded when one of them is named, so that a
robot never imports them.
"""

from importlib import import_module
from typing import Dict, Tuple

from baby_cry_detector.features.definition import FeatureSet
from baby_cry_detector.features.sets import cepstra20, cry, is09

_SETS: Dict[str, FeatureSet] = {
    feature_set.id: feature_set
    for feature_set in (is09.FEATURE_SET, cepstra20.FEATURE_SET, cry.FIRST, cry.FEATURE_SET)
}
# id: module and constant of the set, by name only.
_RESEARCH_SETS = {
    'is10/1': ('is10', 'FEATURE_SET'),
    'compare16/1': ('compare16', 'FEATURE_SET'),
    'compare16-lag3/1': ('compare16', 'FIXED_LAG_FEATURE_SET'),
}


def _load_research_set(set_id: str) -> None:
    module, constant = _RESEARCH_SETS[set_id]
    _SETS[set_id] = getattr(
        import_module(f'baby_cry_detector.research.descriptors.{module}'), constant)


def feature_set_ids() -> Tuple[str, ...]:
    """Return the ids of all sets, ``name/version``."""
    return tuple({**dict.fromkeys(_SETS), **dict.fromkeys(_RESEARCH_SETS)})


def get_feature_set(name: str) -> FeatureSet:
    """
    Return a set by name (its newest version) or by id (``is09/1``).

    :raises ValueError: naming the known sets.
    """
    for set_id in _RESEARCH_SETS:
        if set_id not in _SETS and name in (set_id, set_id.rpartition('/')[0]):
            _load_research_set(set_id)
    if name in _SETS:
        return _SETS[name]
    versions = [known for known in _SETS.values() if known.name == name]
    if versions:
        return max(versions, key=lambda known: known.version)
    raise ValueError(f'unknown feature set {name!r}; known: {", ".join(feature_set_ids())}')
