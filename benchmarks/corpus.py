# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What annotating a corpus costs, and what is left of it when things are killed.

    python benchmarks/corpus.py [RECORDING ...] [--only speed dask memory faults disk]

* ``speed``: the command on `--files` recordings of `--minutes` (5 % crying, else a quiet room, 16
  kHz WAV) with one process and with two, in turn; wall time of hearing, without the start. By the
  processor: what two would be beside one if each had a core to itself.
* ``dask``: the same on a local Dask cluster of two workers, in turn with two processes.
* ``memory``: peak of a worker that hears one file of `--hours` (24: 2.8 GB on the disk).
* ``faults``: 1,000 short recordings; workers, the command and the Dask scheduler are killed (-9)
  in the middle; then the command is run to its end.
* ``disk``: the same onto a file system of 1 MB (a tmpfs; needs root), which is full in the middle.

Prints JSON, with the load of the machine before each part: figures of a busy one mean little.
"""

import argparse
import json
import os
from pathlib import Path
import random
import subprocess
import sys
import tempfile
import time

from baby_cry_detector.audio import read_audio
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.research.annotation.hearing import Options
from baby_cry_detector.research.annotation.on_dask import heard_on_dask
from baby_cry_detector.research.annotation.recordings import find_recordings
from baby_cry_detector.research.annotation.workers import _Worker, heard_by_processes
import numpy as np
import soundfile

RATE = 16_000
COMMAND = [sys.executable, '-m', 'baby_cry_detector.cli.main', 'annotate']
PARTS = ('speed', 'dask', 'memory', 'faults', 'disk')


def minute(paths, seed):
    """Return a minute with 3 s of crying, int16."""
    generator = np.random.default_rng(seed)
    samples = generator.normal(0, 10 ** (-70 / 20), 60 * RATE)
    cry = read_audio(paths[seed % len(paths)]) if paths else synthesise_cry(3.0)
    cry = np.ravel(cry)[:3 * RATE]
    start = int(generator.integers(0, 50 * RATE))
    samples[start:start + len(cry)] += cry
    return (np.clip(samples, -1, 1) * 32767).astype(np.int16)


def make(folder, paths, files, minutes):
    """Write recordings; they differ."""
    folder.mkdir()
    minutes_of = [minute(paths, seed) for seed in range(min(minutes, 8))]
    for number in range(files):
        with soundfile.SoundFile(folder / f'{number:04d}.wav', 'w', RATE, 1, 'PCM_16') as file:
            for index in range(minutes):
                file.write(minutes_of[(number + index) % len(minutes_of)])


def timed(results):
    """Return (wall s from the first result on, audio s after it, processor s of them)."""
    begin, audio_s, cpu_s, count = None, 0.0, 0.0, 0
    for document, _ in results:
        if begin is None:                  # the start of the processes is no hearing
            begin = time.perf_counter()
            continue
        audio_s += document['duration_s']
        cpu_s += document['cpu_s']
        count += 1
    return time.perf_counter() - begin, audio_s, cpu_s


def speed(folder, rounds):
    """Return hours an hour with one process and two, best of the rounds, and their ratios."""
    recordings = find_recordings(folder).recordings
    rates, per_core = {1: [], 2: []}, {1: [], 2: []}
    for _ in range(rounds):
        for count in (1, 2):
            wall_s, audio_s, cpu_s = timed(heard_by_processes(recordings, Options(), count))
            rates[count].append(audio_s / wall_s)
            per_core[count].append(audio_s / cpu_s)
    ratios = [two / one for one, two in zip(rates[1], rates[2])]
    return {'one': round(max(rates[1])), 'two': round(max(rates[2])),
            'two_over_one': [round(ratio, 3) for ratio in ratios],
            'two_over_one_by_the_processor': [
                round(2 * two / one, 3) for one, two in zip(per_core[1], per_core[2])],
            'hours_per_core_hour': round(max(per_core[1] + per_core[2]), 1)}


def dask(folder, rounds):
    """Return a local cluster's speed over that of processes, each two."""
    from distributed import LocalCluster
    recordings = find_recordings(folder).recordings
    ratios = []
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        for _ in range(rounds):
            rates = []
            for results in (heard_by_processes(recordings, Options(), 2),
                            heard_on_dask(recordings, Options(), cluster.scheduler_address)):
                wall_s, audio_s, _ = timed(results)
                rates.append(audio_s / wall_s)
            ratios.append(round(rates[1] / rates[0], 3))
    return {'dask_over_processes': ratios}


def memory(folder, paths, hours):
    """Return the peak memory of a worker that hears so many hours in one file."""
    folder.mkdir()
    file = folder / 'day.wav'
    minutes_of = [minute(paths, seed) for seed in range(8)]
    with soundfile.SoundFile(file, 'w', RATE, 1, 'PCM_16') as out:
        for index in range(hours * 60):
            out.write(minutes_of[index % 8])
    worker = _Worker(Options())
    begin = time.perf_counter()
    worker.pipe.send(find_recordings(file).recordings[0])
    document, _ = worker.pipe.recv()
    peak = next(int(line.split()[1]) for line in
                Path(f'/proc/{worker._process.pid}/status').read_text().splitlines()
                if line.startswith('VmHWM'))
    worker.end()
    file.unlink()
    return {'peak_mb': round(peak / 1024, 1), 'hours': document['duration_s'] / 3600,
            'episodes': len(document['episodes']), 'wall_s': round(time.perf_counter() - begin, 1),
            'hours_per_core_hour': round(document['duration_s'] / document['cpu_s'], 1)}


def descendants(pid):
    """Return the processes below one."""
    try:
        below = [int(text) for text in
                 Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]
    except OSError:
        return []
    return [each for child in below for each in (child, *descendants(child))]


def results_in(out):
    return len(list(out.glob('results/*/*.json')))


def run_until(command, out, count, act):
    """Run a command; act once it has so many results."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None and results_in(out) < count:
        time.sleep(0.02)
    if process.poll() is None:
        act(process)
    return process


def whole(folder, out, expected):
    """Return whether each recording is in the tables exactly once."""
    ids = [line.split(',')[0] for line in
           (out / 'recordings.csv').read_text().splitlines()[1:]]
    report = json.loads((out / 'report.json').read_text())
    return (sorted(ids) == sorted(path.stem for path in folder.iterdir())
            and len(ids) == expected and report['heard'] == expected)


def short(folder, paths, count):
    folder.mkdir()
    sounds = [np.ravel(read_audio(path))[:2 * RATE] for path in paths] or [synthesise_cry(2.0)]
    for number in range(count):
        soundfile.write(folder / f'{number:04d}.wav', 0.5 * sounds[number % len(sounds)], RATE)


def faults(folder, out, paths, count):
    """Kill workers, the command and a scheduler; return whether everything is there once."""
    short(folder, paths, count)
    generator = random.Random(0)
    arguments = [*COMMAND, str(folder), '--out', str(out), '--processes', '2']
    killed = {'workers': 0, 'commands': 0, 'schedulers': 0}

    def kill_worker(process):
        below = descendants(process.pid)
        if below:
            os.kill(generator.choice(below), 9)
            killed['workers'] += 1

    def kill_command(process):
        process.kill()
        killed['commands'] += 1

    for share in (0.1, 0.2, 0.3):
        at = int(count * share)
        process = run_until(arguments, out, at, kill_worker)
        while process.poll() is None and results_in(out) < at + count // 20:
            time.sleep(0.02)
        kill_command(process)
        process.wait()
    scheduler = subprocess.Popen([sys.executable, '-m', 'distributed.cli.dask_scheduler', '--host',
                                  '127.0.0.1', '--port', '18786', '--no-dashboard'],
                                 stderr=subprocess.DEVNULL)
    workers = [subprocess.Popen([sys.executable, '-m', 'distributed.cli.dask_worker',
                                 'tcp://127.0.0.1:18786', '--nthreads', '1', '--no-dashboard',
                                 '--no-nanny', '--death-timeout', '30'],
                                stderr=subprocess.DEVNULL) for _ in range(2)]

    def kill_scheduler(_):
        scheduler.kill()
        killed['schedulers'] += 1

    on_dask = [*COMMAND, str(folder), '--out', str(out), '--scheduler', 'tcp://127.0.0.1:18786']
    process = run_until(on_dask, out, int(count * 0.6), kill_scheduler)
    code = process.wait(timeout=300)
    for worker in workers:
        worker.kill()
        worker.wait()
    scheduler.kill()
    scheduler.wait()
    left = count - results_in(out)
    last = subprocess.run(arguments, stderr=subprocess.DEVNULL, check=False).returncode
    return {'killed': killed, 'code_without_scheduler': code, 'left_then': left,
            'code': last, 'each_once': whole(folder, out, count)}


def disk(folder, root, paths, count):
    """Fill a small file system in the middle; return whether all is there once after more."""
    if not folder.exists():
        short(folder, paths, count)
    small = root / 'small'
    small.mkdir()
    mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', str(small)],
                             check=False).returncode == 0
    if not mounted:
        return {'left_out': 'needs root'}
    try:
        arguments = [*COMMAND, str(folder), '--out', str(small / 'out'), '--processes', '2']
        full = subprocess.run(arguments, capture_output=True, text=True, check=False)
        kept = results_in(small / 'out')
        partial = len(list(small.rglob('*.partial')))
        subprocess.run(['mount', '-o', 'remount,size=64m', str(small)], check=True)
        last = subprocess.run(arguments, capture_output=True, check=False).returncode
        return {'code_full': full.returncode, 'said': full.stderr.splitlines()[-1:],
                'kept': kept, 'partial_files': partial, 'code': last,
                'each_once': whole(folder, small / 'out', count)}
    finally:
        subprocess.run(['umount', str(small)], check=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('recordings', nargs='*')
    parser.add_argument('--only', nargs='+', choices=PARTS, default=PARTS)
    parser.add_argument('--files', type=int, default=9)
    parser.add_argument('--minutes', type=int, default=20)
    parser.add_argument('--hours', type=int, default=24)
    parser.add_argument('--count', type=int, default=1000)
    parser.add_argument('--rounds', type=int, default=2)
    args = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        if {'speed', 'dask'} & set(args.only):
            make(root / 'corpus', args.recordings, args.files, args.minutes)
        for part, run in (
                ('speed', lambda: speed(root / 'corpus', args.rounds)),
                ('dask', lambda: dask(root / 'corpus', args.rounds)),
                ('memory', lambda: memory(root / 'day', args.recordings, args.hours)),
                ('faults', lambda: faults(root / 'short', root / 'out', args.recordings,
                                          args.count)),
                ('disk', lambda: disk(root / 'short', root, args.recordings, args.count))):
            if part in args.only:
                load = os.getloadavg()[0]
                found[part] = {'load_before': round(load, 2), **run()}
                print(json.dumps({part: found[part]}), file=sys.stderr, flush=True)
    print(json.dumps(found))


if __name__ == '__main__':
    main()
