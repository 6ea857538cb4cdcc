# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Detectors that are shipped with the package, by the names that `model` and `--checkpoint` accept.

The default hears the set made for cries; ``is09`` hears the paper's INTERSPEECH-2009 descriptors.
MODEL_CARD.md has both. `CONFIRMER` is the second listener, which hears what they take for crying.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
CONFIRMER = FOLDER / 'cry_confirmer.npz'
SHIPPED = {'': FOLDER / 'cry_detector.npz', 'is09': FOLDER / 'cry_detector_is09.npz'}
