# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Time a training step of the paper's stack against torch's LSTM and GRU.

Forward and backward of the recurrent stack 32 → 512 → 256 on one thread, models interleaved
within every round so that a busy machine slows all of them alike. CPU time of the process;
the ratios are medians over the rounds, of each round's own times. Run:

    OMP_NUM_THREADS=1 python benchmarks/model_training.py [--rounds 7] [--batch 64] [--steps 300]

``--over-length 50 100 200 400`` repeats it for several numbers of steps: whether the ratio to
the LSTM changes as sequences grow, as the paper says it does. All lengths are interleaved too.
"""

import argparse
import json
import statistics
import time

from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.research.model.network import CryNetwork
import torch


def make_models(units, inputs, strategy):
    """Return ``{name: function (B, T, F) -> (B, T, H)}`` and the modules behind them."""
    models = {}
    sizes = [inputs, *units]
    for name, kind in (('nn.LSTM', torch.nn.LSTM), ('nn.GRU', torch.nn.GRU)):
        models[name] = torch.nn.ModuleList(kind(i, h, batch_first=True)
                                           for i, h in zip(sizes, sizes[1:]))
    for depth in (1, 2, 3):
        models[f'attention depth {depth}'] = CryNetwork(Architecture(
            inputs, tuple(units), depth=depth, depth_strategy=strategy, gate_bias=False))
    reference = CryNetwork(Architecture(inputs, tuple(units), gate_bias=False))
    reference.use_kernel(False)
    models['attention depth 1, plain autograd'] = reference
    return models


def train_step(model, x, target):
    """Run one forward and backward pass."""
    model.zero_grad(set_to_none=True)
    if isinstance(model, CryNetwork):
        y = x.transpose(0, 1).contiguous()
        for layer, state in zip(model.layers, model.zero_state(len(x))):
            y, _ = layer.advance(y, state)
        y = y.transpose(0, 1)
    else:
        y = x
        for layer in model:
            y, _ = layer(y)
    (y * target).sum().backward()


def measure(models, arguments, lengths):
    """Return ``{length: {name: CPU seconds of every round}}``."""
    inputs, targets = {}, {}
    for length in lengths:
        inputs[length] = torch.randn(arguments.batch, length, arguments.inputs)
        targets[length] = torch.randn(arguments.batch, length, arguments.units[-1])
    times = {length: {name: [] for name in models} for length in lengths}
    for index in range(arguments.rounds + 1):
        for length in lengths:
            for name, model in models.items():
                start = time.process_time()
                train_step(model, inputs[length], targets[length])
                if index:               # the first round warms up
                    times[length][name].append(time.process_time() - start)
    return times


def summary(times):
    """Return medians and median ratios of ``{name: CPU seconds of every round}``."""
    report = {}
    for name in times:
        entry = {'median_cpu_s': round(statistics.median(times[name]), 4)}
        for base in ('nn.LSTM', 'nn.GRU', 'attention depth 1'):
            if base in times:
                ratio = [own / other for own, other in zip(times[name], times[base])]
                entry[f'ratio_to_{base}'] = round(statistics.median(ratio), 3)
        report[name] = entry
    return report


def main():
    """Print CPU seconds and ratios as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--batch', type=int, default=64)
    parser.add_argument('--steps', type=int, default=300)
    parser.add_argument('--over-length', type=int, nargs='+', default=None, metavar='STEPS',
                        help='several numbers of steps instead of --steps')
    parser.add_argument('--inputs', type=int, default=32)
    parser.add_argument('--units', type=int, nargs='+', default=[512, 256])
    parser.add_argument('--strategy', default='cascade')
    parser.add_argument('--skip', nargs='*', default=[], help='names of models to leave out')
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(0)
    models = make_models(arguments.units, arguments.inputs, arguments.strategy)
    models = {name: model for name, model in models.items() if name not in arguments.skip}
    report = {'torch': torch.__version__, 'threads': torch.get_num_threads(),
              'batch': arguments.batch, 'units': arguments.units,
              'strategy': arguments.strategy, 'rounds': arguments.rounds}
    times = measure(models, arguments, arguments.over_length or [arguments.steps])
    if arguments.over_length:
        report['by_steps'] = {length: summary(found) for length, found in times.items()}
    else:
        report['steps'] = arguments.steps
        report['models'] = summary(times[arguments.steps])
    print(json.dumps(report, indent=2))


if __name__ == '__main__':
    main()
