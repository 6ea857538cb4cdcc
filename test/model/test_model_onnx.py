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
import argparse
import json
import sys

import numpy as np
import pytest

from baby_cry_detector.cli import export
from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.model.checkpoint import save_checkpoint
from baby_cry_detector.model.runtime import make_runtime

KINDS = [dict(depth=depth, depth_strategy=strategy) for depth in (1, 2, 3)
         for strategy in ('cascade', 'mean', 'softmax')]
KINDS += [dict(gate_activation='hard_sigmoid'), dict(gate_activation='softmax'),
          dict(bias=False, gate_bias=False), dict(cell='lstm'), dict(cell='lstm_peephole'),
          dict(cell='gru'), dict(cell='gru', bias=False)]


def name_of(kind):
    return '-'.join(map(str, kind.values()))


def export_to(tmp_path, checkpoint):
    save_checkpoint(tmp_path / 'model.npz', checkpoint)
    parser = argparse.ArgumentParser()
    export.add_parser(parser.add_subparsers())
    args = parser.parse_args(['export', str(tmp_path / 'model.npz'),
                              '--out', str(tmp_path / 'model.onnx')])
    return args.run(args)


@pytest.mark.parametrize('stack', [1, 2])
@pytest.mark.parametrize('kind', KINDS, ids=name_of)
def test_backend_equals_numpy(make_checkpoint, frames, kind, stack):
    pytest.importorskip('onnx', reason='onnx is not installed')
    pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
    checkpoint = make_checkpoint(Architecture(4, (14, 10), stack_frames=stack, dense_sizes=(6,),
                                              n_needs=3, **kind))
    frames = frames[:1000]
    own, other = make_runtime(checkpoint), make_runtime(checkpoint, 'onnx')
    for mine, theirs in zip(own.process(frames), other.process(frames)):
        assert np.abs(mine - theirs).max() <= 1e-5
    own.import_state(other.export_state())
    other.import_state(own.export_state())
    for mine, theirs in zip(own.process(frames), other.process(frames)):
        assert np.abs(mine - theirs).max() <= 1e-5


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
    expected, expected_needs = make_runtime(checkpoint).process(frames)
    state = {value.name: np.zeros(value.shape, np.float32) for value in session.get_inputs()
             if value.name != 'frames'}
    names = [value.name for value in session.get_outputs()]
    for step in range(300):
        answer = dict(zip(names, session.run(names, {'frames': frames[2 * step:2 * step + 2],
                                                     **state})))
        state = {name: answer[f'next.{name}'] for name in state}
        assert abs(answer['cry_probability'][0] - expected[2 * step + 1]) <= 1e-5
        assert np.abs(answer['need_probabilities'] - expected_needs[2 * step + 1]).max() <= 1e-5


def test_members_of_different_rates_are_refused(tmp_path, make_checkpoint):
    pytest.importorskip('onnx', reason='onnx is not installed')
    checkpoint = make_checkpoint(Architecture(4, (5,)), Architecture(4, (5,), stack_frames=2))
    with pytest.raises(ValueError, match='1 and 2 frames'):
        export_to(tmp_path, checkpoint)
    assert not (tmp_path / 'model.onnx').exists()


def test_without_onnx_export_says_what_to_install(tmp_path, monkeypatch, capsys,
                                                  make_checkpoint, small):
    for name in [name for name in sys.modules if name.endswith('.onnx_graph')]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, 'onnx', None)
    assert export_to(tmp_path, make_checkpoint(small)) == 3
    assert 'pip install onnx' in capsys.readouterr().err
