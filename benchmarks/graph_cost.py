# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the graph costs on this machine: composed, as three processes, and what messages alone cost.

Plays the nursery mix (57 s of a quiet room at -70 dBFS, 3 s of crying, again and again) in real
time through the real nodes over DDS, with one subscriber of `cry_need` in another process, and
prints the share of one core that their processes take and the memory that is theirs. The empty
nodes are three of rclpy in one process with one executor, which pass messages of the same types,
sizes and rates from one to the next and do nothing else: that much is the middleware's.

With --own-sound noise sounds in the recording as well, and another process tells on `own_sound`
what a loudspeaker plays, as the soother does (48 kHz, a message each 100 ms); the composed graph
takes it out, or is told not to.

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
        'separate': ['cry_classifier', 'feature_extractor', 'audio_capture'],
        'told what is played': ['cry_graph'], 'not told': ['cry_graph']}
USUAL, OWN_SOUND = ('composed', 'separate', 'empty nodes'), ('not told', 'told what is played')
# What is played comes again after as many seconds as the canceller looks through, so that a
# recording and who tells need not begin together.
PERIOD_S, TOLD_RATE, TOLD_BLOCK_S = 2, 48000, 0.1


def nursery_mix(path) -> None:
    """Write a minute of the nursery mix."""
    from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
    room = np.random.default_rng(1).normal(0.0, 10 ** (-70 / 20), 57 * RATE)
    samples = np.concatenate([room, np.ravel(synthesise_cry(3.0))])
    soundfile.write(path, np.clip(samples, -1.0, 1.0), RATE)


def played():
    """Return one period of what the loudspeaker plays, int16 at 48 kHz."""
    from baby_cry_detector.audio import to_pcm16
    rng = np.random.default_rng(4)
    return to_pcm16(0.1 * rng.standard_normal(PERIOD_S * TOLD_RATE))


def add_echo(path) -> None:
    """Let the recording hear what is played."""
    from scipy import signal
    samples, _ = soundfile.read(path)
    sound = signal.resample_poly(np.tile(played() / 32768.0, 3), 1, 3)
    room = np.random.default_rng(5).standard_normal(2000) * 10 ** (-np.arange(2000) / 800) * 0.05
    once = np.convolve(sound, room)[PERIOD_S * RATE:2 * PERIOD_S * RATE]
    soundfile.write(path, np.clip(samples + np.resize(once, len(samples)), -1.0, 1.0), RATE)


def tell() -> int:
    """Publish what is played, in real time, until interrupted."""
    from baby_cry_detector.ros.base import qos
    from baby_cry_detector.ros.base.messages import (audio_message, AudioDataStamped, AudioInfo,
                                                     info_message)
    import rclpy
    rclpy.init()
    node = rclpy.create_node('soother')
    audio = node.create_publisher(AudioDataStamped, 'own_sound', qos.stream(qos.depth_for()))
    info = node.create_publisher(AudioInfo, 'own_sound_info', qos.LATCHED)
    info.publish(info_message(TOLD_RATE))
    sound, size, sent = played(), round(TOLD_BLOCK_S * TOLD_RATE), 0
    start_ns = node.get_clock().now().nanoseconds

    def block():
        nonlocal sent
        while start_ns + sent * 10 ** 9 // TOLD_RATE < node.get_clock().now().nanoseconds:
            part = np.take(sound, np.arange(sent, sent + size), mode='wrap')
            audio.publish(audio_message(part, start_ns + sent * 10 ** 9 // TOLD_RATE, 'crib'))
            sent += size
    node.create_timer(TOLD_BLOCK_S / 2, block)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
        pass
    return 0


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
    if how == 'not told':
        options += ['-p', "feature_extractor:own_sound:=''"]
    return [[sys.executable, '-c', COMPOSED, executor, module, *options] for module in WAYS[how]]


def measure(how: str, executor: str, recording: str, seconds: float, domain_id: int,
            block_s: float) -> dict:
    """
    Run one way for so long.

    :return: ``share`` of a core, ``memory_mb`` of all its processes, ``messages`` of cry_need that
        came a second, ``trouble`` ('' if all went well).
    """
    from baby_cry_detector.msg import CryNeed
    from diagnostic_msgs.msg import DiagnosticArray
    import rclpy
    environment = {**os.environ, 'ROS_DOMAIN_ID': str(domain_id), 'OMP_NUM_THREADS': '1'}
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain_id)
    node = rclpy.create_node('listener_of_needs', context=context)
    came, health = [], {}
    node.create_subscription(DiagnosticArray, '/diagnostics', lambda message: health.update(
        (pair.key, pair.value) for status in message.status
        if status.name.endswith('feature_extractor') for pair in status.values), 100)
    node.create_subscription(CryNeed, 'cry_need', came.append, 10)
    executor_here = rclpy.executors.SingleThreadedExecutor(context=context)
    executor_here.add_node(node)

    def wait(is_over, limit_s):
        end_s = time.monotonic() + limit_s
        while not is_over() and time.monotonic() < end_s:
            executor_here.spin_once(timeout_sec=0.1)
    processes, teller = [], None
    try:
        if how in OWN_SOUND:
            teller = subprocess.Popen([sys.executable, __file__, '--tell'], env=environment)
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
                  'memory_mb': sum(memory_mb(process.pid) for process in processes),
                  'own_sound': health.get('own_sound', '')}
    finally:
        if teller is not None:
            teller.terminate()
            end(teller)
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


def table(seconds: float, executors, block_s: float, ways=USUAL) -> dict:
    """Return ``{(way, executor): what measure returns}``, printing each line as it is known."""
    found, domain_id = {}, FIRST_DOMAIN
    with tempfile.TemporaryDirectory() as folder:
        recording = str(Path(folder) / 'nursery_mix.wav')
        nursery_mix(recording)
        if ways is OWN_SOUND:
            add_echo(recording)
        for how in ways:
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
    parser.add_argument('--own-sound', action='store_true',
                        help='instead: what taking out a known sound costs')
    parser.add_argument('--empty', help=argparse.SUPPRESS)
    parser.add_argument('--tell', action='store_true', help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.empty:
        return run_empty(options.empty, options.block)
    if options.tell:
        return tell()
    print('| nursery mix, real time | executor | share of a core | cry_need a second | MB |')
    print('|---|---|---|---|---|')
    for (how, executor), got in table(
            options.seconds, options.executors, options.block,
            OWN_SOUND if options.own_sound else USUAL).items():
        print(f'| {how} | {executor} | {100 * got["share"]:.2f} % | {got["messages"]:.1f} | '
              f'{got["memory_mb"]:.0f} | {got["own_sound"]} {got["trouble"]}'.rstrip())
    return 0


if __name__ == '__main__':
    sys.exit(main())
