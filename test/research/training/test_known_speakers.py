# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Made speakers: what they differ in is learnt, and shuffled labels have nothing named."""

from baby_cry_detector.research.needs.known_speakers import gate, run
import numpy as np
import pytest


@pytest.fixture(scope='module')
def clips():
    """Return (rows, labels, speakers): four speakers; one label is commoner than two."""
    generator = np.random.default_rng(8)
    kinds = generator.normal(size=(3, 12)) * 1.5
    rows, labels, speakers = [], [], []
    for speaker in range(4):
        voice = generator.normal(size=12) * 3
        for label, count in enumerate((24, 12, 9)):
            rows.append(voice + kinds[label] + generator.normal(size=(count, 12)))
            labels += [f'kind {label}'] * count
            speakers += [f's{speaker}'] * count
    return np.concatenate(rows), np.array(labels), np.array(speakers)


def test_a_known_speaker_is_told_apart_better_than_a_stranger(clips):
    figures = run(*clips)
    assert figures['heard']['uar'] > 0.9 and figures['labels_5']['uar'] > 0.9
    assert figures['generic']['uar'] < figures['heard']['uar']


def test_shuffled_labels_have_nothing_named_and_true_ones_do(clips):
    figures = gate(*clips, permutations=12)
    assert (figures['true']['speakers'], figures['true']['ever_named']) == (4, 4)
    assert (figures['permuted']['speakers'], figures['permuted']['ever_named']) == (48, 0)
    assert gate(*clips, permutations=12) == figures, 'the same each time'
