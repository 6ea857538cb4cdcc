# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Second opinions: what they make of the targets, and what they leave alone."""

from pathlib import Path

from baby_cry_detector.research.training.config import ConfigError, DataOptions
from baby_cry_detector.research.training.feature_store import StreamFeatures
from baby_cry_detector.research.training.manifest import Clip, ManifestError
from baby_cry_detector.research.training.opinions import clip_targets, targets_digest, with_targets
import numpy as np
import pytest

ASKED = DataOptions(opinion_column='second', opinion_weight=0.25)


def clip(number, kind, **extra):
    path = f'{kind}/{number}.wav'
    return Clip(path=path, file=Path(path), label=kind, group=f'g{number}', fold=0, kind=kind,
                extra=extra)


def test_targets_lie_between_label_and_opinion():
    clips = [clip(0, 'cry', second='0.2'), clip(1, 'not_cry', second=' 0.8 '),
             clip(2, 'cry', second=''), clip(3, 'not_cry'), clip(4, 'emotion', second='1')]
    targets = clip_targets(clips, ASKED)
    assert targets.dtype == np.float32
    assert targets == pytest.approx([0.8, 0.2, 1.0, 0.0, 0.25])
    assert [one.is_cry for one in clips] == [True, False, True, False, False]


@pytest.mark.parametrize('weight, wanted', [(0.0, [1.0, 0.0]), (1.0, [0.3, 0.9])])
def test_the_ends_of_the_weight(weight, wanted):
    clips = [clip(0, 'cry', second='0.3'), clip(1, 'not_cry', second='0.9')]
    assert clip_targets(clips, DataOptions(opinion_column='second', opinion_weight=weight)) \
        == pytest.approx(wanted)


def test_nothing_is_asked_for_by_default():
    assert clip_targets([clip(0, 'cry', second='0.2')], DataOptions()) is None


def test_a_manifest_without_the_column_is_said_and_its_labels_are_used():
    said = []
    assert clip_targets([clip(0, 'cry'), clip(1, 'not_cry')], ASKED, said.append) is None
    assert len(said) == 1 and 'WARNING' in said[0] and "'second'" in said[0]


def test_every_wrong_opinion_is_named():
    clips = [clip(0, 'cry', second='often'), clip(1, 'cry', second='0.5'),
             clip(2, 'cry', second='1.01'), clip(3, 'cry', second='nan'),
             clip(4, 'cry', second='-0.1')]
    with pytest.raises(ManifestError) as caught:
        clip_targets(clips, ASKED)
    lines = str(caught.value).split('\n')
    assert [line.split(':')[0] for line in lines] == [f'cry/{n}.wav' for n in (0, 2, 3, 4)]


@pytest.mark.parametrize('weight', [-0.1, 1.1, float('nan')])
def test_a_weight_out_of_range(weight):
    with pytest.raises(ConfigError, match='opinion_weight'):
        DataOptions(opinion_column='second', opinion_weight=weight)


def test_frames_get_their_clips_target_and_silence_keeps_its_own():
    of_clip = np.array([[0, 0, -1], [1, -1, 1]])
    streams = StreamFeatures(
        values=np.ones((2, 3, 1), np.float32), target=np.array([[1, 1, 0], [0, 0, 0]], np.float32),
        weight=np.ones((2, 3), np.float32), segment=of_clip, clip=of_clip)
    assert with_targets(streams, None) is streams
    soft = with_targets(streams, np.array([0.7, 0.1], np.float32))
    assert soft.target == pytest.approx(np.array([[0.7, 0.7, 0.0], [0.1, 0.0, 0.1]]))
    assert soft.values is streams.values and soft.weight is streams.weight
    assert streams.target[0, 0] == 1  # the kept features are not written to


def test_the_digest_names_the_targets():
    one, other = np.array([0.5, 1.0], np.float32), np.array([0.5, 0.9], np.float32)
    assert targets_digest(one) == targets_digest(one.astype(np.float64))
    assert targets_digest(one) != targets_digest(other)
