# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Descriptors with the interface of opensmile-python, and as a transformer of scikit-learn.

``import baby_cry_detector.research.smile as opensmile`` is the one line that changes. The numbers
are computed here, from published definitions (docs/model/descriptors.md says how close they are).
"""

from baby_cry_detector.research.smile.smile import FeatureLevel, FeatureSet, Smile
from baby_cry_detector.research.smile.transformer import SmileTransformer

__all__ = ['FeatureLevel', 'FeatureSet', 'Smile', 'SmileTransformer']
