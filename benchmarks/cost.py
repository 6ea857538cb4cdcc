# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What listening costs: the core alone, many cribs, neighbours that listen too, and the whole graph.

    OMP_NUM_THREADS=1 python benchmarks/cost.py [RECORDING ...] [--yamnet yamnet.tflite] [--graph]

Samples go in as blocks of PCM16, decisions come out (one object where something changes, and one
each 150 ms), one thread, processor time. Everything is measured in turn within a round; each
figure is the least of the rounds, since other work on the machine can only add to it. The room is
a quiet one (noise at -70 dBFS); the nursery mix is 5 % active audio and 95 % quiet room.

YAMNet runs in LiteRT (pip install ai-edge-litert) on the model file given or in the environment
variable YAMNET_TFLITE, a window of 0.975 s each 0.4875 s and each 0.975 s. openSMILE (IS09 with
deltas over the whole signal), silero-vad and openWakeWord's features are measured where they are
installed, each as its users run it. --graph adds `graph_cost.py`: the nodes composed and separate
in real time, and three empty nodes that pass the same messages; it needs the built environment.
Prints a table, or JSON with --json.
"""

import argparse
import json
import os
import resource
import sys
import time

from baby_cry_detector import compiled
from baby_cry_detector.audio import read_audio
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.checkpoints import CONFIRMER
from baby_cry_detector.features import extract, get_feature_set
from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.model.second.confirmer import load_confirmer, WINDOW_SAMPLES
from baby_cry_detector.ros.base.parameters import AudioCaptureSettings
from baby_cry_detector.stream.listener import BlockListener, Cribs, open_checkpoint
import graph_cost
from model_streaming import random_checkpoint, runners
import numpy as np

RATE = 16000
PERIOD_NS = 150_000_000
START_NS = 10 ** 18
YAMNET, YAMNET_SLOW = 'YAMNet each 0.4875 s', 'YAMNet each 0.975 s'


class Listener:
    """One stream from PCM16 to decisions."""

    def __init__(self, checkpoint):
        self._listener = BlockListener(checkpoint, start_ns=START_NS)

    def __call__(self, block):
        return sum(1 for _ in self._listener.process(block, PERIOD_NS))


class Together:
    """Many cribs in one process, from PCM16 to decisions; each hears another part of a signal."""

    def __init__(self, checkpoint, count):
        self._cribs = Cribs(checkpoint, [f'crib_{n}' for n in range(count)], start_ns=START_NS)
        self._names = list(self._cribs.cribs)

    def __call__(self, pcm, size):
        for at in range(0, len(pcm) - size + 1, size):
            blocks = {name: pcm[(k := (at + 7 * n * size) % (len(pcm) - size + 1)):k + size]
                      for n, name in enumerate(self._names)}
            self._cribs.process(blocks, PERIOD_NS)


def timed(function, *arguments):
    """Return the processor seconds of a call."""
    begin = time.process_time()
    function(*arguments)
    return time.process_time() - begin


def run_blocks(listener, pcm, size):
    """Feed blocks to a listener."""
    for at in range(0, len(pcm) - size + 1, size):
        listener(pcm[at:at + size])


def latencies(listener, pcm, size):
    """Return p50 and p99, ms, from a block to its decisions: of the clock, of the processor."""
    times = []
    for at in range(0, len(pcm) - size + 1, size):
        begin = time.perf_counter(), time.thread_time()
        listener(pcm[at:at + size])
        times.append((time.perf_counter() - begin[0], time.thread_time() - begin[1]))
    wall, own = np.percentile(1e3 * np.array(times), (50, 99), axis=0).T.round(3).tolist()
    return {'p50': wall[0], 'p99': wall[1], 'processor_p50': own[0], 'processor_p99': own[1]}


def gate_step(rounds):
    """Return the time of a step of the paper's cells [512, 256] ÷ that of reading its weights."""
    functions = runners(random_checkpoint(Architecture.paper(32, 5, depth=2)))
    read, step = functions['bound: read the weights'], functions['runtime, 1 frame(s)']
    best = {read: 1.0, step: 1.0}
    for _ in range(20 * rounds):
        for function in best:
            begin = time.perf_counter()
            function()
            best[function] = min(best[function], time.perf_counter() - begin)
    return {'step_us': round(1e6 * best[step], 1), 'read_us': round(1e6 * best[read], 1),
            'ratio': round(best[step] / best[read], 2)}


def second_listener(rounds):
    """Return the processor's time for a window of the second listener, least of the rounds, ms."""
    samples = pcm16(np.random.default_rng(6).normal(0.0, 0.05, WINDOW_SAMPLES))

    def window_ms(in_memory):
        confirmer = load_confirmer(CONFIRMER, in_memory)
        return round(1e3 * min(timed(confirmer.evidence, samples) for _ in range(4 * rounds)), 1)
    return {'in_memory': window_ms(True), 'from_file': window_ms(False)}


def training_features(active, rounds):
    """Return hours of audio whose training features a processor makes in a minute."""
    samples, feature_set, found = active / 32767.0, get_feature_set('cry/2'), {}
    for how, pure in (('compiled', '0'), ('python', '1')):
        os.environ[compiled.PURE_PYTHON] = pure
        best = min(timed(extract, feature_set, samples) for _ in range(rounds))
        found[how] = round(len(active) / RATE / 60.0 / best, 2)
    del os.environ[compiled.PURE_PYTHON]
    return {**found, 'ratio': round(found['compiled'] / found['python'], 1)}


def pcm16(samples):
    return (np.clip(samples, -1, 1) * 32767).astype(np.int16)


def signals(paths, seconds):
    """Return active audio and a quiet room, int16."""
    parts = [read_audio(path) for path in paths] or [synthesise_cry(min(seconds, 60.0))]
    active = np.concatenate([np.ravel(part) for part in parts])
    active = np.resize(active, int(seconds * RATE))
    room = np.random.default_rng(1).normal(0, 10 ** (-70 / 20), int(seconds * RATE))
    return {'active audio': pcm16(active), 'quiet room': pcm16(room)}


def yamnet(path):
    """Return ``hop_s -> function(samples)`` that runs YAMNet over a signal, one thread."""
    from ai_edge_litert.interpreter import Interpreter
    interpreter = Interpreter(path, num_threads=1)
    entry = interpreter.get_input_details()[0]
    window = 15600
    if list(entry['shape']) != [window]:
        interpreter.resize_tensor_input(entry['index'], [window])
    interpreter.allocate_tensors()
    place, out = entry['index'], interpreter.get_output_details()[0]['index']

    def over(samples, hop):
        for at in range(0, len(samples) - window + 1, hop):
            interpreter.set_tensor(place, samples[at:at + window])
            interpreter.invoke()
            interpreter.get_tensor(out)
    return over


def neighbours(samples, yamnet_path):
    """Return ``{name: function()}`` of what is installed; say what is not."""
    found, as_float = {}, (samples / 32768).astype(np.float32)
    try:
        if not yamnet_path:
            raise ImportError('no model file: --yamnet or YAMNET_TFLITE')
        over = yamnet(yamnet_path)
        found[YAMNET] = lambda: over(as_float, 7800)
        found[YAMNET_SLOW] = lambda: over(as_float, 15600)
    except (ImportError, ValueError) as error:
        print(f'left out: YAMNet ({error})', file=sys.stderr)
    try:
        import opensmile
        smile = opensmile.Smile(feature_set=opensmile.FeatureSet.IS09,
                                feature_level='lld_de', num_workers=1)
        found['openSMILE IS09, whole signal'] = lambda: smile.process_signal(as_float, RATE)
    except (ImportError, AttributeError, ValueError) as error:
        print(f'left out: openSMILE ({error})', file=sys.stderr)
    try:
        import silero_vad
        import torch
        torch.set_num_threads(1)
        vad = silero_vad.load_silero_vad(onnx=True)

        def hear():
            for at in range(0, len(as_float) - 511, 512):
                vad(torch.from_numpy(as_float[at:at + 512]), RATE)
        found['silero-vad (ONNX), each 32 ms'] = hear
    except ImportError as error:
        print(f'left out: silero-vad ({error})', file=sys.stderr)
    try:
        from openwakeword.utils import AudioFeatures
        features = AudioFeatures(ncpu=1)

        def embed():
            for at in range(0, len(samples) - 1279, 1280):
                features(samples[at:at + 1280])
        found['openWakeWord features, each 80 ms'] = embed
    except Exception as error:      # it downloads its models where it lacks them
        print(f'left out: openWakeWord ({error})', file=sys.stderr)
    return found


def measure(arguments):
    """Return seconds of processor per second of audio, by name."""
    audio = signals(arguments.recordings, arguments.seconds)
    active = audio['active audio']
    tasks = {}
    default = open_checkpoint('')
    for model in ('', 'is09'):
        checkpoint = default if not model else open_checkpoint(model)
        for size in (160, 640, 1600):
            for name, pcm in audio.items():
                if size != 640 and name != 'active audio':
                    continue
                listener = Listener(checkpoint)
                tasks[f'{model or "default"}, {size // 16} ms, {name}'] = (
                    lambda listener=listener, pcm=pcm, size=size: run_blocks(
                        listener, pcm, size), len(pcm) / RATE)
    short = active[:int(RATE * min(4.0, arguments.seconds))]
    for count in arguments.cribs:
        cribs = Together(default, count)
        tasks[f'default, 40 ms, {count} crib{"s" * (count > 1)} in one process, each'] = (
            lambda cribs=cribs: cribs(short, 640), count * len(short) / RATE)
    alone_mb = resident_mb()
    for name, function in neighbours(active, arguments.yamnet).items():
        tasks[name] = (function, len(active) / RATE)
    seconds = {name: [] for name in tasks}
    for number in range(arguments.rounds + 1):
        for name, (function, duration_s) in tasks.items():
            cost = timed(function) / duration_s
            if number:                  # the first round warms up
                seconds[name].append(cost)
    figures = {name: min(costs) for name, costs in seconds.items()}
    mix = 0.05 * figures['default, 40 ms, active audio'] \
        + 0.95 * figures['default, 40 ms, quiet room']
    figures['default, 40 ms, nursery mix'] = mix
    report = {'core': compiled.description(), 'load': round(os.getloadavg()[0], 1),
              'cpu_s_per_s': figures, 'latency_ms': latencies(Listener(default), active, 640),
              'resident_mb': alone_mb, 'gate_step': gate_step(arguments.rounds),
              'second_listener_ms': second_listener(arguments.rounds),
              'training_hours_per_cpu_minute': training_features(active, arguments.rounds)}
    if arguments.graph:
        report['graph'] = {how: got for (how, _), got in graph_cost.table(
            arguments.graph_seconds, ['own'], arguments.block).items()}
    return report


def resident_mb():
    """Return the most memory that this process had resident so far, MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main():
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('recordings', nargs='*', help='active audio; default: a made cry')
    parser.add_argument('--seconds', type=float, default=20.0, help='of each kind of audio')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--cribs', type=int, nargs='*', default=[1, 4, 16, 64])
    parser.add_argument('--yamnet', default=os.environ.get('YAMNET_TFLITE', ''))
    parser.add_argument('--graph', action='store_true', help='measure the graph too')
    parser.add_argument('--graph-seconds', type=float, default=60.0)
    parser.add_argument('--block', type=float, default=AudioCaptureSettings().block_duration_s,
                        help='audio a message of the graph, s')
    parser.add_argument('--json', action='store_true')
    arguments = parser.parse_args()
    report = measure(arguments)
    if arguments.json:
        print(json.dumps(report, indent=2))
        return
    figures, graph = report['cpu_s_per_s'], report.get('graph', {})
    figures = {**figures, **{f'graph, {how}, nursery mix': got['share']
                             for how, got in graph.items()}}
    yamnet_s = figures.get(YAMNET)
    print(f"core: {report['core']}; load average {report['load']}")
    print(f'| one thread | CPU s per s of audio | ÷ {YAMNET} |')
    print('|---|---|---|')
    for name, cost in figures.items():
        ratio = f'{cost / yamnet_s:.2f}' if yamnet_s else ''
        print(f'| {name} | {cost:.5f} | {ratio} |')
    latency, step = report['latency_ms'], report['gate_step']
    print(f"\nblock in → decisions out: p50 {latency['p50']} ms, p99 {latency['p99']} ms; of the "
          f"processor alone {latency['processor_p50']} and {latency['processor_p99']} ms")
    print(f"attention-gate step [512, 256]: {step['step_us']} µs, its weights read once "
          f"{step['read_us']} µs: ÷ {step['ratio']}")
    second = report['second_listener_ms']
    print(f"a window of the second listener: {second['from_file']} ms where it lies in the file, "
          f"as in nodes, {second['in_memory']} ms in memory, as for recordings")
    hours = report['training_hours_per_cpu_minute']
    print(f"training features, hours of audio per processor minute: {hours['compiled']}, in "
          f"Python {hours['python']}: × {hours['ratio']}")
    print(f"resident at most {report['resident_mb']} MB with all these cribs and SciPy; "
          + ', '.join(f"graph {how} {got['memory_mb']:.0f} MB {got['trouble']}".strip()
                      for how, got in graph.items()))


if __name__ == '__main__':
    main()
