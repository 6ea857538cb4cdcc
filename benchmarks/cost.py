# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What listening costs: the core alone, many cribs, and neighbours that listen too, in one run.

    OMP_NUM_THREADS=1 python benchmarks/cost.py [RECORDING ...] [--yamnet yamnet.tflite]

Samples go in as blocks of PCM16, decisions come out (one object where something changes, and one
each 150 ms), one thread, processor time. Everything is measured in turn within a round; each
figure is the least of the rounds, since other work on the machine can only add to it. The room is
a quiet one (noise at -70 dBFS); the nursery mix is 5 % active audio and 95 % quiet room.

YAMNet runs in LiteRT (pip install ai-edge-litert) on the model file given or in the environment
variable YAMNET_TFLITE, a window of 0.975 s each 0.4875 s and each 0.975 s. openSMILE (IS09 with
deltas over the whole signal), silero-vad and openWakeWord's features are measured where they are
installed, each as its users run it. Prints a table, or JSON with --json.
"""

import argparse
import json
import os
import resource
import sys
import time

from baby_cry_detector import compiled
from baby_cry_detector.audio import read_audio
from baby_cry_detector.audio.formats import from_pcm16
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.features import FeatureSet, StreamingExtractor
from baby_cry_detector.model import compiled as compiled_model
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
import numpy as np

RATE = 16000
PERIOD_NS = 150_000_000


class Listener:
    """One stream from PCM16 to decisions."""

    def __init__(self, checkpoint, model=None):
        self.listener = FrameListener(checkpoint, model=model)
        self.extractor = StreamingExtractor(FeatureSet.from_dict(checkpoint.feature_set))
        self.frames = 0

    def __call__(self, block):
        rows = self.extractor.process(from_pcm16(block))
        count = 0
        if len(rows):
            start_ns = 10 ** 18 + rows.first_frame * 10_000_000
            for _ in self.listener.process(start_ns, rows.values, PERIOD_NS):
                count += 1
        return count


def timed(function, *arguments):
    """Return the processor seconds of a call."""
    begin = time.process_time()
    function(*arguments)
    return time.process_time() - begin


def run_blocks(listeners, pcm, size):
    """Feed blocks to each listener in turn."""
    for at in range(0, len(pcm) - size + 1, size):
        block = pcm[at:at + size]
        for listener in listeners:
            listener(block)


def latencies(listener, pcm, size):
    """Return p50 and p99 of the time from a block to its decisions, milliseconds."""
    times = []
    for at in range(0, len(pcm) - size + 1, size):
        begin = time.perf_counter()
        listener(pcm[at:at + size])
        times.append(time.perf_counter() - begin)
    return [round(1e3 * float(value), 3) for value in np.percentile(times, (50, 99))]


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
        found['YAMNet each 0.4875 s'] = lambda: over(as_float, 7800)
        found['YAMNet each 0.975 s'] = lambda: over(as_float, 15600)
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
                        [listener], pcm, size), len(pcm) / RATE)
    shared = compiled_model.make(default)
    short = active[:int(RATE * min(4.0, arguments.seconds))]
    for cribs in arguments.cribs:
        listeners = [Listener(default, shared) for _ in range(cribs)]
        tasks[f'default, 40 ms, {cribs} cribs, each'] = (
            lambda listeners=listeners: run_blocks(listeners, short, 640),
            cribs * len(short) / RATE)
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
    p50, p99 = latencies(Listener(default), active, 640)
    return {'core': compiled.description(), 'cpu_s_per_s': figures,
            'latency_ms': {'p50': p50, 'p99': p99},
            'resident_mb': round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}


def main():
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('recordings', nargs='*', help='active audio; default: a made cry')
    parser.add_argument('--seconds', type=float, default=20.0, help='of each kind of audio')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--cribs', type=int, nargs='*', default=[1, 4, 16, 64])
    parser.add_argument('--yamnet', default=os.environ.get('YAMNET_TFLITE', ''))
    parser.add_argument('--json', action='store_true')
    report = measure(parser.parse_args())
    if '--json' in sys.argv:
        print(json.dumps(report, indent=2))
        return
    figures = report['cpu_s_per_s']
    yamnet_s = figures.get('YAMNet each 0.4875 s')
    print(f"core: {report['core']}")
    print('| one thread | CPU s per s of audio | ÷ YAMNet each 0.4875 s |')
    print('|---|---|---|')
    for name, cost in figures.items():
        ratio = f'{cost / yamnet_s:.2f}' if yamnet_s else ''
        print(f'| {name} | {cost:.5f} | {ratio} |')
    print(f"block in → decisions out: p50 {report['latency_ms']['p50']} ms, "
          f"p99 {report['latency_ms']['p99']} ms; resident at most {report['resident_mb']} MB, "
          'neighbours included')


if __name__ == '__main__':
    main()
