# Copyright 2026 The baby_cry_detector authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""The known feature sets, one module each."""

from typing import Dict, Tuple

from baby_cry_detector.features.definition import FeatureSet
from baby_cry_detector.features.sets import cepstra20, compare16, cry, is09, is10

_SETS: Dict[str, FeatureSet] = {
    feature_set.id: feature_set
    for feature_set in (
        is09.FEATURE_SET, cepstra20.FEATURE_SET, cry.FEATURE_SET, is10.FEATURE_SET,
        compare16.FEATURE_SET, compare16.FIXED_LAG_FEATURE_SET)
}


def feature_set_ids() -> Tuple[str, ...]:
    """Return the ids of all sets, ``name/version``."""
    return tuple(_SETS)


def get_feature_set(name: str) -> FeatureSet:
    """
    Return a set by name (its newest version) or by id (``is09/1``).

    :raises ValueError: naming the known sets.
    """
    if name in _SETS:
        return _SETS[name]
    versions = [known for known in _SETS.values() if known.name == name]
    if versions:
        return max(versions, key=lambda known: known.version)
    raise ValueError(f'unknown feature set {name!r}; known: {", ".join(_SETS)}')
