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
"""
Acoustic descriptors of every 10 ms, as a stream or for a whole signal.

``get_feature_set('is09')`` names a definition, `StreamingExtractor` turns blocks of samples
into rows, `extract` a whole signal; all three share every line that computes.
"""

from baby_cry_detector.features.definition import FeatureSet, FeatureSetMismatch
from baby_cry_detector.features.extractor import extract, FrameBlock, StreamingExtractor
from baby_cry_detector.features.sets import feature_set_ids, get_feature_set

__all__ = [
    'extract', 'feature_set_ids', 'FeatureSet', 'FeatureSetMismatch', 'FrameBlock',
    'get_feature_set', 'StreamingExtractor',
]
