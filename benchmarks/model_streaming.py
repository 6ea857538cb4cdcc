# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Time a streaming step, batch 1, one thread, hot cache, against reading its weights once.

Two sizes: the paper's (32 inputs, cells [512, 256], dense 128, depth 2) and that of the small
detectors (80 values a step, [64]); or the members of a checkpoint. All runtimes are interleaved
within a round; the figures are medians over rounds. Also the import of the runtime: seconds and
resident memory of a fresh process. Run:

    OMP_NUM_THREADS=1 python benchmarks/model_streaming.py [--rounds 15] [--checkpoint F.npz]
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.model.checkpoint import Checkpoint, load_checkpoint
from baby_cry_detector.model.numpy_network import NumpyNetwork
from baby_cry_detector.model.runtime import make_runtime
import numpy as np

IMPORT_PROBE = """
import os, resource, time
start = time.perf_counter()
import baby_cry_detector.model.runtime
import baby_cry_detector.model.numpy_network
seconds = time.perf_counter() - start
pages = int(open('/proc/self/statm').read().split()[1])
print(seconds, pages * resource.getpagesize() / 1e6)
"""


def random_checkpoint(architecture, seed=0):
    """Return a checkpoint with weights drawn as torch draws them."""
    rng = np.random.default_rng(seed)
    bound = 1 / np.sqrt(architecture.hidden_sizes[-1])
    arrays = {name: rng.uniform(-bound, bound, shape).astype(np.float32)
              for name, shape in architecture.shapes().items()}
    columns = tuple(f'c{n}' for n in range(architecture.input_size))
    return Checkpoint.single(
        architecture, columns, np.zeros(len(columns)), np.ones(len(columns)), arrays,
        feature_set={}, feature_columns=columns,
        labels=tuple(f'label{n}' for n in range(architecture.n_labels)), cry_labels=('label0',))


def torch_cells(architecture):
    """Return a step of stacked nn.LSTMCell of the same sizes, or None without torch."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    cells = [torch.nn.LSTMCell(i, h) for i, h in zip(architecture.layer_input_sizes(),
                                                     architecture.hidden_sizes)]
    state = [(torch.zeros(1, h), torch.zeros(1, h)) for h in architecture.hidden_sizes]
    x = torch.randn(1, architecture.step_size)

    def step():
        y = x
        with torch.no_grad():
            for index, cell in enumerate(cells):
                state[index] = cell(y, state[index])
                y = state[index][0]
    return step


def runners(checkpoint):
    """Return ``{name: function that makes one step of every member}``."""
    rng = np.random.default_rng(1)
    weights = [np.concatenate([array.ravel() for array in member.arrays.values()])
               for member in checkpoint.members]
    stack = max(member.architecture.stack_frames for member in checkpoint.members)
    frames = rng.standard_normal((stack, len(checkpoint.feature_columns))).astype(np.float32)
    result = {'bound: read the weights': lambda: [array.max() for array in weights]}

    networks = [NumpyNetwork(member.architecture, member.arrays)
                for member in checkpoint.members]
    inputs = [rng.standard_normal(network_of.architecture.step_size).astype(np.float32)
              for network_of in checkpoint.members]

    def numpy_step():
        for network, x in zip(networks, inputs):
            network.step(x)

    result['numpy network step'] = numpy_step
    runtime = make_runtime(checkpoint)
    result[f'runtime, {stack} frame(s)'] = lambda: runtime.process(frames)
    first = checkpoint.members[0].architecture
    lstm = first.with_changes(cell='lstm', depth=1, depth_strategy='cascade')
    lstm_runtime = make_runtime(random_checkpoint(lstm))
    lstm_frames = frames[:, :lstm.input_size] if frames.shape[1] >= lstm.input_size else frames
    result["numpy runtime, LSTM of the first member's size"] = \
        lambda: lstm_runtime.process(lstm_frames)
    cells = torch_cells(first)
    if cells is not None:
        result["nn.LSTMCell of the first member's size"] = cells
    return result


def measure(checkpoint, rounds, repeats):
    """Return the report of one checkpoint."""
    functions = runners(checkpoint)
    times = {name: [] for name in functions}
    for index in range(rounds + 1):
        for name, function in functions.items():
            start = time.perf_counter()
            for _ in range(repeats):
                function()
            if index:                   # the first round warms up
                times[name].append((time.perf_counter() - start) / repeats)
    bound = times['bound: read the weights']
    n_bytes = sum(array.nbytes for member in checkpoint.members
                  for array in member.arrays.values())
    report = {'weight_bytes': n_bytes, 'runtimes': {}}
    for name, own in times.items():
        ratio = statistics.median(a / b for a, b in zip(own, bound))
        report['runtimes'][name] = {'us': round(1e6 * statistics.median(own), 1),
                                    'ratio_to_bound': round(ratio, 2)}
    return report


def import_cost():
    """Return seconds and MB of importing the runtime in a fresh process, medians of five."""
    runs = [[float(value) for value in subprocess.run(
        [sys.executable, '-c', IMPORT_PROBE], check=True, capture_output=True,
        text=True).stdout.split()] for _ in range(5)]
    return {'seconds': round(statistics.median(run[0] for run in runs), 3),
            'resident_mb': round(statistics.median(run[1] for run in runs), 1)}


def main():
    """Print the report as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--rounds', type=int, default=15)
    parser.add_argument('--repeats', type=int, default=100)
    parser.add_argument('--checkpoint', help='measure its members instead of the small size')
    arguments = parser.parse_args()
    paper = random_checkpoint(Architecture.paper(32, 5, depth=2))
    small = load_checkpoint(arguments.checkpoint) if arguments.checkpoint \
        else random_checkpoint(Architecture(40, (64,), stack_frames=2))
    print(json.dumps({'import': import_cost(),
                      'paper': measure(paper, arguments.rounds, arguments.repeats),
                      'small': measure(small, arguments.rounds, arguments.repeats)}, indent=2))


if __name__ == '__main__':
    main()
