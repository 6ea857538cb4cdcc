# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
import json

from baby_cry_detector.model.architecture import Architecture, ArchitectureError, count
from baby_cry_detector.model.cells import CELLS
from baby_cry_detector.research.cli import experiment
import pytest


def test_single_layer_counts_of_the_paper():
    for cell, weights in (('attention', 524288), ('lstm_peephole', 787200)):
        shapes = Architecture(512, (256,), cell=cell, gate_bias=False).layer_shapes(0)
        assert count(shapes, biases=False) == weights


@pytest.mark.parametrize('cell, weights', [
    ('attention', 1605632), ('lstm', 1900544), ('lstm_peephole', 1902848), ('gru', 1425408)])
def test_stack_counts_of_the_paper(cell, weights):
    network = Architecture.paper(32, 5, cell)
    assert network.count_parameters(biases=False) == weights + 33408
    assert network.with_changes(bias=False).count_parameters() == weights + 33408


@pytest.mark.parametrize('depth', [1, 2, 3, 7])
def test_depth_adds_no_parameter(depth):
    assert Architecture.paper(32, 5, depth=depth).shapes() == Architecture.paper(32, 5).shapes()


def test_gate_bias_and_stacking_are_counted():
    plain = Architecture(40, (64,), gate_bias=False)
    assert Architecture(40, (64,)).count_parameters() == plain.count_parameters() + 64
    assert Architecture(40, (64,), stack_frames=2).count_parameters() == 26946


@pytest.mark.parametrize('cell', CELLS)
def test_json_round_trip(cell):
    original = Architecture(7, (3, 5), cell=cell, stack_frames=2, dense_sizes=(4,), dropout=0.1,
                            n_labels=3, n_needs=2)
    document = json.loads(json.dumps(original.to_dict()))
    assert Architecture.from_dict(document) == original


@pytest.mark.parametrize('wrong', [
    {'input_size': 0}, {'input_size': 2.0}, {'input_size': True}, {'hidden_sizes': ()},
    {'hidden_sizes': 64}, {'hidden_sizes': (1 << 40,)}, {'hidden_sizes': (8,) * 99},
    {'cell': 'rnn'}, {'cell': ['lstm']}, {'depth': 0}, {'depth': 99},
    {'cell': 'lstm', 'depth': 2}, {'depth_strategy': 'sum'}, {'gate_activation': 'relu'},
    {'depth_strategy': 'softmax', 'gate_activation': 'hard_sigmoid'}, {'stack_frames': 0},
    {'dropout': 1.0}, {'dropout': float('nan')}, {'bias': 1}, {'n_labels': 0}, {'n_needs': -1},
    {'colour': 'red'}])
def test_what_cannot_be_built_is_refused_by_name(wrong):
    with pytest.raises(ArchitectureError, match=list(wrong)[-1].split('_')[0]):
        Architecture.from_dict({'input_size': 4, **wrong})


def test_experiment_parameters_json(capsys):
    import argparse
    parser = argparse.ArgumentParser()
    experiment.add_parser(parser.add_subparsers())
    args = parser.parse_args(['experiment', 'parameters', '--json'])
    assert args.run(args) == 0
    report = json.loads(capsys.readouterr().out)
    assert report['single_layer']['attention']['weights'] == 524288
    assert report['single_layer']['attention']['saving_vs_lstm_peephole'] == 0.334
    assert report['models']['attention']['cells']['saving_vs_lstm'] == 0.1552
    assert report['models']['attention']['cells']['saving_vs_gru'] == -0.1264
    layers = report['models']['lstm_peephole']['layers']
    assert layers['layers.1']['weights'] == 787200
    assert layers['dense.0']['weights'] + layers['label_head']['weights'] == 33408
