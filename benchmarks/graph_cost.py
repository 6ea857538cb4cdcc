# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the graph costs on this machine: processor time by way of running it, and by executor.

Plays a minute of synthesised room and crying in real time through the real nodes over DDS and
prints the share of one core that their processes take, and the cost per frame by diagnostics.

    ./env.sh python benchmarks/graph_cost.py [--seconds 30]
"""

import argparse
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'test' / 'helpers'))
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
os.environ.setdefault('XDG_STATE_HOME', tempfile.mkdtemp(prefix='baby_cry_state_'))

START_S = 20.0
COMPOSED = """
import sys
import rclpy
from baby_cry_detector.ros.nodes import running
if sys.argv[1] == 'events':
    from rclpy.experimental.events_executor import EventsExecutor
    running.make_executor = lambda context=None: EventsExecutor(context=context)
elif sys.argv[1] == 'single':
    running.make_executor = lambda context=None: rclpy.executors.SingleThreadedExecutor(
        context=context)
module = __import__('baby_cry_detector.ros.nodes.' + sys.argv[2], fromlist=['main'])
sys.exit(module.main(sys.argv[2:]))
"""


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def measure(executor: str, modules, recording: str, seconds: float, domain_id: int):
    """Return (share of a core, {node: µs per frame}) of one way to run the graph."""
    from graph_harness import Probe
    import rclpy
    environment = {**os.environ, 'ROS_DOMAIN_ID': str(domain_id), 'OMP_NUM_THREADS': '1'}
    capture = ['--ros-args', '-p', f'audio_capture:file:={recording}', '-p',
               'audio_capture:source:=file', '-p', 'audio_capture:loop:=true']
    processes = []
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain_id)
    probe = Probe(context)
    try:
        for module in modules:
            # Parameters by node name, for the composed process and the separate ones alike.
            processes.append(subprocess.Popen(
                [sys.executable, '-c', COMPOSED, executor, module, *capture], env=environment,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        end_s = time.monotonic() + START_S
        while probe.newest_ns() < 0 and time.monotonic() < end_s:
            probe.executor.spin_once(timeout_sec=0.1)
        heard = probe.newest_ns() > 0
        before = sum(cpu_s(process.pid) for process in processes)
        start_s = time.monotonic()
        end_s = start_s + seconds
        probe.spin_until(lambda: time.monotonic() > end_s, seconds + 60.0)
        share = (sum(cpu_s(process.pid) for process in processes) - before) / (
            time.monotonic() - start_s)
        costs = {name: status[2].get('cost_us_per_frame')
                 for name, status in probe.diagnostics.items()}
    finally:
        for process in processes:
            process.terminate()
        codes = [end(process) for process in processes]
        probe.close()
        rclpy.shutdown(context=context)
    return share, costs, codes, heard


def end(process):
    """Return the exit code of a process that was asked to end."""
    try:
        return process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return 'none: did not end on SIGTERM'


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--seconds', type=float, default=30.0)
    options = parser.parse_args()
    from baby_cry_detector.audio.synthesis.synthesiser import demonstration
    samples, _ = demonstration()
    with tempfile.TemporaryDirectory() as folder:
        recording = str(Path(folder) / 'demonstration.wav')
        soundfile.write(recording, np.clip(samples, -1, 1), 16_000)
        print(f'{"run as":<12} {"executor":<10} {"share of a core":>16}   µs per frame by node')
        domain_id = 71
        for how, modules in (('composed', ['cry_graph']), (
                'separate', ['cry_classifier', 'feature_extractor', 'audio_capture'])):
            for executor in ('single', 'events'):
                domain_id += 1
                share, costs, codes, heard = measure(
                    executor, modules, recording, options.seconds, domain_id)
                shown = ', '.join(f'{name} {cost}' for name, cost in sorted(costs.items()) if cost)
                bad = '' if heard else f'NOTHING HEARD in {START_S:g} s'
                bad += '' if not any(codes) else f'  exit codes {codes}'
                print(f'{how:<12} {executor:<10} {100 * share:15.1f}%   {shown}{bad}', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
