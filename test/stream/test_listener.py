# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The shipped detector on made and real recordings, without ROS."""

from dataclasses import replace
import os
import shutil
import subprocess
import sys
import weakref

from baby_cry_detector.audio import AudioBlock, FileSource, to_pcm16
from baby_cry_detector.audio.synthesis.synthesiser import demonstration, synthesise_cry
from baby_cry_detector.checkpoints import SHIPPED
from baby_cry_detector.compiled import library
from baby_cry_detector.decision import DecisionSettings
from baby_cry_detector.fields import ParameterError
from baby_cry_detector.model.checkpoint import CheckpointError
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint, shared_checkpoint
from baby_cry_detector.stream.replay import listen
import numpy as np
import pytest
from recordings import recordings

NS = 1_000_000_000
RATE = 16_000


def blocks_of(samples, size=1600):
    pcm = to_pcm16(np.asarray(samples))
    return [AudioBlock(first, pcm[first:first + size]) for first in range(0, len(pcm), size)]


@pytest.fixture(scope='module', params=['', 'is09'], ids=['default', 'is09'])
def checkpoint(request):
    return open_checkpoint(request.param)


@pytest.fixture(scope='module')
def scene(checkpoint):
    samples, cries = demonstration()
    return list(listen(blocks_of(samples), FrameListener(checkpoint))), cries


def test_demonstration_cries_where_it_should(scene):
    decisions, cries = scene
    onsets = [decisions[i].onset_ns / NS for i in range(1, len(decisions))
              if decisions[i].crying and not decisions[i - 1].crying]
    assert onsets
    for onset_s in onsets:
        assert any(start - 0.3 <= onset_s <= end + 0.5 for start, end in cries)
    quiet = [d.crying for d in decisions if d.stamp_ns / NS < cries[0][0] - 0.1]
    assert quiet and not any(quiet)


def test_demonstration_intensity_is_zero_unless_it_cries(scene):
    decisions, _ = scene
    assert all(0.0 <= d.intensity <= 1.0 for d in decisions)
    assert max(d.intensity for d in decisions) > 0.3
    assert all(d.intensity == 0.0 for d in decisions if not d.crying)


@pytest.mark.parametrize('seed', range(4))
def test_synthesised_cries_are_heard(checkpoint, seed):
    samples = np.concatenate((np.zeros(RATE), synthesise_cry(8.0, seed=seed)))
    assert any(d.crying for d in listen(blocks_of(samples), FrameListener(checkpoint)))


@pytest.mark.parametrize('name', ['silence', 'hiss', 'hum', 'clipped square'])
def test_what_is_no_cry_is_none(checkpoint, name):
    t = np.arange(20 * RATE) / RATE
    samples = {
        'silence': np.zeros(t.size),
        'hiss': 0.02 * np.random.default_rng(0).standard_normal(t.size),
        'hum': 0.1 * np.sin(2 * np.pi * 50 * t) + 0.05 * np.sin(2 * np.pi * 100 * t),
        'clipped square': np.sign(np.sin(2 * np.pi * 60 * t)),
    }[name]
    decisions = list(listen(blocks_of(samples), FrameListener(checkpoint)))
    assert not any(d.crying for d in decisions)


def test_block_size_does_not_matter(checkpoint):
    samples = synthesise_cry(4.0, seed=2)
    answers = [[(d.stamp_ns, d.crying, d.cry_probability)
                for d in listen(blocks_of(samples, size), FrameListener(checkpoint))]
               for size in (160, 1000, 64_000)]
    for other in answers[1:]:
        assert [a[:2] for a in other] == [a[:2] for a in answers[0]]
        np.testing.assert_allclose([a[2] for a in other], [a[2] for a in answers[0]], atol=1e-5)


def test_thresholds_are_resolved_with_the_checkpoints(checkpoint):
    with pytest.raises(ParameterError, match='leave_threshold'):
        FrameListener(checkpoint, DecisionSettings(leave_threshold=0.999))
    decider = FrameListener(checkpoint).decider
    assert decider.settings.enter_threshold == pytest.approx(checkpoint.enter_threshold)
    assert decider.settings.smoothing_s == pytest.approx(checkpoint.smoothing_s)


def test_need_is_unknown_or_named_with_evidence(scene):
    decisions, _ = scene
    for decision in decisions:
        assert (decision.need_name == 'none') == (not decision.crying)


@pytest.mark.parametrize('threshold, named', [(0.5, {'HUNGRY'}), (1.0, set())])
def test_a_head_that_is_sure_names_a_need_up_to_the_checkpoints_threshold_only(threshold, named):
    shipped = open_checkpoint()

    def sure(member):
        bias = member.arrays.get('need_head.bias')
        if bias is None:
            return member
        return replace(member, arrays={**member.arrays, 'need_head.bias': bias + np.float32(
            [40.0 * (need == 'hungry') for need in shipped.needs])})

    listener = FrameListener(replace(shipped, members=tuple(map(sure, shipped.members)),
                                     need_threshold=threshold))
    decisions = list(listen(blocks_of(demonstration()[0]), listener))
    assert {d.need_name.upper() for d in decisions if d.crying} - {'UNKNOWN'} == named
    assert any(d.probabilities for d in decisions if d.crying) is bool(named)


def test_real_clips_are_told_apart(checkpoint):
    heard = {True: [], False: []}
    for path, is_cry in recordings(every=20):
        decisions = listen(FileSource(path, block_duration_s=0.5), FrameListener(checkpoint))
        heard[is_cry].append(any(d.crying for d in decisions))
    # Loose bounds: these clips were trained on; evaluate reports what is measured on others.
    assert np.mean(heard[True]) > 0.8
    assert np.mean(heard[False]) < 0.2


def test_listening_imports_neither_torch_nor_ros():
    code = ('import sys, baby_cry_detector.stream.listener as l; '
            'l.FrameListener(l.open_checkpoint()); '
            'sys.exit(any(m in sys.modules for m in ("torch", "rclpy", "matplotlib")))')
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0


@pytest.mark.skipif(library() is None, reason='the core was not built')
def test_streams_of_a_process_share_the_weights_of_one_file_until_it_is_another(tmp_path):
    assert shared_checkpoint()[1] is shared_checkpoint()[1]
    file = tmp_path / 'model.npz'
    shutil.copy(SHIPPED[''], file)
    checkpoint, model = shared_checkpoint(str(file))
    assert model is not None and checkpoint is model.checkpoint
    one, two = (FrameListener(checkpoint, model=model) for _ in range(2))
    assert one.runtime._model is two.runtime._model is model
    os.utime(file, ns=(1, 1))
    other = shared_checkpoint(str(file))[1]
    assert other is not model
    is_held = weakref.ref(other)
    del other
    assert is_held() is None
    with pytest.raises(CheckpointError):
        shared_checkpoint(str(tmp_path / 'nothing'))
