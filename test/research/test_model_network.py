# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
from baby_cry_detector.model.architecture import Architecture
import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='training code needs PyTorch')

from baby_cry_detector.research.model.network import (  # noqa: E402, I100  # after importorskip
    AttentionGateLayer, CryNetwork, LstmLayer, SteppedLayer)

STRATEGIES = ('cascade', 'mean', 'softmax')
ALL_CELLS = [('attention', depth, strategy) for depth in (1, 2, 3) for strategy in STRATEGIES] \
    + [(cell, 1, 'cascade') for cell in ('lstm', 'lstm_peephole', 'gru')]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def equations(x, weights, units, depth, strategy):
    """Write out the equations for one sequence, float64, nothing shared with the package."""
    w_x, b, w_h, w, v, gate_bias = weights
    h, memories = np.zeros(units), [np.zeros(units)] * depth
    outputs = []
    for row in x:
        z = w_x @ row + w_h @ h + b
        candidate, o = np.tanh(z[:units]), sigmoid(z[units:])
        scores = [v @ np.tanh(w @ c) + gate_bias for c in memories]
        a = [sigmoid(score) for score in scores]
        if depth == 1:
            c = a[0] * memories[0] + (1 - a[0]) * candidate
        elif strategy == 'mean':
            c = sum(a[n] * memories[n] for n in range(depth)) / depth \
                + (1 - np.mean(a, axis=0)) * candidate
        elif strategy == 'cascade' and depth == 2:
            c = a[0] * memories[0] + (1 - a[0]) * (a[1] * memories[1] + (1 - a[1]) * candidate)
        elif strategy == 'cascade':
            c = a[0] * memories[0] + (1 - a[0]) * (
                a[1] * memories[1] + (1 - a[1]) * (a[2] * memories[2] + (1 - a[2]) * candidate))
        else:
            e = [np.exp(score) for score in scores]
            c = (sum(e[n] * memories[n] for n in range(depth)) + candidate) / (1 + sum(e))
        h = o * np.tanh(c)
        memories = [c, *memories[:-1]]
        outputs.append(h)
    return np.array(outputs), memories


def attention_layer(depth, strategy, units=5, inputs=3):
    layer = AttentionGateLayer(inputs, units, Architecture(
        inputs, (units,), depth=depth, depth_strategy=strategy)).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(3)
    return layer


@pytest.mark.parametrize('kernel', [True, False])
@pytest.mark.parametrize('depth', [1, 2, 3])
@pytest.mark.parametrize('strategy', STRATEGIES)
def test_layer_follows_the_equations(strategy, depth, kernel):
    torch.manual_seed(depth)
    layer = attention_layer(depth, strategy)
    layer.use_kernel = kernel
    x = torch.randn(40, 1, 3, dtype=torch.float64)
    start = (torch.zeros(1, 5, dtype=torch.float64), torch.zeros(1, depth, 5, dtype=torch.float64))
    with torch.no_grad():
        outputs, (h, memories) = layer.advance(x, start)
    weights = [p.detach().numpy() for p in (layer.weight_ih_l0, layer.bias_ih_l0,
                                            layer.weight_hh_l0, layer.gate_w, layer.gate_v,
                                            layer.gate_bias)]
    expected, expected_memories = equations(x[:, 0].numpy(), weights, 5, depth, strategy)
    assert np.allclose(outputs[:, 0], expected, rtol=0, atol=1e-12)
    assert np.allclose(h[0], expected[-1], rtol=0, atol=1e-12)
    assert np.allclose(memories[0], expected_memories, rtol=0, atol=1e-12)
    assert np.std(expected) > 0.1


@pytest.mark.parametrize('strategy', STRATEGIES)
def test_memories_stay_within_one(strategy):
    torch.manual_seed(1)
    layer = attention_layer(3, strategy, units=16)
    x = 100 * torch.randn(200, 4, 3, dtype=torch.float64)
    start = (torch.zeros(4, 16, dtype=torch.float64), torch.zeros(4, 3, 16, dtype=torch.float64))
    with torch.no_grad():
        outputs, (_, memories) = layer.advance(x, start)
    assert 0.5 < float(memories.abs().max()) <= 1
    assert float(outputs.abs().max()) <= np.tanh(1)


def test_peephole_of_zero_is_the_plain_lstm():
    torch.manual_seed(2)
    plain = LstmLayer(3, 6, Architecture(3, (6,), cell='lstm')).double()
    peephole = SteppedLayer(3, 6, Architecture(3, (6,), cell='lstm_peephole')).double()
    with torch.no_grad():
        peephole.weight_ih_l0.copy_(plain.weight_ih_l0)
        peephole.weight_hh_l0.copy_(plain.weight_hh_l0)
        peephole.bias_ih_l0.copy_(plain.bias_ih_l0 + plain.bias_hh_l0)
        peephole.peephole.zero_()
        x = torch.randn(20, 2, 3, dtype=torch.float64)
        start = (torch.randn(2, 6, dtype=torch.float64), torch.randn(2, 1, 6, dtype=torch.float64))
        expected, ends = plain.advance(x, start)
        outputs, own_ends = peephole.advance(x, start)
        assert torch.allclose(outputs, expected, rtol=0, atol=1e-12)
        assert torch.allclose(own_ends[1], ends[1], rtol=0, atol=1e-12)
        peephole.peephole.fill_(1)
        assert float((peephole.advance(x, start)[0] - expected).abs().max()) > 1e-2


@pytest.mark.parametrize('cell, depth, strategy', ALL_CELLS)
def test_pieces_with_carried_state_equal_the_whole(cell, depth, strategy):
    torch.manual_seed(3)
    network = CryNetwork(Architecture(4, (6, 5), cell=cell, depth=depth, stack_frames=2,
                                      depth_strategy=strategy, dense_sizes=(4,), n_needs=3))
    network = network.double().eval()
    x = torch.randn(3, 22, 4, dtype=torch.float64)
    labels, needs, end = network(x)
    assert labels.shape == (3, 11, 2) and needs.shape == (3, 11, 3)
    state, pieces, need_pieces = None, [], []
    for start, stop in ((0, 2), (2, 4), (4, 4), (4, 16), (16, 22)):
        piece, need_piece, state = network(x[:, start:stop], state=state)
        pieces.append(piece)
        need_pieces.append(need_piece)
    assert torch.allclose(torch.cat(pieces, 1), labels, rtol=0, atol=1e-12)
    assert torch.allclose(torch.cat(need_pieces, 1), needs, rtol=0, atol=1e-12)
    for own, other in zip(state, end):
        assert torch.allclose(own[0], other[0], rtol=0, atol=1e-12)
        assert torch.allclose(own[1], other[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize('cell, depth, strategy', ALL_CELLS)
def test_padded_batch_equals_single_sequences(cell, depth, strategy):
    torch.manual_seed(4)
    network = CryNetwork(Architecture(4, (6, 5), cell=cell, depth=depth, stack_frames=2,
                                      depth_strategy=strategy)).double().eval()
    lengths = [9, 40, 0, 2, 1, 17]
    x = torch.full((len(lengths), 40, 4), float('nan'), dtype=torch.float64)
    for row, length in enumerate(lengths):
        x[row, :length] = torch.randn(length, 4, dtype=torch.float64)

    def loss_of(labels, state):
        return (labels ** 2).sum() + sum((h ** 2).sum() + (c ** 3).sum() for h, c in state)

    network.zero_grad()
    labels, _, state = network(x, torch.tensor(lengths))
    loss = sum(loss_of(labels[row, :length // 2], [(h[row], c[row]) for h, c in state])
               for row, length in enumerate(lengths))
    loss.backward()
    batched = {name: p.grad.clone() for name, p in network.named_parameters()}

    network.zero_grad()
    total = 0.0
    for row, length in enumerate(lengths):
        own, _, own_state = network(x[row:row + 1, :length])
        assert torch.allclose(own[0], labels[row, :length // 2], rtol=0, atol=1e-12)
        single = loss_of(own[0], [(h[0], c[0]) for h, c in own_state])
        if single.requires_grad:
            single.backward()
        total += float(single.detach())
    assert abs(total - float(loss.detach())) < 1e-9 and total > 0.1
    for name, p in network.named_parameters():
        assert torch.allclose(p.grad, batched[name], rtol=0, atol=1e-9), name


@pytest.mark.parametrize('depth', [1, 3])
@pytest.mark.parametrize('strategy', STRATEGIES)
def test_gate_bias_spreads_the_memories(strategy, depth):
    torch.manual_seed(5)
    units = 64
    network = CryNetwork(Architecture(2, (units,), depth=depth, depth_strategy=strategy),
                         memory_steps=(1, 60))
    layer = network.layers[0]
    with torch.no_grad():       # at rest: the gate sees nothing and no input comes
        for parameter in (layer.gate_v, layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0):
            parameter.zero_()
        start = (torch.zeros(1, units), torch.ones(1, depth, units))
        _, (_, memories) = layer.advance(torch.zeros(1, 1, 2), start)
    kept = memories[0, 0].sort().values
    assert kept[0] == pytest.approx(np.exp(-1), abs=1e-5)
    assert kept[-1] == pytest.approx(np.exp(-1 / 60), abs=1e-5)


def test_wrong_shapes_are_refused():
    network = CryNetwork(Architecture(4, (6,)))
    with pytest.raises(ValueError, match='shape'):
        network(torch.zeros(1, 5, 3))
    with pytest.raises(ValueError, match='lengths'):
        network(torch.zeros(1, 5, 4), torch.tensor([6]))
    with pytest.raises(ValueError, match='memories'):
        CryNetwork(Architecture(4, (6,), gate_bias=False)).spread_memories(1, 60)


@pytest.mark.parametrize('cell, depth, strategy', ALL_CELLS)
def test_weights_have_the_names_and_shapes_of_the_architecture(cell, depth, strategy):
    for bias in (True, False):
        a = Architecture(4, (6, 5), cell=cell, depth=depth, depth_strategy=strategy, bias=bias,
                         gate_bias=bias, dense_sizes=(3,), n_needs=2)
        network = CryNetwork(a)
        arrays = network.numpy_arrays()
        assert {name: array.shape for name, array in arrays.items()} == a.shapes()
        other = CryNetwork(a)
        other.load_arrays(arrays)
        x = torch.randn(1, 9, 4)
        assert torch.equal(other(x)[0], network(x)[0])
