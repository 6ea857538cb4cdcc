# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a ward costs one machine: many cribs' graphs and alerts over DDS, in real time.

Each crib is what a robot runs, audio to decision composed, with `caregiver_alert`, in a namespace
of its own; some cribs share a process. Each plays a loop of quiet (-70 dBFS) and crying that
begins somewhere else. One listener hears every `cry_need` and `alert`. Printed are the processor
time and memory a crib, how long it took until all were heard, how old `cry_need` is when it comes
(the audio's time to the listener's), and how long after the first `cry_need` that says crying the
alert comes.

    ./env.sh python benchmarks/graph/ward_load.py [--cribs 1 8 64] [--seconds 120]
"""

import argparse
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time

from baby_cry_detector.needs import START
import numpy as np
import soundfile

os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
os.environ.setdefault('XDG_STATE_HOME', tempfile.mkdtemp(prefix='baby_cry_state_'))

RATE = 16000
LOOP_S, CRY_S = 30.0, 6.0
START_S = 600.0
FIRST_DOMAIN = 75
POLICY = """
version: 1
alerts: {limit_s: 0, heartbeat_s: 30, unconfirmed_after_s: 0}
needs:
  default:
    mild: {alert_after_s: 0, priority: low, soothe: []}
    moderate: {alert_after_s: 0, priority: medium, soothe: []}
    strong: {alert_after_s: 0, priority: high, soothe: []}
"""


def loops(folder, cribs: int) -> list:
    """Write a recording for each crib, each rolled on; return their paths."""
    from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
    room = np.random.default_rng(1).normal(0.0, 10 ** (-70 / 20), int(LOOP_S * RATE))
    room[:int(CRY_S * RATE)] += np.ravel(synthesise_cry(CRY_S))
    paths = [Path(folder, f'{number}.wav') for number in range(cribs)]
    for number, path in enumerate(paths):
        rolled = np.roll(room, -number * len(room) // cribs)
        soundfile.write(path, np.clip(rolled, -1.0, 1.0), RATE)
    return paths


def run_cribs(folder, numbers) -> int:
    """Run the graphs and alerts of these cribs in one process."""
    from baby_cry_detector.ros.base.running import run_nodes
    from baby_cry_detector.ros.nodes.caregiver_alert import CaregiverAlert
    from baby_cry_detector.ros.nodes.cry_graph import make_graph

    def nodes():
        made = []
        for number in numbers:
            namespace = f'crib_{number}'
            made.append(CaregiverAlert({'policy': str(Path(folder, 'policy.yaml'))},
                                       namespace=namespace))
            made += make_graph({'audio_capture': {
                'source': 'file', 'file': str(Path(folder, f'{number}.wav')), 'loop': True,
                'frame_id': namespace}}, namespace=namespace)
        return made
    return run_nodes(nodes, [])


class Listener:
    """Hears all cribs; keeps when what came."""

    def __init__(self, domain_id: int, cribs: int):
        """Subscribe."""
        from baby_cry_detector.msg import CryAlert, CryNeed
        from baby_cry_detector.ros.base import qos
        import rclpy
        self._rclpy, self.context = rclpy, rclpy.Context()
        rclpy.init(context=self.context, domain_id=domain_id)
        self.node = rclpy.create_node('listener_of_the_ward', context=self.context)
        self.executor = rclpy.executors.SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.heard, self.ages_s, self.delays_s, self._onsets = set(), [], [], {}
        for number in range(cribs):
            self.node.create_subscription(
                CryNeed, f'crib_{number}/cry_need',
                lambda said, number=number: self._need(number, said), qos.LATCHED)
            self.node.create_subscription(
                CryAlert, f'crib_{number}/alert',
                lambda said, number=number: self._alert(number, said), qos.EVENTS)

    def _need(self, number, said):
        now_s = time.time()
        if said.status == said.STATUS_OK:
            self.heard.add(number)
            self.ages_s.append(now_s - said.header.stamp.sec - said.header.stamp.nanosec / 1e9)
        if said.crying and said.episode_id:
            self._onsets.setdefault(said.episode_id, time.monotonic())

    def _alert(self, number, said):
        if said.state == START and said.episode_id in self._onsets:
            self.delays_s.append(time.monotonic() - self._onsets[said.episode_id])

    def spin(self, seconds, is_over=lambda: False) -> float:
        """Hear until it is over, for so long at most; return how long that was."""
        begin_s = time.monotonic()
        while time.monotonic() < begin_s + seconds and not is_over():
            self.executor.spin_once(timeout_sec=0.1)
        return time.monotonic() - begin_s

    def close(self):
        """End."""
        self.executor.shutdown()
        self.node.destroy_node()
        self._rclpy.shutdown(context=self.context)


def used(pid: int):
    """Return processor time in seconds and memory in MB, shared parts divided (PSS)."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    for line in Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines():
        if line.startswith('Pss:'):
            return ((int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK'),
                    int(line.split()[1]) / 1024.0)
    raise OSError(f'no memory of process {pid}')


def measure(cribs: int, together: int, seconds: float, domain_id: int) -> str:
    """Run a ward; return a row of the table."""
    with tempfile.TemporaryDirectory(prefix='ward_') as folder:
        loops(folder, cribs)
        Path(folder, 'policy.yaml').write_text(POLICY)
        listener = Listener(domain_id, cribs)
        processes = [subprocess.Popen(
            [sys.executable, __file__, '--run', folder,
             *map(str, range(first, min(first + together, cribs)))],
            env={**os.environ, 'ROS_DOMAIN_ID': str(domain_id), 'OMP_NUM_THREADS': '1'},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for first in range(0, cribs, together)]
        try:
            found_s = listener.spin(START_S, lambda: len(listener.heard) == cribs)
            listener.spin(LOOP_S)                   # who comes late waits for nobody any more
            heard = len(listener.heard)
            for values in (listener.ages_s, listener.delays_s):
                values.clear()
            before = [used(process.pid) for process in processes]
            lasted_s = listener.spin(seconds)
            after = [used(process.pid) for process in processes]
        finally:
            for process in processes:
                process.terminate()
            codes = [process.wait() for process in processes]
            listener.close()
    share = sum(b[0] - a[0] for a, b in zip(before, after)) / lasted_s / cribs
    cells = [f'{cribs} ({len(processes)})', f'{heard}', f'{found_s:.0f} s', f'{100 * share:.1f} %',
             f'{sum(each[1] for each in after) / cribs:.0f} MB', quantiles(listener.ages_s),
             quantiles(listener.delays_s)]
    if any(codes):
        cells.append(f'exit codes {codes}')
    return '| ' + ' | '.join(cells) + ' |'


def quantiles(values) -> str:
    """Return median, 99th percentile and how many there are."""
    if not values:
        return 'none'
    return (f'{np.median(values):.2f}, {np.quantile(values, 0.99):.2f} s '
            f'({len(values)})')


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.strip().partition('\n')[0])
    parser.add_argument('--cribs', nargs='+', type=int, default=[1, 8, 64], metavar='N')
    parser.add_argument('--together', type=int, default=8, help='cribs in one process (8)')
    parser.add_argument('--seconds', type=float, default=120.0, help='of each row (120)')
    parser.add_argument('--run', nargs='+', help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        return run_cribs(options.run[0], list(map(int, options.run[1:])))
    print(f'{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}')
    print('| cribs (processes) | heard | all heard after | processor a crib, of one core | memory '
          'a crib | age of cry_need: median, p99 (n) | crying to alert: median, p99 (n) |')
    print('|---|---|---|---|---|---|---|')
    for number, cribs in enumerate(options.cribs):
        print(measure(cribs, options.together, options.seconds, FIRST_DOMAIN + number),
              flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
