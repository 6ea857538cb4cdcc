# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
`baby-cry-live`: the graph in one process with a view in the terminal (`make run`).

Discovery stays on this machine unless ROS_AUTOMATIC_DISCOVERY_RANGE says otherwise: a newcomer's
microphone is not put on the house network by trying this out.
"""

import atexit
import fcntl
import os
from pathlib import Path
import shutil
import signal
import sys
import tempfile
import time
from typing import Dict, Optional

from baby_cry_detector.audio import (AudioError, AudioFormat, AudioSourceError, ChannelMixer,
                                     list_devices, parse_choice, SAMPLE_RATE, to_pcm16)
from baby_cry_detector.audio.ffmpeg import open_recording
from baby_cry_detector.cli.arguments import number, Parser, UsageError
from baby_cry_detector.cli.view import TerminalView, ViewState
from baby_cry_detector.cry_state import CryState
from baby_cry_detector.msg import CryNeed
from baby_cry_detector.printable import printable
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.messages import AudioDataStamped, AudioInfo, cry_state
from baby_cry_detector.ros.base.running import initialised, is_interrupted, make_executor
from baby_cry_detector.ros.nodes.cry_graph import make_graph
from baby_cry_detector.ros.start.arguments import SEVERAL
from baby_cry_detector.ros.tools.care_view import BEHAVIOURS, CareView, make_behaviours
from baby_cry_detector.ros.tools.supervisor import graph_commands, Supervisor
from baby_cry_detector.units import to_s
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import rclpy
from rclpy.node import Node
import soundfile
from std_msgs.msg import Float32

# After the end of a recording the last frames are still on their way.
SETTLE_S = 3.0
# So long a recording that is over is not taken for a microphone that fell silent.
AFTER_RECORDING_S = 10.0
# How long another graph on this machine may take to be seen.
DISCOVERY_S = 0.6


class ViewNode(Node):
    """Feeds the terminal view from the topics, as any other subscriber would."""

    def __init__(self, view: TerminalView, namespace: str = '', behaviours: bool = False):
        """Subscribe."""
        super().__init__('terminal_view', namespace=namespace)
        self._view = view
        self._state = ViewState()
        self._start_ns: Optional[int] = None
        self.create_subscription(Float32, 'level_dbfs', self._on_level, qos.STATE)
        self.create_subscription(CryNeed, 'cry_need', self._on_need, qos.NEED)
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)
        self._format: Optional[AudioFormat] = None
        if view.is_live:
            self.create_subscription(AudioInfo, 'audio_info', self._on_info, qos.LATCHED)
            self.create_subscription(AudioDataStamped, 'audio_stamped', self._on_audio,
                                     qos.stream(qos.depth_for()))
        self._troubles: Dict[str, str] = {}
        self._health: Dict[str, str] = {}
        self._care = CareView(self) if behaviours else None
        self._enter_threshold: Optional[float] = None
        self.recording_ended = False
        self._prefix = self.get_namespace().strip('/')

    def _on_info(self, message: AudioInfo):
        try:
            self._format = AudioFormat(message.sample_rate, message.channels,
                                       message.sample_format, message.coding_format)
            self._mixer = ChannelMixer(message.channels, message.sample_rate)
        except ValueError:
            self._format = None       # feature_extractor says what is wrong with it

    def _on_audio(self, message: AudioDataStamped):
        if self._format is None or len(message.audio.data) % self._format.bytes_per_frame:
            return
        self._view.sound.hear(self._mixer.decode(self._format.little_endian(message.audio.data)),
                              self._format.sample_rate)

    def _on_level(self, message: Float32):
        self._state.level_dbfs = message.data

    def _on_diagnostics(self, message: DiagnosticArray):
        for status in message.status:
            if status.name.rpartition('/')[0] != self._prefix:
                continue      # another graph's
            self._health[status.name.rpartition('/')[2]] = printable(status.message, 300)
            if status.name.endswith('cry_classifier'):
                self._enter_threshold = next(
                    (float(pair.value) for pair in status.values
                     if pair.key == 'enter_threshold'), self._enter_threshold)
            if status.name.endswith('audio_capture'):
                self.recording_ended = status.message == 'end of recording'
            self._troubles[status.name] = (
                printable(f'{status.name}: {status.message}', 400)
                if status.level == DiagnosticStatus.ERROR else '')
        if self._start_ns is None:
            self._state.trouble = self._trouble()
            self._view.update(self._state)

    def _audio_s(self, said: CryState, start_ns: int) -> float:
        """Return how much audio was heard; without audio the stamps go on, this does not."""
        return to_s(said.stamp_ns - start_ns) if said.is_heard else self._state.time_s

    def _trouble(self) -> str:
        return '; '.join(filter(None, self._troubles.values()))

    def _on_need(self, message: CryNeed):
        said = cry_state(message)
        if said.is_heard and self._start_ns is None:
            self._start_ns = said.stamp_ns
        if self._start_ns is None:
            return
        self._state = ViewState(
            said, self._start_ns, self._audio_s(said, self._start_ns),
            level_dbfs=self._state.level_dbfs, trouble=self._trouble(),
            enter_threshold=self._enter_threshold,
            health=dict(self._health),
            doing=self._care.doing() if self._care else {},
            news=self._care.news if self._care else '')
        self._view.update(self._state)


def choose_source(source: str):
    """
    Return (title, audio_capture parameters) for what the user asked for.

    :param source: empty, ``mic``, ``mic:NAME``, ``demo`` or a path.
    """
    if not source:
        try:
            source = 'mic' if list_devices() else 'demo'
            why = 'no microphone found'
        except AudioSourceError as error:
            source, why = 'demo', str(error)
        if source == 'demo':
            print(f'{why}: playing the demonstration', file=sys.stderr)
    if source == 'mic' or source.startswith('mic:'):
        device = source[4:]
        if not list_devices():
            raise AudioSourceError('no microphone found; SOURCE=demo plays the demonstration')
        return f'microphone {device}'.strip(), {'source': 'mic', 'device': device}
    if source == 'demo':
        folder = Path(tempfile.mkdtemp(prefix='baby_cry_'))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        path = write_demonstration(folder)
        return 'demonstration (synthesised)', {'source': 'file', 'file': str(path)}
    source = str(Path(source).expanduser())
    open_recording(source)      # says what is wrong with it before anything is started
    return Path(source).name, {'source': 'file', 'file': source}


def write_demonstration(folder: Path) -> Path:
    """Synthesise the demonstration recording into a folder and return its path."""
    from baby_cry_detector.audio.synthesis.synthesiser import demonstration
    samples, _ = demonstration()
    path = folder / 'baby_cry_demonstration.wav'
    soundfile.write(path, to_pcm16(samples), SAMPLE_RATE, subtype='PCM_16')
    return path


def main(args=None) -> int:
    """
    Run until the recording ends or the user interrupts.

    :return: 0, 1 if the source can't be had, 2 on wrong arguments.
    """
    parser = Parser(prog='baby-cry-live', description=__doc__.splitlines()[1])
    parser.add_argument('source', nargs='?', default='',
                        help='mic, mic:NAME, demo, or a recording; default: mic if there is one')
    parser.add_argument('--rate', type=number(float, 0, 1000), default=1.0,
                        help='playing speed of a recording; 0 is as fast as possible')
    parser.add_argument('--channel', default='auto', metavar='N|mix|auto',
                        help='channel of the microphone or recording, counted from 0')
    parser.add_argument('--separate', action='store_true',
                        help='run each node in a process of its own; one that dies starts again')
    parser.add_argument('--behaviours', action='store_true',
                        help='rock, play, alert and write a diary too, and show what they do; '
                        'no robot is needed, and nothing is kept')
    parser.add_argument('--page', action='store_true',
                        help="serve the caregiver's page on http://127.0.0.1:8095/ too, with "
                        'the behaviours that it shows')
    arguments = list(sys.argv[1:] if args is None else args)
    own = arguments.index('--ros-args') if '--ros-args' in arguments else len(arguments)
    try:
        options = parser.parse_args(arguments[:own])
        parse_choice(options.channel)
        options.behaviours |= options.page
        if options.behaviours and options.separate:
            parser.error('--behaviours and --page run in one process: leave --separate out')
    except (UsageError, AudioError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    try:
        title, capture = choose_source(options.source)
    except (AudioSourceError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    if os.environ.get('NO_COLOR') or os.environ.get('TERM') == 'dumb':
        os.environ.setdefault('RCUTILS_COLORIZED_OUTPUT', '0')      # the log's colours
    capture.update(rate=options.rate, channel=options.channel)
    with initialised(arguments[own:], own_signals=True):
        interrupted = Interrupted()
        # An episode of the last try-out is none of this one's.
        parameters = {'audio_capture': capture, 'cry_classifier': {'keep_episode': False}}
        if capture['source'] == 'file':
            for name in ('feature_extractor', 'cry_classifier'):
                parameters.setdefault(name, {})['no_audio_timeout_s'] = AFTER_RECORDING_S
        namespace = free_namespace()
        nodes = []
        try:
            if not options.separate:
                beside = [*SEVERAL['cry_graph']]
                if options.behaviours:
                    beside += [*BEHAVIOURS, 'caregiver_page']
                    nodes += make_behaviours(options.page, beside, namespace=namespace)
                nodes += make_graph(parameters, namespace=namespace, beside=beside)
                return _spin(nodes, title, namespace, interrupted, behaviours=options.behaviours)
            with Supervisor(graph_commands(parameters, namespace)) as supervisor:
                return _spin(nodes, title, namespace, interrupted, supervisor)
        finally:
            for node in nodes:
                node.close()


class Interrupted:
    """
    True once SIGINT or SIGTERM came; more of them change nothing.

    A handler that raised would interrupt whatever runs at that moment, the end of a view or a
    callback of the middleware too, and leave a traceback in a few of a hundred tries.
    """

    def __init__(self):
        """Take the signals."""
        self._came = False
        for which in (signal.SIGINT, signal.SIGTERM):
            signal.signal(which, self._note)
        if is_interrupted():          # in the moment before
            self._came = True

    def _note(self, *_):
        self._came = True

    def __bool__(self):
        """Return whether one came."""
        return self._came


def first_here() -> bool:
    """
    Return whether no other try-out runs on this machine in this domain.

    Told by a lock that the kernel releases with the process: two that are started together, or on
    a busy machine, may not see each other's topics in time.
    """
    domain = os.environ.get('ROS_DOMAIN_ID') or '0'
    path = Path(tempfile.gettempdir()) / f'baby_cry_live_{os.getuid()}_{domain}.lock'
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)     # kept open until the process ends
    except BlockingIOError:
        os.close(lock)
        return False
    return True


def free_namespace() -> str:
    """Return '', or a namespace of one's own where another graph uses the plain names already."""
    node = Node('terminal_view_scout')
    end_s = time.monotonic() + DISCOVERY_S
    is_first = first_here()
    try:
        while time.monotonic() < end_s:
            if not is_first or node.count_publishers('/audio_stamped'):
                namespace = f'try_{os.getpid()}'
                print(f'another graph runs here; this one is in the namespace /{namespace}',
                      file=sys.stderr)
                return namespace
            time.sleep(0.05)
    finally:
        node.destroy_node()
    return ''


def _spin(nodes, title, namespace, interrupted, supervisor=None, behaviours=False) -> int:
    executor = make_executor()
    for node in nodes:        # before the view, so that what can't start says why
        executor.add_node(node)
        if interrupted or not node.autostart():
            return 0 if interrupted else 1
    with TerminalView(title) as view:
        viewer = ViewNode(view, namespace, behaviours)
        if view.is_live:      # the log would break the panel, which shows what is wrong
            rclpy.logging.set_logger_level('', rclpy.logging.LoggingSeverity.FATAL)
        nodes.append(_closable(viewer))
        executor.add_node(viewer)
        rest_s = None
        while not interrupted:
            executor.spin_once(timeout_sec=0.1)
            if supervisor is not None:
                supervisor.step()
            if viewer.recording_ended:
                now_s = viewer.get_clock().now().nanoseconds * 1e-9
                rest_s = now_s + SETTLE_S if rest_s is None else rest_s
                if now_s > rest_s:
                    return 0
    return 0


def _closable(node):
    node.close = node.destroy_node
    return node
