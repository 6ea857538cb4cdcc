# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
import pytest

torch = pytest.importorskip('torch', reason='training code needs PyTorch')

from baby_cry_detector.model.architecture import Architecture  # noqa: E402, I100, E501  # after importorskip
from baby_cry_detector.research.model import kernel  # noqa: E402  # after importorskip
from baby_cry_detector.research.model.network import CryNetwork, SteppedLayer  # noqa: E402, E501  # after importorskip

KINDS = [('cascade', 'sigmoid'), ('mean', 'sigmoid'), ('softmax', 'sigmoid'),
         ('cascade', 'hard_sigmoid'), ('mean', 'softmax')]


def arguments(depth, steps, batch=2, units=3, inputs=2, bias=True):
    def draw(*shape):
        return torch.randn(*shape, dtype=torch.float64, requires_grad=True)
    return [draw(steps, batch, inputs), draw(batch, units), draw(batch, depth, units),
            draw(2 * units, inputs), draw(2 * units) if bias else None, draw(2 * units, units),
            draw(units, units), draw(units, units), draw(units) if bias else None]


def reference_steps(x, h, memories, weight_x, bias, weight_h, gate_w, gate_v, gate_bias, strategy,
                    activation):
    """Step the cell's equations under plain autograd; arguments as those of the kernel."""
    architecture = Architecture(
        x.shape[2], (h.shape[1],), depth=memories.shape[1], depth_strategy=strategy,
        gate_activation=activation, bias=bias is not None, gate_bias=gate_bias is not None)
    layer = SteppedLayer(x.shape[2], h.shape[1], architecture)
    names = {'weight_ih_l0': weight_x, 'bias_ih_l0': bias, 'weight_hh_l0': weight_h,
             'gate_w': gate_w, 'gate_v': gate_v, 'gate_bias': gate_bias}
    layer.named_parameters = lambda: [(name, value) for name, value in names.items()
                                      if value is not None]
    return layer.run(x, (h, memories))


@pytest.mark.parametrize('bias', [True, False])
@pytest.mark.parametrize('depth', [1, 2, 3])
@pytest.mark.parametrize('strategy, activation', KINDS)
def test_gradcheck(monkeypatch, strategy, activation, depth, bias):
    monkeypatch.setattr(kernel, 'CHUNK_STEPS', 2)       # chunk borders inside the sequence
    torch.manual_seed(6)
    assert torch.autograd.gradcheck(
        lambda *a: kernel.attention_gate(*a, strategy, activation),
        arguments(depth, steps=5, bias=bias))


@pytest.mark.parametrize('steps', [1, 2, 15, 16, 17, 50])
@pytest.mark.parametrize('depth', [1, 2, 3, 5])
@pytest.mark.parametrize('strategy, activation', KINDS)
def test_kernel_equals_plain_autograd(strategy, activation, depth, steps):
    torch.manual_seed(7)
    own = arguments(depth, steps, batch=3, units=6, inputs=4)
    results = []
    for run in (kernel.attention_gate, reference_steps):
        outputs, cells = run(*own, strategy, activation)
        loss = (outputs ** 2).sum() + (cells[-1] * cells[0]).sum()
        results.append((outputs, cells, *torch.autograd.grad(loss, own)))
    for mine, plain in zip(*results):
        assert torch.allclose(mine, plain, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize('only', ['outputs', 'cells'])
def test_gradient_of_one_result_alone(only):
    torch.manual_seed(8)
    own = arguments(2, 20)
    gradients = []
    for run in (kernel.attention_gate, reference_steps):
        result = run(*own, 'cascade', 'sigmoid')[only == 'cells']
        gradients.append(torch.autograd.grad((result ** 2).sum(), own))
    for mine, plain in zip(*gradients):
        assert torch.allclose(mine, plain, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize('strategy', ['cascade', 'mean', 'softmax'])
def test_float32_network_gradients_are_close_to_plain(strategy):
    torch.manual_seed(9)
    network = CryNetwork(Architecture(6, (16, 12), depth=2, depth_strategy=strategy))
    x = torch.randn(8, 70, 6)
    gradients = []
    for use in (True, False):
        network.use_kernel(use)
        network.zero_grad()
        network(x)[0].logsumexp(-1).mean().backward()
        gradients.append([p.grad.clone() for p in network.parameters()])
    for mine, plain in zip(*gradients):
        assert torch.allclose(mine, plain, rtol=1e-3, atol=1e-6)


def test_extreme_scores_stay_finite():
    own = arguments(3, 4)
    with torch.no_grad():
        own[7].mul_(1e4)
    outputs, _ = kernel.attention_gate(*own, 'softmax', 'sigmoid')
    gradients = torch.autograd.grad(outputs.sum(), own)
    assert all(bool(torch.isfinite(g).all()) for g in (outputs, *gradients))


def test_clipped_training_steps_lower_the_loss():
    # A task that needs memory: was the first value of the sequence positive?
    torch.manual_seed(10)
    network = CryNetwork(Architecture(1, (12,), depth=2, dropout=0.1))
    optimiser = torch.optim.Adam(network.parameters(), 0.02)
    losses = []
    for _ in range(80):
        x = torch.randn(32, 25, 1)
        lengths = torch.randint(10, 26, (32,))
        labels, _, _ = network(x, lengths)
        last = labels[torch.arange(32), lengths - 1]
        loss = torch.nn.functional.cross_entropy(last, (x[:, 0, 0] > 0).long())
        optimiser.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        assert bool(torch.isfinite(norm))
        optimiser.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-10:]) / 10 < 0.5 < sum(losses[:5]) / 5
