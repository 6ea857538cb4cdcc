# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What looking costs: milliseconds a picture, and the graph's processor time with the monitor.

    ./env.sh python benchmarks/monitor.py [--seconds 20]

Draws pictures of 30 s of the synthesised demonstration, then plays it in real time through the
real graph: alone, with cry_monitor and nobody looking, and with somebody who looks at the picture.
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
sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ.setdefault('OMP_NUM_THREADS', '1')
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
os.environ.setdefault('XDG_STATE_HOME', tempfile.mkdtemp(prefix='baby_cry_state_'))

START_S, PICTURES = 30.0, 200
NODE = 'import sys; from baby_cry_detector.ros.nodes.{0} import main; sys.exit(main(sys.argv[1:]))'


def picture_ms(path, size, theme):
    """Return (n, 2): milliseconds by the clock and of processor time of each picture."""
    from baby_cry_detector.audio import read_audio
    from baby_cry_detector.views.history import History
    from baby_cry_detector.views.picture import Limits, Now, Picture
    samples = read_audio(path)
    history, painter = History(520, 38_461_538), Picture(*size, theme, size[0] / 640)
    labels = ('not_cry', 'hungry', 'tired', 'discomfort', 'belly_pain', 'burping')
    spent = []
    for step in range(PICTURES):
        stamp_ns = step * 200_000_000
        part = samples[step * 3200 % len(samples):][:3200]
        history.add_audio(stamp_ns, part, 16_000)
        history.add_pitch(stamp_ns, 10_000_000, np.full(20, 450.0), np.full(20, 0.9))
        p = 0.5 + 0.5 * np.sin(step / 7)
        history.add_decision(stamp_ns, True, p > 0.5, p, labels, (1 - p, *[p / 5] * 5), p,
                             1 + step // 40, step // 40 * 40 * 200_000_000, stamp_ns)
        now = Now('crib', f'CRYING for {step} s', 'need not clear', f'{step}', True)
        start_s = np.array((time.perf_counter(), time.thread_time()))
        painter.draw(history, now, Limits(0.68, 0.41))
        spent.append(1e3 * (np.array((time.perf_counter(), time.thread_time())) - start_s))
    return np.array(spent[5:])


def graph_shares(recording, monitor, look, seconds, domain_id):
    """Return shares of a core of the graph and of the monitor's process (0 without one)."""
    from graph_cost import cpu_s, end
    from graph_harness import Probe
    import rclpy
    from sensor_msgs.msg import Image
    environment = {**os.environ, 'ROS_DOMAIN_ID': str(domain_id)}
    modules = ['cry_graph'] + ['cry_monitor'] * monitor
    play = ['--ros-args', '-p', f'audio_capture:file:={recording}', '-p',
            'audio_capture:source:=file', '-p', 'audio_capture:loop:=true']
    processes, images = [], []
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain_id)
    probe = Probe(context)
    if look:
        probe.node.create_subscription(Image, 'monitor/image', images.append, 10)
    try:
        for module in modules:
            processes.append(subprocess.Popen(
                [sys.executable, '-c', NODE.format(module), *play], env=environment,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        probe.spin_until(lambda: probe.newest_ns() > 0 and len(images) >= 5 * look
                         and (not monitor or 'cry_monitor' in probe.diagnostics), START_S)
        before, start_s = [cpu_s(process.pid) for process in processes], time.monotonic()
        count, end_s = len(images), start_s + seconds
        probe.spin_until(lambda: time.monotonic() > end_s, seconds + 60.0)
        passed_s = time.monotonic() - start_s
        shares = [(cpu_s(process.pid) - first) / passed_s
                  for process, first in zip(processes, before)]
        rate = (len(images) - count) / passed_s
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            end(process)
        probe.node.destroy_node()
        rclpy.shutdown(context=context)
    return shares[0], shares[1] if monitor else 0.0, rate


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--seconds', type=float, default=20.0)
    options = parser.parse_args()
    from baby_cry_detector.audio.synthesis.synthesiser import demonstration
    samples, _ = demonstration()
    with tempfile.TemporaryDirectory() as folder:
        recording = str(Path(folder) / 'demonstration.wav')
        soundfile.write(recording, np.clip(samples, -1, 1), 16_000)
        print('picture        theme    median ms   95 % ms   processor: median ms   95 % ms')
        for size in ((640, 360), (1280, 720)):
            for theme in ('dark', 'light'):
                spent = picture_ms(recording, size, theme)
                middle, high = np.median(spent, axis=0), np.percentile(spent, 95, axis=0)
                what = f'{size[0]:>4} x {size[1]:<4}    {theme:<6}'
                print(f'{what} {middle[0]:11.1f} {high[0]:9.1f} '
                      f'{middle[1]:22.1f} {high[1]:9.1f}', flush=True)
        print('graph                       share of a core: graph   monitor   pictures/s')
        for number, (what, monitor, look) in enumerate((
                ('alone', False, False), ('monitor, nobody looks', True, False),
                ('monitor, one looks', True, True))):
            graph, shown, rate = graph_shares(recording, monitor, look, options.seconds,
                                              81 + number)
            print(f'{what:<42} {100 * graph:9.1f}% {100 * shown:8.2f}% {rate:10.1f}', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
