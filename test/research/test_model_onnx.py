# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
import argparse
import json
import sys

from baby_cry_detector.features import extract, FeatureSet
from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.model.checkpoint import save_checkpoint
from baby_cry_detector.model.recent_statistics import StatisticsArchitecture
from baby_cry_detector.model.runtime import make_runtime
from baby_cry_detector.research.cli import export
from baby_cry_detector.stream.listener import open_checkpoint
import numpy as np
import pytest

KINDS = [{'depth': depth, 'depth_strategy': strategy} for depth in (1, 2, 3)
         for strategy in ('cascade', 'mean', 'softmax')]
KINDS += [{'gate_activation': 'hard_sigmoid'}, {'gate_activation': 'softmax'},
          {'bias': False, 'gate_bias': False}, {'cell': 'lstm'}, {'cell': 'lstm_peephole'},
          {'cell': 'gru'}, {'cell': 'gru', 'bias': False}]


def name_of(kind):
    return '-'.join(map(str, kind.values()))


def export_to(tmp_path, checkpoint):
    save_checkpoint(tmp_path / 'model.npz', checkpoint)
    parser = argparse.ArgumentParser()
    export.add_parser(parser.add_subparsers())
    args = parser.parse_args(['export', str(tmp_path / 'model.npz'),
                              '--out', str(tmp_path / 'model.onnx')])
    return args.run(args)


@pytest.mark.parametrize('kind', KINDS, ids=name_of)
def test_the_graph_of_every_cell_equals_numpy(tmp_path, make_checkpoint, frames, kind):
    pytest.importorskip('torch', reason='the export needs PyTorch')
    pytest.importorskip('onnx', reason='onnx is not installed')
    onnxruntime = pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
    checkpoint = make_checkpoint(Architecture(4, (14, 10), stack_frames=2, dense_sizes=(6,),
                                              n_needs=3, **kind))
    assert export_to(tmp_path, checkpoint) == 0
    session = onnxruntime.InferenceSession(str(tmp_path / 'model.onnx'),
                                           providers=['CPUExecutionProvider'])
    assert_graph_equals_runtime(session, checkpoint, frames[:1000])


def test_exported_graph_is_the_whole_detector(tmp_path, make_checkpoint, frames, small):
    pytest.importorskip('onnx', reason='onnx is not installed')
    onnxruntime = pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
    checkpoint = make_checkpoint(small, Architecture(4, (5,), cell='gru', stack_frames=2))
    assert export_to(tmp_path, checkpoint) == 0
    session = onnxruntime.InferenceSession(str(tmp_path / 'model.onnx'),
                                           providers=['CPUExecutionProvider'])
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata['checkpoint'])['labels'] == ['not_cry', 'cry']
    frames = frames[:600].copy()
    frames[50, 1], frames[51, 2] = np.nan, np.inf
    assert_graph_equals_runtime(session, checkpoint, frames)


def assert_graph_equals_runtime(session, checkpoint, frames):
    """Compare all answers from a fresh state; frames: a multiple of what the graph takes."""
    expected, expected_needs = make_runtime(checkpoint).process(frames)
    inputs = session.get_inputs()
    state = {value.name: np.zeros(value.shape, np.float32) for value in inputs
             if value.name != 'frames'}
    n = next(value.shape[0] for value in inputs if value.name == 'frames')
    after = np.array(json.loads(session.get_modelmeta().custom_metadata_map['answer_frames'])) - 1
    names = [value.name for value in session.get_outputs()]
    for start in range(0, len(frames), n):
        answer = dict(zip(names, session.run(names, {'frames': frames[start:start + n], **state})))
        state = {name: answer[f'next.{name}'] for name in state}
        assert np.abs(answer['cry_probability'] - expected[start + after]).max() <= 1e-5
        if checkpoint.needs:
            assert np.abs(answer['need_probabilities']
                          - expected_needs[start + after]).max() <= 1e-5


@pytest.mark.parametrize('statistics', [
    StatisticsArchitecture(4, window_frames=40, period_frames=4, hidden_sizes=(6, 5)),
    StatisticsArchitecture(4, window_frames=7, period_frames=1, hidden_sizes=(6,)),
    StatisticsArchitecture(4, window_frames=30, period_frames=3)], ids=['4', '1', '3'])
def test_members_of_several_rates_share_a_graph(tmp_path, make_checkpoint, frames, statistics):
    pytest.importorskip('onnx', reason='onnx is not installed')
    onnxruntime = pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
    checkpoint = make_checkpoint(Architecture(4, (7,), depth=2, stack_frames=2, n_needs=3),
                                 Architecture(4, (5,), cell='gru', stack_frames=4, n_needs=3),
                                 statistics)
    assert export_to(tmp_path, checkpoint) == 0
    session = onnxruntime.InferenceSession(str(tmp_path / 'model.onnx'),
                                           providers=['CPUExecutionProvider'])
    assert_graph_equals_runtime(session, checkpoint, frames[:144])


def test_the_default_detector_is_exported_whole(tmp_path):
    pytest.importorskip('onnx', reason='onnx is not installed')
    onnxruntime = pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
    checkpoint = open_checkpoint('')
    assert export_to(tmp_path, checkpoint) == 0
    session = onnxruntime.InferenceSession(str(tmp_path / 'model.onnx'),
                                           providers=['CPUExecutionProvider'])
    samples = np.random.default_rng(0).standard_normal(16000 * 3) * 0.1
    samples[16000:32000] += np.sin(2 * np.pi * 450 * np.arange(16000) / 16000) * 0.3
    frames = extract(FeatureSet.from_dict(checkpoint.feature_set), samples).astype(np.float32)
    assert_graph_equals_runtime(session, checkpoint, frames[:280])


def test_members_that_seldom_step_together_are_refused(tmp_path, make_checkpoint):
    pytest.importorskip('onnx', reason='onnx is not installed')
    checkpoint = make_checkpoint(Architecture(4, (5,), stack_frames=31),
                                 Architecture(4, (5,), stack_frames=32))
    with pytest.raises(ValueError, match='31 and 32 frames'):
        export_to(tmp_path, checkpoint)
    assert not (tmp_path / 'model.onnx').exists()


def test_without_onnx_export_says_what_to_install(tmp_path, monkeypatch, capsys,
                                                  make_checkpoint, small):
    for name in [name for name in sys.modules if name.endswith('.onnx_export')]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, 'onnx', None)
    assert export_to(tmp_path, make_checkpoint(small)) == 3
    assert 'pip install torch onnx' in capsys.readouterr().err
