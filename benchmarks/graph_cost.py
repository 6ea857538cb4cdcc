# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the graph costs on this machine: composed, as three processes, and what messages alone cost.

Plays the nursery mix (57 s of a quiet room at -70 dBFS, 3 s of crying, again and again) in real
time through the real nodes over DDS, with one subscriber of `cry_need` in another process, and
prints the share of one core that their processes take and the memory that is theirs. The empty
nodes are three of rclpy in one process with one executor, which pass messages of the same types,
sizes and rates from one to the next and do nothing else: that much is the middleware's.

    ./env.sh python benchmarks/graph_cost.py [--seconds 60] [--executors single events]
"""

import argparse
import math
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time

from baby_cry_detector.ros.base.parameters import AudioCaptureSettings
import numpy as np
import soundfile

os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
os.environ.setdefault('XDG_STATE_HOME', tempfile.mkdtemp(prefix='baby_cry_state_'))

START_S, SETTLE_S = 30.0, 3.0
RATE, HOP = 16000, 160
FIRST_DOMAIN = 71
COMPOSED = """
import sys
import rclpy
from baby_cry_detector.ros.base import running
if sys.argv[1] == 'events':
    from rclpy.experimental.events_executor import EventsExecutor
    running.make_executor = lambda context=None: EventsExecutor(context=context)
elif sys.argv[1] == 'single':
    running.make_executor = lambda context=None: rclpy.executors.SingleThreadedExecutor(
        context=context)
module = __import__('baby_cry_detector.ros.nodes.' + sys.argv[2], fromlist=['main'])
sys.exit(module.main(sys.argv[2:]))
"""
WAYS = {'composed': ['cry_graph'],
        'separate': ['cry_classifier', 'feature_extractor', 'audio_capture']}


def nursery_mix(path) -> None:
    """Write a minute of the nursery mix."""
    from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
    room = np.random.default_rng(1).normal(0.0, 10 ** (-70 / 20), 57 * RATE)
    samples = np.concatenate([room, np.ravel(synthesise_cry(3.0))])
    soundfile.write(path, np.clip(samples, -1.0, 1.0), RATE)


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def memory_mb(pid: int) -> float:
    """Return the memory that is resident, what it shares with others counted in full."""
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1]) / 1024.0
    return 0.0


def commands(how: str, executor: str, recording: str, block_s: float) -> list:
    """Return the command lines of one way to run the graph."""
    if how == 'empty nodes':
        return [[sys.executable, __file__, '--empty', executor, '--block', str(block_s)]]
    given = {'block_duration_s': block_s, 'file': recording, 'source': 'file', 'loop': 'true'}
    options = ['--ros-args', *(part for name, value in given.items()
                               for part in ('-p', f'audio_capture:{name}:={value}'))]
    return [[sys.executable, '-c', COMPOSED, executor, module, *options] for module in WAYS[how]]


def measure(how: str, executor: str, recording: str, seconds: float, domain_id: int,
            block_s: float) -> dict:
    """
    Run one way for so long.

    :return: ``share`` of a core, ``memory_mb`` of all its processes, ``messages`` of cry_need that
        came a second, ``trouble`` ('' if all went well).
    """
    from baby_cry_detector.msg import CryNeed
    import rclpy
    environment = {**os.environ, 'ROS_DOMAIN_ID': str(domain_id), 'OMP_NUM_THREADS': '1'}
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain_id)
    node = rclpy.create_node('listener_of_needs', context=context)
    came = []
    node.create_subscription(CryNeed, 'cry_need', came.append, 10)
    executor_here = rclpy.executors.SingleThreadedExecutor(context=context)
    executor_here.add_node(node)

    def wait(is_over, limit_s):
        end_s = time.monotonic() + limit_s
        while not is_over() and time.monotonic() < end_s:
            executor_here.spin_once(timeout_sec=0.1)
    processes = []
    try:
        for command in commands(how, executor, recording, block_s):
            processes.append(subprocess.Popen(command, env=environment,
                                              stdout=subprocess.DEVNULL))
        wait(lambda: any(message.status == CryNeed.STATUS_OK for message in came), START_S)
        trouble = '' if came else f'nothing heard in {START_S:g} s'
        wait(lambda: False, SETTLE_S)
        came.clear()
        before = [cpu_s(process.pid) for process in processes]
        start_s = time.monotonic()
        wait(lambda: False, seconds)
        lasted_s = time.monotonic() - start_s
        used = sum(cpu_s(process.pid) for process in processes) - sum(before)
        result = {'share': used / lasted_s, 'messages': len(came) / lasted_s,
                  'memory_mb': sum(memory_mb(process.pid) for process in processes)}
    finally:
        for process in processes:
            process.terminate()
        codes = [end(process) for process in processes]
        executor_here.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)
    return {**result, 'trouble': trouble or ('' if not any(codes) else f'exit codes {codes}')}


def end(process):
    """Return the exit code of a process that was asked to end."""
    try:
        return process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return 'none: did not end on SIGTERM'


def run_empty(executor_name: str, block_s: float) -> int:
    """Pass the graph's messages through three nodes that do nothing."""
    from array import array

    from audio_common_msgs.msg import AudioDataStamped
    from baby_cry_detector.msg import CryNeed, FrameFeatures
    from baby_cry_detector.ros.base import qos
    from baby_cry_detector.stream.listener import open_checkpoint
    import rclpy
    from std_msgs.msg import Float32
    checkpoint = open_checkpoint('')
    columns = len(checkpoint.feature_columns)
    rclpy.init()
    capture, extractor, classifier = (
        rclpy.create_node(name) for name in ('capture', 'extractor', 'classifier'))
    stream = qos.stream(qos.depth_for())
    audio = capture.create_publisher(AudioDataStamped, 'audio_stamped', stream)
    features = extractor.create_publisher(FrameFeatures, 'frame_features', stream)
    level = extractor.create_publisher(Float32, 'level_dbfs', qos.STATE)
    need = classifier.create_publisher(CryNeed, 'cry_need', qos.LATCHED)
    probability = classifier.create_publisher(Float32, 'cry_probability', qos.STATE)
    block = round(block_s * RATE)
    rows = block // HOP
    pcm, values = bytes(2 * block), bytes(4 * rows * columns)
    each = math.ceil(0.15 / block_s)        # blocks from cry_need to cry_need, as in the graph
    labels, count = ['not_cry', *checkpoint.needs], [0]

    def capture_block():
        message = AudioDataStamped()
        message.header.stamp = capture.get_clock().now().to_msg()
        message.audio.data = array('B', pcm)
        audio.publish(message)

    def extract(message):
        frames = FrameFeatures(feature_set='x', frame_count=rows, feature_count=columns)
        frames.header = message.header
        frames.values = array('f', values)
        frames.samples = array('h', message.audio.data.tobytes())
        features.publish(frames)

    def classify(message):
        count[0] += 1
        if count[0] % each:
            return
        state = CryNeed(labels=labels, probabilities=[0.0] * len(labels),
                        status=CryNeed.STATUS_OK)
        state.header = message.header
        need.publish(state)
        probability.publish(Float32())
    extractor.create_subscription(AudioDataStamped, 'audio_stamped', extract, stream)
    classifier.create_subscription(FrameFeatures, 'frame_features', classify, stream)
    capture.create_timer(block_s, capture_block)
    extractor.create_timer(0.1, lambda: level.publish(Float32()))
    if executor_name == 'events':
        from rclpy.experimental.events_executor import EventsExecutor
        executor = EventsExecutor()
    else:
        executor = rclpy.executors.SingleThreadedExecutor()
    for node in (capture, extractor, classifier):
        executor.add_node(node)
    try:
        executor.spin()
    except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
        pass
    return 0


def table(seconds: float, executors, block_s: float) -> dict:
    """Return ``{(way, executor): what measure returns}``, printing each line as it is known."""
    found, domain_id = {}, FIRST_DOMAIN
    with tempfile.TemporaryDirectory() as folder:
        recording = str(Path(folder) / 'nursery_mix.wav')
        nursery_mix(recording)
        for how in ('composed', 'separate', 'empty nodes'):
            for executor in executors:
                domain_id += 1
                found[how, executor] = measure(how, executor, recording, seconds, domain_id,
                                               block_s)
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--seconds', type=float, default=60.0)
    parser.add_argument('--executors', nargs='+', choices=('own', 'single', 'events'),
                        default=['own'], help='own: what the nodes run in')
    parser.add_argument('--block', type=float, default=AudioCaptureSettings().block_duration_s,
                        help='audio a message, s; default: as the graph has it')
    parser.add_argument('--empty', help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.empty:
        return run_empty(options.empty, options.block)
    print('| nursery mix, real time | executor | share of a core | cry_need a second | MB |')
    print('|---|---|---|---|---|')
    for (how, executor), got in table(
            options.seconds, options.executors, options.block).items():
        print(f'| {how} | {executor} | {100 * got["share"]:.2f} % | {got["messages"]:.1f} | '
              f'{got["memory_mb"]:.0f} |{" " if got["trouble"] else ""}{got["trouble"]}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
