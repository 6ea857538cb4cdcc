# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
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
